"""The watch: looks at what is committed, lets on-call's own incidents follow, and takes the next steps.

A look reads; only where something is due does it write, in one transaction that reads again. It may be
repeated, torn off or made by two processes: what it writes has a key of its own. It sends nothing; see
`notifier`. Killed anywhere, the next look takes the same step or finds it taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from dispenserd.clock import Clock, StepWatch
from dispenserd.clock import read as read_clock
from dispenserd.oncall.alarms import Seen, read
from dispenserd.oncall.database import Database, DatabaseFault
from dispenserd.oncall.ladder import Step, due_at, next_step
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.listing import is_missed
from dispenserd.oncall.own import Wrong, clear_own, keep_own, needs_keeping
from dispenserd.oncall.prune import prune
from dispenserd.oncall.roster import Roster
from dispenserd.oncall.set_back import set_back
from dispenserd.oncall.silence import Ears, has_list, wakes_at, wrong_now
from dispenserd.oncall.steps import Key, journal
from dispenserd.oncall.view import AnyRow

LOOK_S = 0.5
"""Terminal commands write from other processes, so the watch looks for itself; an idle look costs some ms."""
SLOW_LOOK_S = 1.0
"""A notice is promised within 2 s of its deadline; a look this long eats half of it, and is logged."""
PRUNE_EVERY_S = 3600.0
ROUNDS_MAX = 100
"""Steps of one alarm that are due at one look: never more than the roster has people, and a few."""


class Watch:
    def __init__(
        self,
        database: Database,
        roster: Roster,
        limits: OncallLimits,
        ears: Callable[[], Ears],
        also: Callable[[], Sequence[Wrong]] = tuple,
        stepped: Callable[[], None] = lambda: None,
    ) -> None:
        """`also`: what is wrong and stands in no row. `stepped`: called before the first look after a step of
        the clock."""
        self._database = database
        self.roster = roster
        """Replaced as a whole when its file changes: each look uses one and the same."""
        self._limits = limits
        self._ears = ears
        self._also = also
        self._stepped = stepped
        self._clock_seen: StepWatch | None = None
        self._pruned_s: float | None = None
        self.looked_s = 0.0
        """When a look last came to its end, by the monotonic clock: who can't look is started again."""

    async def run(self, clock: Clock) -> None:
        """Until cancelled. A look that found the database locked is made again."""
        while True:
            began_s, pause_s = clock.monotonic(), LOOK_S
            try:
                self._see_steps(clock)
                due = self.look(clock.now())
                if due is not None:
                    pause_s = min(LOOK_S, max(0.0, (due - clock.now()).total_seconds() / clock.rate))
                self._prune_now_and_then(clock)
                self.looked_s = clock.monotonic()
            except DatabaseFault:
                structlog.get_logger().warning("look failed and is made again")
            took_s = clock.monotonic() - began_s
            if took_s > SLOW_LOOK_S:
                structlog.get_logger().warning("look took long", milliseconds=int(took_s * 1000))
            await asyncio.sleep(pause_s)

    def _see_steps(self, clock: Clock) -> None:
        """What was written while the clock ran ahead counts from now; nobody is silent by a step alone."""
        limit, at = self._limits.short_absence, read_clock(clock)
        steps, step = (self._clock_seen or StepWatch(limit, clock.rate, at)).saw(at)
        if self._clock_seen is None or step is not None:
            with self._database.writing() as connection:
                found = set_back(connection, at.civil, self.roster.deadlines, limit)
            if step is not None or found:
                structlog.get_logger().warning("clock was set", count=found)
        if step is not None:
            self._stepped()
        self._clock_seen = steps

    def look(self, now: datetime) -> datetime | None:
        """One look; when the next one has something to do by itself, as far as is known now.

        DatabaseFault: nothing of it was kept, and the next look does all of it.
        """
        with self._database.reading() as connection:
            seen = self._read(connection, now)
        if not self._something_is_due(seen, now):
            return self._wakes(seen, now)
        with self._database.writing() as connection:
            self._own(connection, now)
            return self._climb(connection, now)

    def _something_is_due(self, seen: Seen, now: datetime) -> bool:
        wrong = self._wrong(seen, now)
        return (
            any(needs_keeping(each, seen.lasting) for each in wrong)
            or any(True for _ in self._over(seen, wrong))
            or any(True for _ in self._steps(seen, now))
        )

    def _own(self, connection: Connection, now: datetime) -> None:
        seen = self._read(connection, now)
        wrong = self._wrong(seen, now)
        for row in self._over(seen, wrong):
            clear_own(connection, row.home, row.cause, now)
        for each in wrong:
            if keep_own(connection, each, self.roster.deadlines):
                structlog.get_logger().warning("own incident", home=each.home, reason=each.kind)

    def _over(self, seen: Seen, wrong: Sequence[Wrong]) -> Iterator[AnyRow]:
        """Causes that evidence has ended. A home is no longer silent once it was heard, and not because
        on-call itself stopped listening, or once it was taken off the list; a person is within reach once a
        notice reached them (`notifier`). One that is not on the list is put on it or a person says so."""
        homes = {home.home: home for home in seen.homes}
        a_list = has_list(seen.homes)
        still = {(each.home, each.cause) for each in wrong}
        for key, row in seen.lasting.items():
            match row.kind:
                case "home_silent":
                    home = homes[row.home]
                    if not is_missed(home) or (home.heard is not None and home.heard > row.since):
                        yield row
                case "home_unlisted" if row.detail == "heard_unlisted":
                    listed = homes[row.home].listed is not None or not a_list
                    if listed or (row.state == "closed" and key not in still):
                        yield row
                case "notice_failed":
                    if self.roster.named(row.detail) is None:
                        yield row  # who left the roster is told nothing any more
                case _:
                    if key not in still:
                        yield row

    def _climb(self, connection: Connection, now: datetime) -> datetime | None:
        """Every step that is due, also those that follow at once; then when the next one is."""
        for _ in range(ROUNDS_MAX):
            seen = self._read(connection, now)
            due = list(self._steps(seen, now))
            if not due:
                return self._wakes(seen, now)
            for key, step in due:
                journal(connection, key, step, now)
        structlog.get_logger().error("ladder has no end", count=ROUNDS_MAX)
        return None

    def _steps(self, seen: Seen, now: datetime) -> Iterator[tuple[Key, Step]]:
        for key, alarm in seen.alarms.items():
            step = next_step(alarm, seen.told.get(key, ()), self.roster, now)
            if step is not None:
                yield key, step

    def _wakes(self, seen: Seen, now: datetime) -> datetime | None:
        ahead = [wakes_at(seen.homes, self._ears(), self._limits, now), *seen.expiring]
        ahead += [due_at(alarm, seen.told.get(key, ()), self.roster) for key, alarm in seen.alarms.items()]
        return min((at for at in ahead if at is not None), default=None)

    def _wrong(self, seen: Seen, now: datetime) -> list[Wrong]:
        known = wrong_now(seen.homes, seen.troubled, self._ears(), self.roster, self._limits, now)
        return [*known, *self._also()]

    def _read(self, connection: Connection, now: datetime) -> Seen:
        return read(connection, self.roster, self._limits, now)

    def _prune_now_and_then(self, clock: Clock) -> None:
        if self._pruned_s is None or clock.monotonic() - self._pruned_s >= PRUNE_EVERY_S:
            with self._database.writing() as connection:
                prune(connection, clock.now())
            self._pruned_s = clock.monotonic()
