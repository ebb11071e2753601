"""What is wrong in this world, at most one cause a subject: the alarm catalogue's events and priorities.

In force: what the table in docs/safety.md marks so. A modifier is applied after the base priority, in the
order critical medicine, two in a row.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.as_needed import as_needed_causes, effect_cause
from scheduler.cause import Cause
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.gate import (
    GIVEN,
    being_given,
    beyond_plan,
    lead_window,
    why_not_present,
    why_not_release,
)
from scheduler.offering import in_order
from scheduler.side_doses import side_cause
from scheduler.upkeep import NEEDS_CLOCK, upkeep_causes
from scheduler.voice import refusal, voice_causes
from scheduler.world import Dose, RobotState, Setting, World

UNREACHABLE_LEAD = timedelta(minutes=30)
"""A robot unreachable so shortly before a window is a care incident, not a technical one."""

BLOCKED_AHEAD = timedelta(hours=24)
"""How far ahead an Unknown is said to block doses: staff who settle it come within a day."""

REFILL_AHEAD = timedelta(hours=12)
"""A magazine that can't serve a dose due within this is high."""

NO_LONGER_PLANNED = "no_longer_planned"
"""Detail: a person may be about to give what the plan in force does not ask for any more."""

NOT_LOCKS = frozenset({"", "robot_not_ready", "window_closed", "with_staff", "settled", "too_soon"})
"""Reasons of the gate that are no lock, or have a cause of their own."""


def causes(world: World, setting: Setting, now: datetime) -> dict[str, Cause]:
    """Every cause that needs a person, by subject."""
    found: dict[str, Cause] = {}
    for dose in in_order(world):
        cause = _dose(world, setting, dose, now)
        if cause is not None and being_given(world, dose) and beyond_plan(world, dose):
            cause = replace(cause, priority=ev.Priority.HIGH, detail=NO_LONGER_PLANNED)
        if cause is not None:
            found[f"dose:{dose.dose_id}"] = cause
    for side in world.sides.values():
        cause = refusal(world, side) or side_cause(side, now)
        if cause is not None:
            found[f"dose:{side.dose_id}"] = cause
    for subject, technical in (
        (f"robot:{setting.robot}", _robot(world, setting, found, now)),
        ("home", _clock(world, setting, now)),
        ("journal", _journal(world)),
        (f"plan:{setting.resident}", _plan(world, setting)),
        (f"roll:{setting.resident}", _roll(world, setting, now)),
        ("store", _store(world)),
        ("commands", _commands(world)),
    ):
        if technical is not None:
            found[subject] = technical
    return found | upkeep_causes(world, setting, now) | voice_causes(world) | as_needed_causes(world, now)


NEEDS_ROBOT = frozenset(
    {
        ev.Kind.ROBOT_UNREACHABLE,
        ev.Kind.ROBOT_REFUSED,
        ev.Kind.ROBOT_FAULT,
        ev.Kind.ROLL_EMPTY,
        ev.Kind.ROLL_CONFLICT,
        ev.Kind.DOSE_BLOCKED,
    }
)
"""Causes that only a robot in front of us can show to be gone."""


def unproven(world: World, incident: ev.Incident) -> bool:
    """Whether nothing shows yet that the cause is gone: a home that can't look clears nothing."""
    if incident.kind is ev.Kind.CLOCK_UNTRUSTED or incident.kind in NEEDS_CLOCK:
        return not world.clock.trusted
    if incident.kind not in NEEDS_ROBOT:
        return False
    dose = world.doses.get(incident.dose_id)
    if incident.dose_id and (dose is None or (dose.outcome is not None and dose.outcome.outcome in GIVEN)):
        return False
    robot = world.robot
    if incident.kind is ev.Kind.ROBOT_FAULT and world.order_under_way() is not None:
        return True
    return robot.state is not RobotState.READY or robot.status is None


def urgency(dose: Dose) -> ev.Priority:
    """A dose's own priority: critical medicine is one higher."""
    return ev.Priority.HIGH if dose.plan.critical else ev.Priority.MEDIUM


# --- doses ------------------------------------------------------------------------------------------


