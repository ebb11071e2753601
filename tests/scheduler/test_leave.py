"""Leave: doses handed out before it, each pressed for and checked; what came back, what staff hear."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dose import Stage
from scheduler.expand import Catalogue
from scheduler.gate import used_on
from scheduler.world import Dose
from tests.support.attack_moves import home_sharing, is_open, live_until, resolve
from tests.support.pure_home import DRUGS, RESIDENT, ROBOT, PureHome, prescriptions, setting, utc

WEEKEND = ("morning", "noon", "evening", "night")


def leave(
    home: PureHome,
    first: datetime | None = None,
    last: datetime | None = None,
    hand_out: datetime | None = None,
    departs: datetime | None = None,
    back: datetime | None = None,
) -> str:
    """By default: all of day 2, handed out from 22:30 to 23:30 of day 1, back on day 3 at 07:00."""
    return home.ask(
        cmd.PlanLeave(
            home.nonce(),
            RESIDENT,
            first or utc("00:00", day=2),
            last or utc("00:00", day=3),
            hand_out or utc("22:30"),
            departs or utc("23:30"),
            back or utc("07:00", day=3),
            "Anna",
            "weekend with her sister",
            "home",
            0,
            home.soon(),
        )
    ).reason


def end(home: PureHome, *came_back: Dose) -> str:
    ids = tuple(dose.dose_id for dose in came_back)
    return home.ask(
        cmd.EndLeave(home.nonce(), RESIDENT, ids, "Berit", "counted", "home", 0, home.soon())
    ).reason


def told(home: PureHome, subject: str = "leave") -> ev.Incident | None:
    return home.world.incident_about(f"{subject}:{RESIDENT}")


def day_one(home: PureHome) -> None:
    for at in ("08:05", "12:05", "18:05", "22:05"):
        home.until(at)
        home.take_dose()


def packed(home: PureHome, count: int = 4) -> None:
    """The leave is planned, the first day over, and `count` sachets handed out in one go."""
    assert leave(home) == "done"
    day_one(home)
    home.until("22:30")
    for _ in range(count):
        home.take_dose()
        home.now += timedelta(seconds=20)


def test_a_weekends_sachets_are_handed_out_in_one_go_each_for_a_press_of_its_own(home: PureHome) -> None:
    packed(home)
    assert [home.outcome(slot, 2) for slot in WEEKEND] == [("taken_along", False)] * 4
    assert home.robot.lifted == [f"L{number:03}" for number in range(1, 9)]
    along = [e.order for e in home.journal if isinstance(e, ev.OrderIssued) and e.order.take_along]
    assert [order.kind for order in along] == [ev.OrderKind.RELEASE, ev.OrderKind.PRESENT] * 4
    assert home.now < utc("22:35")
    live_until(home, utc("06:00", day=3))
    assert home.open_incidents() == []


def test_nothing_is_handed_out_before_its_hour_nor_after_departure(home: PureHome) -> None:
    leave(home)
    day_one(home)
    home.until("22:29")
    assert [e.reason for e in home.press() if isinstance(e, ev.PressSpent)] == ["nothing_due"]
    home.until("23:31")
    assert [e.reason for e in home.press() if isinstance(e, ev.PressSpent)] == ["nothing_due"]


def test_a_sachet_left_in_the_tray_at_departure_goes_back_and_waits_for_its_window(home: PureHome) -> None:
    leave(home)
    day_one(home)
    home.until("23:29")
    home.press()
    home.move()
    home.move()
    live_until(home, utc("23:31"))
    assert home.dose("morning", 2).stage is Stage.HOLDING
    live_until(home, utc("08:05", day=2))
    home.press()
    home.move()
    home.lift()
    assert home.outcome("morning", 2) == ("retrieved", False), "had at home, in its own window"


def test_each_sachet_is_checked_as_ever(home: PureHome) -> None:
    """S3: what the reader sees is not this dose."""
    leave(home)
    day_one(home)
    home.robot.labels[0] = "X999"
    home.until("22:31")
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.press()
    assert home.dose("morning", 2).stage is Stage.HELD
    assert about_day_two(home).kind is ev.Kind.SACHET_MISMATCH
    incident = told(home)
    assert incident is not None
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.TAKE_ALONG_INCOMPLETE,
        ev.Priority.HIGH,
        "needs_a_person",
    )


def about_day_two(home: PureHome, slot: str = "morning") -> ev.Incident:
    incident = home.incident(slot, 2)
    assert incident is not None
    return incident


def test_an_incomplete_take_along_is_high_before_departure(home: PureHome) -> None:
    leave(home)
    day_one(home)
    home.until("22:29")
    assert told(home) is None
    home.until("22:35")
    incident = told(home)
    assert incident is not None
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.TAKE_ALONG_INCOMPLETE,
        ev.Priority.HIGH,
        "not_handed_out",
    )
    for _ in range(4):
        home.take_dose()
    assert not is_open(told(home)), "all of it is handed out"


def test_its_deadline_is_the_departure_where_that_is_nearer(home: PureHome) -> None:
    day_one(home)
    home.until("22:31")
    leave(home, hand_out=utc("22:20"), departs=utc("22:36"))
    home.give()
    incident = told(home)
    assert incident is not None
    assert incident.deadline == utc("22:36"), "ten minutes would be too late"


def controlled(home: PureHome, **codes: frozenset[str]) -> None:
    known = frozenset(DRUGS.values())
    home.setting = replace(
        home.setting,
        catalogue=Catalogue(codes.get("known", known), known, codes.get("controlled", frozenset())),
    )
    home.start()


@pytest.mark.parametrize(
    ("codes", "reason"),
    [
        ({"controlled": frozenset({DRUGS["noon"]})}, "controlled"),
        ({"known": frozenset(DRUGS.values()) - {DRUGS["noon"]}}, "unknown_code"),
    ],
)
def test_controlled_medicine_and_what_nobody_classified_is_never_taken_along(
    codes: dict[str, frozenset[str]], reason: str
) -> None:
    """Situation 3, rule 9."""
    home = PureHome(utc("07:50"))
    controlled(home, **codes)
    assert leave(home) == "done"
    incident = told(home)
    assert incident is not None, "said at once: there is time to arrange it otherwise"
    assert (incident.priority, incident.detail) == (ev.Priority.HIGH, reason)
    for at in ("08:05", "12:05", "18:05", "22:05"):
        home.until(at)
        home.press(resident=RESIDENT)
        home.move()
        home.move()
        home.lift()
    home.until("22:40")
    home.take_dose()
    assert home.outcome("morning", 2) == ("taken_along", False)
    before = home.orders()
    spent = [e.reason for e in home.press(resident=RESIDENT) if isinstance(e, ev.PressSpent)]
    assert spent == [reason]
    assert home.orders() == before


def test_what_was_put_away_before_the_leave_hides_nothing_behind_it() -> None:
    """Someone else will give the controlled dose: the robot goes on asking for the others."""
    home = PureHome(utc("07:50"), setting(receipt=timedelta(days=9)))
    controlled(home, controlled=frozenset({DRUGS["noon"]}))
    assert leave(home) == "done"
    for at in ("08:05", "12:05", "18:05", "22:05"):
        home.until(at)
        home.press(resident=RESIDENT)
        home.move()
        home.move()
        home.lift()
    home.until("22:40")
    assert display(home.world, home.setting, ROBOT, home.now).lines[2] == "Tilbage: 3.", (
        "never the controlled"
    )
    home.take_dose()
    assert home.decide(home.dose("noon", 2), ev.Verdict.DISCARD, "Berit").accepted
    home.move()
    assert home.dose("noon", 2).stage is Stage.IN_STORE
    shown = display(home.world, home.setting, ROBOT, home.now)
    assert (shown.light, shown.lines[2]) == ("pulse", "Tilbage: 2.")
    home.take_dose()
    home.take_dose()
    assert home.outcome("night", 2) == ("taken_along", False)


def test_a_robot_that_lets_out_one_at_a_time_hands_out_nothing(home: PureHome) -> None:
    leave(home)
    day_one(home)
    robots = {ROBOT: replace(home.world.robot(ROBOT), take_along=False)}
    home.world = replace(home.world, robots=robots)
    home.until("22:31")
    assert [e.reason for e in home.press() if isinstance(e, ev.PressSpent)] == ["no_take_along"]


def test_taken_along_doses_go_on_counting_as_given(home: PureHome) -> None:
    """S1: nobody else gives them, and nothing more of that date is released."""
    packed(home)
    for slot in WEEKEND:
        dose = home.dose(slot, 2)
        assert used_on(home.world, RESIDENT, f"p-{slot}", dose.plan.day) == 1
    home.until("08:10", day=2)
    assert [e.reason for e in home.press() if isinstance(e, ev.PressSpent)] == ["nothing_due"]
    assert home.decide(home.dose("morning", 2), ev.Verdict.GIVEN, "Anna").reason == "already_settled"


def test_what_shares_a_prescription_keeps_its_distance_to_when_they_are_to_be_had() -> None:
    """S2: handed out at ten to eight, and to be had at noon: the morning's own dose is not too close."""
    home = home_sharing()
    home.robot.labels[0:2] = ["L002", "L001"]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    first, last = utc("12:00"), utc("12:01")
    assert leave(home, first, last, utc("07:50"), utc("07:58"), utc("15:00")) == "done"
    home.take_dose()
    assert home.outcome("noon") == ("taken_along", False)
    home.until("08:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_what_came_back_is_counted_and_was_missed(home: PureHome) -> None:
    packed(home)
    home.until("06:50", day=3)
    assert end(home, home.dose("evening", 2), home.dose("night", 2)) == "done"
    outcomes = [home.outcome(slot, 2) for slot in WEEKEND]
    assert outcomes == [("taken_along", False)] * 2 + [("missed", False)] * 2
    assert about_day_two(home, "evening").kind is ev.Kind.DOSE_MISSED
    assert home.dose("night", 2).stage is Stage.OUT
    assert home.world.regime(RESIDENT).leave is None
    (ended,) = [e for e in home.journal if isinstance(e, ev.LeaveEnded)]
    assert (ended.came_back, ended.by) == (2, "Berit")


def test_a_dose_that_comes_back_before_its_time_may_be_given_by_hand(home: PureHome) -> None:
    """The visit was called off: its sachet is in the waste, and the dose is still the resident's."""
    packed(home)
    home.until("17:00", day=2)
    assert end(home, home.dose("evening", 2)) == "done"
    assert home.outcome("evening", 2) == ("failed", False)
    incident = about_day_two(home, "evening")
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "came_back")
    home.until("18:05", day=2)
    home.take(incident, "Berit")
    assert home.decide(home.dose("evening", 2), ev.Verdict.GIVEN, "Berit").accepted
    assert home.outcome("evening", 2) == ("given_by_staff", False)


