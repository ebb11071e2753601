"""`python -m tests.bench.robot_process LINK DISTANCE MANIFEST`: the simulated robot, which says when.

The real simulator on a paced pseudo-terminal. One line on its input is one act (press, lift); it tells when a
press was made, when an order was there, and how many bytes each took on the line.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from functools import partial
from pathlib import Path

from protocol.wire import messages as m
from protocol.wire.codec import encode
from protocol.wire.limits import frame_bytes
from simulator.clock import Moment
from simulator.mechanics import Mechanics
from simulator.memory import BatteryClock, Memory
from simulator.port import Port
from simulator.refusals import FirmwareLimits
from simulator.robot import Robot
from simulator.roll import read_roll
from simulator.script import Lift, Press
from simulator.server import Server
from tests.bench.skipping_clock import RobotClock, SharedDistance

DELIMITERS_BYTES = 2
RELEASES_MAX = 10_000
"""The robot's own pace is by its uptime, and here weeks pass in minutes of it."""


class TellingRobot(Robot):
    def press(self, moment: Moment, answer: m.Answer = m.Answer.TAKE, tag: str = "") -> list[m.Message]:
        at = time.monotonic()
        said = super().press(moment, answer, tag)
        pressed = [message for message in said if isinstance(message, m.Pressed)]
        tell("pressed", at, sum(map(line_bytes, pressed)))
        return said

    def receive(self, message: m.Message, moment: Moment) -> list[m.Message]:
        if isinstance(message, m.Order):
            tell(message.kind.value, time.monotonic(), line_bytes(message))
        return super().receive(message, moment)


def line_bytes(message: m.Message) -> int:
    return frame_bytes(len(encode(message))) + DELIMITERS_BYTES


def tell(what: str, at: float, size: int) -> None:
    print(json.dumps({"what": what, "at": at, "bytes": size}), flush=True)


def moved(line: dict[str, object]) -> None:
    if line["what"] == "moved":
        tell(f"to_{line['to']}", time.monotonic(), 0)


async def serve(link: Path, distance: Path, manifest: Path) -> None:
    clock = RobotClock(SharedDistance(distance))
    now = clock.now()
    memory = Memory(clock=BatteryClock(set_utc_ms=now.civil_ms))
    limits = FirmwareLimits(gap_ms=0, per_day_max=RELEASES_MAX)
    robot = TellingRobot(memory, Mechanics(), limits, "SIM-0001", partial(os.urandom, 16))
    robot.load(*read_roll(manifest), now)
    server = Server(robot, Port(link), clock, moved)  # type: ignore[arg-type]  # a clock that jumps
    heard = ""

    def acts() -> None:
        nonlocal heard
        data = os.read(sys.stdin.fileno(), 256).decode()
        if not data:  # the bench has ended
            server.end()
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            return
        *whole, heard = (heard + data).split("\n")
        for line in whole:
            server.do(Press(at_ms=0) if line == "press" else Lift(at_ms=0))

    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), acts)
    await server.run()


if __name__ == "__main__":
    asyncio.run(serve(*map(Path, sys.argv[1:4])))
