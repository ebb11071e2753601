"""What seeded histories found in engine, courier and core, each as a story of its own: short and named.

Clocks that step and come back, a card that is slow, a core that is asked only when something is due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from dispenserd.courier import COMPARE_CLOCK_S, Courier
from dispenserd.engine import ASK_ANYWAY_S
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import settle
from tests.bottle.bottle import Bottle
from tests.bottle.one_engine import OneEngine
from tests.bottle.recipe import Recipe
from tests.bottle.weather import Severity
from tests.support.pure_home import ROBOT, PureHome, utc

DAY = timedelta(days=1)
QUIET = Severity("quiet", aimed=0.0, a_day=0.0, again=0.0)

Alone = Callable[..., OneEngine]


@pytest.fixture
def alone() -> Iterator[Alone]:
    """The engine, going on from where a pure home is."""
    engines: list[OneEngine] = []

    def start(home: PureHome, look_s: float = 1.0) -> OneEngine:
        engine = OneEngine(home.world, home.setting, home.now, look_s)
        engine.pass_s(0.001)
        engine.card.batches.clear()
        engines.append(engine)
        return engine

    yield start
    for engine in engines:
        engine.end()


def home_at(local: str) -> PureHome:
    """Its robot caught up, its plan accepted, its roll in."""
    home = PureHome(utc("07:50"))
    home.start()
    home.until(local)
    return home


def kinds(events: Sequence[ev.Event]) -> list[str]:
    return [type(event).__name__ for event in events]


# --- the box's clock steps --------------------------------------------------------------------------

DECIDED_BY_TIME = (ev.OrderIssued, ev.OutcomeRecorded, ev.DosePlanned, ev.DayPlanned)


@pytest.mark.parametrize("local", ["07:55", "08:05", "11:30"])
@pytest.mark.parametrize("ahead", [DAY, timedelta(minutes=3), 3 * DAY])
def test_a_clock_that_jumps_ahead_between_two_looks_decides_nothing(
    alone: Alone, local: str, ahead: timedelta
) -> None:
    """Rule 18: not one turn of the core on the jumped clock before the step is told."""
    engine = alone(home_at(local))
    engine.set_clock(ahead)
    engine.pass_s(90)
    assert kinds(engine.events[:1]) == ["ClockDoubted"]
    assert [event for event in engine.events if isinstance(event, DECIDED_BY_TIME)] == []
    assert not engine.engine.world.clock.trusted


def test_a_press_that_comes_with_the_jump_is_answered_by_the_lock(alone: Alone) -> None:
    home = home_at("08:05")
    engine = alone(home)
    engine.set_clock(DAY)
    engine.hand_in(ev.Pressed(home.now + DAY, ROBOT, f"s{home.robot.session}", 100))
    engine.pass_s(5)
    assert kinds(engine.events[:1]) == ["ClockDoubted"]
    assert [event.reason for event in engine.events if isinstance(event, ev.PressSpent)] == ["clock"]
    assert [event for event in engine.events if isinstance(event, ev.OrderIssued)] == []


# --- the robot's clock is read again ----------------------------------------------------------------


class NotingRobot:
    """A connection that only counts what it was asked."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self.compared_s: list[float] = []

    def send_order(self, order: ev.Order, decided_in: str) -> bool:
        return True

    def show(self, light: str, sound: str, lines: tuple[str, ...]) -> None:
        pass

    def confirm(self, log_id: str, upto: int, epoch: int, head: str) -> None:
        pass

    def compare_clock(self) -> None:
        self.compared_s.append(self._seconds())


def test_while_no_clock_is_trusted_the_robots_is_asked_for_every_half_minute_and_then_no_more(
    alone: Alone,
) -> None:
    home = home_at("08:05")
    engine = alone(home)
    robot = NotingRobot(engine.times.seconds)
    engine.beside(Courier(engine.engine, home.setting, ROBOT, robot, engine.clock).run)
    engine.pass_s(600)
    assert robot.compared_s == []

    engine.set_clock(DAY)
    engine.pass_s(601)
    gaps = [later - earlier for earlier, later in pairwise(robot.compared_s)]
    assert robot.compared_s[0] <= 600 + COMPARE_CLOCK_S
    assert all(COMPARE_CLOCK_S <= gap <= COMPARE_CLOCK_S + 1.0 for gap in gaps)
    assert len(robot.compared_s) >= 600 // (COMPARE_CLOCK_S + 1)

    engine.set_clock(timedelta(0))
    engine.pass_s(2)
    now = engine.clock.now()
    engine.hand_in(cmd.ReportClock(ROBOT, now, now, True, True, now - 30 * DAY, 20))
    assert engine.engine.world.clock.trusted
    robot.compared_s.clear()
    engine.pass_s(600)
    assert robot.compared_s == []


def test_a_clock_set_right_is_trusted_within_a_minute_although_the_robot_is_asked_thrice_a_day() -> None:
    """The whole way: courier, connection, machine, wire, firmware and back. In the bottle a quiet robot is
    polled for its clock every eight hours only."""
    bottle = Bottle(Recipe(seed=3, days=2, severity=QUIET, trusting=False))
    try:
        bottle.until_s(3_000)
        assert bottle.box.engine.world.clock.trusted
        bottle.clocks.step(timedelta(minutes=10))
        bottle.until_s(3_200)
        assert not bottle.box.engine.world.clock.trusted
        bottle.clocks.step(timedelta(0))
        bottle.until_s(3_300)
        assert bottle.box.engine.world.clock.trusted
    finally:
        bottle.box.bury()


