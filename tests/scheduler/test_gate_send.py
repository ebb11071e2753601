"""Rule 11: each order is held against the present world before every send, and each thing that stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler import events as ev
from scheduler.events import OrderKind
from scheduler.evolve_press import with_robot
from scheduler.gate import why_not_send
from scheduler.world import ClockState, RobotState, Setting, World, robot_of
from tests.support.pure_home import ROBOT, PureHome


@pytest.fixture
def home(home: PureHome) -> PureHome:
    """The morning's release is ordered and not sent yet."""
    home.until("08:05")
    home.press()
    assert said(home) == ""
    return home


def order(home: PureHome) -> ev.Order:
    under_way = home.world.order_under_way()
    assert under_way is not None
    return under_way.order


def said(
    home: PureHome, world: World | None = None, setting: Setting | None = None, **changed: object
) -> str:
    """Of the order under way, with so much of it otherwise."""
    one = replace(order(home), **changed)  # type: ignore[arg-type]
    return why_not_send(world or home.world, setting or home.setting, one, home.now)


def without_order(home: PureHome) -> World:
    dose = home.dose("morning")
    return replace(home.world, doses={**home.world.doses, dose.dose_id: replace(dose, order=None)})


def with_state(home: PureHome, **changed: object) -> World:
    robot = home.world.robot(ROBOT)
    return with_robot(home.world, ROBOT, replace(robot, **changed))  # type: ignore[arg-type]


def test_only_the_order_that_the_dose_waits_for_is_sent(home: PureHome) -> None:
    assert said(home, order_id="an earlier one") == "no_longer_open"
    assert said(home, without_order(home)) == "no_longer_open"
    assert said(home, replace(home.world, doses={})) == "no_longer_open"


def test_an_order_of_another_session_and_one_to_a_robot_that_is_not_ready_are_not_sent(
    home: PureHome,
) -> None:
    """What the robot did with the earlier one is in its log, which is read first."""
    assert said(home, with_state(home, session="another")) == "robot_not_ready"
    for state in RobotState:
        expected = "" if state is RobotState.READY else "robot_not_ready"
        assert said(home, with_state(home, state=state), kind=OrderKind.RETRACT) == expected


def test_an_order_to_a_robot_that_serves_the_resident_no_more_is_not_sent(home: PureHome) -> None:
    resident = replace(home.setting.residents[0], robot="SIM-0002")
    moved = replace(home.setting, residents=(resident,), robots=("SIM-0002",))
    assert robot_of(moved, home.dose("morning")) == "SIM-0002"
    assert said(home, setting=moved) == "other_robot"


def test_an_order_is_sent_until_the_instant_it_expires(home: PureHome) -> None:
    tick = timedelta(milliseconds=1)
    assert said(home, expires=home.now + tick) == ""
    assert said(home, expires=home.now) == "expired"


Spoil = Callable[[PureHome], World]


@pytest.mark.parametrize(
    ("reason", "spoil"),
    [
        ("clock", lambda home: replace(home.world, clock=ClockState())),
        ("journal_behind", lambda home: replace(home.world, behind=(
            ev.JournalFoundBehind(home.now, "robot", 1, "h"),
        ))),
        ("journal_behind", lambda home: replace(home.world, clock=ClockState(), behind=(
            ev.JournalFoundBehind(home.now, "robot", 1, "h"),
        ))),
    ],
)  # fmt: skip
def test_what_moves_a_sachet_away_unasked_waits_for_the_journal_and_the_clock(
    home: PureHome, reason: str, spoil: Spoil
) -> None:
    """Rules 18 and 23. What takes it out of reach, or what staff have decided, needs neither."""
    assert said(home, kind=OrderKind.DIVERT, ground="closing") == ""
    assert said(home, spoil(home), kind=OrderKind.DIVERT, ground="closing") == reason
    assert said(home, spoil(home), kind=OrderKind.DIVERT, ground="discard") == ""
    assert said(home, spoil(home), kind=OrderKind.RETRACT) == ""


@pytest.mark.parametrize("word", ["put_off", "declined"])
def test_what_the_resident_has_said_no_to_since_does_not_come_towards_them(home: PureHome, word: str) -> None:
    dose = home.dose("morning")
    unwanted = replace(dose, label="L001", **{word: home.now})  # type: ignore[arg-type]
    world = replace(home.world, doses={**home.world.doses, dose.dose_id: unwanted})
    stopped = [kind for kind in OrderKind if said(home, world, kind=kind) == "put_off"]
    assert stopped == [OrderKind.RELEASE, OrderKind.PRESENT]
