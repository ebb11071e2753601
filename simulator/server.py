"""One robot on a pseudo-terminal in real time: paces the bytes, moves the robot on, plays the script.

The only part of the simulator that waits. Whatever becomes visible (a move of the motor, a new text on the
display, power, faults) is reported as one JSON object. Time comes from the clock that is handed in.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from random import Random
from typing import assert_never

from protocol.wire.link import Link, LinkLost, MessageReceived, Role, SessionOpened
from protocol.wire.messages import Answer, Message
from simulator import script as s
from simulator.befalling import befallen
from simulator.clock import Moment, RatedClock
from simulator.line import PacedLine
from simulator.port import Port
from simulator.resident import Cast, Scene
from simulator.robot import Robot
from simulator.visible import Visible, iso, seen_moving

BAUD = 115_200
"""The robot's only rate, 8N1."""

PAUSE_S_MAX = 0.05
"""With nothing due, patience and the terminal's exclusive mode are looked at so often."""

READ_BYTES = 4096
"""As much as a terminal buffers; more waits in the kernel and slows the host down, as a full UART does."""

BACKLOG_MAX = 64
"""Messages for a host that does not acknowledge; beyond it the robot gives the session up."""

Report = Callable[[dict[str, object]], None]
"""Takes {"what": ..., "at": ISO 8601, ...}."""


