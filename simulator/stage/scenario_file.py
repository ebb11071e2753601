"""Reads a scenario from TOML, strictly: what is not listed here is refused before anything is started.

Each complaint names the table and says what may stand there; docs/scenarios.md describes the file.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.script import ScriptError, parse_script
from simulator.stage.deed_file import OWN_TAG, lives_here, read_deed
from simulator.stage.household import BoxPlace, Helper, Household, Person
from simulator.stage.scenario import (
    AT_THE_ROBOT,
    MACHINE_DEEDS,
    SLOT_CLOCKS,
    Deed,
    ExpectedDisplay,
    ExpectedDose,
    ExpectedIncident,
    Prescription,
    Scenario,
    ScenarioError,
    day_slot,
    day_time,
    whose,
)
from simulator.stage.strict import each_once, filled, one_of, only, rows, table, texts

SPEED_MAX = 1200.0
"""A civil second is then less than a millisecond: faster than processes can answer each other."""

PRIORITIES = ("info", "low", "medium", "high")
OUTCOMES = (
    "retrieved",
    "confirmed",
    "witnessed",
    "refused",
    "missed",
    "taken_along",
    "given_by_staff",
    "withheld",
    "failed",
    "uncertain",
)
TABLES = {
    "box": BoxPlace,
    "resident": Person,
    "helper": Helper,
    "prescription": Prescription,
    "deed": Deed,
    "expect_dose": ExpectedDose,
    "expect_incident": ExpectedIncident,
    "expect_display": ExpectedDisplay,
}


def read_scenario(path: Path) -> Scenario:
    """ScenarioError for anything that is no scenario."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{path} can't be read: {error}") from None
    return parse_scenario(document)


def parse_scenario(document: dict[str, Any]) -> Scenario:
    only(document, ("scenario", "medicine", *TABLES), "table")
    home = _helped(_household(document), document)
    medicine = table(document, "medicine")
    only(medicine, ("known", "critical", "controlled"), "key of [medicine]")
    found = {name: rows(document, name) for name in TABLES}
    scenario = filled(
        Scenario,
        table(document, "scenario"),
        "[scenario]",
        known=texts(medicine.get("known", []), "known of [medicine]"),
        critical=texts(medicine.get("critical", []), "critical of [medicine]"),
        controlled=texts(medicine.get("controlled", []), "controlled of [medicine]"),
        prescriptions=tuple(_prescription(row, where) for where, row in found["prescription"]),
        deeds=tuple(read_deed(row, where, home) for where, row in found["deed"]),
        doses=tuple(filled(ExpectedDose, row, where) for where, row in found["expect_dose"]),
        incidents=tuple(filled(ExpectedIncident, row, where) for where, row in found["expect_incident"]),
        displays=tuple(filled(ExpectedDisplay, row, where) for where, row in found["expect_display"]),
        home=home,
    )
    _check_times(scenario)
    _check_deeds(scenario)
    _check_expectations(scenario)
    return scenario


def _household(document: dict[str, Any]) -> Household:
    listed = rows(document, "resident")
    if not listed:
        return Household()
    people = tuple(filled(Person, row, where) for where, row in listed)
    each_once("[[resident]]", (person.name for person in people))
    for person in people:
        alone = not person.name and len(people) == 1
        if (not alone and not person.name.isalpha()) or person.name in ("day", *AT_THE_ROBOT, *MACHINE_DEEDS):
            raise ScenarioError(f'[[resident]]: name is letters only, as "Karen": "{person.name}"')
        if person.moves_in:
            raise ScenarioError("[[resident]]: moves_in follows from moves_to")
    boxes = tuple(filled(BoxPlace, row, where) for where, row in rows(document, "box"))
    home = Household(people, boxes)
    each_once("[[box]]", [*(box.name for box in boxes), *(one for box in boxes for one in box.robots)])
    for person in people:
        if bool(person.moves_to) and home.box_of(person.robot) == home.box_of(person.moves_to):
            raise ScenarioError(f"[[resident]]: {person.name} moves to a robot at another [[box]]")
    for robot in home.robots if boxes else ():
        one_of(robot, tuple(one for box in boxes for one in box.robots), "[[resident]]: robot at a [[box]]")
    return home


def _helped(home: Household, document: dict[str, Any]) -> Household:
    helpers = tuple(filled(Helper, row, where) for where, row in rows(document, "helper"))
    each_once("[[helper]]", (one.name for one in helpers))
    for one in helpers:
        if not one.name.isalpha() or one.name == OWN_TAG:
            raise ScenarioError(f'[[helper]]: name is letters only, as "Mads": "{one.name}"')
        if not one.residents:
            raise ScenarioError(f"[[helper]]: {one.name} acts for somebody")
        for resident in one.residents:
            lives_here(home, resident, f"[[helper]]: {one.name}: residents")
    return replace(home, helpers=helpers)


