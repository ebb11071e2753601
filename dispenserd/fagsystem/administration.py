"""What happened at a dose, as FHIR MedicationAdministration, and the file it goes into.

It knows the outbox body of one prescription's outcome and the shape the fagsystem reads. It knows no doses:
the body says it all. The same body always gives the same bytes under the same name, so filing twice is filing
once (S5).

A retrieved dose is `completed` and says with our own extension that it was lifted out of the tray: nobody saw
it swallowed. A witnessed one is `completed` too, and names who saw it. One withheld is `not-done` and says
why (paused, suspended, held). An uncertain one is `unknown`, never `not-done` (rule 6). A correction is a
file of its own with a higher revision; the earlier ones stay. Where a named helper pressed for the resident,
the performer says so, and that it was a helper (rule 2).
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, assert_never

from pydantic import BaseModel, ConfigDict, StringConstraints

from dispenserd.durable import sync_folder
from dispenserd.fagsystem.mapping import ATC_SYSTEM, ResidentIdentity
from scheduler.events import Outcome
from scheduler.instant import from_iso
from scheduler.outbox import Plain
from scheduler.window import LocalTime

IDENTIFIER_SYSTEM = "urn:dispenserd:administration"
OUTCOME_SYSTEM = "urn:dispenserd:outcome"
PERFORMER_SYSTEM = "urn:dispenserd:performer"
EXTENSION = "urn:dispenserd:extension:"
FOLDER_NAME = "administrations"
FILE_MODE = 0o640
"""The fagsystem reads as a member of the folder's group; nobody else does."""


class _Body(BaseModel):
    """An outbox row of `administration`; anything else in it is our bug."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    administration_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    dose_id: str
    prescription_id: str
    revision: int
    outcome: Outcome
    late: bool
    happened: str
    by: str
    drug: str
    strength: str
    quantity: Decimal
    unit: str
    reason: str
    helper: str | None = None  # a row of before 2026-11-24 has none


def administration(body: Plain, resident: ResidentIdentity, local: LocalTime) -> dict[str, Any]:
    """The MedicationAdministration of one outbox row."""
    row = _Body.model_validate(body)
    status = _status(row.outcome)
    told: dict[str, Any] = {
        "resourceType": "MedicationAdministration",
        "id": row.administration_id,
        "extension": _extensions(row),
        "identifier": [{"system": IDENTIFIER_SYSTEM, "value": row.administration_id}],
        "status": status,
        "medicationCodeableConcept": {
            "coding": [{"system": ATC_SYSTEM, "code": row.drug}],
            "text": f"{row.drug} {row.strength}",
        },
        "subject": {"type": "Patient", "identifier": {"system": resident.system, "value": resident.value}},
        "effectiveDateTime": _local_text(from_iso(row.happened), local),
        "request": {"reference": f"MedicationRequest/{row.prescription_id}"},
    }
    if status == "not-done":
        told["statusReason"] = [{"coding": [{"system": OUTCOME_SYSTEM, "code": row.outcome.value}]}]
    if status in ("completed", "in-progress"):
        told["dosage"] = {"dose": {"value": _json_number(row.quantity), "unit": row.unit}}
    performer = [{"actor": {"display": row.by}}] if row.by else []
    performer += [_helper(row.helper)] if row.helper else []
    if performer:
        told["performer"] = performer
    if row.reason:
        told["note"] = [{"text": row.reason}]
    return told


def file(root: Path, resident: ResidentIdentity, local: LocalTime, body: Plain) -> Path:
    """Write the administration of this row, whole or not at all; returns once it is on disk. OSError if not.

    A half-written file has another name, which the next attempt overwrites.
    """
    told = administration(body, resident, local)
    folder = root / resident.key / FOLDER_NAME
    folder.mkdir(parents=True, exist_ok=True)
    sync_folder(folder.parent)
    path = folder / f"{told['id']}.json"
    half = folder / f".{told['id']}.part"
    _write_through(half, json.dumps(told, ensure_ascii=False, indent=2).encode() + b"\n")
    half.replace(path)
    sync_folder(folder)
    return path


def _status(outcome: Outcome) -> str:
    match outcome:
        case Outcome.RETRIEVED | Outcome.CONFIRMED | Outcome.WITNESSED | Outcome.GIVEN_BY_STAFF:
            return "completed"
        case Outcome.TAKEN_ALONG:
            return "in-progress"  # handed out, to be had at its time; what came back corrects it
        case Outcome.MISSED | Outcome.REFUSED | Outcome.WITHHELD | Outcome.FAILED:
            return "not-done"
        case Outcome.UNCERTAIN:
            return "unknown"
    assert_never(outcome)


def _extensions(row: _Body) -> list[dict[str, Any]]:
    return [
        {"url": f"{EXTENSION}outcome", "valueCode": row.outcome.value},
        {"url": f"{EXTENSION}late", "valueBoolean": row.late},
        {"url": f"{EXTENSION}dose", "valueString": row.dose_id},
        {"url": f"{EXTENSION}revision", "valuePositiveInt": row.revision},
    ]


def _helper(name: str) -> dict[str, Any]:
    """Who pressed for the resident: neither the resident nor a member of staff."""
    return {
        "function": {"coding": [{"system": PERFORMER_SYSTEM, "code": "helper"}]},
        "actor": {"display": name},
    }


def _local_text(instant: datetime, local: LocalTime) -> str:
    return local.with_offset(instant).isoformat(timespec="milliseconds")


def _json_number(quantity: Decimal) -> int | float:
    """Quantities have three decimals at most: a float shows them exactly."""
    return int(quantity) if quantity == int(quantity) else float(quantity)


def _write_through(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    with os.fdopen(descriptor, "wb") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
