"""`evolve(world, event) -> World`: what an event changes. Total, pure, and the same for live and replay.

Decides nothing: a rule that needs a limit, a clock or the configuration belongs to `decide`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import assert_never

from scheduler import events as ev
from scheduler.dose import AT_REST, Stage, Trigger, advance
from scheduler.evolve_incident import evolve_incident, with_token
from scheduler.world import KEEP_SETTLED, ClockState, Dose, OpenOrder, Robot, RobotState, World

IncidentEvent = (
    ev.IncidentRaised
    | ev.IncidentChanged
    | ev.IncidentCleared
    | ev.IncidentPublished
    | ev.IncidentUndelivered
    | ev.IncidentDelivered
    | ev.IncidentTaken
    | ev.IncidentHandled
    | ev.IncidentClosed
)
RobotEvent = (
    ev.RobotIdentified
    | ev.RobotCaughtUp
    | ev.RobotLost
    | ev.RobotLogBroken
    | ev.RobotRejected
    | ev.RobotReported
    | ev.RobotLogged
)
DoseEvent = (
    ev.OrderIssued
    | ev.OrderRevoked
    | ev.OrderEnded
    | ev.MotionAdopted
    | ev.DoseDue
    | ev.ReminderGiven
    | ev.DoseHeld
    | ev.OutcomeRecorded
    | ev.FindingContradicted
    | ev.TokenPassed
    | ev.TokenReturned
    | ev.DecisionMade
)


def evolve(world: World, event: ev.Event) -> World:
    """The world after `event`."""
    if world.last_at is None or event.at > world.last_at:
        world = replace(world, last_at=event.at)
    match event:
        case (
            ev.RobotIdentified()
            | ev.RobotCaughtUp()
            | ev.RobotLost()
            | ev.RobotLogBroken()
            | ev.RobotRejected()
            | ev.RobotReported()
            | ev.RobotLogged()
        ):
            return _robot(world, event)
        case (
            ev.OrderIssued()
            | ev.OrderRevoked()
            | ev.OrderEnded()
            | ev.MotionAdopted()
            | ev.DoseDue()
            | ev.ReminderGiven()
            | ev.DoseHeld()
            | ev.OutcomeRecorded()
            | ev.FindingContradicted()
            | ev.TokenPassed()
            | ev.TokenReturned()
            | ev.DecisionMade()
        ):
            return _dose(world, event)
        case (
            ev.IncidentRaised()
            | ev.IncidentChanged()
            | ev.IncidentCleared()
            | ev.IncidentPublished()
            | ev.IncidentUndelivered()
            | ev.IncidentDelivered()
            | ev.IncidentTaken()
            | ev.IncidentHandled()
            | ev.IncidentClosed()
        ):
            return evolve_incident(world, event)
        case _:
            return _home(world, event)


def _home(
    world: World,
    event: ev.DaemonStarted
    | ev.ProofCommitted
    | ev.ClockTrusted
    | ev.ClockDoubted
    | ev.PlanAccepted
    | ev.PlanRefused
    | ev.DosePlanned
    | ev.DoseWithdrawn
    | ev.DayPlanned
    | ev.RollLoaded
    | ev.RollRefused
    | ev.RobotDumped
    | ev.Pressed
    | ev.PressSpent
    | ev.CommandAnswered
    | ev.AnswerDelivered
    | ev.AdministrationFiled,
) -> World:
    match event:
        case ev.DaemonStarted():
            return _restarted(world, event)
        case ev.ClockTrusted():
            return replace(world, clock=ClockState(trusted=True, reason="", since=event.at))
        case ev.ClockDoubted():
            return replace(world, clock=ClockState(trusted=False, reason=event.reason, since=event.at))
        case ev.PlanAccepted():
            plans = {**world.plans, event.plan.resident: event.plan}
            return replace(world, plans=plans, refused_plan=None)
        case ev.PlanRefused():
            return replace(world, refused_plan=(event.fingerprint, f"{event.reason} {event.path}".strip()))
        case ev.DosePlanned():
            known = world.doses.get(event.dose.dose_id)
            dose = replace(known, plan=event.dose) if known else Dose(plan=event.dose)
            return replace(world, doses={**world.doses, event.dose.dose_id: dose})
        case ev.DoseWithdrawn():
            return replace(world, doses={key: d for key, d in world.doses.items() if key != event.dose_id})
        case ev.DayPlanned():
            return _day_planned(world, event)
        case ev.RollLoaded():
            robot = replace(world.robot, magazine_since=event.at)
            return replace(world, roll=event.roll, robot=robot)
        case ev.Pressed():
            return replace(world, press=event, spent="")
        case ev.PressSpent():
            return replace(world, press=None, spent=event.reason)
        case ev.CommandAnswered():
            answered = {**world.answered, event.command_id: event.expires}
            forged = event.reason if event.reason in FORGERIES else world.forged
            return replace(world, answered=answered, forged=forged)
        case (
            ev.ProofCommitted()
            | ev.RollRefused()
            | ev.RobotDumped()
            | ev.AnswerDelivered()
            | ev.AdministrationFiled()
        ):
            return world
        case _:
            assert_never(event)


FORGERIES = frozenset({"bad_signature", "other_home", "other_epoch", "malformed"})
"""Reasons for which somebody should look at who sends commands to this home."""


def _restarted(world: World, event: ev.DaemonStarted) -> World:
    """Nothing in flight is known any more: what was pressed is history, what was sent is unproven (P2)."""
    return replace(
        world,
        box=event.box,
        epoch=event.epoch,
        press=None,
        spent="",
        clock=ClockState(since=event.at),
        robot=replace(world.robot, state=RobotState.ABSENT, since=event.at, reason="starting", session=""),
        doses={key: replace(dose, wanted_until=None) for key, dose in world.doses.items()},
    )


def _day_planned(world: World, event: ev.DayPlanned) -> World:
    """Planning moves on; what is long settled leaves the world (the journal keeps it)."""
    day = _date(event.day)
    before = event.at - KEEP_SETTLED
    kept = {
        key: dose
        for key, dose in world.doses.items()
        if dose.plan.closes > before or dose.order or dose.outcome is None or dose.stage not in AT_REST
    }
    about = {f"dose:{key}" for key in world.doses.keys() - kept.keys()}
    gone = {
        incident_id
        for incident_id, incident in world.incidents.items()
        if incident.state is ev.State.CLOSED
        and incident_id not in world.receipts
        and (incident.changed or incident.raised) < before
    }
    return replace(
        world,
        planned_to=day if world.planned_to is None or day > world.planned_to else world.planned_to,
        planned_version=event.plan_version,
        doses=kept,
        incidents={key: value for key, value in world.incidents.items() if key not in gone},
        subjects={key: value for key, value in world.subjects.items() if key not in about},
        answered={key: until for key, until in world.answered.items() if until > event.at},
    )


# --- the robot --------------------------------------------------------------------------------------


def _robot(world: World, event: RobotEvent) -> World:
    robot = world.robot
    match event:
        case ev.RobotIdentified():
            same_log = event.log_id == robot.log_id
            robot = replace(
                robot,
                state=RobotState.IDENTIFIED,
                since=event.at,
                reason="",
                session=event.session,
                serial=event.robot,
                auth=event.auth,
                boot_id=event.boot_id,
                log_id=event.log_id,
                log_read=robot.log_read if same_log else 0,
                last_entry=robot.last_entry if same_log else None,
                log_broken="",
            )
        case ev.RobotCaughtUp():
            robot = replace(robot, state=RobotState.READY, since=event.at)
        case ev.RobotLost():
            return replace(
                world,
                robot=_left(robot, RobotState.ABSENT, event.reason, event),
                press=None,
                doses={key: replace(dose, wanted_until=None) for key, dose in world.doses.items()},
            )
        case ev.RobotRejected():
            robot = _left(robot, RobotState.REJECTED, event.reason, event)
        case ev.RobotLogBroken():
            robot = replace(robot, log_broken=event.reason, log_alarm=event.reason)
        case ev.RobotReported():
            moved = robot.status is None or robot.status.production_id != event.status.production_id
            since = event.at if moved else robot.magazine_since
            robot = replace(robot, status=event.status, magazine_since=since)
        case ev.RobotLogged():
            return _logged(world, event)
        case _:
            assert_never(event)
    return replace(world, robot=robot)


def _left(robot: Robot, state: RobotState, reason: str, event: ev.RobotLost | ev.RobotRejected) -> Robot:
    """Since when it can't be used: a change of reason does not make it younger."""
    since = robot.since if robot.state is state else event.at
    return replace(robot, state=state, since=since, reason=reason, session="")


