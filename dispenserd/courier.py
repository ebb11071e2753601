"""Carries committed orders to one robot, what that said to the engine, and the display to its screen.

An order goes out at most once, in the session it was issued in, after one more look at the present world
(rule 11); what became of it is the robot's log's to say. Nothing here retries an order (P8).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from dispenserd.clock import Clock, set_or_due
from dispenserd.home import Home
from scheduler import events as ev
from scheduler.commands import Fact
from scheduler.display import Display, display
from scheduler.gate import why_not_send
from scheduler.kept import kept
from scheduler.world import Dose, RobotState, Setting

DISPLAY_LOOK_S, REHEARSED_LOOK_S = 5.0, 1.0
"""Whatever changes the display is a commit, but for time that passes between two doses: looked at so often by
the civil clock, and in a rehearsal no oftener than by the real one. A home is at rest most of its life."""

COMPARE_CLOCK_S = 30.0
"""While the home's clock is not trusted everything waits (rule 18): the robot's is read again this soon."""

Settled = tuple[str, str, int]
"""A dose's id, who holds its token, and the revision of its outcome."""


class RobotConnection(Protocol):
    """What `drivers.connection.Connection` offers the courier."""

    def send_order(self, order: ev.Order, decided_in: str) -> bool:
        """False when the robot is not ready, or in another session by now: then the order did not leave."""

    def show(self, light: str, sound: str, lines: tuple[str, ...]) -> None: ...

    def confirm(self, log_id: str, upto: int, epoch: int, head: str) -> None: ...

    def compare_clock(self) -> None: ...


class Courier:
    def __init__(
        self,
        home: Home,
        setting: Setting,
        serial: str,
        robot: RobotConnection,
        clock: Clock,
        look_s: float = DISPLAY_LOOK_S,
    ) -> None:
        self._look_s = max(look_s / clock.rate, REHEARSED_LOOK_S)
        self._home = home
        self._setting = setting
        self._serial = serial
        self._robot = robot
        self._clock = clock
        self._inbox: asyncio.Queue[tuple[Sequence[Fact], float]] = asyncio.Queue()
        self._handled: set[str] = set()  # orders sent or revoked by this process
        self._shown: tuple[str, Display] | None = None
        self._confirmed: tuple[str, int, frozenset[Settled]] = ("", 0, frozenset())
        self._compared_s = clock.monotonic()

    def deliver(self, facts: Sequence[Fact]) -> None:
        """The driver hands in what the robot said; order is kept."""
        self._inbox.put_nowait((facts, self._clock.monotonic()))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._inward())
            tasks.create_task(self._outward())

    async def _inward(self) -> None:
        while True:
            facts, arrived_s = await self._inbox.get()
            await self._home.submit(*await self._lost(facts), *facts, arrived_s=arrived_s)

    async def _lost(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        """Rule 23: what the robot keeps of our journal and the journal doesn't hold. In one commit with its
        hello, so that nothing can be ordered in between."""
        greetings = [fact for fact in facts if isinstance(fact, ev.RobotIdentified) and fact.host_head]
        kept = [(each.host_epoch, each.host_head) for each in greetings]
        missing = await self._home.missing(kept) if kept else []
        return [
            ev.JournalFoundBehind(each.at, "robot", each.host_epoch, each.host_head)
            for each in greetings
            if (each.host_epoch, each.host_head) in missing
        ]

    async def _outward(self) -> None:
        committed = self._home.watch()
        while True:
            committed.clear()
            await self._orders()
            self._confirm()
            self._show()
            self._compare_clock()
            await set_or_due(committed, self._look_s)

    async def _orders(self) -> None:
        under_way = self._home.world.order_under_way(self._serial)
        if under_way is None or under_way.order.order_id in self._handled:
            return
        order = under_way.order
        if under_way.session != self._home.world.robot(self._serial).session:
            return  # of an earlier session: only its log can tell
        self._handled = {order.order_id}
        now = self._clock.now()
        reason = why_not_send(self._home.world, self._setting, order, now)
        if not reason:
            if self._robot.send_order(order, under_way.session):
                return
            reason = "robot_not_ready"
        await self._home.submit(ev.OrderRevoked(at=now, order_id=order.order_id, reason=reason))

    def _confirm(self) -> None:
        """The robot may forget what we committed, and keeps our newest position (rules 13 and 23): also after
        what people said of a dose, which no log of a robot tells."""
        robot = self._home.world.robot(self._serial)
        if robot.state is not RobotState.READY or robot.log_read == 0:
            return
        newest = (robot.session, robot.log_read, _settled(self._home.world.doses))
        if newest != self._confirmed:
            epoch, head = self._home.head
            self._robot.confirm(robot.log_id, robot.log_read, epoch, head)
            self._confirmed = newest

    def _compare_clock(self) -> None:
        now_s = self._clock.monotonic()
        if not self._home.world.clock.trusted and now_s >= self._compared_s + COMPARE_CLOCK_S:
            self._compared_s = now_s
            self._robot.compare_clock()

    def _show(self) -> None:
        world = self._home.world
        robot = world.robot(self._serial)
        if robot.state is not RobotState.READY:
            return
        wanted = (robot.session, display(world, self._setting, self._serial, self._clock.now()))
        if wanted != self._shown:
            shown = wanted[1]
            self._robot.show(shown.light, shown.sound, shown.lines)
            self._shown = wanted


@kept(2)
def _settled(doses: Mapping[str, Dose]) -> frozenset[Settled]:
    return frozenset(
        (dose.dose_id, dose.token, dose.outcome.revision if dose.outcome else 0)
        for dose in doses.values()
        if dose.token or dose.outcome is not None
    )
