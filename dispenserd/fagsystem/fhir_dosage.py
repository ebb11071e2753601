"""FHIR's dosage instructions as parts of the canonical dosage.

It knows a `Dosage`: amounts, as needed, everything that stands beside a timing; `fhir_timing` knows when.
`mapping` calls it for each active prescription of a card, `read_dosage` for a single file. What it can't
carry out to the letter it refuses with a reason.

Decisions (2026-11-22, as needed 2026-11-23):
- Text on a dosage (`text`, `patientInstruction`, `additionalInstruction`) refuses it. We can't know whether a
  text only repeats the structure or says "not if dizzy", and showing it beside a dose that the robot hands
  out anyway would leave the condition to chance. Senders leave it out.
- One prescription may not name day parts and clock times on one date: whether they meet would depend on the
  home's clock mapping, and a change of that mapping would make one dose of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations, product
from math import gcd

from dispenserd.fagsystem.fhir import (
    CodeableConcept,
    DosageInstruction,
    DoseAndRate,
    Element,
    Number,
    Quantity,
    shaped,
)
from dispenserd.fagsystem.fhir_needed import as_needed
from dispenserd.fagsystem.fhir_timing import START_UNKNOWN, periods
from dispenserd.fagsystem.fmk import exact
from dispenserd.fagsystem.parts import DECIMALS_MAX, QUANTITY_MAX, Imported, Part, Refusal, judged
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import Unit, decimals, known_unit, sound_quantity, unit_of_coded
from scheduler.dosage import Intake, Period
from scheduler.timing import dates
from scheduler.window import LocalTime

DOSAGES_MAX = 64
"""An FMK cycle of unequal days needs one a day; longer ones than two months are no daily medicine."""
DAYS_MAX = 128
"""Days of all cycles of one prescription: each is held against each."""


def imported(
    plain: Sequence[object],
    path: str,
    local: LocalTime,
    sachet_unit: str | None = None,
    alone: bool = False,
) -> Imported:
    """The dosage of all instructions. `sachet_unit`: what one unit of the medicine in a sachet is called;
    None where no sachet is meant. `alone`: one instruction that stands in no list and no card."""
    if not plain:
        raise Refused(Reason.NO_STRUCTURE, path)
    if len(plain) > DOSAGES_MAX:
        raise Refused(Reason.TOO_MANY, path)
    parts: list[Part] = []
    units: list[Unit] = []
    owners: list[tuple[int | None, Part]] = []
    words: list[str] = []
    for index, one in enumerate(plain):
        where = path if alone else f"{path}[{index}]"
        try:
            instruction = shaped(DosageInstruction, one, where)
            made, unit = instruction_parts(instruction, where, local, sachet_unit, alone)
        except Refused as fault:
            parts.append(Part(None, (Refusal(fault.reason, fault.path),), _hint(one)))
            words += [_words(one[name]) for name in TEXTS if isinstance(one, dict) and name in one]
            continue
        parts += made
        units.append(unit)
        owners += [(instruction.sequence, part) for part in made]
    refused = [Refusal(reason, path) for reason in _beside(owners, units)]
    unit = units[0] if units else Unit("", "")
    told = "" if owners else ", ".join(word for word in words if word)
    return Imported(unit.singular, tuple(parts), tuple(refused), told, plural=unit.plural)


def instruction_parts(
    instruction: DosageInstruction,
    path: str,
    local: LocalTime,
    sachet_unit: str | None = None,
    alone: bool = False,
) -> tuple[list[Part], Unit]:
    """The periods of one instruction and what their amounts count; Refused with the first fault."""
    _must_be_plain(instruction, path)
    texts = _texts(instruction, path)
    needed = bool(instruction.asNeededBoolean) or instruction.asNeededCodeableConcept is not None
    if instruction.timing is None and not needed:
        raise texts[0][0] if texts else Refused(Reason.NO_STRUCTURE, f"{path}.timing")
    if instruction.timing is not None:
        _must_lack(instruction.timing, "event", Reason.TIMING_EVENT, f"{path}.timing")
    intake, unit, amount_path = _amount(instruction, f"{path}.doseAndRate", sachet_unit)
    if needed:
        made = as_needed(instruction, path, replace(intake, as_needed=True), unit, local)
    else:
        if instruction.maxDosePerPeriod is not None:
            raise Refused(Reason.MAX_DOSE, f"{path}.maxDosePerPeriod")
        assert instruction.timing is not None
        if instruction.timing.repeat is None and instruction.timing.code is None:
            raise Refused(Reason.NO_STRUCTURE, f"{path}.timing")
        made = periods(instruction.timing, f"{path}.timing", intake, local, alone)

    def name(day: int | None, intake: int | None) -> str:
        if intake is not None:
            return amount_path
        return f"{path}.timing.repeat" if day is None else f"{path}.timing.repeat.frequency"

    main, words = max(made, key=_length), ", ".join(word for _, word in texts if word)
    found = [Refusal(fault.reason, fault.path) for fault, _ in texts]
    return [
        replace(judged(replace(period, text=words), name, found), cut=period is not main) for period in made
    ], unit


def _length(period: Period) -> timedelta:
    return (period.last or date.max) - period.first


def _hint(plain: object) -> str:
    """What a dosage that is not understood is about, for people."""
    if not isinstance(plain, dict):
        return ""
    if plain.get("asNeededBoolean") is True or "asNeededCodeableConcept" in plain:
        return "pn"
    return "fixed" if "timing" in plain else ""


def _must_be_plain(instruction: DosageInstruction, path: str) -> None:
    """Everything on a dosage that we can't carry out refuses it."""
    if instruction.route is not None and not _by_mouth(instruction.route):
        raise Refused(Reason.ROUTE, f"{path}.route")
    for name, reason in (
        ("site", Reason.ROUTE),
        ("method", Reason.ROUTE),
        ("maxDosePerAdministration", Reason.MAX_DOSE),
        ("maxDosePerLifetime", Reason.MAX_DOSE),
    ):
        _must_lack(instruction, name, reason, path)
    if instruction.asNeededBoolean is False and instruction.asNeededCodeableConcept is not None:
        raise Refused(Reason.AS_NEEDED, f"{path}.asNeededBoolean")