def _logged(world: World, event: ev.RobotLogged) -> World:
    robot = replace(world.robot, log_read=max(world.robot.log_read, event.index), last_entry=event)
    world = replace(world, robot=robot)
    dose = world.doses.get(event.dose_id)
    if dose is None:
        return world
    if event.entry == "lifted":
        return _with(world, replace(_move(dose, Trigger.LIFTED), lifted=event.robot_at, order=None))
    if dose.order is None or dose.order.order.order_id != event.order_id:
        return world
    if event.entry == "accepted":
        return _with(world, replace(dose, order=replace(dose.order, accepted=True)))
    if event.entry == "started":
        order = replace(dose.order, accepted=True, started=True, boot_id=event.boot_id)
        return _with(world, replace(dose, order=order))
    return world


# --- doses ------------------------------------------------------------------------------------------


def _dose(world: World, event: DoseEvent) -> World:
    match event:
        case ev.OrderIssued():
            return _issued(world, event)
        case ev.OrderRevoked():
            dose = next(
                (d for d in world.doses.values() if d.order and d.order.order.order_id == event.order_id),
                None,
            )
            return _with(world, replace(_move(dose, Trigger.REVOKED), order=None)) if dose else world
        case ev.TokenPassed() | ev.TokenReturned():
            held = isinstance(event, ev.TokenPassed)
            about = world.subjects.get(f"dose:{event.dose_id}", ("", 0))[0]
            world = with_token(world, about, held, event)
            dose = world.doses.get(event.dose_id)
            return _with(world, _dose_changed(dose, event)) if dose else world
        case _:
            dose = world.doses.get(event.dose_id)
            return _with(world, _dose_changed(dose, event)) if dose else world


