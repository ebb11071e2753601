"""A medicine card becomes prescriptions, or one stable reason why not."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispenserd.fagsystem.fhir import FILE_BYTES_MAX
from dispenserd.fagsystem.mapping import Refusal, ResidentIdentity, read_bundle
from dispenserd.fagsystem.reasons import Reason
from scheduler.commands import OfferPlan
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.plan import Prescription, RefusedPrescription
from scheduler.timing import intakes_on
from scheduler.window import LocalTime

DOCUMENT = Path(__file__).parents[2] / "docs" / "fagsystem.md"
EXAMPLE = json.loads(re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[0])
RESIDENT = ResidentIdentity("0123456789abcdef0123456789abcdef", "urn:example:person", "invented-1")

LOCAL = LocalTime("Europe/Copenhagen")

Change = Callable[[dict[str, Any]], object]


def card(*changes: Change) -> bytes:
    bundle = copy.deepcopy(EXAMPLE)
    for change in changes:
        change(bundle)
    return json.dumps(bundle).encode()


def read(*changes: Change) -> OfferPlan | Refusal:
    return read_bundle(card(*changes), RESIDENT, LOCAL)


def accepted(*changes: Change) -> OfferPlan:
    offer = read(*changes)
    assert isinstance(offer, OfferPlan), offer
    return offer


def put(path: str, value: object) -> Change:
    """Set the element at a path such as `request.dosageInstruction.0.timing`."""

    def change(bundle: dict[str, Any]) -> None:
        *way, last = _steps(path)
        target: Any = bundle
        for step in way:
            target = target[step]
        if value is ...:
            del target[last]
        elif last == "+":
            target.append(value)
        else:
            target[last] = value

    return change


def drop(path: str) -> Change:
    return put(path, ...)


def _steps(path: str) -> list[Any]:
    for name, real in (
        ("patient", "entry.0.resource"),
        ("request", "entry.1.resource"),
        ("dosage", "entry.1.resource.dosageInstruction.0"),
        ("repeat", "entry.1.resource.dosageInstruction.0.timing.repeat"),
        ("dose", "entry.1.resource.dosageInstruction.0.doseAndRate.0"),
        ("med", "entry.1.resource.contained.0"),
    ):
        if path.split(".")[0] == name:
            path = real + path.removeprefix(name)
            break
    return [int(step) if step.isdigit() else step for step in path.split(".")]


def another(**elements: object) -> dict[str, Any]:
    request: dict[str, Any] = copy.deepcopy(EXAMPLE["entry"][1]["resource"])
    request.update(elements)
    return {"resource": request}


def dosage(**repeat: object) -> dict[str, Any]:
    one: dict[str, Any] = copy.deepcopy(EXAMPLE["entry"][1]["resource"]["dosageInstruction"][0])
    one["timing"]["repeat"] = {"boundsPeriod": {"start": "2026-11-02"}, **repeat}
    return one


# --- what is understood -----------------------------------------------------------------------------


def test_the_documents_example_is_a_card() -> None:
    offer = accepted()
    intakes = (Intake(Decimal(2), DayPart.MORNING), Intake(Decimal(2), DayPart.EVENING))
    assert offer == OfferPlan(
        resident=RESIDENT.key,
        card_version=7,
        prescriptions=(
            Prescription(
                "paracetamol-1",
                "N02BE01",
                "500 mg",
                Dosage("tablet", (cycle(date(2026, 11, 2), None, 1, intakes),)),
            ),
        ),
        fingerprint=hashlib.sha256(card()).hexdigest(),
        ended=frozenset(),
    )


def test_clock_times_on_every_second_day_are_all_of_them_on_every_second_day() -> None:
    offer = accepted(
        put("dosage", dosage(frequency=2, period=2, periodUnit="d", timeOfDay=["20:00:00", "08:00:00"]))
    )
    (one,) = offer.prescriptions[0].dosage.periods
    assert one.every_days == 2
    assert [intake.clock for intake in one.days[0].intakes] == [time(8), time(20)]


def test_times_without_a_period_are_daily() -> None:
    (one,) = accepted(put("dosage", dosage(timeOfDay=["08:00:00"]))).prescriptions[0].dosage.periods
    assert one.every_days == 1


def test_the_end_date_is_inclusive_and_kept() -> None:
    offer = accepted(put("repeat.boundsPeriod.end", "2026-11-02"))
    assert offer.prescriptions[0].dosage.periods[0].last == date(2026, 11, 2)


def test_a_cycle_of_unequal_days_is_one_dosage_a_day() -> None:
    first = dosage(when=["MORN"], frequency=1, period=2, periodUnit="d")
    second = dosage(
        when=["MORN"], frequency=1, period=2, periodUnit="d", boundsPeriod={"start": "2026-11-03"}
    )
    offer = accepted(put("request.dosageInstruction", [first, second]))
    assert [one.first.day for one in offer.prescriptions[0].dosage.periods] == [2, 3]


def test_half_a_tablet_is_exact() -> None:
    offer = accepted(put("dose.doseQuantity.value", 0.5), put("dose.doseQuantity.unit", "tabletter"))
    assert offer.prescriptions[0].dosage.periods[0].days[0].intakes[0].quantity == Decimal("0.5")


@pytest.mark.parametrize("status", ["on-hold", "stopped", "cancelled", "completed", "entered-in-error"])
def test_a_prescription_that_is_not_given_now_is_legal_and_absent(status: str) -> None:
    offer = accepted(put("request.status", status))
    assert offer.prescriptions == ()
    assert offer.ended == frozenset({"paracetamol-1"}), "by name (rule 21)"


def test_a_prescription_that_is_not_given_now_may_have_a_dosage_that_no_machine_follows() -> None:
    offer = accepted(
        put("entry.+", another(id="old", status="stopped", dosageInstruction=[{"text": "as before"}]))
    )
    assert [one.prescription_id for one in offer.prescriptions] == ["paracetamol-1"]


def test_the_senders_order_and_spelling_change_nothing() -> None:
    forward = [dosage(when=["MORN"]), dosage(when=["EVE"])]
    a = accepted(put("request.dosageInstruction", forward), put("entry.+", another(id="a")))
    b = accepted(
        put("request.dosageInstruction", forward[::-1]),
        put("entry.+", another(id="a")),
        lambda bundle: bundle["entry"].reverse(),
        put("type", "collection"),
    )
    assert a.prescriptions == b.prescriptions
    spelled = card().replace(b'"value": 2, "unit"', b'"value": 2.0, "unit"')
    offer = read_bundle(spelled, RESIDENT, LOCAL)
    assert isinstance(offer, OfferPlan)
    assert str(offer.prescriptions[0].dosage.periods[0].days[0].intakes[0].quantity) == "2"


def test_two_ingredients_are_one_strength() -> None:
    half = {"numerator": {"value": 30.50, "unit": "mg"}, "denominator": {"value": 1, "unit": "tablet"}}
    offer = accepted(put("med.ingredient.+", {"itemCodeableConcept": {"text": "codeine"}, "strength": half}))
    assert offer.prescriptions[0].strength == "500 mg + 30.5 mg"


def test_the_subject_may_be_named_by_url_or_identifier() -> None:
    url = "urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    accepted(put("entry.0.fullUrl", url), put("request.subject", {"reference": url}))
    person = {"system": RESIDENT.system, "value": RESIDENT.value}
    accepted(put("request.subject", {"identifier": person, "display": "Ane Opdigtet"}))


def test_what_changes_nothing_of_the_medicine_may_stand_there() -> None:
    accepted(
        put("id", "card-7"),
        put("timestamp", "2026-11-01T12:00:00+01:00"),
        put("meta", {"versionId": "3", "lastUpdated": "2026-11-01T12:00:00Z"}),
        put("patient.name", [{"text": "Ane Opdigtet", "period": {"start": "1950"}}]),
        put("patient.deceasedBoolean", False),
        put("patient.identifier.+", {"system": "urn:example:other", "value": "x", "use": "secondary"}),
        put("request.text", {"status": "generated", "div": "<div>…</div>"}),
        put("request.authoredOn", "2026-11-01"),
        put("request.requester", {"display": "Dr. Opdigtet"}),
        put("request.doNotPerform", False),
        put("med.code.coding.+", {"system": "urn:example:names", "code": "17", "display": "Panodil"}),
        put("dosage.asNeededBoolean", False),
        put("dosage.sequence", 1),
    )


# --- every refusal ------------------------------------------------------------------------------------

BUNDLE = "Bundle"
REQUEST = "Bundle.entry[1].resource"
DOSAGE = f"{REQUEST}.dosageInstruction[0]"
REPEAT = f"{DOSAGE}.timing.repeat"
DOSE = f"{DOSAGE}.doseAndRate[0]"
MED = f"{REQUEST}.contained[0]"

REFUSALS: list[tuple[Reason, str, Change]] = [
    (Reason.UNKNOWN_ELEMENT, "Bundle.signature", put("signature", {})),
    (Reason.UNKNOWN_ELEMENT, f"{REQUEST}._status", put("request._status", {"extension": []})),
    (Reason.UNKNOWN_ELEMENT, f"{REQUEST}.extension[0]", put("request.extension", [{"url": "urn:x"}])),
    (
        Reason.UNKNOWN_ELEMENT,
        f"{REQUEST}.dispenseRequest.validityPeriod",
        put("request.dispenseRequest", {"validityPeriod": {}}),
    ),
    (Reason.UNKNOWN_ELEMENT, f"{REQUEST}.?", put("request.010203-0405", 1)),
    (Reason.UNKNOWN_ELEMENT, f"{REQUEST}.meta.tag", put("request.meta", {"tag": [{"code": "SUBSETTED"}]})),
    (Reason.UNKNOWN_ELEMENT, "Bundle.entry[0].search", put("entry.0.search", {"mode": "match"})),
    (
        Reason.MODIFIER_ELEMENT,
        f"{REQUEST}.modifierExtension",
        put("request.modifierExtension", [{"url": "urn:x"}]),
    ),
    (
        Reason.MODIFIER_ELEMENT,
        "Bundle.entry[0].resource.contact[1].modifierExtension",
        put("patient.contact", [{}, {"modifierExtension": [{"url": "urn:x"}]}]),
    ),
    (Reason.MODIFIER_ELEMENT, f"{DOSAGE}.modifierExtension", put("dosage.modifierExtension", [])),
    (Reason.MODIFIER_ELEMENT, "Bundle.implicitRules", put("implicitRules", "urn:x")),
    (Reason.MISSING_ELEMENT, f"{REQUEST}.status", drop("request.status")),
    (Reason.MISSING_ELEMENT, f"{REQUEST}.id", drop("request.id")),
    (Reason.MISSING_ELEMENT, f"{REQUEST}.subject", drop("request.subject")),
    (Reason.WRONG_SHAPE, "Bundle.type", put("type", "searchset")),
    (Reason.WRONG_SHAPE, f"{REQUEST}.id", put("request.id", "../../etc")),
    (Reason.WRONG_SHAPE, f"{REQUEST}.text.status", put("request.text", {"status": "additional", "div": "x"})),
    (Reason.WRONG_SHAPE, f"{DOSE}.doseQuantity.value", put("dose.doseQuantity.value", "2")),
    (Reason.WRONG_SHAPE, f"{DOSE}.doseQuantity.value", put("dose.doseQuantity.value", True)),
    (Reason.WRONG_SHAPE, f"{REPEAT}.when", put("repeat.when", "MORN")),
    (Reason.WRONG_SHAPE, f"{MED}.ingredient[0].isActive", put("med.ingredient.0.isActive", False)),
    (
        Reason.WRONG_RESOURCE,
        "Bundle.entry[2].resource",
        put("entry.+", {"resource": {"resourceType": "Observation"}}),
    ),
    (Reason.VERSION_MISSING, "Bundle.identifier.value", drop("identifier")),
    (Reason.VERSION_MISSING, "Bundle.identifier.value", drop("identifier.value")),
    (Reason.VERSION_NOT_INTEGER, "Bundle.identifier.value", put("identifier.value", "7a")),
    (Reason.VERSION_NOT_INTEGER, "Bundle.identifier.value", put("identifier.value", "-7")),
    (Reason.VERSION_NOT_INTEGER, "Bundle.identifier.value", put("identifier.value", "\u0667")),
    (Reason.NO_PATIENT, "Bundle.entry", drop("entry.0")),
    (Reason.SEVERAL_PATIENTS, "Bundle.entry", put("entry.+", EXAMPLE["entry"][0])),
    (Reason.SEVERAL_CARDS, "Bundle.entry[2].resource", put("entry.+", {"resource": EXAMPLE})),
    (
        Reason.WRONG_PERSON,
        "Bundle.entry[0].resource.identifier",
        put("patient.identifier.0.value", "invented-2"),
    ),
    (Reason.WRONG_PERSON, "Bundle.entry[0].resource.identifier", put("patient.identifier", [])),
    (
        Reason.WRONG_PERSON,
        "Bundle.entry[0].resource.identifier",
        put("patient.identifier.+", {"system": RESIDENT.system, "value": "invented-2"}),
    ),
    (
        Reason.WRONG_PERSON,
        f"{REQUEST}.subject.identifier",
        put("request.subject.identifier", {"system": RESIDENT.system, "value": "invented-2"}),
    ),
    (Reason.PATIENT_INACTIVE, "Bundle.entry[0].resource.active", put("patient.active", False)),
    (
        Reason.PATIENT_INACTIVE,
        "Bundle.entry[0].resource.deceasedBoolean",
        put("patient.deceasedBoolean", True),
    ),
    (
        Reason.PATIENT_INACTIVE,
        "Bundle.entry[0].resource.deceasedDateTime",
        put("patient.deceasedDateTime", "2026"),
    ),
    (Reason.NO_PRESCRIPTIONS, "Bundle.entry", drop("entry.1")),
    (
        Reason.TOO_MANY,
        "Bundle.entry",
        put("entry", [EXAMPLE["entry"][0], *[another(id=f"p{n}") for n in range(201)]]),
    ),
    (Reason.TOO_MANY, f"{REQUEST}.dosageInstruction", put("request.dosageInstruction", [dosage()] * 65)),
    (
        Reason.TOO_MANY,
        f"{REPEAT}.timeOfDay",
        put("dosage", dosage(timeOfDay=[f"08:{n:02}:00" for n in range(25)])),
    ),
    (Reason.DUPLICATE_PRESCRIPTION, "Bundle.entry[2].resource.id", put("entry.+", another())),
    (
        Reason.DUPLICATE_URL,
        "Bundle.entry[1].fullUrl",
        lambda bundle: [entry.update(fullUrl="urn:x") for entry in bundle["entry"]],
    ),
    (Reason.WRONG_SUBJECT, f"{REQUEST}.subject.reference", put("request.subject.reference", "Patient/other")),
    (Reason.WRONG_SUBJECT, f"{REQUEST}.subject", put("request.subject", {})),
    (Reason.WRONG_SUBJECT, f"{REQUEST}.subject.type", put("request.subject.type", "Group")),
    (Reason.STATUS_REFUSED, f"{REQUEST}.status", put("request.status", "draft")),
    (Reason.STATUS_REFUSED, f"{REQUEST}.status", put("request.status", "unknown")),
    (Reason.INTENT_REFUSED, f"{REQUEST}.intent", put("request.intent", "plan")),
    (Reason.DO_NOT_PERFORM, f"{REQUEST}.doNotPerform", put("request.doNotPerform", True)),
    (
        Reason.MEDICATION_UNRESOLVED,
        f"{REQUEST}.medicationReference",
        put("request.medicationReference.reference", "#x"),
    ),
    (Reason.MEDICATION_UNRESOLVED, f"{REQUEST}.medicationReference", drop("request.medicationReference")),
    (
        Reason.MEDICATION_UNRESOLVED,
        f"{REQUEST}.medicationReference",
        put("request.contained.+", EXAMPLE["entry"][1]["resource"]["contained"][0]),
    ),
    (
        Reason.MEDICATION_UNRESOLVED,
        f"{REQUEST}.medicationCodeableConcept",
        put("request.medicationCodeableConcept", {"text": "paracetamol"}),
    ),
    (Reason.MEDICATION_INACTIVE, f"{MED}.status", put("med.status", "entered-in-error")),
    (Reason.UNKNOWN_CODE_SYSTEM, f"{MED}.code.coding", put("med.code.coding.0.system", "urn:x")),
    (Reason.DRUG_CODE, f"{MED}.code.coding", put("med.code.coding.0.code", "N02B")),
    (
        Reason.DRUG_CODE,
        f"{MED}.code.coding",
        put("med.code.coding.+", EXAMPLE["entry"][1]["resource"]["contained"][0]["code"]["coding"][0]),
    ),
    (Reason.STRENGTH, f"{MED}.ingredient", put("med.ingredient", [])),
    (Reason.STRENGTH, f"{MED}.ingredient[0].strength", drop("med.ingredient.0.strength")),
    (
        Reason.STRENGTH,
        f"{MED}.ingredient[0].strength.denominator",
        put("med.ingredient.0.strength.denominator.value", 2),
    ),
    (
        Reason.STRENGTH,
        f"{MED}.ingredient[0].strength.numerator.value",
        put("med.ingredient.0.strength.numerator.value", 0),
    ),
    (
        Reason.STRENGTH,
        f"{MED}.ingredient[0].strength.numerator.unit",
        put("med.ingredient.0.strength.numerator.unit", " "),
    ),
    (Reason.TEXT_NOT_COVERED, f"{REQUEST}.note", put("request.note", [{"text": "not if dizzy"}])),
    (Reason.TEXT_NOT_COVERED, f"{DOSAGE}.text", put("dosage.text", "2 tablets, not if dizzy")),
    (Reason.TEXT_NOT_COVERED, f"{DOSAGE}.additionalInstruction", put("dosage.additionalInstruction", [])),
    (Reason.TEXT_NOT_COVERED, f"{DOSAGE}.patientInstruction", put("dosage.patientInstruction", "x")),
    (Reason.NO_STRUCTURE, f"{REQUEST}.dosageInstruction", put("request.dosageInstruction", [])),
    (Reason.NO_STRUCTURE, f"{REQUEST}.dosageInstruction", drop("request.dosageInstruction")),
    (Reason.NO_STRUCTURE, f"{DOSAGE}.timing", drop("dosage.timing")),
    (Reason.NO_STRUCTURE, f"{DOSAGE}.timing", drop("repeat")),
    (Reason.NO_STRUCTURE, f"{DOSAGE}.doseAndRate", drop("dosage.doseAndRate")),
    (Reason.NO_STRUCTURE, f"{DOSE}.doseQuantity", drop("dose.doseQuantity.value")),
    (
        Reason.AS_NEEDED,
        f"{DOSAGE}.asNeededBoolean",
        lambda bundle: bundle["entry"][1]["resource"]["dosageInstruction"][0].update(
            asNeededBoolean=False, asNeededCodeableConcept={"text": "pain"}
        ),
    ),
    (Reason.RANGE, f"{DOSE}.doseRange", put("dose.doseRange", {"low": {"value": 1}})),
    (Reason.RANGE, f"{DOSE}.doseQuantity.comparator", put("dose.doseQuantity.comparator", "<")),
    (Reason.RANGE, f"{REPEAT}.frequencyMax", put("repeat.frequencyMax", 3)),
    (Reason.RANGE, f"{REPEAT}.periodMax", put("repeat.periodMax", 2)),
    *[
        (Reason.RATE, f"{DOSE}.{name}", put(f"dose.{name}", {}))
        for name in ("rateRatio", "rateRange", "rateQuantity")
    ],
    *[
        (Reason.MAX_DOSE, f"{DOSAGE}.{name}", put(f"dosage.{name}", {}))
        for name in ("maxDosePerAdministration", "maxDosePerLifetime")
    ],
    *[
        (Reason.ROUTE, f"{DOSAGE}.{name}", put(f"dosage.{name}", {"text": "x"}))
        for name in ("route", "site", "method")
    ],
    (Reason.TIMING_EVENT, f"{DOSAGE}.timing.event", put("dosage.timing.event", ["2026-11-02"])),
    (Reason.TIMING_CODE, f"{DOSAGE}.timing.code", put("dosage.timing.code", {"text": "BID"})),
    (Reason.START_MISSING, f"{REPEAT}.boundsPeriod.start", drop("repeat.boundsPeriod")),
    (Reason.START_MISSING, f"{REPEAT}.boundsPeriod.start", put("repeat.boundsPeriod", {"end": "2026-12-31"})),
    (Reason.BOUNDS_KIND, f"{REPEAT}.boundsDuration", put("repeat.boundsDuration", {"value": 7})),
    (Reason.BOUNDS_KIND, f"{REPEAT}.boundsRange", put("repeat.boundsRange", {})),
    (
        Reason.BOUNDS_INSTANT,
        f"{REPEAT}.boundsPeriod.start",
        put("repeat.boundsPeriod.start", "2026-11-02T09:00:00Z"),
    ),
    (Reason.NOT_A_DATE, f"{REPEAT}.boundsPeriod.start", put("repeat.boundsPeriod.start", "2026-02-29")),
    (Reason.NOT_A_DATE, f"{REPEAT}.boundsPeriod.end", put("repeat.boundsPeriod.end", "2026-12")),
    (Reason.BOUNDS_REVERSED, f"{REPEAT}.boundsPeriod", put("repeat.boundsPeriod.end", "2026-11-01")),
    (Reason.COUNT, f"{REPEAT}.count", put("repeat.count", 2.5)),
    (Reason.RANGE, f"{REPEAT}.countMax", put("repeat.countMax", 3)),
    *[
        (Reason.DURATION, f"{REPEAT}.{name}", put(f"repeat.{name}", 1))
        for name in ("duration", "durationMax", "durationUnit")
    ],
    (Reason.DAY_OF_WEEK, f"{REPEAT}.dayOfWeek", put("repeat.dayOfWeek", ["monday"])),
    (Reason.OFFSET, f"{REPEAT}.offset", put("repeat.offset", 30)),
    (Reason.MEAL_EVENT, f"{REPEAT}.when", put("repeat.when", ["MORN", "ACV"])),
    (Reason.DAY_PART_UNKNOWN, f"{REPEAT}.when", put("repeat.when", ["MORN", "HS"])),
    (Reason.WHEN_AND_TIME, f"{REPEAT}.timeOfDay", put("repeat.timeOfDay", ["08:00:00"])),
    (
        Reason.WHEN_AND_TIME,
        f"{REQUEST}.dosageInstruction",
        put("request.dosageInstruction.+", dosage(timeOfDay=["13:00:00"])),
    ),
    (Reason.NO_TIMES, REPEAT, put("dosage", dosage(frequency=3, period=2, periodUnit="d"))),
    (Reason.NO_TIMES, REPEAT, put("dosage", dosage())),
    (
        Reason.TIMES_A_DAY,
        f"{REPEAT}.frequency",
        put("dosage", dosage(frequency=5, period=1, periodUnit="d")),
    ),
    (Reason.NO_TIMES, REPEAT, put("repeat.when", [])),
    (Reason.TIME_OF_DAY, f"{REPEAT}.timeOfDay", put("dosage", dosage(timeOfDay=["08:00:30"]))),
    (Reason.TIME_OF_DAY, f"{REPEAT}.timeOfDay", put("dosage", dosage(timeOfDay=["24:00:00"]))),
    (Reason.TIME_OF_DAY, f"{REPEAT}.timeOfDay", put("dosage", dosage(timeOfDay=["08:00:00Z"]))),
    (Reason.FREQUENCY_MISMATCH, f"{REPEAT}.frequency", put("repeat.frequency", 3)),
    (Reason.FREQUENCY_MISMATCH, f"{REPEAT}.frequency", drop("repeat.frequency")),
    (Reason.FREQUENCY_MISMATCH, f"{REPEAT}.frequency", put("dosage", dosage(when=["MORN"], frequency=2))),
    (Reason.PERIOD, f"{REPEAT}.periodUnit", put("repeat.periodUnit", "mo")),
    (Reason.PERIOD, f"{REPEAT}.periodUnit", drop("repeat.periodUnit")),
    (Reason.PERIOD, f"{REPEAT}.period", drop("repeat.period")),
    (Reason.PERIOD, f"{REPEAT}.period", put("repeat.period", 0)),
    (Reason.PERIOD, f"{REPEAT}.period", put("repeat.period", 1.5)),
    (Reason.PERIOD, f"{REPEAT}.period", put("repeat.period", 366)),
    *[
        (Reason.QUANTITY, f"{DOSE}.doseQuantity.value", put("dose.doseQuantity.value", value))
        for value in (0, -1, 100.5, 0.0001, 1e300, 1e-300)
    ],
    (Reason.UNIT_UNKNOWN, f"{DOSE}.doseQuantity.unit", put("dose.doseQuantity.unit", "ml")),
    (Reason.UNIT_UNKNOWN, f"{DOSE}.doseQuantity.unit", drop("dose.doseQuantity.unit")),
    (Reason.UNIT_MISMATCH, f"{DOSE}.doseQuantity.unit", put("dose.doseQuantity.unit", "capsule")),
    (Reason.CONTRADICTORY_DOSAGE, f"{REPEAT}.when", put("repeat.when", ["MORN", "MORN"])),
    (Reason.CONTRADICTORY_DOSAGE, f"{DOSAGE}.doseAndRate", put("dosage.doseAndRate.+", {})),
    (
        Reason.CONTRADICTORY_DOSAGE,
        f"{REQUEST}.dosageInstruction",
        put("request.dosageInstruction.+", dosage(when=["EVE"])),
    ),
    (
        Reason.CONTRADICTORY_DOSAGE,
        f"{REQUEST}.dosageInstruction",
        put("request.dosageInstruction.+", {**dosage(when=["NOON"]), "sequence": 2}),
    ),
    (
        Reason.CONTRADICTORY_DOSAGE,
        f"{REQUEST}.dosageInstruction",
        put(
            "request.dosageInstruction.+",
            dosage(when=["EVE"], frequency=1, period=7, periodUnit="d", boundsPeriod={"start": "2026-12-24"}),
        ),
    ),
]

BYTES: list[tuple[Reason, bytes]] = [
    (Reason.JSON_BROKEN, card()[:-1]),
    (Reason.JSON_BROKEN, b""),
    (Reason.JSON_BROKEN, b"\xff\xfe{}"),
    (Reason.JSON_BROKEN, b"[" * 100_000),
    (Reason.JSON_BROKEN, b'{"a": ' * 100_000),
    (Reason.JSON_BROKEN, card().replace(b'"value": 2,', b'"value": 2' + b"0" * 5000 + b",")),
    (Reason.WRONG_SHAPE, b"[]"),
    (Reason.WRONG_SHAPE, card().replace(b'"order"', b'"\\ud800"')),
    (Reason.DUPLICATE_KEY, card().replace(b'"value": 2,', b'"value": 2, "value": 4,')),
    (Reason.NULL_VALUE, card().replace(b'"periodUnit": "d"', b'"periodUnit": null')),
    (Reason.NULL_VALUE, card().replace(b'["MORN", "EVE"]', b'["MORN", null]')),
    (Reason.NOT_A_NUMBER, card().replace(b'"value": 2,', b'"value": NaN,')),
    (Reason.NOT_A_NUMBER, card().replace(b'"value": 2,', b'"value": -Infinity,')),
    (Reason.TOO_LARGE, card() + b" " * FILE_BYTES_MAX),
]


@pytest.mark.parametrize(("reason", "path", "change"), REFUSALS)
def test_what_is_not_understood_is_refused_with_its_reason_and_path(
    reason: Reason, path: str, change: Change
) -> None:
    raw = card(change)
    assert raw != card()
    found = read_bundle(raw, RESIDENT, LOCAL)
    if ".dosageInstruction" in path:  # that prescription alone
        assert isinstance(found, OfferPlan)
        assert found.refused == (RefusedPrescription("paracetamol-1", reason.value, path, "N02BE01"),)
        assert found.prescriptions == ()
    else:
        assert found == Refusal(reason, path, hashlib.sha256(raw).hexdigest())


@pytest.mark.parametrize(("reason", "raw"), BYTES)
def test_bytes_that_are_no_card_are_refused_with_their_reason(reason: Reason, raw: bytes) -> None:
    assert raw != card()
    refusal = read_bundle(raw, RESIDENT, LOCAL)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is reason


def every(start: str, days: int, end: str | None = None) -> dict[str, Any]:
    bounds = {"start": start} | ({"end": end} if end else {})
    return dosage(when=["MORN"], frequency=1, period=days, periodUnit="d", boundsPeriod=bounds)


def test_two_cycles_contradict_from_the_date_on_which_they_first_meet() -> None:
    every_second, meets_on_the_sixth = every("2026-11-02", 2), every("2026-11-03", 3)
    (refused,) = accepted(put("request.dosageInstruction", [every_second, meets_on_the_sixth])).refused
    assert refused.reason == Reason.CONTRADICTORY_DOSAGE
    assert not accepted(
        put("request.dosageInstruction", [every_second, every("2026-11-03", 3, "2026-11-05")])
    ).refused
    assert not accepted(
        put("request.dosageInstruction", [every("2026-11-02", 2, "2026-11-05"), meets_on_the_sixth])
    ).refused


def test_dosages_that_never_meet_do_not_contradict() -> None:
    even = dosage(when=["EVE"], frequency=1, period=2, periodUnit="d")
    odd = dosage(when=["EVE"], frequency=1, period=4, periodUnit="d", boundsPeriod={"start": "2026-11-05"})
    ended = dosage(timeOfDay=["18:00:00"], boundsPeriod={"start": "2026-10-01", "end": "2026-11-01"})
    ended["sequence"] = 1
    offer = accepted(put("request.dosageInstruction", [even, odd, ended]))
    assert len(offer.prescriptions[0].dosage.periods) == 3


def test_a_dosage_that_no_machine_may_carry_out_leaves_the_other_prescriptions_in_force() -> None:
    offer = accepted(put("entry.+", another(id="steady")), put("dosage.text", "not if dizzy"))
    assert [one.prescription_id for one in offer.prescriptions] == ["steady"]
    assert [one.prescription_id for one in offer.refused] == ["paracetamol-1"]


def test_as_needed_medicine_is_kept_and_asks_for_nothing_at_any_time() -> None:
    (one,) = accepted(put("dosage.asNeededBoolean", True)).prescriptions
    assert [intake.as_needed for day in one.dosage.periods[0].days for intake in day.intakes] == [True, True]
    assert intakes_on(one.dosage, date(2026, 11, 2)) == ()


def test_a_prescription_whose_status_is_unclear_refuses_the_whole_card() -> None:
    refusal = read(put("entry.+", another(id="b", status="draft")))
    assert isinstance(refusal, Refusal)
    assert refusal.path == "Bundle.entry[2].resource.status"


def test_a_modifier_on_a_stopped_prescription_still_refuses_the_card() -> None:
    refusal = read(
        put("request.status", "stopped"), put("request.extension", []), put("request.modifierExtension", [])
    )
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.MODIFIER_ELEMENT


def test_a_resident_key_is_never_a_cpr_number_or_a_path() -> None:
    for key in ("0102034321", "../" * 11, "A" * 32, ""):
        with pytest.raises(ValueError, match="resident key"):
            ResidentIdentity(key, "urn:x", "y")


# --- whatever comes -----------------------------------------------------------------------------------

HARMLESS = {"name", "display", "div", "requester", "itemCodeableConcept"}


def places(node: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every object, array and value of the card, outside of what is not looked at."""
    found = [path]
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in HARMLESS:
                found += places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            found += places(value, (*path, index))
    return found