TEXTS = ("text", "patientInstruction", "additionalInstruction")


def _texts(instruction: DosageInstruction, path: str) -> list[tuple[Refused, str]]:
    """Each refuses the dosage, and is shown with it."""
    return [
        (Refused(Reason.TEXT_NOT_COVERED, f"{path}.{name}"), _words(value))
        for name in TEXTS
        if (value := getattr(instruction, name)) is not None
    ]


def _words(value: object) -> str:
    """Those that somebody wrote, wherever in the element they stand."""
    if isinstance(value, list):
        return ", ".join(word for each in value if (word := _words(each)))
    text = value.get("text") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""


BY_MOUTH = frozenset({("http://snomed.info/sct", "26643006"), ("http://standardterms.edqm.eu", "20053000")})
BY_MOUTH_WORDS = frozenset({"oral", "oral route", "oral use", "oral anvendelse", "peroral", "gennem munden"})


def _by_mouth(route: object) -> bool:
    """By mouth is how a robot's medicine is taken anyway; any other way needs a person."""
    try:
        concept = shaped(CodeableConcept, route, "")
    except Refused:
        return False
    codes = {(coding.system, coding.code) for coding in concept.coding}
    worded = concept.text is None or concept.text.strip().casefold() in BY_MOUTH_WORDS
    return bool(codes) and codes <= BY_MOUTH and worded


def _must_lack(element: Element, name: str, reason: Reason, path: str) -> None:
    if getattr(element, name) is not None:
        raise Refused(reason, f"{path}.{name}")


# --- how much -------------------------------------------------------------------------------------------


def _amount(instruction: DosageInstruction, path: str, sachet_unit: str | None) -> tuple[Intake, Unit, str]:
    """One administration, its unit, and where its amount stands."""
    if not instruction.doseAndRate:
        raise Refused(Reason.NO_STRUCTURE, path)
    if len(instruction.doseAndRate) > 1:  # two amounts for one time
        raise Refused(Reason.CONTRADICTORY_DOSAGE, path)
    dose, path = instruction.doseAndRate[0], f"{path}[0]"
    for name in ("rateRatio", "rateRange", "rateQuantity"):
        _must_lack(dose, name, Reason.RATE, path)
    if dose.doseRange is not None:
        return _range(dose, f"{path}.doseRange")
    quantity, path = dose.doseQuantity, f"{path}.doseQuantity"
    if quantity is None or quantity.value is None:
        raise Refused(Reason.NO_STRUCTURE, path)
    _must_lack(quantity, "comparator", Reason.RANGE, path)
    return (
        Intake(_counted(quantity.value, f"{path}.value", sachet_unit)),
        _unit(quantity, path, sachet_unit),
        path,
    )


def _counted(value: Number, path: str, sachet_unit: str | None) -> Decimal:
    sound = (
        sound_quantity(value)
        if sachet_unit
        else 0 < value <= QUANTITY_MAX and decimals(value) <= DECIMALS_MAX
    )
    if not sound:
        raise Refused(Reason.QUANTITY, path)
    return exact(Decimal(value))


