"""Reads a scenario from TOML, strictly: what is not listed here is refused before anything is started.

Each complaint names the table and says what may stand there; docs/scenarios.md describes the file.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from dataclasses import MISSING, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.script import DEEDS, ScriptError, parse_script
from simulator.stage.household import Household, Person
from simulator.stage.scenario import (
    AT_THE_ROBOT,
    FOR_NOW,
    HOME,
    MACHINE_DEEDS,
    MODES,
    ONCALL,
    RESIDENT,
    SLOT_CLOCKS,
    STAFF_DEEDS,
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
PRESSES = frozenset({"press", "press_when_prompted"})
"""Deeds before which a tag is shown."""

OWN_TAG = "own"
"""Of a press: they show theirs also where nobody else lives, as for controlled medicine."""

TABLES = {
    "resident": Person,
    "prescription": Prescription,
    "deed": Deed,
    "expect_dose": ExpectedDose,
    "expect_incident": ExpectedIncident,
    "expect_display": ExpectedDisplay,
}

ACCEPTS: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a text"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "date": ((date,), "a date without quotes, as 2026-11-02"),
    "tuple[str, ...]": ((list,), "a list of texts"),
}


def read_scenario(path: Path) -> Scenario:
    """ScenarioError for anything that is no scenario."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{path} can't be read: {error}") from None
    return parse_scenario(document)


def parse_scenario(document: dict[str, Any]) -> Scenario:
    _only(document, ("scenario", "medicine", *TABLES), "table")
    home = _household(document)
    medicine = _table(document, "medicine")
    _only(medicine, ("known", "critical", "controlled"), "key of [medicine]")
    rows = {name: _rows(document, name) for name in TABLES}
    scenario = _filled(
        Scenario,
        _table(document, "scenario"),
        "[scenario]",
        known=_texts(medicine.get("known", []), "known of [medicine]"),
        critical=_texts(medicine.get("critical", []), "critical of [medicine]"),
        controlled=_texts(medicine.get("controlled", []), "controlled of [medicine]"),
        prescriptions=tuple(_prescription(row, where) for where, row in rows["prescription"]),
        deeds=tuple(_deed(row, where, home) for where, row in rows["deed"]),
        doses=tuple(_filled(ExpectedDose, row, where) for where, row in rows["expect_dose"]),
        incidents=tuple(_filled(ExpectedIncident, row, where) for where, row in rows["expect_incident"]),
        displays=tuple(_filled(ExpectedDisplay, row, where) for where, row in rows["expect_display"]),
        home=home,
    )
    _check_times(scenario)
    _check_deeds(scenario)
    _check_expectations(scenario)
    return scenario


def _household(document: dict[str, Any]) -> Household:
    rows = _rows(document, "resident")
    if not rows:
        return Household()
    people = tuple(_filled(Person, row, where) for where, row in rows)
    _each_once("[[resident]]", (person.name for person in people))
    for person in people:
        alone = not person.name and len(people) == 1
        if (not alone and not person.name.isalpha()) or person.name in ("day", *AT_THE_ROBOT, *MACHINE_DEEDS):
            raise ScenarioError(f'[[resident]]: name is letters only, as "Karen": "{person.name}"')
    return Household(people)


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
        _one_of(dose.outcome, OUTCOMES, f"{dose.dose}: outcome")
        if dose.diverted:
            day_time(dose.diverted)
    for incident in scenario.incidents:
        if not incident.kinds:
            raise ScenarioError("[[expect_incident]]: kinds names at least one kind")
        _one_of(incident.priority, PRIORITIES, f"{incident.name}: priority")
    doses = [each.dose for each in scenario.doses]
    for name in (*doses, *(i.dose for i in scenario.incidents), *(d.dose for d in scenario.deeds)):
        if name:
            resident, rest = whose(name)
            _lives_here(scenario.home, resident, f'dose "{name}"')
            day_slot(rest)
            scenario.dose_end(name)
    for prescription in scenario.prescriptions:
        _lives_here(scenario.home, prescription.resident, f"prescription {prescription.id}")
    for display in scenario.displays:
        _one_of(display.robot, scenario.home.robots, "[[expect_display]]: robot")
    _each_once("[[prescription]]", (f"{each.resident} {each.id}".strip() for each in scenario.prescriptions))
    _each_once("[[expect_dose]]", doses)
    _each_once("[[expect_incident]]", (each.name for each in scenario.incidents))


# --- rows -------------------------------------------------------------------------------------------


def _prescription(row: dict[str, Any], where: str) -> Prescription:
    prescription = _filled(Prescription, row, where)
    for slot in prescription.slots:
        _one_of(slot, tuple(SLOT_CLOCKS), f"{where}: slot")
    return prescription


def _lives_here(home: Household, name: str, what: str) -> None:
    names = tuple(person.name for person in home.people)
    if name not in names:
        wanted = f"names one of {', '.join(names)}" if home.several else "names no resident: there is one"
        raise ScenarioError(f"{what} {wanted}")


