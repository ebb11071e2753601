"""A year of a four-dose home, lived by the pure core in virtual time and kept in a real encrypted file.

Mostly good days: doses on time and late, some missed and answered by staff, restarts, a loose plug now and
then, a new roll every fortnight and a new card every month. Knows nothing of what is measured on it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from dispenserd.store.store import Store
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import settle
from scheduler.outbox import Change, Put
from scheduler.outgoing import changes
from scheduler.world import World
from tests.support.pure_home import FIRST_DAY, PARTS, PureHome, prescriptions, roll, utc

ROLL_DAYS = 14
CARD_DAYS = 30
RESTART_DAYS = 7
ON_TIME, LATE = 0.90, 0.97
"""Of a hundred doses 90 are taken in the first half of the window, 7 in the second, 3 not at all."""
UNPLUGGED = 0.05
"""Of a hundred days, the robot's plug is loose on five."""


class YearHome(PureHome):
    """A pure home that keeps its outbox rows too, and lives whole days."""

    def __init__(self, seed: int) -> None:
        super().__init__(utc("07:00"), days=ROLL_DAYS)
        self.chance = Random(seed)
        self.commits = 0
        self.fresh: list[ev.Event] = []
        self.changed: list[Change] = []
        self._version = 1

    def live(self, day: int) -> None:
        """Day 1 is the first."""
        self._errands(day)
        for part, clock in PARTS.items():
            self._dose(part.value, clock.hour, day)
        self.until("23:59", day)

    def give(self, *facts: cmd.Fact) -> list[ev.Event]:
        before = self.world
        self.world, events = settle(before, self.setting, facts, self.now)
        new = changes(before, self.world, events)
        self.fresh += events
        self.changed += new
        self.commits += bool(events)
        for change in new:
            if isinstance(change, Put):
                self._told(change)
        return list(events)

    def taken(self) -> tuple[list[ev.Event], list[Change]]:
        """What was added since the last call."""
        fresh, self.fresh = self.fresh, []
        changed, self.changed = self.changed, []
        return fresh, changed

    def _told(self, put: Put) -> None:
        """On-call and the fagsystem answer every row."""
        match put.outbox:
            case "incident" if put.body["type"] == "incident":
                incident, _, revision = put.key.partition("/")
                self.give(ev.IncidentPublished(self.now, incident, int(revision)))
                self.give(cmd.TakeReceipt(incident, int(revision)))
            case "incident":
                self.give(cmd.TakeReceipt(put.key, 0))
            case "administration":
                self.give(ev.AdministrationFiled(self.now, put.key))
            case _:
                pass

    def _errands(self, day: int) -> None:
        self.until("07:10", day)
        first = FIRST_DAY + timedelta(days=day - 1)
        if (day - 1) % ROLL_DAYS == 0:
            strip = roll(ROLL_DAYS, f"ROLL-{day}", first)
            self.robot.labels = [sachet.label for sachet in strip.sachets]
            self.robot.production_id, self.robot.store = strip.production_id, []
            self.give(ev.RobotReported(self.now, self.robot.status()))
            self.give(cmd.LoadRoll(strip, "technician"))
        if day > 1 and (day - 1) % CARD_DAYS == 0:
            self._version += 1
            self.give(
                cmd.OfferPlan(
                    self.setting.residents[0].key, self._version, prescriptions(), f"f{self._version}"
                )
            )
        if day % RESTART_DAYS == 0:
            self.daemon()
            self.connect()
        if self.chance.random() < UNPLUGGED:
            self.lost()
            self.now += timedelta(minutes=self.chance.randint(1, 9))
            self.give()
            self.connect()

    def _dose(self, slot: str, hour: int, day: int) -> None:
        fate = self.chance.random()
        if fate < LATE:
            minutes = self.chance.randint(1, 58) if fate < ON_TIME else self.chance.randint(62, 118)
            self.until(f"{hour + minutes // 60:02}:{minutes % 60:02}:07", day)
            self.take_dose()
            return
        self.until(f"{hour + 1:02}:59:59" if hour < 22 else "23:59:59", day)
        self._miss(slot, day)

    def _miss(self, slot: str, day: int) -> None:
        """The robot puts the sachet away at the closing; a nurse takes the alarm and looks in."""
        closes = self.dose(slot, day).plan.closes
        self.now = closes
        self.give()
        while self.world.order_under_way() is not None:
            self.move()
        self.now += timedelta(minutes=self.chance.randint(2, 25))
        self.give()
        incident = self.incident(slot, day)
        if incident is None or incident.state is ev.State.CLOSED:
            return
        self.take(incident, "Anna")
        self.now += timedelta(minutes=12)
        self.give()
        newest = self.incident(slot, day)
        if newest is not None and self.dose(slot, day).token:
            self.decide(self.dose(slot, day), ev.Verdict.GIVEN, "Anna")
            newest = self.incident(slot, day)
        if newest is not None and newest.state is not ev.State.CLOSED:
            self.close(newest, "Anna", "looked in")


def write_year(path: Path, key: bytes, days: int, tell: Callable[[int], None]) -> World:
    """A store at `path` that holds `days` days; one transaction a day, because only its rows matter here.

    The world at the end is that of the last day; `tell` hears each day's number.
    """
    home = YearHome(seed=7)
    store = Store.open(path, key)
    try:
        home.start()
        for day in range(1, days + 1):
            home.live(day)
            store.append(*home.taken())
            tell(day)
    finally:
        store.close()
    return home.world


def ends(days: int) -> datetime:
    """The civil instant at which such a year is over."""
    return utc("23:59", days)


if __name__ == "__main__":  # FILE KEY DAYS
    write_year(Path(sys.argv[1]), Path(sys.argv[2]).read_bytes(), int(sys.argv[3]), lambda _: None)
