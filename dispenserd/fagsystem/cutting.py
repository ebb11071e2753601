"""Periods cut where a card says so: at the instant of a start or an end, or after so many intakes.

It knows canonical periods. What is cut off a day stands in a period of that date alone; a cycle keeps its
phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta

from dispenserd.fagsystem.reasons import Reason, Refused
from scheduler.dosage import EARLIEST_PART, NOT_ITERATED, Day, Intake, Period
from scheduler.timing import dates


@dataclass(frozen=True, slots=True)
class Bounds:
    """`after` and `until`: the local clock times of a start and an end given as instants."""

    first: date
    last: date | None
    after: time | None = None
    until: time | None = None


def begun(made: list[Period], bounds: Bounds, path: str) -> list[Period]:
    """Without what lies before the instant of the start, on its date."""
    (period,) = made
    if bounds.after in (None, time.min):
        return made
    today = next((day for day in period.days if day.number == 1), None)
    if today is None:
        return made
    where = f"{path}.boundsPeriod.start"
    kept = tuple(each for each in today.intakes if _clock(each, where, bounds.after) >= bounds.after)
    if len(kept) == len(today.intakes):
        return made
    next_day = period.first + timedelta(days=1)
    days = [replace(day, number=day.number - 1 or period.every_days) for day in period.days]
    rest = replace(period, first=next_day, days=tuple(sorted(days, key=lambda day: day.number)))
    alone = Period(period.first, period.first, NOT_ITERATED, (Day(1, kept),) if kept else ())
    return [alone, rest] if period.last is None or period.last >= next_day else [alone]


def ended(made: list[Period], bounds: Bounds, path: str) -> list[Period]:
    """Nothing after the last date, nor after the instant of the end on it."""
    last, until = bounds.last, bounds.until
    if last is None:
        return made
    kept = [
        replace(one, last=last if one.last is None else min(one.last, last))
        for one in made
        if one.first <= last
    ]
    if until is None:
        return kept
    cut: list[Period] = []
    for period in kept:
        today = [day for day in period.days if period.last == last and _falls_on(period, day, last)]
        intakes = [each for day in today for each in day.intakes]
        some = [each for each in intakes if _clock(each, f"{path}.boundsPeriod.end", until, True) <= until]
        if len(some) == len(intakes):
            cut.append(period)
            continue
        if period.first < last:
            cut.append(replace(period, last=last - timedelta(days=1)))
        cut.append(Period(last, last, NOT_ITERATED, (Day(1, tuple(some)),) if some else ()))
    return cut


def _clock(intake: Intake, path: str, at: time, ends: bool = False) -> time:
    """Its clock time. One at a part of the day has none yet: it comes after an instant early in the night,
    and before one in the last minute of the date. Anything between would be guessed."""
    if intake.clock is not None:
        return intake.clock
    if at < EARLIEST_PART:
        return time.max
    if ends and (at.hour, at.minute) == (23, 59):
        return time.min
    raise Refused(Reason.BOUNDS_INSTANT, path)


def _falls_on(period: Period, day: Day, when: date) -> bool:
    past = (when - period.first).days - (day.number - 1)
    return past >= 0 and (past % period.every_days == 0 if period.every_days else past == 0)


def counted(made: Sequence[Period], count: int, path: str) -> list[Period]:
    """The periods cut off after so many intakes."""
    left = count
    kept: list[Period] = []
    for period in made:
        if left <= 0:
            break
        cut, left = _cut_after(period, left, path)
        kept += cut
    return kept


def _cut_after(period: Period, left: int, path: str) -> tuple[list[Period], int]:
    """What of it comes before the count is used up, and how many are left after it."""
    inside = sum(len(dates(period, day)) * len(day.intakes) for day in period.days)
    if inside <= left:
        return [period], left - inside
    in_round = sum(len(day.intakes) for day in period.days)
    rounds = (left - 1) // in_round if period.every_days and in_round else 0
    left -= rounds * in_round
    begin = period.first.toordinal() + rounds * period.every_days
    by_number = sorted((day.number, day.intakes) for day in period.days)
    for number, intakes in by_number:
        ordinal = begin + number - 1
        if ordinal > (period.last or date.max).toordinal():
            break
        day = date.fromordinal(ordinal)
        if len(intakes) >= left:
            whole = len(intakes) == left
            cut = [replace(period, last=day if whole else day - timedelta(days=1))]
            if not whole:
                parts = Day(1, intakes).fixed  # plain ones at their parts: morning comes before evening
                if len(parts) != len(intakes) or any(each.plain for each in parts):
                    raise Refused(Reason.COUNT, path)
                cut = [
                    *(cut if day > period.first else []),
                    Period(day, day, NOT_ITERATED, (Day(1, parts[:left]),)),
                ]
            return cut, 0
        left -= len(intakes)
    return [period], left
