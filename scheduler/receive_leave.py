"""People's wishes about leave, and about one dose before or after its window: which are refused, and why.

Each is recorded before anything moves (S2), bounded in hours, and never loosens what the gate asks of every
release: the label (S3), the amount (S1), tray and lock. Answered as every command (`receive_regime`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.gate import earliest
from scheduler.permit import Permit
from scheduler.world import Dose, Setting, World, robot_of

EARLY_MAX = timedelta(hours=5)
"""Before the planned time: the longest that trials of such robots report."""

LATE_MAX = timedelta(hours=4)
"""After the window: a later one is another dose's time, and a prescriber's question."""

HAND_OUT_MAX = timedelta(hours=24)
"""Before departure: medicine in a bag is no more in the robot's keeping."""

LEAVE_MAX = timedelta(days=14)
"""As long as a roll lasts: more can't lie in the robot."""

STILL_HERE = IN_MAGAZINE | {Stage.HOLDING, Stage.IN_TRAY}


def why_not_leave(world: World, fact: cmd.PlanLeave, now: datetime) -> str:
    """Its times are in order and bounded, and nothing of an earlier one is still to be counted."""
    if not fact.first < fact.last or not fact.hand_out < fact.departs <= fact.back:
        return "times_not_in_order"
    if fact.departs <= now:
        return "until_is_past"
    if fact.departs - fact.hand_out > HAND_OUT_MAX:
        return "hand_out_too_early"
    if fact.last - fact.first > LEAVE_MAX or fact.back - fact.departs > LEAVE_MAX:
        return "leave_too_long"
    old = world.regime(fact.resident).leave
    if old is not None and any(
        old.covers(dose.plan.opens) and not _covered(fact, dose) for dose in taken_along(world, fact.resident)
    ):
        return "not_counted"
    return ""


def why_not_end(world: World, fact: cmd.EndLeave) -> str:
    if world.regime(fact.resident).leave is None:
        return "no_leave"
    out = {dose.dose_id for dose in taken_along(world, fact.resident)}
    return "" if set(fact.came_back) <= out else "not_taken_along"


def why_not_authorise(world: World, setting: Setting, fact: cmd.AuthoriseRelease, now: datetime) -> str:
    """One dose, once: what is settled, gone or with a person is not offered again."""
    dose = world.doses.get(fact.dose_id)
    if dose is None or dose.plan.resident != fact.resident or dose.plan.as_needed:
        return "unknown_dose"
    if dose.outcome is not None:
        return "already_settled"
    if dose.token:
        return "with_staff"
    if dose.plan.controlled:
        return "controlled"
    if dose.stage not in STILL_HERE or dose.discard or dose.order is not None or dose.plan.loose:
        return "not_in_robot"
    return _early(world, dose, now) if fact.until is None else _late(world, setting, dose, fact.until, now)


def leave_events(world: World, fact: cmd.PlanLeave | cmd.EndLeave, now: datetime) -> Sequence[ev.Event]:
    """What an allowed wish becomes."""
    if isinstance(fact, cmd.PlanLeave):
        times = (fact.first, fact.last, fact.hand_out, fact.departs, fact.back)
        return [ev.LeavePlanned(now, fact.resident, *times, fact.by, fact.reason, fact.via)]
    back = dict.fromkeys(fact.came_back)
    counted: list[ev.Event] = [ev.SachetCameBack(now, dose_id, fact.by) for dose_id in back]
    outcomes = [_not_had(world.doses[dose_id], fact, now) for dose_id in back]
    ended = ev.LeaveEnded(now, fact.resident, len(back), fact.by, fact.reason, fact.via)
    return [*counted, *outcomes, ended]


def authorised(world: World, fact: cmd.AuthoriseRelease, now: datetime) -> ev.Event:
    plan = world.doses[fact.dose_id].plan
    opens = now if fact.until is None else plan.opens
    closes = plan.closes if fact.until is None else fact.until
    return ev.ReleaseAuthorised(now, fact.dose_id, opens, closes, fact.by, fact.reason, fact.via)


def taken_along(world: World, resident: str) -> list[Dose]:
    """Those in the resident's hands that nobody has accounted for."""
    return [
        dose
        for dose in world.doses.values()
        if dose.plan.resident == resident
        and dose.outcome is not None
        and dose.outcome.outcome is ev.Outcome.TAKEN_ALONG
    ]


def _covered(fact: cmd.PlanLeave, dose: Dose) -> bool:
    return fact.first <= dose.plan.opens < fact.last


def _not_had(dose: Dose, fact: cmd.EndLeave, now: datetime) -> ev.OutcomeRecorded:
    """It came back: missed, or, while its time is not over, still to be had from somebody's hand."""
    over = now >= dose.plan.closes
    return ev.OutcomeRecorded(
        at=now,
        dose_id=dose.dose_id,
        revision=dose.outcome.revision + 1 if dose.outcome else 1,
        outcome=ev.Outcome.MISSED if over else ev.Outcome.FAILED,
        late=False,
        by=fact.by,
        reason=CAME_BACK,
        happened=dose.plan.closes if over else now,
    )


CAME_BACK = "came_back"
"""Why it was not had."""


def _early(world: World, dose: Dose, now: datetime) -> str:
    if now >= dose.plan.opens:
        return "window_open"
    if dose.permit is not None and dose.permit.along:
        return "on_leave"
    if now < dose.plan.opens - EARLY_MAX:
        return "too_early"
    permit = Permit(now, dose.plan.opens, along=False)
    return "too_soon" if now < earliest(world, replace(dose, permit=permit), now) else ""


def _late(world: World, setting: Setting, dose: Dose, until: datetime, now: datetime) -> str:
    """While its sachet still waits, and no longer than until the next of the strip is due."""
    if now >= dose.plan.closes:
        return "window_closed"
    if until <= dose.plan.closes:
        return "until_is_past"
    if until > dose.plan.closes + LATE_MAX:
        return "too_late"
    serial = robot_of(setting, dose)
    following = (
        other
        for other in world.doses.values()
        if other.plan.opens > dose.plan.opens and robot_of(setting, other) == serial
    )
    return "next_dose" if any(other.plan.opens < until for other in following) else ""
