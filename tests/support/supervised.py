"""One service as systemd runs it: Type=notify with WatchdogSec and Restart=always, on a real notify socket.

Stands in for the one part that a test machine lacks, a running systemd. It hears only the main process
(NotifyAccess=main), its watchdog runs from READY=1, it bites as systemd does (SIGABRT and SIGCONT, later
SIGKILL), and it starts anew whatever ended. Everything happens in the test's own thread, in `until` and
`for_seconds`.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

TURN_S = 0.05
ABORT_WITHIN_S = 3.0
"""TimeoutAbortSec, shortened."""
CREDENTIALS = struct.Struct("iII")
"""pid, uid, gid: the kernel's word on who sent it."""


@dataclass
class Life:
    """One process of the service."""

    process: subprocess.Popen[bytes]
    told: list[dict[str, str]] = field(default_factory=list)
    ready_s: float | None = None
    fed_s: list[float] = field(default_factory=list)
    aborted_s: float | None = None

    @property
    def status(self) -> str:
        return next((each["STATUS"] for each in reversed(self.told) if "STATUS" in each), "")

    def said(self, name: str) -> bool:
        return any(name in each for each in self.told)


class Supervised:
    def __init__(
        self, command: Sequence[str], log: Path, watchdog_s: float, address: str, restart: bool = True
    ) -> None:
        """`address` as in NOTIFY_SOCKET: a path, or a name behind "@"."""
        self._command = list(command)
        self._log = log
        self._watchdog_s = watchdog_s
        self._address = address
        self._restart = restart
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.settimeout(TURN_S)
        self.on_ready: Callable[[], None] = lambda: None
        self.lives: list[Life] = []
        self.ends: list[int] = []

    def __enter__(self) -> Supervised:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restart = False
        self.life.process.kill()
        self.life.process.wait()
        self._socket.close()

    @property
    def life(self) -> Life:
        return self.lives[-1]

    @property
    def pid(self) -> int:
        return self.life.process.pid

    def until(self, holds: Callable[[], object], what: str, within_s: float = 30.0) -> None:
        deadline_s = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < deadline_s, f"not within {within_s} s: {what}; {self.log()}"
            self._turn()

    def until_ready(self) -> None:
        self.until(lambda: self.life.ready_s is not None, "ready")

    def for_seconds(self, seconds: float) -> None:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self._turn()

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self._restart = False
        self.life.process.terminate()
        self.until(lambda: self.ends, "ended by SIGTERM")
        return self.ends[-1]

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]

    def _begin(self) -> None:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment()
            )
        self.lives.append(Life(process))

    def _environment(self) -> Mapping[str, str]:
        """WATCHDOG_PID is left out: it can't be known before the fork, and means the same."""
        interval_us = str(int(self._watchdog_s * 1_000_000))
        return {**os.environ, "NOTIFY_SOCKET": self._address, "WATCHDOG_USEC": interval_us}

    def _turn(self) -> None:
        self._hear()
        life, now_s = self.life, time.monotonic()
        ended = life.process.poll()
        if ended is not None:
            if len(self.ends) < len(self.lives):
                self.ends.append(ended)
                if self._restart:
                    self._begin()
            return
        if life.aborted_s is not None:
            if now_s > life.aborted_s + ABORT_WITHIN_S:
                life.process.kill()
        elif life.ready_s is not None and now_s > (life.fed_s or [life.ready_s])[-1] + self._watchdog_s:
            life.aborted_s = now_s
            life.process.send_signal(signal.SIGABRT)
            life.process.send_signal(signal.SIGCONT)

    def _hear(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size))
        except TimeoutError:
            return
        ((_, _, credentials),) = ancillary
        if CREDENTIALS.unpack(credentials)[0] != self.pid:
            return
        told = dict(line.split("=", 1) for line in data.decode().split("\n"))
        self.life.told.append(told)
        if "WATCHDOG" in told:
            self.life.fed_s.append(time.monotonic())
        if "READY" in told and self.life.ready_s is None:
            self.life.ready_s = time.monotonic()
            self.on_ready()
