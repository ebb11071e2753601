"""Medicine that joined or moved after packing has no sachet (rule 1): it is given by hand, and no other
dose's sachet is held or thrown away for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.plan import Prescription
from scheduler.world import Dose
from tests.scheduler.test_side_doses import INSULIN, home_with, lines, outcome
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome, prescriptions, utc


def joins(part: DayPart | None = None, clock: time | None = None, first: date = FIRST_DAY) -> Prescription:
    intake = Intake(Decimal(1), part=part, clock=clock)
    return Prescription("p-new", "C10AA01", "10 mg", Dosage("tablet", (cycle(first, None, 1, (intake,)),)))


def new_card(home: PureHome, *more: Prescription) -> None:
    home.give(cmd.OfferPlan(RESIDENT, 2, (*prescriptions(), *more), "f2"))


def added(home: PureHome) -> Dose:
    (found,) = (
        dose
        for dose in home.world.doses.values()
        if dose.plan.prescriptions == {"p-new"} and dose.plan.day == FIRST_DAY
    )
    return found


def told(home: PureHome) -> ev.Incident:
    incident = home.world.incident_about(f"dose:{added(home).dose_id}")
    assert incident is not None
    return incident


def spent(events: list[ev.Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, ev.PressSpent)]


def test_what_joins_a_dose_that_was_had_is_given_by_hand_and_holds_no_other_sachet(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    new_card(home, joins(DayPart.MORNING))
    assert added(home).dose_id.endswith("/morning/2")
    assert added(home).stage is Stage.DUE
    assert (told(home).kind, told(home).detail) == (ev.Kind.DOSE_BLOCKED, "no_sachet")
    assert spent(home.press()) == ["no_sachet"]
    assert home.take(told(home), "Anna").accepted
    assert home.decide(added(home), ev.Verdict.GIVEN, "Anna").accepted
    home.until("12:05")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)


def test_thrown_away_for_it_is_nothing(home: PureHome) -> None:
    """A discard of what has no sachet must not take noon's."""
    home.until("08:05")
    home.take_dose()
    new_card(home, joins(DayPart.MORNING))
    before = list(home.robot.labels)
    assert home.decide(added(home), ev.Verdict.DISCARD, "Anna").reason == "not_in_robot"
    home.until("10:05")
    assert home.robot.labels == before
    assert ("divert", "morning") not in home.orders()


def test_a_time_that_the_roll_was_never_packed_for_holds_nothing_either(home: PureHome) -> None:
    new_card(home, joins(clock=time(15)))
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.take_dose()
    home.until("15:01")
    assert added(home).stage is Stage.DUE
    assert (told(home).kind, told(home).detail) == (ev.Kind.DOSE_BLOCKED, "no_sachet")
    home.until("18:05")
    home.take_dose()
    assert home.outcome("evening") == ("retrieved", False)


def test_it_keeps_no_packed_dose_of_the_same_hours_back(home: PureHome) -> None:
    new_card(home, joins(clock=time(7, 55)))
    home.until("08:05")
    assert added(home).plan.opens == utc("07:55")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_of_two_the_sachet_is_that_ones_whose_medicine_it_holds(home: PureHome) -> None:
    """Eight o'clock moved to nine, and other medicine came at eight."""
    first, *rest = prescriptions()
    (period,) = first.dosage.periods
    nine = replace(period.days[0], intakes=(Intake(Decimal(1), clock=time(9)),))
    moved = replace(first, dosage=Dosage("tablet", (replace(period, days=(nine,)),)))
    home.give(cmd.OfferPlan(RESIDENT, 2, (moved, *rest, joins(clock=time(8))), "f2"))
    home.until("08:10")
    assert told(home).detail == "no_sachet"
    home.until("09:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_nor_does_it_keep_insulin_from_being_confirmed() -> None:
    home = home_with(INSULIN)
    home.until("08:02")
    home.take_dose()
    home.give(cmd.OfferPlan(RESIDENT, 3, (*prescriptions(), INSULIN, joins(DayPart.MORNING)), "f3"))
    home.until("08:05")
    assert any("8 IE" in line for line in lines(home))
    home.press()
    assert outcome(home, "insulin") == ("confirmed", "", False)
