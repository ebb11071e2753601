"""The composition root of a home: builds everything by hand, passes arguments, and starts it.

Crash-only: whatever fails unexpectedly ends the process; systemd starts it again, replay finds out where
things stand, and the robot's log says what is not in the journal.

Not in force: rule 30's safe mode after three failed starts (no memory of starts yet).
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from dispenserd import __version__, control, leave_calls, moving, peer_choice, regime_calls, vitals
from dispenserd.calls import calls
from dispenserd.chores import CA, CLIENT, Chores
from dispenserd.clock import Clock
from dispenserd.config import Config, RobotSection, limits
from dispenserd.courier import Courier
from dispenserd.engine import Engine
from dispenserd.fagsystem.mapping import ResidentIdentity
from dispenserd.fagsystem.sync import FolderSync
from dispenserd.heartbeat import Heartbeat
from dispenserd.home import Home
from dispenserd.key_choice import key_provider
from dispenserd.mqtt.downlink import CommandLife, Downlink
from dispenserd.mqtt.session import Broker
from dispenserd.mqtt.translate import presence
from dispenserd.mqtt.uplink import Uplink
from dispenserd.notify import NOBODY, Supervisor
from dispenserd.probe import Point, Probe
from dispenserd.probed import Wiring
from dispenserd.progress import Progress
from dispenserd.security.sealing import Box
from dispenserd.store import emergency
from dispenserd.store.errors import StoreError, damaged
from dispenserd.store.thread import StoreThread
from dispenserd.wakeups import Wakeups
from drivers.connection import RobotConnection
from drivers.robot import RobotExpectation
from scheduler.care import not_ours
from scheduler.commands import Fact, OfferClockTimes, OfferMedicineList
from scheduler.dosage import DayPart
from scheduler.events import DaemonStarted, RobotDumped, StoreStopped
from scheduler.evolve import evolve
from scheduler.expand import Catalogue, DayClock
from scheduler.summary import summarise
from scheduler.window import LocalTime
from scheduler.world import Helper, Resident, RobotState, Setting, StaffKey, World

SESSION_BITS = 64
"""A serial session's number: none of an earlier run may come again while one of its frames is in flight."""

Service = Callable[[], Coroutine[Any, Any, None]]

ALIVE_S = 60.0
"""Rule 27: the heartbeat stands for an engine that turned and a store that answered within this."""


def setting_of(config: Config, rate: float) -> Setting:
    """What the core needs of the configuration; machine limits keep their real seconds at this rate."""
    times = config.clock_times
    return Setting(
        box=config.home.box,
        residents=tuple(
            Resident(
                one.key,
                config.robot_of(one),
                frozenset(one.tags),
                one.reminder_only,
                one.moves_in,
                one.as_needed_robot or "",
            )
            for one in config.residents
        ),
        robots=tuple(one.serial for one in config.robots),
        local=LocalTime(config.home.zone),
        clock=DayClock(
            version=times.version,
            times={
                DayPart.MORNING: times.morning,
                DayPart.NOON: times.noon,
                DayPart.EVENING: times.evening,
                DayPart.NIGHT: times.night,
            },
            persons=times.changed_by,
        ),
        catalogue=Catalogue(
            known=frozenset(config.medicine.known),
            critical=frozenset(config.medicine.critical),
            controlled=frozenset(config.medicine.controlled),
            version=config.medicine.version,
            persons=config.medicine.changed_by,
        ),
        limits=limits(config).stretched(rate),
        staff_phone=config.home.staff_phone,
        staff=tuple(StaffKey(one.name, frozenset(one.tags)) for one in config.staff),
        helpers=tuple(Helper(one.name, one.residents, frozenset(one.tags)) for one in config.helper),
    )


