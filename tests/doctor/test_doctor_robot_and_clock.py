"""Seeded faults at the robot and its line, beside a running home and without one; what the doctor says."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from dispenserd.doctor.finding import Result
from scheduler import events as ev
from simulator import script
from simulator.memory import BatteryClock
from tests.doctor.looking import ROBOT, Findings, examined, rewritten
from tests.support.pure_home import RESIDENT
from tests.support.pure_home import ROBOT as SERIAL
from tests.support.running_home import RunningHome, Wanted, running_home

QUIET = Wanted(rate=1.0, start="06:00")


@asynccontextmanager
async def with_robot(wanted: Wanted = QUIET) -> AsyncIterator[RunningHome]:
    """Robot and files, and no home."""
    async with running_home(wanted, prepared=False) as home:
        home.write_configuration()
        await home.until((home.folder / "robot").is_symlink, "the robot has a port")
        yield home


async def looked(home: RunningHome) -> Findings:
    return await examined(home, *ROBOT)


@pytest.mark.parametrize(
    ("act", "word"),
    [
        (script.OpenLid(at_ms=0), "the lid is open"),
        (script.Mains(at_ms=0, on=False, battery_percent=20), "no mains, and 20 % of battery"),
    ],
    ids=["lid", "mains"],
)
@pytest.mark.parametrize("running", [True, False], ids=["home", "alone"])
async def test_what_the_robots_sensors_say_is_told(act: script.Act, word: str, running: bool) -> None:
    async with running_home(QUIET) as home:
        assert (await looked(home))["robot_state"].result is Result.OK
        home.do(act)
        await home.until(lambda: _told(home, act), "the home heard of it")
        if not running:
            await home.stop_daemon()
        found = await looked(home)
        assert found["robot_state"].result is Result.WRONG
        assert word in found["robot_state"].what


def _told(home: RunningHome, act: script.Act) -> bool:
    status = home.world.robot("SIM-0001").status
    assert status is not None
    return status.lid_open if isinstance(act, script.OpenLid) else not status.mains


async def test_mains_off_with_a_full_battery_is_a_warning() -> None:
    async with with_robot() as home:
        home.do(script.Mains(at_ms=0, on=False, battery_percent=90))
        assert (await looked(home))["robot_state"].result is Result.WARNING


async def test_a_fault_of_the_robot_is_told_by_its_code() -> None:
    async with with_robot() as home:
        home.memory.fault = "motor_stall"
        found = await looked(home)
        assert found["robot_state"].result is Result.WRONG
        assert "fault motor_stall" in found["robot_state"].what


@pytest.mark.parametrize("running", [True, False], ids=["home", "alone"])
async def test_another_robot_than_the_configured_one_is_wrong(running: bool) -> None:
    async with with_robot(replace(QUIET, serial="SIM-0666")) as home:
        if running:
            await home.start_daemon()
            await home.until(lambda: home.events(ev.RobotRejected), "rejected")
        found = await looked(home)
        assert found["robot_identity"].result is Result.WRONG
        assert found["robot_identity"].facts["reason"] == "wrong_serial"
        assert "paired robot" in found["robot_identity"].next_step


async def test_a_robot_that_does_not_authenticate_itself_where_that_is_not_accepted_is_wrong() -> None:
    async with with_robot() as home:
        rewritten(home, ("accept_unauthenticated = true", "accept_unauthenticated = false"))
        found = await looked(home)
        assert found["robot_identity"].facts["reason"] == "auth_class"
        assert found["robot_authentication"].result is Result.UNKNOWN


@pytest.mark.parametrize("running", [True, False], ids=["home", "alone"])
async def test_a_robot_that_is_gone_is_wrong(running: bool) -> None:
    async with running_home(replace(QUIET, robot=None), prepared=False) as home:
        home.write_configuration()
        if running:
            await home.start_daemon()
            await home.until(lambda: home.events(ev.RobotLost), "gone")
        found = await looked(home)
        assert found["robot_port"].result is Result.WRONG
        assert "no such serial device" in found["robot_port"].what
        identity = Result.WRONG if running else Result.UNKNOWN
        assert found["robot_identity"].result is identity
        assert found["robot_state"].result is Result.UNKNOWN


async def test_a_port_that_another_program_uses_is_wrong_and_left_to_it() -> None:
    async with with_robot() as home:
        held = os.open(home.folder / "robot", os.O_RDWR | os.O_NOCTTY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            found = await looked(home)
        finally:
            os.close(held)
        assert found["robot_port"].result is Result.WRONG
        assert found["robot_port"].facts["lost"] == "port_busy"
        assert found["robot_identity"].result is Result.WRONG


async def test_a_file_under_the_ports_name_is_no_port() -> None:
    async with running_home(replace(QUIET, robot=None), prepared=False) as home:
        home.write_configuration()
        (home.folder / "robot").write_text("")
        found = await looked(home)
        assert found["robot_port"].result is Result.WRONG
        assert "no serial device" in found["robot_port"].what


async def test_a_device_that_says_nothing_is_given_up_in_time() -> None:
    async with running_home(replace(QUIET, robot=None), prepared=False) as home:
        home.write_configuration()
        with silent_device(home):
            found = await looked(home)
        assert found["robot_identity"].result is Result.WRONG
        assert found["robot_identity"].facts["reason"] == "no_answer"
        assert found["robot_line"].result is Result.UNKNOWN


@contextmanager
def silent_device(home: RunningHome) -> Iterator[None]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    (home.folder / "robot").symlink_to(os.ttyname(slave))
    try:
        yield
    finally:
        os.close(slave)
        os.close(master)


async def test_noise_on_the_line_is_counted_and_told() -> None:
    async with with_robot() as home:
        looking = asyncio.create_task(looked(home))
        for _ in range(200):
            home.do(script.Garbage(at_ms=0, bytes=40))
            await asyncio.sleep(0.02)
            if looking.done():
                break
        found = await looking
        assert found["robot_line"].result in (Result.WARNING, Result.WRONG)
        assert found["robot_line"].facts["damaged"] > 0
        assert "cable" in found["robot_line"].next_step


async def test_beside_a_home_the_line_is_judged_by_what_the_home_counted() -> None:
    async with running_home(QUIET) as home:
        await home.until(lambda: home.events(ev.RobotCaughtUp), "caught up")
        found = await looked(home)
        counted = found["robot_line"].facts["line"]
        assert counted["sessions"] == 1
        assert counted["frames_read"] > 0
        assert counted["round_trips_ms"]["count"] > 0


async def test_what_the_line_lost_before_a_cable_was_pulled_is_still_told_after_it() -> None:
    async with running_home(QUIET) as home:
        for _ in range(20):
            home.do(script.Garbage(at_ms=0, bytes=40))
        home.do(script.OpenLid(at_ms=0))  # a frame behind the noise
        await home.until(lambda: _told(home, script.OpenLid(at_ms=0)), "the home heard of it")
        before = (await home.ask("vitals"))["line"]
        home.unplug(0.5)
        await home.until(lambda: len(home.events(ev.RobotCaughtUp)) == 2, "plugged in again")
        after = (await home.ask("vitals"))["line"]
        assert sum(before["dropped"].values()) > 0
        assert (before["sessions"], after["sessions"]) == (1, 2)
        assert after["frames_read"] > before["frames_read"]
        assert after["dropped"].items() >= before["dropped"].items()


@pytest.mark.parametrize(
    ("clock", "days", "result", "word"),
    [
        ({"commissioned": False}, 0, Result.WRONG, "No person has ever set"),
        ({"battery_ok": False}, 0, Result.WRONG, "stood still"),
        ({}, 70, Result.WRONG, "so long ago"),
        ({}, 60, Result.WARNING, "9 more days"),
        ({}, 0, Result.OK, "69 more days"),
    ],
)
async def test_the_robots_battery_clock_is_insisted_on(
    clock: dict[str, bool], days: int, result: Result, word: str
) -> None:
    async with with_robot() as home:
        was_set = home.clock.now() - timedelta(days=days)
        home.memory.clock = BatteryClock(set_utc_ms=int(was_set.timestamp() * 1000), **clock)
        found = await looked(home)
        assert found["battery_clock"].result is result
        assert word in found["battery_clock"].what


async def test_a_home_that_does_not_trust_its_clock_is_wrong_with_the_reason() -> None:
    async with with_robot() as home:
        home.memory.clock = BatteryClock(set_utc_ms=0, commissioned=False)
        await home.start_daemon()
        await home.until(lambda: home.events(ev.ClockDoubted), "doubted")
        found = await looked(home)
        assert found["clock_trust"].result is Result.WRONG
        assert "no person has ever set" in found["clock_trust"].what


async def test_a_journal_restored_from_an_older_copy_is_found_by_the_robots_memory() -> None:
    async with running_home(replace(QUIET, start="07:59", rate=150.0)) as home:
        await home.stop_daemon()
        home.forget_journal()
        copy = {path.name: path.read_bytes() for path in home.folder.glob("home.db*")}
        await home.start_daemon()
        await home.take_dose()
        await home.until(lambda: home.outcomes() and home.memory.host_head, "the robot keeps our head")
        await home.stop_daemon()
        home.forget_journal()
        for path in home.folder.glob("home.db*"):
            path.unlink()
        for name, content in copy.items():
            (home.folder / name).write_bytes(content)
        found = await looked(home)
        assert found["journal_end"].result is Result.WRONG
        assert found["journal_end"].facts["behind"] == ["robot"]
        assert found["robot_log"].result is Result.WRONG


async def test_the_vital_signs_of_a_home_have_this_shape() -> None:
    async with running_home(QUIET) as home:
        vitals = await home.ask("vitals")
    (robot,), (resident,) = vitals.pop("robots"), vitals.pop("residents")
    assert resident == {"resident": RESIDENT, **vitals["plan"]}
    assert robot == {"serial": SERIAL, **{name: vitals[name] for name in ("line", "hello", "robot_clock")}}
    assert {name: sorted(part) for name, part in vitals.items()} == {
        "process": ["pid", "python", "rss_bytes", "started", "version"],
        "engine": ["turned_ago_s"],
        "broker": ["connections", "reason", "refused_topics", "standing"],
        "line": ["dropped", "frames_read", "frames_repeated", "frames_written", "round_trips_ms", "sessions"],
        "hello": [
            *("at", "auth", "firmware", "host_epoch", "host_head", "log_head", "log_horizon", "log_id"),
            "serial",
        ],
        "robot_clock": ["apart_s", "at", "battery_ok", "commissioned", "drift_ppm_max", "set"],
        "plan": ["open_ended", "plan_version", "planned_to", "until"],
    }
    assert vitals["plan"]["open_ended"]
    assert vitals["broker"]["standing"] == "connected"
    assert vitals["process"]["rss_bytes"] > 1_000_000
