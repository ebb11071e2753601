"""Whose press it is, and where a press must say so (rule 2).

On a robot that holds several residents' rolls a button alone names nobody: a release answers a tag or a code
there, and only a dose of its owner. Knows people and tags as the configuration has them; which dose, and
whether it may move, is `offering`'s and `gate`'s.

Policies (2026-11-24):
- A named helper has a tag of their own, and presses with it for the residents that the configuration names.
  It is as personal as the resident's: it does for controlled medicine and at a shared robot. The journal
  keeps the helper's name and for whom it was, and never the tag.
- For one resident it is that resident's press: at another's robot, or where another's dose waits and nothing
  of theirs, it is an attempt like with their own tag; while they are away it is an action for who is away.
- For several it is for the one whose dose waits at that robot. What waits is everything that a press with
  that resident's own tag could be about: any dose with an open window and no outcome whose sachet that robot
  has, also one that is held, in doubt, with staff or withheld, what is due beside the robot, and a question
  that the press could answer. Where that leaves two of them, or none, nothing moves and the robot asks for
  whom it is: the resident's own tag always says so. Never is the first of two taken.
- Where nothing of theirs waits, it is for the only one whose dose was withheld for now because they are away:
  an action for somebody paused. Where all whom it may be for are away, it is one for each of them.
- For whom it is, is found out once, when the press comes in, and journalled with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from scheduler import events as ev
from scheduler.at_robots import by_robot
from scheduler.dose import Stage
from scheduler.questions import KEYS
from scheduler.regime import PAUSED
from scheduler.side_doses import together
from scheduler.two_robots import asked_here, is_here
from scheduler.world import Dose, Helper, Setting, World

KNOWN, UNKNOWN = "known", "unknown"
"""What the journal keeps of a tag: a code that somebody could read back would open the robot."""

WHOSE = "whose"
"""Why a helper's press released nothing: nobody could tell for whom it was."""

OUT_OF_REACH = frozenset({Stage.LIFTED, Stage.IN_STORE, Stage.OUT})
"""No press there is about a sachet that has gone this far."""


def shared(setting: Setting, robot: str) -> bool:
    """Whether it holds the rolls of several residents."""
    return len(setting.served.get(robot, ())) > 1


def must_say_who(setting: Setting, robot: str) -> bool:
    """Rule 2: where an anonymous press releases nothing."""
    return shared(setting, robot)


def named(world: World, setting: Setting, press: ev.Pressed, now: datetime) -> ev.Pressed:
    """The press with its owner in place of the tag that was read; a helper's with whom it is for, too."""
    if not press.tag:
        return press
    staff = next((one.name for one in setting.staff if press.tag in one.tags), "")
    if staff:
        return replace(press, staff=staff, tag=KNOWN)
    helper = next((one for one in setting.helpers if press.tag in one.tags), None)
    if helper is not None:
        press = replace(press, helper=helper.name, tag=KNOWN)
        return replace(press, resident=_for_whom(world, setting, helper, press, now))
    owner = next((one.key for one in setting.residents if press.tag in one.tags), "")
    return replace(press, resident=owner, tag=KNOWN if owner else UNKNOWN)


def _for_whom(world: World, setting: Setting, helper: Helper, press: ev.Pressed, now: datetime) -> str:
    """Whom a helper presses for; "" = nobody can tell."""
    if len(helper.residents) == 1:
        return helper.residents[0]
    here = helps_here(setting, press)
    if len(here) > 1:
        meant = [one for one in here if _may_mean(world, setting, one, press, now)]
        here = tuple(meant or [one for one in here if _is_kept_from(world, setting, one, press, now)])
    return here[0] if len(here) == 1 else ""


def helps_here(setting: Setting, press: ev.Pressed) -> tuple[str, ...]:
    """Of whom this press's helper may act for, those whose medicine this robot has."""
    theirs = next((one.residents for one in setting.helpers if one.name == press.helper), ())
    return tuple(one for one in setting.served.get(press.robot, ()) if one in theirs)