async def run(config: Config, clock: Clock, probe: Probe | None, supervisor: Supervisor = NOBODY) -> None:
    """One home, until cancelled. Raises ConfigError, ControlError, StoreError or StoreKeyError."""
    log = structlog.get_logger()
    broker = peer_choice.broker(config.mqtt)
    oncall_key = peer_choice.public_key(config.mqtt.oncall_public_key_file)
    listening = control.listen(config.control.socket)
    with listening:
        supervisor.tell("STATUS=Checking the store and replaying its journal.")
        try:
            store, world = await _opened(config)
        except StoreError as failure:
            _remember(config.store.path, failure, clock.now())
            # While we listen the socket is ours; nobody will answer on it.
            config.control.socket.unlink(missing_ok=True)
            raise
        try:
            setting = setting_of(config, clock.rate)
            wiring = Wiring(probe)
            engine = Engine(world, setting, wiring.journal(store), clock)
            log.info("home starts", box=config.home.box, rows=store.sequence)
            wiring.passed(Point.OPENED)
            progress = Progress(
                supervisor,
                clock.monotonic,
                lambda: _line(engine, setting),
                store.answers,
                (lambda: engine.turned_s,),
            )
            await _serve(
                config, clock, wiring, engine, store, setting, broker, oncall_key, listening, progress
            )
        except* StoreError as failures:
            _remember(config.store.path, failures, clock.now())
            raise
        finally:
            supervisor.tell("STOPPING=1")
            await store.close()


