"""A newer card, and medicine in its window or out of the strip: what is no longer as it is asked for.

What is still ahead is planned anew, and its sachet is held at the label (S3). A dose whose window has opened
keeps what it was planned as: here it is held against the card in force. Only a dose whose own content is
affected is; a moved time, or medicine that joins, leaves it alone. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.dose import Stage
from scheduler.plan import Asks, DosePlan, Plan, Prescription
from scheduler.replacing import replace
from scheduler.timing import intakes_on
from scheduler.world import Dose, Setting, World

CARD_CHANGED = "card_changed"
"""Reason of the gate and of a hold."""

CHANGED_AGAIN = "card_changed_again"
"""Detail of a call, with the newest plan version behind it."""

IN_HANDS = frozenset({ev.Outcome.RETRIEVED, ev.Outcome.CONFIRMED, ev.Outcome.TAKEN_ALONG})
"""Outcomes after which the medicine may still lie in front of the resident."""


def card_changed(world: World, dose: Dose) -> bool:
    """Whether the card in force asks for something else than this dose holds."""
    plan = world.plans.get(dose.plan.resident)
    word = dose.let_go
    if plan is not None and word is not None and word.done and word.plan_version == plan.plan_version:
        return False  # two people have looked at this very change
    return asked_otherwise(world, dose.plan)


def asked_otherwise(world: World, dose: DosePlan) -> bool:
    """Whether a newer card asks for something else than this dose was planned as, in a sachet or beside."""
    plan = world.plans.get(dose.resident)
    newer = plan is not None and plan.plan_version > dose.plan_version
    return newer and plan is not None and not dose.as_needed and _differs(plan, dose)


def recalled(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Rule 22: a change that touches what was handed out. While its window is open it may not be swallowed
    yet; what was taken along is had at its own time."""
    return [
        ev.HandedOutChanged(at=now, dose_id=dose.dose_id, plan_version=plan.plan_version)
        for dose in world.doses.values()
        if dose.stage is Stage.LIFTED
        and dose.outcome is not None
        and dose.outcome.outcome in IN_HANDS
        and now < dose.plan.closes
        and (plan := world.plans.get(dose.plan.resident)) is not None
        and dose.changed < plan.plan_version
        and card_changed(world, dose)
        and asked_for(plan, dose.plan) != dose.changed_to  # not what they were called about
    ]


def handed_out_changed(world: World, dose: Dose, event: ev.HandedOutChanged) -> Dose:
    """What `evolve` makes of it: news, also where a person has called about an earlier change."""
    plan = world.plans.get(dose.plan.resident)
    asked = asked_for(plan, dose.plan) if plan is not None else None
    version, count = event.plan_version, dose.changes + 1
    return replace(dose, changed=version, changed_to=asked, changes=count, resolved=False)


def to_call(dose: Dose) -> Cause | None:
    """Somebody must call the resident, whatever became of the dose since. Whoever closed an earlier call knew
    nothing of a later change; one that comes while a call is open is told in it, so that nobody closes it
    on what they read before (rule 26)."""
    if dose.changed <= dose.called:
        return None
    detail = CARD_CHANGED if dose.changes <= 1 else f"{CHANGED_AGAIN} {dose.changed}"
    return Cause(ev.Kind.CALL_RESIDENT, ev.Priority.HIGH, detail, dose.dose_id, dose.plan.closes)


def asked_for(plan: Plan, dose: DosePlan) -> Asks:
    """What a card asks for, on this date, of the prescriptions in this dose."""
    return frozenset(
        (one.prescription_id, one.drug, one.strength, one.unit, _amounts(one, dose.day))
        for one in plan.prescriptions
        if one.prescription_id in dose.prescriptions
    )


def _amounts(one: Prescription, day: date) -> frozenset[Decimal]:
    """Of each of its times."""
    at_a_time: dict[object, Decimal] = {}
    for intake in intakes_on(one.dosage, day):
        at = intake.part or intake.clock
        at_a_time[at] = at_a_time.get(at, Decimal(0)) + intake.quantity
    return frozenset(at_a_time.values())


def _differs(plan: Plan, dose: DosePlan) -> bool:
    asked = {one.prescription_id: one for one in plan.prescriptions}
    for portion in dose.portions:
        one, content = asked.get(portion.prescription_id), portion.content
        if one is None or (one.drug, one.strength, one.unit) != (
            content.drug,
            content.strength,
            content.unit,
        ):
            return True
        if content.quantity not in _amounts(one, dose.day):
            return True
    return False
