"""The files of one simulated home and its on-call desk: configuration, key, plan, manifest, robot script.

An invented resident; ids and keys are made anew for every play.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from simulator.stage.scenario import IN_SACHETS, SLOT_CLOCKS, Prescription, Scenario

BOX = "box-0001"
SERIAL = "SIM-0001"
PRODUCTION_ID = "ROLL-0001"
PERSON_SYSTEM = "urn:example:person"
PERSON = "invented-resident-1"
FHIR_WHEN = {"morning": "MORN", "noon": "NOON", "evening": "EVE", "night": "NIGHT"}


@dataclass(frozen=True, slots=True)
class HomeFiles:
    folder: Path
    resident: str  # permanent resident key

    @property
    def home(self) -> Path:
        return self.folder / "dispenserd.toml"

    @property
    def oncall(self) -> Path:
        return self.folder / "oncall.toml"

    @property
    def robot_port(self) -> Path:
        return self.folder / "robot"

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    @property
    def script(self) -> Path:
        return self.folder / "script.json"

    @property
    def memory(self) -> Path:
        return self.folder / "robot-memory.json"

    @property
    def store(self) -> Path:
        return self.folder / "home.db"

    @property
    def control(self) -> Path:
        return self.folder / "control.sock"

    @property
    def oncall_public_key(self) -> Path:
        return self.folder / "oncall.key.pub"

    @property
    def administrations(self) -> Path:
        return self.folder / "fagsystem" / self.resident / "administrations"


Keys = Mapping[str, str | int]
"""Of a table in a configuration."""


def write_files(scenario: Scenario, folder: Path, home: Keys, oncall: Keys) -> HomeFiles:
    """Everything the processes need, in `folder`; `home` and `oncall` are how they sign in at the broker."""
    files = HomeFiles(folder, secrets.token_hex(16))
    key = os.open(folder / "store.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(key, "wb") as file:
        file.write(secrets.token_bytes(32))
    plan = folder / "fagsystem" / files.resident / "plan.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(json.dumps(_plan(scenario)), encoding="utf-8")
    files.manifest.write_text(json.dumps(_manifest(scenario, files.resident)), encoding="utf-8")
    files.script.write_text(json.dumps(scenario.script()), encoding="utf-8")
    files.home.write_text(_home_toml(scenario, files.resident, home), encoding="utf-8")
    (folder / "homes.toml").write_text(f'[[home]]\nbox = "{BOX}"\n', encoding="utf-8")
    files.oncall.write_text(_oncall_toml(scenario, oncall), encoding="utf-8")
    return files


def _home_toml(scenario: Scenario, resident: str, broker: Keys) -> str:
    return f"""\
[home]
box = "{BOX}"
zone = "{scenario.zone}"
staff_phone = "{scenario.staff_phone}"
demo = true
reminder_only = {json.dumps(scenario.reminder_only)}
[resident]
key = "{resident}"
identifier_system = "{PERSON_SYSTEM}"
identifier_value = "{PERSON}"
[medicine]
known = {json.dumps(scenario.known)}
critical = {json.dumps(scenario.critical)}
[robot]
port = "robot"
serial = "{SERIAL}"
accept_unauthenticated = true
[store]
path = "home.db"
[store.key]
provider = "file"
path = "store.key"
[mqtt]
{_lines(broker)}
oncall_public_key_file = "oncall.key.pub"
[fagsystem]
folder = "fagsystem"
poll_s = 0.5
[control]
socket = "control.sock"
[limits]
receipt_s = {scenario.receipt_s}
"""


def _oncall_toml(scenario: Scenario, broker: Keys) -> str:
    return f"""\
[oncall]
database = "oncall.db"
signing_key_file = "oncall.key"
homes = "homes.toml"
zone = "{scenario.zone}"
[mqtt]
{_lines(broker)}
"""


def _lines(keys: Keys) -> str:
    return "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())


def _plan(scenario: Scenario) -> dict[str, Any]:
    """A card in the profile of docs/fagsystem.md."""
    patient = {
        "resourceType": "Patient",
        "id": "resident",
        "identifier": [{"system": PERSON_SYSTEM, "value": PERSON}],
    }
    requests = [
        {
            "resourceType": "MedicationRequest",
            "id": each.id,
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/resident"},
            "contained": [_medication(each)],
            "medicationReference": {"reference": "#med"},
            "dosageInstruction": [_dosage(scenario, each)],
        }
        for each in scenario.prescriptions
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "urn:example:card", "value": "1"},
        "entry": [{"resource": resource} for resource in (patient, *requests)],
    }


def _medication(each: Prescription) -> dict[str, Any]:
    """The strength of a tablet; of what is in no sachet, of a millilitre."""
    drug, per = each.drug, each.unit if each.unit in IN_SACHETS else "ml"
    return {
        "resourceType": "Medication",
        "id": "med",
        "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": drug}]},
        "ingredient": [
            {
                "itemCodeableConcept": {"text": drug},
                "strength": {
                    "numerator": {"value": each.strength_mg, "unit": "mg"},
                    "denominator": {"value": 1, "unit": per},
                },
            }
        ],
    }


def _dosage(scenario: Scenario, each: Prescription) -> dict[str, Any]:
    slots = each.slots
    return {
        "timing": {
            "repeat": {
                "boundsPeriod": {"start": scenario.first_day.isoformat()},
                "frequency": len(slots),
                "period": 1,
                "periodUnit": "d",
                "when": [FHIR_WHEN[slot] for slot in slots],
            }
        },
        "doseAndRate": [{"doseQuantity": {"value": each.quantity, "unit": each.unit}}],
    }


def _manifest(scenario: Scenario, resident: str) -> dict[str, Any]:
    sachets: list[dict[str, Any]] = []
    for day in range(scenario.roll_days):
        for slot, clock in SLOT_CLOCKS.items():
            contents = [
                {
                    "drug": each.drug,
                    "strength": f"{each.strength_mg} mg",
                    "quantity": each.quantity,
                    "unit": each.unit,
                }
                for each in scenario.prescriptions
                if slot in each.slots and each not in scenario.beside
            ]
            if contents:
                local = datetime.combine(scenario.first_day + timedelta(days=day), clock)
                number = len(sachets) + 1
                sachets.append(
                    {
                        "n": number,
                        "label": f"SACHET-{number:04}",
                        "local": local.isoformat(timespec="minutes"),
                        "contents": contents,
                    }
                )
    return {"production_id": PRODUCTION_ID, "resident": resident, "card_version": 1, "sachets": sachets}
