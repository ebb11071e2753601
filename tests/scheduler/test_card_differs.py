"""Rule 22: of which doses in their window a newer card asks something else, and whom somebody must call."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.changed import card_changed, recalled, to_call
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.plan import Prescription
from scheduler.world import Dose, World
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome


def card(due: PureHome, *intakes: Intake, version: int = 2, unit: str = "tablet", **changed: str) -> World:
    """A card whose only prescription is the morning's; without intakes it is not on it."""
    plan = due.world.plans[RESIDENT]
    one = next(each for each in plan.prescriptions if each.prescription_id == "p-morning")
    on_it: tuple[Prescription, ...] = ()
    if intakes:
        asked = replace(one, dosage=Dosage(unit, (cycle(FIRST_DAY, None, 1, intakes),)))
        on_it = (replace(asked, **changed),)  # type: ignore[arg-type]
    newer = replace(plan, plan_version=version, prescriptions=on_it)
    return replace(due.world, plans={RESIDENT: newer})


def one(part: DayPart = DayPart.MORNING, quantity: str = "1") -> Intake:
    return Intake(Decimal(quantity), part=part)


def differs(due: PureHome, world: World, **changed: object) -> bool:
    return card_changed(world, replace(due.dose("morning"), **changed))  # type: ignore[arg-type]


def test_the_same_medicine_and_amount_is_no_change_whenever_it_is_had(due: PureHome) -> None:
    assert not differs(due, card(due, one()))
    assert not differs(due, card(due, one(DayPart.NOON)))
    assert not differs(due, card(due, one(), one(DayPart.NOON, "2")))
    assert not differs(due, card(due, Intake(Decimal(1), clock=time(9))))


def test_another_drug_strength_unit_or_amount_is_a_change_and_so_is_none_at_all(due: PureHome) -> None:
    assert differs(due, card(due))
    assert differs(due, card(due, one(), drug="N02BE01"))
    assert differs(due, card(due, one(), strength="20 mg"))
    assert differs(due, card(due, one(), unit="capsule"))
    assert differs(due, card(due, one(quantity="2")))
    assert differs(due, card(due, one(quantity="0.5")))


def test_what_is_had_at_one_time_is_added_up(due: PureHome) -> None:
    half = one(quantity="0.5")
    assert not differs(due, card(due, half, half))
    assert differs(due, card(due, one(), one()))
    assert differs(due, card(due, half, one(DayPart.NOON, "0.5")))


def test_only_a_newer_card_changes_anything(due: PureHome) -> None:
    version = due.dose("morning").plan.plan_version
    assert not differs(due, card(due, version=version))
    assert differs(due, card(due, version=version + 1))
    assert not differs(due, replace(due.world, plans={}))


def test_medicine_as_needed_has_limits_of_its_own_and_no_times(due: PureHome) -> None:
    as_needed = replace(due.dose("morning").plan, slot="pn-1")
    assert not differs(due, card(due), plan=as_needed)


def had(due: PureHome, name: ev.Outcome = ev.Outcome.RETRIEVED, **changed: object) -> Dose:
    dose = due.dose("morning")
    outcome = ev.OutcomeRecorded(due.now, dose.dose_id, 1, name, False, "", "lifted", due.now)
    lifted = replace(dose, stage=Stage.LIFTED, lifted=due.now, outcome=outcome)
    return replace(lifted, **changed)  # type: ignore[arg-type]


def calls(due: PureHome, dose: Dose, world: World | None = None, after: timedelta = timedelta(0)) -> bool:
    there = replace(world or card(due), doses={dose.dose_id: dose})
    events = list(recalled(there, due.setting, due.now + after))
    assert events in ([], [ev.HandedOutChanged(due.now + after, dose.dose_id, 2)])
    return bool(events)


def test_a_change_of_what_lies_before_the_resident_calls_them_while_it_may_still_do(due: PureHome) -> None:
    handed_out = {ev.Outcome.RETRIEVED, ev.Outcome.CONFIRMED, ev.Outcome.TAKEN_ALONG}
    assert {name for name in ev.Outcome if calls(due, had(due, name))} == handed_out
    left = due.dose("morning").plan.closes - due.now
    assert calls(due, had(due), after=left - timedelta(milliseconds=1))
    assert not calls(due, had(due), after=left)


def test_it_calls_once_a_card_and_for_what_it_touches(due: PureHome) -> None:
    assert calls(due, had(due, changed=1)) and not calls(due, had(due, changed=2))
    assert not calls(due, had(due), card(due, one()))
    assert not calls(due, had(due), replace(due.world, plans={}))
    assert not calls(due, had(due, stage=Stage.IN_TRAY)) and not calls(due, had(due, outcome=None))


def test_whom_to_call_and_by_when(due: PureHome) -> None:
    dose = had(due, changed=2)
    assert to_call(dose) == Cause(
        ev.Kind.CALL_RESIDENT, ev.Priority.HIGH, "card_changed", dose.dose_id, dose.plan.closes
    )
    assert to_call(had(due)) is None
