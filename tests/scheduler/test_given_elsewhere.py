"""Planned medicine that others gave, as the fagsystem knows it: never given here a second time (S1, S2, rule
8), and told as a possible double dose where it was (rule 6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.as_needed_limits import amount_elsewhere
from scheduler.display import display
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.dose import Stage
from scheduler.gate import earliest, why_not_release, why_not_send
from scheduler.given_elsewhere import by_others, of_others
from scheduler.plan import Prescription
from tests.scheduler.test_side_doses import INSULIN, home_with, lines, outcome, side, told
from tests.support.attack_moves import home_sharing, is_open, live_until
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, roll, setting, utc


def others_gave(home: PureHome, prescription: str, at: datetime, amount: int = 1) -> None:
    given = ev.GivenElsewhere(prescription, at, Decimal(amount))
    home.give(cmd.ReportElsewhere(RESIDENT, home.now, (given,)))


def they_took_it_back(home: PureHome) -> None:
    home.give(cmd.ReportElsewhere(RESIDENT, home.now, ()))


def about(home: PureHome, slot: str = "morning") -> ev.Incident:
    incident = home.incident(slot)
    assert incident is not None
    return incident


def spent(events: list[ev.Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, ev.PressSpent)]


def test_a_dose_that_others_gave_is_not_released_and_staff_hear_of_it(home: PureHome) -> None:
    home.until("08:05")
    others_gave(home, "p-morning", utc("08:02"))
    assert spent(home.press()) == ["given_elsewhere"]
    assert home.orders() == []
    incident = about(home)
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.DOSE_BLOCKED,
        ev.Priority.MEDIUM,
        "given_elsewhere",
    )
    shown = display(home.world, home.setting, ROBOT, home.now).lines
    assert shown == ("Din medicin er givet.", "Er det forkert? Tryk hjælp.")


def test_it_is_settled_as_withheld_and_stays_told_until_a_person_closed_it(home: PureHome) -> None:
    home.until("08:05")
    others_gave(home, "p-morning", utc("07:30"))
    home.until("10:00")
    home.move()
    home.until("10:05")
    settled = home.dose("morning").outcome
    assert settled is not None
    assert (settled.outcome, settled.reason) == (ev.Outcome.WITHHELD, "given_elsewhere")
    assert is_open(about(home))
    assert home.take(about(home), "Anna").accepted
    assert home.dose("morning").token == "", "nobody gives it by hand either"
    assert home.close(about(home), "Anna", "given_by_us").accepted
    home.until("11:00")
    assert not is_open(about(home))


def test_nobody_is_reminded_of_it(home: PureHome) -> None:
    home.until("08:05")
    others_gave(home, "p-morning", utc("08:02"))
    home.until("09:40")
    assert not any(isinstance(event, ev.ReminderGiven) for event in home.journal)


def test_the_right_to_give_it_by_hand_does_not_pass(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move(result="not_moved", detail="motor_stall")
    others_gave(home, "p-morning", utc("08:02"))
    assert home.take(about(home), "Anna").accepted
    assert home.dose("morning").token == ""


def test_whoever_has_that_right_already_is_told_at_once(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move(result="not_moved", detail="motor_stall")
    assert home.take(about(home), "Anna").accepted
    assert home.dose("morning").token == "Anna"
    others_gave(home, "p-morning", utc("08:04"))
    assert (about(home).priority, about(home).detail) == (ev.Priority.HIGH, "given_elsewhere")


def test_what_is_on_its_way_is_not_sent_and_what_lies_in_the_tray_goes_back(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    order = home.world.order_under_way()
    assert order is not None
    others_gave(home, "p-morning", utc("08:02"))
    assert why_not_send(home.world, home.setting, order.order, home.now) == "given_elsewhere"


def test_what_lies_in_the_tray_goes_back() -> None:
    home = _in_tray()
    others_gave(home, "p-morning", utc("08:02"))
    assert home.orders()[-1] == ("retract", "morning")
    home.move()
    assert home.dose("morning").stage is Stage.HOLDING
    assert spent(home.press()) == ["given_elsewhere"]


def _in_tray() -> PureHome:
    home = PureHome(utc("07:50"))
    home.start()
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    return home


def test_a_report_that_names_it_no_more_lets_it_be_offered(home: PureHome) -> None:
    home.until("08:05")
    others_gave(home, "p-morning", utc("08:02"))
    home.until("08:20")
    they_took_it_back(home)
    assert not is_open(about(home))
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_had_here_and_given_by_others_is_a_possible_double_dose_until_a_person_closed_it(
    home: PureHome,
) -> None:
    """Rule 6: found afterwards."""
    home.until("08:05")
    home.take_dose()
    home.until("09:00")
    others_gave(home, "p-morning", utc("08:15"))
    incident = about(home)
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.RECORD_CONTRADICTS,
        ev.Priority.HIGH,
        "given_twice",
    )
    assert home.take(incident, "Anna").accepted
    assert home.close(about(home), "Anna", "doctor_called").accepted
    home.until("09:30")
    assert not is_open(about(home))


def test_a_possible_double_dose_is_to_be_seen_to_before_its_window_closes(home: PureHome) -> None:
    home.until("09:55")
    home.take_dose()
    others_gave(home, "p-morning", utc("09:54"))
    assert about(home).detail == "given_twice"
    assert about(home).deadline == utc("10:00")


def test_it_is_the_dose_that_was_planned_nearest_and_an_early_one_keeps_half_the_gap() -> None:
    """S2: noon's has the same medicine, four hours after the morning's."""
    home = home_sharing()
    home.until("08:05")
    others_gave(home, "p-shared", utc("08:02"))
    assert why_not_release(home.world, home.setting, home.dose("morning"), home.now) == "given_elsewhere"
    home.until("09:58")
    others_gave(home, "p-shared", utc("09:58"))
    home.until("10:00")
    home.move()  # the morning's goes to the locked store
    home.until("11:55")
    assert authorise(home) == "too_soon"
    home.until("11:58")
    assert authorise(home) == "done"
    assert earliest(home.world, home.dose("noon")) == utc("11:58")


def authorise(home: PureHome) -> str:
    """That noon's may be had from now on."""
    dose_id = home.dose("noon").dose_id
    word = ("Anna", "off to the doctor", "home", 0, home.soon())
    return home.ask(cmd.AuthoriseRelease(home.nonce(), RESIDENT, dose_id, None, *word)).reason