def test_only_what_was_taken_along_can_come_back(home: PureHome) -> None:
    assert end(home) == "no_leave"
    packed(home, count=2)
    assert end(home, home.dose("evening", 2)) == "not_taken_along"
    assert end(home, home.dose("noon", 1)) == "not_taken_along"


def test_overdue_back_is_low_until_it_is_counted(home: PureHome) -> None:
    packed(home)
    home.until("06:59", day=3)
    assert told(home, "back") is None
    home.until("07:01", day=3)
    incident = told(home, "back")
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.TAKE_ALONG_OVERDUE, ev.Priority.LOW)
    assert end(home) == "done"
    assert not is_open(told(home, "back"))


def test_what_was_taken_along_stays_known_until_it_is_counted(home: PureHome) -> None:
    packed(home)
    live_until(home, utc("12:00", day=7))
    assert home.dose("morning", 2).outcome is not None


def test_the_resident_says_that_they_had_it(home: PureHome) -> None:
    packed(home)
    assert home.decide(home.dose("noon", 2), ev.Verdict.HAD_IT, "Berit").reason == "too_early"
    home.until("07:00", day=3)
    assert home.decide(home.dose("noon", 2), ev.Verdict.HAD_IT, "Berit").accepted
    outcome = home.dose("noon", 2).outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.happened) == (ev.Outcome.CONFIRMED, utc("12:00", day=2))