# --- what the core is asked -------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """Every civil instant for which the core was asked; it is the real one that answers."""
    instants: list[datetime] = []

    def noted(*arguments: Any) -> Any:
        instants.append(arguments[-1])
        return settle(*arguments)

    monkeypatch.setattr("dispenserd.engine.settle", noted)
    return instants


def test_the_core_is_asked_when_something_is_due_and_else_twice_a_minute(
    alone: Alone, asked: list[datetime]
) -> None:
    look_s = 7.0
    engine = alone(home_at("07:55"), look_s)
    asked.clear()
    began, opens = engine.clock.now(), utc("08:00")
    assert engine.engine.due == opens
    engine.pass_s(ASK_ANYWAY_S - 2)
    assert asked == [], "nothing is due"
    engine.pass_s(240)
    instants = [began, *asked, engine.clock.now()]
    gaps = [later - earlier for earlier, later in pairwise(instants)]
    assert max(gaps) <= timedelta(seconds=ASK_ANYWAY_S + look_s), "next_wakeup is not trusted alone"
    assert len(asked) <= 240 / ASK_ANYWAY_S + 1
    engine.pass_s(60)
    (due,) = [event for event in engine.events if isinstance(event, ev.DoseDue)]
    assert opens <= due.at <= opens + timedelta(milliseconds=2)


def test_a_clock_that_went_back_a_little_has_the_core_asked_at_the_next_look(
    alone: Alone, asked: list[datetime]
) -> None:
    """Too little for a step: but what was due by the former time is not what is due now."""
    engine = alone(home_at("07:55"))
    asked.clear()
    engine.set_clock(timedelta(seconds=-20))
    engine.pass_s(1.5)
    assert len(asked) == 1
    assert engine.events == []


# --- a slow card ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("slow_s", "answer"), [(70.0, "old"), (30.0, "")])
def test_a_press_that_waited_behind_a_slow_commit_is_as_old_as_it_is(
    alone: Alone, slow_s: float, answer: str
) -> None:
    """Rule 2: 60 s after it nobody stands there for certain, whatever the home was busy with."""
    home = home_at("08:05")
    engine = alone(home)
    engine.card.slow_s = slow_s
    engine.hand_in(ev.RobotDumped(engine.clock.now(), "no_reply", ("hello",)))
    engine.pass_s(1)
    engine.hand_in(ev.Pressed(engine.clock.now(), ROBOT, f"s{home.robot.session}", 100))
    engine.pass_s(3 * slow_s)
    spent = [event.reason for event in engine.events if isinstance(event, ev.PressSpent)]
    released = [event for event in engine.events if isinstance(event, ev.OrderIssued)]
    assert spent == ([answer] if answer else [])
    assert len(released) == (0 if answer else 1)


def test_a_press_that_came_on_a_wrong_clock_and_waited_until_it_was_right_is_as_old_as_it_is(
    alone: Alone,
) -> None:
    """Rule 2 (step_in_a_commit, seed 253): dated tomorrow, it never grew old. No look saw the step."""
    home = home_at("08:05")
    engine = alone(home)
    engine.card.slow_s = 70.0
    engine.hand_in(ev.RobotDumped(engine.clock.now(), "no_reply", ("hello",)))
    engine.pass_s(1)
    engine.set_clock(DAY)
    engine.hand_in(ev.Pressed(engine.clock.now(), ROBOT, f"s{home.robot.session}", 100))
    engine.set_clock(timedelta())
    engine.pass_s(210)
    assert [event.reason for event in engine.events if isinstance(event, ev.PressSpent)] == ["old"]
    assert [event for event in engine.events if isinstance(event, ev.OrderIssued)] == []


@pytest.mark.parametrize("ahead", [DAY, -116 * DAY])
def test_what_came_on_a_wrong_clock_is_dated_by_the_right_one(alone: Alone, ahead: timedelta) -> None:
    """Rule 18 (step_in_a_commit, seeds 243 and 269): by a trusted clock's word it was tomorrow, and the home
    locked itself up until then."""
    home = home_at("07:55")
    engine = alone(home)
    engine.card.slow_s = 40.0
    engine.hand_in(ev.RobotDumped(engine.clock.now(), "no_reply", ("hello",)))
    engine.pass_s(1)
    came = engine.clock.now()
    engine.set_clock(ahead)
    engine.hand_in(ev.RobotDumped(engine.clock.now(), "no_reply", ("late",)))
    engine.set_clock(timedelta())
    engine.pass_s(90)
    late = [event for event in engine.events if isinstance(event, ev.RobotDumped)][-1]
    assert abs(late.at - came) <= timedelta(milliseconds=2)
    trusted_at = engine.engine.world.trusted_at
    assert trusted_at is not None
    assert trusted_at <= engine.clock.now()


def test_what_waited_in_the_couriers_hands_is_dated_from_its_arrival(alone: Alone) -> None:
    """Most of what a slow commit keeps waiting waits there."""
    home = home_at("08:05")
    engine = alone(home)
    courier = Courier(engine.engine, home.setting, ROBOT, NotingRobot(engine.times.seconds), engine.clock)
    engine.beside(courier.run)
    engine.card.slow_s = 40.0
    courier.deliver([ev.RobotDumped(engine.clock.now(), "no_reply", ("hello",))])
    engine.pass_s(1)
    courier.deliver([ev.RobotDumped(engine.clock.now(), "no_reply", ("and",))])
    courier.deliver([ev.Pressed(engine.clock.now(), ROBOT, f"s{home.robot.session}", 100)])
    engine.pass_s(200)
    assert [event.reason for event in engine.events if isinstance(event, ev.PressSpent)] == ["old"]
