"""Voice, modes and pauses where several live: each word is one person's, and holds up nobody else (S3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import HELP, display
from scheduler.dose import Stage
from scheduler.events import Answer, Mode, PauseKind
from tests.support.many_home import KEYS, TAGS, ManyHome, spent
from tests.support.pure_home import utc

R1, R2 = "SIM-0001", "SIM-0002"
DAY = ("morning", "evening")


def together(**slots: tuple[str, ...]) -> ManyHome:
    """A and B share one robot."""
    home = ManyHome({"A": R1, "B": R1}, slots or {"A": DAY, "B": DAY})
    home.start()
    return home


def apart() -> ManyHome:
    home = ManyHome({"A": R1, "B": R2}, {"A": DAY, "B": DAY})
    home.start()
    return home


def says(home: ManyHome, serial: str, answer: Answer, person: str = "") -> list[ev.Event]:
    tag = TAGS[person] if person else ""
    return home.give(ev.Pressed(home.now, serial, home.session(serial), 100, answer, tag=tag))


def pause(home: ManyHome, person: str) -> None:
    home.commands += 1
    said = ("Anna", "in hospital", "home", 0, home.soon())
    asked = cmd.PauseResident(f"c{home.commands}", KEYS[person], PauseKind.HOSPITAL, None, *said)
    assert home.ask(asked).accepted


def resume(home: ManyHome, person: str) -> None:
    home.commands += 1
    said = ("Nina Nurse", "home again", "home", 0, home.soon())
    assert home.ask(cmd.ResumeResident(f"c{home.commands}", KEYS[person], True, *said)).accepted


def set_mode(home: ManyHome, person: str, mode: Mode) -> None:
    home.commands += 1
    said = ("Anna", "for now", "home", 0, home.soon())
    review = home.now + timedelta(days=7)
    assert home.ask(cmd.SetMode(f"c{home.commands}", KEYS[person], mode, review, *said)).accepted


def lines(home: ManyHome, serial: str = R1) -> tuple[str, ...]:
    return display(home.world, home.setting, serial, home.now).lines


# --- whose word ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [Answer.LATER, Answer.NO_THANKS, Answer.AS_NEEDED, Answer.FIRST])
def test_on_a_shared_robot_a_word_without_a_tag_is_nobodys(answer: Answer) -> None:
    home = together()
    home.until("08:05")
    assert spent(says(home, R1, answer)) == "who"
    assert all(dose.put_off is None and dose.declined is None for dose in home.world.doses.values())
    assert lines(home)[0] == "Hvem er du?"


def test_no_thanks_of_one_is_no_word_about_the_others_dose() -> None:
    home = together()
    home.until("08:05")
    says(home, R1, Answer.NO_THANKS, "B")
    assert home.dose("B", "morning").declined is not None
    assert home.dose("A", "morning").declined is None
    assert home.take_dose("A").startswith("A")


def test_a_dose_declined_lets_the_one_behind_it_get_past() -> None:
    """A's sachet lies first: B does not wait for A's window to close."""
    home = together()
    home.until("08:05")
    says(home, R1, Answer.NO_THANKS, "A")
    assert home.outcome("A", "morning") == "refused"
    home.move(R1)
    assert home.take_dose("B").startswith("B")


def test_a_word_at_another_persons_robot_changes_nothing() -> None:
    home = apart()
    home.until("08:05")
    assert spent(says(home, R2, Answer.NO_THANKS, "A")) == "other_robot"
    assert home.dose("A", "morning").declined is None
    assert home.dose("B", "morning").declined is None


def test_two_say_something_at_two_robots_in_one_moment() -> None:
    home = apart()
    home.until("08:05")
    home.give(
        ev.Pressed(home.now, R1, home.session(R1), 100, Answer.LATER),
        ev.Pressed(home.now, R2, home.session(R2), 100, Answer.NO_THANKS),
    )
    assert home.dose("A", "morning").put_off is not None
    assert home.dose("B", "morning").declined is not None
    assert home.world.robot(R1).press is None
    assert home.world.robot(R2).press is None


# --- help ---------------------------------------------------------------------------------------------


def test_help_needs_no_tag_and_is_told_of_the_robot() -> None:
    home = together()
    says(home, R1, Answer.HELP)
    incident = home.about(f"help:{R1}")
    assert incident is not None
    assert incident.kind is ev.Kind.HELP_ASKED
    assert HELP in lines(home)


def test_help_with_a_tag_is_that_persons_at_any_robot_and_with_an_unknown_one_it_is_heard() -> None:
    home = apart()
    says(home, R2, Answer.HELP, "A")
    assert home.about(f"help:{KEYS['A']}") is not None
    assert HELP in lines(home, R1), "at their own robot they see that somebody will call"
    assert HELP not in lines(home, R2)
    home.give(ev.Pressed(home.now, R2, home.session(R2), 100, Answer.HELP, tag="nobodys"))
    assert home.about(f"help:{KEYS['B']}") is not None


def test_a_call_for_help_at_a_shared_robot_ends_when_somebody_has_called() -> None:
    home = together()
    says(home, R1, Answer.HELP)
    incident = home.about(f"help:{R1}")
    assert incident is not None
    assert home.take(incident, "Anna").accepted
    incident = home.world.incidents[incident.incident_id]
    closing = cmd.CloseIncident(
        "close", incident.incident_id, incident.revision, "Anna", "called", home.soon()
    )
    assert home.ask(closing).accepted
    assert HELP not in lines(home)


# --- pauses and modes ---------------------------------------------------------------------------------


def test_a_pause_of_one_takes_nothing_from_the_other() -> None:
    """A's sachet lies first at the mouth: it is put away when B's is due, not when A's window closes."""
    home = together()
    pause(home, "A")
    home.until("08:00")
    assert home.outcome("A", "morning") == "withheld"
    home.move(R1)
    home.until("08:05")
    assert home.incident("A", "morning") is None
    assert home.robots[R1].store == ["A001"]
    assert home.take_dose("B").startswith("B")


