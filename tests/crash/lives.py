"""The lives of the daemon, one after the other: most forked from the nursery, some started cold.

A life ends by SIGKILL, its own or ours, or by SIGTERM at a rest. What it said last is kept for the person who
reads why one ended otherwise.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from simulator.stage.processes import Service, environment

LAST_WORDS_BYTES = 2000
NURSERY_GONE = 70
"""Exit code of a life whose end nobody saw."""

STOP_S = 8.0
"""After SIGTERM; a daemon ends by itself within this or not at all."""


class Life(Protocol):
    ended: asyncio.Event

    @property
    def exit_code(self) -> int | None: ...

    def kill(self) -> None: ...

    async def stop(self) -> None: ...


class ForkedLife:
    def __init__(self) -> None:
        self.ended = asyncio.Event()
        self.began: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._exit_code: int | None = None

    @property
    def exit_code(self) -> int | None:
        return self._exit_code

    def end(self, exit_code: int) -> None:
        self._exit_code = exit_code
        self.ended.set()

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    async def stop(self) -> None:
        self._send(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self.ended.wait()
        except TimeoutError:
            self.kill()
        await self.ended.wait()

    def _send(self, which: signal.Signals) -> None:
        if not self.ended.is_set():
            with suppress(ProcessLookupError):  # ended, and the nursery has not said so yet
                os.kill(self.began.result(), which)


class Lives:
    """`start` begins one; `cold` as a process that imports everything itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "daemon.log"
        self._nursery: asyncio.subprocess.Process | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._up = asyncio.Event()
        self._lives: list[ForkedLife] = []

    async def open(self) -> None:
        self._nursery = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crash.nursery"),
            cwd=self._folder,
            env=environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self._hearing = asyncio.create_task(self._hear())
        await self._up.wait()

    async def close(self) -> None:
        if self._nursery is not None and self._hearing is not None:
            assert self._nursery.stdin is not None
            self._nursery.stdin.close()
            await self._nursery.wait()
            await self._hearing

    async def start(self, arguments: list[str], *, cold: bool) -> Life:
        if cold:
            command = [sys.executable, "-m", "dispenserd.rehearsal", *arguments]
            service = Service("daemon", command, self._folder, environment())
            await service.start()
            return service
        assert self._nursery is not None and self._nursery.stdin is not None
        life = ForkedLife()
        self._lives.append(life)
        order = {"number": len(self._lives) - 1, "arguments": arguments, "log": str(self._log)}
        self._nursery.stdin.write(json.dumps(order).encode() + b"\n")
        await life.began
        return life

    def last_words(self) -> str:
        """Of whichever life spoke last."""
        said = self._log.read_bytes()[-LAST_WORDS_BYTES:] if self._log.exists() else b""
        return " | ".join(said.decode(errors="replace").splitlines()[-8:])

    def crash_point(self) -> str:
        """Where the life that ended last says that it ended; empty: it does not say."""
        last = self.last_words().rpartition(" | ")[2]
        return last.removeprefix("crash: ") if last.startswith("crash: ") else ""

    async def _hear(self) -> None:
        assert self._nursery is not None and self._nursery.stdout is not None
        while line := await self._nursery.stdout.readline():
            said = json.loads(line)
            if "up" in said:
                self._up.set()
            elif "pid" in said:
                self._lives[said["number"]].began.set_result(said["pid"])
            else:
                self._lives[said["number"]].end(said["ended"])
        for life in self._lives:  # without the nursery nobody will say so
            if not life.ended.is_set():
                life.end(NURSERY_GONE)
