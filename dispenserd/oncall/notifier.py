"""Tells people: sends the notices of journalled steps, tries again for a while, and journals what came of it.

Each notice runs by itself, so a dead endpoint holds up nobody else's, and receiving not at all. An attempt is
counted before it is made. A process that dies between the endpoint's answer and our record of it sends that
notice once more, under the same number: a doubt is settled for telling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Connection

from dispenserd.clock import Clock
from dispenserd.oncall.database import Database, DatabaseFault
from dispenserd.oncall.notices import SEND_TIMEOUT_S, Sent, send
from dispenserd.oncall.own import Wrong, clear_own, keep_own
from dispenserd.oncall.roster import Deadlines, Roster
from dispenserd.oncall.steps import Notice, note_attempt, note_result, queued
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
    ) -> None:
        self._database = database
        self.roster = roster
        """Replaced as a whole when its file changes."""
        self._clock = clock
        self._timeout_s = timeout_s
        self._pauses_s = pauses_s

    async def run(self) -> None:
        """Until cancelled."""
        under_way: dict[int, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                under_way = {key: task for key, task in under_way.items() if not task.done()}
                for notice in self._queued():
                    if notice.number not in under_way and len(under_way) < AT_ONCE_MAX:
                        under_way[notice.number] = tasks.create_task(self._tell(notice))
                await asyncio.sleep(LOOK_S)

    def _queued(self) -> list[Notice]:
        try:
            with self._database.reading() as connection:
                return queued(connection)
        except DatabaseFault:
            return []  # the next look finds them

    async def _tell(self, notice: Notice) -> None:
        person = self.roster.named(notice.person)
        if person is None or not person.notify:
            return await self._settle(notice, Sent(()))  # left the roster, or has no address
        title, body = wording(notice, person.language, self.roster.zone)
        pauses = list(self._pauses_s[notice.attempts :])
        while True:
            await self._written(lambda: self._note_attempt(notice))
            sent = await send(person.notify, title, body, self._timeout_s)
            if sent.reached or not pauses:
                return await self._settle(notice, sent)
            await asyncio.sleep(pauses.pop(0))

    async def _settle(self, notice: Notice, sent: Sent) -> None:
        await self._written(lambda: self._note_result(notice, sent))
        if not sent.reached:
            structlog.get_logger().error("notice failed", incident=notice.incident, reason=sent.result)

    def _note_attempt(self, notice: Notice) -> None:
        with self._database.writing() as connection:
            note_attempt(connection, notice.number)

    def _note_result(self, notice: Notice, sent: Sent) -> None:
        now = self._clock.now()
        with self._database.writing() as connection:
            if sent.reached or self.roster.named(notice.person) is not None:
                settle(connection, notice, sent, self.roster.deadlines, now)
            else:  # nobody's address is wrong by that
                note_result(connection, notice.number, "failed", "left_roster", now)

    async def _written(self, write: Callable[[], None]) -> None:
        """Written for sure: what was sent must be known as sent."""
        while True:
            try:
                return write()
            except DatabaseFault:
                structlog.get_logger().warning("result not written yet")
                await asyncio.sleep(AGAIN_S)


def settle(connection: Connection, notice: Notice, sent: Sent, deadlines: Deadlines, now: datetime) -> None:
    """What came of a notice, and what it says about the person: whom no address reaches is an incident of
    on-call's own until one does. Takes an open writing transaction."""
    note_result(connection, notice.number, "told" if sent.reached else "failed", sent.result, now)
    wrong = _unreached(notice.person, now)
    if sent.reached:
        clear_own(connection, wrong.home, wrong.cause, now)
    else:
        keep_own(connection, wrong, deadlines)


def _unreached(person: str, now: datetime) -> Wrong:
    return Wrong("", "notice_failed", "medium", now, now, detail=person, about=person)
