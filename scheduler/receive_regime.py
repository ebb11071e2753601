"""People's wishes about how a resident gets their medicine for now; and the list of critical medicine.

Each wish is carried out or refused with a reason code, and answered. Only a person's word ever loosens
anything (rule 22): nothing in here is asked by time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.care import not_ours
from scheduler.expand import Catalogue
from scheduler.receive_command import answer
from scheduler.world import Setting, World

PERSONS_MIN = 2
"""Rule 9: who change the list of critical medicine, together."""


def regime_changed(
    world: World, setting: Setting, fact: cmd.RegimeCommand, now: datetime
) -> Sequence[ev.Event]:
    """A named person's word about one resident's mode or pause, and the answer to it."""
    if fact.command_id in world.answered:
        return []
    refusal = _stranger(world, setting, fact) or _why_not(world, setting, fact, now)
    events = [] if refusal else [_event(fact, now)]
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


def adopted(world: World, fact: cmd.OfferMedicineList, now: datetime) -> Sequence[ev.Event]:
    """Rule 9: the first list is the one the home was set up with; each later one has a higher version and two
    persons' names. What is refused changes nothing, and is an incident."""
    known, new = world.medicine, fact.catalogue
    if known is None:
        return [_adopted(new, now)]
    if known.says_the_same(new) and new.version <= known.version:
        return [_adopted(known, now)] if world.refused_list else []  # put back: nothing is refused any more
    refusal = ""
    if new.version <= known.version:
        refusal = "list_not_raised"
    elif len({person.strip().casefold() for person in new.persons if person.strip()}) < PERSONS_MIN:
        refusal = "list_needs_two_persons"
    if not refusal:
        return [_adopted(new, now)]
    told = world.refused_list == refusal
    return [] if told else [ev.MedicineListRefused(at=now, version=new.version, reason=refusal)]


def _adopted(new: Catalogue, now: datetime) -> ev.Event:
    return ev.MedicineListAdopted(now, new.version, new.known, new.critical, new.controlled, new.persons)


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


def _review(setting: Setting, fact: cmd.SetMode, now: datetime) -> str:
    """A restrictive mode has a review date within a month; the normal one has none."""
    if fact.mode is ev.Mode.NORMAL:
        return "review_of_normal" if fact.review is not None else ""
    if fact.review is None or fact.review <= now:
        return "review_needed"
    return "review_too_late" if fact.review > now + setting.limits.review_max else ""


def _event(fact: cmd.RegimeCommand, now: datetime) -> ev.Event:
    match fact:
        case cmd.SetMode():
            return ev.ModeSet(now, fact.resident, fact.mode, fact.review, fact.by, fact.reason, fact.via)
        case cmd.PauseResident():
            return ev.PauseBegun(now, fact.resident, fact.kind, fact.until, fact.by, fact.reason, fact.via)
        case cmd.ReviewPause():
            return ev.PauseReviewed(now, fact.resident, fact.by, fact.reason, fact.via)
        case cmd.ResumeResident():
            return ev.PauseEnded(now, fact.resident, fact.by, fact.reason, fact.via)
