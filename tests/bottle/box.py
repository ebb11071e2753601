"""One life of the box: the real engine, courier, robot connection, uplink, downlink and heartbeat, wired as
the composition root wires them, on a loop of its own. What it may touch outlives it; what it knew does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random
from typing import Protocol

from dispenserd.app import ALIVE_S
from dispenserd.courier import Courier
from dispenserd.engine import Engine
from dispenserd.heartbeat import Heartbeat
from dispenserd.mqtt.downlink import CommandLife, Downlink
from dispenserd.mqtt.uplink import Uplink
from dispenserd.probed import Wiring
from drivers.connection import RobotConnection
from drivers.port import OnData, OnLost, Port
from drivers.robot import RobotExpectation
from drivers.session import Polling
from scheduler.commands import Fact
from scheduler.events import AdministrationFiled, DaemonStarted, Event
from scheduler.outbox import Change
from scheduler.summary import summarise
from scheduler.world import Setting
from tests.bottle.fuse import Died, Fuse
from tests.bottle.journal import BottleJournal, Disk
from tests.bottle.network import BottleSession, Network
from tests.bottle.oncall import PUBLIC_KEY
from tests.bottle.robot_end import RobotEnd
from tests.bottle.times import BoxClock, Times
from tests.bottle.virtual_loop import VirtualLoop
from tests.support.pure_home import ROBOT

SEEN_POLLING = Polling(status_every_s=43_200.0, clock_every_s=28_800.0)
"""A robot that says by itself what changes is asked seldom, or a fortnight would be nothing but polls."""


LOOK_S = 20.0
"""Engine and courier look at the clock so seldom: less often than in a home, and nothing may depend on it."""


BEAT_S = 600.0
"""A sign of life so seldom, and none while the home is left alone: only its absence is judged."""


class Folder:
    """The fagsystem: what was filed under which name. Filing again must be the same."""

    def __init__(self) -> None:
        self.filed: dict[str, object] = {}

    def file(self, key: str, body: object) -> None:
        known = self.filed.setdefault(key, body)
        assert known == body, f"S5: another administration under the name {key}"


class WatchedJournal(BottleJournal):
    """Tells the witness of each commit, between the disk and whoever acts on it."""

    def __init__(self, disk: Disk, fuse: Fuse, box: Box) -> None:
        super().__init__(disk, fuse)
        self._box = box

    async def takes_time(self) -> None:
        slow_s = self._box.fsync_s()
        if slow_s:
            self._box.committing_since_s = self._box.clock.monotonic()
            await asyncio.sleep(slow_s)
            self._box.committing_since_s = None

    def committed(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        self._box.committed(events, changes)


class Witnessing(Protocol):
    """What a box tells about itself, and what it asks of the world around it."""

    def committed(self, box: Box, events: Sequence[Event], changes: Sequence[Change]) -> None: ...

    def sending(self) -> None: ...

    def sent(self) -> None: ...

    def fsync_s(self) -> float:
        """How long the next commit takes."""


@dataclass(frozen=True)
class Served:
    """One more robot at this box, beside the first; `sending` and `sent` as `Witnessing` has them."""

    serial: str
    end: RobotEnd
    chance: Random
    sending: Callable[[], None]
    sent: Callable[[], None]


class Box:
    """`fault` is why it ended, if not by the fuse."""

    def __init__(
        self,
        *,
        disk: Disk,
        times: Times,
        setting: Setting,
        end: RobotEnd,
        network: Network,
        folder: Folder,
        chance: Random,
        fuse: Fuse,
        witness: Witnessing,
        beside: Sequence[Served] = (),
        serial: str = ROBOT,
        look_s: float = LOOK_S,
    ) -> None:
        self.fuse = fuse
        self.disk = disk
        self.setting = setting
        self.fault: BaseException | None = None
        self._witness = witness
        self._network = network
        self._folder = folder
        self.clock = BoxClock(times)
        self.loop = VirtualLoop(times.seconds)
        self.session = BottleSession(network, fuse)
        self.engine = Engine(disk.replayed(), setting, WatchedJournal(disk, fuse, self), self.clock, look_s)
        first = Served(serial, end, chance, witness.sending, witness.sent)
        self._served = (first, *beside)
        self.robots: dict[str, RobotConnection] = {}
        self.couriers: dict[str, Courier] = {}
        for served in self._served:
            self.robots[served.serial] = connection = self._connection(served)
            robot = Wiring(partial(self._probe, served)).robot(connection)
            self.couriers[served.serial] = Courier(
                self.engine, setting, served.serial, robot, self.clock, look_s
            )
        self.robot, self.courier = self.robots[serial], self.couriers[serial]
        self.ready = False
        self.committing_since_s: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._main = self.loop.create_task(self._run())

    # --- the bottle's side ---

    @property
    def alive(self) -> bool:
        return not self._main.done() and not self.fuse.dead

    @property
    def committing(self) -> bool:
        return self.committing_since_s is not None

    @property
    def due_s(self) -> float | None:
        return self.loop.due_s

    def turn(self) -> None:
        """Run what is due. Afterwards it may have ended."""
        with suppress(Died):
            self.loop.run_due()
        if self._main.done() and not self.fuse.dead:
            self.fault = _cause(self._main.exception())

    def committed(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        self._witness.committed(self, events, changes)

    def fsync_s(self) -> float:
        return self._witness.fsync_s()

    @property
    def robots_busy(self) -> bool:
        return any(robot.busy for robot in self.robots.values())

    @property
    def connecting(self) -> bool:
        """Whether a robot that is there is being greeted."""
        return any(
            each.end.plugged and each.end.robot.powered and not self.robots[each.serial].ready
            for each in self._served
        )

    def _probe(self, served: Served, point: str) -> None:
        self.fuse.passed(point)
        if point == "order_committed":
            served.sending()
        if point == "order_sent":
            served.sent()

    def hand_in(self, *facts: Fact) -> None:
        """From a terminal in the home, the fagsystem, or the watch over the clock. Lost if it dies before."""
        if self.alive and self.ready:
            self._tasks.add(self.loop.create_task(self._submit(facts)))

    def kill(self) -> None:
        """Now, wherever it is."""
        self.fuse.dead = True
        self.bury()

    def bury(self) -> None:
        if self.loop.is_closed():
            return
        self.fuse.dead = True
        for served in self._served:
            served.end.forget_host()
        self._network.detach()
        self.loop.bury()

    # --- what the root builds ---

    def _connection(self, served: Served) -> RobotConnection:
        engine, serial = self.engine, served.serial

        def known_log(log_id: str) -> int | None:
            robot = engine.world.robot(serial)
            return robot.log_read if robot.log_id == log_id and robot.log_read else None

        def open_port(name: str, baud: int, on_data: OnData, on_lost: OnLost) -> Port:
            self.fuse.passed("before opening the port")
            return served.end.open_port(self.fuse, on_data, on_lost)

        return RobotConnection(
            port="robot",
            baud=115_200,
            expected=RobotExpectation(serial, "sachet_roll", True),
            known_log=known_log,
            position=lambda: engine.head,
            deliver=lambda facts: self.couriers[serial].deliver(facts),
            dump=lambda _reason, _lines: None,
            monotonic=self.clock.monotonic,
            now=self.clock.now,
            new_session=lambda: served.chance.getrandbits(63) + 1,
            open_port=open_port,
            polling=SEEN_POLLING,
        )

    async def _run(self) -> None:
        engine, now, box = self.engine, self.clock.now, self.setting.box
        limits = self.setting.limits
        life = CommandLife(longest=limits.command_life, clocks_apart=limits.clock_agreement)
        beat = Heartbeat(
            engine,
            self.session,
            box,
            now,
            self._turns,
            lambda: summarise(engine.world, self.setting, now()),
            BEAT_S,
        )
        self.fuse.passed("start")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(engine.run())
            await engine.submit(DaemonStarted(now(), "bottle", box, engine.head[0]))
            self.ready = True
            self._network.attach(self.session)
            for service in (
                *(courier.run for courier in self.couriers.values()),
                *(robot.run for robot in self.robots.values()),
                Uplink(engine, self.session, box, now).run,
                Downlink(engine, self.session, box, PUBLIC_KEY, life, now).run,
                beat.run,
                self._file,
            ):
                tasks.create_task(service())

    def _turns(self) -> bool:
        return self.clock.monotonic() - self.engine.turned_s < ALIVE_S

    async def _file(self) -> None:
        """As the folder's sync: oldest first, noted after the file is there."""
        committed = self.engine.watch()
        while True:
            committed.clear()
            for row in await self.engine.unanswered("administration"):
                self.fuse.passed("before filing")
                self._folder.file(row.key, row.body)
                self.fuse.passed("after filing")
                await self.engine.submit(AdministrationFiled(self.clock.now(), row.key))
            await committed.wait()

    async def _submit(self, facts: Sequence[Fact]) -> None:
        await self.engine.submit(*facts)


def _cause(error: BaseException | None) -> BaseException | None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def civil(instant: datetime) -> str:
    return instant.astimezone().isoformat()[:19]
