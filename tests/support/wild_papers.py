"""The papers of the wild town: who lives where, their cards, and what each sachet was packed for.

Four people. A and B share a robot, C has one alone with controlled medicine in the evening, D asks for
medicine as needed and has the same drug at noon: by hand, or from a roll where D has two robots
one. A may move to another box, and back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Dosage, Intake, Limit, Period, cycle
from scheduler.expand import Catalogue
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll, Sachet
from scheduler.window import LocalTime
from scheduler.world import Resident, Setting, StaffKey
from tests.support.pure_home import DRUGS, FIRST_DAY, PARTS, setting

LOCAL = LocalTime("Europe/Copenhagen")
KEYS = {name: f"{number:032x}" for number, name in enumerate("ABCD", 0xA)}
NAMES = {key: name for name, key in KEYS.items()}
SLOTS = {
    "A": ("morning", "noon", "evening", "night"),
    "B": ("morning", "evening"),
    "C": ("morning", "noon", "evening"),
    "D": ("noon",),
}
"""D's noon dose is in no strip, unless D has two robots: staff give it."""

LIVES = {"A": "R1", "B": "R1", "C": "R2", "D": "R3"}
AWAY_ROBOT, NOON_ROBOT = "R9", "R4"
SHARED, PAIN, OPIOID = "A02BC01", "N02BE05", "N02AA01"
SHARING = ("noon", "evening")
NOON = PARTS[DayPart.NOON]
PN_GAP, PN_TIMES = timedelta(minutes=240), 3
WINDOW, NARROW = timedelta(hours=2), timedelta(hours=1)
DAYS_PACKED = 9
STAFF = (StaffKey("Nina", frozenset({"key-Nina"})), StaffKey("Otto", frozenset({"key-Otto"})))


def settings(box: str, *, two: bool = False) -> Setting:
    """`two`: D's noon dose lies in a robot beside the one with their medicine as needed."""
    people = [("A", AWAY_ROBOT)] if box == "box-2" else list(LIVES.items())
    residents = tuple(
        Resident(KEYS[name], robot, frozenset({f"tag-{name}"}), moves_in=box == "box-2")
        for name, robot in people
    )
    robots = [robot for _, robot in people]
    if two and box == "box-1":
        *others, last = residents
        residents = (*others, replace(last, robot=NOON_ROBOT, as_needed_robot=LIVES["D"]))
        robots.append(NOON_ROBOT)
    known = frozenset({*DRUGS.values(), SHARED, PAIN, OPIOID})
    return replace(
        setting(),
        box=box,
        residents=residents,
        robots=tuple(dict.fromkeys(robots)),
        catalogue=Catalogue(known, frozenset({DRUGS["night"]}), frozenset({OPIOID})),
        staff=STAFF,
    )


def drug(name: str, slot: str) -> str:
    return PAIN if name == "D" else OPIOID if (name, slot) == ("C", "evening") else DRUGS[slot]


def card(name: str, noon: time | None = NOON) -> tuple[Prescription, ...]:
    """Everybody's prescriptions are numbered alike. `noon`: when the noon dose is; None = stopped."""
    own: list[Prescription] = []
    for number, slot in enumerate(SLOTS[name], 1):
        if slot == "noon" and noon is None:
            continue
        intake = _intake(slot, noon)
        periods = [cycle(FIRST_DAY, None, 1, (intake,))]
        if name == "D":
            needed = (Day(ANY_DAY, (Intake(Decimal(1), as_needed=True),)),)
            limit = Limit(int(PN_GAP.total_seconds() / 60), Decimal(4), PN_TIMES)
            periods.insert(0, Period(date(1900, 1, 1), None, NOT_ITERATED, needed, limit))
        own.append(Prescription(f"p-{number}", drug(name, slot), "10 mg", Dosage("tablet", tuple(periods))))
    if name == "A":
        both = tuple(_intake(slot, noon) for slot in SHARING if slot != "noon" or noon is not None)
        own.append(Prescription("p-5", SHARED, "5 mg", Dosage("tablet", (cycle(FIRST_DAY, None, 1, both),))))
    return tuple(own)


def _intake(slot: str, noon: time | None) -> Intake:
    if slot == "noon" and noon not in (None, NOON):
        return Intake(Decimal(1), clock=noon)
    return Intake(Decimal(1), part=DayPart(slot))


def packed(*, two: bool = False) -> dict[str, list[str]]:
    """Serial -> the labels of its strip: `A/0/morning`; D's as needed are `D/pn/3`."""
    strips: dict[str, list[str]] = {robot: [] for robot in LIVES.values()}
    for day in range(DAYS_PACKED):
        for slot in PARTS:
            for name, robot in LIVES.items():
                if slot.value in SLOTS[name] and name != "D":
                    strips[robot].append(f"{name}/{day}/{slot.value}")
    strips["R3"] = [f"D/pn/{number}" for number in range(60)]
    if two:
        strips[NOON_ROBOT] = [f"D/{day}/noon" for day in range(DAYS_PACKED)]
    return strips


def sachet(number: int, label: str) -> Sachet:
    name, day, slot = label.rstrip("+").split("/")
    if day == "pn":
        local, slot = datetime.combine(FIRST_DAY, NOON), "noon"
    else:
        local = datetime.combine(FIRST_DAY + timedelta(days=int(day)), PARTS[DayPart(slot)])
    content = {Content(drug(name, slot), "10 mg", Decimal(1), "tablet")}
    if name == "A" and slot in SHARING:
        content.add(Content(SHARED, "5 mg", Decimal(1), "tablet"))
    return Sachet(number, label, local, frozenset(content))


def rolls(production_id: str, strip: list[str]) -> list[Roll]:
    """One manifest for each person who has a sachet in it."""
    found = []
    for name in dict.fromkeys(label[0] for label in strip):
        theirs = [label for label in strip if label[0] == name]
        mine = [sachet(n, label) for n, label in enumerate(strip, 1) if label[0] == name]
        found.append(Roll(production_id, KEYS[name], 1, tuple(mine), as_needed=is_as_needed(theirs[0])))
    return found


def is_as_needed(label: str) -> bool:
    return label[2:4] == "pn"


def label_of(dose_id: str) -> str:
    """The label of the sachet that was packed for this dose; "" = none."""
    key, day, slot, _ = dose_id.split("/")
    name = NAMES[key]
    if slot.split("-")[0] not in SLOTS[name]:
        return ""
    return f"{name}/{(date.fromisoformat(day) - FIRST_DAY).days}/{slot.split('-')[0]}"


def instant(day: date, clock: time) -> datetime:
    return LOCAL.instant(day, clock).astimezone(UTC)
