"""What an importer hands over: each part of a dosage as it was read, and why no machine may carry it out.

It knows the canonical dosage and the rules that hold in every format. It knows no format: an importer names
its elements by a function. A part that has one refusal is carried out in nothing; it is kept to be shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import pairwise

from dispenserd.fagsystem.reasons import Reason, Refused
from scheduler.dosage import ANY_DAY, EVERY_DAYS_MAX, PLAIN_PARTS, Day, DayPart, Dosage, Intake, Period

TIMES_MAX = 24
"""Intakes of one day: one an hour."""
QUANTITY_MAX = Decimal(100_000)
"""Of units such as mg or mikrogram; `sound_quantity` of `units` is stricter for what a sachet holds."""
DECIMALS_MAX = 9
"""FMK's own bound."""
PARTS = tuple(DayPart)
YEARS = range(1900, 2200)
"""FMK's senders write 2110 for "for ever"; 9999 is somebody's mistake, or an attack."""

Naming = Callable[[int | None, int | None], str]
"""The path of a period, of its n-th day, or of that day's n-th intake (from 0)."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why, and where in what was read; never what it says there."""

    reason: Reason
    path: str


@dataclass(frozen=True, slots=True)
class Part:
    """`period` is None where not even that could be read; then `hint` ("fixed", "pn", "mixed") is what is
    known of it."""

    period: Period | None
    refused: tuple[Refusal, ...] = ()
    hint: str = ""
    cut: bool = False
    """The first or last dates of a rhythm that another part carries: no rhythm of its own."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A dosage as it was read. `words`: free text in place of a structure."""

    unit: str
    parts: tuple[Part, ...]
    refused: tuple[Refusal, ...] = ()  # of the whole
    words: str = ""
    plural: str = ""

    @property
    def every_refusal(self) -> tuple[Refusal, ...]:
        return (*self.refused, *(refusal for part in self.parts for refusal in part.refused))

    @property
    def dosage(self) -> Dosage:
        """What a machine may carry out: all of it, or nothing. A part of a dosage is another dosage."""
        sound = () if self.every_refusal else (one.period for one in self.parts if one.period)
        return Dosage(self.unit, tuple(sorted(sound, key=_order)))

    @property
    def shown(self) -> tuple[Period, ...]:
        """What could be read, refused or not."""
        return tuple(sorted((one.period for one in self.parts if one.period is not None), key=_order))


def within_reach(day: date, path: str) -> date:
    """The date, where anybody can have meant it. 0001 is a program's empty date, 9999 its "for ever"."""
    if day.year not in YEARS:
        raise Refused(Reason.DATE_FAR, path)
    return day


def refused_whole(refused: Refused) -> Imported:
    return Imported("", (), (Refusal(refused.reason, refused.path),))


def judged(period: Period, name: Naming, found: Sequence[Refusal] = ()) -> Part:
    """The period with what its importer found and what the rules of every format find."""
    refused = (*found, *_faults(period, name))
    return Part(period, tuple(dict.fromkeys(refused)))


def _faults(period: Period, name: Naming) -> Iterator[Refusal]:
    whole = name(None, None)
    if period.last is not None and period.last < period.first:
        yield Refusal(Reason.BOUNDS_REVERSED, whole)
    if not 0 <= period.every_days <= EVERY_DAYS_MAX:
        yield Refusal(Reason.PERIOD, whole)
    if period.days and not any(day.intakes for day in period.days):
        yield Refusal(Reason.MISSING_ELEMENT, name(0, None))  # "nothing" is an empty period; this is a loss
    numbers = [day.number for day in period.days]
    for index, day in enumerate(period.days):
        yield from _day_faults(period, day, index, name)
        if day.number in numbers[:index]:
            yield Refusal(Reason.CONTRADICTORY_DOSAGE, name(index, None))


def _day_faults(period: Period, day: Day, index: int, name: Naming) -> Iterator[Refusal]:
    where = name(index, None)
    fixed = [intake for intake in day.intakes if not intake.as_needed]
    if day.number == ANY_DAY and fixed:
        yield Refusal(Reason.NO_DATE, where)
    if day.number < 0 or day.number > (period.every_days or EVERY_DAYS_MAX):
        yield Refusal(Reason.DAY_NUMBER, where)
    if len(day.intakes) > TIMES_MAX:
        yield Refusal(Reason.TOO_MANY, where)
        return
    yield from _plain_faults(fixed, where)
    seen: set[tuple[object, ...]] = set()
    for place, intake in enumerate(day.intakes):
        yield from _amount_faults(intake, name(index, place))
        when = (intake.part, intake.clock, intake.as_needed)
        if not intake.plain and when in seen:
            yield Refusal(Reason.CONTRADICTORY_DOSAGE, name(index, place))
        seen.add(when)


def _plain_faults(fixed: Sequence[Intake], where: str) -> Iterator[Refusal]:
    plain = [intake for intake in fixed if intake.plain]
    if not plain:
        return
    if len(plain) not in PLAIN_PARTS:
        yield Refusal(Reason.TIMES_A_DAY, where)
    if len({(intake.quantity, intake.maximal) for intake in plain}) > 1:
        yield Refusal(Reason.PLAIN_UNEQUAL, where)
    if len(plain) != len(fixed):
        yield Refusal(Reason.PLAIN_BESIDE_TIMES, where)


def _amount_faults(intake: Intake, where: str) -> Iterator[Refusal]:
    if intake.maximal is not None:
        yield Refusal(Reason.RANGE, where)
    if not 0 < intake.quantity <= QUANTITY_MAX:
        yield Refusal(Reason.QUANTITY, where)


def beside(parts: Sequence[Part], path: str) -> Iterator[Refusal]:
    """FMK's rule for the whole: of each kind one period at a time, and no date without a word."""
    for fixed in (True, False):
        row = [part.period for part in parts if part.period is not None and _stands_in(part, fixed)]
        row.sort(key=lambda period: period.first)
        for before, after in pairwise(row):
            reason = _neighbours(before, after)
            if reason is not None:
                yield Refusal(reason, path)


def _stands_in(part: Part, fixed: bool) -> bool:
    """An empty period stands in the row that its `hint` names, else among the fixed ones."""
    period = part.period
    if period is None:
        return False
    if not period.days:
        return fixed == (part.hint != "pn")
    return period.fixed if fixed else period.as_needed


def _neighbours(before: Period, after: Period) -> Reason | None:
    if before.last is None or after.first <= before.last:
        return Reason.PERIODS_OVERLAP
    if before.last + timedelta(days=1) < after.first:
        return Reason.PERIOD_GAP
    return None


def _order(period: Period) -> tuple[object, ...]:
    """One order, whatever the sender's: the same card must compare as the same plan."""
    days = [(day.number, [place_in_day(intake) for intake in day.intakes]) for day in period.days]
    return period.first, period.last or date.max, period.every_days, days


def place_in_day(intake: Intake) -> tuple[int, time]:
    """Parts of the day in their order, then clock times."""
    return (PARTS.index(intake.part) if intake.part else len(PARTS)), intake.clock or time()