def _dose(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    settled = dose.outcome.outcome if dose.outcome is not None else None
    by_hand = bool(dose.token) or settled is ev.Outcome.GIVEN_BY_STAFF
    if dose.contradicted or (by_hand and dose.stage is Stage.LIFTED):
        return _about(dose, ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH, "possible_double_dose")
    if dose.failure and world.robot.status is not None and world.robot.status.fault and settled in GIVEN:
        return _about(dose, ev.Kind.RELEASE_FAILED, urgency(dose), dose.failure)  # until it is cleared
    told = _as_told(world, dose) if dose.order is not None and settled is not None else None
    if told is not None:
        return told
    if dose.stage is Stage.DOUBT and settled is not None:
        return _about(dose, ev.Kind.ORDER_UNKNOWN, _most_urgent_blocked(world, dose, now), "in_doubt")
    if settled in GIVEN:
        return effect_cause(dose)
    if dose.token and settled is None:
        return _with_staff(world, dose)
    if settled is not None:
        return _unhappy(world, dose, settled)
    if dose.stage is Stage.DOUBT:
        return _about(dose, ev.Kind.ORDER_UNKNOWN, _most_urgent_blocked(world, dose, now), "in_doubt")
    if dose.stage is Stage.HELD:
        return _held(dose)
    if dose.failure and dose.stage in (Stage.FAILED, Stage.HOLDING):
        return _about(dose, ev.Kind.RELEASE_FAILED, urgency(dose), dose.failure)
    return _not_offered(world, setting, dose, now) or refusal(world, dose) or _untaken(setting, dose, now)


def _with_staff(world: World, dose: Dose) -> Cause:
    """Rule 5: a token out without an outcome is a care incident, due before the window closes."""
    incident = world.incident_about(f"dose:{dose.dose_id}")
    kind = incident.kind if incident is not None else ev.Kind.DOSE_BLOCKED
    priority = max(urgency(dose), incident.priority if incident is not None else ev.Priority.LOW)
    detail = incident.detail if incident is not None else ""
    return _about(dose, kind, ev.Priority(priority), "" if detail == NO_LONGER_PLANNED else detail)


def _unhappy(world: World, dose: Dose, outcome: ev.Outcome) -> Cause | None:
    """The dose closed and nobody had it, by all we know: staff must, until they gave a resolution."""
    if outcome is ev.Outcome.MISSED:
        row = _missed_before(world, dose)
        priority = ev.Priority.HIGH if row else urgency(dose)
        return _about(dose, ev.Kind.DOSE_MISSED, priority, "two_in_a_row" if row else "")
    if outcome is ev.Outcome.WITHHELD:
        return _held(dose)
    if outcome is ev.Outcome.REFUSED:
        return refusal(world, dose)
    if outcome is ev.Outcome.UNCERTAIN:
        return _about(dose, ev.Kind.ORDER_UNKNOWN, urgency(dose), "uncertain")
    kind = ev.Kind.RELEASE_FAILED if dose.failure else ev.Kind.DOSE_BLOCKED
    reason = dose.outcome.reason if dose.outcome is not None else ""
    return _about(dose, kind, urgency(dose), reason)


def _missed_before(world: World, dose: Dose) -> bool:
    earlier = [d for d in in_order(world) if d.plan.opens < dose.plan.opens]
    last = earlier[-1].outcome if earlier else None
    return last is not None and last.outcome is ev.Outcome.MISSED


def _held(dose: Dose) -> Cause:
    if dose.held == "label_unreadable":
        return _about(dose, ev.Kind.SACHET_UNREADABLE, urgency(dose), dose.held)
    return _about(dose, ev.Kind.SACHET_MISMATCH, ev.Priority.HIGH, dose.held)


def _not_offered(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    """S8: whatever keeps an open dose from being offered is a care incident at the dose's priority."""
    gone = setting.limits.robot_gone
    robot = world.robot
    if robot.state is not RobotState.READY:
        since = robot.since or dose.plan.opens
        near = lead_window(dose, UNREACHABLE_LEAD, now) or now >= dose.plan.closes
        if near and now >= since + gone:
            return _about(dose, ev.Kind.ROBOT_UNREACHABLE, urgency(dose), robot.reason)
        return _as_told(world, dose) if near else None
    if now < dose.plan.opens:
        return None
    if now >= dose.plan.closes + gone and not dose.order:
        return _about(dose, ev.Kind.DOSE_BLOCKED, urgency(dose), "not_settled")
    if now >= dose.plan.closes or world.order_under_way() is not None:
        return _as_told(world, dose)
    reason = ""
    if dose.stage in (Stage.PLANNED, Stage.DUE):
        reason = why_not_release(world, setting, dose, now)
    elif dose.stage is Stage.HOLDING:
        reason = why_not_present(world, dose, now)
    elif dose.stage in (Stage.IN_STORE, Stage.OUT):
        reason = "not_in_robot"
    return None if reason in NOT_LOCKS else _about(dose, ev.Kind.DOSE_BLOCKED, urgency(dose), reason)


def _as_told(world: World, dose: Dose) -> Cause | None:
    """While the outcome is on its way nothing is known to be better, or worse: what was told stands."""
    incident = world.incident_about(f"dose:{dose.dose_id}")
    if incident is None or incident.state is ev.State.CLOSED:
        return None
    return _about(dose, incident.kind, incident.priority, incident.detail)


def _untaken(setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    left = dose.presented is not None and now >= dose.presented + setting.limits.tray_left
    if dose.stage is Stage.IN_TRAY and left:
        return _about(dose, ev.Kind.LEFT_IN_TRAY, ev.Priority.MEDIUM)
    waiting = dose.stage in IN_MAGAZINE or dose.stage in (
        Stage.RELEASING,
        Stage.HOLDING,
        Stage.PRESENTING,
        Stage.IN_TRAY,
        Stage.RETRACTING,
    )
    if waiting and dose.plan.half <= now < dose.plan.closes and not dose.plan.as_needed:
        priority = ev.Priority.MEDIUM if dose.plan.critical else ev.Priority.LOW
        return _about(dose, ev.Kind.ABOUT_TO_MISS, priority)
    return None


def _most_urgent_blocked(world: World, dose: Dose, now: datetime) -> ev.Priority:
    """Rule 11: an Unknown has the priority of the most urgent dose that it blocks."""
    blocked = [
        urgency(other)
        for other in world.doses.values()
        if other.outcome is None and other.plan.opens <= now + BLOCKED_AHEAD and other.plan.closes > now
    ]
    return ev.Priority(max([urgency(dose), *blocked]))


def _about(dose: Dose, kind: ev.Kind, priority: ev.Priority, detail: str = "") -> Cause:
    return Cause(kind=kind, priority=priority, detail=detail, dose_id=dose.dose_id, before=dose.plan.closes)


# --- robot, clock, plan, roll, commands -------------------------------------------------------------


def _robot(world: World, setting: Setting, found: dict[str, Cause], now: datetime) -> Cause | None:
    robot = world.robot
    if robot.state is RobotState.REJECTED:
        return Cause(ev.Kind.ROBOT_REFUSED, ev.Priority.MEDIUM, robot.reason)
    if robot.log_alarm:
        return Cause(ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH, robot.log_alarm)
    if robot.state is RobotState.ABSENT:
        gone = robot.since is not None and now >= robot.since + setting.limits.robot_gone
        told = _is_told(world, found, ev.Kind.ROBOT_UNREACHABLE)
        return Cause(ev.Kind.ROBOT_UNREACHABLE, ev.Priority.LOW, robot.reason) if gone and not told else None
    fault = robot.status.fault if robot.status is not None else ""
    if world.order_under_way() is not None:
        return None  # its log entry follows, and says which dose it is about
    told = _is_told(world, found, ev.Kind.RELEASE_FAILED)
    return Cause(ev.Kind.ROBOT_FAULT, ev.Priority.MEDIUM, fault) if fault and not told else None


def _is_told(world: World, found: dict[str, Cause], kind: ev.Kind) -> bool:
    """Whether a dose's incident says it; one that a person closed says nothing any more."""
    for subject, cause in found.items():
        incident = world.incident_about(subject)
        resolved = incident is not None and incident.state is ev.State.CLOSED and not incident.cleared
        if cause.kind is kind and not resolved:
            return True
    return False


def _clock(world: World, setting: Setting, now: datetime) -> Cause | None:
    clock = world.clock
    if clock.trusted or clock.since is None or now < clock.since + setting.limits.robot_gone:
        return None
    return Cause(ev.Kind.CLOCK_UNTRUSTED, ev.Priority.HIGH, clock.reason)


def _journal(world: World) -> Cause | None:
    """Rule 23: robot or on-call know more of this journal than it holds, until a person closed it."""
    keepers = sorted({found.keeper for found in world.behind}, reverse=True)  # robot before oncall
    if not keepers:
        return None
    knows = "know" if len(keepers) > 1 else "knows"
    return Cause(ev.Kind.JOURNAL_BEHIND, ev.Priority.HIGH, f"{'_and_'.join(keepers)}_{knows}_newer_journal")


def _plan(world: World, setting: Setting) -> Cause | None:
    """A card refused whole; else what no machine may carry out of the one in force."""
    if world.refused_plan is not None:
        return Cause(ev.Kind.PLAN_REFUSED, ev.Priority.HIGH, world.refused_plan[1])
    plan = world.plans.get(setting.resident)
    if plan is None or not plan.refused:
        return None
    first = plan.refused[0]
    return Cause(ev.Kind.PLAN_REFUSED, ev.Priority.HIGH, f"{first.reason} {first.path}")


def _roll(world: World, setting: Setting, now: datetime) -> Cause | None:
    """The magazine can't serve the plan: no manifest for it, none in place, or empty."""
    robot = world.robot
    if robot.state is not RobotState.READY or robot.status is None or not world.doses:
        return None
    if robot.magazine_since is None or now < robot.magazine_since + setting.limits.robot_gone:
        return None  # a person is just putting it in
    soon = any(
        dose.outcome is None
        and dose.stage in IN_MAGAZINE
        and dose.plan.closes > now
        and dose.plan.opens <= now + REFILL_AHEAD
        for dose in world.doses.values()
    )
    priority = ev.Priority.HIGH if soon else ev.Priority.MEDIUM
    if not robot.status.production_id or robot.status.sachets_left == 0:
        return Cause(ev.Kind.ROLL_EMPTY, priority)
    if world.roll is None or world.roll.production_id != robot.status.production_id:
        return Cause(ev.Kind.ROLL_CONFLICT, priority, "no_manifest" if world.roll is None else "other_roll")
    return None


def _store(world: World) -> Cause | None:
    """That it commits again proves no sound disk: a person must look."""
    stopped = world.store_stopped
    return None if stopped is None else Cause(ev.Kind.STORE_FAILED, ev.Priority.MEDIUM, stopped[0])


def _commands(world: World) -> Cause | None:
    return Cause(ev.Kind.COMMAND_REFUSED, ev.Priority.MEDIUM, world.forged) if world.forged else None
