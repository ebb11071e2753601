"""On-call's database takes nothing: people are told of it without a record, and nothing known is lost.

The one exception to record-first on this side, as the home's emergency record is on the other (rule 29). What
refuses for REFUSES_S is held: nobody but this module tries to write until a commit succeeds again. Meanwhile
the receiver gives no receipt, so homes keep what they say and call it undelivered; `watch` and `notifier` go
on with the ladder from memory; the manager hears of it, or everybody where there is none or none is reached.
With the first commit all that was told is written, and the incident `store_refuses` says that it was so.

Knows people and their gateways, no home. Run by `service`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import Connection

from dispenserd.clock import Clock
from dispenserd.oncall.database import Database, DatabaseFault
from dispenserd.oncall.disk import Refusal
from dispenserd.oncall.marks import Marks
from dispenserd.oncall.notices import send
from dispenserd.oncall.notifier import Notifier
from dispenserd.oncall.own import Wrong, keep_own
from dispenserd.oncall.roster import Person
from dispenserd.oncall.unwritten import Unwritten
from dispenserd.oncall.wording import store_wording

LOOK_S = 1.0
REFUSES_S = 5.0
"""As long as one writer waits for another: a moment's lock calls nobody."""
HELD_S = 10.0
"""At least so long once it is held: a disk that takes a little now and then must not keep notices waiting."""
CALM_S = 60.0
"""What fails again before that is the same trouble, and held at once."""
PROVE_EVERY_S = 60.0
"""A quiet night must not hide that nothing can be written."""
TELL_AGAIN_S = 60.0
"""Until nobody was reached is tried again."""


class Refusing:
    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        unwritten: Unwritten,
        marks: Marks,
        clock: Clock,
        taken_again: Callable[[], None] = lambda: None,
    ) -> None:
        """`taken_again`: called after the commit that ends it. The roster is the notifier's."""
        self._database = database
        self._notifier = notifier
        self._unwritten = unwritten
        self._marks = marks
        self._clock = clock
        self._taken_again = taken_again
        self._trouble: _Trouble | None = None
        self._held_s = self._proven_s = clock.monotonic()
        self._told = False
        self._tell_from_s = 0.0
        if database.held:  # from its start on
            self._failed(self._held_s)
        else:
            marks.prepare()

    async def run(self) -> None:
        """Until cancelled."""
        telling: asyncio.Task[None] | None = None
        async with asyncio.TaskGroup() as tasks:
            while True:
                self.look()
                if self._is_to_be_told() and (telling is None or telling.done()):
                    telling = tasks.create_task(self._tell())
                await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """One look at what failed; and a proof, where one is due."""
        now_s, database = self._clock.monotonic(), self._database
        if database.held:
            if now_s - self._held_s >= HELD_S:
                self._prove(now_s)
        elif database.failed is not None:
            if now_s - self._failed(now_s).since_s >= REFUSES_S:
                self._hold(now_s)
            else:
                self._prove(now_s)
        else:
            if self._trouble is not None and now_s - self._trouble.newest_s >= CALM_S:
                self._trouble, self._told = None, False
            if now_s - self._proven_s >= PROVE_EVERY_S:
                self._prove(now_s)

    def _prove(self, now_s: float) -> None:
        held = self._database.held
        try:
            self._database.prove(self._write_down if held else lambda connection: None)
        except DatabaseFault as fault:
            self._failed(now_s)
            self._database.failed = fault
            if held and fault.refusal:
                self._database.held = fault.refusal
            return
        self._proven_s = now_s
        if held:
            self._release()

    def _failed(self, now_s: float) -> _Trouble:
        began = self._trouble or _Trouble(self._clock.now(), now_s, now_s)
        self._trouble = replace(began, newest_s=now_s)
        return self._trouble

    def _hold(self, now_s: float) -> None:
        failed = self._database.failed
        reason: Refusal = (failed.refusal if failed else None) or "io_error"
        self._database.held, self._held_s = reason, now_s
        structlog.get_logger().error("database takes nothing", reason=reason)

    def _release(self) -> None:
        self._unwritten.forget()
        self._database.held = None
        self._marks.prepare()
        structlog.get_logger().warning("database takes writes again")
        self._taken_again()

    def _write_down(self, connection: Connection) -> None:
        """All that was told without a record, and that it was so."""
        self._notifier.write_down(connection)
        now = self._clock.now()
        since = self._trouble.since if self._trouble else now
        wrong = Wrong("", "store_refuses", "high", now, since, self._database.held or "io_error")
        keep_own(connection, wrong, self._notifier.roster.deadlines)

    def _is_to_be_told(self) -> bool:
        if not self._database.held or self._told or self._trouble is None:
            return False
        now_s = self._clock.monotonic()
        return now_s >= max(self._tell_from_s, self._trouble.since_s + REFUSES_S)

    async def _tell(self) -> None:
        """The manager; everybody on the roster where there is none, or none is reached."""
        roster, reason = self._notifier.roster, self._database.held or "io_error"
        self._told = (roster.manager is not None and await self._reach(roster.manager, reason)) or any(
            await asyncio.gather(*(self._reach(person, reason) for person in roster.people))
        )
        self._tell_from_s = self._clock.monotonic() + TELL_AGAIN_S

    async def _reach(self, person: Person, reason: Refusal) -> bool:
        """Whether they know: now, or by a life of this process that was not long ago."""
        if self._marks.has(self._clock.now(), "store_refuses", person.name):
            return True
        title, body = store_wording(reason, person.language)
        sent = await send(person.notify, title, body)
        if sent.reached:
            self._marks.put(self._clock.now(), "store_refuses", person.name)
        else:
            structlog.get_logger().error("notice failed", reason=sent.result)
        return sent.reached


@dataclass(frozen=True, slots=True)
class _Trouble:
    since: datetime
    since_s: float  # by the machine's clock, as is the newest failure
    newest_s: float
