"""The proof that a new home lives: it runs, its robot is ready, and a test alarm goes to on-call and back.

Starts the home where none runs: in one folder as a child of this process, stopped afterwards; with the
system's folders as the service. Knows commands and the control socket, nothing of the home's inside.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from dispenserd.control_call import CallError, Unreachable, call
from dispenserd.provision.fault import GO_ON, ProvisionFault, Sort
from dispenserd.provision.layout import Layout

READY_WITHIN_S = 60.0
"""A start on a slow box takes 5 s, a robot's whole log 10 s; and the broker a retry or two."""

LOOK_S = 0.25
STOP_WITHIN_S = 12.0
"""The daemon ends itself within 8 s of SIGTERM."""

ALARM_WAIT_S = 60
CALL_TIMEOUT_S = 5.0
TAIL_LINES = 5
UNIT = "dispenserd.service"
SYSTEMD_RUNS = Path("/run/systemd/system")

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)

Plain = dict[str, Any]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Alarm:
    """How the test alarm went. `state`: "passed" or "failed"."""

    state: str
    said: str
    answer: Plain


def answers(socket: Path) -> Plain | None:
    """What the running home says of itself; None: none runs here."""
    try:
        return call(socket, "status", {}, CALL_TIMEOUT_S)
    except (Unreachable, CallError):
        return None


class Running:
    """A home that runs: by itself, or as our child."""

    def __init__(self, process: asyncio.subprocess.Process | None = None) -> None:
        self._process = process
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def must_live(self) -> None:
        """ProvisionFault once our child has ended by itself."""
        if self._process is not None and self._process.returncode is not None:
            raise _ended(self._process.returncode, self.tail)


@asynccontextmanager
async def home(layout: Layout, tell: Tell) -> AsyncIterator[Running]:
    """A home that runs while the block does; one that ran before goes on afterwards."""
    if await asyncio.to_thread(answers, layout.socket) is not None:
        tell("the home runs already")
        await asyncio.to_thread(_must_be_of_now, layout)
        yield Running()
    elif layout.one_folder:
        async with _child(layout.toml, tell) as running:
            yield running
    else:
        await _start_service(tell)
        yield Running()


def _must_be_of_now(layout: Layout) -> None:
    """ProvisionFault for a home that was started before its configuration was as it is: it proves another."""
    try:
        process = call(layout.socket, "vitals", {}, CALL_TIMEOUT_S)["process"]
    except (Unreachable, CallError):
        return  # it ended meanwhile; nothing is proven by that
    started = datetime.fromisoformat(process["started"])
    changed = [
        datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in layout.read_at_start if path.exists()
    ]
    if max(changed) > started:
        raise ProvisionFault(
            Sort.CHECKED_AND_FALSE,
            "older_configuration",
            f"The home that runs was started at {started:%H:%M:%S} UTC; its configuration was changed since.",
            "It serves by the old one, so whatever it proves is not proven of what is configured now.",
            f"Restart it: `systemctl restart {UNIT}`, or end `dispenserd run`. {GO_ON}",
        )


async def ready(running: Running, socket: Path, monotonic: Callable[[], float], tell: Tell) -> Plain:
    """The home's status once its robot is ready and its clock trusted; ProvisionFault if that takes too long
    or the home ends."""
    until_s, last, said = monotonic() + READY_WITHIN_S, None, ""
    while monotonic() < until_s:
        last = await asyncio.to_thread(answers, socket)
        if last is not None:
            robot = str(last["robot"]["state"])
            if robot == "ready" and last["clock"] == "trusted":
                return last
            now_said = f"not ready yet: robot {robot}, clock {last['clock']}"
            if now_said != said:
                said = now_said
                tell(said)
        running.must_live()
        await asyncio.sleep(LOOK_S)
    raise _not_ready(last)