def test_others_gave_another_dose_where_it_shares_a_prescription_with_this_one() -> None:
    home = home_sharing()
    home.until("08:05")
    others_gave(home, "p-shared", utc("08:02"))
    assert [(at, plan.slot) for at, plan in of_others(home.world, home.dose("noon"))] == [
        (utc("08:02"), "morning")
    ]
    assert list(of_others(home.world, home.dose("morning"))) == [], "it is this very one"
    assert list(of_others(home.world, home.dose("evening"))) == [], "and that is other medicine"


@pytest.mark.parametrize(("given", "day"), [("20:01", 2), ("20:00", 1), ("19:59", 1)])
def test_it_may_be_as_far_from_its_dose_as_half_the_way_to_the_next(
    home: PureHome, given: str, day: int
) -> None:
    """Of medicine once a day: twelve hours."""
    home.until("21:00")
    others_gave(home, "p-morning", utc(given))
    assert [n for n in (1, 2) if by_others(home.world, home.dose("morning", n))] == [day]


def test_more_than_one_dose_of_it_counts_against_the_day() -> None:
    """S1: two tablets at once leave nothing for noon."""
    home = home_sharing()
    home.until("08:05")
    others_gave(home, "p-shared", utc("08:02"), amount=2)
    home.until("10:00")
    home.move()
    home.until("12:05")
    assert spent(home.press()) == ["double_dose"]
    given = [
        amount_elsewhere(home.world, RESIDENT, about, day)
        for about in ("p-shared", "p-morning")
        for day in (FIRST_DAY, FIRST_DAY + timedelta(days=1))
    ]
    assert given == [2, 0, 0, 0]


def test_another_prescription_and_another_week_cover_nothing(home: PureHome) -> None:
    home.until("08:05")
    others_gave(home, "p-elsewhere-only", utc("08:02"))
    assert home.open_incidents() == []
    others_gave(home, "p-morning", utc("08:00", day=-3))
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)
    assert home.open_incidents() == []