def _deed(row: dict[str, Any], where: str, home: Household) -> Deed:
    own = [each.name for each in fields(Deed) if each.name not in ("more", "robot")]
    for name in ("at", "who", "do"):
        if not isinstance(row.get(name), str):
            raise ScenarioError(f"{where}: needs {name}, a text")
    day_time(row["at"])
    who, what = row["who"], row["do"]
    where = f"{where} ({who} {what})"
    if who in AT_THE_ROBOT:
        _one_of(what, tuple(DEEDS), f"{where}: do")
        return _deed_at_the_robot(row, where, home)
    if who in MACHINE_DEEDS:
        _one_of(what, MACHINE_DEEDS[who], f"{where}: do")
        _only(row, ("at", "who", "do"), f"key of {where}")
        return Deed(row["at"], who, what)
    _one_of(what, STAFF_DEEDS, f"{where}: a member of staff does")
    _only(row, own, f"key of {where}")
    deed = _filled(Deed, row, where)
    if what in FOR_NOW:
        _check_for_now(deed, where, home)
    else:
        _check_staff(deed, where)
    return deed


def _deed_at_the_robot(row: dict[str, Any], where: str, home: Household) -> Deed:
    """Where several live a resident has a name, and with it a robot and, if they share it, a tag to show."""
    known = ("at", "who", "do", "robot", "resident")
    more = {key: value for key, value in row.items() if key not in known}
    resident, robot = row.get("resident", ""), row.get("robot", "")
    if resident or (row["who"] == RESIDENT and home.several and not robot):
        _lives_here(home, resident, f"{where}: resident")
        person = home.named(resident)
        robot = robot or person.robot
        if row["do"] in PRESSES and home.shares(person):
            more.setdefault("tag", person.tag)
    if more.get("tag") == OWN_TAG:
        more["tag"] = home.named(resident).tag
    _one_of(robot, home.robots, f"{where}: robot")
    return Deed(row["at"], row["who"], row["do"], robot=robot, more=more)


def _check_for_now(deed: Deed, where: str, home: Household) -> None:
    if home.several:
        _lives_here(home, deed.resident, f"{where}: resident")
    if any((deed.dose, deed.about, deed.resolution, deed.wait_for)):
        raise ScenarioError(f"{where}: is about a resident; it has no dose, about, resolution or wait_for")
    if deed.do == "mode":
        _one_of(deed.mode, MODES, f"{where}: mode")
    elif deed.mode:
        raise ScenarioError(f"{where}: only the deed mode has a mode")
    if (deed.review_days > 0) != (deed.mode in MODES[1:]):
        raise ScenarioError(f"{where}: every mode but normal has review_days, and nothing else has any")


def _check_staff(deed: Deed, where: str) -> None:
    if deed.mode or deed.review_days or deed.resident:
        raise ScenarioError(f"{where}: mode, review_days and resident are of a mode or a pause")
    _one_of(deed.via, (ONCALL, HOME), f"{where}: via")
    if bool(deed.dose) == (bool(deed.about) and deed.do in ("take", "close")):
        raise ScenarioError(f'{where}: needs dose, as "day1 evening", or to take or close about, a kind')
    if deed.via == HOME and deed.do in ("take", "close"):
        raise ScenarioError(f"{where}: an incident is taken and closed at on-call, not via home")
    if (deed.do == "close") != bool(deed.resolution):
        raise ScenarioError(f"{where}: close needs a resolution, and nothing else has one")


# --- shapes -----------------------------------------------------------------------------------------


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name)
    if not isinstance(table, dict):
        raise ScenarioError(f"it needs one table [{name}]")
    return table


def _rows(document: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    """Each with its place in the file, for complaints."""
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ScenarioError(f"{name} is written [[{name}]], once for each")
    return [(f"[[{name}]] {number}", row) for number, row in enumerate(rows, 1)]


T = TypeVar("T")


def _filled(kind: type[T], row: dict[str, Any], where: str, **ready: Any) -> T:
    """An object of `kind` from a table, each value of its field's type; `ready` stands in no table."""
    known = {each.name: each for each in fields(kind) if each.name not in ready}  # type: ignore[arg-type]
    _only(row, known, f"key of {where}")
    for name, each in known.items():
        if name in row:
            _check(row[name], str(each.type), f"{where}: {name}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise ScenarioError(f"{where}: needs {name}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return kind(**values, **ready)


def _check(value: object, wanted: str, where: str) -> None:
    types, words = ACCEPTS[wanted]
    confused = isinstance(value, bool) != (wanted == "bool") or isinstance(value, datetime)
    texts = not isinstance(value, list) or all(isinstance(each, str) for each in value)
    if not isinstance(value, types) or confused or not texts:
        raise ScenarioError(f"{where} is {words}")


def _texts(value: object, where: str) -> tuple[str, ...]:
    _check(value, "tuple[str, ...]", where)
    assert isinstance(value, list)
    return tuple(value)


def _only(row: dict[str, Any], known: Iterable[str], what: str) -> None:
    names = list(known)
    for name in row:
        if name not in names:
            raise ScenarioError(f'unknown {what}: "{name}". {_may_be(name, names)}')


def _one_of(value: str, known: tuple[str, ...], what: str) -> None:
    if value not in known:
        raise ScenarioError(f'{what}: "{value}" is not known. {_may_be(value, known)}')


def _may_be(value: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(value, list(known), 1)
    return f'Did you mean "{close[0]}"?' if close else f"It may be: {', '.join(known)}."


def _each_once(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ScenarioError(f"{what}: {name} stands there twice")
        seen.add(name)
