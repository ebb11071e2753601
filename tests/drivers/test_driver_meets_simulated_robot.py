"""The driver against the robot in software, started as a process and met over its pseudo-terminal alone."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drivers.connection import RobotConnection
from drivers.robot import RobotExpectation
from drivers.states import Faulted, Ready
from scheduler import events
from scheduler.commands import Fact, ReportClock
from scheduler.remembered import DOUBLE_FEED
from tests.drivers.scripted_robot import HEAD, in_order, order, present_session

SERIAL = "SIM-0001"
RATE = 60.0
EPOCH = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
MANIFEST = {
    "production_id": "P-2026-0042",
    "sachets": [{"n": number, "label": f"S-{number:04d}"} for number in range(1, 5)],
}


class Simulated:
    """The process; everything it must not forget is in a file."""

    def __init__(self, folder: Path, epoch_s: float) -> None:
        self.link = folder / "robot"
        self.memory = folder / "memory.json"
        self.roll = folder / "roll.json"
        self.roll.write_text(json.dumps(MANIFEST))
        self.script = folder / "script.json"
        self.epoch_s = epoch_s
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "simulator", "--port", str(self.link), "--roll", str(self.roll)),
            *("--memory", str(self.memory), "--serial", SERIAL, "--press-key", "--rate", str(RATE)),
            *("--civil-epoch", EPOCH.isoformat(), "--monotonic-epoch", str(self.epoch_s)),
            *(("--script", str(self.script)) if self.script.exists() else ()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        for _ in range(2000):
            if self.link.is_symlink():
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the simulated robot has no port")

    def key(self, key: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(key.encode())

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()
        self.link.unlink(missing_ok=True)  # a robot without power has no port; a killed process can't tidy up


class Watcher:
    """The connection, and what it told; remembers what is journalled of the log as the home would."""

    def __init__(self, port: Path, epoch_s: float, serial: str = SERIAL) -> None:
        self.facts: list[Fact] = []
        self.known: dict[str, int] = {}
        self.epoch_s = epoch_s
        self.connection = RobotConnection(
            port=str(port),
            baud=115_200,
            expected=RobotExpectation(serial, "sachet_roll", True),
            known_log=self.known.get,
            position=lambda: (1, HEAD),
            deliver=self.deliver,
            dump=lambda reason, lines: None,
            monotonic=time.monotonic,
            now=self.now,
            new_session=lambda: secrets.randbits(63) + 1,
            rate=RATE,
        )
        self.task = asyncio.create_task(self.connection.run())

    def send(self, order: events.Order) -> bool:
        """An order decided in the present session."""
        return self.connection.send_order(order, present_session(self.facts))

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=(time.monotonic() - self.epoch_s) * RATE)

    def deliver(self, facts: Sequence[Fact]) -> None:
        self.facts += facts
        for fact in facts:
            if isinstance(fact, events.RobotLogged):
                self.known[fact.log_id] = fact.index

    def release(self, number: int) -> events.Order:
        expires = self.now() + timedelta(seconds=60 * RATE)
        return replace(order(number), robot=SERIAL, label="S-0001", expires=expires)

    def logged(self, wanted: events.Order) -> list[str]:
        entries = [fact for fact in self.facts if isinstance(fact, events.RobotLogged)]
        return [fact.entry for fact in entries if fact.order_id == wanted.order_id]

    def fault(self) -> str:
        """By the newest status."""
        told = [fact.status.fault for fact in self.facts if isinstance(fact, events.RobotReported)]
        return told[-1] if told else ""

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not happened():
                if self.task.done():
                    await self.task
                await asyncio.sleep(0.005)

    async def until_ready(self) -> None:
        await self.until(lambda: isinstance(self.connection.state, Ready))

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[Simulated]:
    made = Simulated(tmp_path, time.monotonic())
    await made.start()
    yield made
    await made.kill()


@pytest.fixture
async def watcher(simulated: Simulated) -> AsyncIterator[Watcher]:
    made = Watcher(simulated.link, simulated.epoch_s)
    yield made
    await made.stop()


async def test_a_release_is_ordered_proved_and_pressed_for(simulated: Simulated, watcher: Watcher) -> None:
    await watcher.until_ready()
    (report,) = [fact for fact in watcher.facts if isinstance(fact, ReportClock)]
    assert abs(report.robot_utc - report.box_utc) < timedelta(seconds=RATE)

    simulated.key("p")
    await watcher.until(lambda: any(isinstance(fact, events.Pressed) for fact in watcher.facts))
    release = watcher.release(1)
    assert watcher.send(release)
    await watcher.until(lambda: watcher.logged(release) == ["accepted", "started", "ended"])
    await watcher.until(
        lambda: any(isinstance(fact, events.RobotReported) and fact.status.holding for fact in watcher.facts)
    )

    assert watcher.send(watcher.release(2))  # the dose id is spent: the robot says so itself
    await watcher.until(lambda: any(isinstance(fact, events.OrderEnded) for fact in watcher.facts))
    (ended,) = [fact for fact in watcher.facts if isinstance(fact, events.OrderEnded)]
    assert (ended.result, ended.reason) == (events.Result.REFUSED, "already_released")
    assert in_order(watcher.facts)


async def test_a_suspected_double_feed_reaches_the_home_with_its_sachet_and_as_a_fault(
    tmp_path: Path,
) -> None:
    """Rule 7: the entry says which sachet was to move, and the fault stands until a person clears it."""
    simulated = Simulated(tmp_path, time.monotonic())
    feed = {"schema": "simulator/script/1", "deeds": [{"at": EPOCH.isoformat(), "do": "double_feed"}]}
    simulated.script.write_text(json.dumps(feed))
    await simulated.start()
    watcher = Watcher(simulated.link, simulated.epoch_s)
    try:
        await watcher.until_ready()
        release = watcher.release(1)
        assert watcher.send(release)
        await watcher.until(lambda: "ended" in watcher.logged(release))
        (ended,) = [f for f in watcher.facts if isinstance(f, events.RobotLogged) and f.entry == "ended"]
        assert (ended.result, ended.detail, ended.label) == ("done", DOUBLE_FEED, "S-0001")
        await watcher.until(lambda: watcher.fault() == DOUBLE_FEED)
        simulated.key("c")
        await watcher.until(lambda: watcher.fault() == "")
    finally:
        await watcher.stop()
        await simulated.kill()


async def test_a_robot_killed_in_a_motion_comes_back_and_its_log_says_how_far_it_got(
    simulated: Simulated, watcher: Watcher
) -> None:
    await watcher.until_ready()
    release = watcher.release(1)
    watcher.send(release)
    await watcher.until(lambda: "accepted" in watcher.logged(release))
    await simulated.kill()
    await watcher.until(lambda: any(isinstance(fact, events.RobotLost) for fact in watcher.facts))
    watcher.facts.clear()

    await simulated.start()
    await watcher.until_ready()

    told = watcher.logged(release)
    assert told[-1] in ("cancelled", "started", "ended")
    assert told.count("ended") <= 1
    assert isinstance(
        next(fact for fact in watcher.facts if not isinstance(fact, events.RobotLost)), events.RobotIdentified
    )


async def test_another_robot_on_the_port_is_rejected(simulated: Simulated) -> None:
    watcher = Watcher(simulated.link, simulated.epoch_s, serial="SIM-0002")
    await watcher.until(lambda: isinstance(watcher.connection.state, Faulted))
    await watcher.stop()

    assert isinstance(watcher.facts[-1], events.RobotRejected)
    assert watcher.facts[-1].reason == "wrong_serial"
