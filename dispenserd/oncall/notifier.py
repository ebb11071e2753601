"""Tells people: sends the notices of journalled steps, tries again for a while, and journals what came of it.

Each notice runs by itself, so a dead endpoint holds up nobody else's, and receiving not at all. An attempt is
counted before it is made. A process that dies between the endpoint's answer and our record of it sends that
notice once more, under the same number: a doubt is settled for telling.

While the database is held (`refusing`), telling comes before the record (rule 29): what was told is kept in
memory and marked in a file, and written once the database takes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import structlog
from sqlalchemy import Connection

from dispenserd.clock import Clock
from dispenserd.oncall.database import Database, DatabaseFault
from dispenserd.oncall.marks import Marks
from dispenserd.oncall.notices import SEND_TIMEOUT_S, Sent, send
from dispenserd.oncall.own import Wrong, clear_own, keep_own
from dispenserd.oncall.roster import Deadlines, Roster
from dispenserd.oncall.steps import Notice, StepKey, note_attempt, note_result, queued
from dispenserd.oncall.unwritten import Unwritten
from dispenserd.oncall.wording import wording

LOOK_S = 0.1
"""How long a notice waits at most for being begun."""
PAUSES_S = (1.0, 3.0)
"""Before the second and third attempt; then the next person is told. With timeouts: 34 s at the very most."""
AT_ONCE_MAX = 32
"""Notices under way; the others wait in the database."""
AGAIN_S = 0.5
"""Until a result is written that met a locked database."""


class Notifier:
    def __init__(
        self,
        database: Database,
        roster: Roster,
        clock: Clock,
        timeout_s: float = SEND_TIMEOUT_S,
        pauses_s: tuple[float, ...] = PAUSES_S,
        unwritten: Unwritten | None = None,
        marks: Marks | None = None,
    ) -> None:
        self._database = database
        self.roster = roster
        """Replaced as a whole when its file changes."""
        self._clock = clock
        self._timeout_s = timeout_s
        self._pauses_s = pauses_s
        self._unwritten = unwritten or Unwritten()
        self._marks = marks or Marks(database.path)

    async def run(self) -> None:
        """Until cancelled."""
        under_way: dict[StepKey, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                under_way = {key: task for key, task in under_way.items() if not task.done()}
                for notice in self._queued():
                    if notice.key not in under_way and len(under_way) < AT_ONCE_MAX:
                        under_way[notice.key] = tasks.create_task(self._tell(notice))
                await asyncio.sleep(LOOK_S)

    def write_down(self, connection: Connection) -> None:
        """What was told without a record, into an open writing transaction."""
        for each in self._unwritten.write_down(connection):
            note_attempt(connection, each.notice.key)
            self._note_result(connection, each.notice, each.sent, each.at)

    def _queued(self) -> list[Notice]:
        found: list[Notice] = []
        with suppress(DatabaseFault), self._database.reading() as connection:  # the next look finds them
            found = queued(connection)
        return [each for each in found if not self._unwritten.is_settled(each)] + self._unwritten.queued()

    async def _tell(self, notice: Notice) -> None:
        person = self.roster.named(notice.person)
        if person is None or not person.notify:
            return await self._settle(notice, Sent(()))  # left the roster, or has no address
        if self._marks.has(self._clock.now(), notice.key, notice.person):
            return await self._settle(notice, Sent(("ok",)))  # told by an earlier life, and never written
        title, body = wording(notice, person.language, self.roster.zone)
        pauses = list(self._pauses_s[notice.attempts :])
        while True:
            await self._written(lambda connection: note_attempt(connection, notice.key))
            sent = await send(person.notify, title, body, self._timeout_s)
            if sent.reached or not pauses:
                return await self._settle(notice, sent)
            await asyncio.sleep(pauses.pop(0))

    async def _settle(self, notice: Notice, sent: Sent) -> None:
        now = self._clock.now()
        if not await self._written(lambda connection: self._note_result(connection, notice, sent, now)):
            self._unwritten.settle(notice, sent, now)
            if sent.reached:
                self._marks.put(now, notice.key, notice.person)
        if not sent.reached:
            structlog.get_logger().error("notice failed", incident=notice.incident, reason=sent.result)

    def _note_result(self, connection: Connection, notice: Notice, sent: Sent, now: datetime) -> None:
        if sent.reached or self.roster.named(notice.person) is not None:
            settle(connection, notice, sent, self.roster.deadlines, now)
        else:  # nobody's address is wrong by that
            note_result(connection, notice.key, "failed", "left_roster", now)

    async def _written(self, write: Callable[[Connection], None]) -> bool:
        """For sure: what was sent must be known as sent. False where the database is held: nobody is kept
        from being told by that."""
        while not self._database.held:
            try:
                with self._database.writing() as connection:
                    write(connection)
                return True
            except DatabaseFault:
                structlog.get_logger().warning("result not written yet")
                await asyncio.sleep(AGAIN_S)
        return False


def settle(connection: Connection, notice: Notice, sent: Sent, deadlines: Deadlines, now: datetime) -> None:
    """What came of a notice, and what it says about the person: whom no address reaches is an incident of
    on-call's own until one does. Takes an open writing transaction."""
    note_result(connection, notice.key, "told" if sent.reached else "failed", sent.result, now)
    wrong = _unreached(notice.person, now)
    if sent.reached:
        clear_own(connection, wrong.home, wrong.cause, now)
    else:
        keep_own(connection, wrong, deadlines)


def _unreached(person: str, now: datetime) -> Wrong:
    return Wrong("", "notice_failed", "medium", now, now, detail=person, about=person)
