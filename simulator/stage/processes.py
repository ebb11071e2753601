"""The real processes of a play: broker, robot, on-call, daemon, and people's commands.

Starts them, reads their lines, and ends each by its own process. A process that ends by itself ends the play
with what it last said.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

STOP_S = 5.0
"""After SIGTERM; then SIGKILL."""

TAIL_LINES = 20
"""Of a process's error output, kept for the person who reads why it ended."""

LINE_BYTES_MAX = 4 * 1024 * 1024
"""One JSON object a line; `oncall list` and `doses` are the longest."""

Line = dict[str, Any]


class StageError(Exception):
    """The play can't go on: something is missing, or a process ended by itself."""


class Service:
    """One long-running process. `on_line` hears each JSON line of its standard output."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        on_line: Callable[[Line], None] | None = None,
    ) -> None:
        self.name = name
        self._command = list(command)
        self._folder = folder
        self._environment = dict(environment)
        self._on_line = on_line
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._ending = False
        self._killed = False  # once is enough: a second signal would take its exit code from whoever waits
        self.errors: deque[str] = deque(maxlen=TAIL_LINES)
        self.ended = asyncio.Event()  # by itself, or with a line that can't be read

    async def start(self) -> None:
        self._ending = self._killed = False
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=self._folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE_BYTES_MAX,
            start_new_session=True,  # a Ctrl-C at the terminal is for the stage, which then ends each
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            asyncio.create_task(self._hear(process.stdout)),
            asyncio.create_task(self._note(process.stderr)),
            asyncio.create_task(self._watch(process)),
        ]

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative = the signal that ended it."""
        return None if self._process is None else self._process.returncode

    def kill(self) -> None:
        """SIGKILL, at once: a crash."""
        self._ending = True
        if self._process is not None and self._process.returncode is None:
            self._killed = True
            self._process.kill()

    async def stop(self) -> None:
        """SIGTERM, then SIGKILL; safe to call at any time."""
        self._ending = True
        process = self._process
        if process is None:
            return
        if process.returncode is None and not self._killed:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
        await process.wait()
        await asyncio.gather(*self._readers)

    async def _hear(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            if self._on_line is None:
                continue
            try:
                said = json.loads(line)
            except ValueError:
                self.errors.append(f"no JSON: {line[:200]!r}")
                self.ended.set()
                return
            self._on_line(said)

    async def _note(self, stream: asyncio.StreamReader) -> None:
        log = self._folder / f"{self.name}.log"
        with log.open("ab") as file:
            while line := await stream.readline():
                file.write(line)
                self.errors.append(line.decode(errors="replace").rstrip())

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        await process.wait()
        if not self._ending:
            self.ended.set()


async def command(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[int, Line, str]:
    """Run `dispenserd ARGUMENTS --json` as a person would: exit code, its object, its error text."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "dispenserd",
        *arguments,
        "--json",
        cwd=folder,
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, error = await process.communicate()
    finally:
        if process.returncode is None:  # the play is being ended
            process.kill()
            await process.wait()
    try:
        said = json.loads(out or b"{}")
    except ValueError:
        raise StageError(f"dispenserd {' '.join(arguments[:2])} printed no JSON: {out[:200]!r}") from None
    return process.returncode or 0, said, error.decode(errors="replace")


def broker_binary() -> str:
    """mosquitto, also where /usr/sbin is not on the path."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise StageError("There is no mosquitto on this machine. Install it: apt-get install mosquitto")
    return found


def write_broker_config(folder: Path, port: int) -> Path:
    """A broker on loopback that queues without the default limit and keeps nothing on disk it could lose."""
    path = folder / "mosquitto.conf"
    path.write_text(
        f"listener {port} 127.0.0.1\n"
        "allow_anonymous true\n"
        "max_queued_messages 0\n"
        "persistence false\n"
        "log_type error\n"
        "log_dest stderr\n",
        encoding="utf-8",
    )
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(**more: str) -> dict[str, str]:
    """This process's, with where our packages are and what the play adds."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1", **more}
