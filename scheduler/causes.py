"""What is wrong in this world, at most one cause a subject: the alarm catalogue's events and priorities.

What is wrong with a robot itself is `causes_robot`'s. In force: what the table in docs/safety.md marks so.
Here stands each event's own priority; what the circumstances make of it is `judged`'s, once, when the event
is first told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.as_needed import as_needed_causes, effect_cause
from scheduler.cause import Cause
from scheduler.causes_home import custody_causes, had_twice, home_causes
from scheduler.causes_robot import REFILL_AHEAD as REFILL_AHEAD
from scheduler.causes_robot import robot_causes
from scheduler.changed import to_call
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.forecast import NEEDS_CLOCK as FORECAST_NEEDS_CLOCK
from scheduler.gate import (
    GIVEN,
    behind_another,
    being_given,
    beyond_plan,
    earliest,
    lead_window,
    why_not_present,
    why_not_release,
    withholds,
)
from scheduler.given_elsewhere import BY_OTHERS, NOT_BY_OTHERS, PERHAPS_ELSEWHERE, by_others
from scheduler.judged import judged
from scheduler.kept import kept
from scheduler.leave import NEEDS_CLOCK as LEAVE_NEEDS_CLOCK
from scheduler.leave import leave_causes
from scheduler.offering import PERSONAL_ACTION, doses_at
from scheduler.refill import NEEDS_CLOCK as REFILL_NEEDS_CLOCK
from scheduler.refill import refill_causes
from scheduler.regime import PAUSED, STAFF_REMIND, WITHHOLDING
from scheduler.regime_causes import NEEDS_CLOCK as REGIME_NEEDS_CLOCK
from scheduler.regime_causes import regime_causes
from scheduler.remembered import DOUBLE_FEED
from scheduler.side_doses import TOO_SOON, side_cause
from scheduler.taken_along import near_what_they_took_along
from scheduler.upkeep import NEEDS_CLOCK, upkeep_causes
from scheduler.voice import refusal, voice_causes
from scheduler.world import Dose, Robot, RobotState, Setting, World, robot_of

UNREACHABLE_LEAD = timedelta(minutes=30)
"""A robot unreachable so shortly before a window is a care incident, not a technical one."""

BLOCKED_AHEAD = timedelta(hours=24)
"""How far ahead an Unknown is said to block doses: staff who settle it come within a day."""

LOW, MEDIUM = ev.Priority.LOW, ev.Priority.MEDIUM

TAKEN_BACK = "taken_back"
"""Detail: controlled medicine lay in the tray for too long, and the robot took it in again."""

NO_LONGER_PLANNED = "no_longer_planned"
"""Detail: a person may be about to give what the plan in force does not ask for any more."""

AGAINST_HOLDER = BY_OTHERS | {NO_LONGER_PLANNED, TOO_SOON}
"""Details that tell whoever has the right to give not to."""

NOT_LOCKS = frozenset({"", "robot_not_ready", "window_closed", "with_staff", "settled", TOO_SOON})
"""Reasons of the gate that are no lock, or have a cause of their own."""


def causes(world: World, setting: Setting, now: datetime) -> dict[str, Cause]:
    """Every cause that needs a person, by subject."""
    found: dict[str, Cause] = {}
    for dose in _of_concern(world.doses):
        cause = _dose(world, setting, dose, now)
        against = _against_holder(world, dose, now) if cause is not None else ""
        if cause is not None and against:
            cause = replace(cause, priority=ev.Priority.HIGH, detail=against)
        if cause is not None:
            found[f"dose:{dose.dose_id}"] = cause
    for side in world.sides.values():
        cause = refusal(world, side) or side_cause(world, side, now)
        if cause is not None:
            found[f"dose:{side.dose_id}"] = cause
    found |= had_twice(world)
    found |= robot_causes(world, setting, found, now)
    found |= home_causes(world, setting, now) | custody_causes(world)
    found |= upkeep_causes(world, setting, now) | regime_causes(world, now)
    found |= leave_causes(world, setting, now) | refill_causes(world, setting, now)
    return found | voice_causes(world) | as_needed_causes(world, now)


def _against_holder(world: World, dose: Dose, now: datetime) -> str:
    """Why whoever may be giving it by hand at this moment must not, by what came in since; "" = they may."""
    if not being_given(world, dose):
        return ""
    beyond = beyond_plan(world, dose)
    if beyond:
        return beyond if beyond in BY_OTHERS else NO_LONGER_PLANNED
    early = max(now, dose.plan.opens) < earliest(world, dose, now)  # 2026-11-24: by what others gave
    return TOO_SOON if early or near_what_they_took_along(world, dose, now) else ""


NEEDS_ROBOT = frozenset(
    {
        ev.Kind.ROBOT_UNREACHABLE,
        ev.Kind.ROBOT_REFUSED,
        ev.Kind.ROBOT_FAULT,
        ev.Kind.REFILL_DUE,
        ev.Kind.REFILL_WRONG,
        ev.Kind.ROLL_EMPTY,
        ev.Kind.ROLL_CONFLICT,
        ev.Kind.MAINS_LOST,
        ev.Kind.BATTERY_SHORT,
        ev.Kind.DOSE_BLOCKED,
    }
)
"""Causes that only a robot in front of us can show to be gone."""


NEED_CLOCK = frozenset({ev.Kind.CLOCK_UNTRUSTED}) | NEEDS_CLOCK | REGIME_NEEDS_CLOCK | LEAVE_NEEDS_CLOCK
"""Causes that a clock nobody trusts can't show to be gone."""


