"""`evolve(world, event) -> World`: what an event changes. Total, pure, and the same for live and replay.

Decides nothing: a rule that needs a limit, a clock or the configuration belongs to `decide`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import assert_never

from scheduler import events as ev
from scheduler.dose import AT_REST, Trigger
from scheduler.evolve_as_needed import evolve_as_needed
from scheduler.evolve_clock import WENT_BACK, set_back, trusted_again
from scheduler.evolve_dose import evolve_dose, moved
from scheduler.evolve_incident import evolve_incident
from scheduler.evolve_side import evolve_side, settled_before
from scheduler.evolve_upkeep import evolve_upkeep, not_later
from scheduler.evolve_voice import evolve_voice
from scheduler.replacing import replace, replace_fresh
from scheduler.world import (
    FORGERIES,
    KEEP_SETTLED,
    LOSSES_MAX,
    TOKENS_AHEAD,
    ClockState,
    Dose,
    Robot,
    RobotState,
    World,
    by_opening,
)


def evolve(world: World, event: ev.Event) -> World:
    """The world after `event`."""
    if world.last_at is not None and event.at < world.last_at - WENT_BACK:
        world = set_back(world, event.at)
    after = _changed(world, event)
    newest = after.clock.trusted and (after.trusted_at is None or event.at > after.trusted_at)
    return replace_fresh(after, world, last_at=event.at, trusted_at=event.at if newest else after.trusted_at)


def _changed(world: World, event: ev.Event) -> World:
    if isinstance(event, ev.RobotEvent):
        return _robot(world, event)
    if isinstance(event, ev.DoseEvent):
        return evolve_dose(world, event)
    if isinstance(event, ev.IncidentEvent):
        return evolve_incident(world, event)
    return _home(world, event)


def _home(world: World, event: ev.HomeEvent) -> World:
    match event:
        case ev.DaemonStarted():
            return _restarted(world, event)
        case ev.StoreStopped():
            return replace(world, store_stopped=(event.reason, event.stopped))
        case ev.ClockTrusted():
            world = not_later(trusted_again(world, event.at), event.at)
            world = replace(world, clock=ClockState(trusted=True, reason="", since=event.at))
            return _dated(world, event.at) if world.behind and world.lost_before is None else world
        case ev.JournalFoundBehind():
            return _behind(world, event)
        case ev.ClockDoubted():
            since = event.at if world.clock.trusted else world.clock.since or event.at
            return replace(world, clock=ClockState(trusted=False, reason=event.reason, since=since))
        case ev.PlanAccepted():
            plans = {**world.plans, event.plan.resident: event.plan}
            return replace(world, plans=plans, refused_plan=None)
        case ev.PlanRefused():
            return replace(world, refused_plan=(event.fingerprint, f"{event.reason} {event.path}".strip()))
        case ev.DosePlanned():
            known = world.doses.get(event.dose.dose_id)
            dose = replace(known, plan=event.dose) if known else _marked(world, Dose(plan=event.dose))
            return replace(world, doses=by_opening({**world.doses, dose.dose_id: dose}.values()))
        case ev.DoseWithdrawn():
            return replace(world, doses={key: d for key, d in world.doses.items() if key != event.dose_id})
        case ev.DayPlanned():
            return _day_planned(world, event)
        case ev.RollLoaded():
            robot = replace(world.robot, magazine_since=event.at, gone_label="")
            return replace(world, roll=event.roll, robot=robot)
        case ev.Pressed():
            return replace(world, press=event, spent="")
        case ev.PressSpent():
            return replace(world, press=None, spent=event.reason)
        case ev.CommandAnswered():
            answered = {**world.answered, event.command_id: event.expires}
            forged = event.reason if event.reason in FORGERIES else world.forged
            return replace(world, answered=answered, forged=forged)
        case ev.HelpAsked() | ev.QuestionAsked() | ev.QuestionAnswered():
            return evolve_voice(world, event)
        case ev.AsNeededRequested() | ev.AsNeededRefused() | ev.ElsewhereRead():
            return evolve_as_needed(world, event)
        case ev.SideDosePlanned() | ev.SideDoseWithdrawn() | ev.SideDoseDue():
            return evolve_side(world, event)
        case ev.AlarmTestBegun() | ev.CertificatesRead() | ev.ChoreEnded():
            return evolve_upkeep(world, event)
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


def _behind(world: World, event: ev.JournalFoundBehind) -> World:
    """Rule 23. A clock nobody trusts can't say which doses were due before: the next trusted instant does."""
    world = replace(world, behind=(*world.behind, event)[-LOSSES_MAX:], lost_before=None)
    return _dated(world, event.at) if world.clock.trusted else world


