"""A home's parts with crash points on their ways, for a rehearsal; without a probe, the parts themselves.

`Wiring` is the composition root's: whatever it hands out does what the bare part does, and calls the probe in
between. Nothing here decides, delays or changes anything; a home without a probe runs no line of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from dispenserd import courier
from dispenserd.engine import Journal
from dispenserd.home import Head, Home, OutboxRow, Position
from dispenserd.mqtt.session import BrokerTook, Message, PublishEnd, Session
from dispenserd.probe import Point, Probe
from drivers.port import OnData, OnLost, OpenPort, Port
from drivers.serial_port import open_serial
from scheduler import events as ev
from scheduler.commands import Fact, TakeReceipt
from scheduler.events import Event
from scheduler.outbox import Change, OutboxName
from scheduler.world import RobotState, World

DELIMITER = b"\0"
"""What stands before and after each frame on the robot's line."""


@dataclass
class Wiring:
    """How the composition root joins its parts."""

    probe: Probe | None
    order_id: bytes = b""  # of the order last handed to the robot's link

    def passed(self, point: Point) -> None:
        if self.probe is not None:
            self.probe(point)

    def journal(self, journal: Journal) -> Journal:
        return journal if self.probe is None else _Journal(journal, self.probe)

    def home(self, home: Home) -> Home:
        return home if self.probe is None else _Home(home, self.probe)

    @property
    def session(self) -> Callable[..., Session]:
        return Session if self.probe is None else partial(_Session, self.probe)

    @property
    def open_port(self) -> OpenPort:
        return open_serial if self.probe is None else self._open_probed

    def robot(self, robot: courier.RobotConnection) -> courier.RobotConnection:
        return robot if self.probe is None else _Robot(robot, self.probe, self)

    def _open_probed(self, name: str, baud: int, on_data: OnData, on_lost: OnLost) -> Port:
        return self.probed_port(open_serial(name, baud, on_data, on_lost))

    def probed_port(self, port: Port) -> Port:
        assert self.probe is not None
        return _Port(port, self.probe, self)


class _Journal:
    def __init__(self, journal: Journal, probe: Probe) -> None:
        self._journal = journal
        self._probe = probe

    @property
    def newest(self) -> tuple[int, int, str]:
        return self._journal.newest

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]:
        return await self._journal.missing(heads)

    async def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        self._probe(Point.BEFORE_COMMIT)
        commit = asyncio.ensure_future(self._journal.append(events, changes))
        await asyncio.sleep(0)  # now it is with the store's thread
        if changes:
            self._probe(Point.IN_COMMIT)
        await commit
        self._probe(Point.AFTER_COMMIT)

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]:
        return await self._journal.unanswered(outbox)

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> Sequence[OutboxRow]:
        return await self._journal.kept(outbox, keys)


class _Home:
    def __init__(self, home: Home, probe: Probe) -> None:
        self._home = home
        self._probe = probe

    @property
    def world(self) -> World:
        return self._home.world

    @property
    def head(self) -> Head:
        return self._home.head

    @property
    def position(self) -> Position:
        return self._home.position

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]:
        return await self._home.missing(heads)

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> Sequence[OutboxRow]:
        return await self._home.kept(outbox, keys)

    def watch(self) -> asyncio.Event:
        return self._home.watch()

    async def submit(self, *facts: Fact, arrived_s: float | None = None) -> Sequence[Event]:
        for point in dict.fromkeys(_arriving(fact, self._home.world) for fact in facts):
            if point is not None:
                self._probe(point)
        events = await self._home.submit(*facts, arrived_s=arrived_s)
        if any(isinstance(fact, TakeReceipt) for fact in facts):
            self._probe(Point.RECEIPT_COMMITTED)
        return events

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]:
        rows = await self._home.unanswered(outbox)
        if outbox == "administration" and rows:
            self._probe(Point.BEFORE_FILING)
        return rows


def _arriving(fact: Fact, world: World) -> Point | None:
    """The point that a fact passes before its commit."""
    match fact:
        case TakeReceipt():
            return Point.RECEIPT_ARRIVED
        case ev.AdministrationFiled():
            return Point.FILED
        case ev.RobotIdentified():
            return Point.GREETED
        case ev.RobotLogged(robot=robot) if world.robot(robot).state is not RobotState.READY:
            return Point.LOG_PAGE_READ
        case ev.OrderEnded() | ev.RobotLogged(entry="ended"):
            return Point.ANSWERED
        case _:
            return None


class _Session(Session):
    def __init__(self, probe: Probe, *arguments: object, **named: object) -> None:
        super().__init__(*arguments, **named)  # type: ignore[arg-type]
        self._probe = probe

    async def publish(self, message: Message) -> PublishEnd:
        self._probe(Point.BEFORE_PUBLISH)
        end = await super().publish(message)
        if isinstance(end, BrokerTook):
            self._probe(Point.AFTER_PUBACK)
        return end


class _Robot:
    def __init__(self, robot: courier.RobotConnection, probe: Probe, wiring: Wiring) -> None:
        self._robot = robot
        self._probe = probe
        self._wiring = wiring

    def send_order(self, order: ev.Order, decided_in: str) -> bool:
        self._probe(Point.ORDER_COMMITTED)
        self._wiring.order_id = bytes.fromhex(order.order_id)
        taken = self._robot.send_order(order, decided_in)
        if taken:
            self._probe(Point.ORDER_SENT)
        return taken

    def show(self, light: str, sound: str, lines: tuple[str, ...]) -> None:
        self._robot.show(light, sound, lines)

    def confirm(self, log_id: str, upto: int, epoch: int, head: str) -> None:
        self._robot.confirm(log_id, upto, epoch, head)

    def compare_clock(self) -> None:
        self._robot.compare_clock()


class _Port:
    """Splits the write that holds the order behind the first byte of its frame."""

    def __init__(self, port: Port, probe: Probe, wiring: Wiring) -> None:
        self._port = port
        self._probe = probe
        self._wiring = wiring

    def write(self, data: bytes) -> None:
        first = _frame_of(self._wiring.order_id, data)
        if first is None:
            self._port.write(data)
            return
        self._port.write(data[:first])
        self._probe(Point.FIRST_BYTE)
        self._port.write(data[first:])

    def close(self) -> None:
        self._port.close()


def _frame_of(order_id: bytes, data: bytes) -> int | None:
    """Behind the first byte of the frame that carries this id; stuffing changes none of its bytes but 0."""
    piece = max(order_id.split(DELIMITER), key=len)
    at = data.find(piece) if piece else -1
    return None if at < 0 else data.rfind(DELIMITER, 0, at) + 2
