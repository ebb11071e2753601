"""A medicine card was read: whether it comes into force, and what is meant by what it does not say.

Policies (2026-11-23, rule 21):
- Absence withdraws nothing. A prescription of the plan in force that a newer card neither has nor names as
  ended stays as it was, and is an incident at once: whoever keeps the card puts it back or ends it there.
  Not so where another prescription of the same drug stands on the newer card, for the robot or for people to
  give: both would be given (S1), so that the newer one alone is, until somebody has looked.
- One whose last date is past may leave the card: its sender tells of active periods only.
- A card that lacks every prescription of the plan in force is a fault of access, and refused whole.
- A sender that never names what has ended (`OfferPlan.ended` None) vouches for its card being all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.care import not_ours
from scheduler.plan import Plan, Prescription
from scheduler.receive_regime import confirmed
from scheduler.world import Setting, World

ALL_MISSING = "all_prescriptions_missing"


def card_offered(world: World, setting: Setting, fact: cmd.OfferPlan, now: datetime) -> Sequence[ev.Event]:
    """Rule 19: plan versions only rise; a card of the same version may only repeat what it said."""
    known = world.plans.get(fact.resident)
    if setting.lives_here(fact.resident) and not_ours(world, setting, fact.resident):
        return []  # in another home's care (rule 24): read again once they are in ours
    if not setting.lives_here(fact.resident):
        return _refuse_plan(world, fact, "wrong_person", now)
    if known is None:
        return [ev.PlanAccepted(at=now, plan=_plan(fact, 1))]
    if fact.card_version < known.card_version:
        return _refuse_plan(world, fact, "older_card", now)
    again = fact.card_version == known.card_version  # it lacks what it lacked when it came into force
    gone = _missing(known, fact, date.min if again else setting.local.day_of(now))
    if _ids(known) and set(gone) >= _ids(known):
        return _refuse_plan(world, fact, ALL_MISSING, now)
    fact = _with_missing(known, fact, gone)
    same = (known.prescriptions, known.refused) == (fact.prescriptions, fact.refused)
    if again:
        if not same or known.missing != gone:
            return _refuse_plan(world, fact, "same_version_other_content", now)
        if fact.resident in world.refused_plans:
            return [ev.PlanAccepted(at=now, plan=known)]
        return confirmed(world, setting, cmd.ConfirmPlan(fact.resident), now)
    version = known.plan_version if same else known.plan_version + 1
    return [ev.PlanAccepted(at=now, plan=_plan(fact, version, gone))]


def _plan(fact: cmd.OfferPlan, version: int, missing: tuple[str, ...] = ()) -> Plan:
    return Plan(
        resident=fact.resident,
        card_version=fact.card_version,
        plan_version=version,
        prescriptions=fact.prescriptions,
        refused=fact.refused,
        missing=missing,
    )


def _refuse_plan(world: World, fact: cmd.OfferPlan, reason: str, now: datetime) -> Sequence[ev.Event]:
    if world.refused_plans.get(fact.resident, ("", ""))[0] == fact.fingerprint:
        return []
    resident = fact.resident
    return [
        ev.PlanRefused(
            at=now, resident=resident, reason=reason, path="Bundle.identifier", fingerprint=fact.fingerprint
        )
    ]


def _ids(known: Plan) -> set[str]:
    return {one.prescription_id for one in known.prescriptions} | {
        one.prescription_id for one in known.refused
    }


def _missing(known: Plan, fact: cmd.OfferPlan, today: date) -> tuple[str, ...]:
    """By id, of what the plan in force has; one that was left to people is missed like any other, and one
    that was missing before is so still."""
    if fact.ended is None:
        return ()
    named = {one.prescription_id for one in fact.prescriptions} | fact.ended
    named |= {one.prescription_id for one in fact.refused}
    over = {one.prescription_id for one in known.prescriptions if _over(one, today)}
    return tuple(sorted((_ids(known) | set(known.missing)) - named - over))


def _over(one: Prescription, today: date) -> bool:
    return all(period.last is not None and period.last < today for period in one.dosage.periods)


def _with_missing(known: Plan, fact: cmd.OfferPlan, gone: tuple[str, ...]) -> cmd.OfferPlan:
    """The card with what it lacks as it was, but for what is given by another prescription by now."""
    if not gone:
        return fact
    by_now = {one.drug for one in fact.prescriptions} | {one.drug for one in fact.refused}
    kept = [one for one in known.prescriptions if one.prescription_id in gone and one.drug not in by_now]
    left = [one for one in known.refused if one.prescription_id in gone and one.drug not in by_now]
    return replace(
        fact,
        prescriptions=tuple(sorted((*fact.prescriptions, *kept), key=lambda one: one.prescription_id)),
        refused=tuple(sorted((*fact.refused, *left), key=lambda one: one.prescription_id)),
    )
