"""A command on a pseudo-terminal of its own: what it draws, what is typed, how it leaves the terminal.

It understands no layout. `text` is what was written with the control sequences taken out, in the order of
writing; a screen writes again only what changed.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
SEEN_WITHIN_S = 20.0
STRINGS = re.compile(rb"\x1b[\]PX^_].*?(?:\x07|\x1b\\)", re.DOTALL)
"""Sequences that carry a string."""
SEQUENCES = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]")


class RealTerminal:
    def __init__(
        self, command: Sequence[str], columns: int = 80, lines: int = 24, env: Mapping[str, str] | None = None
    ) -> None:
        self.raw = b""
        self._master, self._slave = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self._slave)
        kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dispenserd", *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=ROOT,
            env={**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> RealTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._slave)
        self._reader.join(5)
        os.close(self._master)

    @property
    def text(self) -> str:
        return SEQUENCES.sub(b"", STRINGS.sub(b"", self.raw)).decode(errors="replace")

    @property
    def bells(self) -> int:
        return self.raw.count(b"\x07")

    @property
    def now(self) -> termios._AttrReturn:
        return termios.tcgetattr(self._slave)

    def mark(self) -> Callable[[], str]:
        """What is written from here on."""
        at = len(self.raw)
        return lambda: SEQUENCES.sub(b"", STRINGS.sub(b"", self.raw[at:])).decode(errors="replace")

    def sees(
        self, *parts: str, since: Callable[[], str] | None = None, within_s: float = SEEN_WITHIN_S
    ) -> float:
        """Seconds until all of it was drawn; AssertionError with the screen when it was not."""
        begun = time.monotonic()
        shown = since or (lambda: self.text)
        while any(part not in shown() for part in parts):
            waited = time.monotonic() - begun
            assert waited < within_s, f"{[p for p in parts if p not in shown()]} not in\n{shown()[-3000:]}"
            assert self.process.poll() is None, shown()[-3000:]
            time.sleep(0.02)
        return time.monotonic() - begun

    def types(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        if hasattr(self, "process"):
            os.killpg(self.process.pid, signal.SIGWINCH)

    def ends(self, within_s: float = 15.0) -> int:
        code = self.process.wait(within_s)
        time.sleep(0.1)  # what it wrote last is still on its way through the line
        return code

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return
            if not chunk:
                return
            self.raw += chunk
