"""FMK's dosage as XML of version 1.4.6 (`StructuresFixed`, `StructuresAccordingToNeed`).

It knows the elements, of requests and of responses. What a structure means is `fmk`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from dispenserd.fagsystem.fmk import Dose, Structure, StructureDay, amount, imported, whole_date, whole_minute
from dispenserd.fagsystem.parts import Imported, Refusal
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import Unit, unit_of, unit_of_two
from dispenserd.fagsystem.xml_tree import Node
from scheduler.dosage import ANY_DAY, DayPart

SECTIONS = (("StructuresFixed", False), ("StructuresAccordingToNeed", True))
TRANSLATIONS = ("DosageTranslation", "DosageTranslationCombined")
"""FMK's own words for the structure beside them."""
TYPES = {"fast": {False}, "efter behov": {True}, "kombineret": {False, True}}
NO_TYPE = "ikke angivet"


def read(root: Node) -> Imported:
    """The dosage; Refused where nothing of it is understood."""
    free, schema = root.one("FreeText"), root.one("AdministrationAccordingToSchemaInLocalSystem")
    sections = [(node, needed) for name, needed in SECTIONS if (node := root.one(name)) is not None]
    units = [unit for node in (root, *(node for node, _ in sections)) if (unit := _unit(node)) is not None]
    stated = root.one("Type")
    root.ignore(*TRANSLATIONS)
    root.nothing_else()
    if schema is not None:
        return Imported("", (), (Refusal(Reason.LOCAL_SCHEMA, schema.path),))
    if free is not None:
        return Imported("", (), (Refusal(Reason.FREE_TEXT, free.path),), _words(free))
    structures = [one for node, needed in sections for one in _structures(node, needed)]
    if not structures:
        raise Refused(Reason.NO_STRUCTURE, root.path)
    if len(set(units)) != 1:
        raise Refused(Reason.UNIT_MISMATCH if units else Reason.UNIT_UNKNOWN, root.path)
    return of_type(imported(structures, units[0], root.path), stated, TYPES)


def of_type(made: Imported, stated: Node | None, types: Mapping[str, set[bool]]) -> Imported:
    """Refused where the type beside the structure is not the structure's. `types`: each word, and whether it
    means medicine as needed."""
    kinds = {False for one in made.shown if one.fixed} | {True for one in made.shown if one.as_needed}
    if stated is None or stated.value() == NO_TYPE or not kinds or types.get(stated.value()) == kinds:
        return made
    return replace(made, refused=(*made.refused, Refusal(Reason.TYPE_DISAGREES, stated.path)))


def _words(free: Node) -> str:
    text = free.one("Text")
    return text.text.strip() if text is not None else free.text.strip()


def _unit(node: Node) -> Unit | None:
    text, texts = node.one("UnitText"), node.one("UnitTexts")
    if text is not None and texts is not None:
        raise Refused(Reason.UNIT_MISMATCH, texts.path)
    if text is not None:
        return unit_of(text.value("source"), text.path)
    return unit_texts(texts) if texts is not None else None


def unit_texts(node: Node) -> Unit:
    unit = unit_of_two(node.needed("Singular").value(), node.needed("Plural").value(), node.path)
    node.nothing_else("source")
    return unit


def _structures(section: Node, as_needed: bool) -> Sequence[Structure]:
    found = [_empty(node) for node in section.every("EmptyStructure")]
    found += [_structure(node, as_needed) for node in section.every("Structure")]
    section.ignore(*TRANSLATIONS)
    section.nothing_else()
    return [replace(one, as_needed=as_needed) for one in found]


def _empty(node: Node) -> Structure:
    first, last = _dates(node)
    node.nothing_else()
    return Structure(node.path, first, last, None, ())


def _structure(node: Node, as_needed: bool) -> Structure:
    first, last = _dates(node)
    text = node.one("SupplementaryText")
    interval = _interval(node)
    any_day = node.one("AnyDay")
    days = [_day(any_day, ANY_DAY, as_needed)] if any_day is not None else []
    for day in node.every("Day"):
        number = whole_number(day.needed("Number"))
        if number < 1:
            raise Refused(Reason.DAY_NUMBER, day.path)
        days.append(_day(day, number, as_needed))
    if not days:
        raise Refused(Reason.MISSING_ELEMENT, f"{node.path}.Day")
    _unit(node)
    node.ignore(*TRANSLATIONS)
    node.nothing_else()
    text_path = "" if text is None else text.path
    return Structure(node.path, first, last, interval, days, "" if text is None else text.value(), text_path)


def _dates(node: Node) -> tuple[date, date | None]:
    start, end, open_ended = (node.one(name) for name in ("StartDate", "EndDate", "DosageEndingUndetermined"))
    if start is None:
        raise Refused(Reason.START_MISSING, f"{node.path}.StartDate")
    if (end is None) == (open_ended is None):
        reason = Reason.MISSING_ELEMENT if end is None else Reason.CONTRADICTORY_DOSAGE
        raise Refused(reason, f"{node.path}.EndDate")
    if open_ended is not None and not open_ended.flag():
        raise Refused(Reason.WRONG_SHAPE, open_ended.path)
    return whole_date(start.value(), start.path), None if end is None else whole_date(end.value(), end.path)


def _interval(node: Node) -> int | None:
    interval, once = node.one("IterationInterval"), node.one("NotIterated")
    if (interval is None) == (once is None):
        reason = Reason.MISSING_ELEMENT if interval is None else Reason.CONTRADICTORY_DOSAGE
        raise Refused(reason, f"{node.path}.IterationInterval")
    if interval is None:
        if once is not None and not once.flag():
            raise Refused(Reason.WRONG_SHAPE, once.path)
        return None
    days = whole_number(interval)
    if days < 1:
        raise Refused(Reason.PERIOD, interval.path)
    return days


def _day(node: Node, number: int, as_needed: bool) -> StructureDay:
    doses = [_dose(dose, as_needed) for dose in node.every("Dose")]
    node.nothing_else()
    return StructureDay(node.path, number, doses)


def _dose(node: Node, as_needed: bool) -> Dose:
    at, flag = node.one("Time"), node.one("IsAccordingToNeed")
    quantity, minimal, maximal = (node.one(n) for n in ("Quantity", "MinimalQuantity", "MaximalQuantity"))
    node.nothing_else()
    if flag is not None and flag.flag() != as_needed:
        raise Refused(Reason.CONTRADICTORY_DOSAGE, flag.path)
    word = "" if at is None else at.value()
    part = DayPart(word) if word in list(DayPart) else None
    amounts = [
        None if each is None else amount(each.value(), each.path) for each in (quantity, minimal, maximal)
    ]
    clock = whole_minute(word, at.path) if at is not None and part is None else None
    return Dose(node.path, part, clock, amounts[0], amounts[1], amounts[2], as_needed)


def whole_number(node: Node) -> int:
    """Small and without a sign; refused otherwise."""
    text = node.value()
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise Refused(Reason.WRONG_SHAPE, node.path)
    return int(text)
