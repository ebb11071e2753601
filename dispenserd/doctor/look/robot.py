"""Looks at the robot: its port as the system shows it, and, where no home runs, a short session of our own.

The session orders nothing, confirms nothing and shows nothing; its hello cancels what was accepted and never
started, as the home's own next hello would. The port is closed after it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from dispenserd.clock import Clock
from dispenserd.config import RobotSection
from dispenserd.doctor.case import RobotMet
from dispenserd.doctor.judge.robot import PortSeen
from drivers.connection import RobotConnection
from drivers.robot import RobotExpectation
from drivers.session import Polling
from scheduler.commands import Fact
from scheduler.events import RobotCaughtUp, RobotLost, RobotRejected, RobotReported

SESSION_S = 15.0
"""The link gives a silent port up after 6 s; a long log takes a few more."""

QUESTIONS_S = 2.0
"""After the log was read: so long it is asked about its sensors, to see how it answers."""

POLLING = Polling(status_every_s=0.1, clock_every_s=1.0)

SESSION_BITS = 64

Head = tuple[int, str]


def port(path: Path) -> PortSeen:
    try:
        seen = path.stat()
    except OSError:
        return PortSeen(str(path))
    device = path.resolve()
    by_name = path.is_symlink() and not path.name.startswith("ttyUSB")
    return PortSeen(
        path=str(path),
        device=str(device),
        there=True,
        character_device=stat.S_ISCHR(seen.st_mode),
        usable=os.access(path, os.R_OK | os.W_OK, effective_ids=True),
        stable=by_name or device.name.startswith(("ttyAMA", "ttyS", "serial")),
    )


def met(robot: RobotSection, clock: Clock, known_log: Callable[[str], int | None], head: Head) -> RobotMet:
    """Blocks for a few seconds; called only where nobody else uses the robot."""
    return asyncio.run(_met(robot, clock, known_log, head))


async def _met(
    robot: RobotSection, clock: Clock, known_log: Callable[[str], int | None], head: Head
) -> RobotMet:
    told: list[Fact] = []
    something = asyncio.Event()

    def deliver(facts: Sequence[Fact]) -> None:
        told.extend(facts)
        something.set()

    connection = RobotConnection(
        port=str(robot.port),
        baud=robot.baud,
        expected=RobotExpectation(robot.serial, robot.family, robot.accept_unauthenticated),
        known_log=known_log,
        position=lambda: head,
        deliver=deliver,
        dump=lambda reason, lines: None,
        monotonic=clock.monotonic,
        now=clock.now,
        new_session=lambda: secrets.randbits(SESSION_BITS) or 1,
        rate=clock.rate,
        polling=POLLING,
    )
    running = asyncio.create_task(connection.run())
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(SESSION_S):
                while not _came_to_something(told):
                    something.clear()
                    await something.wait()
        if connection.ready:
            await asyncio.sleep(QUESTIONS_S)
        return _of(told, connection)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _came_to_something(told: Sequence[Fact]) -> bool:
    return any(isinstance(fact, RobotCaughtUp | RobotLost | RobotRejected) for fact in told)


def _of(told: Sequence[Fact], connection: RobotConnection) -> RobotMet:
    statuses = [fact.status for fact in told if isinstance(fact, RobotReported)]
    lost = next((fact.reason for fact in told if isinstance(fact, RobotLost)), "")
    rejected = next((fact.reason for fact in told if isinstance(fact, RobotRejected)), "")
    caught_up = any(isinstance(fact, RobotCaughtUp) for fact in told)
    return RobotMet(
        lost=lost or ("" if rejected or caught_up else "no_answer"),
        rejected=rejected,
        caught_up=caught_up,
        identified=connection.identified,
        clock=connection.clock,
        status=statuses[-1] if statuses else None,
        line=connection.line,
    )
