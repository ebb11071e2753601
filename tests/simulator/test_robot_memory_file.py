"""The memory file: a restarted simulator is the same robot, and a kill leaves no half of a file."""

from __future__ import annotations

import json
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from protocol.wire import messages as m
from simulator import memory_file
from simulator.mechanics import Mechanics, Place
from simulator.memory import Memory
from simulator.refusals import FirmwareLimits
from simulator.robot import Robot
from tests.simulator.robot_bench import Bench, divert, present, release


def kept_bench(path: Path) -> Bench:
    bench = Bench()
    save = partial(memory_file.save, path, bench.memory, bench.mechanics)
    bench.memory.keep = bench.mechanics.changed = save
    save()
    bench.greet()
    return bench


def restarted(path: Path) -> tuple[Robot, Memory, Mechanics]:
    memory, mechanics = Memory(), Mechanics()
    assert memory_file.load(path, memory, mechanics)
    ids = count(1000)
    limits = FirmwareLimits()
    return (
        Robot(memory, mechanics, limits, "SIM-0001", lambda: next(ids).to_bytes(16, "big")),
        memory,
        mechanics,
    )


def test_everything_that_must_not_be_forgotten_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    bench = kept_bench(path)
    bench.done(release(1))
    bench.done(present(1))
    bench.ask(m.ConfirmLog(1, bench.memory.head, 4, b"h" * 32))
    _, memory, mechanics = restarted(path)
    for name in ("log", "log_id", "head", "confirmed", "host_epoch", "host_head", "orders", "gone", "fault"):
        assert getattr(memory, name) == getattr(bench.memory, name), name
    for name in ("releases", "plan_versions", "presented", "seen", "clock", "operating_ms"):
        assert getattr(memory, name) == getattr(bench.memory, name), name
    assert mechanics.whereabouts() == bench.mechanics.whereabouts()
    assert mechanics.conserved()


def test_a_simulator_killed_in_a_motion_restarts_with_the_order_started_and_not_ended(
    tmp_path: Path,
) -> None:
    path = tmp_path / "memory.json"
    bench = kept_bench(path)
    bench.send(release(1))
    bench.wait(1.0)
    robot, memory, mechanics = restarted(path)
    robot.power_on(bench.moment)
    assert [entry.kind.value for entry in memory.log if entry.order_id] == ["accepted", "started"]
    assert mechanics.whereabouts()[Place.MAGAZINE] == 6
    robot.open_session()
    robot.receive(m.Hello(1, 1, 0, b""), bench.moment)
    reply = robot.receive(release(1, attempt=2), bench.moment)[0]
    assert isinstance(reply, m.OrderReply)
    assert reply.error == m.Error.ALREADY_RELEASED


def spoil(path: Path, part: str, name: str) -> None:
    document = json.loads(path.read_text())
    document[part][name] = "?"
    path.write_text(json.dumps(document))


def test_a_damaged_log_is_formatted_and_everything_else_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    bench = kept_bench(path)
    bench.done(release(1))
    bench.memory.fault = "motor_stall"
    bench.memory.keep()
    spoil(path, "log", "head")
    robot, memory, _ = restarted(path)
    robot.power_on(bench.moment)
    assert memory.log_id not in (b"", bench.memory.log_id)
    assert (memory.horizon, memory.log) == (1, [])
    assert (memory.fault, memory.gone) == ("motor_stall", bench.memory.gone)
    robot.open_session()
    robot.receive(m.Hello(1, 1, 0, b""), bench.moment)
    (again,) = robot.receive(release(1), bench.moment)
    assert again == m.OrderReply(1, release(1).order_id, False, 0, m.Error.MALFORMED), "refuses the message"


def test_a_robot_that_lost_its_memory_says_so_and_releases_nothing_until_a_person_came(
    tmp_path: Path,
) -> None:
    path = tmp_path / "memory.json"
    bench = kept_bench(path)
    bench.done(release(1))
    bench.done(divert(1))
    spoil(path, "memory", "gone")
    robot, memory, mechanics = restarted(path)
    robot.power_on(bench.moment)
    assert (memory.fault, memory.log_id) == ("memory_lost", bench.memory.log_id)
    assert not (memory.clock.commissioned or memory.clock.battery_ok)
    robot.open_session()
    robot.receive(m.Hello(1, 1, 0, b""), bench.moment)
    reply = robot.receive(release(2), bench.moment)[0]
    assert isinstance(reply, m.OrderReply)
    assert reply.error == m.Error.FAULTED
    assert mechanics.whereabouts() == bench.mechanics.whereabouts()


def test_a_file_that_does_not_say_where_the_sachets_are_is_refused_and_not_guessed(tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    kept_bench(path)
    spoil(path, "matter", "production_id")
    with pytest.raises(ValueError, match="where the sachets are"):
        restarted(path)


def test_a_missing_file_is_a_new_robot_and_a_foreign_one_is_refused(tmp_path: Path) -> None:
    assert not memory_file.load(tmp_path / "none", Memory(), Mechanics())
    foreign = tmp_path / "foreign.json"
    foreign.write_text(json.dumps({"schema": "else"}))
    with pytest.raises(ValueError, match="no memory file"):
        memory_file.load(foreign, Memory(), Mechanics())
