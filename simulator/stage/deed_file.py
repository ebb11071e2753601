"""Reads `[[deed]]`: what somebody does when, and what only this deed needs. Refuses what nobody could do."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from simulator.script import DEEDS
from simulator.stage.household import Household
from simulator.stage.scenario import (
    AT_THE_ROBOT,
    BROKER,
    DAEMON,
    FOR_NOW,
    HOME,
    MACHINE_DEEDS,
    MODES,
    MOVES,
    ONCALL,
    RESIDENT,
    ROLLS,
    STAFF_DEEDS,
    Deed,
    ScenarioError,
    day_time,
)
from simulator.stage.strict import filled, one_of, only

PRESSES = frozenset({"press", "press_when_prompted", "press_and_lift"})
"""Deeds before which a tag is shown."""

OWN_TAG = "own"
"""Of a press: they show theirs also where nobody else lives, as for controlled medicine."""

OF_ONE_DEED = {
    "leave": (("leave_from", "leave_to", "departs"), ("hand_out", "back")),
    "back": ((), ("came_back",)),
    "move_ask": ((), ()),
    "move_out": (("other",), ()),
    "move_in": (("other",), ()),
    "load": ((), ()),
    "count": (("into",), ()),
}
"""What a deed needs, and what it may have: all of them are of no other deed, but `other`."""

TIMES = ("leave_from", "leave_to", "departs", "hand_out", "back")


def read_deed(row: dict[str, Any], where: str, home: Household) -> Deed:
    own = [each.name for each in fields(Deed) if each.name not in ("more", "robot")]
    for name in ("at", "who", "do"):
        if not isinstance(row.get(name), str):
            raise ScenarioError(f"{where}: needs {name}, a text")
    day_time(row["at"])
    who, what = row["who"], row["do"]
    where = f"{where} ({who} {what})"
    if who in AT_THE_ROBOT:
        one_of(what, tuple(DEEDS), f"{where}: do")
        return _deed_at_the_robot(row, where, home)
    if who in MACHINE_DEEDS:
        one_of(what, MACHINE_DEEDS[who], f"{where}: do")
        only(row, ("at", "who", "do", *(("box",) if who == DAEMON else ())), f"key of {where}")
        return _at_a_box(Deed(row["at"], who, what, box=row.get("box", "")), where, home)
    one_of(what, STAFF_DEEDS, f"{where}: a member of staff does")
    only(row, own, f"key of {where}")
    read = filled(Deed, row, where)
    _check_own(read, where)
    if what in (*FOR_NOW, *MOVES, *ROLLS):
        _check_for_now(read, where, home)
    else:
        _check_staff(read, where)
    return _at_a_box(read, where, home)


def _at_a_box(read: Deed, where: str, home: Household) -> Deed:
    boxes = tuple(box.name for box in home.boxes) or ("",)
    if read.who != BROKER:
        one_of(read.box, boxes, f"{where}: box")
    if read.other:
        one_of(read.other, boxes, f"{where}: other")
    return read


def _check_own(read: Deed, where: str) -> None:
    needs, may = OF_ONE_DEED.get(read.do, ((), ()))
    for name in needs:
        if not getattr(read, name):
            raise ScenarioError(f"{where}: needs {name}")
    others = {
        each for name_of, lists in OF_ONE_DEED.items() if name_of != read.do for one in lists for each in one
    }
    for name in sorted(others - {*needs, *may}):
        if getattr(read, name):
            raise ScenarioError(f"{where}: {name} is of another deed")
    for name in (*needs, *may):
        if name in TIMES and getattr(read, name):
            day_time(getattr(read, name))


def _deed_at_the_robot(row: dict[str, Any], where: str, home: Household) -> Deed:
    """Where several live a resident has a name, and with it a robot and, if they share it, a tag to show."""
    known = ("at", "who", "do", "robot", "resident")
    more = {key: value for key, value in row.items() if key not in known}
    resident, robot = row.get("resident", ""), row.get("robot", "")
    if resident or (row["who"] == RESIDENT and home.several and not robot):
        lives_here(home, resident, f"{where}: resident")
        person = home.named(resident)
        robot = robot or person.robot
        if row["do"] in PRESSES and home.shares(person):
            more.setdefault("tag", person.tag)
    if more.get("tag") == OWN_TAG:
        more["tag"] = home.named(resident).tag
    helper = next((one for one in home.helpers if one.name == more.get("tag")), None)
    if helper is not None:
        more["tag"] = helper.tag
    one_of(robot, home.robots, f"{where}: robot")
    return Deed(row["at"], row["who"], row["do"], robot=robot, more=more)


def _check_for_now(deed: Deed, where: str, home: Household) -> None:
    if home.several:
        lives_here(home, deed.resident, f"{where}: resident")
    if any((deed.dose, deed.about, deed.resolution, deed.wait_for)):
        raise ScenarioError(f"{where}: is about a resident; it has no dose, about, resolution or wait_for")
    if deed.do == "mode":
        one_of(deed.mode, MODES, f"{where}: mode")
    elif deed.mode:
        raise ScenarioError(f"{where}: only the deed mode has a mode")
    if (deed.review_days > 0) != (deed.mode in MODES[1:]):
        raise ScenarioError(f"{where}: every mode but normal has review_days, and nothing else has any")


def _check_staff(deed: Deed, where: str) -> None:
    if deed.mode or deed.review_days or deed.resident:
        raise ScenarioError(f"{where}: mode, review_days and resident are of a mode or a pause")
    one_of(deed.via, (ONCALL, HOME), f"{where}: via")
    if bool(deed.dose) == (bool(deed.about) and deed.do in ("take", "close")):
        raise ScenarioError(f'{where}: needs dose, as "day1 evening", or to take or close about, a kind')
    if deed.via == HOME and deed.do in ("take", "close"):
        raise ScenarioError(f"{where}: an incident is taken and closed at on-call, not via home")
    if (deed.do == "close") != bool(deed.resolution):
        raise ScenarioError(f"{where}: close needs a resolution, and nothing else has one")


def lives_here(home: Household, name: str, what: str) -> None:
    names = tuple(person.name for person in home.people)
    if name not in names:
        wanted = f"names one of {', '.join(names)}" if home.several else "names no resident: there is one"
        raise ScenarioError(f"{what} {wanted}")