def test_back_within_the_window_and_the_sachet_is_put_away_already() -> None:
    """Nobody may wait for it in vain (S8)."""
    home = together()
    pause(home, "A")
    home.until("08:00")
    home.move(R1)
    home.until("08:05")
    resume(home, "A")
    incident = home.incident("A", "morning")
    assert incident is not None
    assert (incident.kind, incident.detail) == (ev.Kind.DOSE_BLOCKED, "paused")
    home.until("11:00")
    assert home.incident("A", "morning") is not None
    assert home.incident("A", "morning").state is not ev.State.CLOSED  # type: ignore[union-attr]


def test_alone_a_paused_dose_waits_for_its_window_to_close() -> None:
    home = apart()
    pause(home, "A")
    home.until("08:05")
    assert home.dose("A", "morning").outcome is None
    resume(home, "A")
    assert home.take_dose("A").startswith("A")


def test_a_press_of_somebody_who_is_away_is_theirs_alone() -> None:
    home = together()
    pause(home, "A")
    home.until("08:00")
    home.move(R1)
    home.until("08:05")
    assert spent(home.press(R1, TAGS["A"])) == "paused"
    assert home.about(f"paused:{KEYS['A']}") is not None
    assert home.about(f"press:{R1}") is None
    assert home.take_dose("B").startswith("B")


def test_any_button_of_somebody_who_is_away_tells_that_they_may_be_back() -> None:
    home = together()
    pause(home, "A")
    home.until("08:05")
    assert spent(says(home, R1, Answer.LATER, "A")) == "paused"
    assert home.about(f"paused:{KEYS['A']}") is not None
    says(home, R1, Answer.HELP, "A")
    assert home.about(f"help:{KEYS['A']}") is not None


def test_a_shared_display_says_nothing_of_who_is_away() -> None:
    home = together(A=("morning",), B=("noon",))
    pause(home, "A")
    home.until("08:05")
    assert lines(home) == ("Næste medicin kl. 12:00",)


def test_a_mode_is_one_persons() -> None:
    home = apart()
    set_mode(home, "A", Mode.SUSPENDED)
    home.until("08:05")
    assert spent(home.press(R1)) == "suspended"
    assert home.take_dose("B").startswith("B")
    assert [event.dose_id[:32] for event in home.journal if isinstance(event, ev.ReminderGiven)] == []
    home.until("08:50")
    reminded = {event.dose_id[:32] for event in home.journal if isinstance(event, ev.ReminderGiven)}
    assert reminded == set(), "B has had theirs, and of A's staff are told"


def test_where_staff_remind_one_the_others_prompt_is_shown() -> None:
    home = together()
    set_mode(home, "A", Mode.ASSISTED)
    home.until("08:05")
    shown = display(home.world, home.setting, R1, home.now)
    assert home.dose("A", "morning").stage is Stage.DUE
    assert shown.light == "steady", "B's lies behind A's: nothing can be had by a prompt yet"
    home.take_dose("A")
    assert display(home.world, home.setting, R1, home.now).light == "pulse"


def test_a_regime_of_a_stranger_is_refused() -> None:
    home = apart()
    asked = cmd.PauseResident("c", "f" * 32, PauseKind.AWAY, None, "Anna", "x", "home", 0, utc("09:00"))
    assert home.ask(asked).reason == "unknown_resident"
