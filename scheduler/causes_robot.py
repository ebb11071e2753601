"""What is wrong with each robot of the home, its clock and its strip: the part of `causes` that a robot is
the subject of.

One robot's troubles are told of that robot alone. Whom they keep from a dose is said by that dose's own
incident (`causes`); a technical one beside it that said the same again would be a second alarm for one thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.as_needed_limits import as_needed_period
from scheduler.cause import Cause
from scheduler.dose import IN_MAGAZINE
from scheduler.double_feed import fed_together
from scheduler.forecast import power, refill_due, refills
from scheduler.gate import magazine_misfit
from scheduler.offering import doses_at
from scheduler.remembered import DOUBLE_FEED
from scheduler.world import Robot, RobotState, Setting, World, robot_of

REFILL_AHEAD = timedelta(hours=12)
"""A magazine that can't serve a dose due within this is high."""


def robot_causes(
    world: World, setting: Setting, found: Mapping[str, Cause], now: datetime
) -> dict[str, Cause]:
    """By subject, as in `causes`; `found`: what is wrong with doses."""
    causes: dict[str, Cause | None] = {}
    for serial in setting.robots:
        robot = world.robot(serial)
        causes[f"robot:{serial}"] = _robot(world, setting, serial, found, now)
        causes[f"clock:{serial}"] = _clock(world, serial)
        causes[f"press:{serial}"] = _attempt(robot)
        causes[f"feed:{serial}"] = fed_together(robot)
        causes[f"power:{serial}"] = power(world, setting, serial, now)
        causes |= _strip(world, setting, serial, now)
    return {subject: cause for subject, cause in causes.items() if cause is not None}


def _robot(
    world: World, setting: Setting, serial: str, found: Mapping[str, Cause], now: datetime
) -> Cause | None:
    robot = world.robot(serial)
    if robot.state is RobotState.REJECTED:
        return Cause(ev.Kind.ROBOT_REFUSED, ev.Priority.MEDIUM, robot.reason)
    if robot.log_alarm:
        return Cause(ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH, robot.log_alarm)
    if robot.state is RobotState.ABSENT:
        gone = robot.since is not None and now >= robot.since + setting.limits.robot_gone
        if not gone or _is_told(world, _about(world, setting, serial, found), ev.Kind.ROBOT_UNREACHABLE):
            return None
        return Cause(ev.Kind.ROBOT_UNREACHABLE, ev.Priority.LOW, robot.reason)
    fault = robot.status.fault if robot.status is not None else ""
    if not fault or world.order_under_way(serial) is not None:
        return None  # its log entry follows, and says which dose it is about
    if fault == DOUBLE_FEED:
        return None if robot.double_feed else Cause(ev.Kind.ROBOT_FAULT, ev.Priority.HIGH, fault)
    told = _is_told(world, _about(world, setting, serial, found), ev.Kind.RELEASE_FAILED)
    return None if told else Cause(ev.Kind.ROBOT_FAULT, ev.Priority.MEDIUM, fault)


def _about(world: World, setting: Setting, serial: str, found: Mapping[str, Cause]) -> Mapping[str, Cause]:
    """What is wrong with doses of this robot: another's tell nothing of it."""

    def is_here(cause: Cause) -> bool:
        dose = world.doses.get(cause.dose_id)
        return dose is not None and robot_of(setting, dose) == serial

    return {subject: cause for subject, cause in found.items() if is_here(cause)}


def _is_told(world: World, found: Mapping[str, Cause], kind: ev.Kind) -> bool:
    """Whether a dose's incident says it; one that a person closed says nothing any more."""
    for subject, cause in found.items():
        incident = world.incident_about(subject)
        resolved = incident is not None and incident.state is ev.State.CLOSED and not incident.cleared
        if cause.kind is kind and not resolved:
            return True
    return False


def _clock(world: World, serial: str) -> Cause | None:
    """Its clock can't vouch for ours and another's does: the home goes on, and would stand still if that one
    went away."""
    doubt = world.clock.doubts.get(serial, "") if world.clock.trusted else ""
    return Cause(ev.Kind.CLOCK_UNTRUSTED, ev.Priority.MEDIUM, doubt) if doubt else None


def _attempt(robot: Robot) -> Cause | None:
    return Cause(ev.Kind.ATTEMPT_BLOCKED, ev.Priority.LOW, robot.attempt) if robot.attempt else None


def _strip(world: World, setting: Setting, serial: str, now: datetime) -> Iterator[tuple[str, Cause | None]]:
    """The magazine can't serve the plan: none in place, empty or soon to be, or no manifest for it. That
    it is empty is one thing to mend, for however many it serves: told of the first of them."""
    robot = world.robot(serial)
    if robot.state is not RobotState.READY or robot.status is None:
        return
    if robot.magazine_since is None or now < robot.magazine_since + setting.limits.robot_gone:
        return  # a person is just putting it in
    yield from _strip_beside(world, setting, serial, now)
    residents = [key for key in setting.served[serial] if setting.robot_of(key) == serial]
    planned = [key for key in residents if any(d.plan.resident == key for d in world.doses.values())]
    if not robot.status.production_id or robot.status.sachets_left == 0:
        if planned:
            empty = Cause(ev.Kind.ROLL_EMPTY, _urgency(world, setting, serial, planned, now))
            yield f"roll:{planned[0]}", empty
        return
    for refill in refills(world, setting, serial)[:1] if world.clock.trusted else ():
        yield f"roll:{planned[0] if planned else refill.resident}", refill_due(refill, now)
    for key in planned:
        roll = robot.rolls.get(key)
        if roll is None or roll.production_id != robot.status.production_id:
            detail = "no_manifest" if roll is None else "other_roll"
            yield (
                f"roll:{key}",
                Cause(ev.Kind.ROLL_CONFLICT, _urgency(world, setting, serial, [key], now), detail),
            )


def _strip_beside(
    world: World, setting: Setting, serial: str, now: datetime
) -> Iterator[tuple[str, Cause | None]]:
    """The same of medicine as needed that lies in a robot beside the one with the roll, while a card asks for
    any. No dose of it is ever due: somebody re-plans the round."""
    robot, today = world.robot(serial), setting.local.day_of(now)
    for key in setting.served[serial]:
        plan, roll = world.plans.get(key), robot.rolls.get(key)
        theirs = setting.has_two(key) and setting.robot_for(key, as_needed=True) == serial
        if not theirs or plan is None or not any(as_needed_period(p, today) for p in plan.prescriptions):
            continue
        empty = robot.status is None or not robot.status.production_id or robot.status.sachets_left == 0
        if empty:
            yield f"strip:{key}", Cause(ev.Kind.ROLL_EMPTY, ev.Priority.MEDIUM, AS_NEEDED)
        elif magazine_misfit(robot, key):
            detail = "no_manifest" if roll is None else "other_roll"
            yield f"strip:{key}", Cause(ev.Kind.ROLL_CONFLICT, ev.Priority.MEDIUM, detail)


AS_NEEDED = "as_needed"
"""Detail: it is about medicine as needed."""


def _urgency(world: World, setting: Setting, serial: str, residents: list[str], now: datetime) -> ev.Priority:
    soon = any(
        dose.plan.resident in residents
        and dose.outcome is None
        and dose.stage in IN_MAGAZINE
        and dose.plan.closes > now
        and dose.plan.opens <= now + REFILL_AHEAD
        for dose in doses_at(world, setting, serial)
    )
    return ev.Priority.HIGH if soon else ev.Priority.MEDIUM
