"""A scenario: who does what when, and what must come of it.

Times are local civil ("day2 18:40"; day 1 is `first_day`). A dose is named by day and slot ("day2 evening").
Data and its calendar; `scenario_file` reads it strictly. Knows nothing of processes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulator.script import SCHEMA
from simulator.stage.household import Household, Person
from simulator.stage.strict import ScenarioError as ScenarioError

SLOT_CLOCKS = {"morning": time(8), "noon": time(12), "evening": time(18), "night": time(22)}
"""Clock times of the day parts in every scenario: the mapping of the configuration template."""

ROBOT, RESIDENT, DAEMON, BROKER = "robot", "resident", "daemon", "broker"
"""Who may do something besides staff, who are named by name."""

IN_SACHETS = ("tablet", "capsule")
PARTS_APART = 100
"""Parts of a slot beside the robot: a hundred apart, from 101."""

AT_THE_ROBOT = frozenset({ROBOT, RESIDENT})
MACHINE_DEEDS = {DAEMON: ("kill_while_releasing",), BROKER: ("stop", "start")}
FINDINGS = ("given", "had_it", "witnessed", "not_given", "discard", "let_go")
FOR_NOW = ("mode", "pause", "review", "resume", "leave", "back")
"""About a resident and no dose: said at the box by a person who stands there."""

MOVES = ("move_ask", "move_out", "move_in")
ROLLS = ("load", "count")
STAFF_DEEDS = ("take", "close", *FINDINGS, *FOR_NOW, *MOVES, *ROLLS)
MODES = ("normal", "assisted", "witnessed", "suspended")
ONCALL, HOME = "oncall", "home"


@dataclass(frozen=True, slots=True)
class Prescription:
    id: str
    drug: str
    strength_mg: int
    slots: tuple[str, ...]
    unit: str = "tablet"  # "tablet" lies in the roll; anything else beside the robot
    quantity: int = 1
    resident: str = ""  # whose, where several live
    begins: str = ""  # when a newer card has it; "" = the first one has
    ends: str = ""  # when a newer card says that it is stopped; with another that begins then: changed

    def stands_at(self, now: datetime, scenario: Scenario) -> bool:
        """Whether the card of that instant asks for it."""
        begun = not self.begins or scenario.instant(self.begins) <= now
        return begun and not (self.ends and scenario.instant(self.ends) <= now)


@dataclass(frozen=True, slots=True)
class Deed:
    """`robot`: the name of the one at which it is done, where there are several. `wait_for` names the kind of
    incident that a member of staff waits for before acting; `about`, in place of a dose, the kind of one that
    is about none. `mode` and `review_days` are of a mode that is set, `resident` whose, where several live.
    `leave_from` and what follows are of a leave, `came_back` of its end, `other` of a move (the box that the
    paper comes from or is for), `into` of a count. `refused`: the home must refuse it, with this code. `box`:
    at which, where there are several.
    """

    at: str
    who: str
    do: str
    dose: str = ""
    wait_for: str = ""
    via: str = ONCALL
    reason: str = ""
    resolution: str = ""
    robot: str = ""
    about: str = ""
    mode: str = ""
    review_days: int = 0
    resident: str = ""
    leave_from: str = ""
    leave_to: str = ""
    hand_out: str = ""
    departs: str = ""
    back: str = ""
    came_back: tuple[str, ...] = ()
    other: str = ""
    into: str = ""
    refused: str = ""
    box: str = ""
    more: dict[str, Any] = field(default_factory=dict)  # arguments of a deed at the robot

    def __str__(self) -> str:
        waits = f", once there is {self.wait_for}" if self.wait_for else ""
        return (
            " ".join(filter(None, (self.who, self.do, self.robot, self.dose or self.about or self.mode)))
            + f" at {self.at}{waits}"
        )


@dataclass(frozen=True, slots=True)
class ExpectedDose:
    dose: str
    outcome: str
    late: bool = False
    by: str = ""
    helper: str = ""  # who of the helpers pressed for it, or said no thanks
    diverted: str = ""  # when its sachet went to the locked store, within DIVERTED_WITHIN; "" = not asked
    box: str = ""  # at which it is known, where there are several; what was carried along is known at both


@dataclass(frozen=True, slots=True)
class ExpectedIncident:
    """`kinds`, in the order it went through them; `priority`, its highest. Without a dose: of the robot."""

    kinds: tuple[str, ...]
    priority: str
    dose: str = ""
    taken_by: str = ""
    resolution: str = ""
    undelivered: bool = False  # it must have been, at some time; every incident must be delivered at the end
    box: str = ""

    @property
    def name(self) -> str:
        return f"{self.dose or 'the robot'}: {self.kinds[0]}"


@dataclass(frozen=True, slots=True)
class ExpectedDisplay:
    """At some instant between `after` and `before` the robot showed these lines, from the top."""

    after: str
    before: str
    lines: tuple[str, ...]
    robot: str = ""


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
    controlled: tuple[str, ...]
    prescriptions: tuple[Prescription, ...]
    deeds: tuple[Deed, ...]
    doses: tuple[ExpectedDose, ...]
    incidents: tuple[ExpectedIncident, ...]
    displays: tuple[ExpectedDisplay, ...]
    home: Household = field(default_factory=Household)

    @property
    def boxes(self) -> tuple[str, ...]:
        """Their names; one without a name where there is one."""
        return tuple(box.name for box in self.home.boxes) or ("",)

    def at_box(self, box: str) -> Scenario:
        """What of it is one box's: a scenario of its own."""
        if not self.home.boxes:
            return self
        home = self.home.at_box(box)
        names = {person.name for person in home.people}
        return replace(
            self,
            home=home,
            prescriptions=tuple(each for each in self.prescriptions if each.resident in names),
            deeds=tuple(each for each in self.deeds if self._box(each) == box),
            doses=tuple(each for each in self.doses if each.box == box),
            incidents=tuple(each for each in self.incidents if each.box == box),
            displays=tuple(each for each in self.displays if each.robot in home.robots),
        )

    def _box(self, deed: Deed) -> str:
        return self.home.box_of(deed.robot) if deed.who in AT_THE_ROBOT else deed.box

    def beside(self, person: Person) -> tuple[Prescription, ...]:
        """What lies beside the robot, in the order in which the home numbers it: parts 101, 201, ..."""
        theirs = self.taken_by(person)
        found = [each for each in theirs if person.reminder_only or each.unit not in IN_SACHETS]
        return tuple(sorted(found, key=lambda each: each.id))

    def in_sachets(self, person: Person) -> tuple[Prescription, ...]:
        beside = self.beside(person)
        return tuple(each for each in self.taken_by(person) if each not in beside)

    def packed_from(self, person: Person) -> datetime:
        """What their roll at this robot begins after: nothing, or their move to it."""
        moves = [each.at for each in self.deeds if each.do == "move_in" and each.resident == person.name]
        midnight = datetime.combine(self.first_day, time(), ZoneInfo(self.zone))
        return self.instant(moves[0]) if person.moves_in and moves else midnight

    def packed(self, person: Person) -> tuple[Prescription, ...]:
        """What the pharmacy packed the roll by: the first card."""
        return tuple(each for each in self.in_sachets(person) if not each.begins)

    def cards(self, person: Person) -> tuple[datetime, ...]:
        """When a newer card of theirs comes, in order; the first one is there from the beginning."""
        times = {time for each in self.taken_by(person) for time in (each.begins, each.ends) if time}
        return tuple(sorted(self.instant(time) for time in times))

    def holds(self, dose_id: str) -> tuple[str, ...]:
        """The prescriptions of a dose: what the card asked for when its window opened."""
        _, day, slot, part = dose_id.split("/")
        person = self.home.of_dose(dose_id)
        if int(part) > PARTS_APART:
            return (self.beside(person)[int(part) // PARTS_APART - 1].id,)
        opens = self.opens(date.fromisoformat(day), slot)
        return tuple(
            each.id for each in self.in_sachets(person) if slot in each.slots and each.stands_at(opens, self)
        )

    def opens(self, day: date, slot: str) -> datetime:
        local = datetime.combine(day, SLOT_CLOCKS[slot], ZoneInfo(self.zone))
        return local.astimezone(UTC)

    def instant(self, text: str) -> datetime:
        """UTC of "day2 18:40"; 24:00 is the next day's midnight, an hour that comes twice is its first."""
        day, minutes = day_time(text)
        midnight = datetime.combine(self.first_day + timedelta(days=day - 1), time(), ZoneInfo(self.zone))
        local = midnight + timedelta(minutes=minutes)  # on the wall clock: no hour is skipped or repeated
        instant = local.astimezone(UTC)
        if instant.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
            raise ScenarioError(f'"{text}" does not exist: the clocks go forward over it')
        return instant

    def local(self, instant: datetime) -> str:
        """ "day2 18:40" of an instant."""
        there = instant.astimezone(ZoneInfo(self.zone))
        return f"day{(there.date() - self.first_day).days + 1} {there:%H:%M}"

    def dose_end(self, dose: str) -> str:
        """How its dose id ends: "2026-11-03/evening/1", behind its resident's key where several live."""
        name, rest = whose(dose)
        day, slot, beside = day_slot(rest)
        person = self.home.named(name)
        numbers = {each.id: PARTS_APART * number + 1 for number, each in enumerate(self.beside(person), 1)}
        if beside and beside not in numbers:
            raise ScenarioError(f'"{dose}": {beside} is no prescription beside the robot')
        end = f"{self.first_day + timedelta(days=day - 1)}/{slot}/{numbers[beside] if beside else 1}"
        return f"{person.key}/{end}" if self.home.several else end

    def dose_name(self, dose_id: str) -> str:
        """ "day2 evening" of a dose id; beside the robot "day2 evening drops"; where several live
        "Karen day2 evening"."""
        _, day, slot, part = dose_id.split("/")
        number = (date.fromisoformat(day) - self.first_day).days + 1
        beside = int(part) % PARTS_APART == 1 and int(part) > PARTS_APART
        more = f" {self.holds(dose_id)[0]}" if beside else "" if part == "1" else f"/{part}"
        name = f"day{number} {slot}{more}"
        return f"{self.home.of_dose(dose_id).name} {name}".strip() if self.home.several else name

    def script(self, robot: str = "") -> dict[str, Any]:
        """What residents and the world do at this robot, for the simulator."""
        deeds = [
            {"do": deed.do, "at": self.instant(deed.at).isoformat(), **deed.more}
            for deed in self.deeds
            if deed.who in AT_THE_ROBOT and deed.robot == robot
        ]
        return {"schema": SCHEMA, "deeds": deeds}

    def taken_by(self, person: Person) -> tuple[Prescription, ...]:
        return tuple(each for each in self.prescriptions if each.resident == person.name)


def whose(dose: str) -> tuple[str, str]:
    """("Karen", "day1 evening"); the name is "" where there is none."""
    name, _, rest = dose.partition(" day")
    return (name, f"day{rest}") if rest and not dose.startswith("day") else ("", dose)


def day_time(text: str) -> tuple[int, int]:
    """Day number, and minutes since its midnight; 24:00 is the latest."""
    match = re.fullmatch(r"day([1-9]\d{0,2}) (\d\d):([0-5]\d)", text)
    minutes = int(match[2]) * 60 + int(match[3]) if match else 0
    if match is None or minutes > 24 * 60:
        raise ScenarioError(f'"{text}" is no time: write "day1 08:05"')
    return int(match[1]), minutes


def day_slot(text: str) -> tuple[int, str, str]:
    """Day, slot, and the prescription of a dose beside the robot ("" = in a sachet)."""
    match = re.fullmatch(r"day([1-9]\d{0,2}) ([a-z]+)(?: (\S+))?", text)
    if match is None or match[2] not in SLOT_CLOCKS:
        raise ScenarioError(f'"{text}" is no dose: write "day1 evening" (or {", ".join(SLOT_CLOCKS)})')
    return int(match[1]), match[2], match[3] or ""
