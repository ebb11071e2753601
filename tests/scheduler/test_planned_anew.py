"""A card asks for one time less of the date: does one that is over use up the time that is left? Not one that
nobody had and nobody may be about to give (rule 6, S1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.plan import Prescription
from scheduler.planning import planned
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome, prescriptions, roll, setting, utc

OTHER_CARD = cmd.OfferPlan(
    RESIDENT, 2, (*prescriptions()[:-1], replace(prescriptions()[-1], strength="20 mg")), "f2"
)

NOBODY_HAD = {ev.Outcome.MISSED, ev.Outcome.REFUSED, ev.Outcome.WITHHELD, ev.Outcome.FAILED}


def card(*parts: DayPart) -> tuple[Prescription, ...]:
    intakes = tuple(Intake(Decimal(1), part=part) for part in parts)
    return (
        Prescription("p-x", "N02BE01", "500 mg", Dosage("tablet", (cycle(FIRST_DAY, None, 1, intakes),))),
    )


@pytest.fixture
def twice(home: PureHome) -> PureHome:
    """12:30, of a home whose only medicine was had, or not, in the morning, and is had in the evening."""
    home = PureHome(utc("07:50"), setting())
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, card(DayPart.MORNING, DayPart.EVENING), "f1"))
    home.until("12:30")
    return home


def asked_again(home: PureHome, name: ev.Outcome | None, **changed: object) -> bool:
    """Whether the evening's dose stays, once the card asks for the evening alone."""
    dose = home.dose("morning")
    told = None
    if name is not None:
        told = ev.OutcomeRecorded(home.now, dose.dose_id, 1, name, False, "", "x", home.now)
    settled = replace(dose, stage=Stage.IN_STORE, outcome=told, order=None)
    dose = replace(settled, **changed)  # type: ignore[arg-type]
    plan = replace(home.world.plans[RESIDENT], plan_version=2, prescriptions=card(DayPart.EVENING))
    world = replace(home.world, plans={RESIDENT: plan}, doses={**home.world.doses, dose.dose_id: dose})
    events = planned(world, home.setting, home.now)
    gone = [event.dose_id for event in events if isinstance(event, ev.DoseWithdrawn)]
    assert home.dose("evening", day=2).dose_id not in gone and home.dose("morning", day=2).dose_id in gone
    return home.dose("evening").dose_id not in gone


@pytest.mark.parametrize("name", ev.Outcome)
def test_only_what_nobody_had_is_asked_for_again(twice: PureHome, name: ev.Outcome) -> None:
    assert asked_again(twice, name) is (name in NOBODY_HAD)


def test_what_is_not_settled_uses_up_the_time_that_is_left(twice: PureHome) -> None:
    assert not asked_again(twice, None)


@pytest.mark.parametrize("name", sorted(NOBODY_HAD))
def test_what_a_person_may_be_giving_is_not_asked_for_again(twice: PureHome, name: ev.Outcome) -> None:
    """Rule 5: the token is out, whatever was recorded before."""
    assert not asked_again(twice, name, token="Anna")


@pytest.fixture
def noon(home: PureHome) -> PureHome:
    home.until("12:30")
    return home


def first_plan(at: str) -> list[str]:
    """The slots of the first day that a home plans whose first card comes at that time."""
    home = PureHome(utc(at), setting())
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1"))
    doses = [event.dose for event in home.journal if isinstance(event, ev.DosePlanned)]
    return [dose.slot for dose in doses if dose.day == FIRST_DAY]


def test_before_the_first_card_nothing_was_ours_to_give() -> None:
    """A window that is over when it comes is nobody's miss; one that is open is offered."""
    assert first_plan("09:59:59") == ["morning", "noon", "evening", "night"]
    assert first_plan("10:00") == ["noon", "evening", "night"]


def test_a_card_that_changes_nothing_of_a_dose_plans_it_no_second_time(noon: PureHome) -> None:
    plan = noon.world.plans[RESIDENT]
    world = replace(noon.world, plans={RESIDENT: replace(plan, plan_version=2)})
    events = planned(world, noon.setting, noon.now)
    assert not [event for event in events if isinstance(event, ev.DosePlanned | ev.DoseWithdrawn)]
    stopped = tuple(one for one in plan.prescriptions if one.prescription_id != "p-evening")
    world = replace(noon.world, plans={RESIDENT: replace(plan, plan_version=2, prescriptions=stopped)})
    gone = [
        event.dose_id
        for event in planned(world, noon.setting, noon.now)
        if isinstance(event, ev.DoseWithdrawn)
    ]
    assert noon.dose("evening").dose_id in gone and noon.dose("noon").dose_id not in gone


def test_each_day_up_to_a_day_and_a_half_ahead_is_planned_and_none_twice(noon: PureHome) -> None:
    assert noon.world.planned[RESIDENT].to == FIRST_DAY + timedelta(days=2)
    assert planned(noon.world, noon.setting, noon.now) == []
    days = {dose.plan.day for dose in noon.world.doses.values()}
    assert days == {FIRST_DAY + timedelta(days=number) for number in range(3)}
    assert {DayPart(dose.plan.slot) for dose in noon.world.doses.values()} == set(DayPart)


@pytest.mark.parametrize("newer", [cmd.LoadRoll(roll(), "technician"), OTHER_CARD])
def test_what_was_over_before_the_first_plan_is_nobodys_miss_here(newer: cmd.Fact) -> None:
    """S1: the box came at half past ten, its roll after the card. The morning's was given as ever; told as
    failed, staff would have the right to give it again."""
    home = PureHome(utc("10:30"), setting())
    home.robot.labels.pop(0)
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1"))
    home.until("10:35")
    home.give(newer)
    home.until("10:45")
    assert {dose.plan.slot for dose in home.world.doses.values() if dose.plan.day == FIRST_DAY} == {
        "noon",
        "evening",
        "night",
    }
    assert not [one for one in home.open_incidents() if one.dose_id]