class Server:
    """`run` until `stop` is set."""

    def __init__(
        self,
        robot: Robot,
        port: Port,
        clock: RatedClock,
        report: Report,
        *,
        deeds: Iterable[s.Deed] = (),
        baud: int = BAUD,
        noise_seed: int = 0,
    ) -> None:
        self.stop = asyncio.Event()
        self._robot = robot
        self._port = port
        self._clock = clock
        self._report = report
        self._cast = Cast(deeds)
        self._noise = Random(noise_seed)
        self._link = Link(Role.ROBOT)
        self._open = False
        self._backlog: deque[Message] = deque()
        self._inward, self._outward = PacedLine(baud), PacedLine(baud)
        self._cable_back_ms: int | None = None
        self._acts: deque[s.Act] = deque()
        self._visible = Visible()
        self._wake = asyncio.Event()
        robot.mechanics.witness = lambda moved: report(seen_moving(moved))

    async def run(self) -> None:
        self._robot.power_on(self._clock.now())
        try:
            while not self.stop.is_set():
                self._wake.clear()
                self._turn(self._clock.now())
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), self._pause_s(self._clock.now()))
        finally:
            self._pull_plug()

    def do(self, act: s.Act) -> None:
        """Done at the next turn, outside the script."""
        self._acts.append(act)
        self._wake.set()

    def end(self) -> None:
        self.stop.set()
        self._wake.set()

    # --- one turn ---

    def _turn(self, moment: Moment) -> None:
        self._power_and_cable(moment)
        self._fetch(moment)
        self._hear(self._inward.pull(moment.monotonic_s), moment)
        self._say(self._robot.step(moment))
        while self._robot.due_ms is not None and self._robot.due_ms <= moment.civil_ms:
            self._say(self._robot.step(moment))
        scene = Scene(self._robot.display.light, self._robot.mechanics.tray is not None)
        self._acts.extend(self._cast.turn(scene, moment.civil_ms))
        while self._acts:
            act = self._acts.popleft()
            self._tell(moment, what="deed", deed=type(act).__name__)
            self._say(self._do(act, moment))
        self._power_and_cable(moment)
        self._send(moment)
        self._port.write(self._outward.pull(moment.monotonic_s))
        self._show(moment)

    def _power_and_cable(self, moment: Moment) -> None:
        """The port is there when the robot has power and the cable is in."""
        if self._cable_back_ms is not None and moment.civil_ms >= self._cable_back_ms:
            self._cable_back_ms = None
        wanted = self._robot.powered and self._cable_back_ms is None
        if wanted and self._port.fd is None:
            fd = self._port.plug()
            asyncio.get_running_loop().add_reader(fd, self._on_readable)
            self._tell(moment, what="port", plugged=True)
        elif not wanted and self._port.fd is not None:
            self._pull_plug()
            self._tell(moment, what="port", plugged=False)

    def _pull_plug(self) -> None:
        if self._port.fd is not None:
            asyncio.get_running_loop().remove_reader(self._port.fd)
            self._port.unplug()
        self._give_session_up()
        self._link.outgoing()  # written to nobody
        if not self._robot.powered:
            self._link = Link(Role.ROBOT)  # a boot knows no session of before
        self._inward.cut()
        self._outward.cut()

    def _give_session_up(self) -> None:
        """The link stays, so that the session that ended never runs again."""
        self._link.give_up()
        self._close_session()

    def _close_session(self) -> None:
        self._open = False
        self._backlog.clear()
        self._robot.close_session()

    def _on_readable(self) -> None:
        """Nothing is read here: a full line leaves its bytes in the kernel until the next turn."""
        if self._port.fd is not None:
            asyncio.get_running_loop().remove_reader(self._port.fd)
        self._wake.set()

    def _fetch(self, moment: Moment) -> None:
        room = READ_BYTES - self._inward.waiting_bytes
        if self._port.fd is None or room <= 0:
            return
        self._inward.push(self._port.read(room), moment.monotonic_s)
        asyncio.get_running_loop().add_reader(self._port.fd, self._on_readable)
        self._port.let_others_open()

    def _hear(self, data: bytes, moment: Moment) -> None:
        events = self._link.receive(data, moment.monotonic_s) if data else []
        for event in [*events, *self._link.tick(moment.monotonic_s)]:
            match event:
                case SessionOpened():
                    self._backlog.clear()
                    self._robot.open_session()
                    self._open = True
                case MessageReceived(message=message):
                    self._say(self._robot.receive(message, moment))
                case LinkLost():
                    self._close_session()
                case _:
                    assert_never(event)

    def _say(self, messages: Iterable[Message]) -> None:
        if self._open:
            self._backlog.extend(messages)
        if len(self._backlog) > BACKLOG_MAX:
            self._give_session_up()

    def _send(self, moment: Moment) -> None:
        while self._backlog and self._link.idle:
            self._link.send(self._backlog.popleft(), moment.monotonic_s)
        self._outward.push(self._link.outgoing(), moment.monotonic_s)

    def _pause_s(self, moment: Moment) -> float:
        real_dues = (self._inward.due_s, self._outward.due_s, self._link.next_timeout_s())
        civil_dues = (self._robot.due_ms, self._cast.due_ms, self._cable_back_ms)
        pauses = [due_s - moment.monotonic_s for due_s in real_dues if due_s is not None]
        pauses += [
            self._clock.real_s(due_ms - moment.civil_ms) for due_ms in civil_dues if due_ms is not None
        ]
        return max(0.0, min([PAUSE_S_MAX, *pauses]))

    # --- what is done at the robot ---

    def _do(self, act: s.Act, moment: Moment) -> list[Message]:
        robot = self._robot
        match act:
            case s.Press():
                return robot.press(moment, Answer(act.answer), act.tag)
            case s.Lift():
                return robot.lift(moment)
            case s.ClearFault():
                return robot.clear_fault(moment)
            case s.PowerCut():
                robot.power_off(moment, _ms(act.off_s), lands=act.lands)
            case s.Unplug():
                self._cable_back_ms = moment.civil_ms + _ms(act.for_s)
            case s.Garbage():
                self._outward.push(self._noise.randbytes(act.bytes), moment.monotonic_s)
            case _:
                return befallen(robot, act, moment)
        return []

    # --- what becomes visible ---

    def _show(self, moment: Moment) -> None:
        for line in self._visible.changes(self._robot, moment.civil_ms):
            self._report(line)

    def _tell(self, moment: Moment, what: str, **more: object) -> None:
        self._report({"what": what, "at": iso(moment.civil_ms), **more})


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
