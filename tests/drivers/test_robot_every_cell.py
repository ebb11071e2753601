"""Every call in every state: the table says what follows, nothing else raises, nothing else is told."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from drivers.states import (
    TRANSITIONS,
    Absent,
    CatchingUp,
    Faulted,
    Identifying,
    IllegalTransition,
    Ready,
    Signal,
    State,
    follow,
)
from protocol.wire import messages as wire
from scheduler.commands import ReportClock
from scheduler.events import RobotIdentified, RobotLost
from tests.drivers.scripted_robot import HEAD, LOG_ID, Bench, ScriptedRobot, entry, in_order, order

EXAMPLES: tuple[State, ...] = (
    Absent(""),
    Identifying(1),
    CatchingUp(1, 5),
    Ready(1),
    Faulted("no_reply", lasting=False),
)


def absent() -> Bench:
    return Bench()


def identifying() -> Bench:
    robot = ScriptedRobot()
    robot.silent_to.add(wire.Hello)
    return Bench(robot).connect()


def catching_up() -> Bench:
    robot = ScriptedRobot()
    robot.log = [entry(1)]
    robot.silent_to.add(wire.ReadLog)
    return Bench(robot).connect()


def ready() -> Bench:
    return Bench().connect()


def faulted() -> Bench:
    return Bench().connect().hear(wire.Done(99))


BENCHES: dict[type[State], Callable[[], Bench]] = {
    Absent: absent,
    Identifying: identifying,
    CatchingUp: catching_up,
    Ready: ready,
    Faulted: faulted,
}

CALLS: dict[str, Callable[[Bench], object]] = {
    "connected": lambda bench: bench.connect(),
    "garbage": lambda bench: bench.machine.received(b"\x00\xff\x00" * 50, bench.now_s, bench.now),
    "disconnected": lambda bench: bench.unplug(),
    "early tick": lambda bench: bench.machine.tick(bench.now_s, bench.now),
    "late tick": lambda bench: bench.machine.tick(bench.now_s + 1, bench.now),
    "order": lambda bench: bench.send(order()),
    "show": lambda bench: bench.machine.show("off", "none", ()),
    "confirm": lambda bench: bench.machine.confirm(LOG_ID.hex(), 1, 3, HEAD),
    "nothing": lambda bench: bench.machine.received(b"", bench.now_s, bench.now),
    "outgoing": lambda bench: bench.machine.outgoing(),
    "facts": lambda bench: bench.machine.facts(),
    "next timeout": lambda bench: bench.machine.next_timeout_s(),
}


@pytest.mark.parametrize(("kind", "make"), BENCHES.items())
def test_the_benches_start_in_the_state_that_they_are_named_after(
    kind: type[State], make: Callable[[], Bench]
) -> None:
    assert type(make().state) is kind


@pytest.mark.parametrize(("kind", "call"), list(product(BENCHES, CALLS)))
def test_every_call_in_every_state_is_defined(kind: type[State], call: str) -> None:
    bench = BENCHES[kind]()
    CALLS[call](bench)
    bench.settle().advance(0.5)

    if call == "connected":
        assert isinstance(bench.state, Identifying | CatchingUp | Ready)
    elif call == "disconnected":
        assert bench.state == Absent("unplugged")
    else:
        assert type(bench.state) is kind
    assert in_order([fact for fact in bench.facts if not isinstance(fact, ReportClock)])


@pytest.mark.parametrize("kind", BENCHES)
def test_an_order_is_taken_by_a_ready_robot_only(kind: type[State]) -> None:
    assert BENCHES[kind]().send(order()) is (kind is Ready)


@pytest.mark.parametrize("kind", BENCHES)
def test_an_unplug_in_any_state_ends_in_absent_and_is_told_once(kind: type[State]) -> None:
    bench = BENCHES[kind]()
    bench.unplug().unplug()

    assert bench.state == Absent("unplugged")
    losses = [fact.reason for fact in bench.facts if isinstance(fact, RobotLost)]
    assert losses == (["unexpected_reply", "unplugged"] if kind is Faulted else ["unplugged"])


@pytest.mark.parametrize("kind", BENCHES)
def test_a_robot_plugged_in_again_after_any_state_gets_ready(kind: type[State]) -> None:
    bench = BENCHES[kind]()
    bench.robot.silent_to.clear()
    bench.unplug()
    bench.drained()
    bench.connect()

    assert isinstance(bench.state, Ready)
    assert isinstance(bench.facts[0], RobotIdentified)


@pytest.mark.parametrize("kind", [Identifying, CatchingUp, Ready])
def test_a_silent_line_in_any_connected_state_is_lost_within_half_a_minute(kind: type[State]) -> None:
    bench = BENCHES[kind]()
    bench.wired = False
    bench.advance(30)

    assert isinstance(bench.state, Faulted)


@pytest.mark.parametrize(("before", "signal", "after"), list(product(EXAMPLES, Signal, EXAMPLES)))
def test_only_what_the_table_says_may_follow(before: State, signal: Signal, after: State) -> None:
    if TRANSITIONS[type(before)].get(signal) is type(after):
        assert follow(before, signal, after) is after
    else:
        with pytest.raises(IllegalTransition):
            follow(before, signal, after)
