"""Who is on the port: only the robot that the configuration names is told anything or believed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from drivers.states import Absent, Faulted, Identifying, Ready
from protocol.wire import messages as wire
from protocol.wire.framing import encode_frame
from scheduler.commands import ReportClock
from scheduler.events import RobotCaughtUp, RobotIdentified, RobotLost, RobotRejected, RobotReported
from tests.drivers.scripted_robot import BOOT_ID, HEAD, LOG_ID, SERIAL, START, Bench, ScriptedRobot, order


def test_the_expected_robot_is_identified_compared_read_and_then_ready() -> None:
    bench = Bench().connect()

    assert isinstance(bench.state, Ready)
    assert bench.kinds() == ["RobotIdentified", "ReportClock", "RobotReported", "RobotCaughtUp"]
    identified, clock, _, caught_up = bench.facts
    assert isinstance(identified, RobotIdentified)
    assert (identified.robot, identified.log_id, identified.boot_id) == (SERIAL, LOG_ID.hex(), BOOT_ID.hex())
    assert (identified.auth, identified.session) == ("none", f"{1:016x}")
    assert isinstance(clock, ReportClock)
    assert (clock.robot_utc, clock.box_utc) == (START, START)
    assert caught_up == RobotCaughtUp(at=START, robot=SERIAL, session=identified.session)


def test_hello_shows_the_robot_the_journals_position() -> None:
    bench = Bench().connect()

    assert bench.robot.of(wire.Hello) == [wire.Hello(1, wire.PROTOCOL_VERSION, 3, bytes.fromhex(HEAD))]


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"serial": "SR-000999"}, "wrong_serial"),
        ({"family": "carousel"}, "wrong_family"),
        ({"protocol": 2}, "wrong_protocol"),
        ({"capabilities": ("release", "present", "divert")}, "missing_capability"),
    ],
)
def test_another_robot_is_rejected_and_told_nothing_more(differs: dict[str, Any], reason: str) -> None:
    robot = ScriptedRobot()
    robot.hello = replace(robot.hello, **differs)
    bench = Bench(robot).connect()

    assert bench.state == Faulted(reason, lasting=True)
    assert bench.facts == [RobotRejected(at=START, reason=reason, robot=SERIAL)]
    assert [type(message) for message in robot.heard] == [wire.Hello]
    assert not bench.send(order())
    assert bench.machine.outgoing() == b""


def test_an_unauthenticated_robot_is_accepted_only_where_the_configuration_says_so() -> None:
    bench = Bench(accept=False).connect()

    assert bench.facts == [RobotRejected(at=START, reason="auth_class", robot=SERIAL)]
    assert bench.reason == "auth_class"


def test_a_robot_that_refuses_our_protocol_version_is_rejected() -> None:
    robot = ScriptedRobot()
    robot.answers[wire.Hello] = lambda hello: wire.Refused(1, int(wire.Error.UNSUPPORTED_VERSION))
    bench = Bench(robot).connect()

    assert bench.facts == [RobotRejected(at=START, reason="wrong_protocol", robot=SERIAL)]


def test_a_peer_whose_frames_are_of_another_version_is_rejected() -> None:
    bench = Bench()
    bench.wired = False
    bench.connect()
    header = bytes((9, 2)) + (1).to_bytes(8, "big") + bytes(4)

    bench.machine.received(encode_frame(header), bench.now_s, bench.now)

    assert bench.machine.facts() == [RobotRejected(at=START, reason="wrong_protocol", robot=SERIAL)]


def test_the_same_rejection_at_every_attempt_is_one_fact() -> None:
    robot = ScriptedRobot()
    robot.hello = replace(robot.hello, serial="SR-000999")
    bench = Bench(robot)

    for _ in range(3):
        bench.connect()

    assert bench.facts == [RobotRejected(at=START, reason="wrong_serial", robot=SERIAL)]
    assert len(bench.dumps) == 1


def test_the_right_robot_after_the_wrong_one_is_taken() -> None:
    robot = ScriptedRobot()
    robot.hello = replace(robot.hello, serial="SR-000999")
    bench = Bench(robot).connect()
    robot.hello = replace(robot.hello, serial=SERIAL)
    bench.connect()

    assert isinstance(bench.state, Ready)


def test_a_line_that_carries_only_garbage_is_lost_as_no_answer() -> None:
    bench = Bench()
    bench.wired = False
    bench.connect()
    for _ in range(200):
        bench.machine.received(bytes(range(256)), bench.now_s, bench.now)
        bench.advance(0.1)

    assert bench.reason == "no_answer"
    assert [fact for fact in bench.facts if isinstance(fact, RobotLost)] == bench.facts
    assert "dropped" in bench.dumps[0].lines[-1]


def test_a_robot_that_does_not_answer_hello_is_lost() -> None:
    robot = ScriptedRobot()
    robot.silent_to.add(wire.Hello)
    bench = Bench(robot).connect()
    assert isinstance(bench.state, Identifying)

    bench.advance(11)

    assert bench.reason == "no_reply"


def test_its_status_before_it_is_known_says_nothing() -> None:
    robot = ScriptedRobot()
    robot.silent_to.add(wire.Hello)
    bench = Bench(robot).connect()

    bench.hear(replace(robot.status, uptime_ms=1))

    assert bench.facts == []


def test_a_robot_without_a_clock_is_read_on_and_its_clock_stays_unproven() -> None:
    robot = ScriptedRobot()
    robot.answers[wire.ReadClock] = lambda asked: wire.Refused(2, int(wire.Error.UNKNOWN_MESSAGE))
    bench = Bench(robot).connect()

    assert bench.kinds() == ["RobotIdentified", "RobotReported", "RobotCaughtUp"]


def test_a_robot_without_a_status_never_gets_ready() -> None:
    robot = ScriptedRobot()
    robot.answers[wire.ReadStatus] = lambda asked: wire.Refused(3, int(wire.Error.UNKNOWN_MESSAGE))
    bench = Bench(robot).connect()

    assert bench.reason == "request_refused"
    assert not any(isinstance(fact, RobotReported | RobotCaughtUp) for fact in bench.facts)


def test_a_clock_outside_all_datetimes_ends_the_session() -> None:
    robot = ScriptedRobot()
    robot.answers[wire.ReadClock] = lambda asked: wire.Clock(2, 2**53 - 1, robot.uptime_ms, True, True, 0, 20)
    bench = Bench(robot).connect()

    assert bench.state == Faulted("bad_value", lasting=True)


def test_a_port_that_is_not_there_is_told_once_per_reason() -> None:
    bench = Bench()
    for reason in ("port_missing", "port_missing", "port_denied", "port_denied", "port_missing"):
        bench.machine.disconnected(reason, bench.now_s, bench.now)

    assert bench.state == Absent("port_missing")
    reasons = [fact.reason for fact in bench.machine.facts() if isinstance(fact, RobotLost)]
    assert reasons == ["port_missing", "port_denied", "port_missing"]
    assert bench.dumps == []
