"""Pauses: hospital and away (rule 22). Nothing is given, nobody is disturbed, and nobody forgets."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.events import PauseKind
from scheduler.plan import Prescription
from scheduler.summary import summarise
from tests.support.attack_moves import about, in_doubt, is_open, live_until, resolve
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, prescriptions, utc


def pause(home: PureHome, until: datetime | None = None, kind: PauseKind = PauseKind.HOSPITAL) -> str:
    return home.ask(
        cmd.PauseResident(home.nonce(), RESIDENT, kind, until, "Anna", "admitted", "home", 0, home.soon())
    ).reason


def resume(home: PureHome, reconciled: bool = True) -> str:
    return home.ask(
        cmd.ResumeResident(home.nonce(), RESIDENT, reconciled, "Berit", "home again", "home", 0, home.soon())
    ).reason


def review(home: PureHome) -> str:
    return home.ask(
        cmd.ReviewPause(home.nonce(), RESIDENT, "Anna", "still there", "home", 0, home.soon())
    ).reason


def told(home: PureHome, subject: str) -> ev.Incident | None:
    return home.world.incident_about(f"{subject}:{RESIDENT}")


def paused(home: PureHome) -> bool:
    return home.world.regime(RESIDENT).pause is not None


def test_doses_due_meanwhile_are_withheld_and_disturb_nobody(home: PureHome) -> None:
    assert pause(home) == "done"
    live_until(home, utc("23:00"))
    for slot in ("morning", "noon", "evening"):
        outcome = home.dose(slot).outcome
        assert outcome is not None
        assert (outcome.outcome, outcome.reason) == (ev.Outcome.WITHHELD, "paused")
        assert home.incident(slot) is None
    assert home.robot.store == ["L001", "L002", "L003"], "the strip is passed over by divert"
    assert home.orders() == [("divert", "morning"), ("divert", "noon"), ("divert", "evening")]


def test_they_are_withheld_without_a_robot_too(home: PureHome) -> None:
    """No release was ever sent, so no record could say otherwise."""
    pause(home)
    home.lost()
    home.until("10:00")
    outcome = home.dose("morning").outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.reason) == (ev.Outcome.WITHHELD, "paused")
    assert home.incident("morning") is None
    technical = home.world.incident_about("robot:SIM-0001")
    assert technical is not None, "what is wrong with the robot is told as ever (rule 22)"
    assert technical.priority is ev.Priority.LOW


def test_the_window_that_is_left_after_the_return_is_the_residents(home: PureHome) -> None:
    pause(home)
    home.until("08:30")
    assert resume(home) == "done"
    home.take_dose()
    assert home.outcome("morning") == ("retrieved", False)


def test_a_press_gives_nothing_and_is_an_incident_once(home: PureHome) -> None:
    pause(home)
    home.until("08:05")
    home.press()
    home.press()
    assert home.orders() == []
    assert len([event for event in home.journal if isinstance(event, ev.PausedAction)]) == 1
    incident = told(home, "paused")
    assert incident is not None
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.PAUSED_ACTION,
        ev.Priority.MEDIUM,
        "hospital",
    )
    resolve(home, incident)
    home.press()
    again = told(home, "paused")
    assert is_open(again), "a person looked into the first one only"


def test_a_press_is_an_incident_also_where_nothing_is_due(home: PureHome) -> None:
    pause(home)
    home.press()
    assert is_open(told(home, "paused"))


def test_a_sachet_in_the_tray_is_taken_back(home: PureHome) -> None:
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    pause(home)
    assert home.orders()[-1] == ("retract", "morning")
    live_until(home, utc("10:05"))
    outcome = home.dose("morning").outcome
    assert outcome is not None
    assert (outcome.outcome, outcome.reason) == (ev.Outcome.WITHHELD, "paused")


def test_an_open_pause_is_reviewed_every_24_hours(home: PureHome) -> None:
    pause(home)
    live_until(home, utc("07:49", day=2))
    assert told(home, "pause") is None
    live_until(home, utc("07:51", day=2))
    incident = told(home, "pause")
    assert incident is not None
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.PAUSE_REVIEW,
        ev.Priority.LOW,
        "hospital",
    )
    assert review(home) == "done"
    assert not is_open(told(home, "pause"))
    live_until(home, utc("07:53", day=3))
    assert is_open(told(home, "pause"))


def test_closing_its_incident_is_a_review_and_the_next_day_asks_again(home: PureHome) -> None:
    pause(home)
    live_until(home, utc("07:51", day=2))
    incident = told(home, "pause")
    assert incident is not None
    resolve(home, incident)
    live_until(home, utc("07:50", day=3))
    assert not is_open(told(home, "pause"))
    live_until(home, utc("07:53", day=3))
    assert is_open(told(home, "pause"))


def test_a_pause_is_over_from_the_instant_it_was_to_end(home: PureHome) -> None:
    pause(home, utc("11:00"), PauseKind.AWAY)
    live_until(home, utc("10:59:59"))
    assert told(home, "pause") is None
    live_until(home, utc("11:00"))
    incident = told(home, "pause")
    assert incident is not None and incident.kind is ev.Kind.PAUSE_OVER


def test_a_pause_past_its_end_is_told_and_goes_on(home: PureHome) -> None:
    pause(home, utc("11:00"), PauseKind.AWAY)
    live_until(home, utc("11:01"))
    incident = told(home, "pause")
    assert incident is not None
    assert (incident.kind, incident.priority, incident.detail) == (
        ev.Kind.PAUSE_OVER,
        ev.Priority.LOW,
        "away",
    )
    live_until(home, utc("12:05"))
    home.press()
    assert home.orders()[-1][0] == "divert", "nothing is given before somebody has reconciled"
    assert pause(home, utc("15:00")) == "done"
    assert not is_open(told(home, "pause"))


@pytest.mark.parametrize("after", [timedelta(0), timedelta(minutes=-1)])
def test_a_pause_that_is_over_before_it_begins_is_refused(home: PureHome, after: timedelta) -> None:
    assert pause(home, home.now + after) == "until_is_past"
    assert not paused(home)


def test_only_a_named_nurse_who_reconciled_resumes(home: PureHome) -> None:
    assert resume(home) == "not_paused"
    assert review(home) == "not_paused"
    pause(home)
    assert resume(home, reconciled=False) == "not_reconciled"
    assert paused(home)
    assert resume(home) == "done"
    (ended,) = [event for event in home.journal if isinstance(event, ev.PauseEnded)]
    assert ended.by == "Berit"


def test_away_never_covers_robot_tamper_or_duplicate(home: PureHome) -> None:
    in_doubt(home)
    before = about(home)
    assert before.kind is ev.Kind.ORDER_UNKNOWN
    pause(home)
    assert is_open(about(home)), "a dose in doubt is one whoever is away"
    home.robot.fault = "motor_stall"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("08:30")
    assert is_open(about(home))


def test_what_was_missed_before_the_pause_stays_told(home: PureHome) -> None:
    live_until(home, utc("10:01"))
    assert about(home).kind is ev.Kind.DOSE_MISSED
    pause(home)
    live_until(home, utc("11:00"))
    assert is_open(about(home))


def test_what_was_withheld_stays_quiet_after_the_return(home: PureHome) -> None:
    pause(home)
    live_until(home, utc("10:30"))
    resume(home)
    live_until(home, utc("11:00"))
    assert home.incident("morning") is None


def test_nobody_waits_for_a_dose_of_who_is_away(home: PureHome) -> None:
    pause(home)
    home.until("08:05")
    assert summarise(home.world, home.setting, home.now).next_window is None
    shown = display(home.world, home.setting, ROBOT, home.now)
    assert (shown.light, shown.lines[0]) == ("off", "Din medicin er sat på pause.")


def test_a_changed_card_holds_the_affected_sachets_only(home: PureHome) -> None:
    """Situation 11: back from hospital with another evening medicine, the old roll in the robot."""
    pause(home)
    live_until(home, utc("11:00"))
    old = prescriptions()
    changed = (*old[:2], _stronger(old[2]), old[3])
    home.give(cmd.OfferPlan(RESIDENT, 2, changed, "f2"))
    assert resume(home) == "done"
    home.until("12:05")
    home.take_dose()
    assert home.outcome("noon") == ("retrieved", False), "its content is as the card has it"
    home.until("18:05")
    assert home.dose("evening").held == "content_mismatch"
    assert (about(home, "evening").kind, about(home, "evening").priority) == (
        ev.Kind.SACHET_MISMATCH,
        ev.Priority.HIGH,
    )
    assert home.decide(home.dose("evening"), ev.Verdict.DISCARD, "Berit").accepted
    live_until(home, utc("22:05"))
    home.take_dose()
    assert home.outcome("night") == ("retrieved", False), "the strip went on past the one that was held"


def _stronger(prescription: Prescription) -> Prescription:
    return replace(prescription, strength="20 mg")