# --- what makes sense -------------------------------------------------------------------------------


def _check_times(scenario: Scenario) -> None:
    try:
        ZoneInfo(scenario.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScenarioError(f'[scenario]: no such zone: "{scenario.zone}"') from None
    check_speed(scenario.speed)
    if scenario.receipt_s <= 0 or scenario.roll_days <= 0:
        raise ScenarioError("[scenario]: receipt_s and roll_days are above zero")
    start, end = scenario.instant(scenario.start), scenario.instant(scenario.end)
    if start >= end:
        raise ScenarioError(f"[scenario]: it ends ({scenario.end}) before it starts ({scenario.start})")
    for deed in scenario.deeds:
        if not start <= scenario.instant(deed.at) <= end:
            raise ScenarioError(f"{deed.who}'s {deed.do} at {deed.at} is outside the play")
    for person in scenario.home.people:
        if not all(start < card <= end for card in scenario.cards(person)):
            raise ScenarioError("[[prescription]]: a newer card (begins, ends) comes during the play")
    for display in scenario.displays:
        if scenario.instant(display.after) >= scenario.instant(display.before):
            raise ScenarioError(f"[[expect_display]]: {display.after} is not before {display.before}")


def check_speed(speed: float) -> None:
    if not 1 <= speed <= SPEED_MAX:
        raise ScenarioError(f"a speed is between 1 and {SPEED_MAX:g} civil seconds in a real one: {speed:g}")


def _check_deeds(scenario: Scenario) -> None:
    try:
        for robot in scenario.home.robots:
            parse_script(scenario.script(robot))
    except ScriptError as error:
        raise ScenarioError(f"at the robot, {error}") from None


def _check_expectations(scenario: Scenario) -> None:
    for dose in scenario.doses:
        one_of(dose.outcome, OUTCOMES, f"{dose.dose}: outcome")
        if dose.diverted:
            day_time(dose.diverted)
    for incident in scenario.incidents:
        if not incident.kinds:
            raise ScenarioError("[[expect_incident]]: kinds names at least one kind")
        one_of(incident.priority, PRIORITIES, f"{incident.name}: priority")
    for dose in scenario.doses:
        one_of(dose.box, scenario.boxes, f"{dose.dose}: box")
    for incident in scenario.incidents:
        one_of(incident.box, scenario.boxes, f"{incident.name}: box")
    doses = [each.dose for each in scenario.doses]
    named = [*(each.dose for each in scenario.incidents), *(each.dose for each in scenario.deeds)]
    for name in (*doses, *named, *(dose for deed in scenario.deeds for dose in deed.came_back)):
        if name:
            resident, rest = whose(name)
            lives_here(scenario.home, resident, f'dose "{name}"')
            day_slot(rest)
            scenario.dose_end(name)
    for prescription in scenario.prescriptions:
        lives_here(scenario.home, prescription.resident, f"prescription {prescription.id}")
        _check_card(scenario, prescription)
    for display in scenario.displays:
        one_of(display.robot, scenario.home.robots, "[[expect_display]]: robot")
    each_once(
        "[[prescription]]",
        (f"{each.resident} {each.id} {each.begins}".strip() for each in scenario.prescriptions),
    )
    each_once("[[expect_dose]]", (f"{each.dose} {each.box}" for each in scenario.doses))
    each_once("[[expect_incident]]", (f"{each.name} {each.box}" for each in scenario.incidents))


def _check_card(scenario: Scenario, one: Prescription) -> None:
    """A newer card changes what lies in sachets; of one id at most one stands at a time."""
    if not one.begins and not one.ends:
        return
    where = f"prescription {one.id}"
    if one in scenario.beside(scenario.home.named(one.resident)):
        raise ScenarioError(f"{where}: begins and ends are of medicine in sachets")
    if one.begins and one.ends and scenario.instant(one.begins) >= scenario.instant(one.ends):
        raise ScenarioError(f"{where}: it ends before it begins")
    for other in scenario.prescriptions:
        same = other is not one and (other.resident, other.id) == (one.resident, one.id)
        begins = scenario.instant(one.begins or scenario.start)
        if same and other.stands_at(begins, scenario):
            raise ScenarioError(f"{where}: two of this id stand at {one.begins or scenario.start}")


# --- rows ---------------------------------------------------------------------------------------------


def _prescription(row: dict[str, Any], where: str) -> Prescription:
    prescription = filled(Prescription, row, where)
    for slot in prescription.slots:
        one_of(slot, tuple(SLOT_CLOCKS), f"{where}: slot")
    return prescription