async def _serve(
    config: Config,
    clock: Clock,
    wiring: Wiring,
    engine: Engine,
    store: StoreThread,
    setting: Setting,
    broker: Broker,
    oncall_key: bytes,
    listening: socket.socket,
    progress: Progress,
) -> None:
    box, now = config.home.box, clock.now
    home = wiring.home(engine)
    session = wiring.session(
        broker, f"home-{box}", Downlink.subscriptions(box), presence=presence(box, engine.head[0])
    )
    life = CommandLife(longest=setting.limits.command_life, clocks_apart=setting.limits.clock_agreement)
    robots = {one.serial: _robot(one, clock, home, setting, wiring) for one in config.robots}

    def alive() -> bool:
        return progress.within(ALIVE_S)

    uplink = Uplink(home, session, box, now)
    beat = Heartbeat(engine, session, box, now, alive, lambda: summarise(engine.world, setting, now()))
    services: Sequence[Service] = (
        *(run for robot, courier in robots.values() for run in (courier.run, robot.run)),
        _folder(config, home, setting, now).run,
        session.run,
        uplink.run,
        Downlink(home, session, box, oncall_key, life, now, uplink.offer_all).run,
        beat.run,
        progress.run,  # ready: the store is open and whole, the journal replayed, and the first commit done
        _wakeups(config, clock, home, engine, store).run,
        partial(
            control.serve,
            listening,
            {
                **_calls(config, engine, setting, now, progress),
                **vitals.calls(
                    engine,
                    setting,
                    {serial: robot for serial, (robot, _) in robots.items()},
                    lambda: session.state,
                    clock,
                ),
            },
        ),
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(engine.run())
        # Before anybody else speaks: whatever was in flight is unproven from here on.
        await engine.submit(DaemonStarted(now(), __version__, box, engine.head[0]))
        await engine.submit(OfferMedicineList(setting.catalogue))
        await engine.submit(OfferClockTimes(setting.clock))
        await _tell_of_the_stop(config.store.path, engine, now())
        for service in services:
            tasks.create_task(service())


def _calls(
    config: Config, engine: Engine, setting: Setting, now: Callable[[], datetime], progress: Progress
) -> control.Handlers:
    """What people at the box may ask of the home."""
    return {
        **calls(engine, setting, now, config.home.demo, config.digest, progress.lag.in_ms),
        **regime_calls.calls(engine, setting, now),
        **leave_calls.calls(engine, setting, now),
        **moving.calls(engine, setting, now, _box(config)),
    }


def _box(config: Config) -> Box | None:
    path = config.home.signing_key_file
    return None if path is None else Box(config.home.box, peer_choice.signing_key(path))


def _line(engine: Engine, setting: Setting) -> str:
    """For `systemctl status`. A home without a robot serves too: it alarms, and staff decide in it."""
    world, all_of_them = engine.world, len(setting.robots)
    ready = sum(world.robot(serial).state is RobotState.READY for serial in setting.robots)
    robots = "the robot" if all_of_them == 1 else f"{ready} of {all_of_them} robots"
    caught_up = "caught up with" if ready else "not caught up with"
    return f"Serving; {caught_up} {robots}, clock {'trusted' if world.clock.trusted else 'untrusted'}."


def _wakeups(config: Config, clock: Clock, home: Home, engine: Engine, store: StoreThread) -> Wakeups:
    files = {CA: config.mqtt.ca_file, CLIENT: config.mqtt.certificate_file}
    certificates = {name: path for name, path in files.items() if path is not None}
    chores = Chores(home, store, certificates, clock.now).all(config.home.box)
    return Wakeups(home, chores, clock, config.home.box, lambda: engine.steps)


def _robot(
    config: RobotSection, clock: Clock, home: Home, setting: Setting, wiring: Wiring
) -> tuple[RobotConnection, Courier]:
    """One robot's line, with a link, a machine and a courier of its own: its faults stay there."""

    def known_log(log_id: str) -> int | None:
        robot = home.world.robot(config.serial)
        return robot.log_read if robot.log_id == log_id and robot.log_read else None

    def deliver(facts: Sequence[Fact]) -> None:
        courier.deliver(facts)

    robot = RobotConnection(
        port=str(config.port),
        baud=config.baud,
        expected=RobotExpectation(
            serial=config.serial,
            family=config.family,
            accept_unauthenticated=config.accept_unauthenticated,
        ),
        known_log=known_log,
        position=lambda: home.head,
        deliver=deliver,
        dump=_Dumps(clock, config.serial, deliver).take,
        monotonic=clock.monotonic,
        now=clock.now,
        new_session=lambda: secrets.randbits(SESSION_BITS),
        rate=clock.rate,
        open_port=wiring.open_port,
    )
    courier = Courier(home, setting, config.serial, wiring.robot(robot), clock)
    return robot, courier


class _Dumps:
    """Journals what the robot said before a fault, at most once an hour: a loose plug can't fill a disk."""

    EVERY_S = 3600.0

    def __init__(self, clock: Clock, serial: str, deliver: Callable[[Sequence[Fact]], None]) -> None:
        self._clock = clock
        self._serial = serial
        self._deliver = deliver
        self._last_s: float | None = None

    def take(self, reason: str, lines: tuple[str, ...]) -> None:
        structlog.get_logger().warning("robot session ended", reason=reason)
        now_s = self._clock.monotonic()
        if self._last_s is None or now_s >= self._last_s + self.EVERY_S:
            self._last_s = now_s
            dumped = RobotDumped(at=self._clock.now(), reason=reason, lines=lines, robot=self._serial)
            self._deliver([dumped])


def _folder(config: Config, home: Home, setting: Setting, now: Callable[[], datetime]) -> FolderSync:
    residents = [
        ResidentIdentity(key=one.key, system=one.identifier_system, value=one.identifier_value)
        for one in config.residents
    ]
    fagsystem = config.fagsystem

    def ours(resident: str) -> bool:
        return not not_ours(home.world, setting, resident)

    return FolderSync(home, fagsystem.folder, residents, setting.local, fagsystem.poll_s, now, ours)


async def _opened(config: Config) -> tuple[StoreThread, World]:
    """The store and what its journal says happened. A wrong key, a damaged file or a broken chain ends the
    start: the robot stays locked and the missing heartbeat calls somebody."""
    store = await StoreThread.open(config.store.path, key_provider(config.store).key())
    try:
        faults = await store.integrity()
        if faults:
            raise damaged(faults)
        world = await store.folded(World(), evolve)
    except StoreError:
        await store.close()
        raise
    return store, world


def _remember(path: Path, failure: StoreError | BaseExceptionGroup[StoreError], at: datetime) -> None:
    """Rule 29: the one thing written without the journal, because that is what failed."""
    match failure:
        case StoreError(reason=reason):
            if reason:
                emergency.record(path, emergency.Stop(at, reason))
        case BaseExceptionGroup(exceptions=failures):
            for each in failures:
                _remember(path, each, at)


async def _tell_of_the_stop(path: Path, engine: Engine, now: datetime) -> None:
    """Committed first, cleared then: a crash between says it again, and once is enough for the core."""
    stop = emergency.read(path)
    if stop is not None:
        await engine.submit(StoreStopped(at=now, reason=stop.reason, stopped=stop.at))
        await asyncio.to_thread(emergency.clear, path)
