"""What a dosage says, in FMK's structure, whatever format the card came in.

A dosage is a row of periods; a period a cycle of days; a day its intakes. It knows dates, parts of the day
and clock times as the prescriber wrote them. It knows no zone, no instant and no person: `timing` says which
intakes a date has, `occurrences` when they are. Importers make it and refuse what a machine can't carry out;
what is only shown to people (a range, a supplementary text) has a place here all the same.

FMK 1.6 fits: a length becomes the period's last date, a week of weekdays a cycle of 7 days, n times a day so
many plain intakes, the least time between two and the most in a day a `Limit`. Parameter schemas do not: no
machine may read them.

Policies (2026-11-23):
- n times a day has no times at all. One is in the morning, two morning and evening, three morning, noon and
  evening, four all parts; the home's clock mapping gives them their times, and is changed by two persons.
  More than four, other amounts than each other, or beside intakes that have a time: refused, never spread.
- Day 1 of a cycle is the period's first date, also of one of several weeks. A calendar week never decides.
- A period that is not iterated has each of its days once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

ANY_DAY = 0
"""The number of a day tied to no date: as-needed medicine only."""
NOT_ITERATED = 0
EVERY_DAYS_MAX = 365
"""FMK's longest iteration interval."""


class DayPart(StrEnum):
    """FMK's four parts of the day; the configuration maps each to a clock time."""

    MORNING = "morning"
    NOON = "noon"
    EVENING = "evening"
    NIGHT = "night"


EARLIEST_PART = time(4)
"""No home's clock mapping has a part of the day before it: that would be yesterday's night."""

_M, _N, _E, _NIGHT = DayPart
PLAIN_PARTS: Mapping[int, Sequence[DayPart]] = MappingProxyType(
    {1: (_M,), 2: (_M, _E), 3: (_M, _N, _E), 4: (_M, _N, _E, _NIGHT)}
)
"""When n times a day is; what is not here is never given by a machine."""


@dataclass(frozen=True, slots=True)
class Intake:
    """One administration on each of its days: at a day part or at a clock time, never both; at neither it is
    plain, one of n times a day. `quantity` counts the dosage's unit; it is the least beside a `maximal`."""

    quantity: Decimal
    part: DayPart | None = None
    clock: time | None = None
    maximal: Decimal | None = None
    as_needed: bool = False

    @property
    def plain(self) -> bool:
        return self.part is None and self.clock is None


@dataclass(frozen=True, slots=True)
class Day:
    """The `number`-th date of a cycle, from 1, and what is taken on it."""

    number: int
    intakes: tuple[Intake, ...]
    fixed: tuple[Intake, ...] = field(init=False, repr=False, compare=False)
    """Without those as needed, each with its part or clock time; kept because every look at a date asks."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fixed", _fixed(self.intakes))


@dataclass(frozen=True, slots=True)
class Limit:
    """What bounds as-needed medicine (rule 8), as the card says it; None where it says nothing.

    `gap_min`: least minutes between two. `per_day`: most units in 24 h. `times`: most intakes in 24 h. The
    same for any `period_h` hours: `per_period`, `times_per_period`. Each that is said holds.
    """

    gap_min: int | None = None
    per_day: Decimal | None = None
    times: int | None = None
    reason: str = ""  # what it is for: "smerter"
    period_h: int | None = None
    per_period: Decimal | None = None
    times_per_period: int | None = None


PERIOD_H_MAX = 31 * 24
"""A home remembers no longer what was had."""


@dataclass(frozen=True, slots=True)
class Period:
    """First and last date belong to it. No days: explicitly nothing is given in it."""

    first: date
    last: date | None
    every_days: int  # the iteration interval; NOT_ITERATED: once
    days: tuple[Day, ...]
    limit: Limit | None = None
    text: str = ""  # supplementary text; one that bears on what is given refuses the period

    @property
    def fixed(self) -> bool:
        """Whether anything in it has a date and a time."""
        return any(day.fixed for day in self.days)

    @property
    def as_needed(self) -> bool:
        return any(intake.as_needed for day in self.days for intake in day.intakes)


@dataclass(frozen=True, slots=True)
class Dosage:
    """`periods` by their first date; they may run beside each other."""

    unit: str  # singular: "tablet"
    periods: tuple[Period, ...]


def cycle(first: date, last: date | None, every_days: int, intakes: Sequence[Intake]) -> Period:
    """The same on every `every_days`-th date: the commonest period."""
    return Period(first, last, every_days, (Day(1, tuple(intakes)),))


def _fixed(intakes: Sequence[Intake]) -> tuple[Intake, ...]:
    fixed = [intake for intake in intakes if not intake.as_needed]
    plain = sum(intake.plain for intake in fixed)
    if not plain:
        return tuple(fixed)
    parts = iter(PLAIN_PARTS.get(plain, ()))
    return tuple(
        Intake(intake.quantity, next(parts, None), None, intake.maximal) if intake.plain else intake
        for intake in fixed
    )
