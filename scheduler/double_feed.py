"""Rule 7: a robot suspects that more than the one sachet moved. Which dose is in doubt then, which sachet
the resident is to take, and when staff have reconciled it. Pure.

The record of the motion stands for the dose that was to move. The one whose sachet comes next on the strip is
in doubt, like any other (rule 6), until a person decides about it; what the robot shows later of its mouth
does not settle it. The strip stands still until a person has cleared the fault at the robot, decided about
the dose and closed the incident.

Of a strip of medicine as needed no dose comes next: what lay beside counts as had (`as_needed_limits`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.at_robots import by_robot
from scheduler.cause import Cause
from scheduler.dose import IN_MAGAZINE, IN_MOTION, Stage
from scheduler.remembered import DOUBLE_FEED, DoubleFeed, double_feed
from scheduler.roll import PACKED_APART_MAX, same_medicine
from scheduler.world import Dose, Robot, RobotState, Setting, World, robot_of


def doubted(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """The dose that follows on the strip, as soon as one is planned; asked about once. Also where that robot
    was replaced meanwhile: what it let out may have been had."""
    return [
        ev.DoseDoubted(now, dose.dose_id, serial, feed.follows.label, feed.dose_id)
        for serial in world.robots
        for feed in _suspected(world, setting, serial)
        if (dose := _next(world, setting, feed)) is not None and feed.follows is not None
    ]


def fed_together(robot: Robot) -> Cause | None:
    """High at once, whatever dose is next, and until a person closes it."""
    return None if robot.double_feed is None else Cause(ev.Kind.DOUBLE_FEED, ev.Priority.HIGH)


def not_reconciled(world: World, incident: ev.Incident) -> str:
    """Why nobody can close it yet; "" = the fault is cleared at the robot, no dose of it is open, and nothing
    lies in the holding place that is no dose's: as needed nobody else would be told that it is in the way."""
    serial = incident.subject.partition(":")[2]
    robot = world.robot(serial)
    feed = robot.double_feed
    if robot.state is not RobotState.READY or robot.status is None:
        return "robot_not_ready"
    if robot.status.fault:
        return "fault"
    if feed is None:
        return ""
    for dose in world.doses.values():
        if feed.dose_id not in (dose.dose_id, dose.beside):
            continue
        if dose.stage is Stage.DOUBT or (dose.stage in IN_MOTION and dose.rest is Stage.DOUBT):
            return "in_doubt"  # also on its way to the store: the record can't tell which one that was
        if dose.stage in (Stage.IN_TRAY, Stage.RETRACTING):
            return "tray_occupied"
    known = any(dose.robot == serial and dose.stage in OUT_OF_MAGAZINE for dose in world.doses.values())
    return "holding_occupied" if robot.status.holding and not known else ""


OUT_OF_MAGAZINE = frozenset({Stage.HOLDING, *IN_MOTION})
"""What the sensor of the holding place shows may be such a dose's."""


def nobodys_yet(world: World, robot: Robot, resident: str) -> frozenset[str]:
    """Labels of theirs that may have left this strip beside another one, where the dose is yet to be planned:
    no doubt of it goes along with a resident who moves."""
    open_one = () if robot.double_feed is None else (robot.double_feed,)
    asked = {dose.beside for dose in world.doses.values()}
    return frozenset(
        feed.follows.label
        for feed in (*robot.fed, *open_one)
        if feed.follows is not None and feed.resident == resident and feed.dose_id not in asked
    )


def printed(world: World, setting: Setting, dose: Dose) -> datetime | None:
    """Naive local time that the sachet of this dose shows, where another may lie beside it; None = it lies
    alone."""
    robot = world.robot(robot_of(setting, dose))
    if robot.double_feed is None or robot.double_feed.dose_id != dose.dose_id:
        return None
    packed = (one.local for roll in robot.rolls.values() for one in roll.sachets if one.label == dose.label)
    return next(packed, setting.local.local(dose.plan.opens))


def _suspected(world: World, setting: Setting, serial: str) -> Iterator[DoubleFeed]:
    """By its log; or, where that was lost, by its fault: then the release it is about is itself in doubt."""
    robot = world.robot(serial)
    yield from robot.fed
    if robot.double_feed is not None:
        yield robot.double_feed
    elif robot.status is not None and robot.status.fault == DOUBLE_FEED:
        there = by_robot(world.doses, setting).get(serial, ())
        yield from (
            double_feed(robot.rolls, dose.dose_id, dose.label)
            for dose in there
            if dose.stage is Stage.DOUBT and dose.doubted is not None and dose.label
        )


def _next(world: World, setting: Setting, feed: DoubleFeed) -> Dose | None:
    """Whatever strip is in the robot by now: of several near its time the one whose medicine it holds."""
    follows = feed.follows
    if follows is None or any(dose.beside == feed.dose_id for dose in world.doses.values()):
        return None

    def apart(dose: Dose) -> timedelta:
        return abs(setting.local.local(dose.plan.opens) - follows.local)

    theirs = [
        dose
        for dose in world.doses.values()
        if dose.plan.resident == feed.resident
        and not (dose.plan.as_needed or dose.plan.surplus or dose.loose)
        and apart(dose) <= PACKED_APART_MAX
    ]

    def rank(dose: Dose) -> tuple[bool, timedelta, str]:
        return not same_medicine(follows.content, dose.plan.content), apart(dose), dose.dose_id

    nearest = min(theirs, key=rank, default=None)
    return nearest if nearest is not None and nearest.stage in IN_MAGAZINE else None
