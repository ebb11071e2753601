"""A dose of days ago turns out to have been had just now: what that means for the ones still to come (S2).

Found in the bottle: a word about the dose of last week kept back every dose of the next three days.
"""

from __future__ import annotations

import pytest

from scheduler import events as ev
from scheduler.gate import earliest
from tests.support.attack_moves import anna_may_give
from tests.support.pure_home import PureHome, utc


@pytest.fixture
def home() -> PureHome:
    """Anna, who got the right to give the first morning's dose, says in the third night that she did."""
    home = anna_may_give()
    home.lost()
    home.until("22:30", day=3)
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
    return home


def test_the_next_one_keeps_half_a_day_from_it(home: PureHome) -> None:
    assert earliest(home.world, home.dose("morning", day=4)) == utc("10:30", day=4)


def test_the_one_after_that_is_given_in_its_time(home: PureHome) -> None:
    assert earliest(home.world, home.dose("morning", day=5)) == utc("08:00", day=5)


def test_it_keeps_nobody_from_another_medicine(home: PureHome) -> None:
    assert earliest(home.world, home.dose("noon", day=4)) == utc("12:00", day=4)