def _issued(world: World, event: ev.OrderIssued) -> World:
    order = event.order
    dose = world.doses[order.dose_id]
    spent = order.ground == "press"
    released = order.kind is ev.OrderKind.RELEASE
    dose = replace(
        _move(dose, Trigger(f"{order.kind}_ordered")),
        order=OpenOrder(order=order, issued=event.at, session=world.robot.session),
        rest=dose.stage,
        doubted=None,
        attempts=dose.attempts + 1,
        releases=dose.releases + released,
        wanted_until=order.expires if spent else dose.wanted_until,
        diverts_tried=event.at if order.kind is ev.OrderKind.DIVERT else dose.diverts_tried,
    )
    return replace(_with(world, dose), press=None if spent else world.press)


def _dose_changed(
    dose: Dose,
    event: ev.OrderEnded
    | ev.MotionAdopted
    | ev.DoseDue
    | ev.ReminderGiven
    | ev.DoseHeld
    | ev.OutcomeRecorded
    | ev.FindingContradicted
    | ev.TokenPassed
    | ev.TokenReturned
    | ev.DecisionMade,
) -> Dose:
    match event:
        case ev.OrderEnded():
            return _ended(dose, event)
        case ev.MotionAdopted():
            released = dose.releases + (event.kind is ev.OrderKind.RELEASE)
            return replace(_move(dose, Trigger(f"{event.kind}_done")), releases=released)
        case ev.DoseDue():
            return replace(_move(dose, Trigger.OPENED), offered=True)
        case ev.ReminderGiven():
            return replace(dose, reminders=event.number)
        case ev.DoseHeld():
            return replace(_move(dose, Trigger.HELD), held=event.reason, held_label=event.label)
        case ev.OutcomeRecorded():
            return replace(dose, outcome=event, wanted_until=None)
        case ev.FindingContradicted():
            return replace(dose, contradicted=True)
        case ev.TokenPassed():
            return replace(dose, token=event.to, wanted_until=None)
        case ev.TokenReturned():
            return replace(dose, token="")
        case ev.DecisionMade():
            return _decided(dose, event)
        case _:
            assert_never(event)


def _ended(dose: Dose, event: ev.OrderEnded) -> Dose:
    order = dose.order.order if dose.order else dose.doubted
    match event.result:
        case ev.Result.DONE:
            moved = _move(dose, Trigger(f"{event.kind}_done"))
            presented = event.at if event.kind is ev.OrderKind.PRESENT else dose.presented
            return replace(moved, order=None, doubted=None, presented=presented, failure="")
        case ev.Result.UNKNOWN:
            return replace(_move(dose, Trigger.UNKNOWN), order=None, doubted=order, wanted_until=None)
        case ev.Result.REFUSED:
            return _refused(dose, event)
        case _:
            assert_never(event.result)


UNSENT = frozenset({"never_seen", "cancelled"})
"""The robot never tried: no failure of its own."""


def _refused(dose: Dose, event: ev.OrderEnded) -> Dose:
    """Nothing moved. A release or present that the robot tried or would not do is a failure (S8)."""
    towards = event.kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT) and event.reason not in UNSENT
    moved = _move(dose, Trigger.NOT_MOVED if towards else Trigger.REFUSED)
    failure = (event.detail or event.reason) if towards else dose.failure
    return replace(moved, order=None, doubted=None, wanted_until=None, failure=failure)


def _decided(dose: Dose, event: ev.DecisionMade) -> Dose:
    match event.verdict:
        case ev.Verdict.DISCARD:
            return replace(dose, discard=event.by)
        case ev.Verdict.HAD_IT if dose.stage is Stage.DOUBT:
            found = Trigger.RESIDENT_HAD_IT
            return replace(_move(dose, found), found=found.value, lifted=event.at)
        case ev.Verdict.NOT_GIVEN if dose.stage is Stage.DOUBT:
            return replace(_move(dose, Trigger(event.found)), found=event.found)
        case _:
            return dose


def _move(dose: Dose, trigger: Trigger) -> Dose:
    return replace(dose, stage=advance(dose.stage, trigger, dose.rest))


def _with(world: World, dose: Dose) -> World:
    return replace(world, doses={**world.doses, dose.dose_id: dose})


def _date(text: str) -> date:
    return date.fromisoformat(text)
