"""People's wishes about how a resident gets their medicine for now.

Each wish is carried out or refused with a reason code, and answered. Only a person's word ever loosens
anything (rule 22): nothing in here is asked by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.care import not_ours
from scheduler.receive_command import answer
from scheduler.receive_leave import (
    authorised,
    leave_events,
    why_not_authorise,
    why_not_end,
    why_not_leave,
)
from scheduler.world import Setting, World


def regime_changed(
    world: World, setting: Setting, fact: cmd.RegimeCommand, now: datetime
) -> Sequence[ev.Event]:
    """A named person's word about one resident's mode or pause, and the answer to it."""
    if fact.command_id in world.answered:
        return []
    refusal = _stranger(world, setting, fact) or _why_not(world, setting, fact, now)
    events = [] if refusal else _events(world, fact, now)
    return [*events, answer(setting, fact, refusal, now)]


def confirmed(world: World, setting: Setting, fact: cmd.ConfirmPlan, now: datetime) -> Sequence[ev.Event]:
    """The card in force was read again at its source: how old it is matters for controlled medicine (S9).
    Written once an hour at most, and by a trusted clock only."""
    plan, last = world.plans.get(fact.resident), world.confirmed.get(fact.resident)
    if plan is None or fact.resident in world.refused_plans or not world.clock.trusted:
        return []
    if last is not None and last <= now < last + setting.limits.plan_confirmed_every:
        return []
    return [ev.PlanConfirmed(at=now, resident=fact.resident, card_version=plan.card_version)]


def _stranger(world: World, setting: Setting, fact: cmd.RegimeCommand) -> str:
    if not setting.lives_here(fact.resident):
        return "unknown_resident"
    elsewhere = not_ours(world, setting, fact.resident)
    if elsewhere:
        return elsewhere  # rule 24
    if not fact.by.strip():
        return "no_name"  # who answers for it
    seen = fact.via == "home" or fact.revision == world.regime(fact.resident).revision
    return "" if seen else "stale"


def _why_not(world: World, setting: Setting, fact: cmd.RegimeCommand, now: datetime) -> str:
    paused = world.regime(fact.resident).pause is not None
    match fact:
        case cmd.SetMode():
            return _review(setting, fact, now)
        case cmd.PauseResident():
            return "until_is_past" if fact.until is not None and fact.until <= now else ""
        case cmd.ReviewPause():
            return "" if paused else "not_paused"
        case cmd.ResumeResident():
            if not paused:
                return "not_paused"
            return "" if fact.reconciled else "not_reconciled"
        case _ if not world.clock.trusted:
            return "clock"  # rule 18: whose hours would be meant
        case cmd.PlanLeave():
            return why_not_leave(world, fact, now)
        case cmd.EndLeave():
            return why_not_end(world, fact)
        case cmd.AuthoriseRelease():
            return why_not_authorise(world, setting, fact, now)


def _review(setting: Setting, fact: cmd.SetMode, now: datetime) -> str:
    """A restrictive mode has a review date within a month; the normal one has none."""
    if fact.mode is ev.Mode.NORMAL:
        return "review_of_normal" if fact.review is not None else ""
    if fact.review is None or fact.review <= now:
        return "review_needed"
    return "review_too_late" if fact.review > now + setting.limits.review_max else ""


def _events(world: World, fact: cmd.RegimeCommand, now: datetime) -> Sequence[ev.Event]:
    match fact:
        case cmd.SetMode():
            return [ev.ModeSet(now, fact.resident, fact.mode, fact.review, fact.by, fact.reason, fact.via)]
        case cmd.PauseResident():
            return [ev.PauseBegun(now, fact.resident, fact.kind, fact.until, fact.by, fact.reason, fact.via)]
        case cmd.ReviewPause():
            return [ev.PauseReviewed(now, fact.resident, fact.by, fact.reason, fact.via)]
        case cmd.ResumeResident():
            return [ev.PauseEnded(now, fact.resident, fact.by, fact.reason, fact.via)]
        case cmd.PlanLeave() | cmd.EndLeave():
            return leave_events(world, fact, now)
        case cmd.AuthoriseRelease():
            return [authorised(world, fact, now)]
