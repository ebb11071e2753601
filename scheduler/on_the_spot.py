"""Staff who stand at a robot: a personal key locks it, and its holder may give by hand (rule 5).

For the home that on-call can't reach: nobody's *take* gets here, and a box that knows nothing of it would go
on offering. The lock is a commit of the home itself, needs no network, and survives a restart. "Given by
staff" is then said at the box (`dispenserd decide`) by the same person. The lock ends by a second press,
once its holder has said of each dose whether they gave it: never by time.

Not in force: a robot whose box is dead gives nothing, and remembers no lock; the home that comes back finds
in its log what was released, and not who stood there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler import events as ev
from scheduler.gate import being_given
from scheduler.offering import doses_at, in_order
from scheduler.personal import spent
from scheduler.receive_command import token_may_pass
from scheduler.world import Dose, Setting, World

STAFF_LOCK = "staff_lock"
"""Reason of the gate, of a retract, and of the care incident about a dose that is due behind the lock."""

NOT_SAID = "not_said"
"""Why the lock stays: its holder has not said yet what they did."""


def locked(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """A personal key at a robot: locks it, or ends the lock."""
    for serial in setting.robots:
        robot = world.robot(serial)
        press = robot.press
        if press is None or not press.staff:
            continue
        if press.answer is not ev.Answer.TAKE:
            return [spent(press, STAFF_LOCK if robot.locked_by else "nothing_due", now)]
        if not robot.locked_by:
            lock = ev.LockedOnTheSpot(at=now, robot=serial, by=press.staff)
            return [lock, spent(press, STAFF_LOCK, now)]
        if any(_not_said(world, dose, robot.locked_by) for dose in _theirs(world, setting, serial)):
            return [spent(press, NOT_SAID, now)]
        unlock = ev.UnlockedOnTheSpot(at=now, robot=serial, by=press.staff)
        return [unlock, spent(press, "unlocked", now)]
    return []


def given_over(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """The token of each dose that is due behind the lock passes to whoever locked it, with its incident,
    where nobody else has that: as a take would have passed it; not again once they gave it back."""
    for serial in setting.robots:
        by = world.robot(serial).locked_by
        for dose in _theirs(world, setting, serial) if by else ():
            incident = world.incident_about(f"dose:{dose.dose_id}")
            if incident is None or incident.state is ev.State.CLOSED or incident.owner not in ("", by):
                continue
            if (
                not dose.open_at(now)
                or dose.handed_back == by
                or not token_may_pass(world, incident, dose, now)
            ):
                continue
            passed = ev.TokenPassed(at=now, dose_id=dose.dose_id, to=by, incident_id=incident.incident_id)
            if incident.owner == by:
                return [passed]
            taken = ev.IncidentTaken(now, incident.incident_id, incident.revision + 1, by)
            return [taken, passed]
    return []


def _theirs(world: World, setting: Setting, serial: str) -> Sequence[Dose]:
    """What the robot has, and what no sachet holds of those whose rolls it has: a person gives both there."""
    loose = [one for one in in_order(world) if one.loose and setting.robot_of(one.plan.resident) == serial]
    return [*doses_at(world, setting, serial), *loose]


def _not_said(world: World, dose: Dose, holder: str) -> bool:
    """Of its holder's doses alone, and until they speak: neither a window that closed nor somebody else's
    right to give, who may be far away, is a word about what was done here."""
    return dose.token == holder and (dose.outcome is None or being_given(world, dose))