async def test_alarm(toml: Path, by: str) -> Alarm:
    """A test alarm to on-call and back, by the command a person would use."""
    arguments = ["test-alarm", "--by", by, "--wait", str(ALARM_WAIT_S), "--json"]
    code, out, error = await _dispenserd(toml, arguments)
    try:
        answer = json.loads(out)
    except ValueError:
        answer = {}
    if code == 0:
        return Alarm("passed", "The test alarm reached on-call and came back.", answer)
    if "state" in answer:
        return Alarm(
            "failed", f"No receipt of on-call was here {ALARM_WAIT_S} s after the test alarm.", answer
        )
    said = answer.get("what") or next(iter(error.splitlines()), "") or f"exit {code}"
    return Alarm("failed", f"The test alarm could not be sent: {said}", answer)


@asynccontextmanager
async def _child(toml: Path, tell: Tell) -> AsyncIterator[Running]:
    """`dispenserd run`, stopped afterwards, and with us if we are killed."""
    tell("starting the home")
    process = await asyncio.create_subprocess_exec(
        *_command(toml, ["run", "--json"]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # a Ctrl-C is ours: we stop it in order
        preexec_fn=partial(_die_with, os.getpid()),
    )
    running = Running(process)
    reading = asyncio.ensure_future(_note(process, running.tail))
    try:
        yield running
    finally:
        tell("stopping the home")
        await _stop(process)
        await reading


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


async def _note(process: asyncio.subprocess.Process, tail: deque[str]) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        tail.append(line.decode(errors="replace").strip())


async def _start_service(tell: Tell) -> None:
    systemctl = shutil.which("systemctl")
    if systemctl is None or not await asyncio.to_thread(SYSTEMD_RUNS.exists):
        raise _no_service("systemd does not run here")
    tell(f"starting {UNIT}")
    process = await asyncio.create_subprocess_exec(
        systemctl, "enable", "--now", UNIT,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise _no_service(out.decode(errors="replace").strip()[:200])


async def _dispenserd(toml: Path, arguments: list[str]) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        *_command(toml, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=partial(_die_with, os.getpid()),
    )
    try:
        out, error = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(errors="replace"), error.decode(errors="replace")


def _command(toml: Path, arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "dispenserd", "--config", str(toml), *arguments]


def _die_with(parent: int) -> None:
    """In the child, before it becomes the daemon: a home nobody can stop any more would hold the robot."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)  # killed before we asked


def _ended(code: int, tail: deque[str]) -> ProvisionFault:
    sort = {3: Sort.CONFIGURATION, 5: Sort.STORE}.get(code, Sort.CHECKED_AND_FALSE)
    last = next((line for line in reversed(tail) if line), "no word")
    with suppress(ValueError):
        told = json.loads(last)
        last = str(told.get("what") or told.get("event") or last)
    return ProvisionFault(
        sort,
        "home_ended",
        f"The home ended by itself (exit {code}): {last}",
        "The box is configured and not commissioned: nobody would be served by it.",
        f"Correct what it says. {GO_ON}",
    )


def _no_service(why: str) -> ProvisionFault:
    return ProvisionFault(
        Sort.NOT_REACHABLE,
        "service_not_started",
        f"The service {UNIT} could not be started: {why}.",
        "The box is configured and not commissioned: nothing proves yet that it serves.",
        f"Start the home yourself (`systemctl start {UNIT}`, or `dispenserd run`). {GO_ON}",
    )


def _not_ready(last: Plain | None) -> ProvisionFault:
    if last is None:
        what = f"The home did not answer within {READY_WITHIN_S:.0f} s."
    else:
        robot = last["robot"]
        what = (
            f"The home runs and is not ready after {READY_WITHIN_S:.0f} s: robot {robot['state']}"
            f" {robot['reason']}, clock {last['clock']}."
        )
    return ProvisionFault(
        Sort.NOT_REACHABLE,
        "home_not_ready",
        what,
        "The box is configured and not commissioned: it would offer nobody a dose.",
        f"Look with `dispenserd status` what it waits for. {GO_ON}",
    )
