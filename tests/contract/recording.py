"""One short day of a real home, and everything its commands print and its wire carries on the way.

Daemon, encrypted store, simulated robot, mosquitto, on-call's own process with its own database, and every
command as a process of its own. The home goes through the states that integrators meet: no roll, a dose
offered and retrieved, a dose held, an incident open, taken and closed, a command refused. Nothing is judged
here: `examples` keeps what came, the tests hold it against the schemas.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dispenserd.clock import REHEARSAL_CLOCK_VARIABLE
from scheduler import events as ev
from tests.contract.listener import Heard, listening
from tests.support.home_papers import BOX, Json
from tests.support.oncall_by_hand import PRIVATE
from tests.support.running_home import RunningHome, Wanted
from tests.support.sources import ROOT

CLOCK_TIMES = {"morning": "08:00", "noon": "09:20", "evening": "18:00", "night": "22:00"}
START, WINDOW_MIN = "07:50", 240
"""Wide windows: every command is a process, and on a machine that does much else each takes its time."""
WITHIN_S = 60.0
WRONG_LABEL = "LBL-902"
"""What the manifest says of the second sachet; the robot reads LBL-002 there, so it is held."""

ONE_DOSE = Path(__file__).with_name("one_dose.toml")
STOP_S = 20.0
UNPLUGGED_S = 60.0
"""Longer than the rest of the day takes."""


@dataclass
class Recording:
    """What came, by schema as in `status/1`; every object is as it was printed or sent."""

    folder: str = ""  # of the home; no reader shall depend on it
    printed: dict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))
    heard: list[Heard] = field(default_factory=list)
    exits: dict[str, int] = field(default_factory=dict)  # error code -> exit code
    strange: list[str] = field(default_factory=list)  # lines that should be one JSON object

    def keep(self, line: bytes, exit_code: int | None = None) -> Json:
        try:
            found: Json = json.loads(line)
        except ValueError:
            self.strange.append(line.decode(errors="replace"))
            return {}
        name = str(found.get("schema", "dispenserd/log/1")).removeprefix("dispenserd/")
        self.printed[name].append(found)
        if name == "error/1" and exit_code is not None:
            self.exits[found["code"]] = exit_code
        return found


class Terminal:
    """Runs commands of this checkout against one home."""

    def __init__(self, home: RunningHome, oncall: Path, recording: Recording) -> None:
        self._home = home
        self._oncall = oncall
        self._recording = recording

    async def __call__(self, *arguments: str, config: Path | None = None) -> Json:
        """The last object that `dispenserd ARGUMENTS --json` prints."""
        group = self._oncall if arguments[0] == "oncall" else self._home.folder / "home.toml"
        command = [*arguments, "--json", "--config", str(config or group)]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "dispenserd",
            *command,
            cwd=ROOT,
            env={**os.environ, REHEARSAL_CLOCK_VARIABLE: clock_text(self._home)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        kept = [self._recording.keep(line, process.returncode) for line in out.splitlines()]
        return kept[-1] if kept else {}

    async def until(self, *arguments: str, holds: Any, what: str) -> Json:
        """Repeats a command until what it prints holds."""
        async with asyncio.timeout(WITHIN_S):
            while not holds(found := await self(*arguments)):
                self._forget(found)
                await asyncio.sleep(0.1)
            return found

    def _forget(self, found: Json) -> None:
        for kept in self._recording.printed.values():
            if kept and kept[-1] is found:
                kept.pop()


async def record() -> Recording:
    """The whole day, and a play of one dose; about a minute."""
    recording = Recording()
    with TemporaryDirectory(prefix="contract-") as folder:
        recording.folder = folder
        home = RunningHome(Path(folder), Wanted(start=START, clock_times=CLOCK_TIMES, window_min=WINDOW_MIN))
        with home.broker, listening(home.broker.host, home.broker.port) as listener:
            try:
                home.write_configuration()
                async with _process("oncall", home, _oncall_files(home), recording):
                    await _day(home, Terminal(home, Path(folder) / "oncall.toml", recording))
                    await home.stop_daemon()
                    async with _process("run", home, Path(folder) / "home.toml", recording):
                        await asyncio.sleep(2.0)
                recording.heard = listener.heard()
            finally:
                await home.stop()
    await _a_play(recording)
    return recording


async def _a_play(recording: Recording) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dispenserd", "simulate", str(ONE_DOSE), "--json"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    for line in out.splitlines():
        recording.keep(line, process.returncode)


async def _day(home: RunningHome, terminal: Terminal) -> None:
    await terminal("status")  # not reachable
    await terminal("status", config=home.folder / "none.toml")
    await terminal("decide", "2026-11-02/noon", "--by", "Anna", "--reason", "none of the four")
    await terminal("oncall", "take", "ffff", "--as", "Anna")
    await home.start_robot()
    await home.start_daemon()
    await home.until(
        lambda: home.events(ev.RobotCaughtUp) and home.events(ev.PlanAccepted), "ready", WITHIN_S
    )
    await _without_a_roll(home, terminal)
    await terminal("roll", "load", str(_manifest(home, WRONG_LABEL)), "--by", "Tove Tekniker")
    await terminal("roll", "show")
    await home.until(lambda: "Tryk på knappen." in home.lines, "the robot asks for a press", WITHIN_S)
    await terminal("status")
    await home.take_dose()
    await home.until(lambda: ("morning", "retrieved") in home.outcomes(), "retrieved")
    await terminal("doses")
    await terminal("status")
    await home.until(lambda: home.stage("noon") == "held", "the second dose is held", WITHIN_S)
    await _an_incident(home, terminal)
    await _a_cable(home, terminal)
    await terminal("journal", "tail", "-n", "400")
    await terminal("journal", "verify")


async def _without_a_roll(home: RunningHome, terminal: Terminal) -> None:
    broken = home.folder / "broken.json"
    broken.write_text("{")
    other = home.folder / "other.json"
    other.write_text(json.dumps({**home.manifest(), "production_id": "ROLL-9"}))
    for command in ("status", "doses", "holds"):
        await terminal(command)
    await terminal("roll", "show")
    await terminal("roll", "load", str(broken))
    await terminal("roll", "load", str(other), "--by", "Tove Tekniker")


async def _an_incident(home: RunningHome, terminal: Terminal) -> None:
    """Held, alarmed, taken, given by hand, the sachet put away, closed."""
    noon, given = "2026-11-02/noon", ("--by", "Anna", "--reason", "label was wrong")
    listed = await terminal.until(
        "oncall", "list", holds=lambda found: found.get("incidents"), what="on-call has the incident"
    )
    await terminal("holds")
    await terminal("status")
    incident = listed["incidents"][0]["incident"]
    await terminal("oncall", "take", incident, "--as", "Anna", "--wait", "0")
    await terminal("oncall", "take", incident, "--as", "Bo")
    await terminal("oncall", "take", incident, "--as", "Anna", "--wait", "30")
    await terminal.until(
        "oncall",
        "list",
        holds=lambda found: any(row["token"] == "confirmed" for row in found["incidents"]),
        what="Anna may give",
    )
    await terminal("decide", noon, "--had-it", "--by", "Bo", "--reason", "he is not the one")
    await terminal("oncall", "decide", noon, "--given", *given, "--wait", "30")
    await terminal("decide", noon, "--discard", *given)
    await terminal("doses")
    await terminal(
        "oncall", "close", incident, "--as", "Anna", "--resolution", "given_by_hand", "--wait", "30"
    )
    await terminal("oncall", "list", "--all")


async def _a_cable(home: RunningHome, terminal: Terminal) -> None:
    """An incident about no dose, which a person closes."""
    home.unplug(UNPLUGGED_S)
    listed = await terminal.until(
        "oncall", "list", holds=lambda found: found.get("incidents"), what="on-call has the incident"
    )
    await terminal("status")
    incident = listed["incidents"][0]["incident"]
    await terminal("oncall", "take", incident, "--as", "Bo", "--wait", "30")
    closing = ("--as", "Bo", "--resolution", "robot_repaired", "--wait", "30")
    await terminal.until(
        "oncall", "close", incident, *closing, holds=lambda found: "decision" in found, what="closed"
    )


def _manifest(home: RunningHome, second_label: str) -> Path:
    content = home.manifest()
    content["sachets"][1]["label"] = second_label
    path = home.folder / "manifest.json"
    path.write_text(json.dumps(content))
    return path


def _oncall_files(home: RunningHome) -> Path:
    """On-call's configuration; the key is the one whose public half the home was given."""
    key = home.folder / "signing.key"
    key.write_text(PRIVATE.hex() + "\n")
    key.chmod(0o600)
    path = home.folder / "oncall.toml"
    path.write_text(
        '[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "signing.key"\n'
        f'[mqtt]\nhost = "{home.broker.host}"\nport = {home.broker.port}\n'
    )
    return path


@asynccontextmanager
async def _process(
    root: str, home: RunningHome, config: Path, recording: Recording
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`run` or `oncall` as a process on the home's clock, its log lines kept."""
    epoch, monotonic, rate = clock_text(home).split(",")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dispenserd.rehearsal", root, "--config", str(config), "--json"),
        *("--civil-epoch", epoch, "--monotonic-epoch", monotonic, "--rate", rate),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    reading = asyncio.create_task(_lines(process.stderr, recording))
    try:
        yield process
    finally:
        process.terminate()
        async with asyncio.timeout(STOP_S):
            await process.wait()
            await reading


async def _lines(stream: asyncio.StreamReader, recording: Recording) -> None:
    while line := await stream.readline():
        recording.keep(line)


def clock_text(home: RunningHome) -> str:
    """As the environment variable of a rehearsal has it."""
    epoch: datetime = home.clock.civil_epoch
    return f"{epoch.isoformat()},{home.clock.monotonic_epoch:.6f},{home.clock.rate:g}"


def box_topics(heard: Sequence[Heard]) -> set[str]:
    """The ends of the topics that were used: `in/receipt`."""
    return {each.topic.partition(f"/{BOX}/")[2] for each in heard}
