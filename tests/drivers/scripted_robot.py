"""A robot that answers as told, on the real link, and a bench that runs our side against it in virtual time.

The bench is the port and the clock: it carries bytes both ways and jumps to the next instant at which
either side has something to do. `in_order` is the oracle over facts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from drivers.robot import RobotExpectation, RobotMachine
from drivers.states import Faulted, State
from protocol.wire import messages as wire
from protocol.wire.link import Link, MessageReceived, Role
from scheduler import events
from scheduler.commands import Fact

SERIAL = "SR-000123"
RESIDENT = "7f0e3c5a9d1b42868c2fd4a1b6e05397"
DOSE = f"{RESIDENT}/2026-11-02/morning/1"
LABEL = "S-0001-4711"
START = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
START_S = 1000.0
UPTIME_MS = 86_400_000
LOG_ID = bytes.fromhex("10c010c010c010c010c010c010c010c0")
BOOT_ID = bytes.fromhex("b007b007b007b007b007b007b007b007")
HEAD = "ab" * 32

STATUS = wire.Status(
    ref=0,
    uptime_ms=0,
    production_id="P-2026-0042",
    mouth_label=LABEL,
    sachets_left=28,
    holding=False,
    tray=False,
    store_count=0,
    store_max=28,
    lid_open=False,
    mains=True,
    battery_percent=97,
    fault="",
)

HELLO_REPLY = wire.HelloReply(
    ref=1,
    protocol=wire.PROTOCOL_VERSION,
    serial=SERIAL,
    family="sachet_roll",
    firmware="1.4.2",
    capabilities=("release", "present", "retract", "divert", "label", "prompt", "battery_clock"),
    auth=wire.Auth.NONE,
    boot_id=BOOT_ID,
    log_id=LOG_ID,
    log_horizon=1,
    log_head=0,
    host_epoch=1,
    host_head=bytes(32),
    uptime_ms=0,
)


def entry(index: int, kind: wire.EntryKind = wire.EntryKind.CLEARED, order_id: str = "") -> wire.LogEntry:
    return wire.LogEntry(
        index=index,
        kind=kind,
        boot_id=BOOT_ID,
        uptime_ms=UPTIME_MS,
        utc_ms=int(START.timestamp() * 1000),
        order_id=bytes.fromhex(order_id),
        dose_id=DOSE if order_id else "",
        result="done" if kind is wire.EntryKind.ENDED else "",
    )


def present_session(facts: Sequence[Fact]) -> str:
    """The newest that was told."""
    return next(fact.session for fact in reversed(facts) if isinstance(fact, events.RobotIdentified))


def order(number: int = 1, life: timedelta = timedelta(minutes=2)) -> events.Order:
    return events.Order(
        order_id=f"{number:032x}",
        kind=events.OrderKind.RELEASE,
        robot=SERIAL,
        resident=RESIDENT,
        dose_id=DOSE,
        plan_version=7,
        attempt=number,
        source="magazine",
        label=LABEL,
        expires=START + life,
        ground="press",
    )


Override = Callable[[wire.Message], wire.Message | None]


class ScriptedRobot:
    """Answers each request as a sound robot would, except where `answers` or `silent_to` say otherwise."""

    def __init__(self) -> None:
        self.hello = HELLO_REPLY
        self.status = STATUS
        self.log: list[wire.LogEntry] = []
        self.answers: dict[type[wire.Message], Override] = {}
        self.silent_to: set[type[wire.Message]] = set()
        self.heard: list[wire.Message] = []
        self.said = 0
        self.now_s = START_S
        self.link = Link(Role.ROBOT)

    @property
    def uptime_ms(self) -> int:
        return UPTIME_MS + round((self.now_s - START_S) * 1000)

    @property
    def head(self) -> int:
        return self.log[-1].index if self.log else self.hello.log_head

    def reboot(self) -> None:
        self.link = Link(Role.ROBOT)

    def receive(self, data: bytes, now_s: float) -> None:
        self.now_s = now_s
        for event in self.link.receive(data, now_s):
            if isinstance(event, MessageReceived):
                self.heard.append(event.message)
                self._answer(event.message)

    def say(self, message: wire.Message) -> None:
        self.link.send(message, self.now_s)
        self.said += 1

    def append(self, kind: wire.EntryKind, order_id: str = "") -> None:
        self.log.append(entry(self.head + 1, kind, order_id))
        self.say(wire.LogGrew(self.head))

    def press(self, ago_ms: int = 0) -> None:
        self.say(wire.Pressed(self.uptime_ms - ago_ms))

    def of(self, kind: type[wire.Message]) -> list[wire.Message]:
        return [message for message in self.heard if isinstance(message, kind)]

    def _answer(self, message: wire.Message) -> None:
        if type(message) in self.silent_to:
            return
        override = self.answers.get(type(message))
        reply = override(message) if override is not None else self._usual(message)
        if reply is not None:
            self.say(reply)
        if isinstance(message, wire.Order) and isinstance(reply, wire.OrderReply) and reply.accepted:
            self.append(wire.EntryKind.ACCEPTED, message.order_id.hex())

    def _usual(self, message: wire.Message) -> wire.Message | None:
        match message:
            case wire.Hello(ref=ref):
                return replace(self.hello, ref=ref, log_head=self.head, uptime_ms=self.uptime_ms)
            case wire.ReadClock(ref=ref):
                utc_ms = int(START.timestamp() * 1000) + self.uptime_ms - UPTIME_MS
                return wire.Clock(ref, utc_ms, self.uptime_ms, True, True, utc_ms - 1000, 20)
            case wire.ReadStatus(ref=ref):
                return replace(self.status, ref=ref, uptime_ms=self.uptime_ms)
            case wire.ReadLog(ref=ref, first=first, count_max=count):
                page = tuple(e for e in self.log if first <= e.index < first + count)
                return wire.LogPage(ref, self.hello.log_horizon, self.head, page)
            case wire.Order(ref=ref, order_id=order_id):
                return wire.OrderReply(ref, order_id, True, self.head + 1, 0)
            case wire.Prompt(ref=ref) | wire.ConfirmLog(ref=ref):
                return wire.Done(ref)
            case _:
                return None


@dataclass
class Dumped:
    reason: str
    lines: tuple[str, ...]


class Bench:
    """Our side and the robot on one lossless line, in virtual time; `wired` off: nothing gets through."""

    def __init__(self, robot: ScriptedRobot | None = None, rate: float = 1.0, accept: bool = True) -> None:
        self.robot = robot or ScriptedRobot()
        self.known: dict[str, int] = {}
        self.dumps: list[Dumped] = []
        self.facts: list[Fact] = []
        self.now_s = START_S
        self.wired = True
        self.machine = RobotMachine(
            RobotExpectation(SERIAL, "sachet_roll", accept),
            known_log=self.known.get,
            position=lambda: (3, HEAD),
            dump=lambda reason, lines: self.dumps.append(Dumped(reason, lines)),
            rate=rate,
        )
        self._sessions = 0

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.now_s - START_S)

    @property
    def state(self) -> State:
        return self.machine.state

    @property
    def reason(self) -> str:
        return self.state.reason if isinstance(self.state, Faulted) else ""

    def connect(self) -> Bench:
        self._sessions += 1
        self.machine.connected(self._sessions, self.now_s, self.now)
        return self.settle()

    @property
    def session(self) -> str:
        """The present one, as events name it."""
        return f"{self._sessions:016x}"

    def send(self, order: events.Order) -> bool:
        """An order decided in the present session."""
        return self.machine.send_order(order, self.session)

    def settle(self) -> Bench:
        """Carry bytes until both are quiet."""
        self.machine.tick(self.now_s, self.now)
        for _ in range(500):
            out = self.machine.outgoing()
            if self.wired and out:
                self.robot.receive(out, self.now_s)
            back = self.robot.link.outgoing()
            if self.wired and back:
                self.machine.received(back, self.now_s, self.now)
            self.facts += self.machine.facts()
            if not out and not back:
                return self
        raise AssertionError("the conversation does not end")

    def advance(self, seconds: float) -> Bench:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            due_s = [self.machine.next_timeout_s(), self.robot.link.next_timeout_s(), end_s]
            self.now_s = max(self.now_s, min(due for due in due_s if due is not None))
            self.robot.now_s = self.now_s
            self.robot.link.tick(self.now_s)
            self.settle()
        return self

    def unplug(self) -> Bench:
        self.machine.disconnected("unplugged", self.now_s, self.now)
        return self.settle()

    def hear(self, message: wire.Message) -> Bench:
        """The robot says something by itself."""
        self.robot.say(message)
        return self.settle()

    def drained(self) -> list[Fact]:
        facts, self.facts = self.facts, []
        return facts

    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.facts]


def in_order(facts: Sequence[Fact]) -> bool:
    """Facts of a session lie between its identification and its end; log entries follow each other."""
    on = caught_up = False
    expected: int | None = None
    for fact in facts:
        match fact:
            case events.RobotIdentified():
                if on:
                    return False
                on, caught_up, expected = True, False, None
            case events.RobotLost() | events.RobotRejected():
                on = False
            case events.RobotCaughtUp():
                if not on or caught_up:
                    return False
                caught_up = True
            case events.RobotLogged(index=index):
                if not on or (expected is not None and index != expected):
                    return False
                expected = index + 1
            case events.Pressed() | events.OrderEnded():
                if not caught_up or not on:
                    return False
            case _:
                if not on:
                    return False
    return True
