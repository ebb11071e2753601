"""A robot on a bench in virtual time, and a host that talks to its firmware without a wire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from protocol.wire import messages as m
from simulator.clock import Moment
from simulator.mechanics import Mechanics, Moved, Place, Sachet
from simulator.memory import Memory
from simulator.refusals import FirmwareLimits
from simulator.robot import Robot

RESIDENT = b"r" * 16
EPOCH_MS = 1_793_000_000_000
HOUR_S = 3600.0
PRODUCTION_ID = "ROLL-1"


def distinct_ids() -> Iterator[bytes]:
    return (number.to_bytes(16, "big") for number in count(1))


class Bench:
    """Civil time and uptime run together; `wait` lets both pass and the robot work."""

    def __init__(
        self, limits: FirmwareLimits | None = None, sachets: int = 6, entries_max: int = 512
    ) -> None:
        self._ids = distinct_ids()
        self._refs = count(1)
        self.seconds = 0.0
        self.heard: list[m.Message] = []
        self.memory = Memory(entries_max=entries_max)
        self.mechanics = Mechanics()
        self.robot = Robot(
            self.memory, self.mechanics, limits or FirmwareLimits(), "SIM-0001", lambda: next(self._ids)
        )
        roll = [Sachet(number, f"L{number}") for number in range(1, sachets + 1)]
        self.robot.load(PRODUCTION_ID, roll, self.moment)
        self.robot.power_on(self.moment)

    @property
    def moment(self) -> Moment:
        return Moment(self.seconds, EPOCH_MS + round(self.seconds * 1000))

    def ask(self, request: m.Request) -> list[m.Message]:
        answers = self.robot.receive(replace(request, ref=next(self._refs)), self.moment)
        self.heard += answers
        return answers

    def greet(self) -> m.HelloReply:
        if not self.robot.powered:
            self.robot.power_on(self.moment)
        self.robot.open_session()
        reply = self.ask(m.Hello(0, m.PROTOCOL_VERSION, 1, b""))[0]
        assert isinstance(reply, m.HelloReply)
        return reply

    def wait(self, seconds: float = 30.0) -> list[m.Message]:
        """Everything that comes due, one by one, at its own instant."""
        until = self.seconds + seconds
        said: list[m.Message] = []
        while (due_ms := self.robot.due_ms) is not None and (due_ms - EPOCH_MS) / 1000 <= until:
            self.seconds = max(self.seconds, (due_ms - EPOCH_MS) / 1000)
            said += self.robot.step(self.moment)
        self.seconds = until
        said += self.robot.step(self.moment)
        self.heard += said
        return said

    def send(self, order: m.Order) -> m.OrderReply:
        """A robot without power does not answer; here that reads as one that nobody has greeted."""
        replies = self.ask(order) or [m.OrderReply(order.ref, order.order_id, False, 0, m.Error.NOT_GREETED)]
        reply = replies[0]
        assert isinstance(reply, m.OrderReply)
        return reply

    def done(self, order: m.Order) -> m.OrderReply:
        """Send an order and wait until its motion is over."""
        reply = self.send(order)
        self.wait()
        return reply

    def lift(self) -> list[m.Message]:
        said = self.robot.lift(self.moment)
        self.heard += said
        return said

    def cut(self, off_s: float = 10.0, *, lands: bool = False) -> None:
        """Power is cut, comes back, and a host greets the robot again."""
        self.robot.power_off(self.moment, int(off_s * 1000), lands=lands)
        self.wait(off_s + 1)
        self.greet()

    def kinds(self, order_id: bytes) -> list[str]:
        """What the log says about an order."""
        return [entry.kind.value for entry in self.memory.log if entry.order_id == order_id]

    def last(self, kind: m.EntryKind) -> m.LogEntry:
        return next(entry for entry in reversed(self.memory.log) if entry.kind is kind)

    def out_of_magazine(self) -> list[Moved]:
        return [moved for moved in self.mechanics.trace if moved.origin is Place.MAGAZINE]


def order(
    kind: m.OrderKind,
    number: int = 1,
    *,
    attempt: int = 1,
    label: str | None = None,
    resident: bytes = RESIDENT,
    plan_version: int = 1,
    source: m.Source | None = None,
    dose_id: str | None = None,
    expires_in_ms: int = 120_000,
) -> m.Order:
    """An order about sachet `number`; its id follows from what it is about, as a host's would."""
    at_magazine = kind is m.OrderKind.RELEASE
    usual = m.Source.MAGAZINE if at_magazine else m.Source.HOLDING
    dose_id = f"{resident.hex()}/2026-11-02/slot{number}/1" if dose_id is None else dose_id
    chosen = usual if source is None else source
    return m.Order(
        ref=1,
        order_id=f"{kind.value[:4]}{chosen.value[:1]}{attempt:03d}{number:08d}".encode(),
        kind=kind,
        resident=resident,
        dose_id=dose_id,
        plan_version=plan_version,
        label=f"L{number}" if label is None else label,
        source=chosen,
        expires_in_ms=expires_in_ms,
    )


def release(number: int = 1, **more: object) -> m.Order:
    return order(m.OrderKind.RELEASE, number, **more)  # type: ignore[arg-type]


def present(number: int = 1, **more: object) -> m.Order:
    return order(m.OrderKind.PRESENT, number, **more)  # type: ignore[arg-type]


def retract(number: int = 1, **more: object) -> m.Order:
    return order(m.OrderKind.RETRACT, number, **more)  # type: ignore[arg-type]


def divert(number: int = 1, **more: object) -> m.Order:
    return order(m.OrderKind.DIVERT, number, **more)  # type: ignore[arg-type]
