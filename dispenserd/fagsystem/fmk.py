"""FMK's structures as they were read from any of its encodings, and what they mean.

It knows FMK's rules; it knows no JSON and no XML. `fmk_json`, `fmk_146` and `fmk_160` each make the same
`Structure`s, so that one dosage in three encodings gives the same doses.

Decisions (2026-11-23):
- Supplementary text refuses its structure. FMK's rules forbid a text that alters the structure, and nobody
  can check that they were kept.
- As needed without a day, n times: at most n times in 24 h where the structure is iterated daily or n is more
  than one. One dose, not iterated, sets no number.
- An amount from 1 to 1 is 1.
- Night belongs to the date on which its clock time lies, as everywhere in the home (`scheduler.window`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from decimal import Decimal, InvalidOperation

from dispenserd.fagsystem.parts import (
    TIMES_MAX,
    Imported,
    Part,
    Refusal,
    beside,
    judged,
    place_in_day,
    within_reach,
)
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import Unit
from scheduler.dosage import ANY_DAY, NOT_ITERATED, PERIOD_H_MAX, Day, DayPart, Intake, Limit, Period

STRUCTURES_MAX = 20
"""FMK: ten fixed and ten as needed."""
DAYS_MAX = 366

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
UNKNOWN_AMOUNT = frozenset({Reason.QUANTITY_MISSING, Reason.CONTRADICTORY_DOSAGE})
"""Of a dose: there is no number to show, and nobody may read one that we made up."""
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(:00(\.0+)?)?")
NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


@dataclass(frozen=True, slots=True)
class Dose:
    path: str
    part: DayPart | None = None
    clock: time | None = None
    quantity: Decimal | None = None
    minimal: Decimal | None = None
    maximal: Decimal | None = None
    as_needed: bool = False
    unlimited: bool = False  # any number of times on its day
    most: Decimal | None = None  # of the unit, on its day


@dataclass(frozen=True, slots=True)
class StructureDay:
    path: str
    number: int
    doses: Sequence[Dose]


@dataclass(frozen=True, slots=True)
class Structure:
    """`interval` None: not iterated. No days: an explicit empty period."""

    path: str
    first: date
    last: date | None
    interval: int | None
    days: Sequence[StructureDay]
    text: str = ""
    text_path: str = ""
    limit: Limit | None = None
    refused: Sequence[Refusal] = field(default_factory=tuple)
    as_needed: bool = False  # its section, where the encoding has sections


def imported(structures: Sequence[Structure], unit: Unit, path: str, in_a_row: bool = False) -> Imported:
    """`in_a_row`: the encoding's periods follow each other, and each says all that holds in it."""
    if len(structures) > STRUCTURES_MAX:
        raise Refused(Reason.TOO_MANY, path)
    parts = tuple(_part(structure) for structure in structures)
    refused = () if in_a_row else tuple(dict.fromkeys(beside(parts, path)))
    return Imported(unit.singular, parts, refused, plural=unit.plural)


def _part(structure: Structure) -> Part:
    found = list(structure.refused)
    doses = [dose for day in structure.days for dose in day.doses]
    if structure.text.strip():
        found.append(Refusal(Reason.TEXT_NOT_COVERED, structure.text_path or structure.path))
    if len(structure.days) > DAYS_MAX:
        raise Refused(Reason.TOO_MANY, structure.path)
    days: list[Day] = []
    given = [day for day in structure.days if day.doses] or structure.days
    for day in given:  # one on which nothing is given says no more than none at all
        if len(day.doses) > TIMES_MAX:
            raise Refused(Reason.TOO_MANY, day.path)
        days.append(Day(day.number, tuple(_intake(dose, found) for dose in _in_order(day.doses))))
    if any(refusal.reason in UNKNOWN_AMOUNT for refusal in found):
        return Part(None, tuple(dict.fromkeys(found)), _hint(doses))
    period = Period(
        structure.first,
        structure.last,
        NOT_ITERATED if structure.interval is None else structure.interval,
        tuple(sorted(days, key=lambda day: day.number)),
        _limit(structure, days),
        structure.text.strip(),
    )
    by_number = sorted(given, key=lambda day: day.number)
    paths = [[dose.path for dose in _in_order(day.doses)] for day in by_number]

    def name(day: int | None, intake: int | None) -> str:
        if day is None:
            return structure.path
        return by_number[day].path if intake is None else paths[day][intake]

    return replace(judged(period, name, found), hint="pn" if structure.as_needed else "")


