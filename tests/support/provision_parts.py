"""What provisioning meets in its tests: real simulated robots, on-call as a process, the command itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WITHIN_S = 60.0
"""For anything a test waits for: far above what it takes, so that a busy machine fails nothing."""

ROOT = Path(__file__).resolve().parents[2]

Json = dict[str, Any]


@contextmanager
def robot(link: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A simulated robot; its keys are taken from the process's stdin."""
    command = [sys.executable, "-m", "simulator", "--port", str(link), "--press-key", *options]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    with _ended(process):
        until(lambda: link.is_symlink() or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        yield process


@contextmanager
def oncall(toml: Path) -> Iterator[None]:
    """The on-call desk, connected."""
    log = toml.with_suffix(".log")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dispenserd", "oncall", "run", "--config", str(toml)],
            cwd=ROOT,
            stdout=file,
            stderr=file,
        )
    with _ended(process):
        until(lambda: "state='connected'" in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        yield


@contextmanager
def home(toml: Path) -> Iterator[None]:
    """`dispenserd run`, until the block ends."""
    log = toml.with_suffix(".log")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dispenserd", "run", "--config", str(toml)],
            cwd=ROOT,
            stdout=file,
            stderr=file,
        )
    with _ended(process):
        yield
        assert process.poll() is None, log.read_text()


class Ran:
    """One command that has ended: its exit code, its JSON lines, its words for people."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code = done.returncode
        self.lines: list[Json] = [json.loads(line) for line in done.stdout.splitlines()]
        self.error = done.stderr
        self.output = done.stdout

    @property
    def last(self) -> Json:
        assert self.lines, self.error
        return self.lines[-1]

    def states(self) -> dict[str, str]:
        return {line["step"]: line["state"] for line in self.lines if "step" in line}


def dispenserd(*arguments: str, **environment: str) -> Ran:
    """With --json, as a script would."""
    done = subprocess.run(
        [sys.executable, "-m", "dispenserd", *arguments, "--json"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    return Ran(done)


def provision(folder: Path, *arguments: str, **environment: str) -> Ran:
    return dispenserd("provision", "--folder", str(folder), *arguments, **environment)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file by its relative path, and every folder with nothing for content."""
    return {
        str(path.relative_to(folder)): b"" if path.is_dir() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if not path.is_socket() and not path.is_symlink()
    }


def until(condition: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        time.sleep(0.02)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stderr):
            if stream is not None:
                stream.close()


def real_answers(broker_port: int, ca: Path, oncall_key: str, port: Path, identifier: Path) -> Sequence[str]:
    """Flags for a home that is no demo, all of them invented."""
    identifier.write_text("invented-4711\n")
    return [
        "--box", "box-7", "--by", "Tove", "--staff-phone", "+45 70 00 00 00",
        "--identifier-system", "urn:example:person", "--identifier-file", str(identifier),
        "--port", str(port), "--accept-unauthenticated",
        "--mqtt-host", "127.0.0.1", "--mqtt-port", str(broker_port), "--mqtt-ca", str(ca),
        "--oncall-key", oncall_key,
    ]  # fmt: skip