def test_a_leave_needs_times_in_their_order_and_bounds(home: PureHome) -> None:
    assert leave(home, last=utc("23:00")) == "times_not_in_order"
    assert leave(home, departs=utc("22:00")) == "times_not_in_order"
    assert leave(home, back=utc("23:00")) == "times_not_in_order"
    assert leave(home, hand_out=utc("06:00"), departs=utc("07:00")) == "until_is_past"
    assert leave(home, departs=utc("22:31", day=2)) == "hand_out_too_early"
    assert leave(home, last=utc("00:00", day=17)) == "leave_too_long"
    assert leave(home, back=utc("00:00", day=17)) == "leave_too_long"
    assert home.world.regime(RESIDENT).leave is None


def test_another_leave_waits_until_what_came_back_of_the_first_is_counted(home: PureHome) -> None:
    packed(home)
    later = {"first": utc("00:00", day=4), "last": utc("00:00", day=5)}
    times = {"hand_out": utc("22:30", day=3), "departs": utc("23:00", day=3), "back": utc("06:00", day=5)}
    assert leave(home, **later, **times) == "not_counted"
    assert end(home) == "done"
    assert leave(home, **later, **times) == "done"


def test_a_leave_further_ahead_than_the_plan_is_planned_for(home: PureHome) -> None:
    first, last = utc("00:00", day=4), utc("00:00", day=6)
    assert leave(home, first, last, utc("22:30", day=3), utc("23:30", day=3), utc("07:00", day=6)) == "done"
    assert home.dose("night", 5).permit is not None