def _unit(quantity: Quantity, path: str, sachet_unit: str | None) -> Unit:
    unit = unit_of_coded(quantity.unit, quantity.system, quantity.code, path)
    if sachet_unit is not None and known_unit(unit.singular, f"{path}.unit") != sachet_unit:
        raise Refused(Reason.UNIT_MISMATCH, f"{path}.unit")
    return unit


def _range(dose: DoseAndRate, path: str) -> tuple[Intake, Unit, str]:
    """Kept to be shown; `judged` refuses it. A range that is none is refused at once."""
    plain = dose.doseRange
    try:
        low, high = (shaped(Quantity, plain.get(name), path) for name in ("low", "high"))
    except (AttributeError, Refused):
        raise Refused(Reason.RANGE, path) from None
    units = {unit_of_coded(each.unit, each.system, each.code, path) for each in (low, high)}
    if dose.doseQuantity is not None or low.value is None or high.value is None or len(units) != 1:
        raise Refused(Reason.RANGE, path)
    if low.comparator is not None or high.comparator is not None or not low.value < high.value:
        raise Refused(Reason.RANGE, path)
    amounts = (_counted(each, path, None) for each in (low.value, high.value))
    return Intake(next(amounts), maximal=next(amounts)), units.pop(), path


# --- instructions beside each other ---------------------------------------------------------------------


def _beside(owners: Sequence[tuple[int | None, Part]], units: Sequence[Unit]) -> list[Reason]:
    """Instructions of one prescription may share dates only at other times and in one sequence, and what is
    as needed no date at all: nobody could say which amount, under which limit."""
    if len({unit.singular for unit in units}) > 1:
        return [Reason.UNIT_MISMATCH]
    needed = [part.period for _, part in owners if part.period is not None and part.period.as_needed]
    if any(_share_dates(a, b) for a, b in combinations(needed, 2)):
        return [Reason.CONTRADICTORY_DOSAGE]
    if _against_their_order(owners):
        return [Reason.CONTRADICTORY_DOSAGE]
    fixed = [
        (sequence, part.period) for sequence, part in owners if part.period is not None and part.period.fixed
    ]
    if sum(len(period.days) for _, period in fixed) > DAYS_MAX:
        return [Reason.TOO_MANY]
    rows = [(sequence, _alike(period)) for sequence, period in fixed]
    for (first, a), (second, b) in combinations(rows, 2):
        for (one, some), (other, others) in product(a, b):
            reason = _together(one, other, first == second)
            if reason is not None and any(_meet(x, y) for x in some for y in others):
                return [reason]
    return []


def _share_dates(a: Period, b: Period) -> bool:
    return a.first <= (b.last or date.max) and b.first <= (a.last or date.max)


def _against_their_order(owners: Sequence[tuple[int | None, Part]]) -> bool:
    """A higher number comes later: dates that say the opposite leave nothing to go by."""
    numbered = [
        (number, part.period) for number, part in owners if number is not None and part.period is not None
    ]
    return any(
        (first < second and a.first > b.first) or (first > second and a.first < b.first)
        for (first, a), (second, b) in combinations(numbered, 2)
        if START_UNKNOWN not in (a.first, b.first)
    )


def _alike(period: Period) -> list[tuple[Sequence[Intake], list[range]]]:
    """What is taken, and each row of dates on which it is."""
    found: dict[tuple[Intake, ...], list[range]] = {}
    for day in period.days:
        found.setdefault(day.intakes, []).append(dates(period, day))
    return list(found.items())


def _together(a: Sequence[Intake], b: Sequence[Intake], at_once: bool) -> Reason | None:
    if not at_once:  # FHIR: different sequence numbers follow each other
        return Reason.CONTRADICTORY_DOSAGE
    plain = [each.plain for each in (*a, *b)]
    if any(plain):
        return Reason.CONTRADICTORY_DOSAGE if all(plain) else Reason.PLAIN_BESIDE_TIMES
    if {(each.part, each.clock) for each in a} & {(each.part, each.clock) for each in b}:
        return Reason.CONTRADICTORY_DOSAGE
    if {each.part is None for each in a} != {each.part is None for each in b}:
        return Reason.WHEN_AND_TIME
    return None


def _meet(a: range, b: range) -> bool:
    """Whether two rows of dates have one in common, without walking them."""
    if not a or not b:
        return False
    common = gcd(a.step, b.step)
    apart = b.start - a.start
    if apart % common:
        return False
    turns = b.step // common
    step = a.step * turns
    first = a.start + a.step * (apart // common * pow(a.step // common, -1, turns) % turns)
    first += max(0, -((first - max(a.start, b.start)) // step)) * step
    return first < min(a.stop, b.stop)
