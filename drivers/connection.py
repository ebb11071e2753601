"""The robot on its port, kept connected: the asyncio shell around `robot.RobotMachine`.

Knows the port's name, when to try again, and the callbacks through which times, facts and wishes pass.
Decides nothing about doses and parses nothing. An exception that is not the port's or the robot's doing ends
`run`, and with it the process (crash-only).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from drivers.line import LineQuality
from drivers.port import OpenPort, Port, PortLost, PortUnavailable
from drivers.robot import Dump, KnownLog, Position, RobotExpectation, RobotMachine
from drivers.serial_port import open_serial
from drivers.session import Polling
from drivers.states import Faulted, Ready, State
from scheduler.commands import Fact, ReportClock
from scheduler.events import Order, RobotIdentified

BACK_OFF_MIN_S = 0.2
"""A robot that only restarts is back on its port in a second or two."""

BACK_OFF_MAX_S = 10.0
"""A robot plugged in again serves within this; trying more often would only fill the journal."""

BACK_OFF_LASTING_S = 60.0
"""After the wrong robot, or a log that can't be read on: only a person can help, and they need minutes."""

STEADY_S = 10.0
"""So long a robot must have been ready for the next attempt to be quick again: one that fails as soon as it
is ready would otherwise fill the journal five times a second."""


class RobotConnection:
    """One port by name, one robot. All callbacks are called from the running loop."""

    def __init__(
        self,
        *,
        port: str,
        baud: int,
        expected: RobotExpectation,
        known_log: KnownLog,
        position: Position,
        deliver: Callable[[Sequence[Fact]], None],
        dump: Dump,
        monotonic: Callable[[], float],
        now: Callable[[], datetime],
        new_session: Callable[[], int],
        rate: float = 1.0,
        open_port: OpenPort = open_serial,
        polling: Polling | None = None,
    ) -> None:
        self._name = port
        self._baud = baud
        self._deliver = deliver
        self._dump = dump
        self._monotonic = monotonic
        self._now = now
        self._new_session = new_session
        self._open_port = open_port
        self._machine = RobotMachine(expected, known_log, position, dump, rate, polling)
        self._wake = asyncio.Event()
        self._inbox: list[bytes] = []  # the loop reads once a turn, and each turn empties it
        self._lost: PortLost | None = None
        self._ready_since_s: float | None = None
        self._unavailable = ""  # why the port could not be opened, as last reported

    @property
    def state(self) -> State:
        return self._machine.state

    @property
    def line(self) -> LineQuality:
        """How good the serial line has been, since this was made."""
        return self._machine.line

    @property
    def identified(self) -> RobotIdentified | None:
        """The newest hello of the robot we serve."""
        return self._machine.identified

    @property
    def clock(self) -> ReportClock | None:
        """The newest comparison of its clock with ours."""
        return self._machine.clock

    @property
    def ready(self) -> bool:
        """Whether `send_order` may succeed."""
        return isinstance(self._machine.state, Ready)

    @property
    def busy(self) -> bool:
        """Whether something is under way on the wire."""
        return self._machine.busy

    def send_order(self, order: Order, decided_in: str) -> bool:
        """True: it is on its way, once. False: not ready, not the session in which it was decided (rule 2),
        or one is in flight; nothing is sent."""
        taken = self._machine.send_order(order, decided_in)
        self._wake.set()
        return taken

    def show(self, light: str, sound: str, lines: tuple[str, ...]) -> None:
        """What the robot shall show, as soon as it is ready and in every later session."""
        self._machine.show(light, sound, lines)
        self._wake.set()

    def confirm(self, log_id: str, upto: int, epoch: int, head: str) -> None:
        """The journal holds this log of the robot up to entry `upto`: the robot may make room."""
        self._machine.confirm(log_id, upto, epoch, head)
        self._wake.set()

    def compare_clock(self) -> None:
        """The home doubts its own clock: what does the robot's say?"""
        self._machine.compare_clock()
        self._wake.set()

    async def run(self) -> None:
        """Keep the robot connected until cancelled."""
        back_off_s = BACK_OFF_MIN_S
        while True:
            await self._connect()
            if self._was_steady():
                back_off_s = BACK_OFF_MIN_S
            state = self._machine.state
            lasting = isinstance(state, Faulted) and state.lasting
            await asyncio.sleep(BACK_OFF_LASTING_S if lasting else back_off_s)
            back_off_s = min(back_off_s * 2, BACK_OFF_MAX_S)

    async def _connect(self) -> None:
        """One attempt: open the port and stay with it until it or the robot is given up."""
        self._inbox.clear()
        self._lost = self._ready_since_s = None
        try:
            port = self._open_port(self._name, self._baud, self._received, self._port_lost)
        except PortUnavailable as unavailable:
            self._report(unavailable)
            return
        self._unavailable = ""
        try:
            self._machine.connected(self._new_session(), self._monotonic(), self._now())
            while self._turn(port):
                await self._wait()
        finally:
            port.close()

    def _report(self, unavailable: PortUnavailable) -> None:
        self._machine.disconnected(unavailable.reason, self._monotonic(), self._now())
        self._hand_over()
        if unavailable.reason != self._unavailable:
            self._unavailable = unavailable.reason
            self._dump(unavailable.reason, (str(unavailable),))

    def _turn(self, port: Port) -> bool:
        """Feed the machine, write what it says, hand its facts over. False: this session is over."""
        now_s, now = self._monotonic(), self._now()
        data = b"".join(self._inbox)
        self._inbox.clear()
        if data:
            self._machine.received(data, now_s, now)
        self._machine.tick(now_s, now)
        port.write(self._machine.outgoing())
        if self._lost is not None:
            self._machine.disconnected(self._lost.reason, now_s, now)
        self._hand_over()
        if self.ready and self._ready_since_s is None:
            self._ready_since_s = now_s
        return self._lost is None and not isinstance(self._machine.state, Faulted)

    def _hand_over(self) -> None:
        facts = self._machine.facts()
        if facts:
            self._deliver(facts)

    async def _wait(self) -> None:
        """Until something is received, wished or due."""
        if not self._wake.is_set():
            due_s = self._machine.next_timeout_s()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due_s is None else max(due_s - self._monotonic(), 0.0)):
                    await self._wake.wait()
        self._wake.clear()

    def _was_steady(self) -> bool:
        since_s = self._ready_since_s
        return since_s is not None and self._monotonic() - since_s >= STEADY_S

    def _received(self, data: bytes) -> None:
        self._inbox.append(data)
        self._wake.set()

    def _port_lost(self, lost: PortLost) -> None:
        self._lost = lost
        self._wake.set()
