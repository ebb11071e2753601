"""Medicine added after packing is a part of its own, and the packed sachet is given as ever (rule 1)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome, prescriptions, roll, utc

NEW = "C10AA01"


def added(name: str = "p-new", drug: str = NEW, quantity: int = 1) -> Prescription:
    intake = Intake(Decimal(quantity), part=DayPart.NOON)
    return Prescription(name, drug, "10 mg", Dosage("tablet", (cycle(FIRST_DAY, None, 1, (intake,)),)))


def new_card(home: PureHome, *more: Prescription, version: int = 2) -> None:
    home.give(cmd.OfferPlan(RESIDENT, version, (*prescriptions(), *more), f"f{version}"))


def parts(home: PureHome, day: int = 1) -> dict[str, set[str]]:
    """Of noon: the part's number, and what is in it."""
    date = FIRST_DAY + timedelta(days=day - 1)
    return {
        dose.dose_id.rpartition("/")[2]: set(dose.plan.prescriptions)
        for dose in home.world.doses.values()
        if dose.plan.day == date and dose.plan.slot == "noon"
    }


def packed_together(production_id: str = "ROLL-2") -> Roll:
    """A new roll whose noon sachets hold both."""
    both = Content(NEW, "10 mg", Decimal(1), "tablet")
    made = roll(7, production_id)
    return replace(
        made,
        sachets=tuple(
            replace(one, content=one.content | {both}) if one.local.hour == 12 else one
            for one in made.sachets
        ),
    )


def put_in(home: PureHome, new: Roll) -> None:
    home.robot.labels = [sachet.label for sachet in new.sachets]
    home.robot.production_id = new.production_id
    home.give(ev.RobotReported(home.now, home.robot.status()), cmd.LoadRoll(new, "technician"))


def test_the_sachet_that_the_change_leaves_alone_is_given_and_what_is_new_is_by_hand(home: PureHome) -> None:
    new_card(home, added())
    assert parts(home) == {"1": {"p-noon"}, "2": {"p-new"}}
    assert parts(home, day=2) == {"1": {"p-noon"}, "2": {"p-new"}}
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)
    incident = home.world.incident_about(f"dose:{RESIDENT}/{FIRST_DAY}/noon/2")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "no_sachet")
    assert not any(isinstance(event, ev.DoseHeld) for event in home.journal)


def test_a_day_that_is_planned_later_is_parted_too(home: PureHome) -> None:
    new_card(home, added())
    home.until("08:00", day=3)
    assert parts(home, day=4) == {"1": {"p-noon"}, "2": {"p-new"}}


def test_a_new_roll_that_holds_both_makes_them_one_dose_again(home: PureHome) -> None:
    new_card(home, added())
    put_in(home, packed_together())
    assert parts(home) == {"1": {"p-noon", "p-new"}}
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False)
    settled = home.dose("noon").plan.prescriptions
    assert settled == {"p-noon", "p-new"}


def test_once_its_window_is_open_a_dose_stays_as_it_is(home: PureHome) -> None:
    new_card(home, added())
    home.until("08:05")
    home.take_dose()
    home.until("12:01")
    put_in(home, packed_together())
    assert parts(home) == {"1": {"p-noon"}, "2": {"p-new"}}


def test_a_changed_amount_is_held_as_ever(home: PureHome) -> None:
    """S3: what the sachet holds is no part of what is asked for."""
    others = tuple(one for one in prescriptions() if one.prescription_id != "p-noon")
    home.give(cmd.OfferPlan(RESIDENT, 2, (*others, added("p-noon", "N02BE01", 2), added()), "f2"))
    assert parts(home) == {"1": {"p-noon", "p-new"}}
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    assert home.dose("noon").held == "content_mismatch"


def test_a_third_joins_what_was_never_packed(home: PureHome) -> None:
    new_card(home, added())
    new_card(home, added(), added("p-third", "N03AX09"), version=3)
    assert parts(home) == {"1": {"p-noon"}, "2": {"p-new", "p-third"}}


def test_stopped_again_its_part_goes_with_it(home: PureHome) -> None:
    new_card(home, added())
    new_card(home, version=3)
    assert parts(home) == {"1": {"p-noon"}}


def test_each_part_is_as_urgent_as_its_own_medicine(home: PureHome) -> None:
    """N03AX09 is critical here."""
    new_card(home, added(drug="N03AX09"))
    first = home.world.doses[f"{RESIDENT}/{FIRST_DAY}/noon/1"].plan
    second = home.world.doses[f"{RESIDENT}/{FIRST_DAY}/noon/2"].plan
    assert (first.critical, second.critical) == (False, True)
    assert first.closes == second.closes == utc("14:00")


def test_without_a_roll_it_is_one_dose() -> None:
    home = PureHome(utc("07:50"))
    home.daemon()
    home.connect()
    new_card(home, added(), version=1)
    assert parts(home) == {"1": {"p-noon", "p-new"}}
    home.give(cmd.LoadRoll(roll(), "technician"))
    assert parts(home) == {"1": {"p-noon"}, "2": {"p-new"}}
