"""The robot's end of the wire, in virtual time: cable, bad line, link, firmware, matter, and its power.

The real simulated firmware and the real link. What is ours: where the power fails (between any two writes of
its memory, in the middle of a motion) and a line that loses, doubles, damages and delays in both directions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import fields, replace
from random import Random

from drivers.port import OnData, OnLost, PortLost, PortMissing
from protocol.wire.link import Link, LinkLost, MessageReceived, Role, SessionOpened
from protocol.wire.messages import Answer, Message, Order
from scheduler.events import Event, OrderIssued, RobotReported
from simulator.line import BadLine, Badness
from simulator.mechanics import Mechanics, Sachet
from simulator.memory import BatteryClock, Memory
from simulator.refusals import FirmwareLimits
from simulator.robot import Robot
from tests.bottle.fuse import Fuse
from tests.bottle.times import Times

BACKLOG_MAX = 64
GOOD = Badness()

SLOTS = [each.name for each in fields(Memory) if each.name != "keep"]


class PowerFailed(BaseException):
    """In the middle of the firmware's work; `kept` = the write that it happened at is in the flash."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept


class Flash:
    """What the robot's memory held at its last finished write, while a power failure is planned."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._image: dict[str, object] = {}
        self._left: int | None = None  # writes until the power fails
        self._kept = True  # whether that write is finished
        memory.keep = self.keep

    def fail_at(self, write: int, *, kept: bool) -> None:
        """Between two works of the firmware: all that it wrote is finished."""
        self._left, self._kept = write, kept
        self._store()

    def mend(self) -> None:
        self._left = None

    def keep(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left > 0:
            self._store()
            return
        self._left = None
        if self._kept:
            self._store()
        raise PowerFailed(self._kept)

    def restore(self) -> None:
        for name, value in self._image.items():
            setattr(self._memory, name, copy(value))

    def _store(self) -> None:
        self._image = {name: copy(getattr(self._memory, name)) for name in SLOTS}


class HostPort:
    """The box's end of the cable, for one life and one opening."""

    def __init__(self, end: RobotEnd, fuse: Fuse, on_data: OnData, on_lost: OnLost) -> None:
        self._end = end
        self._fuse = fuse
        self.on_data = on_data
        self.on_lost = on_lost
        self.open = True

    def write(self, data: bytes) -> None:
        if not data or self._fuse.dead or not self.open:
            return
        self._fuse.passed("before write")
        first = self._end.chance.randrange(len(data)) if self._fuse.left == 1 else len(data)
        self._end.hears(data[:first])
        self._fuse.passed("after write")

    def close(self) -> None:
        self.open = False
        if self._end.host is self:
            self._end.host = None


