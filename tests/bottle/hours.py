"""When the parts of the day are: changed by two persons together, or by somebody who must not (rule 9).

The office writes another hour for one part of the day into the configuration, which the home reads again;
some write it alone, sign twice, or forget to raise the version. Its witness keeps what was written: nothing
else comes into force, and staff hear of what does not. Doses move with their part of the day, and never twice
in one day: that is `witnesses`. In homes of one resident; draws from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart
from scheduler.expand import DayClock

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

A_HISTORY = 0.15
A_DAY, OFTEN_A_DAY = 0.15, 1.5
READ_S = 40.0
READS_MAX = 60
TOLD_WITHIN_S = 300.0
PERSONS: tuple[tuple[str, ...], ...] = (("Anna", "Berit"), ("Anna",), ("Anna", " anna "), ())
WEIGHTS = (60, 10, 15, 15)
"""Who signs, and how often so."""

MINUTES = (-45, -20, 30, 45)


class Hours:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        self._bottle = bottle
        chance = self._chance = Random(f"the hours of {seed}")
        alone = not bottle.company.persons
        drawn = A_DAY if chance.random() < A_HISTORY and alone else 0.0
        self._a_day = OFTEN_A_DAY if bias == "hours" and alone else drawn
        self._written = bottle.setting.clock  # what the configuration says now
        self._in_force: DayClock | None = None
        self.changed = self.refused = self.looks = 0

    def start(self) -> None:
        if self._a_day:
            self._reads(self._written, 0)
            self._later()

    def _later(self) -> None:
        self._bottle.after(self._chance.expovariate(self._a_day / 86_400), self._writes)

    def _writes(self) -> None:
        bottle, chance = self._bottle, self._chance
        known = self._in_force
        if bottle.weather.ended or known is None:
            return
        self._later()
        part = DayPart(chance.choice(bottle.papers.slots))
        was = bottle.setting.clock.times[part]
        minutes = was.hour * 60 + was.minute + chance.choice((0, *MINUTES))
        times = {**known.times, part: time(minutes // 60, minutes % 60)}
        persons = chance.choices(PERSONS, WEIGHTS)[0]
        version = known.version + (0 if chance.random() < 0.1 else 1)
        self._written = DayClock(version, times, persons)
        bottle.say(f"hours: {part.value} at {times[part]}, version {version}, by {persons}")
        self._reads(self._written, 0)
        if not self._is_right(self._written):
            bottle.after(TOLD_WITHIN_S, partial(self._look_told, self._written, bottle.weather.total))
            back_s = chance.uniform(1, 20) * 3600
            bottle.after(back_s, partial(self._puts_back, self._written))

    def _puts_back(self, wrong: DayClock) -> None:
        if self._written is wrong and self._in_force is not None:
            self._written = self._in_force
            self._reads(self._written, 0)

    def _reads(self, clock: DayClock, reads: int) -> None:
        """The home reads its configuration at each start; and here again and again."""
        if self._written is clock and reads < READS_MAX:
            self._bottle.box.hand_in(cmd.OfferClockTimes(clock))
            self._bottle.after(READ_S * (1 + reads), partial(self._reads, clock, reads + 1))

    # --- who watches ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            match event:
                case ev.ClockTimesAdopted():
                    self._adopted(event)
                case ev.ClockTimesRefused():
                    self.refused += 1

    def _adopted(self, event: ev.ClockTimesAdopted) -> None:
        times = dict(zip(DayPart, (event.morning, event.noon, event.evening, event.night), strict=True))
        known = self._in_force
        if known is not None and times == dict(known.times):
            return  # put back
        written = self._written
        assert times == dict(written.times), "rule 9: hours of the day that nobody has written"
        right = known is None or self._is_right(written)
        assert right, f"rule 9: the hours of the day changed by {event.persons}, version {event.version}"
        self._in_force = replace(written)
        self.changed += known is not None
        for part, at in times.items():
            self._bottle.papers.moved_to(part.value, at)

    def _is_right(self, written: DayClock) -> bool:
        known = self._in_force
        names = {name.strip().casefold() for name in written.persons}
        same = known is not None and dict(written.times) == dict(known.times)
        return same or known is None or (written.version > known.version and len(names) > 1)

    def _look_told(self, wrong: DayClock, troubles: int) -> None:
        bottle = self._bottle
        calm = bottle.liveness.settled() and bottle.weather.total == troubles
        if calm and self._written is wrong and not self._is_right(wrong):
            self.looks += 1
            told = any(each["kind"] == "clock_times_refused" for each in bottle.oncall.told.values())
            assert told, "S8: hours of the day that are not in force, and nobody was told"
