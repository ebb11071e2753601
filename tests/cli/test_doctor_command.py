"""`doctor` as a person and a script meet it: lines, one object, exit codes, and a home that hangs."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dispenserd.cli.entry import carry_out
from dispenserd.control import Handler, Handlers, listen, serve
from dispenserd.control_call import Unreachable, call
from dispenserd.doctor.checks import CHECKS
from tests.doctor.looking import rewritten
from tests.support.running_home import RunningHome, Wanted, running_home

ROOT = Path(__file__).resolve().parents[2]
RESULTS = {"ok", "warning", "wrong", "unknown"}
STARTED_S, ENDED_S = 20.0, 60.0
NO_ROBOT = Wanted(rate=1.0, start="06:00", robot=None)


def doctor(home: RunningHome, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "dispenserd", "doctor", *arguments]
    return subprocess.run(
        [*command, "--config", str(home.folder / "home.toml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=ENDED_S,
    )


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def result_of(report: dict[str, Any], name: str) -> str:
    (found,) = [check["result"] for check in report["checks"] if check["check"] == name]
    return str(found)


async def test_json_is_one_object_with_every_check_and_the_counts() -> None:
    async with running_home(Wanted(rate=1.0, start="06:00")) as home:
        rewritten(home)
        done = await asyncio.to_thread(doctor, home, "--json")
    report = told(done)
    assert report["schema"] == "dispenserd/doctor/1"
    assert [check["check"] for check in report["checks"]] == [check.name for check in CHECKS]
    for check in report["checks"]:
        assert set(check) == {"check", "result", "what", "meaning", "next", "facts"}
        assert check["result"] in RESULTS
        assert check["what"] and check["meaning"] and check["next"]
    found = [check["result"] for check in report["checks"]]
    assert (report["wrong"], report["warnings"]) == (found.count("wrong"), found.count("warning"))
    assert report["demo"] is True
    assert done.returncode == (1 if report["wrong"] else 0)
    assert result_of(report, "home") == "ok"


async def test_people_read_a_line_a_check_and_what_to_do_where_it_matters() -> None:
    async with running_home(NO_ROBOT, prepared=False) as home:
        rewritten(home, ("demo = true", "demo = false"))
        done = await asyncio.to_thread(doctor, home)
    lines = done.stdout.splitlines()
    first_words = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert first_words[:-2] and set(first_words[:-2]) <= RESULTS
    assert len(first_words) == len(CHECKS) + 2
    titles = [line.removeprefix("wrong").strip() for line in lines if line.startswith("wrong ")]
    named = lines[-2].removeprefix("Wrong: ").rstrip(".").split(", ")
    assert [title.startswith(name) for title, name in zip(titles, named, strict=True)] == [True] * len(titles)
    at = next(number for number, line in enumerate(lines) if line.startswith("wrong   Store's key"))
    assert lines[at + 1].strip().startswith("It means: Demo class")
    assert lines[at + 2].strip().startswith("Do next: ")
    assert "wrong," in lines[-1]
    assert done.returncode == 1


async def test_a_configuration_that_cannot_be_used_is_exit_3_with_what_could_be_checked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = str(tmp_path / "none.toml")
    assert await asyncio.to_thread(carry_out, ["doctor", "--json", "--config", missing]) == 3
    report = json.loads(capsys.readouterr().out)
    assert result_of(report, "configuration") == "wrong"
    assert result_of(report, "versions") == "ok"
    assert result_of(report, "key") == "unknown"
    assert report["demo"] is False


async def test_people_are_not_told_thirty_times_that_one_file_is_wrong(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    missing = str(tmp_path / "none.toml")
    assert await asyncio.to_thread(carry_out, ["doctor", "--config", missing]) == 3
    said = capsys.readouterr().out
    assert said.count("The configuration can't be used.") == 0
    (left,) = [line for line in said.splitlines() if "need the configuration" in line]
    assert "Store's key" in left
    assert "\nWrong: Configuration.\n" in said


def test_what_to_look_at_next_is_named_as_it_is_shown() -> None:
    named = {
        title
        for path in (ROOT / "dispenserd" / "doctor").rglob("*.py")
        for title in re.findall(r"""See \\?"([^"\\]+)\\?"\.""", path.read_text())
    }
    assert named and named <= {check.title for check in CHECKS}


