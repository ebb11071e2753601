"""Modes: what the robot still does for a resident, who hears of a dose, who loosens anything (rule 22)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.events import Mode
from scheduler.gate import why_not_send
from scheduler.summary import summarise
from tests.support.attack_moves import about, is_open, live_until
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, utc


def set_mode(home: PureHome, mode: Mode, review: datetime | None = None, **other: object) -> str:
    """The answer's reason."""
    if review is None and mode is not Mode.NORMAL:
        review = home.now + timedelta(days=7)
    fields: dict[str, object] = {
        "command_id": home.nonce(),
        "resident": RESIDENT,
        "mode": mode,
        "review": review,
        "by": "Anna",
        "reason": "unstable",
        "via": "home",
        "revision": 0,
        "expires": home.soon(),
    } | other
    return home.ask(cmd.SetMode(**fields)).reason  # type: ignore[arg-type]


def mode_of(home: PureHome) -> Mode:
    return home.world.regime(RESIDENT).mode


def test_a_mode_is_set_by_a_named_person_who_says_why(home: PureHome) -> None:
    assert set_mode(home, Mode.ASSISTED) == "done"
    (told,) = [event for event in home.journal if isinstance(event, ev.ModeSet)]
    assert (told.mode, told.by, told.reason, told.via) == (Mode.ASSISTED, "Anna", "unstable", "home")
    assert home.world.regime(RESIDENT).revision == 1


@pytest.mark.parametrize(
    ("mode", "review", "other", "reason"),
    [
        (Mode.SUSPENDED, "09:00 yesterday", {}, "review_needed"),
        (Mode.SUSPENDED, "in 32 days", {}, "review_too_late"),
        (Mode.NORMAL, "tomorrow", {}, "review_of_normal"),
        (Mode.ASSISTED, "tomorrow", {"resident": "0" * 32}, "unknown_resident"),
        (Mode.ASSISTED, "tomorrow", {"by": " "}, "no_name"),
        (Mode.ASSISTED, "tomorrow", {"via": "oncall", "revision": 1}, "stale"),
    ],
)
def test_a_mode_that_nobody_could_answer_for_is_refused(
    home: PureHome, mode: Mode, review: str, other: dict[str, object], reason: str
) -> None:
    days = {"09:00 yesterday": -1, "in 32 days": 32, "tomorrow": 1}[review]
    assert set_mode(home, mode, home.now + timedelta(days=days), **other) == reason
    assert mode_of(home) is Mode.NORMAL


def test_a_signed_command_names_the_revision_that_the_person_saw(home: PureHome) -> None:
    assert set_mode(home, Mode.ASSISTED, via="oncall", revision=0) == "done"
    assert set_mode(home, Mode.SUSPENDED, via="oncall", revision=0) == "stale"
    assert set_mode(home, Mode.SUSPENDED, via="oncall", revision=1) == "done"


def test_a_command_that_comes_twice_is_carried_out_once(home: PureHome) -> None:
    command = cmd.SetMode(
        "c-1", RESIDENT, Mode.ASSISTED, home.now + timedelta(days=1), "Anna", "why", "home", 0, home.soon()
    )
    assert len(home.give(command)) == 2
    assert home.give(command) == []


def test_assisted_the_robot_is_silent_and_staff_hear_of_each_dose(home: PureHome) -> None:
    set_mode(home, Mode.ASSISTED)
    home.until("08:01")
    told = about(home)
    assert (told.kind, told.priority) == (ev.Kind.DOSE_DUE, ev.Priority.LOW)
    shown = display(home.world, home.setting, ROBOT, home.now)
    assert (shown.light, shown.sound) == ("steady", "none")
    home.until("08:55")
    assert not [event for event in home.journal if isinstance(event, ev.ReminderGiven)]
    home.until("09:01")
    assert about(home).kind is ev.Kind.ABOUT_TO_MISS, "one incident for one dose, however it goes on"
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", True)
    assert not is_open(about(home))


def test_normal_the_robot_reminds_and_staff_hear_nothing(home: PureHome) -> None:
    home.until("08:55")
    assert home.incident("morning") is None
    assert [event for event in home.journal if isinstance(event, ev.ReminderGiven)]


def test_who_is_told_of_a_due_dose_gets_no_right_to_give_it(home: PureHome) -> None:
    set_mode(home, Mode.ASSISTED)
    home.until("08:01")
    assert home.take(about(home), "Anna").accepted
    assert home.dose("morning").token == "", "rule 5: the robot still offers it"


def test_witnessed_staff_say_that_they_saw_it(home: PureHome) -> None:
    set_mode(home, Mode.WITNESSED)
    home.until("08:05")
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)
    assert home.decide(home.dose("morning"), ev.Verdict.WITNESSED, "Anna").accepted
    outcome = home.dose("morning").outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.by, outcome.revision) == (ev.Outcome.WITNESSED, "Anna", 2)
    assert outcome.happened == utc("08:05"), "when it was had is the record's to say"
    home.until("09:00")
    assert not is_open(home.incident("morning"))


def test_witnessed_a_dose_that_nobody_saw_is_told(home: PureHome) -> None:
    set_mode(home, Mode.WITNESSED)
    home.until("08:05")
    home.take_dose()
    home.until("08:19")
    assert not is_open(home.incident("morning"))
    home.until("08:21")
    assert (about(home).kind, about(home).priority) == (ev.Kind.NOT_WITNESSED, ev.Priority.LOW)
    assert home.decide(home.dose("morning"), ev.Verdict.WITNESSED, "Anna").accepted
    assert not is_open(about(home))


