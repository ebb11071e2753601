"""Catching up: the log is read whole and in order, or the session ends (P7); what a box that died did not
learn is proved done or never seen from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drivers.states import CatchingUp, Faulted, Ready
from protocol.wire import messages as wire
from protocol.wire.messages import EntryKind
from scheduler.commands import Fact
from scheduler.events import OrderEnded, RobotCaughtUp, RobotIdentified, RobotLogged, RobotLost
from tests.drivers.scripted_robot import LOG_ID, Bench, ScriptedRobot, entry, in_order, order


def indexes(facts: list[Fact]) -> list[int]:
    return [fact.index for fact in facts if isinstance(fact, RobotLogged)]


def robot_with(entries: int, first: int = 1) -> ScriptedRobot:
    robot = ScriptedRobot()
    robot.hello = replace(robot.hello, log_horizon=first)
    robot.log = [entry(index) for index in range(first, first + entries)]
    return robot


def test_an_unknown_log_is_read_from_its_horizon_over_several_pages() -> None:
    bench = Bench(robot_with(40, first=100)).connect()

    assert indexes(bench.facts) == list(range(100, 140))
    assert [ask.first for ask in bench.robot.of(wire.ReadLog) if isinstance(ask, wire.ReadLog)] == [
        100,
        116,
        132,
    ]
    assert isinstance(bench.facts[-1], RobotCaughtUp)
    assert in_order(bench.facts)


def test_a_known_log_is_read_from_its_last_known_entry_so_that_this_can_be_compared() -> None:
    bench = Bench(robot_with(20))
    bench.known[LOG_ID.hex()] = 18
    bench.connect()

    assert indexes(bench.facts) == [18, 19, 20]


def test_entries_that_the_ring_has_dropped_are_not_waited_for() -> None:
    bench = Bench(robot_with(5, first=50))
    bench.known[LOG_ID.hex()] = 12
    bench.connect()

    assert indexes(bench.facts) == [50, 51, 52, 53, 54]


def test_what_is_logged_while_catching_up_comes_after_the_stated_head() -> None:
    robot = robot_with(20)

    def page(asked: wire.Message) -> wire.Message:
        assert isinstance(asked, wire.ReadLog)
        if robot.head == 20:
            robot.append(EntryKind.OPENED)
        found = tuple(e for e in robot.log if asked.first <= e.index < asked.first + 16)
        return wire.LogPage(asked.ref, 1, robot.head, found)

    robot.answers[wire.ReadLog] = page
    bench = Bench(robot).connect()

    assert indexes(bench.facts) == list(range(1, 22))
    assert isinstance(bench.state, Ready)
    assert in_order(bench.facts)


def test_new_entries_of_a_ready_robot_are_read_on() -> None:
    bench = Bench(robot_with(3)).connect()
    bench.drained()

    bench.robot.append(EntryKind.OPENED)
    bench.robot.append(EntryKind.CLEARED)
    bench.settle()

    assert indexes(bench.facts) == [4, 5]


def test_a_lift_makes_its_entry_be_read() -> None:
    bench = Bench(robot_with(3)).connect()
    bench.drained()

    bench.robot.log.append(entry(4, EntryKind.LIFTED))
    bench.hear(wire.Lifted(bench.robot.uptime_ms, 4))

    assert indexes(bench.facts) == [4]


def test_old_news_of_the_head_says_nothing() -> None:
    bench = Bench(robot_with(5)).connect()
    bench.drained()

    bench.hear(wire.LogGrew(2))

    assert isinstance(bench.state, Ready)
    assert bench.facts == []


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (wire.LogPage(0, 1, 9, (entry(2), entry(3))), "log_gap"),
        (wire.LogPage(0, 1, 9, ()), "log_gap"),
        (wire.LogPage(0, 1, 8, (entry(1),)), "log_backwards"),
    ],
)
def test_a_page_that_does_not_follow_ends_the_session(page: wire.LogPage, reason: str) -> None:
    robot = robot_with(9)
    robot.answers[wire.ReadLog] = lambda asked: replace(page, ref=4)
    bench = Bench(robot).connect()

    assert bench.state == Faulted(reason, lasting=True)
    assert isinstance(bench.facts[-1], RobotLost)
    assert indexes(bench.facts) == []
    assert not any(isinstance(fact, RobotCaughtUp) for fact in bench.facts)


def test_a_page_that_goes_back_ends_the_session() -> None:
    robot = robot_with(9)
    bench = Bench(robot)
    bench.known[LOG_ID.hex()] = 5
    robot.answers[wire.ReadLog] = lambda asked: wire.LogPage(4, 1, 9, (entry(4), entry(5)))
    bench.connect()

    assert bench.reason == "log_backwards"


def test_a_log_that_became_shorter_is_not_told_as_a_robot_to_count_on() -> None:
    bench = Bench(robot_with(3))
    bench.known[LOG_ID.hex()] = 9
    bench.connect()

    assert bench.state == Faulted("log_backwards", lasting=True)
    assert not any(isinstance(fact, RobotIdentified) for fact in bench.facts)


def test_another_log_id_inside_a_session_ends_it() -> None:
    bench = Bench().connect()

    bench.hear(replace(bench.robot.hello, ref=1, log_id=bytes(16)))

    assert bench.reason == "log_id_changed"


def test_a_reply_that_nobody_asked_for_ends_the_session() -> None:
    bench = Bench().connect()

    bench.hear(wire.Done(77))

    assert bench.reason == "unexpected_reply"


def test_an_entry_dated_outside_all_datetimes_is_read_noted_and_does_not_lock_the_log_behind_it() -> None:
    robot = robot_with(2)
    robot.log[1] = replace(robot.log[1], utc_ms=2**53 - 1)
    bench = Bench(robot).connect()

    assert isinstance(bench.state, Ready)
    assert indexes(bench.facts) == [1, 2]
    bench.unplug()
    assert any(line.endswith("bad instant in entry 2") for line in bench.dumps[-1].lines)


def test_an_order_that_ended_while_we_were_away_is_proved_done_before_the_robot_is_ready() -> None:
    bench = Bench().connect()
    bench.send(order(1))
    bench.settle().unplug()
    bench.known[LOG_ID.hex()] = 1
    bench.robot.log += [
        entry(2, EntryKind.STARTED, order(1).order_id),
        entry(3, EntryKind.ENDED, order(1).order_id),
    ]
    bench.drained()

    bench.connect()

    told = [fact for fact in bench.facts if isinstance(fact, RobotLogged)]
    assert [(fact.entry, fact.order_id, fact.result) for fact in told][1:] == [
        ("started", order(1).order_id, ""),
        ("ended", order(1).order_id, "done"),
    ]
    assert isinstance(bench.facts[-1], RobotCaughtUp)
    assert in_order(bench.facts)


def test_an_order_that_never_arrived_is_not_in_the_log_that_was_read_to_its_head() -> None:
    bench = Bench().connect()
    bench.wired = False
    bench.send(order(1))
    bench.settle().unplug()
    bench.drained()
    bench.wired = True

    bench.connect()

    assert indexes(bench.facts) == []
    assert not any(isinstance(fact, OrderEnded) for fact in bench.facts)
    assert isinstance(bench.facts[-1], RobotCaughtUp)
    assert bench.robot.of(wire.Order) == []


def test_an_order_that_hello_cancelled_is_told_from_the_log() -> None:
    bench = Bench().connect()
    bench.send(order(1))
    bench.settle().unplug()
    bench.robot.log.append(entry(2, EntryKind.CANCELLED, order(1).order_id))
    bench.drained()

    bench.connect()

    assert [fact.entry for fact in bench.facts if isinstance(fact, RobotLogged)] == ["accepted", "cancelled"]


def test_no_order_is_taken_while_catching_up() -> None:
    robot = robot_with(3)
    robot.silent_to.add(wire.ReadLog)
    bench = Bench(robot).connect()

    assert isinstance(bench.state, CatchingUp)
    assert not bench.send(order())