def unproven(world: World, setting: Setting, incident: ev.Incident) -> bool:
    """Whether nothing shows yet that the cause is gone: a home that can't look clears nothing."""
    if incident.kind in NEED_CLOCK:
        return not world.clock.trusted
    if incident.kind in FORECAST_NEEDS_CLOCK | REFILL_NEEDS_CLOCK and not world.clock.trusted:
        return True
    if incident.kind not in NEEDS_ROBOT:
        return False
    dose = world.doses.get(incident.dose_id)
    if dose is not None and dose.loose:
        return False  # nothing of a robot's is wrong
    if incident.dose_id and (dose is None or (dose.outcome is not None and dose.outcome.outcome in GIVEN)):
        return False
    serial = _about_robot(setting, incident, dose)
    robot = world.robot(serial)
    if incident.kind is ev.Kind.ROBOT_FAULT and world.order_under_way(serial) is not None:
        return True
    return robot.state is not RobotState.READY or robot.status is None


def _about_robot(setting: Setting, incident: ev.Incident, dose: Dose | None) -> str:
    """The robot that alone can show that this is over."""
    about, _, name = incident.subject.partition(":")
    if about in ("robot", "power"):
        return name
    if dose is not None:
        return robot_of(setting, dose)
    return setting.robot_for(name, as_needed=about == "strip")


def urgency(dose: Dose) -> ev.Priority:
    """A dose's own priority: critical medicine is one higher."""
    return ev.Priority.HIGH if dose.plan.critical else ev.Priority.MEDIUM


# --- doses ------------------------------------------------------------------------------------------


@kept(2)
def _of_concern(doses: Mapping[str, Dose]) -> tuple[Dose, ...]:
    """In the order of the strip, without those of which nothing is to be told whatever else happens."""
    return tuple(dose for dose in doses.values() if not _well(dose))


def _well(dose: Dose) -> bool:
    """By the robot's record they had it, and nobody is to look, call or answer."""
    outcome = dose.outcome.outcome if dose.outcome is not None else None
    had = outcome in (ev.Outcome.RETRIEVED, ev.Outcome.TAKEN_ALONG) and dose.stage is Stage.LIFTED
    open_still = dose.order is not None or dose.contradicted or dose.to_witness or dose.token or dose.failure
    return had and not open_still and to_call(dose) is None and effect_cause(dose) is None


