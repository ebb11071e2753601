"""What a home really asks of the kernel, seen by strace, is what the unit's SystemCallFilter lets pass.

A call that is filtered fails with EPERM in the middle of a dose; here it fails in a test. The filter's groups
are told by systemd-analyze itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispenserd.control_call import call
from tests.support.home_papers import card
from tests.support.running_home import RunningHome, Wanted
from tests.support.supervised import Supervised

ROOT = Path(__file__).resolve().parents[2]
WATCHDOG_S = 10.0
ONLY_AS_ROOT = {"fchown"}
"""SQLite gives a root's files to their owner; the service is no root."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[RunningHome]:
    home = RunningHome(tmp_path, Wanted(robot=None))
    with home.broker:
        home.write_configuration()
        yield home


def group(name: str) -> set[str]:
    """The system calls of a group, those of its groups included."""
    told = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], capture_output=True, text=True, check=True
    ).stdout
    words = [line.strip() for line in told.splitlines()[1:] if line.startswith("    ")]
    calls = {word for word in words if re.fullmatch(r"\w+", word)}
    return calls.union(*(group(word) for word in words if word.startswith("@")))


def allowed(unit: str) -> set[str]:
    passed: set[str] = set()
    for line in re.findall(r"(?m)^SystemCallFilter=(.*)$", unit):
        names = line.lstrip("~").split()
        calls = set[str]().union(*(group(name) for name in names))
        passed = passed - calls if line.startswith("~") else passed | calls
    return passed


def test_the_filter_lets_pass_all_that_a_home_asks_for(home: RunningHome) -> None:
    log = home.folder / "strace"
    program = [sys.executable, "-m", "dispenserd", "run", "--config", str(home.folder / "home.toml")]
    command = ["strace", "-D", "-f", "-qq", "-o", str(log), *program]
    with Supervised(command, home.folder / "log", WATCHDOG_S, str(home.folder / "notify")) as service:
        service.until_ready()
        home.put_plan(card(2))
        service.for_seconds(2.0)
        call(home.folder / "control.sock", "status", {})
        assert service.stop() == 0
    asked = set(re.findall(r"(?m)^\d+ +(\w+)\(", log.read_text(errors="replace")))
    assert {"fsync", "sendto", "connect", "pwrite64"} <= asked
    told = allowed((ROOT / "systemd" / "dispenserd.service").read_text())
    assert len(told) > 150
    assert asked - told - ONLY_AS_ROOT == set()
