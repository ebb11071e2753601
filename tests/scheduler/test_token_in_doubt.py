"""Somebody has the right to give a dose by hand, and then the robot's own sachet of it falls into doubt.

Found in the bottle: the doubt was taken for "had already", so another dose with the same prescription was
passed to a colleague three minutes after the first had been given by hand.
"""

from __future__ import annotations

import pytest

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.gate import being_given
from tests.support.attack_moves import about, home_sharing, stalled
from tests.support.pure_home import PureHome


@pytest.fixture
def home() -> PureHome:
    """Morning and noon hold one more prescription, the same; the morning failed, Anna may give it, and nobody
    knows how putting its sachet away ended."""
    home = home_sharing()
    stalled(home)
    assert home.take(about(home), "Anna").accepted
    assert home.dose("morning").token == "Anna"
    home.robot.fault = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("10:00")
    assert home.orders()[-1] == ("divert", "morning")
    home.move("accepted started")
    home.until("10:05")
    assert home.dose("morning").stage is Stage.DOUBT
    return home


def counts_from_then(home: PureHome, until: str) -> None:
    """S2: nobody gets the right to give the noon dose, which shares a prescription, before `until`."""
    home.until("12:10")
    home.lost()
    for local, holder in (("12:15", ""), (until, "Berit")):
        home.until(local)
        home.take(about(home, "noon"), "Berit")
        assert home.dose("noon").token == holder, local


def test_whoever_may_be_giving_a_dose_by_hand_still_may_when_its_sachet_is_in_doubt(home: PureHome) -> None:
    assert being_given(home.world, home.dose("morning"))
    home.until("12:10")
    home.take(about(home, "noon"), "Berit")
    assert home.dose("noon").token == "", "S2: Anna may be giving the shared medicine at this moment"


def test_it_ends_with_her_word_and_counts_from_then(home: PureHome) -> None:
    home.until("11:55")
    assert home.decide(home.dose("morning"), ev.Verdict.HAD_IT, "Anna").accepted
    assert not being_given(home.world, home.dose("morning"))
    counts_from_then(home, until="13:56")


def test_that_she_gave_it_is_recorded_although_its_sachet_is_in_doubt(home: PureHome) -> None:
    """Found in the bottle: refused, she closed the incident, and the interval began at the window's end."""
    home.until("10:25")
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Berit").reason == "in_doubt"
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    assert home.outcome("morning") == ("given_by_staff", True)
    assert home.dose("morning").stage is Stage.DOUBT, "where its sachet is still nobody knows"
    counts_from_then(home, until="12:26")


def settled_by_itself(home: PureHome) -> None:
    """The dose has an outcome that nobody said, and the person who closes is not who may give it."""
    home.until("10:25")
    assert home.outcome("morning") is not None
    assert home.take(about(home), "Berit").accepted
    assert home.dose("morning").token == "Anna"


def test_the_incident_stays_open_until_the_holder_has_said_what_she_did(home: PureHome) -> None:
    """Closed in silence, the interval to the next dose would count from the window's end (S2)."""
    settled_by_itself(home)
    assert home.close(about(home), "Berit", "visited").reason == "not_said"
    assert being_given(home.world, home.dose("morning"))
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    assert home.close(about(home), "Berit", "visited").accepted


def test_first_where_the_sachet_is_then_what_becomes_of_the_right(home: PureHome) -> None:
    settled_by_itself(home)
    for _ in ("where the sachet is", "what becomes of the right to give it"):
        assert home.close(about(home), "Berit", "visited").reason == "not_said"
        assert home.decide(home.dose("morning"), ev.Verdict.NOT_GIVEN, "Anna").accepted
    assert home.dose("morning").token == ""
    assert not being_given(home.world, home.dose("morning"))
    assert home.close(about(home), "Berit", "visited").accepted
