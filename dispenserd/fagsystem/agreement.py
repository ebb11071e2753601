"""Whether two dosages ask for the same: every intake of every date, and the same as needed.

It knows the canonical dosage. `order` asks it where a card says one thing twice. A dosage repeats itself, so
two are compared on the dates up to their last change and one common round after it; what can't be compared
within a bounded time does not agree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from itertools import pairwise
from math import lcm

from dispenserd.fagsystem.units import SACHET_UNITS
from scheduler.dosage import ANY_DAY, DayPart, Dosage, Period
from scheduler.timing import dates

LOOKS_MAX = 20_000
"""Dates looked at, all in all: some milliseconds."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One intake and all dates on which it is."""

    days: range
    when: tuple[DayPart | None, time | None]
    quantity: Decimal


def agree(one: Dosage, other: Dosage) -> bool:
    units = {SACHET_UNITS.get(each.unit, each.unit) for each in (one, other)}
    return len(units) == 1 and _needed(one) == _needed(other) and _fixed_agree(_rows(one), _rows(other))


def _rows(dosage: Dosage) -> list[_Row]:
    return [
        _Row(days, (intake.part, intake.clock), intake.quantity)
        for period in dosage.periods
        for day in period.days
        if (days := dates(period, day))
        for intake in day.fixed
    ]


def _fixed_agree(mine: Sequence[_Row], theirs: Sequence[_Row]) -> bool:
    rows = [*mine, *theirs]
    a_round = lcm(1, *(row.days.step for row in rows if len(row.days) > 1))
    changes = sorted({at for row in rows for at in (row.days.start, row.days.stop)})
    left = LOOKS_MAX
    for begin, end in pairwise(changes):
        stretch = range(begin, min(end, begin + a_round))
        sums = []
        for some in (mine, theirs):
            in_force = [row for row in some if row.days.start <= begin < row.days.stop]
            left -= len(some) + sum(len(stretch) // row.days.step + 1 for row in in_force)
            if left < 0:
                return False
            sums.append(_sums(in_force, stretch))
        if sums[0] != sums[1]:
            return False
    return True


def _sums(rows: Sequence[_Row], stretch: range) -> dict[object, Decimal]:
    """How much at each time of each date of the stretch."""
    found: dict[object, Decimal] = defaultdict(Decimal)
    for row in rows:
        first = stretch.start + (row.days.start - stretch.start) % row.days.step
        for ordinal in range(first, stretch.stop, row.days.step):
            found[ordinal, row.when] += row.quantity
    return found


def _needed(dosage: Dosage) -> list[object]:
    return sorted((tuple(_told(period)) for period in dosage.periods if period.as_needed), key=repr)


def _told(period: Period) -> Iterator[object]:
    """What may be had as needed: what, from when to when, under which limit, and on which of the days where
    not on all."""
    yield period.first
    yield period.last or date.max
    yield period.limit
    needed = [(day.number, each) for day in period.days for each in day.intakes if each.as_needed]
    yield frozenset((each.quantity, each.part, each.clock) for _, each in needed)
    numbers = {number for number, _ in needed}
    every_date = numbers == {ANY_DAY} or (period.every_days == 1 and numbers == {1})
    yield () if every_date else (period.every_days, *sorted(numbers))