def _may_mean(world: World, setting: Setting, resident: str, press: ev.Pressed, now: datetime) -> bool:
    """Whether such a press could be about this resident's medicine here."""
    serial = press.robot
    asked = asked_here(world, setting, resident, serial)
    asked = asked if asked is not None and now < asked.until else None
    if press.answer in KEYS:
        return asked is not None
    if press.answer is ev.Answer.AS_NEEDED:
        roll = world.robot(serial).rolls.get(resident)
        return roll is not None and roll.as_needed and is_here(setting, resident, serial, as_needed=True)
    if asked is not None and asked.question is ev.Question.WHAT_FOR:
        return True
    if is_here(setting, resident, serial, as_needed=False) and together(world, resident, now):
        return True
    return any(
        dose.plan.resident == resident and dose.open_at(now)
        for dose in by_robot(world.doses, setting).get(serial, ())
        if dose.outcome is None and dose.stage not in OUT_OF_REACH
    )


def _is_kept_from(world: World, setting: Setting, resident: str, press: ev.Pressed, now: datetime) -> bool:
    """Whether they are away, and a dose of theirs made way for other people's while its window is open."""
    there = by_robot(world.doses, setting).get(press.robot, ())
    open_ones = any(dose.plan.resident == resident and dose.open_at(now) for dose in there)
    return open_ones and world.regime(resident).pause is not None and press.answer not in KEYS


def not_theirs(setting: Setting, robot: str, press: ev.Pressed) -> str:
    """Why this press can be for nothing in this robot; "" = it may be."""
    if press.tag == UNKNOWN:
        return "unknown_tag"
    if press.helper is not None and not press.resident:
        return WHOSE if helps_here(setting, press) else "other_robot"
    if press.resident and press.resident not in setting.served.get(robot, ()):
        return "other_robot"
    return "who" if not press.resident and must_say_who(setting, robot) else ""


def is_for(press: ev.Pressed, dose: Dose) -> bool:
    """An anonymous press counts for whoever the robot serves alone, a helper's for its resident alone."""
    anonymous = not press.resident and press.helper is None
    return anonymous or press.resident == dose.plan.resident


def who(setting: Setting, press: ev.Pressed) -> str:
    """Whose word a press is; "" = it does not say, at a robot that serves several or nobody, or it is that of
    a helper and nobody can tell for whom."""
    served = setting.served.get(press.robot, ())
    alone = len(served) == 1 and press.helper is None
    return press.resident or (served[0] if alone else "")


def turned_away(world: World, press: ev.Pressed, reason: str, now: datetime) -> Sequence[ev.Event]:
    """Nothing moves, and the display says so. A press without a name is no attempt, nor is a helper's that
    does not say for whom: nobody was told wrong. The same attempt again says nothing new while staff have not
    closed the incident."""
    if reason in ("who", WHOSE) or world.robot(press.robot).attempt == reason:
        return [spent(press, reason, now)]
    attempt = ev.AttemptBlocked(at=now, robot=press.robot, reason=reason, resident=press.resident)
    return [spent(press, reason, now), attempt]


def spent(press: ev.Pressed, reason: str, now: datetime, dose_id: str = "") -> ev.PressSpent:
    """It led to no order, and the display says why."""
    return ev.PressSpent(now, reason, press.robot, press.resident, dose_id)


def kept_out(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Rule 22: a press of or for somebody who is away, by all we know, moves nothing, and staff hear of it
    once. Where a helper's may be for several, it is one if all of them are. A wish for help is heard all the
    same (S7)."""
    for serial in setting.robots:
        press = world.robot(serial).press
        if press is None or press.staff or press.answer is ev.Answer.HELP:
            continue
        resident = who(setting, press)
        several = helps_here(setting, press) if press.helper is not None and not resident else ()
        pauses = {one: world.regime(one).pause for one in several or (resident,)}
        if all(pauses.values()):
            acted = [one for one, pause in pauses.items() if pause is not None and pause.acted]
            first = [ev.PausedAction(at=now, resident=one) for one in pauses if one not in acted]
            return [*first, spent(press, PAUSED, now)]
    return []
