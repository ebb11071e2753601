"""The processes of a run: started here, read line by line, and ended here by their own ids."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.support.sources import ROOT

WITHIN_S = 30.0
"""For anything to happen at all; a bench that waits longer has failed."""
STOP_S = 10.0
LOOK_S = 0.01
TRACER = "strace"

Line = dict[str, Any]


class BenchFailed(Exception):
    """Something did not happen; no figure can be told."""


class Process:
    """Its standard output is JSON, a line each; `heard` holds what nobody has fetched."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, traced: bool) -> None:
        self._process = process
        self._log = log
        self._traced = traced
        self.heard: asyncio.Queue[Line] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        return self._process.pid

    def say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())

    async def hear(self, fits: Callable[[Line], object], what: str, within_s: float = WITHIN_S) -> Line:
        """The next line that fits; those before it are dropped."""
        try:
            async with asyncio.timeout(within_s):
                while True:
                    line = await self.heard.get()
                    if fits(line):
                        return line
        except TimeoutError:
            raise BenchFailed(f"not within {within_s:g} s: {what}; {self._last_words()}") from None

    async def ended(self, within_s: float) -> None:
        """When it ends by itself, in order."""
        try:
            async with asyncio.timeout(within_s):
                code = await self._process.wait()
        except TimeoutError:
            raise BenchFailed(f"still running after {within_s:g} s; {self._last_words()}") from None
        if code:
            raise BenchFailed(f"ended with {code}; {self._last_words()}")

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL; strace ends with the process that it traces and would leave it running."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError, FileNotFoundError, BenchFailed):  # gone already
                os.kill(child_of(self.pid) if self._traced else self.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        await self._reader

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.heard.put_nowait(json.loads(line))

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-4:] if self._log.exists() else []
        return " / ".join(lines) or "it said nothing"


@asynccontextmanager
async def running(folder: Path, *command: object, name: str = "") -> AsyncIterator[Process]:
    """`command` with its errors in `folder`; ended with the block."""
    log = folder / f"{name or 'process'}.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            limit=2**22,
            start_new_session=True,  # a Ctrl-C at the terminal is for the bench, which then ends each
        )
    running_ = Process(process, log, traced=command[0] == TRACER)
    try:
        yield running_
    finally:
        await running_.stop()


def module(name: str, *arguments: object) -> Sequence[object]:
    """A Python process of this checkout."""
    return (sys.executable, "-m", name, *arguments)


async def until(holds: Callable[[], object], what: str, every_s: float = LOOK_S) -> None:
    """Looks so often; BenchFailed when it does not come to hold."""
    for _ in range(int(WITHIN_S / every_s)):
        if holds():
            return
        await asyncio.sleep(every_s)
    raise BenchFailed(f"not within {WITHIN_S:g} s: {what}")


def child_of(pid: int) -> int:
    """The only process that `pid` started."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    if len(told) != 1:
        raise BenchFailed(f"{len(told)} processes where one was expected")
    return int(told[0])


def cpu_s(pid: int) -> float:
    """Seconds on a processor of all its threads so far, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise BenchFailed("no VmRSS")
