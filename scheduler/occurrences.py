"""When a dosage's fixed intakes are: every one between two dates, as instants.

For whoever wants to see a stretch of time whole, as `dispenserd dosage explain` does. The home itself plans
date by date (`expand`), from the same `timing.dates` and the same local clock, and gives each dose an id.

A year of a resident is under 2000 of them and takes a small computer some milliseconds, so the offset of a
date is asked for once and a date with two offsets alone goes the long way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from operator import itemgetter
from typing import NamedTuple

from scheduler.dosage import Day, DayPart, Dosage, Intake, Period
from scheduler.expand import DayClock, clock_time
from scheduler.timing import dates
from scheduler.window import LocalTime


class Occurrence(NamedTuple):
    at: datetime  # UTC
    slot: DayPart | None  # None: the card names a clock time
    quantity: Decimal


def occurrences(
    dosages: Iterable[Dosage], first: date, last: date, clock: DayClock, local: LocalTime
) -> list[Occurrence]:
    """By their instants; first and last date belong to it."""
    found: list[Occurrence] = []
    midnights = local.midnights(first, last)
    for dosage in dosages:
        for period in dosage.periods:
            for day in period.days:
                if day.fixed and (ordinals := _within(period, day, first, last)):
                    for intake in day.fixed:
                        found += _of(intake, ordinals, midnights, first, clock, local)
    found.sort(key=itemgetter(0))
    return found


def _within(period: Period, day: Day, first: date, last: date) -> range:
    """The day's dates from `first` to `last`."""
    whole = dates(period, day)
    before = -((whole.start - first.toordinal()) // whole.step)
    return range(whole.start + max(0, before) * whole.step, min(whole.stop, last.toordinal() + 1), whole.step)


def _of(
    intake: Intake,
    ordinals: range,
    midnights: Sequence[datetime | None],
    first: date,
    clock: DayClock,
    local: LocalTime,
) -> list[Occurrence]:
    planned, slot, quantity = clock_time(intake, clock), intake.part, intake.quantity
    after = _since_midnight(planned)
    start = first.toordinal()
    own = midnights[ordinals.start - start : ordinals.stop - start : ordinals.step]
    return [
        Occurrence(
            local.instant(date.fromordinal(ordinal), planned) if midnight is None else midnight + after,
            slot,
            quantity,
        )
        for ordinal, midnight in zip(ordinals, own, strict=True)
    ]


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
