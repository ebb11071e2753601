"""A sachet that no dose waits for: stopped medicine, rolls that overlap. The strip goes past it by a person's
word, and each dose keeps its own sachet (S3, rule 22)."""

from __future__ import annotations

from dataclasses import replace

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.world import Dose
from tests.support.attack_moves import about, live_until, resolve
from tests.support.pure_home import RESIDENT, PureHome, prescriptions, roll, utc


def surplus(home: PureHome) -> list[Dose]:
    return [dose for dose in home.world.doses.values() if dose.plan.surplus]


def told(home: PureHome, dose: Dose) -> ev.Incident:
    incident = home.world.incident_about(f"dose:{dose.dose_id}")
    assert incident is not None
    return incident


def stop_noon(home: PureHome) -> None:
    rest = tuple(one for one in prescriptions() if one.prescription_id != "p-noon")
    home.give(cmd.OfferPlan(RESIDENT, 2, rest, "f2"))


def overlap(home: PureHome) -> None:
    """A second roll of the same week while the first is in: its first sachet is of a dose that was had."""
    packed = roll(production_id="ROLL-2")
    second = replace(packed, sachets=tuple(replace(s, label=f"M{s.number:03}") for s in packed.sachets))
    home.robot.production_id = "ROLL-2"
    home.robot.labels = [sachet.label for sachet in second.sachets]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.give(cmd.LoadRoll(second, "technician"))


