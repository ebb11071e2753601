"""The dosage of one FHIR order: FHIR's own, FMK's that it carries, or both where they say the same.

It knows where in a MedicationRequest a dosage stands. `mapping` calls it for each order of a card that is in
force, `read_dosage` for one in a file.

Decisions (2026-11-23):
- FMK's dosage stands whole, as JSON or XML, in one extension of the order: a cycle of unequal days fits no
  single FHIR Timing. With it, FHIR's instructions may be left out.
- Where both are there, each must be readable and both must ask for the same: which one the sender updated
  last, nobody knows.
- Any other extension is an element that we don't know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dispenserd.fagsystem.agreement import agree
from dispenserd.fagsystem.fhir import MedicationRequest
from dispenserd.fagsystem.fhir_dosage import imported
from dispenserd.fagsystem.fmk_any import read_fmk
from dispenserd.fagsystem.parts import Imported, Refusal
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import SACHET_UNITS, sound_quantity
from scheduler.window import LocalTime

FMK_DOSAGE = "urn:dispenserd:extension:fmk-dosage"
FMK_DOSAGE_KEYS = frozenset({"url", "valueString"})


def must_be_known(extensions: Sequence[object], path: str) -> None:
    """No extension but the one that we read, once."""
    for index, one in enumerate(extensions):
        where = f"{path}.extension[{index}]"
        if not isinstance(one, dict) or one.get("url") != FMK_DOSAGE or one.keys() != FMK_DOSAGE_KEYS:
            raise Refused(Reason.UNKNOWN_ELEMENT, where)
        if not isinstance(one["valueString"], str):
            raise Refused(Reason.WRONG_SHAPE, f"{where}.valueString")
        if index:
            raise Refused(Reason.CONTRADICTORY_DOSAGE, where)


def ordered(
    request: MedicationRequest, path: str, local: LocalTime, sachet_unit: str | None = None
) -> Imported:
    """The order's dosage; Refused where nothing of it is understood. The extensions are known ones."""
    instructions, where = request.dosageInstruction, f"{path}.dosageInstruction"
    if not request.extension:
        return imported(instructions, where, local, sachet_unit)
    carried = f"{path}.extension[0].valueString"
    read = _carried(request.extension[0]["valueString"], carried, sachet_unit)
    if not instructions:
        return read
    beside = imported(instructions, where, local, sachet_unit)
    found = beside.every_refusal
    if not found and not read.every_refusal and not agree(read.dosage, beside.dosage):
        found = (Refusal(Reason.CONTRADICTORY_DOSAGE, carried),)
    return replace(read, refused=(*read.refused, *found))


def _carried(text: str, path: str, sachet_unit: str | None) -> Imported:
    try:
        read = read_fmk(text)
    except Refused as fault:
        raise Refused(fault.reason, _below(path, fault.path)) from None
    refused = [_moved(each, path) for each in read.refused]
    if sachet_unit is not None:
        if SACHET_UNITS.get(read.unit) != sachet_unit:
            refused.append(Refusal(Reason.UNIT_MISMATCH, path))
        amounts = [each.quantity for one in read.shown for day in one.days for each in day.intakes]
        if not all(sound_quantity(amount) for amount in amounts):
            refused.append(Refusal(Reason.QUANTITY, path))
    parts = tuple(
        replace(part, refused=tuple(_moved(each, path) for each in part.refused)) for part in read.parts
    )
    return replace(read, refused=tuple(refused), parts=parts)


def _moved(refusal: Refusal, path: str) -> Refusal:
    return Refusal(refusal.reason, _below(path, refusal.path))


def _below(path: str, inner: str) -> str:
    return f"{path}.{inner}" if inner else path