def _dated(world: World, at: datetime) -> World:
    world = replace(world, lost_before=at)
    return replace(world, doses={key: _marked(world, dose) for key, dose in world.doses.items()})


def _marked(world: World, dose: Dose) -> Dose:
    """Whether the lost part may tell of it. What this journal says of its outcome stands."""
    before = world.lost_before
    lost = before is not None and dose.outcome is None and dose.plan.opens <= before + TOKENS_AHEAD
    return replace(dose, lost=True) if lost else dose


def _restarted(world: World, event: ev.DaemonStarted) -> World:
    """Nothing in flight is known any more: what was pressed is history, what was sent is unproven (P2)."""
    robot, clock = world.robot, world.clock
    return replace(
        world,
        box=event.box,
        epoch=event.epoch,
        began=world.began or event.at,
        press=None,
        spent="",
        clock=ClockState(since=event.at if clock.trusted else clock.since or event.at),
        robot=replace(
            robot, state=RobotState.ABSENT, since=_gone_since(robot, event.at), reason="starting", session=""
        ),
        doses={key: replace(dose, wanted_until=None) for key, dose in world.doses.items()},
    )


def _day_planned(world: World, event: ev.DayPlanned) -> World:
    """Planning moves on; what is long settled leaves the world (the journal keeps it)."""
    day = _date(event.day)
    before = event.at - KEEP_SETTLED
    sides = world.sides.keys()
    world = settled_before(world, before)
    kept = {key: dose for key, dose in world.doses.items() if not _long_settled(world, dose, before)}
    gone_sides = sides - world.sides.keys()
    about = {f"dose:{key}" for key in (world.doses.keys() - kept.keys()) | gone_sides}
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


def _long_settled(world: World, dose: Dose, before: datetime) -> bool:
    """Nothing more is to come of it. An incident that nobody closed keeps its dose: nothing closes one by
    time."""
    if dose.order is not None or dose.outcome is None or dose.stage not in AT_REST:
        return False
    incident = world.incident_about(f"dose:{dose.dose_id}")
    watched = incident is not None and incident.state is not ev.State.CLOSED
    return not watched and dose.plan.closes <= before and dose.outcome.at <= before


# --- the robot --------------------------------------------------------------------------------------


def _robot(world: World, event: ev.RobotEvent) -> World:
    robot = world.robot
    match event:
        case ev.RobotIdentified():
            same_log = event.log_id == robot.log_id
            robot = replace(
                robot,
                state=RobotState.IDENTIFIED,
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
            world = _unprovable(world, event)
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
    return replace(robot, state=state, since=_gone_since(robot, event.at), reason=reason, session="")


def _gone_since(robot: Robot, at: datetime) -> datetime:
    """Since when it can't be used: neither another reason nor another try makes that younger."""
    return at if robot.state is RobotState.READY or robot.since is None else robot.since


def _unprovable(world: World, event: ev.RobotLogBroken) -> World:
    """P7: what is unanswered now can't be proved by absence any more, whatever later sessions find."""
    doses = {
        key: replace(dose, order=replace(dose.order, unprovable=event.reason)) if dose.order else dose
        for key, dose in world.doses.items()
    }
    return replace(world, doses=doses)


def _logged(world: World, event: ev.RobotLogged) -> World:
    left = event.result == "done" and event.order_kind in (ev.OrderKind.RELEASE, ev.OrderKind.DIVERT)
    robot = replace(
        world.robot,
        log_read=max(world.robot.log_read, event.index),
        last_entry=event,
        gone_label=event.label if left and event.label else world.robot.gone_label,
    )
    dose = world.doses.get(event.dose_id)
    if dose is None:
        return replace(world, robot=robot)
    dose = _dose_logged(dose, event, trusted=world.clock.trusted)
    return replace(world, robot=robot, doses={**world.doses, dose.dose_id: dose})


def _dose_logged(dose: Dose, event: ev.RobotLogged, *, trusted: bool) -> Dose:
    if event.entry == "lifted":
        # A clock nobody trusts tells no time: too early a lift would bring the next dose too soon (S2).
        lifted = min(event.robot_at, event.at) if trusted else event.at
        dose = replace(moved(dose, Trigger.LIFTED), lifted=lifted, had_before=None, order=None)
        return replace(dose, untimed=not trusted)
    if dose.order is None or dose.order.order.order_id != event.order_id:
        return dose
    if event.entry == "accepted":
        return replace(dose, order=replace(dose.order, accepted=True))
    if event.entry == "started":
        order = replace(dose.order, accepted=True, started=True, boot_id=event.boot_id)
        return replace(dose, order=order)
    return dose


def _date(text: str) -> date:
    return date.fromisoformat(text)
