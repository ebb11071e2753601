"""Commands and long-lived processes of this checkout beside one home; a record of every object they print.

Each is a process of its own, on the home's clock. Knows no schema and judges nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dispenserd.clock import REHEARSAL_CLOCK_VARIABLE
from tests.contract.listener import Heard
from tests.support.home_papers import Json
from tests.support.running_home import RunningHome
from tests.support.sources import ROOT

WITHIN_S = 60.0
STOP_S = 20.0
PIPE = asyncio.subprocess.PIPE
NO_CONFIGURATION = frozenset({"simulate", "broker-config", "provision", "dosage"})
"""Commands that read none."""


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
        bare = "dosage-explain/1" if "automatic" in found else "log/1"
        name = str(found.get("schema", bare)).removeprefix("dispenserd/")
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
        process = await self._started(arguments, config)
        out, _ = await process.communicate()
        kept = [self._recording.keep(line, process.returncode) for line in out.splitlines()]
        return kept[-1] if kept else {}

    @asynccontextmanager
    async def streaming(self, *arguments: str) -> AsyncIterator[None]:
        """Keeps the lines of a command that goes on; returns with its first, and ends it."""
        process = await self._started(arguments, None)
        assert process.stdout is not None
        async with asyncio.timeout(WITHIN_S):
            self._recording.keep(await process.stdout.readline())
        async with _kept(process, process.stdout, self._recording):
            yield

    async def until(self, *arguments: str, holds: Callable[[Json], object]) -> Json:
        """Repeats a command until what it prints holds."""
        async with asyncio.timeout(WITHIN_S):
            while not holds(found := await self(*arguments)):
                self._forget(found)
                await asyncio.sleep(0.1)
            return found

    async def _started(self, arguments: Sequence[str], config: Path | None) -> asyncio.subprocess.Process:
        usual = self._oncall if arguments[0] == "oncall" else self._home.folder / "home.toml"
        own_clock = arguments[0] == "provision"  # its robot and its on-call live in real time
        named = [] if arguments[0] in NO_CONFIGURATION else ["--config", str(config or usual)]
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "dispenserd", *arguments, "--json", *named),
            cwd=ROOT,
            env={**os.environ, **({} if own_clock else {REHEARSAL_CLOCK_VARIABLE: _clock_text(self._home)})},
            stdout=PIPE,
            stderr=PIPE,
        )

    def _forget(self, found: Json) -> None:
        for kept in self._recording.printed.values():
            if kept and kept[-1] is found:
                kept.pop()


@asynccontextmanager
async def serving(root: str, home: RunningHome, config: Path, recording: Recording) -> AsyncIterator[None]:
    """`run` or `oncall` on the home's clock, its log lines kept."""
    epoch, monotonic, rate = _clock_text(home).split(",")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "dispenserd.rehearsal", root, "--config", str(config), "--json"),
        *("--civil-epoch", epoch, "--monotonic-epoch", monotonic, "--rate", rate),
        cwd=ROOT,
        stderr=PIPE,
    )
    assert process.stderr is not None
    async with _kept(process, process.stderr, recording):
        yield


@asynccontextmanager
async def _kept(
    process: asyncio.subprocess.Process, stream: asyncio.StreamReader, recording: Recording
) -> AsyncIterator[None]:
    """Keeps what it writes there, and ends it."""
    reading = asyncio.create_task(_lines(stream, recording))
    try:
        yield
    finally:
        process.terminate()
        async with asyncio.timeout(STOP_S):
            await process.wait()
            await reading


async def _lines(stream: asyncio.StreamReader, recording: Recording) -> None:
    while line := await stream.readline():
        recording.keep(line)


def _clock_text(home: RunningHome) -> str:
    """As the environment variable of a rehearsal has it."""
    clock = home.clock
    return f"{clock.civil_epoch.isoformat()},{clock.monotonic_epoch:.6f},{clock.rate:g}"
