"""The whole driver on a real pseudo-terminal: kept connected, whatever happens to the port or the robot."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from drivers.connection import RobotConnection
from drivers.port import OnData, OnLost, Port, PortMissing
from drivers.robot import RobotExpectation
from drivers.states import Absent, CatchingUp, Faulted, Identifying, Ready, State
from protocol.wire import messages as wire
from protocol.wire.messages import EntryKind
from scheduler import events
from scheduler.commands import Fact
from scheduler.events import RobotCaughtUp, RobotLogged, RobotLost
from tests.drivers.scripted_robot import (
    HEAD,
    LOG_ID,
    SERIAL,
    ScriptedRobot,
    entry,
    in_order,
    order,
    present_session,
)

NOISE = b"\x00\x13\x00garbage\xff\xfe\x00\x00"


class RobotOnPty:
    """A scripted robot behind a pseudo-terminal; `link` is the device's name, there only while plugged in."""

    def __init__(self, link: Path) -> None:
        self.robot = ScriptedRobot()
        self.link = link
        self.noise = b""
        self.opened = 0
        self._master = self._slave = -1

    def plug_in(self) -> None:
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        self.robot.reboot()
        self.link.symlink_to(os.ttyname(self._slave))
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def unplug(self) -> None:
        if self._master < 0:
            return
        self.link.unlink()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def flush(self) -> None:
        os.write(self._master, self.noise + self.robot.link.outgoing() + self.noise)

    def lock(self) -> None:
        """Another program that uses the device politely."""
        fcntl.flock(self._slave, fcntl.LOCK_EX)

    def _readable(self) -> None:
        with suppress(BlockingIOError):
            self.robot.receive(os.read(self._master, 65_536), time.monotonic() + 1000)
            self.flush()


class Home:
    """The daemon's end: the connection running as a task, and what it told."""

    def __init__(self, port: Path) -> None:
        self.facts: list[Fact] = []
        self.dumps: list[str] = []
        self.broken = False
        self.sessions = 0
        self.connection = RobotConnection(
            port=str(port),
            baud=115_200,
            expected=RobotExpectation(SERIAL, "sachet_roll", True),
            known_log=lambda log_id: None,
            position=lambda: (3, HEAD),
            deliver=self.deliver,
            dump=lambda reason, lines: self.dumps.append(f"{reason}: {lines[-1]}"),
            monotonic=time.monotonic,
            now=lambda: datetime.now(UTC),
            new_session=self.new_session,
        )
        self.task = asyncio.create_task(self.connection.run())

    def deliver(self, facts: Sequence[Fact]) -> None:
        if self.broken:
            raise ZeroDivisionError
        self.facts += facts

    def send(self, order: events.Order) -> bool:
        """An order decided in the present session."""
        return self.connection.send_order(order, present_session(self.facts))

    def new_session(self) -> int:
        self.sessions += 1
        return secrets.randbits(63) + 1

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not happened():
                if self.task.done():
                    await self.task
                await asyncio.sleep(0.002)

    async def until_state(self, kind: type[State]) -> None:
        await self.until(lambda: isinstance(self.connection.state, kind))

    def losses(self) -> list[str]:
        return [fact.reason for fact in self.facts if isinstance(fact, RobotLost)]


@pytest.fixture
async def plug(tmp_path: Path) -> AsyncIterator[RobotOnPty]:
    made = RobotOnPty(tmp_path / "robot")
    yield made
    made.unplug()


@pytest.fixture
async def home(plug: RobotOnPty) -> AsyncIterator[Home]:
    made = Home(plug.link)
    yield made
    made.task.cancel()
    with suppress(asyncio.CancelledError, ZeroDivisionError):
        await made.task


async def test_a_robot_is_found_read_and_ordered(plug: RobotOnPty, home: Home) -> None:
    plug.robot.log = [entry(index) for index in range(1, 41)]
    plug.plug_in()
    await home.until_state(Ready)

    home.connection.show("pulse", "soft", ("Morgenmedicin",))
    assert home.send(order(1))
    assert not home.send(order(2))
    await home.until(lambda: bool(plug.robot.of(wire.Order)) and bool(plug.robot.of(wire.Prompt)))
    plug.robot.append(EntryKind.STARTED, order(1).order_id)
    plug.robot.append(EntryKind.ENDED, order(1).order_id)
    plug.flush()
    await home.until(lambda: any(isinstance(f, RobotLogged) and f.entry == "ended" for f in home.facts))
    home.connection.confirm(LOG_ID.hex(), 43, 3, HEAD)
    await home.until(lambda: bool(plug.robot.of(wire.ConfirmLog)))

    assert [fact.index for fact in home.facts if isinstance(fact, RobotLogged)] == list(range(1, 44))
    assert in_order(home.facts)