def test_a_critical_dose_that_nobody_saw_is_medium(home: PureHome) -> None:
    for slot in ("08:05", "12:05", "18:05"):
        home.until(slot)
        home.take_dose()
    set_mode(home, Mode.WITNESSED)
    home.until("22:05")
    home.take_dose()
    home.until("22:30")
    assert about(home, "night").priority is ev.Priority.MEDIUM


def test_nobody_can_have_seen_what_was_not_had(home: PureHome) -> None:
    home.until("08:05")
    answer = home.decide(home.dose("morning"), ev.Verdict.WITNESSED, "Anna")
    assert (answer.accepted, answer.reason) == (False, "nothing_to_witness")
    home.take_dose()
    assert home.decide(home.dose("morning"), ev.Verdict.WITNESSED, "Anna").accepted
    assert home.decide(home.dose("morning"), ev.Verdict.WITNESSED, "Berit").reason == "already_settled"


def test_suspended_the_robot_gives_nothing_and_staff_give_each_dose(home: PureHome) -> None:
    set_mode(home, Mode.SUSPENDED)
    home.until("08:05")
    assert ev.PressSpent(home.now, "suspended", ROBOT) in home.press()
    assert home.orders() == []
    told = about(home)
    assert (told.kind, told.priority, told.detail) == (
        ev.Kind.DOSE_BLOCKED,
        ev.Priority.MEDIUM,
        "suspended",
    ), "S8: a lock is a person untreated"
    assert home.take(told, "Anna").accepted
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    assert home.outcome("morning") == ("given_by_staff", False)
    assert display(home.world, home.setting, ROBOT, home.now).lines[0] == "Personalet giver dig din medicin."


def test_suspended_a_dose_that_nobody_gave_is_withheld_and_stays_told(home: PureHome) -> None:
    set_mode(home, Mode.SUSPENDED)
    live_until(home, utc("10:01"))
    outcome = home.dose("morning").outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.reason) == (ev.Outcome.WITHHELD, "suspended")
    assert is_open(about(home))
    assert home.robot.store == ["L001"], "the strip goes on: the next sachet is the next dose's"


def test_a_mode_that_comes_while_the_sachet_is_in_the_tray_takes_it_back(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    set_mode(home, Mode.SUSPENDED)
    assert home.orders()[-1] == ("retract", "morning")  # rule 11
    home.move()
    home.press()
    assert home.orders()[-1] == ("retract", "morning"), "nothing is presented"


def test_an_order_decided_before_the_mode_is_not_sent_after_it(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    under_way = home.world.order_under_way()
    assert under_way is not None
    set_mode(home, Mode.SUSPENDED)
    assert why_not_send(home.world, home.setting, under_way.order, home.now) == "suspended"  # rule 11


def test_no_mode_ends_by_itself_and_its_review_is_an_incident(home: PureHome) -> None:
    set_mode(home, Mode.SUSPENDED, utc("07:00", day=3))
    home.until("06:59", day=3)
    assert home.world.incident_about(f"mode:{RESIDENT}") is None
    home.until("07:01", day=3)
    told = home.world.incident_about(f"mode:{RESIDENT}")
    assert told is not None
    assert (told.kind, told.priority, told.detail) == (ev.Kind.MODE_REVIEW, ev.Priority.LOW, "suspended")
    home.until("07:00", day=6)
    assert mode_of(home) is Mode.SUSPENDED
    set_mode(home, Mode.NORMAL)
    assert not is_open(home.world.incidents[told.incident_id])


def test_a_review_that_a_person_closed_without_changing_the_mode_comes_again(home: PureHome) -> None:
    set_mode(home, Mode.ASSISTED, utc("07:55"))
    home.until("07:56")
    told = home.world.incident_about(f"mode:{RESIDENT}")
    assert told is not None
    home.take(told, "Anna")
    assert home.close(home.world.incidents[told.incident_id], "Anna", "looked_into").accepted
    home.until("07:55", day=2)
    assert not is_open(home.world.incident_about(f"mode:{RESIDENT}"))
    home.until("07:57", day=2)
    assert is_open(home.world.incident_about(f"mode:{RESIDENT}"))


def test_an_unstable_period_and_back(home: PureHome) -> None:
    """Situation 12: each step is a person's, with a review date, and each is undone by a person."""
    for mode in (Mode.ASSISTED, Mode.WITNESSED, Mode.SUSPENDED, Mode.WITNESSED, Mode.ASSISTED, Mode.NORMAL):
        assert set_mode(home, mode) == "done"
        live_until(home, home.now + timedelta(hours=1))
        assert mode_of(home) is mode
    steps = [event.mode for event in home.journal if isinstance(event, ev.ModeSet)]
    assert len(steps) == 6
    live_until(home, utc("18:05"))
    home.take_dose()
    assert home.outcome("evening") == ("retrieved", False)


def test_a_restart_keeps_the_mode(home: PureHome) -> None:
    set_mode(home, Mode.SUSPENDED)
    home.daemon()
    home.connect()
    home.until("08:05")
    home.press()
    assert home.orders() == []
    assert summarise(home.world, home.setting, home.now).window_open