class RobotEnd:
    """`call` runs a callback of the box in its own loop."""

    def __init__(
        self,
        times: Times,
        chance: Random,
        memory: Memory,
        mechanics: Mechanics,
        limits: FirmwareLimits,
        serial: str = "SIM-0001",
    ) -> None:
        self.times = times
        self.chance = chance
        self.flash = Flash(memory)
        self.robot = Robot(memory, mechanics, limits, serial, lambda: chance.randbytes(16))
        self.plugged = True
        self.host: HostPort | None = None
        self.inward = BadLine(GOOD, chance.randrange(2**32))
        self.outward = BadLine(GOOD, chance.randrange(2**32))
        self.failures = 0
        self.session_since = times.true
        self.reads_labels = True
        self.trusting = False  # reads no label, except for a while; see `mouth_changed`
        self.lands = False  # whether a sachet in motion lands at the next cut
        self.off_s: Callable[[], float] = lambda: 1.0
        self.booted: Callable[[], None] = lambda: None
        self._link = Link(Role.ROBOT)
        self._open = False
        self._backlog: deque[Message] = deque()

    @property
    def memory(self) -> Memory:
        return self.robot.memory

    @property
    def mechanics(self) -> Mechanics:
        return self.robot.mechanics

    @property
    def in_session(self) -> bool:
        """By its own word; the home may not know yet that it gave one up."""
        return self._open

    @property
    def noisy(self) -> bool:
        return self.inward.badness is not GOOD

    # --- the box's side ---

    def open_port(self, fuse: Fuse, on_data: OnData, on_lost: OnLost) -> HostPort:
        if not self.plugged or not self.robot.powered:
            raise PortMissing("There is no robot on the port.")
        self.host = HostPort(self, fuse, on_data, on_lost)
        return self.host

    def hears(self, data: bytes) -> None:
        self.inward.push(data, self.times.now_s)

    def forget_host(self) -> None:
        """The box died: nobody reads what comes."""
        self.host = None

    # --- time ---

    @property
    def due_s(self) -> float | None:
        dues = [self.inward.due_s, self.outward.due_s, self._link.next_timeout_s()]
        due_ms = self.robot.due_ms
        if due_ms is not None:
            dues.append(self.times.now_s + (due_ms - self.times.true_ms) / 1000)
        return min([due for due in dues if due is not None], default=None)

    @property
    def quiet(self) -> bool:
        """Nothing on the wire and no motor turning."""
        return self.inward.due_s is None and self.outward.due_s is None and self.robot.due_ms is None

    def turn(self) -> None:
        """All that is due now."""
        due_s = self.due_s
        if due_s is None or due_s > self.times.now_s:
            return
        data = self.inward.pull(self.times.now_s)
        self._guarded(lambda: self._hear(data))
        while (due_ms := self.robot.due_ms) is not None and due_ms <= self.times.true_ms:
            powered = self.robot.powered
            self._guarded(lambda: self._say(self.robot.step(self.times.moment)))
            if powered and not self.robot.powered:
                self.failures += 1
                self._lost_power()
            elif self.robot.powered and not powered:
                self.booted()
        self._send()
        data = self.outward.pull(self.times.now_s)
        if data and self.host is not None:
            self.host.on_data(data)

    # --- hands, plugs, power ---

    def press(self, answer: Answer = Answer.TAKE, tag: str = "") -> None:
        self.act(lambda: self.robot.press(self.times.moment, answer, tag))

    def lift(self) -> None:
        self.act(lambda: self.robot.lift(self.times.moment))

    def clear_fault(self) -> None:
        self.act(lambda: self.robot.clear_fault(self.times.moment))

    def load(self, production_id: str, sachets: list[Sachet]) -> None:
        self.act(lambda: self.robot.load(production_id, sachets, self.times.moment))

    def sense(self) -> None:
        self.act(lambda: self.robot.sense(self.times.moment))

    def set_clock(self, clock: BatteryClock) -> None:
        """Its battery fails, or a person sets it."""
        self.flash.mend()
        self.memory.clock = clock
        self.memory.keep()

    def power_on(self) -> None:
        self._guarded(lambda: self.robot.power_on(self.times.moment))

    def lose_log(self) -> None:
        """Its log is damaged and begins anew; what it must never forget it keeps."""
        self.power_off()
        self.flash.mend()
        self.memory.format_log(self.chance.randbytes(16))

    def power_off(self) -> None:
        """Until the instant that `off_s` draws."""
        if self.robot.powered:
            self._guarded_turn()
            self.failures += 1
            off_ms = int(self.off_s() * 1000)
            self.robot.power_off(self.times.moment, off_ms, lands=self.lands)
            self._lost_power()

    def unplug(self) -> None:
        self.plugged = False
        self._give_up()
        self._hang_up()

    def plug_in(self) -> None:
        self.plugged = True

    def _guarded_turn(self) -> None:
        """What it kept by itself in the quiet that we leapt over."""
        self.flash.mend()
        if self.robot.due_ms is None:
            self._say(self.robot.step(self.times.moment))

    def act(self, act: Callable[[], list[Message]]) -> None:
        self._guarded(lambda: self._say(act()))
        self._send()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except PowerFailed:
            self.flash.restore()
            self.power_off()

    def _lost_power(self) -> None:
        self._give_up()
        self._link = Link(Role.ROBOT)
        self._hang_up()

    def _hang_up(self) -> None:
        self.inward.cut()
        self.outward.cut()
        if self.host is not None and self.host.open:
            host, self.host = self.host, None
            host.open = False
            host.on_lost(PortLost("unplugged"))

    # --- the link ---

    def _hear(self, data: bytes) -> None:
        now_s = self.times.now_s
        heard = self._link.receive(data, now_s) if data else []
        for event in [*heard, *self._link.tick(now_s)]:
            match event:
                case SessionOpened():
                    self._backlog.clear()
                    self.robot.open_session()
                    self._open, self.session_since = True, self.times.true
                case MessageReceived(message=message):
                    if isinstance(message, Order) and not self.reads_labels:
                        message = replace(message, label="")
                    self._say(self.robot.receive(message, self.times.moment))
                case LinkLost():
                    self._close()

    def mouth_changed(self) -> None:
        """By hand. Until the home knows of it none could hold: a trusting robot reads labels meanwhile."""
        self.reads_labels = True

    def told(self, events: Iterable[Event], *, ordered: bool) -> None:
        """It holds alone again once it knows the mouth, and no order was decided before that."""
        if not self.trusting or not self.reads_labels or ordered:
            return
        events = list(events)
        reported = [event.status for event in events if isinstance(event, RobotReported)]
        if reported and not any(isinstance(event, OrderIssued) for event in events):
            mouth = next(iter(self.mechanics.magazine), None)
            label = mouth.label if mouth is not None and mouth.readable else ""
            self.reads_labels = reported[-1].mouth_label != label

    def _say(self, messages: Iterable[Message]) -> None:
        if self._open:
            self._backlog.extend(messages)
        if len(self._backlog) > BACKLOG_MAX:
            self._give_up()

    def _send(self) -> None:
        while self._backlog and self._link.idle:
            self._link.send(self._backlog.popleft(), self.times.now_s)
        data = self._link.outgoing()
        if self.robot.powered and self.plugged:
            self.outward.push(data, self.times.now_s)

    def _give_up(self) -> None:
        self._link.give_up()
        self._close()
        self._link.outgoing()

    def _close(self) -> None:
        self._open = False
        self._backlog.clear()
        self.robot.close_session()