@contextmanager
def home_process(home: RunningHome) -> Iterator[subprocess.Popen[bytes]]:
    path = home.write_configuration()
    command = [sys.executable, "-m", "dispenserd", "run", "--config", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + STARTED_S
            while not answers(home):
                assert process.poll() is None and time.monotonic() < deadline, "the home does not start"
                time.sleep(0.05)
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def answers(home: RunningHome) -> bool:
    try:
        return bool(call(home.folder / "control.sock", "status", {}))
    except Unreachable:
        return False


async def test_a_home_that_hangs_is_wrong_and_its_robot_is_left_alone() -> None:
    async with running_home(Wanted(rate=1.0, start="06:00"), prepared=False) as home:
        with home_process(home) as process:
            os.kill(process.pid, signal.SIGSTOP)
            began = time.monotonic()
            done = await asyncio.to_thread(doctor, home, "--json")
            took_s = time.monotonic() - began
    report = told(done)
    assert done.returncode == 1
    assert result_of(report, "home") == "wrong"
    assert result_of(report, "robot_identity") == "unknown"
    assert result_of(report, "broker_session") == "unknown"
    assert result_of(report, "journal_chain") == "ok"
    assert took_s < 30


class Alarms:
    """Answers the calls for a test alarm as a home does, over the real socket."""

    def __init__(self, *states: str) -> None:
        self.states = list(states)
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def calls(self) -> Handlers:
        async def status(arguments: dict[str, Any]) -> dict[str, Any]:
            return {"clock": "trusted"}

        async def doses(arguments: dict[str, Any]) -> dict[str, Any]:
            return {"doses": []}

        async def test_alarm(arguments: dict[str, Any]) -> dict[str, Any]:
            self.asked.append(("test_alarm", arguments))
            return self.answer()

        async def test_alarm_result(arguments: dict[str, Any]) -> dict[str, Any]:
            self.asked.append(("test_alarm_result", arguments))
            return self.answer()

        known: dict[str, Handler] = {"status": status, "doses": doses}
        alarms: dict[str, Handler] = {"test_alarm": test_alarm, "test_alarm_result": test_alarm_result}
        return known | (alarms if self.states else {})

    def answer(self) -> dict[str, Any]:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"incident": "ab" * 16, "state": state, "since": "2026-11-02T06:00:00.000Z", "by": "Tove"}


@pytest.mark.parametrize(
    ("states", "result"),
    [
        ((), "unknown"),
        (("under_way", "passed"), "ok"),
        (("raised", "published", "delivered"), "ok"),
        (("under_way", "failed"), "wrong"),
    ],
)
async def test_a_test_alarm_is_raised_in_the_callers_name_and_followed_to_its_end(
    states: tuple[str, ...], result: str
) -> None:
    alarms = Alarms(*states)
    async with running_home(NO_ROBOT, prepared=False) as home:
        rewritten(home)
        serving = asyncio.create_task(serve(listen(home.folder / "control.sock"), alarms.calls()))
        done = await asyncio.to_thread(doctor, home, "--json", "--test-alarm", "--by", "Tove Tekniker")
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    report = told(done)
    assert report["checks"][-1]["check"] == "test_alarm"
    assert result_of(report, "test_alarm") == result
    assert "Tove" not in done.stdout
    if states:
        assert alarms.asked[0] == ("test_alarm", {"by": "Tove Tekniker"})
        assert alarms.asked[1:] == [("test_alarm_result", {"incident": "ab" * 16})] * (len(states) - 1)
    else:
        assert "does not know the call" in report["checks"][-1]["what"]


async def test_a_test_alarm_without_a_home_is_not_raised() -> None:
    async with running_home(NO_ROBOT, prepared=False) as home:
        rewritten(home)
        report = told(await asyncio.to_thread(doctor, home, "--json", "--test-alarm"))
    assert result_of(report, "test_alarm") == "unknown"
    assert "no home answers" in report["checks"][-1]["what"]
