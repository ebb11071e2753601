"""Plan in, administrations out: the two ways between the home and its fagsystem folder.

What a card means is `mapping`'s, whether it is accepted is the core's. Outcomes are filed from the outbox,
oldest first, and stay in it until the file is there (S5): filing one again writes the same file.

Not in force: rule 19's issuer signature and rule 20's confirmation of a version (no key and no reply channel
in a folder).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog

from dispenserd.fagsystem.administration import file
from dispenserd.fagsystem.elsewhere import ElsewhereFile
from dispenserd.fagsystem.folder import PlanFolder
from dispenserd.fagsystem.mapping import ResidentIdentity
from dispenserd.home import Home, OutboxRow
from scheduler.commands import ConfirmPlan
from scheduler.events import AdministrationFiled
from scheduler.limits import Limits
from scheduler.window import LocalTime

CONFIRM_EVERY = Limits().plan_confirmed_every

FILE_AGAIN_S = 5.0
"""A folder that can't be written (unmounted, full) is tried again so often; the rows wait in the outbox."""


class FolderSync:
    def __init__(
        self,
        home: Home,
        root: Path,
        residents: Sequence[ResidentIdentity],
        local: LocalTime,
        poll_s: float,
        now: Callable[[], datetime],
        ours: Callable[[str], bool] = lambda resident: True,
    ) -> None:
        """`ours`: whether a resident is in this home's care (rule 24); the card of one who is not waits."""
        self._ours = ours
        self._home = home
        self._root = root
        self._residents = {resident.key: resident for resident in residents}
        self._local = local
        self._poll_s = poll_s
        self._now = now
        self._plans = {resident.key: PlanFolder(root, resident, local) for resident in residents}
        self._elsewhere = {resident.key: ElsewhereFile(root, resident) for resident in residents}
        self._strangers: set[str] = set()  # residents whose rows wait, as last said

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._inward())
            tasks.create_task(self._outward())

    async def _inward(self) -> None:
        while True:
            for resident, plans in list(self._plans.items()):
                if not self._ours(resident):
                    self._plans[resident] = PlanFolder(self._root, self._residents[resident], self._local)
                    continue
                card = await asyncio.to_thread(plans.poll, self._now())
                if card is not None:
                    await self._home.submit(card)
                elif plans.same and self._confirm_again(resident):
                    await self._home.submit(ConfirmPlan(resident))
            for resident, known in list(self._elsewhere.items()):
                if resident not in self._home.world.plans:  # without a card the home would forget it
                    self._elsewhere[resident] = ElsewhereFile(self._root, self._residents[resident])
                    continue
                elsewhere = await asyncio.to_thread(known.poll)
                if elsewhere is not None:
                    await self._home.submit(elsewhere)
            await asyncio.sleep(self._poll_s)

    def _confirm_again(self, resident: str) -> bool:
        """The home knows for a while how old a card is; before that it is not asked to look at all."""
        last = self._home.world.confirmed.get(resident)
        return last is None or not last <= self._now() < last + CONFIRM_EVERY

    async def _outward(self) -> None:
        committed = self._home.watch()
        while True:
            committed.clear()
            for row in await self._home.unanswered("administration"):
                resident = self._whose(row)
                if resident is None:
                    continue
                try:
                    await asyncio.to_thread(file, self._root, resident, self._local, row.body)
                except OSError as error:
                    structlog.get_logger().warning("administration not filed", error=type(error).__name__)
                    break
                await self._home.submit(AdministrationFiled(at=self._now(), administration_id=row.key))
            with suppress(TimeoutError):
                async with asyncio.timeout(FILE_AGAIN_S):
                    await committed.wait()

    def _whose(self, row: OutboxRow) -> ResidentIdentity | None:
        """Whose administration it is, by its dose id. One of somebody whom the configuration no longer names
        waits in the outbox: nobody here knows under which name the fagsystem has them."""
        key = str(row.body.get("dose_id", "")).partition("/")[0]
        if key not in self._residents and key not in self._strangers:
            self._strangers.add(key)
            structlog.get_logger().warning("administration not filed", error="resident not configured")
        return self._residents.get(key)
