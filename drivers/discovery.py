"""Which robot hangs on which port: asked of the robot itself, before a home is configured for it.

Knows how to open a port, greet whoever is there over the real link, and read plate and clock; says in words
why nobody was found there. Knows no configuration and takes nobody for granted: which robot is the right one
is the caller's to say. Orders nothing. A greeting cancels orders that were accepted and not started, so a
port that a running home holds is refused before a byte is written. `dispenserd.provision` is the caller.
"""

from __future__ import annotations

import asyncio
import grp
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from drivers import sachet_roll, serial_port
from drivers.port import PortBusy, PortDenied, PortLost, PortUnavailable
from drivers.serial_port import Listed, open_serial
from protocol.wire import messages as wire
from protocol.wire.limits import UTC_MS_MAX
from protocol.wire.link import Link, LinkLost, MessageReceived, Role, SessionOpened
from scheduler.instant import from_ms

ANSWER_WITHIN_S = 15.0
"""For greeting, plate and clock together. The link gives up an unanswered greeting after 6 s by itself; a
robot has 2 s for each of the replies, and a noisy line may cost a retransmit of each."""

BY_ID = Path("/dev/serial/by-id")
"""Names that stay with the device, whichever socket it is plugged into and whatever else is."""

SERIAL_GROUP = "dialout"


@dataclass(frozen=True, slots=True)
class Robot:
    """Who answered. Instants in UTC; `clock_off_s`: how far its battery clock is ahead of ours."""

    port: str  # the name to keep: stable if there is one
    serial: str
    family: str
    firmware: str
    auth: str  # "none": the line is not authenticated (S6)
    missing: tuple[str, ...]  # capabilities of its family that it lacks
    host_epoch: int  # 0: no home has ever confirmed its journal to it
    clock: datetime
    clock_off_s: float
    commissioned: bool
    battery_ok: bool
    clock_set: datetime


@dataclass(frozen=True, slots=True)
class NoRobot:
    """Why no robot was found at this port. `code`: port_missing, port_busy, port_denied, port_unusable,
    silent, not_a_robot, wrong_protocol, unplugged."""

    port: str
    code: str
    what: str
    next_step: str


def ports() -> list[Listed]:
    """The serial devices on USB."""
    return serial_port.listed()


def stable_name(port: str, by_id: Path = BY_ID) -> str:
    """The device's name under /dev/serial/by-id if it has one, else the name as given."""
    with suppress(OSError):
        device = Path(port).resolve(strict=True)
        for link in sorted(by_id.iterdir()):
            if link.resolve() == device:
                return str(link)
    return port


async def identify(
    port: str,
    baud: int,
    session: int,
    monotonic: Callable[[], float],
    now: Callable[[], datetime],
    within_s: float = ANSWER_WITHIN_S,
) -> Robot | NoRobot:
    """Who is at this port. `session`: a random number that no other session has (64 bits)."""
    call = _Call(session, monotonic, now)
    try:
        opened = open_serial(port, baud, call.received, call.port_lost)
    except PortUnavailable as unavailable:
        return _unavailable(port, unavailable)
    try:
        call.begin()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not call.over:
                    opened.write(call.step())
                    await call.wait()
    finally:
        opened.close()
    if call.plate is not None and call.clock is not None:
        return _robot(stable_name(port), call.plate, call.clock, call.clock_off_s)
    return _nobody(port, call)


