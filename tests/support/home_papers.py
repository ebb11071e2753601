"""What a running home is given on paper: configuration, medicine card and manifest (invented)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

BOX = "box-0001"
RESIDENT = "5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64"
OTHER_RESIDENT = "0" * 31 + "1"
PERSON_SYSTEM, PERSON = "urn:example:person", "invented-4711"
DAY = date(2026, 11, 2)
ZONE = timedelta(hours=1)
"""Copenhagen in winter."""
STRENGTH_MG = 47
DRUGS = {"morning": "C07AB02", "noon": "N02BE01", "evening": "C10AA01", "night": "N03AX09"}
WHEN = {"morning": "MORN", "noon": "NOON", "evening": "EVE", "night": "NIGHT"}
CLOCK_TIMES = {"morning": "08:00", "noon": "12:00", "evening": "18:00", "night": "22:00"}

Json = dict[str, Any]


def card(version: int = 1, person: str = PERSON, slots: Sequence[str] = tuple(DRUGS)) -> Json:
    """A medicine card: one prescription a day part."""
    patient = {
        "resourceType": "Patient",
        "id": "resident",
        "identifier": [{"system": PERSON_SYSTEM, "value": person}],
    }
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "urn:example:card", "value": str(version)},
        "entry": [{"resource": patient}, *({"resource": prescription(slot)} for slot in slots)],
    }


def prescription(slot: str, quantity: int = 1) -> Json:
    strength = {
        "numerator": {"value": STRENGTH_MG, "unit": "mg"},
        "denominator": {"value": 1, "unit": "tablet"},
    }
    medication = {
        "resourceType": "Medication",
        "id": "med",
        "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": DRUGS[slot]}]},
        "ingredient": [{"itemCodeableConcept": {"text": "x"}, "strength": strength}],
    }
    repeat = {
        "boundsPeriod": {"start": DAY.isoformat()},
        "frequency": 1,
        "period": 1,
        "periodUnit": "d",
        "when": [WHEN[slot]],
    }
    return {
        "resourceType": "MedicationRequest",
        "id": f"p-{slot}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/resident"},
        "contained": [medication],
        "medicationReference": {"reference": "#med"},
        "dosageInstruction": [
            {
                "timing": {"repeat": repeat},
                "doseAndRate": [{"doseQuantity": {"value": quantity, "unit": "tablet"}}],
            }
        ],
    }


def manifest(clock_times: dict[str, str], resident: str = RESIDENT, first: date = DAY, days: int = 5) -> Json:
    sachets: list[Json] = []
    for day in range(days):
        for slot, clock in clock_times.items():
            number = len(sachets) + 1
            item = {"drug": DRUGS[slot], "strength": f"{STRENGTH_MG} mg", "quantity": 1, "unit": "tablet"}
            local = f"{first + timedelta(days=day)}T{clock}"
            sachets.append({"n": number, "label": f"LBL-{number:03}", "local": local, "contents": [item]})
    return {"production_id": "ROLL-1", "resident": resident, "card_version": 1, "sachets": sachets}


def configuration(broker_port: int, clock_times: dict[str, str], window_min: int, *, signs_in: bool) -> str:
    """The home's TOML; paths are relative to its folder."""
    known = json.dumps(list(DRUGS.values()))
    times = "\n".join(f'{slot} = "{clock}"' for slot, clock in clock_times.items())
    account = f'username = "{BOX}"\npassword_file = "password"' if signs_in else ""
    return f"""
[home]
box = "{BOX}"
staff_phone = "+45 70 00 00 00"
demo = true
[resident]
key = "{RESIDENT}"
identifier_system = "{PERSON_SYSTEM}"
identifier_value = "{PERSON}"
[clock_times]
{times}
[medicine]
known = {known}
critical = ["{DRUGS["night"]}"]
[robot]
port = "robot"
serial = "SIM-0001"
accept_unauthenticated = true
[store]
path = "home.db"
[store.key]
provider = "file"
path = "key"
[mqtt]
host = "127.0.0.1"
port = {broker_port}
oncall_public_key_file = "oncall.pub"
{account}
[fagsystem]
folder = "fag"
poll_s = 0.1
[control]
socket = "control.sock"
[limits]
window_min = {window_min}
reminder_every_min = 5
receipt_s = 0.5
robot_gone_s = 1.0
"""
