"""FMK's dosage as JSON: the form in which FMK's own libraries keep it.

It knows the shape. What a structure means is `fmk`'s. `null` stands for an absent element here, as those
libraries write it; every element is declared, and a strange one refuses the dosage.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from dispenserd.fagsystem.fhir import Element, Harmless, Number, Unsupported, shaped
from dispenserd.fagsystem.fmk import (
    DAYS_MAX,
    STRUCTURES_MAX,
    Dose,
    Structure,
    StructureDay,
    exact,
    imported,
    whole_date,
)
from dispenserd.fagsystem.parts import DECIMALS_MAX, TIMES_MAX, Imported, Refusal
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import Unit, decimals, unit_of, unit_of_two
from scheduler.dosage import DayPart

ROOT_KEYS = frozenset({"structures", "freeText", "administrationAccordingToSchema"})
AMOUNT_MAX = 10**9
DOSES_MAX = 500
"""A year of unequal days has 365; a file could hold thousands, and hold up a small computer."""
PARTS = {
    "MorningDoseWrapper": DayPart.MORNING,
    "NoonDoseWrapper": DayPart.NOON,
    "EveningDoseWrapper": DayPart.EVENING,
    "NightDoseWrapper": DayPart.NIGHT,
}
DoseType = Literal[
    "MorningDoseWrapper",
    "NoonDoseWrapper",
    "EveningDoseWrapper",
    "NightDoseWrapper",
    "PlainDoseWrapper",
    "TimedDoseWrapper",
]


class _Time(Element):
    hour: int
    minute: int
    second: int | None = None


class _Dose(Element):
    type: DoseType
    doseQuantity: Number | None = None
    minimalDoseQuantity: Number | None = None
    maximalDoseQuantity: Number | None = None
    isAccordingToNeed: bool | None = None
    time: _Time | None = None


class _Day(Element):
    dayNumber: int
    allDoses: Annotated[list[_Dose], Field(max_length=2 * TIMES_MAX)]


class _DateOrDateTime(Element):
    date: str | None = None
    dateTime: Unsupported = None  # out of use at FMK


class _Structure(Element):
    iterationInterval: int  # 0 says "once"; without a word nobody knows
    startDate: str | None = None
    endDate: str | None = None
    startDateOrDateTime: _DateOrDateTime | None = None
    endDateOrDateTime: _DateOrDateTime | None = None
    supplText: str | None = None
    dosagePeriodPostfix: str | None = None  # words behind the period
    days: Annotated[list[_Day], Field(max_length=DAYS_MAX)]


class _UnitOrUnits(Element):
    unit: str | None = None
    unitSingular: str | None = None
    unitPlural: str | None = None


class _Structures(Element):
    unitOrUnits: _UnitOrUnits
    structures: Annotated[list[_Structure], Field(min_length=1, max_length=STRUCTURES_MAX)]
    startDate: Harmless = None  # of the first and the last structure, for display
    endDate: Harmless = None
    startDateOrDateTime: Harmless = None
    endDateOrDateTime: Harmless = None
    isPartOfMultiPeriodDosage: Harmless = None


class _Dosage(Element):
    structures: _Structures | None = None
    freeText: Unsupported = None
    administrationAccordingToSchema: Unsupported = None


def read(plain: object) -> Imported:
    """The dosage; Refused where nothing of it is understood."""
    dosage = shaped(_Dosage, plain, "")
    if dosage.administrationAccordingToSchema is not None:
        refusal = Refusal(Reason.LOCAL_SCHEMA, "administrationAccordingToSchema")
        return Imported("", (), (refusal,))
    if dosage.freeText is not None:
        return Imported("", (), (Refusal(Reason.FREE_TEXT, "freeText"),), _words(dosage.freeText))
    if dosage.structures is None:
        raise Refused(Reason.NO_STRUCTURE, "structures")
    path = "structures.structures"
    if sum(len(day.allDoses) for one in dosage.structures.structures for day in one.days) > DOSES_MAX:
        raise Refused(Reason.TOO_MANY, path)
    structures = [_structure(one, f"{path}[{n}]") for n, one in enumerate(dosage.structures.structures)]
    return imported(structures, _unit(dosage.structures.unitOrUnits, "structures.unitOrUnits"), path)


def _words(free: Any) -> str:
    text = free.get("text") if isinstance(free, dict) else free
    return text if isinstance(text, str) else ""


def _unit(unit: _UnitOrUnits, path: str) -> Unit:
    if unit.unitSingular is not None and unit.unitPlural is not None:
        both = unit_of_two(unit.unitSingular, unit.unitPlural, path)
        if unit.unit is not None and unit.unit not in (unit.unitSingular, unit.unitPlural):
            raise Refused(Reason.UNIT_MISMATCH, f"{path}.unit")
        return both
    return unit_of(unit.unit or unit.unitSingular or unit.unitPlural, path)


def _structure(one: _Structure, path: str) -> Structure:
    first = _date(one.startDate, one.startDateOrDateTime, f"{path}.startDate")
    if first is None:
        raise Refused(Reason.START_MISSING, f"{path}.startDate")
    postfix = (Refusal(Reason.TEXT_NOT_COVERED, f"{path}.dosagePeriodPostfix"),)
    return Structure(
        path,
        first,
        _date(one.endDate, one.endDateOrDateTime, f"{path}.endDate"),
        one.iterationInterval or None,
        [_day(day, f"{path}.days[{index}]") for index, day in enumerate(one.days)],
        one.supplText or "",
        f"{path}.supplText",
        refused=postfix if (one.dosagePeriodPostfix or "").strip() else (),
    )


def _date(text: str | None, either: _DateOrDateTime | None, path: str) -> date | None:
    if either is not None:
        if either.dateTime is not None or text is not None:
            raise Refused(Reason.NOT_A_DATE, f"{path}OrDateTime")
        text = either.date
    return None if text is None else whole_date(text, path)


def _day(day: _Day, path: str) -> StructureDay:
    doses = [_dose(dose, f"{path}.allDoses[{index}]") for index, dose in enumerate(day.allDoses)]
    return StructureDay(path, day.dayNumber, doses)


def _dose(dose: _Dose, path: str) -> Dose:
    timed = dose.type == "TimedDoseWrapper"
    if timed != (dose.time is not None):
        raise Refused(Reason.MISSING_ELEMENT if timed else Reason.CONTRADICTORY_DOSAGE, f"{path}.time")
    amount: Callable[[str], Decimal | None] = lambda name: _amount(getattr(dose, name), f"{path}.{name}")  # noqa: E731
    return Dose(
        path,
        PARTS.get(dose.type),
        _clock(dose.time, f"{path}.time") if dose.time is not None else None,
        amount("doseQuantity"),
        amount("minimalDoseQuantity"),
        amount("maximalDoseQuantity"),
        bool(dose.isAccordingToNeed),
    )


def _clock(at: _Time, path: str) -> time:
    if not (0 <= at.hour <= 23 and 0 <= at.minute <= 59) or at.second:
        raise Refused(Reason.TIME_OF_DAY, path)
    return time(at.hour, at.minute)


def _amount(value: Number | None, path: str) -> Decimal | None:
    """Checked before it is written out: `1E+999999999` would fill the memory."""
    if value is None:
        return None
    if not 0 <= value <= AMOUNT_MAX or decimals(value) > DECIMALS_MAX:
        raise Refused(Reason.QUANTITY, path)
    return exact(Decimal(value))
