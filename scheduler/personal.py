"""Whose press it is, and where a press must say so (rule 2).

On a robot that holds several residents' rolls a button alone names nobody: a release answers a tag or a code
there, and only a dose of its owner. Knows people and tags as the configuration has them; which dose, and
whether it may move, is `offering`'s and `gate`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from scheduler import events as ev
from scheduler.regime import PAUSED
from scheduler.world import Dose, Setting, World

KNOWN, UNKNOWN = "known", "unknown"
"""What the journal keeps of a tag: a code that somebody could read back would open the robot."""


def shared(setting: Setting, robot: str) -> bool:
    """Whether it holds the rolls of several residents."""
    return len(setting.served.get(robot, ())) > 1


def must_say_who(setting: Setting, robot: str) -> bool:
    """Rule 2: where an anonymous press releases nothing."""
    return shared(setting, robot)


def named(setting: Setting, press: ev.Pressed) -> ev.Pressed:
    """The press with its owner in place of the tag that was read."""
    if not press.tag:
        return press
    staff = next((one.name for one in setting.staff if press.tag in one.tags), "")
    if staff:
        return replace(press, staff=staff, tag=KNOWN)
    owner = next((one.key for one in setting.residents if press.tag in one.tags), "")
    return replace(press, resident=owner, tag=KNOWN if owner else UNKNOWN)


def not_theirs(setting: Setting, robot: str, press: ev.Pressed) -> str:
    """Why this press can be for nothing in this robot; "" = it may be."""
    if press.tag == UNKNOWN:
        return "unknown_tag"
    if press.resident and press.resident not in setting.served.get(robot, ()):
        return "other_robot"
    return "who" if not press.resident and must_say_who(setting, robot) else ""


def is_for(press: ev.Pressed, dose: Dose) -> bool:
    """An anonymous press counts for whoever the robot serves alone."""
    return press.resident in ("", dose.plan.resident)


def who(setting: Setting, press: ev.Pressed) -> str:
    """Whose word a press is; "" = it does not say, at a robot that serves several or nobody."""
    served = setting.served.get(press.robot, ())
    return press.resident or (served[0] if len(served) == 1 else "")


def turned_away(world: World, press: ev.Pressed, reason: str, now: datetime) -> Sequence[ev.Event]:
    """Nothing moves, and the display says so. A press without a name is no attempt: nobody was told wrong.
    The same attempt again says nothing new while staff have not closed the incident."""
    if reason == "who" or world.robot(press.robot).attempt == reason:
        return [spent(press, reason, now)]
    attempt = ev.AttemptBlocked(at=now, robot=press.robot, reason=reason, resident=press.resident)
    return [spent(press, reason, now), attempt]


def spent(press: ev.Pressed, reason: str, now: datetime, dose_id: str = "") -> ev.PressSpent:
    """It led to no order, and the display says why."""
    return ev.PressSpent(now, reason, press.robot, press.resident, dose_id)


def kept_out(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Rule 22: a press of somebody who is away, by all we know, moves nothing, and staff hear of it once.
    A wish for help is heard all the same (S7)."""
    for serial in setting.robots:
        press = world.robot(serial).press
        if press is None or press.staff or press.answer is ev.Answer.HELP:
            continue
        resident = who(setting, press)
        pause = world.regime(resident).pause
        if pause is not None:
            first = [] if pause.acted else [ev.PausedAction(at=now, resident=resident)]
            return [*first, spent(press, PAUSED, now)]
    return []
