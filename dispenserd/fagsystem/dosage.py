"""From FHIR's dosage instructions to the dates and times that the dosing core knows.

It knows Timing, bounds and quantities; `mapping` calls it for each active prescription. What it can't carry
out to the letter it refuses with a reason.

Decisions (2026-11-22):
- Text on a dosage (`text`, `patientInstruction`, `additionalInstruction`) refuses the card. We can't know
  whether a text only repeats the structure or says "not if dizzy", and showing it beside a dose that the
  robot hands out anyway would leave the condition to chance. Senders leave it out.
- Frequency beside listed times must be their number; R4 advises against naming both, yet senders do.
- Only whole days (`d`) make a cycle: a week or a month from a start is somebody's habit, no fixed number of
  doses, and hours need a policy for the daylight-saving nights.
- One prescription may not name day parts and clock times on one date: whether they meet would depend on the
  home's clock mapping, and a change of that mapping would make one dose of two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import combinations

from dispenserd.fagsystem.fhir import (
    DosageInstruction,
    DoseAndRate,
    Element,
    Number,
    Quantity,
    Reason,
    Refused,
    Repeat,
)
from scheduler.dosage import DayPart, Intake, Period, cycle
from scheduler.timing import dates

UNITS = {
    "tablet": "tablet",
    "tablets": "tablet",
    "tabletter": "tablet",
    "capsule": "capsule",
    "capsules": "capsule",
    "kapsel": "capsule",
    "kapsler": "capsule",
}
"""What a sachet can hold, by the words we accept for it."""

PARTS = {"MORN": DayPart.MORNING, "NOON": DayPart.NOON, "EVE": DayPart.EVENING, "NIGHT": DayPart.NIGHT}
PART_ORDER = tuple(DayPart)
MEAL_EVENTS = frozenset({"C", "CM", "CD", "CV", "AC", "ACM", "ACD", "ACV", "PC", "PCM", "PCD", "PCV"})

DOSAGES_MAX = 64
"""An FMK cycle of unequal days needs one a day; longer ones than two months are no daily medicine."""
TIMES_MAX = 24
EVERY_DAYS_MAX = 365  # FMK's iteration interval
QUANTITY_MAX = Decimal(100)
"""No sachet holds more; a wrong decimal point may."""
DECIMALS_MAX = 3

FHIR_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FHIR_MINUTE = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:00(\.0+)?")


def dosages(instructions: Sequence[DosageInstruction], path: str, unit: str) -> tuple[Period, ...]:
    if not instructions:
        raise Refused(Reason.NO_STRUCTURE, f"{path}.dosageInstruction")
    if len(instructions) > DOSAGES_MAX:
        raise Refused(Reason.TOO_MANY, f"{path}.dosageInstruction")
    read = [
        _dosage(one, f"{path}.dosageInstruction[{index}]", unit) for index, one in enumerate(instructions)
    ]
    for (first, a), (second, b) in combinations(zip(instructions, read, strict=True), 2):
        _must_fit(a, b, first.sequence == second.sequence, f"{path}.dosageInstruction")
    return tuple(sorted(read, key=_canonical))


def _canonical(dosage: Period) -> tuple[object, ...]:
    """One order, whatever the sender's: the same card must compare as the same plan."""
    return (
        dosage.first,
        dosage.last or date.max,
        dosage.every_days,
        [_place(one) for one in dosage.days[0].intakes],
    )


def _place(intake: Intake) -> tuple[int, time]:
    return (PART_ORDER.index(intake.part) if intake.part else len(PART_ORDER)), intake.clock or time()


def _dosage(instruction: DosageInstruction, path: str, unit: str) -> Period:
    _must_be_fixed(instruction, path)
    if instruction.timing is None or instruction.timing.repeat is None:
        raise Refused(Reason.NO_STRUCTURE, f"{path}.timing")
    repeat, where = instruction.timing.repeat, f"{path}.timing.repeat"
    _must_be_plain(repeat, where)
    first, last = _bounds(repeat, f"{where}.boundsPeriod")
    quantity = _dose_quantity(instruction, f"{path}.doseAndRate", unit)
    intakes = _intakes(repeat, quantity, where)
    return cycle(first, last, _every_days(repeat, len(intakes), where), intakes)


