"""From a medicine card as a FHIR bundle to prescriptions that a machine may dispense, or one reason why not.

It knows what a bundle and a prescription mean (`order` reads the dosages) and refuses what it does not
understand, with a stable code and a path, never a guess. Whose card it is, which medicine is meant and
whether it is given now: a fault there refuses the card whole. A dosage that no machine may carry out refuses
its prescription alone; the others go on, and the home tells people. It knows no files, no clock and no
accepted plan: whether the card is newer is judged where the accepted one is known. The profile:
docs/fagsystem.md.

Decisions (2026-11-22):
- `note` on a prescription refuses the card: it may speak of more than the dosage.
- `intent` plan is refused: it authorises nobody to act.
- Prescriptions that are not active keep their shape checked, because a modifier could say that they are; what
  their dosage means is not asked.
- One dosage refused (2026-11-23): had the old plan stayed in force whole, a medicine that the new card
  changed or stopped would be given on. So the new card binds; the refused medicine is on no plan, so a sachet
  that holds it is no dose's content and is held (S3), and the incident says which prescription and why.

Not in force: the issuer's signature (rule 19).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from dispenserd.fagsystem.fhir import (
    Bundle,
    Identifier,
    Medication,
    MedicationRequest,
    Patient,
    Quantity,
    Ratio,
    Reference,
    must_have_no_modifier,
    parse_json,
    shaped,
)
from dispenserd.fagsystem.fmk import exact
from dispenserd.fagsystem.order import must_be_known, ordered
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import SACHET_DECIMALS_MAX, SACHET_UNITS, Unit, decimals, unit_of_coded
from scheduler.commands import OfferPlan
from scheduler.plan import Prescription, RefusedPrescription
from scheduler.window import LocalTime

ATC_SYSTEM = "http://www.whocc.no/atc"
ATC_CODE = re.compile(r"[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}")
"""Level five: one substance. A shorter code is a group of drugs."""

STRENGTH_UNIT = re.compile(r"\S(.{0,18}\S)?")
"""`mg`, `mikrogram`, `mio. IE`: short enough for a sachet's label."""

INTENTS = frozenset({"order", "original-order"})
ACTIVE = "active"
NOT_NOW = frozenset({"on-hold", "stopped", "cancelled", "completed", "entered-in-error"})

PRESCRIPTIONS_MAX = 200
"""Ten times what the most medicated resident has."""