def test_a_card_that_changes_what_was_taken_along_calls_the_resident(home: PureHome) -> None:
    """Rule 22: it is in their hands already. What is not affected stays quiet."""
    packed(home)
    old = prescriptions()
    home.give(cmd.OfferPlan(RESIDENT, 2, (*old[:2], replace(old[2], strength="20 mg"), old[3]), "f2"))
    incident = about_day_two(home, "evening")
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.CALL_RESIDENT,
        ev.Priority.HIGH,
        "card_changed",
    )
    assert home.incident("noon", 2) is None
    resolve(home, incident)
    live_until(home, utc("06:00", day=3))
    assert not is_open(about_day_two(home, "evening")), "somebody called them"


def test_the_display_says_what_to_press_for(home: PureHome) -> None:
    leave(home, departs=utc("23:50"))
    day_one(home)
    home.until("22:31")
    shown = display(home.world, home.setting, ROBOT, home.now)
    answers = "Eller: senere, nej tak, hjælp."  # S7: at every prompt
    assert shown.lines == ("Medicin til turen.", "Tryk på knappen.", "Tilbage: 4.", answers)


def test_a_pause_stops_it(home: PureHome) -> None:
    leave(home)
    day_one(home)
    home.until("22:31")
    home.ask(
        cmd.PauseResident(
            home.nonce(), RESIDENT, ev.PauseKind.HOSPITAL, None, "Anna", "admitted", "home", 0, home.soon()
        )
    )
    before = home.orders()
    home.press()
    assert home.orders() == before


def test_what_came_back_and_was_given_by_hand_keeps_its_distance_from_then_on() -> None:
    """S2: it was had when somebody gave it, and not when it was handed out. Found in the bottle."""
    home = home_sharing()
    home.robot.labels[0:2] = ["L002", "L001"]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    leave(home, utc("12:00"), utc("12:01"), utc("07:50"), utc("07:58"), utc("15:00"))
    home.take_dose()
    home.until("13:50")
    noon = home.dose("noon")
    assert end(home, noon) == "done"
    incident = home.incident("noon")
    assert incident is not None
    home.take(incident, "Berit")
    assert home.decide(noon, ev.Verdict.GIVEN, "Berit").accepted
    assert home.dose("noon").had_at == utc("13:50")


def test_what_they_say_they_had_was_had_at_its_own_time(home: PureHome) -> None:
    packed(home)
    home.until("12:30", day=2)
    assert home.decide(home.dose("noon", 2), ev.Verdict.HAD_IT, "Berit").accepted
    assert home.dose("noon", 2).had_at == utc("12:00", day=2)