def _must_be_fixed(instruction: DosageInstruction, path: str) -> None:
    """Everything on a dosage that we can't carry out refuses it."""
    for name, reason in (
        ("text", Reason.TEXT_NOT_COVERED),
        ("additionalInstruction", Reason.TEXT_NOT_COVERED),
        ("patientInstruction", Reason.TEXT_NOT_COVERED),
        ("asNeededCodeableConcept", Reason.AS_NEEDED),
        ("route", Reason.ROUTE),
        ("site", Reason.ROUTE),
        ("method", Reason.ROUTE),
        ("maxDosePerPeriod", Reason.MAX_DOSE),
        ("maxDosePerAdministration", Reason.MAX_DOSE),
        ("maxDosePerLifetime", Reason.MAX_DOSE),
    ):
        _must_lack(instruction, name, reason, path)
    if instruction.asNeededBoolean:
        raise Refused(Reason.AS_NEEDED, f"{path}.asNeededBoolean")
    if instruction.timing is not None:
        _must_lack(instruction.timing, "event", Reason.TIMING_EVENT, f"{path}.timing")
        _must_lack(instruction.timing, "code", Reason.TIMING_CODE, f"{path}.timing")


def _must_be_plain(repeat: Repeat, path: str) -> None:
    for name, reason in (
        ("boundsDuration", Reason.BOUNDS_KIND),
        ("boundsRange", Reason.BOUNDS_KIND),
        ("count", Reason.COUNT),
        ("countMax", Reason.COUNT),
        ("duration", Reason.DURATION),
        ("durationMax", Reason.DURATION),
        ("durationUnit", Reason.DURATION),
        ("frequencyMax", Reason.RANGE),
        ("periodMax", Reason.RANGE),
        ("dayOfWeek", Reason.DAY_OF_WEEK),
        ("offset", Reason.OFFSET),
    ):
        _must_lack(repeat, name, reason, path)


def _must_lack(element: Element, name: str, reason: Reason, path: str) -> None:
    if getattr(element, name) is not None:
        raise Refused(reason, f"{path}.{name}")


# --- which dates ------------------------------------------------------------------------------------------


def _bounds(repeat: Repeat, path: str) -> tuple[date, date | None]:
    bounds = repeat.boundsPeriod
    if bounds is None or bounds.start is None:
        raise Refused(Reason.START_MISSING, f"{path}.start")
    first = _date(bounds.start, f"{path}.start")
    last = _date(bounds.end, f"{path}.end") if bounds.end is not None else None
    if last is not None and last < first:
        raise Refused(Reason.BOUNDS_REVERSED, path)
    return first, last


def _date(text: str, path: str) -> date:
    """A whole date: an instant may fall on another local date, a month is no anchor."""
    if not FHIR_DATE.fullmatch(text):
        raise Refused(Reason.NOT_A_DATE, path)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused(Reason.NOT_A_DATE, path) from None


def _every_days(repeat: Repeat, times: int, path: str) -> int:
    if repeat.period is None and repeat.periodUnit is None:
        if repeat.frequency not in (None, times):
            raise Refused(Reason.FREQUENCY_MISMATCH, f"{path}.frequency")
        return 1
    if repeat.periodUnit != "d":
        raise Refused(Reason.PERIOD, f"{path}.periodUnit")
    if repeat.period is None or not 1 <= repeat.period <= EVERY_DAYS_MAX or repeat.period % 1 != 0:
        raise Refused(Reason.PERIOD, f"{path}.period")
    frequency = 1 if repeat.frequency is None else repeat.frequency
    if frequency != times:
        raise Refused(Reason.FREQUENCY_MISMATCH, f"{path}.frequency")
    return int(repeat.period)


# --- when and how much ------------------------------------------------------------------------------------


def _intakes(repeat: Repeat, quantity: Decimal, path: str) -> tuple[Intake, ...]:
    if repeat.when is not None and repeat.timeOfDay is not None:
        raise Refused(Reason.WHEN_AND_TIME, f"{path}.timeOfDay")
    if repeat.when:
        texts, where = repeat.when, f"{path}.when"
        intakes = [Intake(quantity, part=_part(text, where)) for text in texts]
    elif repeat.timeOfDay:
        texts, where = repeat.timeOfDay, f"{path}.timeOfDay"
        intakes = [Intake(quantity, clock=_minute(text, where)) for text in texts]
    else:  # "three times a day" has no time at all
        raise Refused(Reason.NO_TIMES, path)
    if len(intakes) > TIMES_MAX:
        raise Refused(Reason.TOO_MANY, where)
    if len(set(intakes)) != len(intakes):
        raise Refused(Reason.CONTRADICTORY_DOSAGE, where)
    return tuple(sorted(intakes, key=_place))