def test_insulin_that_others_gave_is_not_prompted_for_and_is_no_miss() -> None:
    home = home_with(INSULIN, reminder_only=True)
    home.until("08:05")
    assert "8 IE" in lines(home)[0]
    others_gave(home, "insulin", utc("08:01"), 8)
    assert not any("IE" in line for line in lines(home))
    home.press()
    assert outcome(home, "insulin") is None
    incident = told(home, "insulin")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.SIDE_UNCONFIRMED, "given_elsewhere")
    home.until("10:01")
    assert outcome(home, "insulin") == ("withheld", "", False)
    settled = side(home, "insulin").outcome
    assert settled is not None
    assert settled.reason == "given_elsewhere"


def test_insulin_that_both_gave_is_a_possible_double_dose() -> None:
    home = home_with(INSULIN, reminder_only=True)
    home.until("08:05")
    home.press()
    assert outcome(home, "insulin") == ("confirmed", "", False)
    others_gave(home, "insulin", utc("08:03"), 8)
    incident = told(home, "insulin")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH)


def test_of_another_resident_it_says_nothing(home: PureHome) -> None:
    home.until("08:05")
    given = ev.GivenElsewhere("p-morning", utc("08:02"), Decimal(1))
    known = {"a" * 32: home.world.elsewhere.get(RESIDENT)}
    assert known == {"a" * 32: None}
    home.give(cmd.ReportElsewhere("a" * 32, home.now, (given,)))
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def weekly() -> Prescription:
    intake = Intake(Decimal(1), part=DayPart.MORNING)
    return Prescription(
        "p-morning", "C07AB02", "10 mg", Dosage("tablet", (cycle(FIRST_DAY, None, 7, (intake,)),))
    )


def test_medicine_once_a_week_is_covered_by_what_was_given_within_a_day_of_it() -> None:
    home = PureHome(utc("07:50"))
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, (weekly(),), "f1"), cmd.LoadRoll(roll(), "technician"))
    home.until("08:05")
    others_gave(home, "p-morning", utc("09:00", day=-1))
    assert why_not_release(home.world, home.setting, home.dose("morning"), home.now) == ""
    home.now = utc("08:06")
    others_gave(home, "p-morning", utc("20:00", day=0))
    assert why_not_release(home.world, home.setting, home.dose("morning"), home.now) == "given_elsewhere"


def test_a_held_sachet_of_it_is_let_go_by_nobody(home: PureHome) -> None:
    home.until("07:59")
    home.robot.labels[0] = "L999"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("08:05")
    assert home.dose("morning").stage is Stage.HELD
    others_gave(home, "p-morning", utc("08:02"))
    assert home.decide(home.dose("morning"), ev.Verdict.LET_GO, "Anna").reason == "given_elsewhere"


def test_what_was_given_before_the_first_plan_does_not_withhold_tomorrows() -> None:
    """The box came at half past ten; the morning's insulin was given by whoever looked after them before."""
    one = replace(setting().residents[0], reminder_only=True)
    known = replace(setting().catalogue, known=setting().catalogue.known | {INSULIN.drug})
    home = PureHome(utc("10:30"), replace(setting(), residents=(one,), catalogue=known))
    home.daemon()
    home.connect()
    home.give(cmd.OfferPlan(RESIDENT, 1, (INSULIN,), "f1"))
    others_gave(home, "insulin", utc("08:02"), 8)
    home.until("08:05", day=2)
    assert "8 IE" in lines(home)[0]
    home.press()
    settled = side(home, "insulin", 2).outcome
    assert settled is not None
    assert settled.outcome is ev.Outcome.CONFIRMED
    assert home.open_incidents() == []


def test_a_dose_long_settled_leaves_its_administration_to_no_other(home: PureHome) -> None:
    """Days later the next one was told as a possible double dose."""
    home.until("08:05")
    others_gave(home, "p-morning", utc("08:03"))
    live_until(home, utc("10:10"))
    assert home.take(about(home), "Anna").accepted
    assert home.close(about(home), "Anna", "given_by_us").accepted
    live_until(home, utc("08:05", day=2))
    home.take_dose()
    live_until(home, utc("23:00", day=4))
    assert home.outcome("morning", 2) == ("retrieved", False)
    assert not [one for one in home.open_incidents() if one.kind is ev.Kind.RECORD_CONTRADICTS]
