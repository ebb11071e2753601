"""FMK's dosage as XML of version 1.6.0 (`DosagePeriod`), where it is unambiguous.

It knows the elements. What a structure means is `fmk`'s. Periods follow each other from `ValidFrom`, each as
long as it says; the last may be without an end. What a measurement, a person or a handover decides is
refused.

Decisions (2026-11-23):
- The unit of `IterationInterval` beside `Week` is not settled: days or weeks. Absent, the weeks listed come
  again and again; their own number can't be days, so it is taken as weeks; any other number is refused.
- An interval of minutes, and a most per day, bound as-needed medicine. On fixed medicine they are refused:
  the card's own times have to keep them, and nobody may move one.
- Both ways of writing a dose that FMK has published are read: `Dosage` with a choice below it, and `Dose`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from dispenserd.fagsystem.fmk import (
    DAYS_MAX,
    STRUCTURES_MAX,
    Dose,
    Structure,
    StructureDay,
    amount,
    imported,
    whole_date,
    whole_minute,
)
from dispenserd.fagsystem.fmk_146 import of_type, unit_texts, whole_number
from dispenserd.fagsystem.parts import TIMES_MAX, Imported, Refusal, within_reach
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import Unit, unit_of
from dispenserd.fagsystem.weeks import WEEK_DAYS, number_in_cycle, phase_is_clear
from dispenserd.fagsystem.xml_tree import Node
from scheduler.dosage import ANY_DAY, DayPart, Limit

LABELS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CHOICES = ("TimeOfDayDosage", "PartOfDayDosage", "TimesPerDayDosage", "UnlimitedDayDosage")
UNLIMITED = "UnlimitedDayDosage"
"""Any number of times a day; the most of the day may stand in it, or beside its day."""
LENGTH_DAYS_MAX = 100_000
TYPES = {"Fixed": {False}, "PRN": {True}, "Combined": {False, True}}


def read(root: Node) -> Imported:
    """The dosage; Refused where nothing of it is understood."""
    free, schema = root.one("FreeText"), root.one("AdministrationAccordingToSchemaInLocalSystem")
    unit, stated, reason_path = _unit(root), root.one("Type"), root.one("Precondition")
    oneself, parameters, periods = (
        root.one("IsSelfAdministration"),
        root.every("Parameter"),
        root.every("DosagePeriod"),
    )
    root.ignore("DosageTranslation", "DosageTranslationCombined")
    root.nothing_else()
    if schema is not None:
        return Imported("", (), (Refusal(Reason.LOCAL_SCHEMA, schema.path),))
    if free is not None:
        text = free.one("Text")
        words = free.text if text is None else text.text
        return Imported("", (), (Refusal(Reason.FREE_TEXT, free.path),), words.strip())
    if parameters:
        raise Refused(Reason.PARAMETER_SCHEMA, parameters[0].path)
    if oneself is not None and oneself.flag():
        raise Refused(Reason.SELF_ADMINISTRATION, oneself.path)
    if not periods:
        raise Refused(Reason.NO_STRUCTURE, root.path)
    if unit is None:
        raise Refused(Reason.UNIT_UNKNOWN, root.path)
    if len(periods) > STRUCTURES_MAX:
        raise Refused(Reason.TOO_MANY, root.path)
    first, trigger = _precondition(reason_path, root.path)
    structures = list(_in_a_row(periods, first, trigger))
    made = imported(structures, unit, root.path, in_a_row=True)
    if trigger and not any(structure.as_needed for structure in structures):
        refusal = Refusal(Reason.TEXT_NOT_COVERED, f"{root.path}.Precondition.PRNTrigger")
        made = replace(made, refused=(*made.refused, refusal))  # a condition on fixed medicine
    return of_type(made, stated, TYPES)


def _unit(root: Node) -> Unit | None:
    text, texts = root.one("UnitText"), root.one("UnitTexts")
    if text is not None and texts is not None:
        raise Refused(Reason.UNIT_MISMATCH, texts.path)
    if text is not None:
        return unit_of(text.value("source"), text.path)
    return unit_texts(texts) if texts is not None else None


def _precondition(node: Node | None, path: str) -> tuple[date, str]:
    """From when, and what as-needed medicine is for."""
    if node is None:
        raise Refused(Reason.START_MISSING, f"{path}.Precondition.ValidFrom")
    start, trigger = node.one("ValidFrom"), node.one("PRNTrigger")
    handover, episodic = node.one("UpdateValidFromUponHandover"), node.one("EpisodicTreatment")
    node.nothing_else()
    if handover is not None and handover.flag():
        raise Refused(Reason.START_AT_HANDOVER, handover.path)
    if episodic is not None:
        raise Refused(Reason.EPISODIC, episodic.path)
    if start is None:
        raise Refused(Reason.START_MISSING, f"{node.path}.ValidFrom")
    return whole_date(start.value(), start.path), "" if trigger is None else trigger.value()


def _in_a_row(periods: Sequence[Node], first: date, trigger: str) -> Iterator[Structure]:
    for index, node in enumerate(periods):
        length = _length(node)
        if length is None and index + 1 < len(periods):
            raise Refused(Reason.LENGTH_MISSING, node.path)
        last = None if length is None else within_reach(first + timedelta(days=length - 1), node.path)
        yield from _period(node, first, last, trigger)
        if last is not None:
            first = last + timedelta(days=1)


def _length(node: Node) -> int | None:
    length, words = node.one("PeriodLength"), node.one("PeriodLengthFreeText")
    if words is not None:
        raise Refused(Reason.LENGTH_IN_WORDS, words.path)
    if length is None:
        return None
    days = whole_number(length)
    if not 1 <= days <= LENGTH_DAYS_MAX:
        raise Refused(Reason.BOUNDS_KIND, length.path)
    return days


def _period(node: Node, first: date, last: date | None, trigger: str) -> Iterator[Structure]:
    empty, unspecified = node.one("Empty"), node.one("Unspecified")
    fixed, needed = node.one("Fixed"), node.one("PRN")
    node.nothing_else()
    if unspecified is not None:
        raise Refused(Reason.UNSPECIFIED, unspecified.path)
    if (empty is None) == (fixed is None and needed is None):
        raise Refused(Reason.NO_STRUCTURE if empty is None else Reason.CONTRADICTORY_DOSAGE, node.path)
    if empty is not None:
        if not empty.flag():
            raise Refused(Reason.WRONG_SHAPE, empty.path)
        yield Structure(node.path, first, last, None, ())
    for structure, as_needed in ((fixed, False), (needed, True)):
        if structure is not None:
            yield _structure(structure, first, last, as_needed, trigger)


def _structure(node: Node, first: date, last: date | None, as_needed: bool, trigger: str) -> Structure:
    refused: list[Refusal] = []
    limit = _limit(node, as_needed, trigger, refused)
    text, text_path = _instruction(node)
    interval = node.one("IterationInterval")
    every = None if interval is None else whole_number(interval) or None
    listed, weeks, any_day = node.every("Day"), node.every("Week"), node.one("UnspecifiedDay")
    node.nothing_else()
    if bool(listed) + bool(weeks) + (any_day is not None) != 1:
        raise Refused(Reason.NO_STRUCTURE if not listed else Reason.CONTRADICTORY_DOSAGE, node.path)
    days = [
        _day(day, whole_number(day.needed("Index")), as_needed, refused) for day in listed[: DAYS_MAX + 1]
    ]
    if any(day.number < 1 for day in days):
        raise Refused(Reason.DAY_NUMBER, node.path)
    if any_day is not None:
        days = [_day(any_day, ANY_DAY, as_needed, refused)]
    if weeks:
        every, days = _weeks(weeks, every, first, as_needed, refused)
    return Structure(node.path, first, last, every, days, text, text_path, limit, refused, as_needed)


def _instruction(node: Node) -> tuple[str, str]:
    instruction = node.one("Instruction")
    if instruction is None:
        return "", ""
    words = instruction.text + "".join(child.text for child in instruction.children)
    return words.strip() or "-", instruction.path  # an instruction by code says something too


def _limit(node: Node, as_needed: bool, trigger: str, refused: list[Refusal]) -> Limit | None:
    places = [node, *([restriction] if (restriction := node.one("Restriction")) is not None else [])]
    most = [found for place in places if (found := place.one("MaximumDailyDose")) is not None]
    gaps = [found for place in places if (found := place.one("MinimumDurationBetweenDoses")) is not None]
    if restriction is not None:
        restriction.nothing_else()
    if not as_needed:
        refused += [Refusal(Reason.MAX_DOSE, found.path) for found in (*most, *gaps)]
        return None
    if len(most) > 1 or len(gaps) > 1:
        raise Refused(Reason.CONTRADICTORY_DOSAGE, node.path)
    gap_min = whole_number(gaps[0]) if gaps else None
    per_day = amount(most[0].value(), most[0].path) if most else None
    return Limit(gap_min, per_day, None, trigger) if gaps or most or trigger else None


def _weeks(
    weeks: Sequence[Node], every: int | None, first: date, as_needed: bool, refused: list[Refusal]
) -> tuple[int, list[StructureDay]]:
    count = len(weeks)
    if every not in (None, count) or count * WEEK_DAYS > DAYS_MAX:
        raise Refused(Reason.WEEK_INTERVAL, weeks[0].path)
    days: list[StructureDay] = []
    for index, week in enumerate(weeks):
        for node in week.every("Weekday"):
            label = node.needed("Label")
            if label.value() not in LABELS:
                raise Refused(Reason.WRONG_SHAPE, label.path)
            weekday = LABELS.index(label.value())
            if count > 1 and not phase_is_clear(first, [weekday]):
                raise Refused(Reason.WEEK_PHASE, node.path)
            number = index * WEEK_DAYS + number_in_cycle(first, weekday)
            days.append(_day(node, number, as_needed, refused))
        week.nothing_else()
    return count * WEEK_DAYS, days


def _day(node: Node, number: int, as_needed: bool, refused: list[Refusal]) -> StructureDay:
    choice, plain = node.one("Dosage"), node.every("Dose")
    node.ignore("Index", "Label")
    node.nothing_else()
    if (choice is None) == (not plain):
        raise Refused(Reason.MISSING_ELEMENT if choice is None else Reason.CONTRADICTORY_DOSAGE, node.path)
    doses = [one for dose in plain for one in _written_dose(dose, as_needed, refused)]
    if choice is not None:
        doses = list(_chosen(choice, as_needed, refused))
    return StructureDay(node.path, number, doses)


def _chosen(node: Node, as_needed: bool, refused: list[Refusal]) -> Iterator[Dose]:
    times, parts = node.every("TimeOfDayDosage"), node.one("PartOfDayDosage")
    often, unlimited = node.one("TimesPerDayDosage"), node.one("UnlimitedDayDosage")
    node.nothing_else()
    if not (times or parts or often or unlimited):
        raise Refused(Reason.NO_STRUCTURE, node.path)
    for each in times:
        for at in each.every("TimeOfDay") or [each]:
            clock = at.needed("Time")
            yield _dose(at, as_needed, refused, clock=clock)
        each.nothing_else()
    if parts is not None:
        for part in DayPart:
            one = parts.one(part.value.capitalize())
            if one is not None:
                yield _dose(one, as_needed, refused, part=part)
        parts.nothing_else()
    if often is not None:
        yield from _repeated(often, often.needed("TimesPerDay"), as_needed, refused)
    if unlimited is not None:
        dose = _dose(unlimited, as_needed, refused)
        if not as_needed:
            refused.append(Refusal(Reason.NO_TIMES, unlimited.path))
        yield replace(dose, unlimited=True)


def _written_dose(node: Node, as_needed: bool, refused: list[Refusal]) -> Iterator[Dose]:
    at, often = node.one("TimeOfDay"), node.one("TimesPerDay")
    if at is not None and often is not None:
        raise Refused(Reason.CONTRADICTORY_DOSAGE, node.path)
    if often is not None:
        yield from _repeated(node, often, as_needed, refused)
    elif at is not None and at.value() in list(DayPart):
        yield _dose(node, as_needed, refused, part=DayPart(at.value()))
    else:
        yield _dose(node, as_needed, refused, clock=at)


def _repeated(node: Node, often: Node, as_needed: bool, refused: list[Refusal]) -> list[Dose]:
    times = whole_number(often)
    if not 1 <= times <= TIMES_MAX:
        raise Refused(Reason.TIMES_A_DAY, often.path)
    return [_dose(node, as_needed, refused)] * times


def _dose(
    node: Node,
    as_needed: bool,
    refused: list[Refusal],
    part: DayPart | None = None,
    clock: Node | None = None,
) -> Dose:
    schema, infusion = node.one("AccordingToParameterSchema"), node.one("Infusion")
    low, high = (
        _either(node, "MinimumQuantity", "MinimalQuantity"),
        _either(node, "MaximumQuantity", "MaximalQuantity"),
    )
    quantity = node.one("Quantity")
    most = node.one("MaximumDailyDose")
    node.nothing_else()
    if schema is not None:
        raise Refused(Reason.PARAMETER_SCHEMA, schema.path)
    if infusion is not None:
        raise Refused(Reason.RATE, infusion.path)
    if most is not None and not (as_needed and node.name == UNLIMITED):
        refused.append(Refusal(Reason.MAX_DOSE, most.path))

    def counted(found: Node | None) -> Decimal | None:
        return None if found is None else amount(found.value(), found.path)

    at = None if clock is None else whole_minute(clock.value(), clock.path)
    per_day = counted(most) if as_needed and node.name == UNLIMITED else None
    return Dose(node.path, part, at, counted(quantity), counted(low), counted(high), as_needed, most=per_day)


def _either(node: Node, *names: str) -> Node | None:
    found = [one for name in names if (one := node.one(name)) is not None]
    if len(found) > 1:
        raise Refused(Reason.CONTRADICTORY_DOSAGE, found[1].path)
    return found[0] if found else None
