"""An independent calendar of a dosage: dateutil's recurrences and time zones, and no code of ours.

It says when a canonical dosage's fixed intakes are, by other means than `scheduler.occurrences`: recurrence
rules instead of arithmetic on ordinals, and a walk over minutes where a clock time does not exist.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from dateutil import tz
from dateutil.rrule import DAILY, rrule

from scheduler.dosage import Day, DayPart, Dosage, Intake, Period

CLOCK = {
    DayPart.MORNING: time(8),
    DayPart.NOON: time(12),
    DayPart.EVENING: time(18),
    DayPart.NIGHT: time(22),
}
SPREAD = {
    1: ["morning"],
    2: ["morning", "evening"],
    3: ["morning", "noon", "evening"],
    4: ["morning", "noon", "evening", "night"],
}
"""The policy for n times a day, written down a second time."""

Moment = tuple[datetime, str | None, Decimal]


def expected(dosage: Dosage, first: date, last: date, zone: str, clock: dict[DayPart, time]) -> list[Moment]:
    """(instant, part of the day, quantity), sorted."""
    found = [
        (_instant(day, _clock(part, intake, clock), zone), part, intake.quantity)
        for period in dosage.periods
        for one in period.days
        for day in _dates(period, one, first, last)
        for part, intake in _placed(one)
    ]
    return sorted(found, key=_order)


def _order(moment: Moment) -> tuple[datetime, str, Decimal]:
    return moment[0], moment[1] or "", moment[2]


def in_order(found: Sequence[Moment]) -> list[Moment]:
    return sorted(found, key=_order)


def _dates(period: Period, day: Day, first: date, last: date) -> Iterator[date]:
    begin = period.first + timedelta(days=day.number - 1)
    end = min(last, period.last) if period.last else last
    until = datetime.combine(begin if period.every_days == 0 else end, time())
    rule = rrule(DAILY, interval=period.every_days or 1, dtstart=datetime.combine(begin, time()), until=until)
    for moment in rule:
        if moment.date() > end:
            return
        if moment.date() >= first:
            yield moment.date()


def _placed(day: Day) -> list[tuple[str | None, Intake]]:
    fixed = [intake for intake in day.intakes if not intake.as_needed]
    plain = [intake for intake in fixed if intake.part is None and intake.clock is None]
    parts = iter(SPREAD.get(len(plain), []))
    return [(next(parts), each) if each in plain else (each.part, each) for each in fixed]


def _clock(part: str | None, intake: Intake, clock: dict[DayPart, time]) -> time:
    if part is not None:
        return clock[DayPart(part)]
    assert intake.clock is not None
    return intake.clock


def _instant(day: date, at: time, zone: str) -> datetime:
    """A time that does not exist is the first minute that does; of two the first."""
    local = datetime.combine(day, at, tz.gettz(zone))
    while not tz.datetime_exists(local):
        local = (local + timedelta(minutes=1)).replace(second=0)
    return tz.enfold(local, 0).astimezone(UTC)
