"""The files of one simulated home and its on-call desk: configuration, key, plan, manifest, robot script.

An invented resident; ids and keys are made anew for every play.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from simulator.stage.household import BOX as BOX
from simulator.stage.household import Helper, Household, Person
from simulator.stage.scenario import IN_SACHETS, SLOT_CLOCKS, Prescription, Scenario

PERSON_SYSTEM = "urn:example:person"
PERSON = "invented-resident-"
"""Begins every identifier of a person."""
FHIR_WHEN = {"morning": "MORN", "noon": "NOON", "evening": "EVE", "night": "NIGHT"}


@dataclass(frozen=True, slots=True)
class HomeFiles:
    folder: Path
    home_of: Household
    shared: Path  # what no home has for itself: on-call's files, the fagsystem

    @property
    def home(self) -> Path:
        return self.folder / "dispenserd.toml"

    @property
    def oncall(self) -> Path:
        return self.shared / "oncall.toml"

    @property
    def store(self) -> Path:
        return self.folder / "home.db"

    @property
    def control(self) -> Path:
        return self.folder / "control.sock"

    @property
    def oncall_public_key(self) -> Path:
        return self.shared / "oncall.key.pub"

    def robot(self, robot: str) -> RobotFiles:
        return RobotFiles(self.folder, self.home_of.number(robot))

    def manifest(self, person: Person) -> Path:
        """What the pharmacy says of this person's sachets."""
        return self.folder / f"manifest-{self.home_of.people.index(person) + 1}.json"

    def card(self, person: Person) -> Path:
        """What the fagsystem says of them now."""
        return self.shared / "fagsystem" / person.key / "plan.json"

    @property
    def administrations(self) -> list[Path]:
        root = self.shared / "fagsystem"
        return [
            path
            for one in self.home_of.people
            for path in (root / one.key / "administrations").glob("*.json")
        ]


@dataclass(frozen=True, slots=True)
class RobotFiles:
    """Of the `number`-th robot."""

    folder: Path
    number: int

    @property
    def port(self) -> Path:
        return self.folder / f"robot-{self.number}"

    @property
    def strip(self) -> Path:
        """What lies in its magazine, whosever it is: all that a reader sees."""
        return self.folder / f"strip-{self.number}.json"

    @property
    def script(self) -> Path:
        return self.folder / f"script-{self.number}.json"

    @property
    def memory(self) -> Path:
        return self.folder / f"robot-{self.number}-memory.json"

    @property
    def production_id(self) -> str:
        return f"ROLL-{self.number:04}"


Keys = Mapping[str, str | int]
"""Of a table in a configuration."""


def write_files(scenario: Scenario, folder: Path, broker: Keys, shared: Path | None = None) -> HomeFiles:
    """Everything that one home needs, in `folder`; `broker`: how it signs in there."""
    files = HomeFiles(folder, scenario.home, shared or folder)
    _write_secret(folder / "store.key", secrets.token_bytes(32))
    _write_secret(folder / "sign.key", secrets.token_hex(32).encode())
    for person in scenario.home.people:
        files.card(person).parent.mkdir(parents=True, exist_ok=True)
        write_card(scenario, files, person, scenario.instant(scenario.start))
        if not person.reminder_only:
            _write(files.manifest(person), _manifest(scenario, files, person))
    for robot in scenario.home.robots:
        there = files.robot(robot)
        _write(there.strip, {"production_id": there.production_id, "sachets": strip(scenario, robot)})
        _write(there.script, scenario.script(robot))
    files.home.write_text(_home_toml(scenario, files, broker), encoding="utf-8")
    return files


def write_oncall(scenario: Scenario, folder: Path, broker: Keys) -> None:
    """What on-call needs, and which homes it is to hear from."""
    boxes = [scenario.at_box(box).home.box for box in scenario.boxes]
    homes = "".join(f'[[home]]\nbox = "{box}"\n' for box in boxes)
    (folder / "homes.toml").write_text(homes, encoding="utf-8")
    (folder / "oncall.toml").write_text(_oncall_toml(scenario, broker), encoding="utf-8")


