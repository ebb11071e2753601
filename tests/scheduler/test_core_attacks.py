"""Sequences that once broke S1, S2, S3 or the token: each the shortest story found by attacking the core."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.gate import why_not_present
from tests.support.attack_moves import (
    about,
    changed,
    in_doubt,
    is_open,
    refuse,
    report,
    shared,
    stalled,
)
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, prescriptions, utc

# --- S1, S2: no double dose, nothing outside its window ---------------------------------------------


def test_a_formatted_log_proves_nothing_even_when_the_line_breaks_before_it_was_read(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.lost()
    home.robot.log_id, home.robot.log = "log-2", []
    hello = ev.RobotIdentified(home.now, ROBOT, "s7", "1.0", "none", "boot-1", "log-2", 1, 0, 0, "")
    home.give(hello, ev.RobotLost(home.now, "unplugged"))
    home.connect()
    assert home.dose("morning").stage is Stage.DOUBT


def test_a_refusal_after_the_log_said_accepted_is_no_proof(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move("accepted")
    refuse(home, "busy")
    assert home.dose("morning").stage is Stage.DOUBT


def test_a_dose_whose_medicine_was_stopped_is_not_presented_from_the_holding_place(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.give(ev.OrderRevoked(home.now, home.world.order_under_way().order.order_id, "robot_not_ready"))  # type: ignore[union-attr]
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[1:], "f2"))
    assert why_not_present(home.world, home.setting, home.dose("morning"), home.now) == "card_changed"
    home.press()
    assert home.world.order_under_way() is None
    assert is_open(home.incident("morning"))


def test_a_stop_that_reaches_a_presented_sachet_retracts_it(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.give(cmd.OfferPlan(RESIDENT, 2, prescriptions()[1:], "f2"))
    assert home.orders()[-1] == ("retract", "morning")


def test_what_a_person_discarded_is_never_offered_again(home: PureHome) -> None:
    home.until("08:05")
    assert home.decide(home.dose("morning"), ev.Verdict.DISCARD, "Anna").accepted
    refuse(home, "store_full")
    home.press()
    assert home.orders() == [("divert", "morning")]
    assert is_open(home.incident("morning")), "nobody can have it from the robot"


def test_a_record_against_a_finding_fences_the_dose_again(home: PureHome) -> None:
    in_doubt(home)
    order = home.dose("morning").doubted
    assert order is not None
    home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna")
    ids = {"order_id": order.order_id, "order_kind": "release", "dose_id": order.dose_id}
    home.give(home.robot.write(home.now, "ended", result="done", **ids))
    before = home.orders()
    home.press()
    assert home.orders() == before
    home.take(about(home), "Anna")
    assert home.dose("morning").token == ""


def test_a_record_of_a_present_against_the_finding_in_the_holding_place_is_told(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move("accepted started")
    home.until("08:08")
    home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna")
    assert home.dose("morning").stage is Stage.HOLDING
    present = home.robot.log[-1]
    home.give(replace(home.robot.write(home.now, "ended"), order_id=present.order_id,
                      order_kind="present", dose_id=present.dose_id, result="done"))  # fmt: skip
    assert about(home).kind is ev.Kind.RECORD_CONTRADICTS


def test_that_the_resident_had_what_staff_gave_is_a_possible_double_dose(home: PureHome) -> None:
    stalled(home)
    home.take(about(home), "Anna")
    home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna")
    changed(home, "morning", stage=Stage.DOUBT)
    assert home.decide(home.dose("morning"), ev.Verdict.HAD_IT, "Berit").accepted
    assert home.outcome("morning") == ("given_by_staff", False)
    assert (about(home).kind, about(home).priority) == (ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH)


def test_a_lift_in_the_record_while_a_person_has_the_token_is_a_possible_double_dose(home: PureHome) -> None:
    stalled(home)
    home.take(about(home), "Anna")
    changed(home, "morning", stage=Stage.IN_TRAY)
    home.give(home.robot.write(home.now, "lifted", dose_id=home.dose("morning").dose_id))
    assert about(home).kind is ev.Kind.RECORD_CONTRADICTS


def test_a_dose_is_not_released_while_a_person_gives_one_that_shares_its_prescription(
    home: PureHome,
) -> None:
    shared(home, "noon")
    home.until("10:00")
    home.move()
    home.take(about(home), "Anna")
    assert home.dose("morning").token == "Anna"
    home.until("12:05")
    events = home.press()
    assert [e.reason for e in events if isinstance(e, ev.PressSpent)] != []
    assert home.orders() == [("divert", "morning")]


def test_no_token_passes_too_soon_after_a_dose_that_shares_a_prescription(home: PureHome) -> None:
    shared(home, "noon")
    home.until("10:00")
    home.move()
    changed(home, "noon", stage=Stage.LIFTED, lifted=home.now)
    home.until("10:30")
    home.take(about(home), "Anna")
    assert home.dose("morning").token == ""


def test_a_release_ordered_just_before_the_closing_dies_with_the_window(home: PureHome) -> None:
    home.until("09:59:30")
    home.press()
    under_way = home.world.order_under_way()
    assert under_way is not None
    assert under_way.order.expires == utc("10:00")
    home.until("10:00:05")
    assert home.dose("morning").stage is Stage.RELEASING, "it may still be moving"


def test_a_lift_is_not_dated_by_a_clock_that_nobody_trusts(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    home.give(home.clock_report(off=timedelta(hours=-5)))
    home.give(replace(home.robot.write(home.now, "lifted", dose_id=home.dose("morning").dose_id),
                      robot_at=home.now - timedelta(hours=5)))  # fmt: skip
    assert home.dose("morning").lifted == home.now


def test_what_lies_in_the_holding_place_is_not_found_as_another_doses_sachet(home: PureHome) -> None:
    in_doubt(home)
    changed(home, "noon", stage=Stage.HOLDING)
    report(home, holding=True, mouth_label="L002")
    home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna")
    assert home.dose("morning").stage is Stage.OUT


def test_what_vanished_from_the_holding_place_is_in_doubt(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    refuse(home, "place_empty")
    assert home.dose("morning").stage is Stage.DOUBT


def test_a_decision_names_the_incident_of_its_own_dose(home: PureHome) -> None:
    in_doubt(home)
    home.until("12:00")
    noon = about(home, "noon")
    decision = cmd.DecideDose(
        home.nonce(), home.dose("morning").dose_id, ev.Verdict.NOT_GIVEN, "Anna", "seen", "oncall",
        noon.incident_id, noon.revision, home.soon(),
    )  # fmt: skip
    assert home.ask(decision).reason == "unknown_incident"


def test_a_press_during_an_order_does_not_wait_for_its_end(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.press()
    refuse(home, "busy")
    assert home.orders() == [("release", "morning")]


def test_a_dose_is_not_presented_too_soon_after_one_that_shares_its_prescription(home: PureHome) -> None:
    home.until("09:50")
    home.take_dose()
    shared(home, "noon")
    opens = utc("10:00")
    plan = replace(home.dose("noon").plan, opens=opens, half=utc("11:00"), closes=utc("12:00"))
    noon = changed(home, "noon", stage=Stage.HOLDING, plan=plan)
    assert why_not_present(home.world, home.setting, noon, utc("10:49")) == "too_soon"
    assert why_not_present(home.world, home.setting, noon, utc("10:51")) != "too_soon"
