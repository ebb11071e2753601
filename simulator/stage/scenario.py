"""A scenario: who does what when, and what must come of it. TOML in, dataclasses out, strictly.

Times are local civil ("day2 18:40"; day 1 is `first_day`). A dose is named by day and slot ("day2 evening").
Knows nothing of processes; docs/scenarios.md describes the file.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SLOT_CLOCKS = {"morning": time(8), "noon": time(12), "evening": time(18), "night": time(22)}
"""Clock times of the day parts in every scenario: the mapping of the configuration template."""

ROBOT, RESIDENT, DAEMON, BROKER = "robot", "resident", "daemon", "broker"
"""Who may do something besides staff, who are named by name."""

STAFF_DEEDS = frozenset({"take", "close", "given", "had_it", "not_given", "discard"})
WHERE = frozenset({"oncall", "home"})


class ScenarioError(ValueError):
    """What is wrong with a scenario, in words for who wrote it."""


@dataclass(frozen=True, slots=True)
class Prescription:
    id: str
    drug: str
    strength_mg: int
    slots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deed:
    """`wait_for` names the kind of incident that a member of staff waits for before acting."""

    at: str
    who: str
    do: str
    dose: str = ""
    wait_for: str = ""
    via: str = "oncall"
    reason: str = ""
    resolution: str = ""
    more: dict[str, Any] = field(default_factory=dict)  # arguments of a robot's or resident's deed


@dataclass(frozen=True, slots=True)
class ExpectedDose:
    dose: str
    outcome: str
    late: bool = False
    by: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedIncident:
    """`kinds`, in the order it went through them; `priority`, its highest."""

    dose: str
    kinds: tuple[str, ...]
    priority: str
    taken_by: str = ""
    resolution: str = ""
    undelivered: bool = False  # it must have been, at some time; every incident must be delivered at the end


@dataclass(frozen=True, slots=True)
class ExpectedDisplay:
    """At some instant between `after` and `before` the robot showed these lines, from the top."""

    after: str
    before: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    title: str
    zone: str
    first_day: date
    start: str
    end: str
    speed: float
    receipt_s: float
    staff_phone: str
    roll_days: int
    known: tuple[str, ...]
    critical: tuple[str, ...]
    prescriptions: tuple[Prescription, ...]
    deeds: tuple[Deed, ...]
    doses: tuple[ExpectedDose, ...]
    incidents: tuple[ExpectedIncident, ...]
    displays: tuple[ExpectedDisplay, ...]

    def instant(self, text: str) -> datetime:
        """UTC of "day2 18:40"; 24:00 is the next day's midnight."""
        day, clock = _day_time(text)
        local = datetime.combine(self.first_day + timedelta(days=day - 1), time(), ZoneInfo(self.zone))
        hours, minutes = divmod(clock, 60)
        if hours == 24:
            local, hours = local + timedelta(days=1), 0
        return local.replace(hour=hours, minute=minutes).astimezone(UTC)

    def local(self, instant: datetime) -> str:
        """ "day2 18:40" of an instant."""
        there = instant.astimezone(ZoneInfo(self.zone))
        return f"day{(there.date() - self.first_day).days + 1} {there:%H:%M}"

    def dose_end(self, dose: str) -> str:
        """How its dose id ends: "2026-11-03/evening/1"."""
        day, slot = _dose(dose)
        return f"{self.first_day + timedelta(days=day - 1)}/{slot}/1"

    def dose_name(self, dose_id: str) -> str:
        """ "day2 evening" of a dose id."""
        _, day, slot, part = dose_id.split("/")
        number = (date.fromisoformat(day) - self.first_day).days + 1
        return f"day{number} {slot}" + ("" if part == "1" else f"/{part}")


def read_scenario(path: Path) -> Scenario:
    """ScenarioError for anything that is no scenario."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScenarioError(f"{path} can't be read: {error}") from None
    return parse_scenario(document)


def parse_scenario(document: dict[str, Any]) -> Scenario:
    rest = dict(document)
    medicine = rest.pop("medicine", {})
    scenario = _filled(
        Scenario,
        {
            **rest.pop("scenario", {}),
            "known": tuple(medicine.get("known", ())),
            "critical": tuple(medicine.get("critical", ())),
            "prescriptions": _rows(Prescription, rest.pop("prescription", ())),
            "deeds": tuple(_deed(row) for row in rest.pop("deed", ())),
            "doses": _rows(ExpectedDose, rest.pop("expect_dose", ())),
            "incidents": _rows(ExpectedIncident, rest.pop("expect_incident", ())),
            "displays": _rows(ExpectedDisplay, rest.pop("expect_display", ())),
        },
        "scenario",
    )
    if rest:
        raise ScenarioError(f"unknown table: {', '.join(sorted(rest))}")
    _must_make_sense(scenario)
    return scenario


def _must_make_sense(scenario: Scenario) -> None:
    try:
        ZoneInfo(scenario.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise ScenarioError(f"no such zone: {scenario.zone}") from None
    for text in (scenario.start, scenario.end, *(deed.at for deed in scenario.deeds)):
        _day_time(text)
    named = [deed.dose for deed in scenario.deeds if deed.dose]
    for dose in (*named, *(e.dose for e in scenario.doses), *(e.dose for e in scenario.incidents)):
        _dose(dose)


def _deed(row: dict[str, Any]) -> Deed:
    own = {each.name for each in fields(Deed)} - {"more"}
    staff = row.get("do") in STAFF_DEEDS
    if staff and row.get("via", "oncall") not in WHERE:
        raise ScenarioError(f"a deed is done via {' or '.join(sorted(WHERE))}")
    if staff and not row.keys() <= own:
        raise ScenarioError(f"{row['do']} has no {', '.join(sorted(row.keys() - own))}")
    more = {key: value for key, value in row.items() if key not in own}
    return _filled(Deed, {**{key: row[key] for key in row.keys() & own}, "more": more}, "deed")


T = TypeVar("T")


def _rows(kind: type[T], rows: Any) -> tuple[T, ...]:
    return tuple(_filled(kind, row, kind.__name__) for row in rows)


def _filled(kind: type[T], row: dict[str, Any], what: str) -> T:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ScenarioError(f"{what}: {error}") from None


def _day_time(text: str) -> tuple[int, int]:
    """Day number, and minutes since its midnight."""
    match = re.fullmatch(r"day(\d{1,3}) (\d\d):(\d\d)", text)
    if match is None or int(match[3]) > 59 or int(match[2]) > 24:
        raise ScenarioError(f'"{text}" is no time: write "day1 08:05"')
    return int(match[1]), int(match[2]) * 60 + int(match[3])


def _dose(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"day(\d{1,3}) ([a-z]+(?:-\d+)?)", text)
    if match is None:
        raise ScenarioError(f'"{text}" is no dose: write "day1 evening"')
    return int(match[1]), match[2]