def test_the_sachet_of_stopped_medicine_is_held_for_itself_and_goes_by_a_persons_word(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    stop_noon(home)
    (held,) = surplus(home)
    assert (held.stage, held.held, held.held_label) == (Stage.HELD, "not_on_card", "L002")
    assert (told(home, held).kind, told(home, held).priority) == (
        ev.Kind.SACHET_MISMATCH,
        ev.Priority.HIGH,
    )
    assert home.decide(held, ev.Verdict.DISCARD, "Berit").accepted
    home.move()
    assert home.robot.store == ["L002"]
    home.until("18:05")
    home.take_dose()
    assert home.outcome("evening") == ("retrieved", False), "with its own sachet"
    live_until(home, utc("23:00"))
    assert home.robot.lifted == ["L001", "L003"]


def test_until_then_the_dose_behind_it_is_blocked_and_not_held(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    stop_noon(home)
    home.until("18:05")
    assert home.dose("evening").stage is Stage.DUE
    assert (about(home, "evening").kind, about(home, "evening").detail) == (
        ev.Kind.DOSE_BLOCKED,
        "label_mismatch",
    )
    before = home.orders()
    home.press()
    assert home.orders() == before


def test_of_two_rolls_that_overlap_one_dose_is_had_once(home: PureHome) -> None:
    """S1: the same dose lies in both."""
    home.until("08:05")
    home.take_dose()
    overlap(home)
    home.until("11:55")
    (held,) = surplus(home)
    assert (held.held, held.held_label) == ("already_had", "M001")
    home.until("12:05")
    before = home.orders()
    home.press()
    assert home.orders() == before
    assert home.decide(held, ev.Verdict.DISCARD, "Berit").accepted
    home.move()
    home.press()
    home.move()
    home.move()
    home.lift()
    assert home.outcome("noon") == ("retrieved", False)
    assert home.robot.lifted == ["L001", "M002"]


def test_far_from_the_next_dose_nobody_is_called_for_it(home: PureHome) -> None:
    rest = tuple(one for one in prescriptions() if one.prescription_id == "p-morning")
    home.give(cmd.OfferPlan(RESIDENT, 2, rest, "f2"))
    home.until("08:05")
    home.take_dose()
    home.until("19:59")
    assert surplus(home) == []
    home.until("20:01")
    assert [dose.held_label for dose in surplus(home)] == ["L002"]


def test_before_a_leave_it_lies_in_the_way_of_what_is_handed_out_today(home: PureHome) -> None:
    """The next dose's own window is far away, and somebody waits for it all the same."""
    stop_noon(home)
    home.robot.labels = ["L001", "L003", *home.robot.labels[3:]]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    day, next_day = utc("00:00", day=2), utc("00:00", day=3)
    times = (day, next_day, utc("22:30"), utc("23:30"), next_day)
    home.ask(cmd.PlanLeave(home.nonce(), RESIDENT, *times, "Anna", "away", "home", 0, home.soon()))
    for at in ("08:05", "18:05", "22:05", "22:30"):
        home.until(at)
        home.take_dose()
    assert home.outcome("morning", 2) == ("taken_along", False)
    assert [dose.held_label for dose in surplus(home)] == ["L006"]
    assert home.dose("evening", 2).stage is Stage.PLANNED, "its own sachet comes after that one"
    assert home.decide(surplus(home)[0], ev.Verdict.DISCARD, "Berit").accepted
    home.move()
    home.take_dose()
    assert home.outcome("evening", 2) == ("taken_along", False)
    assert home.robot.lifted[-1] == "L007"


def test_what_is_yet_to_be_planned_is_no_surplus(home: PureHome) -> None:
    home.robot.labels = home.robot.labels[12:]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("08:05")
    assert surplus(home) == []
    assert home.dose("morning").held == "label_mismatch"


def test_it_documents_nothing(home: PureHome) -> None:
    """No medicine of the plan is in it: the fagsystem hears of no administration."""
    home.until("08:05")
    home.take_dose()
    stop_noon(home)
    (held,) = surplus(home)
    assert held.plan.portions == ()
    assert held.outcome is not None
    assert held.outcome.outcome is ev.Outcome.WITHHELD


def test_nothing_is_held_while_something_moves(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    assert home.orders()[-1] == ("present", "morning")
    stop_noon(home)
    assert surplus(home) == []
    home.move()
    home.lift()
    (held,) = surplus(home)
    assert held.held_label == "L002"


def test_nothing_is_held_by_the_manifest_of_another_strip(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.robot.production_id = "ROLL-9"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    stop_noon(home)
    assert surplus(home) == []


def test_of_the_last_planned_date_it_is_known_already_that_nobody_waits(home: PureHome) -> None:
    """And of the date after that not yet."""
    home.until("07:55")
    tomorrow, strip = roll().sachets[4], list(home.robot.labels)
    assert home.world.planned[RESIDENT].to == tomorrow.local.date()
    rest = tuple(one for one in prescriptions() if one.prescription_id != "p-morning")
    for first, found in ((8, []), (4, [tomorrow.label])):
        home.robot.labels = strip[first:]
        home.give(ev.RobotReported(home.now, home.robot.status()))
        home.give(cmd.OfferPlan(RESIDENT, 2, rest, "f2"))
        assert [dose.held_label for dose in surplus(home)] == found


def test_days_later_a_sachet_of_the_same_date_and_number_is_another_one(home: PureHome) -> None:
    """The first one was forgotten by then. Its id, and the id of the order that put it away, are never used
    again: the robot would answer what became of the first."""
    home.until("08:05")
    home.take_dose()
    stop_noon(home)
    (first,) = surplus(home)
    assert home.decide(first, ev.Verdict.DISCARD, "Berit").accepted
    home.move()
    resolve(home, told(home, first))
    live_until(home, utc("07:00", day=2))
    home.give(cmd.OfferPlan(RESIDENT, 3, prescriptions(), "f3"))
    live_until(home, utc("07:00", day=6))
    assert first.dose_id not in home.world.doses
    assert surplus(home) == []
    packed = roll(production_id="ROLL-2")
    again = replace(packed, sachets=tuple(replace(s, label=f"M{s.number:03}") for s in packed.sachets))
    home.robot.production_id = "ROLL-2"
    home.robot.labels = [sachet.label for sachet in again.sachets][1:]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.give(cmd.LoadRoll(again, "technician"))
    (second,) = surplus(home)
    assert (first.held_label, second.held_label) == ("L002", "M002")
    assert second.dose_id != first.dose_id
    assert second.plan.opens < home.dose("morning", 6).plan.opens, "it lies before what comes next"
