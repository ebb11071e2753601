"""The card stops a medicine while somebody has the right to give it by hand, and nobody has said if they did.

Found in the bottle: on call went on showing the right, and days later somebody used it.
"""

from __future__ import annotations

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.causes import NO_LONGER_PLANNED
from tests.support.attack_moves import about, anna_may_give
from tests.support.pure_home import RESIDENT, PureHome, prescriptions


@pytest.fixture
def home() -> PureHome:
    """The morning dose failed, and Anna may give it."""
    home = anna_may_give()
    assert (about(home).holds_token, about(home).detail == NO_LONGER_PLANNED) == (True, False)
    return home


def card(home: PureHome, version: int, *, morning: bool) -> None:
    home.give(cmd.OfferPlan(RESIDENT, version, prescriptions()[0 if morning else 1 :], f"f{version}"))


def test_somebody_must_tell_them_at_once(home: PureHome) -> None:
    card(home, 2, morning=False)
    told = about(home)
    assert (told.detail, told.priority) == (NO_LONGER_PLANNED, ev.Priority.HIGH)
    assert (told.state, told.owner) == (ev.State.RAISED, ""), "alarmed anew: nobody owns the news"
    assert home.dose("morning").token == "Anna", "they may have given it before they heard"


@pytest.mark.parametrize("verdict", [ev.Verdict.GIVEN, ev.Verdict.NOT_GIVEN])
def test_they_say_what_they_had_done_by_then(home: PureHome, verdict: ev.Verdict) -> None:
    card(home, 2, morning=False)
    assert home.decide(home.dose("morning"), verdict, "Anna").accepted
    assert about(home).detail != NO_LONGER_PLANNED


def test_a_card_that_asks_for_it_again_takes_the_warning_back(home: PureHome) -> None:
    card(home, 2, morning=False)
    assert home.take(about(home), "Anna").accepted
    card(home, 3, morning=True)
    assert (about(home).detail, about(home).holds_token) == ("", True)


def test_a_card_that_leaves_it_alone_says_nothing(home: PureHome) -> None:
    before = about(home)
    card(home, 2, morning=True)
    assert about(home) == before


def test_who_has_said_what_they_did_is_not_warned(home: PureHome) -> None:
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    card(home, 2, morning=False)
    assert about(home).detail != NO_LONGER_PLANNED
