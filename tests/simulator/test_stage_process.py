"""The stage as a process: what ends a play early, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPINE = ROOT / "config" / "scenarios" / "spine.toml"
WAIT_S = 40.0


@contextmanager
def stage(folder: Path, *options: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m simulator.stage` on the demo's scenario, in `folder`, which must be new."""
    command = [sys.executable, "-m", "simulator.stage", str(SPINE), "--keep", str(folder), *options]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(WAIT_S)


def processes(folder: Path) -> dict[int, str]:
    """Command lines of the living processes that a play in this folder started, by process id."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            at = str((entry / "cwd").readlink())
        except OSError:
            continue
        if at == str(folder) and "simulator.stage" not in line:
            found[int(entry.name)] = line
    return found


def wait_for_process(folder: Path, name: str) -> int:
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        for number, line in processes(folder).items():
            if name in line:
                return number
        time.sleep(0.05)
    raise AssertionError(f"no {name} among {processes(folder)}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_play_with_130_and_leaves_no_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "play"
    with stage(folder) as play:
        wait_for_process(folder, "journal tail")
        play.send_signal(number)
        time.sleep(0.1)
        play.send_signal(number)  # pressed again by somebody who is impatient
        assert play.wait(WAIT_S) == 130
    assert processes(folder) == {}


def test_a_process_that_dies_ends_the_play_with_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "play"
    with stage(folder, "--json") as play:
        os.kill(wait_for_process(folder, "-m simulator --port"), signal.SIGKILL)
        out, error = play.communicate(timeout=WAIT_S)
    assert play.returncode == 3
    assert "the robot process ended by itself" in error
    assert "ended by itself" in json.loads(out.splitlines()[-1])["what"]
    assert processes(folder) == {}


def test_the_last_words_of_a_process_that_dies_are_told(tmp_path: Path) -> None:
    """A broker that can't start: the play says what it said."""
    (tmp_path / "bin").mkdir()
    broker = tmp_path / "bin" / "mosquitto"
    broker.write_text("#!/bin/sh\necho 'Error: Address already in use' >&2\nexit 1\n", encoding="utf-8")
    broker.chmod(0o755)
    path = os.pathsep.join([str(tmp_path / "bin"), os.environ["PATH"]])
    with stage(tmp_path / "play", "--once", PATH=path) as play:
        _, error = play.communicate(timeout=WAIT_S)
    assert play.returncode == 3
    assert "the broker process ended by itself" in error
    assert "Error: Address already in use" in error
    assert processes(tmp_path / "play") == {}


def test_a_home_that_is_ready_too_late_is_told_as_that(tmp_path: Path) -> None:
    """At the highest speed the home isn't up before the first dose; the play says so."""
    scenario = tmp_path / "late.toml"
    text = SPINE.read_text(encoding="utf-8").replace('start = "day1 05:30"', 'start = "day1 08:00"')
    scenario.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "simulator.stage", str(scenario), "--once", "--speed", "1200"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 3
    assert "too slow for speed 1200" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-file.toml"], "can't be read"),
        ([str(SPINE), "--speed", "9000"], "between 1 and 1200"),
    ],
)
def test_what_can_not_be_played_is_refused_with_exit_code_3(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "simulator.stage", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert done.returncode == 3
    assert said in done.stderr


def test_a_reader_who_leaves_ends_the_play_and_leaves_no_process(tmp_path: Path) -> None:
    folder = tmp_path / "play"
    with stage(folder, "--once") as play:
        assert play.stdout is not None
        play.stdout.readline()
        play.stdout.close()
        assert play.wait(WAIT_S) == 130
        assert play.stderr is not None
        assert "Traceback" not in play.stderr.read()
    assert processes(folder) == {}
