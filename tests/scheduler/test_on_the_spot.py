"""Rule 5 where on-call can't reach the home: staff lock the robot on the spot, and give by hand offline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.evolve import evolve
from scheduler.gate import lock, why_not_send
from scheduler.world import StaffKey
from tests.support.many_home import ManyHome
from tests.support.pure_home import ROBOT, PureHome

NURSE, OTHER = "Nina Nurse", "Otto Other"
KEYS = (StaffKey(NURSE, frozenset({"key-n"})), StaffKey(OTHER, frozenset({"key-o"})))


@pytest.fixture
def staffed(home: PureHome) -> PureHome:
    home.setting = replace(home.setting, staff=KEYS)
    return home


def key(home: PureHome, tag: str = "key-n", answer: ev.Answer = ev.Answer.TAKE) -> list[ev.Event]:
    session = f"s{home.robot.session}"
    return home.give(ev.Pressed(home.now, ROBOT, session, 100, answer, tag=tag))


def answered(events: list[ev.Event]) -> list[str]:
    return [event.reason for event in events if isinstance(event, ev.PressSpent)]


def test_a_personal_key_locks_the_robot_and_its_holder_gives_without_any_network(staffed: PureHome) -> None:
    home = staffed
    home.until("08:05")
    key(home)
    assert lock(home.world, home.setting, ROBOT) == "staff_lock"
    assert home.dose("morning").token == NURSE
    incident = home.incident("morning")
    assert incident is not None
    assert (incident.kind, incident.owner, incident.holds_token) == (ev.Kind.DOSE_BLOCKED, NURSE, True)
    home.press()  # the resident presses all the same
    assert home.orders() == []
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, NURSE).accepted
    assert home.outcome("morning") == ("given_by_staff", False)


def test_without_the_lock_nobody_says_given(staffed: PureHome) -> None:
    home = staffed
    home.until("08:05")
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, NURSE).reason == "no_token"


def test_what_lies_in_the_tray_goes_back_before_the_right_passes(staffed: PureHome) -> None:
    home = staffed
    home.until("08:05")
    home.press()
    home.move()
    home.move()
    assert home.dose("morning").stage is Stage.IN_TRAY
    key(home)
    assert home.dose("morning").token == ""
    assert home.orders()[-1] == ("retract", "morning")
    home.move()
    assert home.dose("morning").token == NURSE


def test_a_release_that_was_not_sent_yet_is_revoked(staffed: PureHome) -> None:
    home = staffed
    home.until("08:05")
    home.press()
    key(home)
    under_way = home.world.order_under_way()
    assert under_way is not None
    assert why_not_send(home.world, home.setting, under_way.order, home.now) == "staff_lock"
    assert home.dose("morning").token == ""


def test_the_lock_ends_by_a_person_who_has_said_what_they_did(staffed: PureHome) -> None:
    home = staffed
    home.until("08:05")
    key(home)
    key(home)
    assert home.world.robot(ROBOT).locked_by == NURSE
    assert home.world.robot(ROBOT).spent == "not_said"
    key(home, "key-o")
    assert home.world.robot(ROBOT).locked_by == NURSE
    assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, NURSE).accepted
    home.until("08:20")
    assert home.dose("morning").token == ""  # not theirs again by the same lock
    assert answered(key(home, "key-o")) == ["unlocked"]
    assert home.world.robot(ROBOT).locked_by == ""
    home.press()
    assert home.orders() == [("release", "morning")]


def test_it_survives_a_restart_and_is_not_ended_by_time(staffed: PureHome) -> None:
    home = staffed
    home.until("08:05")
    key(home)
    home.decide(home.dose("morning"), ev.Verdict.GIVEN, NURSE)
    home.daemon()
    home.connect()
    home.until("10:00")
    home.move()  # its sachet goes to the locked store: a lock keeps nothing out of it
    home.until("12:05")
    home.press()
    assert home.orders() == [("divert", "morning")]
    assert home.dose("noon").token == NURSE  # due behind the lock: S8, and theirs to give


def test_nothing_is_given_behind_a_lock_without_its_holder_being_told_off_by_a_care_incident(
    staffed: PureHome,
) -> None:
    """Rule 5: a token out without an outcome is a care incident, due before the window closes."""
    home = staffed
    home.until("08:05")
    key(home)
    home.until("10:00")
    home.move()
    home.until("10:01")
    assert home.outcome("morning") == ("uncertain", False)
    incident = home.incident("morning")
    assert incident is not None
    assert incident.state is not ev.State.CLOSED


def test_an_unknown_key_locks_nothing(staffed: PureHome) -> None:
    home = staffed
    home.until("08:05")
    key(home, "key-x")
    assert home.world.robot(ROBOT).locked_by == ""
    assert home.world.robot(ROBOT).spent == "unknown_tag"


def test_the_key_itself_is_not_journalled(staffed: PureHome) -> None:
    home = staffed
    home.until("08:05")
    key(home)
    (pressed,) = [event for event in home.journal if isinstance(event, ev.Pressed)]
    assert (pressed.staff, pressed.tag) == (NURSE, "known")


@pytest.mark.parametrize("answer", [ev.Answer.LATER, ev.Answer.NO_THANKS])
def test_with_a_key_another_button_locks_nothing_and_opens_nothing(
    staffed: PureHome, answer: ev.Answer
) -> None:
    """A word of the resident it is not either."""
    home = staffed
    home.until("08:05")
    assert answered(key(home, answer=answer)) == ["nothing_due"]
    assert home.world.robot(ROBOT).locked_by == ""
    key(home)
    assert answered(key(home, answer=answer)) == ["staff_lock"]
    assert home.world.robot(ROBOT).locked_by == NURSE
    assert (home.dose("morning").declined, home.dose("morning").put_off) == (None, None)


def test_a_key_locks_the_robot_where_it_was_shown_and_no_other() -> None:
    first, second = "SIM-0001", "SIM-0002"
    home = ManyHome({"A": first, "B": second}, {"A": ("morning",), "B": ("morning",)})
    home.setting = replace(home.setting, staff=KEYS)
    home.start()
    home.until("08:05")
    home.press(second, "key-n")
    assert [home.world.robot(serial).locked_by for serial in (first, second)] == ["", NURSE]
    assert (home.dose("A", "morning").token, home.dose("B", "morning").token) == ("", NURSE)
    assert home.take_dose("A")[0] == "A"


def test_medicine_that_no_sachet_holds_is_given_where_its_resident_has_their_roll() -> None:
    first, second = "SIM-0001", "SIM-0002"
    home = ManyHome({"A": first, "B": second}, {"A": ("morning",), "B": ("morning",)})
    home.setting = replace(home.setting, staff=KEYS)
    home.start()
    theirs = home.dose("A", "morning")
    loose = replace(theirs.plan, dose_id=theirs.dose_id[:-1] + "2", loose=True)
    home.world = evolve(home.world, ev.DosePlanned(home.now, loose))
    home.until("08:05")
    assert home.world.incident_about(f"dose:{loose.dose_id}") is not None, "somebody is asked to give it"
    home.press(second, "key-n")
    assert home.world.doses[loose.dose_id].token == ""
    home.press(first, "key-n")
    assert NURSE in (home.world.doses[loose.dose_id].token, home.dose("A", "morning").token)
