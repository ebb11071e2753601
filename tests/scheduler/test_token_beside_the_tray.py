"""The right to give a dose by hand, while another with the same medicine is in the resident's reach.

Found in the bottle: it was passed while the other lay in the tray. The resident lifted that one, and had the
other by hand half a minute later.
"""

from __future__ import annotations

import pytest

from scheduler import events as ev
from scheduler.dose import Stage
from tests.support.attack_moves import about, home_sharing
from tests.support.pure_home import PureHome


@pytest.fixture
def home() -> PureHome:
    """The morning was missed; noon holds some of the same medicine and lies in the tray."""
    home = presenting()
    home.move()
    assert home.dose("noon").stage is Stage.IN_TRAY
    return home


def presenting() -> PureHome:
    """Ordered, and not yet begun."""
    home = home_sharing()
    home.until("10:00")
    home.move()
    assert home.outcome("morning") == ("missed", False)
    home.until("12:05")
    home.press()
    home.move()
    assert home.dose("noon").stage is Stage.PRESENTING
    return home


def holder(home: PureHome) -> str:
    assert home.take(about(home), "Anna").accepted
    return home.dose("morning").token


def test_the_right_does_not_pass_while_it_lies_in_the_tray(home: PureHome) -> None:
    assert holder(home) == ""


def test_nor_while_it_is_on_its_way_back(home: PureHome) -> None:
    home.until("14:00")
    home.move("accepted started")
    assert home.dose("noon").stage is Stage.RETRACTING
    assert holder(home) == ""


def test_nor_on_its_way_there() -> None:
    assert holder(presenting()) == ""


def test_it_passes_once_the_other_is_put_away(home: PureHome) -> None:
    home.until("14:00")
    home.move()
    home.move()
    assert home.outcome("noon") == ("missed", False)
    assert holder(home) == "Anna"
    assert home.decide(home.dose("morning"), ev.Verdict.GIVEN, "Anna").accepted