def at(bundle: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        bundle = bundle[step]
    return bundle


PLACES = places(EXAMPLE)
OBJECTS = [path for path in PLACES if isinstance(at(EXAMPLE, path), dict)]
NAMES = st.sampled_from(
    ["extension", "modifierExtension", "implicitRules", "_value", "validity", "condition", "", "010203-0405"]
) | st.text(max_size=12)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["MORN", "NIGHT", "active", "stopped", "d", "wk", "2026-11-03", "tablet", "08:00:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(path=st.sampled_from(OBJECTS), name=NAMES, value=JSON)
def test_an_element_we_do_not_know_is_refused_wherever_it_stands(
    path: tuple[Any, ...], name: str, value: object
) -> None:
    def add(bundle: dict[str, Any]) -> None:
        at(bundle, path).setdefault(name, value)

    offer = read(add)
    if isinstance(offer, OfferPlan) and not offer.refused:  # a name that we know, by chance
        assert offer.prescriptions == accepted().prescriptions


@settings(max_examples=300, deadline=None)
@given(path=st.sampled_from(PLACES[1:]), value=JSON)
def test_no_replaced_value_crashes_or_changes_another_prescription(
    path: tuple[Any, ...], value: object
) -> None:
    def put_there(bundle: dict[str, Any]) -> None:
        bundle["entry"].append(another(id="steady"))
        at(bundle, path[:-1])[path[-1]] = value

    offer = read(put_there)
    if isinstance(offer, OfferPlan):
        assert accepted(put("request.id", "steady")).prescriptions[0] in offer.prescriptions


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(PLACES[1:]))
def test_nothing_can_be_left_out_and_change_the_dose_unseen(path: tuple[Any, ...]) -> None:
    def remove(bundle: dict[str, Any]) -> None:
        del at(bundle, path[:-1])[path[-1]]

    offer = read(remove)
    if isinstance(offer, OfferPlan) and not offer.refused:
        (kept,), (whole,) = offer.prescriptions, accepted().prescriptions
        assert replace(kept, dosage=whole.dosage) == whole
        for day in (
            date(2026, 11, 1),
            date(2026, 11, 2),
            date(2027, 3, 28),
        ):  # "twice a day" may lose its parts
            assert intakes_on(kept.dosage, day) == intakes_on(whole.dosage, day)


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 2000), garbage=st.binary(max_size=6), length=st.integers(0, 6))
def test_damaged_bytes_never_crash_the_reader(cut: int, garbage: bytes, length: int) -> None:
    raw = card()
    read_bundle(raw[:cut] + garbage + raw[cut + length :], RESIDENT, LOCAL)