def _write_secret(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def write_card(scenario: Scenario, files: HomeFiles, person: Person, now: datetime) -> None:
    """As the fagsystem has it at that instant; complete by rename."""
    fresh = files.card(person).with_suffix(".new")
    _write(fresh, _plan(scenario, person, now))
    fresh.replace(files.card(person))


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _home_toml(scenario: Scenario, files: HomeFiles, broker: Keys) -> str:
    household = scenario.home
    return f"""\
[home]
box = "{household.box}"
zone = "{scenario.zone}"
staff_phone = "{scenario.staff_phone}"
demo = true
signing_key_file = "sign.key"
{"".join(_resident_toml(household, person) for person in household.people)}\
[medicine]
known = {json.dumps(scenario.known)}
critical = {json.dumps(scenario.critical)}
controlled = {json.dumps(scenario.controlled)}
{"".join(_robot_toml(household, files, robot) for robot in household.robots)}\
{"".join(_helper_toml(household, helper) for helper in household.helpers)}\
[store]
path = "home.db"
[store.key]
provider = "file"
path = "store.key"
[mqtt]
{_lines(broker)}
oncall_public_key_file = "{files.oncall_public_key}"
[fagsystem]
folder = "{files.shared / "fagsystem"}"
poll_s = 0.5
[control]
socket = "control.sock"
[limits]
receipt_s = {scenario.receipt_s}
"""


def _resident_toml(household: Household, person: Person) -> str:
    return f"""\
[[resident]]
key = "{person.key}"
identifier_system = "{PERSON_SYSTEM}"
identifier_value = "{person.identifier}"
robot = "{household.serial(person.robot)}"
reminder_only = {json.dumps(person.reminder_only)}
moves_in = {json.dumps(person.moves_in)}
tags = ["{person.tag}"]
"""


def _helper_toml(household: Household, helper: Helper) -> str:
    return f"""\
[[helper]]
name = "{helper.name}"
residents = {json.dumps([household.named(name).key for name in helper.residents])}
tags = ["{helper.tag}"]
"""


def _robot_toml(household: Household, files: HomeFiles, robot: str) -> str:
    return f"""\
[[robot]]
port = "{files.robot(robot).port.name}"
serial = "{household.serial(robot)}"
accept_unauthenticated = true
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


def _plan(scenario: Scenario, person: Person, now: datetime) -> dict[str, Any]:
    """A card in the profile of docs/fagsystem.md. What ended stands on it as stopped (rule 21)."""
    version = 1 + sum(time <= now for time in scenario.cards(person))
    written = {
        each.id: each
        for each in scenario.taken_by(person)
        if each.ends and not _begins_later(scenario, each, now)
    }
    written |= {each.id: each for each in scenario.taken_by(person) if each.stands_at(now, scenario)}
    patient = {
        "resourceType": "Patient",
        "id": "resident",
        "identifier": [{"system": PERSON_SYSTEM, "value": person.identifier}],
    }
    requests = [
        {
            "resourceType": "MedicationRequest",
            "id": each.id,
            "status": "active" if each.stands_at(now, scenario) else "stopped",
            "intent": "order",
            "subject": {"reference": "Patient/resident"},
            "contained": [_medication(each)],
            "medicationReference": {"reference": "#med"},
            "dosageInstruction": [_dosage(scenario, each)],
        }
        for each in written.values()
    ]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "urn:example:card", "value": str(version)},
        "entry": [{"resource": resource} for resource in (patient, *requests)],
    }


def _begins_later(scenario: Scenario, each: Prescription, now: datetime) -> bool:
    return bool(each.begins) and scenario.instant(each.begins) > now


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
                "boundsPeriod": {"start": _first_day(scenario, each).isoformat()},
                "frequency": len(slots),
                "period": 1,
                "periodUnit": "d",
                "when": [FHIR_WHEN[slot] for slot in slots],
            }
        },
        "doseAndRate": [{"doseQuantity": {"value": each.quantity, "unit": each.unit}}],
    }


def _first_day(scenario: Scenario, each: Prescription) -> date:
    since = scenario.instant(each.begins or scenario.start).astimezone(ZoneInfo(scenario.zone)).date()
    return since if each.begins else scenario.first_day


def _manifest(scenario: Scenario, files: HomeFiles, person: Person) -> dict[str, Any]:
    there = files.robot(person.robot)
    return {
        "production_id": there.production_id,
        "resident": person.key,
        "shared": scenario.home.shares(person),
        "card_version": 1,
        "sachets": [
            {key: value for key, value in row.items() if key != "person"}
            for row in strip(scenario, person.robot)
            if row["person"] == person.name
        ],
    }


def strip(scenario: Scenario, robot: str) -> list[dict[str, Any]]:
    """What lies in this robot's magazine, packed by the first card: in the order of time, and of one time in
    the order of the people."""
    number_of_robot = scenario.home.number(robot)
    sachets: list[dict[str, Any]] = []
    for day in range(scenario.roll_days):
        for slot, clock in SLOT_CLOCKS.items():
            for person in scenario.home.at(robot):
                contents = contents_of(scenario.packed(person), slot)
                if not contents:
                    continue
                local = datetime.combine(scenario.first_day + timedelta(days=day), clock)
                if scenario.opens(local.date(), slot) < scenario.packed_from(person):
                    continue
                number = len(sachets) + 1
                sachets.append(
                    {
                        "person": person.name,
                        "n": number,
                        "label": f"SACHET-{(number_of_robot - 1) * LABELS_A_ROBOT + number:04}",
                        "local": local.isoformat(timespec="minutes"),
                        "contents": contents,
                    }
                )
    return sachets


LABELS_A_ROBOT = 1000
"""More than a strip has: no two robots' sachets are labelled alike."""


def contents_of(prescriptions: Sequence[Prescription], slot: str) -> list[dict[str, Any]]:
    return [
        {
            "drug": each.drug,
            "strength": f"{each.strength_mg} mg",
            "quantity": each.quantity,
            "unit": each.unit,
        }
        for each in prescriptions
        if slot in each.slots
    ]
