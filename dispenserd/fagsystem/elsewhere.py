"""What was given elsewhere, as the fagsystem knows it: `<root>/<resident key>/elsewhere.json` (rule 8).

A FHIR bundle of the MedicationAdministrations that this home had no part in; its `timestamp` is the instant
until which the sender knows. It is read as strictly as a card and refused whole: knowledge half read would
count too little. A file that can't be read leaves what was known, which grows old, so that a person is asked.
Our own administrations in it are left out: the home counts those itself.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import structlog
from pydantic import Field

from dispenserd.fagsystem.administration import IDENTIFIER_SYSTEM
from dispenserd.fagsystem.fhir import (
    Element,
    Harmless,
    Identifier,
    Quantity,
    Reference,
    Resource,
    parse_json,
    shaped,
)
from dispenserd.fagsystem.folder import bytes_of
from dispenserd.fagsystem.mapping import ResidentIdentity
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import sound_quantity
from scheduler.commands import ReportElsewhere
from scheduler.events import GivenElsewhere
from scheduler.instant import from_iso

ELSEWHERE_NAME = "elsewhere.json"
PRESCRIPTION = "MedicationRequest/"
GIVEN_MAX = 500
"""Two days of all that one person could be given, many times over."""


class _Dosage(Element):
    dose: Quantity


class _Administration(Resource):
    """`status`: what was not done or entered in error was not given; anything else that is not said plainly
    refuses the file."""

    resourceType: Literal["MedicationAdministration"]
    identifier: list[Identifier] = Field(default_factory=list)
    status: Literal["completed", "not-done", "entered-in-error"]
    statusReason: Harmless = None
    category: Harmless = None
    medicationCodeableConcept: Harmless = None
    subject: Reference
    effectiveDateTime: str
    performer: Harmless = None
    reasonCode: Harmless = None
    request: Reference
    dosage: _Dosage | None = None


class _Entry(Element):
    fullUrl: Harmless = None
    resource: _Administration


class _Bundle(Resource):
    resourceType: Literal["Bundle"]
    type: Literal["collection"]
    timestamp: str
    entry: list[_Entry] = Field(default_factory=list, max_length=GIVEN_MAX)


def read_elsewhere(raw: bytes, resident: ResidentIdentity) -> ReportElsewhere:
    """What is in these bytes; Refused with the first fault."""
    bundle = shaped(_Bundle, parse_json(raw, "Bundle"), "Bundle")
    given: list[GivenElsewhere] = []
    for index, entry in enumerate(bundle.entry):
        one, path = entry.resource, f"Bundle.entry[{index}].resource"
        subject = one.subject.identifier
        if subject is None or (subject.system, subject.value) != (resident.system, resident.value):
            raise Refused(Reason.WRONG_PERSON, f"{path}.subject.identifier")
        ours = any(each.system == IDENTIFIER_SYSTEM for each in one.identifier)
        if one.status == "completed" and not ours:
            given.append(_given(one, path))
    return ReportElsewhere(resident.key, _instant(bundle.timestamp, "Bundle.timestamp"), tuple(given))


class ElsewhereFile:
    """The file as it was at the last poll."""

    def __init__(self, root: Path, resident: ResidentIdentity) -> None:
        self._path = root / resident.key / ELSEWHERE_NAME
        self._resident = resident
        self._seen = ""

    def poll(self) -> ReportElsewhere | None:
        """What it says, once for each content; None where it says nothing new, or can't be read."""
        try:
            raw = bytes_of(self._path)
        except OSError:
            return None
        fingerprint = hashlib.sha256(raw).hexdigest()
        if fingerprint == self._seen:
            return None
        self._seen = fingerprint
        try:
            return read_elsewhere(raw, self._resident)
        except Refused as refused:
            structlog.get_logger().warning("elsewhere refused", reason=refused.reason.value)
            return None


def _given(one: _Administration, path: str) -> GivenElsewhere:
    reference = one.request.reference or ""
    if not reference.startswith(PRESCRIPTION):
        raise Refused(Reason.MEDICATION_UNRESOLVED, f"{path}.request.reference")
    value = one.dosage.dose.value if one.dosage is not None else None
    if value is None or not sound_quantity(value):
        raise Refused(Reason.QUANTITY, f"{path}.dosage.dose.value")
    at = _instant(one.effectiveDateTime, f"{path}.effectiveDateTime")
    return GivenElsewhere(reference.removeprefix(PRESCRIPTION), at, Decimal(value))


def _instant(text: str, path: str) -> datetime:
    try:
        at = from_iso(text)
    except ValueError:
        raise Refused(Reason.NOT_A_DATE, path) from None
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