def _dose(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    settled = dose.outcome.outcome if dose.outcome is not None else None
    theirs = not dose.left_to_others or bool(by_others(world, dose))  # as the person who closed it knew it
    if dose.resolved and theirs and settled is not None and not dose.contradicted and not dose.token:
        return None  # a person closed it at the home that it came from
    by_hand = bool(dose.token) or settled is ev.Outcome.GIVEN_BY_STAFF
    if dose.contradicted or (by_hand and dose.stage is Stage.LIFTED):
        if dose.double_looked_into:
            return to_call(dose)
        return _about(dose, ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH, "possible_double_dose")
    if dose.failure and settled in GIVEN:
        status = world.robot(robot_of(setting, dose)).status
        if status is not None and status.fault:  # until it is cleared
            return judged(world, dose, ev.Kind.RELEASE_FAILED, MEDIUM, dose.failure)
    told = _as_told(world, dose) if dose.order is not None and settled is not None else None
    if told is not None:
        return told
    if dose.stage is Stage.DOUBT and settled is not None:
        return _in_doubt(world, setting, dose, now)
    if settled in GIVEN:
        return to_call(dose) or _not_witnessed(world, setting, dose, now) or effect_cause(dose)
    if dose.token and settled is None:
        return _with_staff(world, dose)
    if settled is not None:
        return _unhappy(world, dose, settled, now)
    if dose.stage is Stage.DOUBT:
        return _in_doubt(world, setting, dose, now)
    if dose.stage is Stage.HELD:
        return _held(world, dose, now)
    others = _by_others(world, dose, now)
    if others is not None:
        return others
    if dose.failure and dose.stage in (Stage.FAILED, Stage.HOLDING):
        return judged(world, dose, ev.Kind.RELEASE_FAILED, MEDIUM, dose.failure)
    if _ahead(dose, now):
        return None
    not_offered = _not_offered(world, setting, dose, now)
    return not_offered or refusal(world, dose) or _untaken(world, setting, dose, now)


def _ahead(dose: Dose, now: datetime) -> bool:
    """Nobody waits for it yet, and nothing that is said of a dose in the magazine can be said of it."""
    untold = dose.stage is Stage.PLANNED and dose.declined is None and dose.permit is None
    return untold and now < dose.plan.opens - UNREACHABLE_LEAD


def _by_others(world: World, dose: Dose, now: datetime) -> Cause | None:
    """Whatever else stands between it and the resident, a robot that is away too: nobody gets the right to
    give it before. Which it was is asked in time for its opening."""
    others = by_others(world, dose)
    lead = UNREACHABLE_LEAD if others == PERHAPS_ELSEWHERE else timedelta(0)
    if not others or now < dose.plan.opens - lead:
        return None
    return judged(world, dose, ev.Kind.DOSE_BLOCKED, MEDIUM, others)


def _with_staff(world: World, dose: Dose) -> Cause:
    """Rule 5: a token out without an outcome is a care incident, due before the window closes."""
    incident = world.incident_about(f"dose:{dose.dose_id}")
    kind = incident.kind if incident is not None else ev.Kind.DOSE_BLOCKED
    priority = max(urgency(dose), incident.priority if incident is not None else ev.Priority.LOW)
    detail = incident.detail if incident is not None else ""
    return _about(dose, kind, ev.Priority(priority), "" if detail in AGAINST_HOLDER else detail)


def _unhappy(world: World, dose: Dose, outcome: ev.Outcome, now: datetime) -> Cause | None:
    """The dose closed and nobody had it, by all we know: staff must, until they gave a resolution."""
    reason = dose.outcome.reason if dose.outcome is not None else ""
    if outcome is ev.Outcome.REFUSED:
        return refusal(world, dose)
    others = by_others(world, dose) or (NOT_BY_OTHERS if reason in BY_OTHERS else "")
    if others and outcome is not ev.Outcome.UNCERTAIN:
        return judged(world, dose, ev.Kind.DOSE_BLOCKED, MEDIUM, others)
    if outcome is ev.Outcome.MISSED:
        return judged(world, dose, ev.Kind.DOSE_MISSED, MEDIUM)
    if outcome is ev.Outcome.WITHHELD and reason not in WITHHOLDING and not dose.loose:
        return _held(world, dose, now)
    if reason == PAUSED and not _back_in_time(world, dose):
        return None  # others look after them, and are told nothing that they know (rule 22)
    if outcome is ev.Outcome.UNCERTAIN:
        return judged(world, dose, ev.Kind.ORDER_UNKNOWN, MEDIUM, "uncertain")
    kind = ev.Kind.RELEASE_FAILED if dose.failure else ev.Kind.DOSE_BLOCKED
    return judged(world, dose, kind, MEDIUM, reason)


def _back_in_time(world: World, dose: Dose) -> bool:
    """Whether the resident came back for a dose whose sachet had been put away for somebody else's."""
    resumed = world.regime(dose.plan.resident).resumed
    return resumed is not None and dose.plan.opens <= resumed < dose.plan.closes


LET_GO_BY_ONE = "let_go_by_one"
"""Detail: somebody has said that the held sachet may go; nothing changes before a second person has."""


def _held(world: World, dose: Dose, now: datetime) -> Cause | None:
    waits = dose.stage is Stage.HELD and dose.outcome is None and dose.let_go is not None
    if waits and dose.let_go is not None and dose.let_go.waits_at(now):
        return judged(world, dose, ev.Kind.SACHET_MISMATCH, ev.Priority.HIGH, LET_GO_BY_ONE)
    if dose.held == "label_unreadable":
        return judged(world, dose, ev.Kind.SACHET_UNREADABLE, MEDIUM, dose.held)
    return judged(world, dose, ev.Kind.SACHET_MISMATCH, ev.Priority.HIGH, dose.held)


def _not_witnessed(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    """The resident had it by the robot's record, and staff were to see it."""
    since = dose.outcome.at if dose.outcome is not None else dose.plan.closes
    if not dose.to_witness or now < since + setting.limits.witness_within:
        return None
    return judged(world, dose, ev.Kind.NOT_WITNESSED, LOW)


def _not_offered(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    """S8: whatever keeps an open dose from being offered is a care incident at the dose's priority."""
    gone = setting.limits.robot_gone
    serial = robot_of(setting, dose)
    robot = world.robot(serial)
    if robot.state is not RobotState.READY and not dose.loose:
        since = robot.since or dose.plan.opens
        near = lead_window(dose, UNREACHABLE_LEAD, now) or now >= dose.plan.closes
        if near and now >= since + gone:
            return judged(world, dose, ev.Kind.ROBOT_UNREACHABLE, MEDIUM, robot.reason)
        return _as_told(world, dose) if near else None
    if now < dose.plan.opens:
        return None
    if now >= dose.plan.closes + gone and not dose.order:
        return judged(world, dose, ev.Kind.DOSE_BLOCKED, MEDIUM, "not_settled")
    if now >= dose.plan.closes or world.order_under_way(serial) is not None:
        return _as_told(world, dose)
    reason = PERSONAL_ACTION if dose.anonymous else ""
    if dose.stage in (Stage.PLANNED, Stage.DUE) and not reason:
        reason = why_not_release(world, setting, dose, now)
    elif dose.stage is Stage.HOLDING and not reason:
        reason = why_not_present(world, setting, dose, now)
    elif dose.stage in (Stage.IN_STORE, Stage.OUT):
        reason = "not_in_robot"
    if reason in FOR_A_WHILE and _for_another(world, setting, dose):
        reason = "behind_another"
        if now < dose.plan.half and not _stood_there(robot, dose):
            return _as_told(world, dose)
    # not while its window is open
    never = reason == TOO_SOON and earliest(world, dose, now) >= dose.plan.closes
    told = never or reason not in NOT_LOCKS
    return judged(world, dose, ev.Kind.DOSE_BLOCKED, MEDIUM, reason) if told else None


FOR_A_WHILE = frozenset({"tray_occupied", "holding_occupied", "wrong_resident"})
"""What another resident's sachet does to the doses behind it on a shared robot: as a rule that one is lifted
within minutes. Staff hear of it when somebody pressed for theirs and had to be turned away, or at half
window: then the dose is as good as locked (S8)."""


def _for_another(world: World, setting: Setting, dose: Dose) -> bool:
    """Whether it is another's dose, still in its own window, that this one waits for."""
    there = doses_at(world, setting, robot_of(setting, dose))
    before = {Stage.HOLDING, Stage.PRESENTING, Stage.IN_TRAY, Stage.RETRACTING}
    out = any(d.stage in before and d.plan.resident != dose.plan.resident for d in there)
    return out or behind_another(world, setting, dose)


def _stood_there(robot: Robot, dose: Dose) -> bool:
    return bool(robot.spent) and robot.spent_by == dose.plan.resident


def _as_told(world: World, dose: Dose) -> Cause | None:
    """While the outcome is on its way nothing is known to be better, or worse: what was told stands."""
    incident = world.incident_about(f"dose:{dose.dose_id}")
    if incident is None or incident.state is ev.State.CLOSED:
        return None
    return _about(dose, incident.kind, incident.priority, incident.detail)


def _untaken(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    left = dose.presented is not None and now >= dose.presented + setting.limits.tray_left
    if dose.stage is Stage.IN_TRAY and left:
        return judged(world, dose, ev.Kind.LEFT_IN_TRAY, MEDIUM)
    if dose.left and dose.stage is not Stage.LIFTED:
        return judged(world, dose, ev.Kind.LEFT_IN_TRAY, MEDIUM, TAKEN_BACK)
    waiting = dose.stage in IN_MAGAZINE or dose.stage in (
        Stage.RELEASING,
        Stage.HOLDING,
        Stage.PRESENTING,
        Stage.IN_TRAY,
        Stage.RETRACTING,
    )
    if withholds(world, dose) or dose.plan.as_needed or dose.loose:
        return None  # what is not offered, or was asked for, can't be missed
    if waiting and dose.plan.half <= now < dose.plan.closes:
        return judged(world, dose, ev.Kind.ABOUT_TO_MISS, LOW)
    if (
        waiting
        and dose.plan.opens <= now < dose.plan.closes
        and world.regime(dose.plan.resident).mode in STAFF_REMIND
    ):
        return judged(world, dose, ev.Kind.DOSE_DUE, LOW)
    return None


def _in_doubt(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause:
    if dose.beside:  # rule 7: high whatever it blocks
        return _about(dose, ev.Kind.ORDER_UNKNOWN, ev.Priority.HIGH, DOUBLE_FEED)
    return _about(dose, ev.Kind.ORDER_UNKNOWN, _most_urgent_blocked(world, setting, dose, now), "in_doubt")


def _most_urgent_blocked(world: World, setting: Setting, dose: Dose, now: datetime) -> ev.Priority:
    """Rule 11: an Unknown has the priority of the most urgent dose that it blocks, whosever that is."""
    blocked = [
        urgency(other)
        for other in doses_at(world, setting, robot_of(setting, dose))
        if other.outcome is None and other.plan.opens <= now + BLOCKED_AHEAD and other.plan.closes > now
    ]
    return ev.Priority(max([urgency(dose), *blocked]))


def _about(dose: Dose, kind: ev.Kind, priority: ev.Priority, detail: str = "") -> Cause:
    return Cause(kind=kind, priority=priority, detail=detail, dose_id=dose.dose_id, before=dose.plan.closes)
