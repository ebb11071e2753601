"""How events change what the world knows of one robot: its sessions, log, sensors and strip.

Each robot is a world of its own: nothing that happens to one changes what is known of another. Total and
pure, as all of `evolve`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from scheduler import events as ev
from scheduler.dose import Trigger
from scheduler.evolve_dose import moved
from scheduler.evolve_incident import fed_before
from scheduler.evolve_press import with_robot
from scheduler.machines_of_dose import ORDER, OrderInput, OrderState
from scheduler.machines_of_home import LINK, RobotInput
from scheduler.remembered import DOUBLE_FEED, double_feed
from scheduler.replacing import replace
from scheduler.roll import following_as_needed
from scheduler.standing import order_of
from scheduler.world import NO_ROBOT_YET, Dose, MainsLost, Robot, RobotState, World


def evolve_robot(world: World, event: ev.RobotEvent) -> World:
    """The world after something that a robot said of itself, or that its port did."""
    serial = world.serial(event.robot)
    robot = world.robot(serial)
    match event:
        case ev.RobotIdentified():
            others = {key: other for key, other in world.robots.items() if key != serial}
            return replace(world, robots={**others, serial: _identified(robot, event)})
        case ev.RobotCaughtUp():
            state = LINK.after(robot.state, RobotInput.CAUGHT_UP)
            robot = replace(robot, state=state, since=event.at)
        case ev.RobotLost():
            robot = replace(_left(robot, RobotInput.LOST, event.reason, event), press=None)
            world = _unwanted(world, serial)
        case ev.RobotRejected():
            robot = _left(robot, RobotInput.REJECTED, event.reason, event)
        case ev.RobotLogBroken():
            robot = replace(robot, log_broken=event.reason, log_alarm=event.reason)
            world = _unprovable(world, serial, event)
        case ev.RobotReported():
            moved = robot.status is None or robot.status.production_id != event.status.production_id
            since = event.at if moved else robot.magazine_since
            robot = replace(_powered(robot, event), status=event.status, magazine_since=since)
        case ev.RobotLogged():
            robot = _fed(world, _logged(robot, event), event)
            world = _dose_of(world, serial, event)
        case _:
            assert_never(event)
    return with_robot(world, serial, robot)


def restarted(world: World, at: datetime) -> Mapping[str, Robot]:
    """Every robot after a start of the home, also those that have said nothing yet."""
    known = world.robots or {NO_ROBOT_YET: Robot()}
    return {
        serial: replace(
            robot,
            state=LINK.after(robot.state, RobotInput.RESTARTED),
            since=_gone_since(robot, at),
            reason="starting",
            session="",
            press=None,
            spent="",
            spent_by="",
        )
        for serial, robot in known.items()
    }


def _identified(robot: Robot, event: ev.RobotIdentified) -> Robot:
    same_log = event.log_id == robot.log_id
    return replace(
        robot,
        state=LINK.after(robot.state, RobotInput.IDENTIFIED),
        since=_gone_since(robot, event.at),
        reason="",
        session=event.session,
        serial=event.robot,
        auth=event.auth,
        boot_id=event.boot_id,
        log_id=event.log_id,
        log_read=robot.log_read if same_log else 0,
        last_entry=robot.last_entry if same_log else None,
        log_broken="",
        answers=event.answers,
        take_along=event.take_along,
    )


def _left(robot: Robot, given: RobotInput, reason: str, event: ev.RobotLost | ev.RobotRejected) -> Robot:
    state = LINK.after(robot.state, given)
    return replace(robot, state=state, since=_gone_since(robot, event.at), reason=reason, session="")


def _gone_since(robot: Robot, at: datetime) -> datetime:
    """Since when it can't be used: neither another reason nor another try makes that younger."""
    return at if robot.state is RobotState.READY or robot.since is None else robot.since


def _powered(robot: Robot, event: ev.RobotReported) -> Robot:
    status, before = event.status, robot.status
    told = before is None or (before.mains, before.battery_percent) != (status.mains, status.battery_percent)
    read = event.at if told or robot.battery_read is None else robot.battery_read
    lost = None if status.mains else robot.mains_lost or MainsLost(event.at, status.battery_percent)
    return replace(robot, mains_lost=lost, battery_read=read)


def _unwanted(world: World, serial: str) -> World:
    """A press at a robot that went away is history, for the doses that it was about."""
    doses = {
        key: replace(dose, wanted_until=None) if dose.wanted_until and dose.robot == serial else dose
        for key, dose in world.doses.items()
    }
    return replace(world, doses=doses)


def _unprovable(world: World, serial: str, event: ev.RobotLogBroken) -> World:
    """P7: what is unanswered now can't be proved by absence any more, whatever later sessions find."""
    doses = {
        key: replace(dose, order=replace(dose.order, unprovable=event.reason))
        if dose.order and dose.order.order.robot == serial
        else dose
        for key, dose in world.doses.items()
    }
    return replace(world, doses=doses)


def _logged(robot: Robot, event: ev.RobotLogged) -> Robot:
    left = event.result == "done" and event.order_kind in (ev.OrderKind.RELEASE, ev.OrderKind.DIVERT)
    return replace(
        robot,
        log_read=max(robot.log_read, event.index),
        last_entry=event,
        gone_label=event.label if left and event.label else robot.gone_label,
    )


def _fed(world: World, robot: Robot, event: ev.RobotLogged) -> Robot:
    """Rule 7, also where the motion itself came to nothing. An old entry about nobody's sachet here, of a
    robot that came from elsewhere, says nothing."""
    on_strip = any(one.label == event.label for roll in robot.rolls.values() for one in roll.sachets)
    dose = world.doses.get(event.dose_id)
    if event.entry != "ended" or event.detail != DOUBLE_FEED or (dose is None and not on_strip):
        return robot
    label = event.label or (dose.label if dose is not None else "")  # the tray has no reader
    feed = double_feed(robot.rolls, event.dose_id, label)
    if feed == robot.double_feed:
        return robot
    return replace(robot, double_feed=feed, fed=fed_before(world, robot))


def _dose_of(world: World, serial: str, event: ev.RobotLogged) -> World:
    dose = world.doses.get(event.dose_id)
    if dose is None:
        return world
    dose = _dose_logged(dose, serial, event, trusted=world.clock.trusted)
    if event.entry == "ended" and event.detail == DOUBLE_FEED:
        beside_it = following_as_needed(world.robot(serial).rolls, event.label or dose.label)
        dose = replace(dose, beside_it=dose.beside_it | beside_it)
    return replace(world, doses={**world.doses, dose.dose_id: dose})


def _dose_logged(dose: Dose, serial: str, event: ev.RobotLogged, *, trusted: bool) -> Dose:
    if event.entry == "lifted":
        # A clock nobody trusts tells no time: too early a lift would bring the next dose too soon (S2).
        lifted = min(event.robot_at, event.at) if trusted else event.at
        dose = replace(moved(dose, Trigger.LIFTED), lifted=lifted, had_before=None, order=None)
        return replace(dose, untimed=not trusted, robot=serial)
    if dose.order is None or dose.order.order.order_id != event.order_id:
        return dose
    if event.entry not in ("accepted", "started"):
        return dose
    after = ORDER.after(order_of(dose), OrderInput(event.entry))
    boot_id = event.boot_id if event.entry == "started" else dose.order.boot_id
    started = after is OrderState.STARTED
    return replace(dose, order=replace(dose.order, accepted=True, started=started, boot_id=boot_id))