def _hint(doses: Sequence[Dose]) -> str:
    """What a structure that can't be shown is about."""
    kinds = {"pn" if dose.as_needed else "fixed" for dose in doses}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def _in_order(doses: Sequence[Dose]) -> list[Dose]:
    """One order, whatever the encoding's."""
    return sorted(doses, key=lambda dose: place_in_day(Intake(Decimal(1), dose.part, dose.clock)))


def _intake(dose: Dose, found: list[Refusal]) -> Intake:
    low, high = dose.minimal, dose.maximal
    quantity = dose.quantity
    if low is not None and low == high and quantity in (None, low):
        quantity, low, high = low, None, None
    if quantity is not None and low is None and high is None:
        return Intake(quantity, dose.part, dose.clock, None, dose.as_needed)
    if low is not None and high is not None and low < high and quantity in (None, low, high):
        return Intake(low, dose.part, dose.clock, high, dose.as_needed)  # a range: refused where it is judged
    reason = Reason.QUANTITY_MISSING if quantity is low is high is None else Reason.CONTRADICTORY_DOSAGE
    found.append(Refusal(reason, dose.path))
    return Intake(quantity or low or high or Decimal(1), dose.part, dose.clock, None, dose.as_needed)


def _limit(structure: Structure, days: Sequence[Day]) -> Limit | None:
    """How often as-needed medicine may be had in a day, by the number of its doses."""
    needed = [day for day in days if any(intake.as_needed for intake in day.intakes)]
    if not needed:
        return structure.limit
    times = max(sum(intake.as_needed for intake in day.intakes) for day in needed)
    free = len(needed) == 1 and times == 1 and structure.interval is None and needed[0].number in (ANY_DAY, 1)
    free = free or any(dose.unlimited for day in structure.days for dose in day.doses)
    limit = structure.limit or Limit()
    mosts = {dose.most for day in structure.days for dose in day.doses} - {None, limit.per_day}
    if mosts:
        if limit.per_day is not None or len(mosts) > 1:
            raise Refused(Reason.CONTRADICTORY_DOSAGE, structure.path)
        limit = replace(limit, per_day=mosts.pop())
    if free:
        return None if limit == Limit() else limit
    if limit.times is None and limit.per_day is None:
        limit = replace(limit, times=times)
    limit = in_cycle(limit, structure.interval or NOT_ITERATED, needed, structure.path)
    return None if limit == Limit() else limit


def in_cycle(limit: Limit, every_days: int, days: Sequence[Day], path: str) -> Limit:
    """A cycle of several days bounds what is had in all of them together: once in seven days is no more than
    that, whichever day it is asked for."""
    counts = [sum(intake.as_needed for intake in day.intakes) for day in days]
    tighter = every_days > 1 and sum(counts) < max(counts) * every_days
    if not tighter:
        return limit
    if limit.period_h is not None or every_days * 24 > PERIOD_H_MAX:
        raise Refused(Reason.AS_NEEDED, path)  # a second period, or one longer than a home remembers
    return replace(limit, period_h=every_days * 24, times_per_period=sum(counts))


# --- values, as every encoding writes them -------------------------------------------------------------


def whole_date(text: str, path: str) -> date:
    if not DATE.fullmatch(text):
        raise Refused(Reason.NOT_A_DATE, path)
    try:
        return within_reach(date.fromisoformat(text), path)
    except ValueError:
        raise Refused(Reason.NOT_A_DATE, path) from None


def whole_minute(text: str, path: str) -> time:
    found = CLOCK.fullmatch(text)
    if not found:
        raise Refused(Reason.TIME_OF_DAY, path)
    return time(int(found[1]), int(found[2]))


def amount(text: str, path: str) -> Decimal:
    """A decimal number without sign or exponent, written without idle zeros from here on."""
    if not NUMBER.fullmatch(text):
        raise Refused(Reason.QUANTITY, path)
    try:
        return exact(Decimal(text))
    except InvalidOperation:
        raise Refused(Reason.QUANTITY, path) from None


def exact(value: Decimal) -> Decimal:
    """`1.0` and `1` are one number."""
    text = f"{value:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