def _part(code: str, path: str) -> DayPart:
    part = PARTS.get(code)
    if part is None:
        raise Refused(Reason.MEAL_EVENT if code in MEAL_EVENTS else Reason.DAY_PART_UNKNOWN, path)
    return part


def _minute(text: str, path: str) -> time:
    if not FHIR_MINUTE.fullmatch(text):
        raise Refused(Reason.TIME_OF_DAY, path)
    return time(int(text[:2]), int(text[3:5]))


def _dose_quantity(instruction: DosageInstruction, path: str, unit: str) -> Decimal:
    if not instruction.doseAndRate:
        raise Refused(Reason.NO_STRUCTURE, path)
    if len(instruction.doseAndRate) > 1:  # two amounts for one time
        raise Refused(Reason.CONTRADICTORY_DOSAGE, path)
    dose, path = instruction.doseAndRate[0], f"{path}[0]"
    _must_lack(dose, "doseRange", Reason.RANGE, path)
    for name in ("rateRatio", "rateRange", "rateQuantity"):
        _must_lack(dose, name, Reason.RATE, path)
    return _counted(dose, f"{path}.doseQuantity", unit)


def _counted(dose: DoseAndRate, path: str, unit: str) -> Decimal:
    quantity = dose.doseQuantity
    if quantity is None or quantity.value is None:
        raise Refused(Reason.NO_STRUCTURE, path)
    _must_lack(quantity, "comparator", Reason.RANGE, path)
    if not sound_quantity(quantity.value):
        raise Refused(Reason.QUANTITY, f"{path}.value")
    if known_unit(quantity, path) != unit:
        raise Refused(Reason.UNIT_MISMATCH, f"{path}.unit")
    return exact(quantity.value)


def exact(value: Number) -> Decimal:
    """`1.0` and `1` are written alike from here on."""
    return Decimal(plain_number(value))


def plain_number(value: Number) -> str:
    """Without exponent and without idle zeros: `500`, `0.5`."""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def sound_quantity(value: Number) -> bool:
    """Something that a sachet can hold."""
    return 0 < value <= QUANTITY_MAX and decimals(value) <= DECIMALS_MAX


def decimals(value: Number) -> int:
    """Written decimals: three for `0.125`, none for `2` or `1E+2`."""
    exponent = Decimal(value).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else DECIMALS_MAX + 1


def known_unit(quantity: Quantity, path: str) -> str:
    unit = UNITS.get(quantity.unit or "")
    if unit is None:
        raise Refused(Reason.UNIT_UNKNOWN, f"{path}.unit")
    return unit


# --- dosages beside each other ------------------------------------------------------------------------------


def _must_fit(a: Period, b: Period, at_once: bool, path: str) -> None:
    """Two dosages of one prescription may share dates only at other times and in one sequence."""
    if not _share_a_date(a, b):
        return
    if not at_once:  # FHIR: different sequence numbers follow each other
        raise Refused(Reason.CONTRADICTORY_DOSAGE, path)
    if set(_times(a)) & set(_times(b)):
        raise Refused(Reason.CONTRADICTORY_DOSAGE, path)
    if _by_part(a) != _by_part(b):
        raise Refused(Reason.WHEN_AND_TIME, path)


def _share_a_date(a: Period, b: Period) -> bool:
    """Both cycles come together within `b.every_days` turns of `a`, or never."""
    start = max(a.first, b.first)
    last = min((day for day in (a.last, b.last) if day is not None), default=date.max)
    behind = (start - a.first).days % a.every_days
    step = (a.every_days - behind) % a.every_days
    for turn in range(b.every_days):
        days = step + turn * a.every_days
        if days > (last - start).days:
            return False
        if (start + timedelta(days)).toordinal() in dates(b, b.days[0]):
            return True
    return False


def _times(dosage: Period) -> list[tuple[DayPart | None, time | None]]:
    return [(intake.part, intake.clock) for intake in dosage.days[0].intakes]


def _by_part(dosage: Period) -> bool:
    return dosage.days[0].intakes[0].part is not None
