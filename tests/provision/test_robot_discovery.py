"""Finding the robot: a real one answers, and everything else that may hang on a port says what it is."""

from __future__ import annotations

import asyncio
import grp
import os
import pty
import secrets
import subprocess
import sys
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dispenserd.clock import SystemClock
from dispenserd.provision.fault import ProvisionFault, Sort
from dispenserd.provision.finding import BAUD, chosen, must_fit
from drivers import discovery
from drivers.discovery import NoRobot, Robot
from tests.support.provision_parts import robot

CLOCK = SystemClock()
HOLDS = """
import serial, sys
held = serial.Serial(sys.argv[1], exclusive=True)
print("held", flush=True)
sys.stdin.read()
"""
WHO_MAY_NOT = """
import asyncio, os, sys
from dispenserd.clock import SystemClock
from drivers import discovery
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
clock = SystemClock()
found = asyncio.run(discovery.identify(sys.argv[1], 115200, 1, clock.monotonic, clock.now))
print(found.code); print(found.what, found.next_step)
"""


def identified(port: Path | str, within_s: float = discovery.ANSWER_WITHIN_S) -> Robot | NoRobot:
    return asyncio.run(
        discovery.identify(str(port), BAUD, secrets.randbits(64), CLOCK.monotonic, CLOCK.now, within_s)
    )


@contextmanager
def terminal() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal with nobody behind it: (our end, the host's name of it)."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        yield ours, os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_robot_says_who_it_is(tmp_path: Path) -> None:
    link = tmp_path / "robot"
    with robot(link, "--serial", "SIM-0042"):
        found = identified(link)
        again = identified(link)
    assert isinstance(found, Robot)
    assert (found.serial, found.family, found.auth, found.missing) == ("SIM-0042", "sachet_roll", "none", ())
    assert found.firmware
    assert (found.commissioned, found.battery_ok, found.host_epoch) == (True, True, 0)
    assert abs(found.clock_off_s) < 5
    assert isinstance(again, Robot)  # asked twice, it answers twice


def test_a_robot_with_a_wrong_clock_says_so(tmp_path: Path) -> None:
    with robot(tmp_path / "robot", "--not-commissioned", "--civil-epoch", "1970-01-01T00:00:00Z"):
        found = identified(tmp_path / "robot")
    assert isinstance(found, Robot)
    assert not found.commissioned
    assert found.clock_off_s < -1_000_000_000


def test_nobody_at_the_port_is_said_within_seconds() -> None:
    with terminal() as (_, name):
        found = identified(name)
    assert isinstance(found, NoRobot)
    assert (found.code, "Nobody answers" in found.what) == ("silent", True)


def test_something_else_at_the_port_is_no_robot() -> None:
    with terminal() as (ours, name):
        silence = threading.Event()

        def chatter() -> None:
            while not silence.wait(0.05):
                os.write(ours, b"login: \r\n")

        chatting = threading.Thread(target=chatter)
        chatting.start()
        found = identified(name)
        silence.set()
        chatting.join()
    assert isinstance(found, NoRobot)
    assert found.code == "not_a_robot"


def test_a_port_that_another_program_holds_is_not_touched(tmp_path: Path) -> None:
    with robot(tmp_path / "robot"):
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDS, str(tmp_path / "robot")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with holder:
            assert holder.stdout is not None
            holder.stdout.readline()
            found = identified(tmp_path / "robot")
            assert holder.stdin is not None
            holder.stdin.close()
    assert isinstance(found, NoRobot)
    assert (found.code, "fuser" in found.next_step) == ("port_busy", True)


def test_a_port_that_may_not_be_opened_names_the_group_that_may() -> None:
    with terminal() as (_, name):
        if os.geteuid() == 0:
            os.chown(name, 0, grp.getgrnam("dialout").gr_gid)
            Path(name).chmod(0o660)
        else:  # nobody but root gives a file away: one's own, then, in whatever group it is
            Path(name).chmod(0)
        group = grp.getgrgid(Path(name).stat().st_gid).gr_name
        done = subprocess.run(
            [sys.executable, "-c", WHO_MAY_NOT, name],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
    code, words = done.stdout.splitlines()
    assert code == "port_denied"
    assert f"usermod -aG {group}" in words


def test_a_port_that_does_not_exist(tmp_path: Path) -> None:
    found = identified(tmp_path / "none")
    assert isinstance(found, NoRobot)
    assert found.code == "port_missing"


def test_a_robot_unplugged_while_it_is_asked(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    name = os.ttyname(theirs)
    os.close(theirs)
    unplugged = threading.Timer(0.3, os.close, (ours,))
    unplugged.start()
    found = identified(name)
    assert isinstance(found, NoRobot)
    assert found.code == "unplugged"


def test_the_name_that_lasts_is_preferred(tmp_path: Path) -> None:
    by_id = tmp_path / "by-id"
    by_id.mkdir()
    device = tmp_path / "ttyUSB0"
    device.touch()
    (by_id / "usb-Maker_Robot_42-if00").symlink_to(device)
    assert discovery.stable_name(str(device), by_id) == str(by_id / "usb-Maker_Robot_42-if00")
    assert discovery.stable_name(str(tmp_path / "ttyUSB1"), by_id) == str(tmp_path / "ttyUSB1")
    assert discovery.stable_name(str(device), tmp_path / "none") == str(device)


def test_of_two_robots_only_a_named_one_is_taken(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with robot(first, "--serial", "A-1"), robot(second, "--serial", "B-2"):
        found = [each for each in (identified(first), identified(second)) if isinstance(each, Robot)]
    assert len(found) == 2
    with pytest.raises(ProvisionFault, match=r"2 robots answer: A-1 at .*, B-2 at ") as raised:
        chosen(found, [], None)
    assert raised.value.sort is Sort.REFUSED
    assert chosen(found, [], "B-2").port == str(second)
    with pytest.raises(ProvisionFault, match="The robot C-3 does not answer") as raised:
        chosen(found, [], "C-3")
    assert raised.value.code == "other_robot"
    with pytest.raises(ProvisionFault) as raised:
        must_fit(found[0], accept_unauthenticated=False)
    assert raised.value.code == "unauthenticated"
    must_fit(found[0], accept_unauthenticated=True)


def test_without_a_port_the_fault_says_so() -> None:
    with pytest.raises(ProvisionFault) as raised:
        chosen([], [], None)
    assert raised.value.code == "no_port"
    missed = NoRobot("/dev/x", "silent", "Nobody answers at /dev/x.", "Switch it on.")
    with pytest.raises(ProvisionFault) as raised:
        chosen([], [missed], None)
    assert raised.value.code == "silent"
    with pytest.raises(ProvisionFault) as raised:
        chosen([], [missed, missed], None)
    assert raised.value.code == "no_robot"