VERSION = re.compile(r"[1-9][0-9]{0,14}")
"""Fifteen digits fit every integer that stores or carries it."""
RESIDENT_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ResidentIdentity:
    """The permanent resident key, and the Patient.identifier of the person it stands for."""

    key: str
    system: str
    value: str

    def __post_init__(self) -> None:
        if not RESIDENT_KEY.fullmatch(self.key):
            raise ValueError("a resident key is 32 hexadecimal characters")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the card was refused whole, and where; never what it says there."""

    reason: Reason
    path: str
    fingerprint: str


def read_bundle(raw: bytes, resident: ResidentIdentity, local: LocalTime) -> OfferPlan | Refusal:
    """The card in these bytes. `fingerprint` is their SHA-256."""
    fingerprint = hashlib.sha256(raw).hexdigest()
    try:
        bundle = shaped(Bundle, parse_json(raw, "Bundle"), "Bundle")
        version = _card_version(bundle)
        patient_names, requests = _contents(bundle, resident)
        read = [_prescription(one, path, patient_names, resident, local) for one, path in requests]
        ended = frozenset(one.id for one, _ in requests if one.status in NOT_NOW)
    except Refused as refused:
        return Refusal(refused.reason, refused.path, fingerprint)
    by_id = sorted((one for one in read if one is not None), key=lambda one: one.prescription_id)
    active = tuple(one for one in by_id if isinstance(one, Prescription))
    left = tuple(one for one in by_id if isinstance(one, RefusedPrescription))
    return OfferPlan(resident.key, version, active, fingerprint, left, ended)


# --- the bundle ---------------------------------------------------------------------------------------


def _card_version(bundle: Bundle) -> int:
    path = "Bundle.identifier.value"
    if bundle.identifier is None or bundle.identifier.value is None:
        raise Refused(Reason.VERSION_MISSING, path)
    if not VERSION.fullmatch(bundle.identifier.value):
        raise Refused(Reason.VERSION_NOT_INTEGER, path)
    return int(bundle.identifier.value)


def _contents(
    bundle: Bundle, resident: ResidentIdentity
) -> tuple[frozenset[str], list[tuple[MedicationRequest, str]]]:
    """What references may call the one Patient, and the prescriptions with their paths."""
    patients: list[frozenset[str]] = []
    requests: list[tuple[MedicationRequest, str]] = []
    urls: set[str] = set()
    for index, entry in enumerate(bundle.entry):
        path = f"Bundle.entry[{index}].resource"
        must_have_no_modifier(entry.resource, path, besides="dosageInstruction")
        if entry.fullUrl is not None and entry.fullUrl in urls:
            raise Refused(Reason.DUPLICATE_URL, f"Bundle.entry[{index}].fullUrl")
        urls |= {entry.fullUrl} if entry.fullUrl else set()
        match entry.resource.get("resourceType"):
            case "Patient":
                patient = shaped(Patient, entry.resource, path)
                _must_be_resident(patient, path, resident)
                own = {f"Patient/{patient.id}"} if patient.id else set()
                patients.append(frozenset(own | ({entry.fullUrl} if entry.fullUrl else set())))
            case "MedicationRequest":
                request = shaped(MedicationRequest, entry.resource, path)
                must_be_known(request.extension, path)
                requests.append((request, path))
            case "Bundle":
                raise Refused(Reason.SEVERAL_CARDS, path)
            case _:
                raise Refused(Reason.WRONG_RESOURCE, path)
    if len(patients) != 1:
        raise Refused(Reason.SEVERAL_PATIENTS if patients else Reason.NO_PATIENT, "Bundle.entry")
    _must_be_distinct(requests)
    return patients[0], requests


def _must_be_resident(patient: Patient, path: str, resident: ResidentIdentity) -> None:
    """S3: the identifier that the configuration ties to this home's resident, and none that denies it."""
    in_system = {one.value for one in patient.identifier if one.system == resident.system}
    if in_system != {resident.value}:
        raise Refused(Reason.WRONG_PERSON, f"{path}.identifier")
    if patient.active is False:
        raise Refused(Reason.PATIENT_INACTIVE, f"{path}.active")
    if patient.deceasedBoolean:
        raise Refused(Reason.PATIENT_INACTIVE, f"{path}.deceasedBoolean")
    if patient.deceasedDateTime is not None:
        raise Refused(Reason.PATIENT_INACTIVE, f"{path}.deceasedDateTime")


def _must_be_distinct(requests: Sequence[tuple[MedicationRequest, str]]) -> None:
    if not requests:  # rule 21: an empty card is a fault of access, no withdrawal
        raise Refused(Reason.NO_PRESCRIPTIONS, "Bundle.entry")
    if len(requests) > PRESCRIPTIONS_MAX:
        raise Refused(Reason.TOO_MANY, "Bundle.entry")
    seen: set[str] = set()
    for request, path in requests:
        if request.id in seen:
            raise Refused(Reason.DUPLICATE_PRESCRIPTION, f"{path}.id")
        seen.add(request.id)


# --- one prescription -----------------------------------------------------------------------------------


def _prescription(
    request: MedicationRequest,
    path: str,
    patient_names: frozenset[str],
    resident: ResidentIdentity,
    local: LocalTime,
) -> Prescription | RefusedPrescription | None:
    """The prescription, or None where its status says that it is not given now. A dosage that no machine may
    carry out leaves the rest of the card in force, and its prescription to people."""
    _must_be_about(request.subject, f"{path}.subject", patient_names, resident)
    if request.status in NOT_NOW:
        return None
    must_be_active(request, path)
    medication, medication_path = _medication(request, path)
    drug = _atc(medication, f"{medication_path}.code")
    strength, unit = _strength(medication, f"{medication_path}.ingredient")
    try:
        read = ordered(request, path, local, unit)
        if unit is None and read.dosage.unit in SACHET_UNITS:  # a tablet whose strength is per millilitre
            raise Refused(Reason.UNIT_MISMATCH, f"{medication_path}.ingredient")
    except Refused as refused:
        return RefusedPrescription(request.id, refused.reason.value, refused.path, drug)
    if read.every_refusal:
        first = read.every_refusal[0]
        return RefusedPrescription(request.id, first.reason.value, first.path, drug)
    return Prescription(request.id, drug, strength, replace(read.dosage, unit=unit or read.dosage.unit))


def must_be_active(request: MedicationRequest, path: str) -> None:
    """An order in force, and nothing said about it that no machine can follow."""
    if request.status != ACTIVE:
        raise Refused(Reason.STATUS_REFUSED, f"{path}.status")
    if request.intent not in INTENTS:
        raise Refused(Reason.INTENT_REFUSED, f"{path}.intent")
    if request.doNotPerform:
        raise Refused(Reason.DO_NOT_PERFORM, f"{path}.doNotPerform")
    if request.note is not None:
        raise Refused(Reason.TEXT_NOT_COVERED, f"{path}.note")


