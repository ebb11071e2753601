"""Leave in the bottle: some days the resident goes away, and takes the next day's sachets along.

Somebody at the terminal plans it, the resident presses for one sachet after the other before they go, and
after their return somebody counts what came back. Its witness keeps its own book of when what might be handed
out (S2), and of what is in a bag and to be had later. Draws from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from tests.bottle.papers import ZONE, dose_id
from tests.support.pure_home import RESIDENT

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

LEAVE_CHANCE = 0.12
"""Of each day with medicine to be spent away: more often than in life."""

HAND_OUT, DEPARTS, BACK = time(4, 0), time(5, 45), time(5, 0)
"""After the last window of the day before has closed, and before the first one opens."""

CAME_BACK = 0.25
"""Of what was taken along."""

COUNTS_MAX = 40


class Leaves:
    def __init__(self, bottle: Bottle, seed: int) -> None:
        self._bottle = bottle
        self._chance = Random(f"the leaves of {seed}")
        self._permits: list[tuple[datetime, datetime, date]] = []  # true times, and the day that is covered
        self.along: dict[str, datetime] = {}  # label in the bag -> when it is to be had
        self.waste: set[str] = set()
        self.handed_out = self.returned = 0

    def plan_day(self, day: date) -> None:
        """Whether that day is spent away."""
        if self._chance.random() >= LEAVE_CHANCE:
            return
        bottle, chance = self._bottle, self._chance
        opens, departs = _at(day, HAND_OUT), _at(day, DEPARTS)
        bottle.at(opens - timedelta(minutes=chance.uniform(200, 600)), partial(self._plans, day))
        if chance.random() < 0.5:  # impatient: it is not their hour yet
            bottle.at(opens - timedelta(minutes=chance.uniform(4, 180)), bottle.pressed)
        at = opens + timedelta(minutes=chance.uniform(1, 60))
        for _ in range(len(bottle.papers.slots) + chance.randint(0, 2)):
            bottle.at(at, bottle.pressed)
            bottle.at(at + timedelta(seconds=chance.uniform(40, 100)), bottle.lift)
            at += timedelta(seconds=chance.uniform(110, 200))
        back = _at(day + timedelta(days=1), BACK) + timedelta(minutes=chance.uniform(-50, 240))
        bottle.at(max(back, departs), partial(self._counts, day, 0))

    def _plans(self, day: date) -> None:
        bottle = self._bottle
        bottle.say(f"plans a leave on {day}")
        next_day = day + timedelta(days=1)
        times = (
            _at(day, time()),
            _at(next_day, time()),
            _at(day, HAND_OUT),
            _at(day, DEPARTS),
            _at(next_day, BACK),
        )
        said = ("Anna", "away", "home", 0, bottle.times.true + timedelta(minutes=10))
        bottle.box.hand_in(cmd.PlanLeave(f"leave-{day}", RESIDENT, *times, *said))

    def _counts(self, day: date, tries: int) -> None:
        """Home again, somebody counts; where the box is down they come back to it."""
        bottle = self._bottle
        world = bottle.disk.replayed()
        if world.regime(RESIDENT).leave is None:
            return
        doses = [world.doses.get(dose_id(day, slot)) for slot in bottle.papers.slots]
        out = [each for each in doses if each is not None and each.outcome is not None]
        along = [each.dose_id for each in out if each.outcome and each.outcome.outcome == "taken_along"]
        back = tuple(each for each in along if self._chance.random() < CAME_BACK)
        said = ("Berit", "counted", "home", 0, bottle.times.true + timedelta(minutes=10))
        bottle.box.hand_in(cmd.EndLeave(f"back-{day}-{tries}", RESIDENT, back, *said))
        if tries < COUNTS_MAX:
            bottle.after(1800, partial(self._counts, day, tries + 1))

    # --- who watches ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            match event:
                case ev.LeavePlanned():
                    day = event.first.astimezone(ZONE).date()
                    self._permits.append((self._true(event.hand_out), self._true(event.departs), day))
                case ev.OutcomeRecorded(outcome=ev.Outcome.TAKEN_ALONG):
                    self._taken(event)
                case ev.SachetCameBack():
                    label = self._label(event.dose_id)
                    known = label in self.along
                    assert known, f"S1: {event.dose_id[33:]} came back, and was never taken along"
                    self.along.pop(label)
                    self._bottle.witnesses.had.pop(label)
                    self.waste.add(label)
                    self.returned += 1

    def _true(self, shown: datetime) -> datetime:
        """What is ahead by the clock as it is now was not meant by a wrong one that showed it before."""
        times = self._bottle.times
        ahead = shown - times.wall_off
        return ahead if ahead >= times.true else times.true_of(shown)

    def _taken(self, event: ev.OutcomeRecorded) -> None:
        label = self._label(event.dose_id)
        had = self._bottle.witnesses.had.get(label)
        assert had is not None, f"S4: {event.dose_id[33:]} told as taken along, and nobody has it"
        assert self.allows(event.dose_id, had), f"S4: {event.dose_id[33:]} told as taken along, and no leave"
        self.handed_out += 1
        self.along[label] = min(self._bottle.opens(event.dose_id))

    def allows(self, dose: str, now: datetime) -> bool:
        """Whether a leave that was recorded before lets this dose out now (S2)."""
        apart = self._bottle.witnesses.apart + timedelta(seconds=50)
        day = date.fromisoformat(dose.split("/")[1])
        return any(
            first - apart <= now < last + apart + timedelta(minutes=5) and day == covered
            for first, last, covered in self._permits
        )

    def came_back(self, dose: str) -> bool:
        if self._bottle.company.has(dose):
            return False
        _, day, slot, _ = dose.split("/")
        return self._bottle.papers.label_of.get((date.fromisoformat(day), slot), "") in self.waste

    def _label(self, dose: str) -> str:
        _, day, slot, _ = dose.split("/")
        return self._bottle.papers.label_of[date.fromisoformat(day), slot]


def _at(day: date, local: time) -> datetime:
    return datetime.combine(day, local, ZONE).astimezone(UTC)