class _Call:
    """One conversation: open, hello, clock. What is heard beside it is no business of ours."""

    def __init__(self, session: int, monotonic: Callable[[], float], now: Callable[[], datetime]) -> None:
        self._session = session
        self._monotonic = monotonic
        self._now = now
        self._link = Link(Role.HOST)
        self._wake = asyncio.Event()
        self._inbox: list[bytes] = []
        self._asked_at: datetime | None = None
        self.heard_bytes = 0
        self.opened = False
        self.lost = ""  # why the conversation ended
        self.plate: wire.HelloReply | None = None
        self.clock: wire.Clock | None = None
        self.clock_off_s = 0.0

    @property
    def over(self) -> bool:
        return bool(self.lost) or self.clock is not None

    def begin(self) -> None:
        self._link.open(self._session, self._monotonic())

    def received(self, data: bytes) -> None:
        self._inbox.append(data)
        self._wake.set()

    def port_lost(self, lost: PortLost) -> None:
        self.lost = lost.reason
        self._wake.set()

    def step(self) -> bytes:
        """Take in what came and what is due; the bytes to write."""
        now_s = self._monotonic()
        data = b"".join(self._inbox)
        self._inbox.clear()
        self.heard_bytes += len(data)
        for event in [*self._link.receive(data, now_s), *self._link.tick(now_s)]:
            match event:
                case SessionOpened():
                    self.opened = True
                    self._link.send(wire.Hello(1, wire.PROTOCOL_VERSION, 0, b""), now_s)
                case MessageReceived(message=wire.HelloReply() as plate):
                    self.plate = plate
                    self._asked_at = self._now()
                    self._link.send(wire.ReadClock(2), now_s)
                case MessageReceived(message=wire.Clock() as clock):
                    self._compare(clock)
                case MessageReceived(message=wire.Refused(error=wire.Error.UNSUPPORTED_VERSION)):
                    self.lost = "unsupported_version"
                case LinkLost(reason=reason, detail=detail):
                    self.lost = detail if detail == "unsupported_version" else str(reason)
                case MessageReceived():
                    pass
        return self._link.outgoing()

    async def wait(self) -> None:
        if not self.over:
            due_s = self._link.next_timeout_s()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due_s is None else max(due_s - self._monotonic(), 0.0)):
                    await self._wake.wait()
        self._wake.clear()

    def _compare(self, clock: wire.Clock) -> None:
        """Against the middle of the exchange: half the way is the best guess."""
        answered = self._now()
        asked = self._asked_at or answered
        middle = asked + (answered - asked) / 2
        self.clock = clock
        self.clock_off_s = clock.utc_ms / 1000 - middle.timestamp()


def _robot(port: str, plate: wire.HelloReply, clock: wire.Clock, clock_off_s: float) -> Robot:
    return Robot(
        port=port,
        serial=plate.serial,
        family=plate.family,
        firmware=plate.firmware,
        auth=plate.auth.value,
        missing=tuple(sorted(sachet_roll.missing_capabilities(plate.capabilities))),
        host_epoch=plate.host_epoch,
        clock=from_ms(min(clock.utc_ms, UTC_MS_MAX)),
        clock_off_s=round(clock_off_s, 3),
        commissioned=clock.commissioned,
        battery_ok=clock.battery_ok,
        clock_set=from_ms(min(clock.set_utc_ms, UTC_MS_MAX)),
    )


def _unavailable(port: str, unavailable: PortUnavailable) -> NoRobot:
    match unavailable:
        case PortBusy():
            next_step = (
                "Stop the other program: `systemctl stop dispenserd`, or a terminal program; "
                f"`fuser {port}` names it."
            )
            return NoRobot(port, "port_busy", f"Another program holds {port}.", next_step)
        case PortDenied():
            group = _group_of(port)
            next_step = f"Run `usermod -aG {group} USER` for this user, sign in anew, or use sudo."
            what = f"This user may not open {port}: only root and the group {group} may."
            return NoRobot(port, "port_denied", what, next_step)
        case _:
            what, _, next_step = str(unavailable).partition(". ")
            return NoRobot(port, unavailable.reason, f"{what}.", next_step)


def _group_of(port: str) -> str:
    """The group that may open the device. Debian gives serial devices to dialout; where this one belongs to
    root's own group nobody is told to join that."""
    try:
        owner = grp.getgrgid(Path(port).stat().st_gid)
    except (OSError, KeyError):
        return SERIAL_GROUP
    return owner.gr_name if owner.gr_gid != 0 else SERIAL_GROUP


def _nobody(port: str, call: _Call) -> NoRobot:
    if call.lost == "unplugged":
        what = f"The device at {port} vanished while it was asked who it is."
        return NoRobot(port, "unplugged", what, "Plug the robot in firmly, wait ten seconds, and try again.")
    if call.lost == "unsupported_version" or (
        call.plate is not None and call.plate.protocol != wire.PROTOCOL_VERSION
    ):
        what = f"The robot at {port} speaks another version of the wire than {wire.PROTOCOL_VERSION}."
        return NoRobot(port, "wrong_protocol", what, "Update the robot's firmware or this software.")
    if call.heard_bytes and not call.opened:
        what = (
            f"Something answers at {port}, and it is no robot ({call.heard_bytes} bytes that mean nothing)."
        )
        next_step = (
            "Name another port with --port, or check [robot] baud: at a wrong speed a robot sounds so."
        )
        return NoRobot(port, "not_a_robot", what, next_step)
    if call.opened:
        what = f"The robot at {port} began to answer and did not say who it is ({call.lost or 'no reply'})."
        return NoRobot(port, "silent", what, "Switch it off and on, check the cable, and try again.")
    what = f"Nobody answers at {port}."
    next_step = "Switch the robot on and check the cable, or name another port with --port."
    return NoRobot(port, "silent", what, next_step)