def _must_be_about(
    subject: Reference, path: str, patient_names: frozenset[str], resident: ResidentIdentity
) -> None:
    if subject.type not in (None, "Patient"):
        raise Refused(Reason.WRONG_SUBJECT, f"{path}.type")
    if subject.reference is None and subject.identifier is None:
        raise Refused(Reason.WRONG_SUBJECT, path)
    if subject.reference is not None and subject.reference not in patient_names:
        raise Refused(Reason.WRONG_SUBJECT, f"{path}.reference")
    if subject.identifier is not None and not _is_resident(subject.identifier, resident):
        raise Refused(Reason.WRONG_PERSON, f"{path}.identifier")


def _is_resident(identifier: Identifier, resident: ResidentIdentity) -> bool:
    return (identifier.system, identifier.value) == (resident.system, resident.value)


def _medication(request: MedicationRequest, path: str) -> tuple[Medication, str]:
    if request.medicationCodeableConcept is not None:  # names a drug, not its strength
        raise Refused(Reason.MEDICATION_UNRESOLVED, f"{path}.medicationCodeableConcept")
    wanted = request.medicationReference.reference if request.medicationReference else None
    found = [
        (one, f"{path}.contained[{index}]")
        for index, one in enumerate(request.contained)
        if one.id is not None and f"#{one.id}" == wanted
    ]
    if len(found) != 1 or len(request.contained) != 1:
        raise Refused(Reason.MEDICATION_UNRESOLVED, f"{path}.medicationReference")
    medication, where = found[0]
    must_be_in_use(medication, where)
    return medication, where


def must_be_in_use(medication: Medication, path: str) -> None:
    if medication.status not in (None, ACTIVE):
        raise Refused(Reason.MEDICATION_INACTIVE, f"{path}.status")


def _atc(medication: Medication, path: str) -> str:
    codes = [coding.code for coding in medication.code.coding if coding.system == ATC_SYSTEM]
    if not codes:
        raise Refused(Reason.UNKNOWN_CODE_SYSTEM, f"{path}.coding")
    if len(codes) > 1 or codes[0] is None or not ATC_CODE.fullmatch(codes[0]):
        raise Refused(Reason.DRUG_CODE, f"{path}.coding")
    return codes[0]


def _strength(medication: Medication, path: str) -> tuple[str, str | None]:
    """("500 mg", "tablet"): the strength of one dosing unit as written on a sachet, and that unit. What is in
    no sachet has ("100 IE/ml", None): its dosage says what is counted."""
    if not medication.ingredient:
        raise Refused(Reason.STRENGTH, path)
    amounts: list[str] = []
    units: set[str] = set()
    for index, ingredient in enumerate(medication.ingredient):
        where = f"{path}[{index}].strength"
        if ingredient.strength is None:
            raise Refused(Reason.STRENGTH, where)
        amounts.append(_amount_per_unit(ingredient.strength, where))
        units.add(_unit(ingredient.strength.denominator, f"{where}.denominator").singular)
    if len(units) != 1:
        raise Refused(Reason.UNIT_MISMATCH, path)
    per = units.pop()
    packed = SACHET_UNITS.get(per)
    return (" + ".join(amounts), packed) if packed else (f"{' + '.join(amounts)}/{per}", None)


def _unit(quantity: Quantity, path: str) -> Unit:
    return unit_of_coded(quantity.unit, quantity.system, quantity.code, path)


def _amount_per_unit(strength: Ratio, path: str) -> str:
    one = strength.denominator
    if one.value != 1 or one.comparator is not None:
        raise Refused(Reason.STRENGTH, f"{path}.denominator")
    amount = strength.numerator
    known = amount.value is not None and 0 < amount.value < 10**9 and amount.comparator is None
    if not known or amount.value is None:
        raise Refused(Reason.STRENGTH, f"{path}.numerator.value")
    if amount.unit is None or not STRENGTH_UNIT.fullmatch(amount.unit) or not amount.unit.isprintable():
        raise Refused(Reason.STRENGTH, f"{path}.numerator.unit")
    _unit(amount, f"{path}.numerator")  # word and code say one thing
    if decimals(amount.value) > SACHET_DECIMALS_MAX:
        raise Refused(Reason.STRENGTH, f"{path}.numerator.value")
    return f"{exact(Decimal(amount.value))} {amount.unit}"
