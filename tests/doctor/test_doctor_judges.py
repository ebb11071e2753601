"""The judges on data: what no test can make happen to this machine, and each border."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispenserd.clock import SystemClock
from dispenserd.doctor.case import Case
from dispenserd.doctor.finding import Finding, Result, ok
from dispenserd.doctor.judge import broker, clock, plan, robot, store, system, unit
from dispenserd.doctor.runner import Check, carried_out

NOW = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
MIB = system.MIB
DISK = system.DiskSeen("/var", 10_000 * MIB, 100_000, 200_000, False, "ext4")
ROOT = Path(__file__).resolve().parents[2]
SHIPPED = (ROOT / "systemd" / "dispenserd.service").read_text()
UNIT = unit.UnitSeen(True, "loaded", "active", 0, False, {"/etc/systemd/system/dispenserd.service": SHIPPED})

Change = Mapping[str, Any]


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({}, Result.OK),
        ({"free_bytes": 155 * MIB}, Result.WRONG),
        ({"free_bytes": 157 * MIB}, Result.WARNING),
        ({"free_inodes": 999}, Result.WRONG),
        ({"free_inodes": 0, "inodes": 0}, Result.OK),  # a file system that counts none
    ],
)
def test_the_disk_reserve(change: Change, result: Result) -> None:
    assert system.disk(replace(DISK, **change), growth_bytes_day=0).result is result


def test_the_disk_reserve_grows_with_the_journal() -> None:
    seen = replace(DISK, free_bytes=1_000 * MIB)
    assert system.disk(seen, growth_bytes_day=10 * MIB).result is Result.OK
    assert system.disk(seen, growth_bytes_day=40 * MIB).result is Result.WRONG


@pytest.mark.parametrize(
    ("change", "demo", "result"),
    [
        ({}, False, Result.OK),
        ({"read_only": True}, True, Result.WRONG),
        ({"life_used": 8}, False, Result.OK),
        ({"life_used": 9}, False, Result.WARNING),
        ({"life_used": 11}, False, Result.WRONG),
        ({"end_of_life": 2}, False, Result.WARNING),
        ({"end_of_life": 3}, False, Result.WRONG),
        ({"type": "tmpfs"}, True, Result.WARNING),
        ({"type": "tmpfs"}, False, Result.WRONG),
        ({"type": "btrfs"}, False, Result.WARNING),
    ],
)
def test_the_file_system_and_its_card(change: Change, demo: bool, result: Result) -> None:
    assert system.file_system(replace(DISK, **change), demo).result is result


@pytest.mark.parametrize(
    ("available", "home", "result"),
    [
        (None, None, Result.UNKNOWN),
        (63 * MIB, None, Result.WRONG),
        (500 * MIB, 100 * MIB, Result.OK),
        (500 * MIB, 210 * MIB, Result.WARNING),
    ],
)
def test_memory(available: int | None, home: int | None, result: Result) -> None:
    assert system.memory(available, home).result is result


@pytest.mark.parametrize(
    ("turned", "lag", "result"),
    [
        (None, None, Result.UNKNOWN),
        (0.5, None, Result.OK),
        (0.5, 0.2, Result.OK),
        (6.0, None, Result.WRONG),
        (0.5, 6.0, Result.WRONG),
    ],
)
def test_the_engine(turned: float | None, lag: float | None, result: Result) -> None:
    assert system.engine(turned, lag).result is result


def test_a_home_of_another_version_is_told() -> None:
    here = {"dispenserd": "2.0", "python": "3.11"}
    assert system.versions(here, "1.9", "fw-1", 1).result is Result.WARNING
    assert system.versions(here, "2.0", "fw-1", 1).result is Result.OK
    assert system.versions(here, "", "", 1).result is Result.OK


# --- the unit ---


def dropped_in(text: str) -> unit.UnitSeen:
    return replace(UNIT, texts={**UNIT.texts, "/etc/systemd/system/dispenserd.service.d/own.conf": text})


@pytest.mark.parametrize(
    "text",
    [
        "[Service]\nProtectSystem=no\n",
        "[Service]\nUser=root\n",
        "[Service]\nNoNewPrivileges=false\n",
        "[Service]\nSystemCallFilter=\n",
        "[Service]\nCapabilityBoundingSet=CAP_SYS_ADMIN\n",
        "[Service]\nRestrictAddressFamilies=AF_NETLINK\n",
        "[Service]\n  Restart = no\n",
    ],
)
def test_a_drop_in_that_loosens_the_unit_is_wrong(text: str) -> None:
    found = unit.unit(dropped_in(text), demo=False)
    assert found.result is Result.WRONG
    assert text.split("\n")[1].split("=")[0].strip() in found.what
    assert "own.conf" in found.next_step


@pytest.mark.parametrize(
    "text",
    [
        "[Service]\nEnvironment=LC_ALL=C\n",
        "[Service]\nNoNewPrivileges=yes\n",
        "[Service]\n# ProtectSystem=no\n",
        "[Unit]\nProtectSystem=no\n",
        "[Service]\nRestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX AF_INET \\\n AF_INET6\n",
    ],
)
def test_a_drop_in_that_loosens_nothing_is_well(text: str) -> None:
    assert unit.unit(dropped_in(text), demo=False).result is Result.OK


@pytest.mark.parametrize(
    ("change", "demo", "result"),
    [
        ({"there": False}, False, Result.UNKNOWN),
        ({"load": "not-found"}, False, Result.WRONG),
        ({"load": "not-found"}, True, Result.WARNING),
        ({"active": "failed"}, True, Result.WRONG),
        ({"exposure": 2.1}, False, Result.WARNING),
        ({"exposure": 1.6}, False, Result.OK),
        ({"stale": True}, False, Result.WARNING),
    ],
)
def test_the_unit(change: Change, demo: bool, result: Result) -> None:
    assert unit.unit(replace(UNIT, **change), demo).result is result


# --- line and log ---


def quality(**change: Any) -> Mapping[str, Any]:
    whole = {"sessions": 1, "frames_written": 1000, "frames_read": 1000, "frames_repeated": 0, "dropped": {}}
    return {**whole, "round_trips_ms": {"count": 9, "median": 20, "worst": 40}, **change}


@pytest.mark.parametrize(
    ("seen", "result"),
    [
        (None, Result.UNKNOWN),
        (quality(), Result.OK),
        (quality(dropped={"duplicate": 3}), Result.OK),
        (quality(dropped={"bad_crc": 1}), Result.WARNING),
        (quality(dropped={"bad_crc": 11}), Result.WRONG),
        (quality(frames_repeated=11), Result.WRONG),
        (quality(frames_read=10, frames_written=10, dropped={"bad_crc": 1}), Result.WARNING),
        (quality(round_trips_ms={"count": 9, "median": 501, "worst": 900}), Result.WARNING),
    ],
)
def test_the_serial_line(seen: Mapping[str, Any] | None, result: Result) -> None:
    assert robot.line(seen).result is result


@pytest.mark.parametrize(
    ("journalled", "broken", "kept", "result"),
    [
        (7, "", True, Result.OK),
        (7, "", None, Result.OK),
        (5, "", True, Result.WARNING),
        (7, "gap", True, Result.WRONG),
        (7, "", False, Result.WRONG),
    ],
)
def test_the_robots_log(journalled: int, broken: str, kept: bool | None, result: Result) -> None:
    assert robot.log({"log_head": 7, "log_horizon": 1}, journalled, broken, kept).result is result


@pytest.mark.parametrize(
    ("path", "result"),
    [
        (robot.PortSeen("/dev/ttyUSB0", "/dev/ttyUSB0", True, True, True, stable=False), Result.WARNING),
        (robot.PortSeen("/dev/serial/by-id/x", "/dev/ttyUSB0", True, True, True, stable=True), Result.OK),
        (
            robot.PortSeen("/dev/serial/by-id/x", "/dev/ttyUSB0", True, True, False, stable=True),
            Result.WARNING,
        ),
    ],
)
def test_the_ports_name(path: robot.PortSeen, result: Result) -> None:
    assert robot.port(path, 115_200, "").result is result


def test_a_locked_store_that_fills_up() -> None:
    full = {"store_count": 28, "store_max": 28, "mains": True}
    assert robot.state(full).result is Result.WRONG
    assert robot.state({**full, "store_count": 25}).result is Result.WARNING
    assert robot.state({**full, "store_count": 24}).result is Result.OK


# --- clocks, store, receipts, roll ---


@pytest.mark.parametrize(
    ("word", "apart", "result"),
    [
        ("trusted", 0.1, Result.OK),
        ("trusted", -121.0, Result.WRONG),
        ("untrusted: drift", 0.1, Result.WRONG),
        ("", 3.0, Result.OK),
        ("", None, Result.UNKNOWN),
    ],
)
def test_the_clocks_beside_each_other(word: str, apart: float | None, result: Result) -> None:
    comparison = None if apart is None else {"apart_s": apart}
    assert clock.trust(word, comparison, timedelta(minutes=2)).result is result


@pytest.mark.parametrize(
    ("synchronised", "result"), [(None, Result.UNKNOWN), (False, Result.WARNING), (True, Result.OK)]
)
def test_network_time(synchronised: bool | None, result: Result) -> None:
    assert clock.network(synchronised, "timedatectl").result is result


def test_a_journal_that_something_floods_is_a_warning() -> None:
    assert store.size(1000, 1, 1_000_000, 700).result is Result.OK
    assert store.size(1_000_000, 1, 600 * MIB, 100_000).result is Result.WARNING


@pytest.mark.parametrize(
    ("days", "undelivered", "alarm", "result"),
    [
        (1.0, 0, None, Result.OK),
        (9.0, 0, None, Result.WARNING),
        (None, 0, None, Result.WARNING),
        (1.0, 2, None, Result.WRONG),
        (1.0, 0, {"state": "failed", "incident": "x", "by": "Tove"}, Result.WRONG),
        (1.0, 0, {"state": "passed", "incident": "x", "by": "Tove"}, Result.OK),
    ],
)
def test_receipts(days: float | None, undelivered: int, alarm: Change | None, result: Result) -> None:
    newest = None if days is None else NOW - timedelta(days=days)
    found = broker.receipt(newest, undelivered, alarm, True, NOW)
    assert found.result is result
    assert "Tove" not in str(found.facts)


@pytest.mark.parametrize(
    ("answer", "error", "result"),
    [
        (None, "unknown_call", Result.UNKNOWN),
        (None, "no home answers", Result.UNKNOWN),
        ({"incident": "x", "state": "passed", "since": "t"}, "", Result.OK),
        ({"incident": "x", "state": "delivered", "since": "t"}, "", Result.OK),
        ({"incident": "x", "state": "failed", "since": "t"}, "", Result.WRONG),
        ({"incident": "x", "state": "under_way", "since": "t"}, "", Result.WRONG),
    ],
)
def test_a_test_alarm(answer: Change | None, error: str, result: Result) -> None:
    assert broker.test_alarm(answer, error, 1.0).result is result


def due(hours: float, stage: str = "planned") -> Change:
    opens = NOW + timedelta(hours=hours)
    return {"stage": stage, "opens": opens.isoformat(), "closes": (opens + timedelta(hours=2)).isoformat()}


@pytest.mark.parametrize(
    ("left", "doses", "result"),
    [
        (8, [due(1), due(13)], Result.OK),
        (1, [due(1), due(13)], Result.WARNING),
        (0, [due(13)], Result.WARNING),
        (0, [due(30)], Result.WARNING),
        (0, [due(11)], Result.WRONG),
        (0, [due(11, "in_tray")], Result.WARNING),  # its sachet is out already
        (0, [{**due(11), "outcome": "given_by_staff"}], Result.WARNING),
    ],
)
def test_the_roll_against_the_next_doses(left: int, doses: list[Change], result: Result) -> None:
    in_robot = {"production_id": "R", "sachets_left": left}
    assert plan.roll({"production_id": "R"}, in_robot, doses, NOW).result is result


@pytest.mark.parametrize(
    ("strip", "result"),
    [
        ({"production_id": "PN", "left": 3}, Result.OK),
        ({"production_id": "PN", "left": None}, Result.OK),  # its robot has not said yet
        ({"production_id": "PN", "left": 0}, Result.WARNING),
        ({"production_id": "", "left": 3}, Result.WARNING),
    ],
)
def test_a_strip_as_needed_in_a_robot_of_its_own(strip: Change, result: Result) -> None:
    in_robot = {"production_id": "R", "sachets_left": 8}
    assert plan.roll({"production_id": "R"}, in_robot, [due(1)], NOW, [strip]).result is result


# --- the runner ---


def test_a_check_that_hangs_is_unknown_and_the_rest_goes_on() -> None:
    for_ever = threading.Event()

    def hangs(case: Case) -> Finding:
        for_ever.wait()
        return ok("late", "")

    checks = [Check("hangs", "", 0.05, hangs), Check("next", "", 5.0, lambda case: ok("well", ""))]
    told: list[str] = []
    case = Case(Path("none.toml"), SystemClock())
    done = list(carried_out(checks, case, lambda check: told.append(check.name)))
    for_ever.set()
    assert [each.finding.result for each in done] == [Result.UNKNOWN, Result.OK]
    assert "longer than 0.05 s" in done[0].finding.what
    assert told == ["hangs", "next"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_of_ours_in_a_check_ends_the_run() -> None:
    def is_broken(case: Case) -> Finding:
        raise ValueError("ours")

    with pytest.raises(AssertionError, match="without a finding"):
        list(carried_out([Check("broken", "", 5.0, is_broken)], Case(Path("x"), SystemClock())))


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("the broker's certificate or its CA's is not made as it must be: x", "this box does not believe"),
        ("unsupported protocol version", "the broker does not want this client"),
    ],
)
def test_who_refused_whom_is_told(reason: str, told: str) -> None:
    found = broker.session(broker.Standing("refused", reason, (), of_the_home=True), "")
    assert found.result is Result.WRONG
    assert told in found.what
