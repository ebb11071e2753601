"""What the home does beside its doses: which chores there are, and the inside of each.

A chore looks and hands facts or wishes to the engine; the core decides what of it is an incident. When they
run is `chore_times`' and `wakeups`'. Built by the composition root.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from dispenserd.chore_times import CERTIFICATES, INTEGRITY, PRUNING, TEST_ALARM, rhythms
from dispenserd.home import Home
from dispenserd.security.certificates import authorities_until, chain_until
from dispenserd.store.pruning import BATCH_ROWS
from dispenserd.wakeups import SKIPPED, Chore, Ran
from scheduler.commands import RaiseTestAlarm, ReportCertificates
from scheduler.events import AlarmTestBegun, CertificateFound

WEEKLY = "weekly"
"""Who raises the test alarm that nobody asked for."""

CA, CLIENT = "ca", "client"


class Archive(Protocol):
    """What chores need of the store."""

    async def prove(self) -> int: ...

    async def prunable(self, now: datetime) -> Sequence[int]: ...

    async def prune(self, ids: Sequence[int]) -> int: ...


class Chores:
    """`certificates`: by name, as far as the configuration names a file."""

    def __init__(
        self, home: Home, archive: Archive, certificates: Mapping[str, Path], now: Callable[[], datetime]
    ) -> None:
        self._home = home
        self._archive = archive
        self._certificates = certificates
        self._now = now

    def all(self, box: str) -> list[Chore]:
        acts = {
            TEST_ALARM: self.test_alarm,
            INTEGRITY: self.integrity,
            PRUNING: self.pruning,
            CERTIFICATES: self.certificates,
        }
        return [Chore(name, rhythm, acts[name]) for name, rhythm in rhythms(box).items()]

    async def test_alarm(self) -> Ran:
        events = await self._home.submit(RaiseTestAlarm(WEEKLY))
        if any(isinstance(event, AlarmTestBegun) for event in events):
            return Ran(told=True)
        return Ran(SKIPPED, "one_is_open")

    async def integrity(self) -> Ran:
        """StoreError as at a start, so that it ends the home and its next start tells why (rule 29)."""
        await self._archive.prove()
        return Ran()

    async def pruning(self) -> Ran:
        """Rule 18: never on an untrusted clock. A few rows a commit: an alarm may want to be next."""
        if not self._home.world.clock.trusted:
            return Ran(SKIPPED, "clock")
        ids = await self._archive.prunable(self._now())
        for start in range(0, len(ids), BATCH_ROWS):
            if not self._home.world.clock.trusted:
                return Ran(SKIPPED, "clock")
            await self._archive.prune(ids[start : start + BATCH_ROWS])
        return Ran()

    async def certificates(self) -> Ran:
        found = await asyncio.to_thread(self._found)
        await self._home.submit(ReportCertificates(found))
        return Ran()

    def _found(self) -> tuple[CertificateFound, ...]:
        until = {CA: authorities_until, CLIENT: chain_until}
        return tuple(
            CertificateFound(name, until[name](path)) for name, path in sorted(self._certificates.items())
        )
