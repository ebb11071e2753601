"""One dosage in one file, in any of the formats that we read: which it is, and what it says.

It knows how formats are told apart. `dispenserd dosage explain` calls it; a home reads whole cards
(`mapping`). The size is checked before anything is parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from dispenserd.fagsystem import fmk_json
from dispenserd.fagsystem.fhir import (
    DosageInstruction,
    MedicationRequest,
    Timing,
    must_have_no_modifier,
    parse_json,
    shaped,
)
from dispenserd.fagsystem.fhir_dosage import imported
from dispenserd.fagsystem.fhir_timing import periods
from dispenserd.fagsystem.fmk_any import BYTES_MAX, PARTS_MAX, looks_like_xml, of_tree
from dispenserd.fagsystem.mapping import must_be_active, must_be_in_use
from dispenserd.fagsystem.order import must_be_known, ordered
from dispenserd.fagsystem.parts import Imported, Part, Refusal, judged, refused_whole
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.xml_tree import parse
from scheduler.dosage import Intake
from scheduler.window import LocalTime

DOSE = "dosis"
"""What a Timing counts: it has times and no amount."""

TIMING_KEYS = frozenset({"repeat", "event", "code"})
DOSAGE_KEYS = frozenset(DosageInstruction.model_fields) - {"id"}
DATA_TYPES = ("Dosage", "Timing")
"""FHIR's data types are no resources; a file with one may say all the same what it is."""


def read_dosage(raw: bytes, local: LocalTime) -> Imported:
    """The dosage as far as it is understood, with every refusal; never an exception for what is in the
    file."""
    try:
        if len(raw) > BYTES_MAX:
            raise Refused(Reason.TOO_LARGE, "")
        if looks_like_xml(raw):
            return of_tree(parse(raw))
        return _json(raw, local)
    except Refused as refused:
        return refused_whole(refused)


def _json(raw: bytes, local: LocalTime) -> Imported:
    plain = parse_json(raw, "", nulls=True, bytes_max=BYTES_MAX, parts_max=PARTS_MAX)
    if not isinstance(plain, dict):
        raise Refused(Reason.FORMAT_UNKNOWN, "")
    if plain.keys() & fmk_json.ROOT_KEYS:
        return fmk_json.read(plain)
    parse_json(raw, "", bytes_max=BYTES_MAX)  # FHIR has no null
    if plain.get("resourceType") in DATA_TYPES:
        plain = {name: value for name, value in plain.items() if name != "resourceType"}
    if "resourceType" in plain:
        return _resource(plain, local)
    if plain.keys() & DOSAGE_KEYS:
        return imported([plain], "Dosage", local, alone=True)
    if plain.keys() & TIMING_KEYS:
        return _timing(plain, local)
    raise Refused(_no_format(plain), "")


def _no_format(plain: dict[str, Any]) -> Reason:
    modifiers = plain.keys() & {"modifierExtension", "implicitRules"}
    return Reason.MODIFIER_ELEMENT if modifiers else Reason.FORMAT_UNKNOWN


def _resource(plain: dict[str, Any], local: LocalTime) -> Imported:
    kind = plain["resourceType"]
    if kind != "MedicationRequest":
        raise Refused(Reason.WRONG_RESOURCE, "resourceType")
    must_have_no_modifier(plain, kind, besides="dosageInstruction")
    request = shaped(MedicationRequest, {"id": "x", "subject": {}, **plain}, kind)
    must_be_known(request.extension, kind)
    found = list(_not_now(request, kind))
    try:
        read = ordered(request, kind, local)
    except Refused as fault:
        read = refused_whole(fault)
    return replace(read, refused=(*found, *read.refused))


def _not_now(request: MedicationRequest, path: str) -> Iterator[Refusal]:
    """Why no home gives it, whatever its dosage says."""
    checks: list[Callable[[], None]] = [lambda: must_be_active(request, path)]
    if len(request.contained) > 1:
        yield Refusal(Reason.MEDICATION_UNRESOLVED, f"{path}.contained")
        return
    for index, medication in enumerate(request.contained):
        where = f"{path}.contained[{index}]"
        checks.append(partial(must_be_in_use, medication, where))
    for check in checks:
        try:
            check()
        except Refused as fault:
            yield Refusal(fault.reason, fault.path)


def _timing(plain: dict[str, Any], local: LocalTime) -> Imported:
    timing = shaped(Timing, plain, "Timing")
    try:
        made = periods(timing, "Timing", Intake(Decimal(1)), local, alone=True)
    except Refused as fault:
        return Imported(DOSE, (Part(None, (Refusal(fault.reason, fault.path),), "fixed"),), plural="doser")

    def name(day: int | None, intake: int | None) -> str:
        return "Timing.repeat" if day is None and intake is None else "Timing.repeat.frequency"

    return Imported(DOSE, tuple(judged(period, name) for period in made), plural="doser")
