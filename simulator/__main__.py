"""`python -m simulator --port LINK`: one simulated robot, on its own.

Puts clock, memory, robot, port and script together. Stdout carries one JSON object a line of what can be
seen from outside; texts for people go to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import signal
import socket
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from protocol.wire.messages import Answer
from simulator import memory_file
from simulator.clock import RatedClock, clock_from
from simulator.mechanics import Mechanics
from simulator.memory import BatteryClock, Memory
from simulator.port import Port, PortError
from simulator.refusals import DAY_MS, FirmwareLimits
from simulator.robot import Robot
from simulator.roll import RollError, read_roll
from simulator.script import ClearFault, Deed, Lift, Press, ScriptError, read_script
from simulator.server import BAUD, Report, Server
from simulator.visible import iso

SCHEMA = "simulator/robot/1"
USAGE, CONFIGURATION = 2, 3
KEYS = (
    "keys: p press (take), s later, n no thanks, h help, a as needed, 1 2 3 answer, "
    "l lift, c clear a fault, q quit"
)
ANSWER_KEYS = {
    "p": Answer.TAKE,
    "s": Answer.LATER,
    "n": Answer.NO_THANKS,
    "h": Answer.HELP,
    "a": Answer.AS_NEEDED,
    "1": Answer.FIRST,
    "2": Answer.SECOND,
    "3": Answer.THIRD,
}


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return asyncio.run(_serve(options))
    except (RollError, ScriptError, PortError, ValueError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return CONFIGURATION


async def _serve(options: argparse.Namespace) -> int:
    claim = _claimed(options.port)
    clock = clock_from(options.civil_epoch, options.monotonic_epoch, options.rate)
    deeds: list[Deed] = read_script(options.script) if options.script else []
    robot = _robot(options, clock)
    server = Server(
        robot, Port(options.port), clock, _reporter(options.trace), deeds=deeds, baud=options.baud
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, server.end)
    _print({"what": "ready", "at": iso(clock.now().civil_ms), "port": str(options.port)})
    with claim, _keyboard(server, wanted=options.press_key):
        await server.run()
    return 0


def _claimed(link: Path) -> socket.socket:
    """This process alone serves the link: a second robot would take it over and leave the first unreachable.
    An abstract socket ends with its process, however that ends."""
    claim = socket.socket(socket.AF_UNIX)
    name = hashlib.sha256(str(link.absolute()).encode()).hexdigest()
    try:
        claim.bind(f"\0dispenserd-simulator-{name}")
    except OSError:
        claim.close()
        raise PortError(f"another simulator serves {link}; end it, or choose another --port") from None
    return claim


def _robot(options: argparse.Namespace, clock: RatedClock) -> Robot:
    now = clock.now()
    memory, mechanics = Memory(), Mechanics()
    memory.clock = BatteryClock(
        set_utc_ms=now.civil_ms,
        commissioned=not options.not_commissioned,
        battery_ok=not options.battery_gap,
    )
    if options.memory is not None:
        memory_file.load(options.memory, memory, mechanics)
        memory.keep = mechanics.changed = partial(memory_file.save, options.memory, memory, mechanics)
    limits = FirmwareLimits(
        gap_ms=_machine_ms(options.min_gap_s, FirmwareLimits().gap_ms, options.rate),
        per_day_max=options.releases_per_day_max,
        day_ms=_machine_ms(options.day_s, DAY_MS, options.rate),
        clock_step_max_ms=int(FirmwareLimits().clock_step_max_ms * options.rate),
    )
    robot = Robot(memory, mechanics, limits, options.serial, partial(os.urandom, 16))
    if options.roll is not None:
        production_id, sachets = read_roll(options.roll)
        if production_id != mechanics.production_id:
            robot.load(production_id, sachets, now)
    return robot


def _machine_ms(given_s: float | None, default_ms: int, rate: float) -> int:
    """Uptime is real: a rated run divides the durations that belong to people's days."""
    return int(default_ms / rate) if given_s is None else int(given_s * 1000)


def _reporter(trace: Path | None) -> Report:
    def report(line: dict[str, object]) -> None:
        _print(line)
        if trace is not None and line["what"] == "moved":
            with trace.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    return report


def _print(line: dict[str, object]) -> None:
    print(json.dumps({"schema": SCHEMA, **line}, ensure_ascii=not sys.stdout.isatty()), flush=True)


@contextmanager
def _keyboard(server: Server, *, wanted: bool) -> Iterator[None]:
    """Keys from a terminal, or from a pipe when they are wanted from one."""
    if not (wanted or sys.stdin.isatty()):
        yield
        return
    fd, loop = sys.stdin.fileno(), asyncio.get_running_loop()
    before = termios.tcgetattr(fd) if sys.stdin.isatty() else None
    if before is not None:
        tty.setcbreak(fd)
        print(KEYS, file=sys.stderr)
    loop.add_reader(fd, _on_keys, server, fd)
    try:
        yield
    finally:
        loop.remove_reader(fd)
        if before is not None:
            termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _on_keys(server: Server, fd: int) -> None:
    typed = os.read(fd, 256)
    if not typed:  # the pipe was closed: no more keys, the robot goes on
        asyncio.get_running_loop().remove_reader(fd)
    for key in typed.decode(errors="replace"):
        match key:
            case _ if key in ANSWER_KEYS:
                server.do(Press(at_ms=0, answer=ANSWER_KEYS[key].value))
            case "l":
                server.do(Lift(at_ms=0))
            case "c":
                server.do(ClearFault(at_ms=0))
            case "q":
                server.end()
            case _:
                pass


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A simulated medicine robot on a pseudo-terminal."
    )
    add = parser.add_argument
    add("--port", type=Path, required=True, metavar="LINK", help="symbolic link to make for the host")
    add("--roll", type=Path, help="manifest (JSON) of the roll in the magazine")
    add("--serial", default="SIM-0001", help="the robot's serial number")
    add("--memory", type=Path, help="file that keeps memory and sachets over restarts")
    add("--script", type=Path, help="JSON script of people and faults")
    add("--trace", type=Path, help="file to append every move of a sachet to")
    add("--press-key", action="store_true", help=f"take keys from stdin although it is no terminal; {KEYS}")
    add("--baud", type=int, default=BAUD, help="pace of the line, 8N1")
    add("--civil-epoch", type=_civil_ms, metavar="ISO8601", help="civil time at the monotonic epoch")
    add("--monotonic-epoch", type=float, metavar="SECONDS", help="of CLOCK_MONOTONIC")
    add("--rate", type=float, default=1.0, help="civil seconds in a real second")
    add("--min-gap-s", type=float, help="least uptime between releases of a resident (1800 / rate)")
    add("--releases-per-day-max", type=int, default=FirmwareLimits().per_day_max)
    add("--day-s", type=float, help="uptime that counts as a day for that maximum (86400 / rate)")
    add("--not-commissioned", action="store_true", help="nobody has ever set the battery clock")
    add("--battery-gap", action="store_true", help="the battery clock has stood still since it was set")
    return parser


def _civil_ms(text: str) -> int:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise argparse.ArgumentTypeError("an instant needs an offset")
    return int(instant.timestamp() * 1000)


if __name__ == "__main__":
    sys.exit(main())
