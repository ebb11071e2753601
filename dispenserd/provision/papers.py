"""The papers of a home for trying out: a plan, the roll that matches it, on-call's desk, a broker's settings.

An invented resident and two common medicines, due from the moment the papers are written: a newcomer sees the
robot light up as soon as the home runs. Pure; `steps` writes the files. The formats are docs/fagsystem.md's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

EVERY = timedelta(hours=4)
"""Between two doses of a day: a window of two hours is open half of the time."""

DOSES_A_DAY = 6
ROLL_DAYS = 3
PRODUCTION_ID = "ROLL-DEMO-1"
MEDICINES = (("N02BE01", "paracetamol", 500), ("C10AA01", "simvastatin", 20))
"""(ATC code, name, mg), taking turns."""

KNOWN = [code for code, _, _ in MEDICINES]

Plain = dict[str, Any]


def first_due(local_now: datetime) -> datetime:
    """Naive local time of the first dose: this minute, so that its window is open at once."""
    return local_now.replace(second=0, microsecond=0, tzinfo=None)


def plan(first: datetime, system: str, value: str) -> Plain:
    """A card: each medicine at its times, from today on where the time is still ahead, else from tomorrow."""
    patient = {
        "resourceType": "Patient",
        "id": "resident",
        "identifier": [{"system": system, "value": value}],
    }
    requests = [_request(index, first) for index in range(len(MEDICINES))]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "urn:example:card", "value": "1"},
        "entry": [{"resource": resource} for resource in (patient, *requests)],
    }


def roll(first: datetime, resident: str) -> Plain:
    """The manifest of a roll with a sachet for each of those doses, in their order."""
    sachets = [
        {
            "n": number,
            "label": f"DEMO-{number:04d}",
            "local": due.isoformat(timespec="minutes"),
            "contents": [
                {
                    "drug": MEDICINES[medicine][0],
                    "strength": f"{MEDICINES[medicine][2]} mg",
                    "quantity": 1,
                    "unit": "tablet",
                }
            ],
        }
        for number, (due, medicine) in enumerate(_doses(first), start=1)
    ]
    return {"production_id": PRODUCTION_ID, "resident": resident, "card_version": 1, "sachets": sachets}


def oncall_toml(zone: str, host: str, port: int) -> str:
    return f"""\
# The on-call desk of a home for trying out; see config/oncall.toml for what each key means.
[oncall]
database = "oncall.db"
signing_key_file = "oncall.key"
homes = "homes.toml"
zone = "{zone}"
[mqtt]
host = "{host}"
port = {port}
"""


def homes_toml(box: str) -> str:
    return f"""\
# The homes that this desk is to hear from; see config/homes.toml.
[[home]]
box = "{box}"
"""


def broker_settings(host: str, port: int) -> str:
    """mosquitto's: on this computer alone, no sign-in, nothing kept."""
    return (
        "# For trying out on one computer: nobody signs in and nothing is encrypted.\n"
        f"listener {port} {host}\nallow_anonymous true\nmax_queued_messages 0\npersistence false\n"
    )


def _times(first: datetime) -> list[tuple[datetime, int]]:
    """(the first day's instant, the medicine) of each daily time; past midnight is the day after."""
    return [(first + EVERY * number, number % len(MEDICINES)) for number in range(DOSES_A_DAY)]


def _doses(first: datetime) -> Iterator[tuple[datetime, int]]:
    for day in range(ROLL_DAYS):
        for due, medicine in _times(first):
            yield due + timedelta(days=day), medicine


def _request(index: int, first: datetime) -> Plain:
    code, name, strength_mg = MEDICINES[index]
    ratio = {"numerator": {"value": strength_mg, "unit": "mg"}, "denominator": {"value": 1, "unit": "tablet"}}
    starts: dict[date, list[str]] = {}
    for due, medicine in _times(first):
        if medicine == index:
            starts.setdefault(due.date(), []).append(f"{due:%H:%M}:00")
    return {
        "resourceType": "MedicationRequest",
        "id": f"demo-{index + 1}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/resident"},
        "contained": [
            {
                "resourceType": "Medication",
                "id": "med",
                "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]},
                "ingredient": [{"itemCodeableConcept": {"text": name}, "strength": ratio}],
            }
        ],
        "medicationReference": {"reference": "#med"},
        "dosageInstruction": [_dosage(start, sorted(times)) for start, times in sorted(starts.items())],
    }


def _dosage(start: date, times: list[str]) -> Plain:
    repeat = {
        "boundsPeriod": {"start": start.isoformat()},
        "frequency": len(times),
        "period": 1,
        "periodUnit": "d",
        "timeOfDay": times,
    }
    return {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]}