async def test_a_device_that_is_not_there_is_told_once_and_waited_for(plug: RobotOnPty, home: Home) -> None:
    await asyncio.sleep(0.7)
    assert home.losses() == ["port_missing"]
    assert home.connection.state == Absent("port_missing")
    assert len(home.dumps) == 1
    assert f"There is no serial device {plug.link}" in home.dumps[0]

    plug.plug_in()

    await home.until_state(Ready)


async def test_a_device_that_another_program_uses_is_told_as_busy(plug: RobotOnPty, home: Home) -> None:
    plug.plug_in()
    plug.lock()

    await home.until(lambda: home.losses()[-1:] == ["port_busy"])


SILENT_TO: dict[type[State], set[type[wire.Message]]] = {
    Identifying: {wire.Hello},
    CatchingUp: {wire.ReadLog},
    Ready: set(),
}


@pytest.mark.parametrize("kind", SILENT_TO)
async def test_an_unplug_in_any_state_is_told_and_the_robot_is_taken_again(
    plug: RobotOnPty, home: Home, kind: type[State]
) -> None:
    plug.robot.log = [entry(1)]
    plug.robot.silent_to = set(SILENT_TO[kind])
    plug.plug_in()
    await home.until_state(kind)
    home.facts.clear()

    plug.unplug()
    await home.until_state(Absent)
    plug.robot.silent_to.clear()
    plug.plug_in()
    await home.until_state(Ready)

    assert home.losses()[0] == "unplugged"
    assert isinstance(home.facts[-1], RobotCaughtUp)


async def test_an_unplug_while_the_wrong_robot_is_left_alone_is_no_crash(
    plug: RobotOnPty, home: Home
) -> None:
    plug.robot.hello = replace(plug.robot.hello, serial="SR-000999")
    plug.plug_in()
    await home.until_state(Faulted)
    plug.unplug()
    await asyncio.sleep(0.3)

    assert not home.task.done()
    assert home.sessions == 1


async def test_the_wrong_robot_is_not_asked_again_and_again(plug: RobotOnPty, home: Home) -> None:
    plug.robot.hello = replace(plug.robot.hello, serial="SR-000999")
    plug.plug_in()
    await home.until_state(Faulted)
    await asyncio.sleep(0.7)

    assert home.sessions == 1


async def test_garbage_between_the_frames_hinders_nothing(plug: RobotOnPty, home: Home) -> None:
    plug.noise = NOISE
    plug.robot.log = [entry(index) for index in range(1, 20)]
    plug.plug_in()
    await home.until_state(Ready)

    assert home.losses() in ([], ["port_missing"])


async def test_a_wish_made_before_the_robot_is_there_reaches_it(plug: RobotOnPty, home: Home) -> None:
    home.connection.show("steady", "none", ("Vi venter på robotten",))
    plug.plug_in()

    await home.until(lambda: bool(plug.robot.of(wire.Prompt)))


async def test_a_failure_of_the_home_ends_run(plug: RobotOnPty, home: Home) -> None:
    home.broken = True
    plug.plug_in()

    with pytest.raises(ZeroDivisionError):
        await home.task


async def test_cancelling_lets_go_of_the_port(plug: RobotOnPty, home: Home) -> None:
    plug.plug_in()
    await home.until_state(Ready)
    home.task.cancel()
    with suppress(asyncio.CancelledError):
        await home.task

    again = Home(plug.link)
    await again.until_state(Ready)
    again.task.cancel()
    with suppress(asyncio.CancelledError):
        await again.task


async def test_the_pauses_between_attempts_grow() -> None:
    attempts: list[float] = []
    four = asyncio.Event()

    def missing(name: str, baud: int, on_data: OnData, on_lost: OnLost) -> Port:
        attempts.append(time.monotonic())
        if len(attempts) == 4:
            four.set()
        raise PortMissing(name)

    connection = RobotConnection(
        port="none",
        baud=115_200,
        expected=RobotExpectation(SERIAL, "sachet_roll", True),
        known_log=lambda log_id: None,
        position=lambda: (1, ""),
        deliver=lambda facts: None,
        dump=lambda reason, lines: None,
        monotonic=time.monotonic,
        now=lambda: datetime.now(UTC),
        new_session=lambda: 1,
        open_port=missing,
    )
    trying = asyncio.create_task(connection.run())
    await asyncio.wait_for(four.wait(), 30.0)
    trying.cancel()

    pauses = [later - earlier for earlier, later in pairwise(attempts)]
    for pause_s, at_least_s in zip(pauses, (0.2, 0.4, 0.8), strict=True):
        assert pause_s > at_least_s * 0.99, pauses
