"""How long an alarm takes to a subscriber, a press to the robot, and how late the engine wakes.

The home's own parts as the composition root joins them (engine, encrypted store, courier, uplink, session,
robot on a paced pseudo-terminal, real mosquitto), at rate 1; only the hours in between are skipped. After
each sample the same rows and the same payload go the bare way, to the same disk and the same subscriber.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client

from dispenserd.courier import Courier
from dispenserd.engine import Engine
from dispenserd.home import Head, OutboxRow
from dispenserd.mqtt.session import Broker, Session
from dispenserd.mqtt.translate import row_message
from dispenserd.mqtt.uplink import Uplink
from dispenserd.store.chain import canonical, link
from dispenserd.store.store import Store
from dispenserd.store.thread import StoreThread
from drivers.connection import RobotConnection
from drivers.robot import RobotExpectation
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.events import Event
from scheduler.outbox import Change, OutboxName, Put
from scheduler.record import EVENT_FIELD, to_plain
from scheduler.world import Dose, RobotState, World
from simulator.line import BITS_PER_BYTE
from simulator.server import BAUD
from tests.bench.bare import HOST, JournalValues, OutboxValues, client, commit, connect
from tests.bench.figures import Row, percentile
from tests.bench.processes import BenchFailed, Process, module, running, until
from tests.bench.skipping_clock import SharedDistance, SkippingClock
from tests.support.broker import TestBroker
from tests.support.pure_home import RESIDENT, ROBOT, prescriptions, roll, setting, utc

BOX = "box-0001"
ROUND_DAYS = 14
"""A roll. Each is a home of its own, so that no sample waits for a new roll."""
LEAD_S = 0.08
"""How long before a sample the last seconds are skipped, with nothing left to commit."""
FLOOR_TOPIC = "bench/floor"
TARGET_FLOORS = 5.0
"""Wake-up to subscriber: at the median no more than so many floors."""
MOTION, LOOK_AGAIN_S = timedelta(seconds=5), 0.06
"""Skipped while the motor turns, as often as it takes (an order lives for two minutes), and a pause that is
longer than the simulator's own."""

Rows = tuple[list[JournalValues], list[OutboxValues]]


@dataclass
class Samples:
    """All in seconds."""

    alarm: list[float] = field(default_factory=list)
    alarm_floor: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    late_floor: list[float] = field(default_factory=list)
    press: list[float] = field(default_factory=list)
    press_floor: list[float] = field(default_factory=list)


async def measure(samples: int, folder: Path, tell: Callable[[int], None]) -> list[Row]:
    found = Samples()
    with TestBroker() as broker, _Sleeper() as sleeper:
        async with running(
            folder, *module("tests.bench.bare", "listen", broker.port), name="listen"
        ) as heard:
            await heard.hear(lambda line: line["topic"] == "", "the subscriber")
            publisher = client("bench-floor", broker.port)
            try:
                for round_ in range(-(-samples // (ROUND_DAYS * 4))):
                    place = folder / f"round-{round_}"
                    place.mkdir()
                    async with _home(place, broker.port, heard, publisher, sleeper, found) as home:
                        await home.live(samples, tell)
            finally:
                publisher.disconnect()
                publisher.loop_stop()
    return _rows(found)


def _rows(found: Samples) -> list[Row]:
    def row(
        name: str, hundredths: int, values: list[float], floors: list[float], note: str, limit: float | None
    ) -> Row:
        value, floor = percentile(values, hundredths) * 1000, percentile(floors, hundredths) * 1000
        return Row(f"{name}, p{hundredths}", "ms", value, floor, limit, True, note)

    alarm, late, press = "wake-up -> subscriber", "lateness of a wake-up", "press -> order at robot"
    count = f"{len(found.alarm)} samples"
    bare = f"{count}; floor: bare commit of the same rows + bare QoS 1 publish, same subscriber"
    wire = f"{len(found.press)} samples; floor: bare commit of the same rows + bytes at {BAUD} baud"
    slept = f"{count}; floor: bare asyncio.sleep to an instant as far away"
    return [
        row(alarm, 50, found.alarm, found.alarm_floor, bare, TARGET_FLOORS),
        row(alarm, 99, found.alarm, found.alarm_floor, "", None),
        row(press, 50, found.press, found.press_floor, wire, None),
        row(press, 99, found.press, found.press_floor, "", None),
        row(late, 50, found.late, found.late_floor, slept, None),
        row(late, 99, found.late, found.late_floor, "", None),
    ]


class _Sleeper:
    """An event loop of its own with nothing else on it."""

    def __enter__(self) -> _Sleeper:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def lateness_s(self, span_s: float) -> float:
        async def sleep() -> float:
            target_s = time.monotonic() + span_s
            await asyncio.sleep(span_s)
            return time.monotonic() - target_s

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(sleep(), self._loop))


class _Journal:
    """The store, remembering what was committed last."""

    def __init__(self, store: StoreThread) -> None:
        self._store = store
        self.last: tuple[Sequence[Event], Sequence[Change]] = ((), ())
        self.watch_for: type[Event] | None = None

    @property
    def newest(self) -> tuple[int, int, str]:
        return self._store.newest

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]:
        return await self._store.missing(heads)

    async def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        await self._store.append(events, changes)
        if self.watch_for is not None and any(isinstance(event, self.watch_for) for event in events):
            self.last, self.watch_for = (events, changes), None

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]:
        return await self._store.unanswered(outbox)

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> Sequence[OutboxRow]:
        return await self._store.kept(outbox, keys)


class _Floor:
    """A file with the store's tables and settings, and rows written to it the bare way."""

    def __init__(self, path: Path, key: bytes) -> None:
        Store.open(path, key).close()
        self._connection = connect(path, key)
        self._sequence = 0

    def rows(self, events: Sequence[Event], changes: Sequence[Change]) -> Rows:
        """Prepared beforehand: only writing them is the floor."""
        rows: list[JournalValues] = []
        for event in events:
            self._sequence += 1
            plain = to_plain(event)
            kind = str(plain.pop(EVENT_FIELD))
            body, previous = canonical(plain), secrets.token_hex(32)
            linked = link(previous, self._sequence, 1, kind, body)
            rows.append((self._sequence, 1, str(plain["at"]), kind, body, previous, linked))
        puts: list[OutboxValues] = [
            (put.outbox, put.key, f"1-{rows[-1][-1]}", self._sequence, canonical(put.body))
            for put in changes
            if isinstance(put, Put)
        ]
        return rows, puts

    def commit(self, rows: Rows) -> float:
        """When it began."""
        began_s = time.monotonic()
        commit(self._connection, *rows)
        return began_s

    def close(self) -> None:
        self._connection.close()


class _Home:
    def __init__(
        self,
        engine: Engine,
        journal: _Journal,
        clock: SkippingClock,
        robot: Process,
        heard: Process,
        publisher: Client,
        sleeper: _Sleeper,
        floor: _Floor,
        found: Samples,
    ) -> None:
        self._engine, self._journal, self._clock = engine, journal, clock
        self._robot, self._heard, self._publisher = robot, heard, publisher
        self._sleeper, self._floor, self._found = sleeper, floor, found

    async def live(self, samples: int, tell: Callable[[int], None]) -> None:
        """Until the roll or the samples are used up."""
        await self._engine.submit(ev.DaemonStarted(self._clock.now(), "bench", BOX, 1))
        await until(lambda: self._world.robot(ROBOT).state is RobotState.READY, "the robot caught up")
        await self._engine.submit(
            cmd.OfferPlan(RESIDENT, 1, prescriptions(), "bench"), cmd.LoadRoll(roll(ROUND_DAYS), "bench")
        )
        for _ in range(ROUND_DAYS * 4):
            if len(self._found.alarm) >= samples:
                return
            dose = min(
                (dose for dose in self._world.doses.values() if dose.outcome is None),
                key=lambda dose: dose.plan.opens,
            )
            await self._alarm(dose)
            await self._press()
            tell(len(self._found.alarm))

    async def _alarm(self, dose: Dose) -> None:
        """Nobody comes: at half window the core wants to wake and say so."""
        await self._skip_to(dose.plan.opens + timedelta(seconds=1))
        await self._skip_to(dose.plan.half - timedelta(seconds=20))
        self._found.late_floor.append(await self._sleeper.lateness_s(LEAD_S))
        await self._skip_to(dose.plan.half - timedelta(seconds=LEAD_S))
        due_s = self._clock.await_look(dose.plan.half)
        if time.monotonic() >= due_s:
            raise BenchFailed("this machine is too busy: the instant came before everything was at rest")
        self._journal.watch_for = ev.IncidentRaised
        said = await self._heard.hear(
            lambda line: line["payload"].get("subject") == "dose" and line["payload"]["revision"] == 1,
            "an incident of the dose",  # others come on their days: the roll ends soon
        )
        incident = said["payload"]["incident"]
        self._found.alarm.append(said["at"] - due_s)
        if self._clock.lateness_s is None:
            raise BenchFailed("the engine did not look at the clock")
        self._found.late.append(self._clock.lateness_s)
        await until(
            lambda: self._world.incidents[incident].state is not ev.State.RAISED, "the broker's answer"
        )
        await self._engine.submit(cmd.TakeReceipt(incident, said["payload"]["revision"]))
        await self._bare_alarm()

    async def _bare_alarm(self) -> None:
        events, changes = self._journal.last
        rows = self._floor.rows(events, changes)
        put = next(change for change in changes if isinstance(change, Put) and change.outbox == "incident")
        row = OutboxRow("incident", put.key, f"1-{rows[0][-1][-1]}", put.body)
        payload = row_message(BOX, self._engine.position, row).payload
        await asyncio.sleep(LEAD_S)
        began_s = self._floor.commit(rows)
        self._publisher.publish(FLOOR_TOPIC, payload, qos=1)
        said = await self._heard.hear(lambda line: line["topic"] == FLOOR_TOPIC, "the bare publish")
        self._found.alarm_floor.append(said["at"] - began_s)

    async def _press(self) -> None:
        """The resident presses; the sachet is released, presented and lifted."""
        await until(lambda: self._world.clock.trusted, "a trusted clock")
        self._journal.watch_for = ev.OrderIssued
        self._robot.say("press")
        pressed = await self._robot.hear(lambda line: line["what"] == "pressed", "a press")
        order = await self._robot.hear(lambda line: line["what"] == "release", "the order")
        self._found.press.append(order["at"] - pressed["at"])
        await self._moved("to_holding")
        await self._moved("to_tray")
        self._robot.say("lift")
        cleared = await self._heard.hear(
            lambda line: line["payload"].get("revision") == 2, "that it was retrieved"
        )
        await self._engine.submit(cmd.TakeReceipt(cleared["payload"]["incident"], 2))
        rows = self._floor.rows(*self._journal.last)
        began_s = self._floor.commit(rows)
        committed_s = time.monotonic() - began_s
        line_s = (pressed["bytes"] + order["bytes"]) * BITS_PER_BYTE / BAUD
        self._found.press_floor.append(committed_s + line_s)

    async def _moved(self, what: str) -> None:
        """Skips what the motor takes."""
        for _ in range(20):
            with suppress(BenchFailed):
                await self._robot.hear(lambda line: line["what"] == what, what, within_s=LOOK_AGAIN_S)
                return
            self._clock.skip(MOTION)
        raise BenchFailed(f"the robot did not move a sachet {what}")

    async def _skip_to(self, instant: datetime) -> None:
        """And lets the engine see it: it may be asleep for a second."""
        self._clock.skip_to(instant)
        status = self._world.robot(ROBOT).status
        if status is not None:
            await self._engine.submit(ev.RobotReported(self._clock.now(), status))

    @property
    def _world(self) -> World:
        return self._engine.world


@asynccontextmanager
async def _home(
    folder: Path, port: int, heard: Process, publisher: Client, sleeper: _Sleeper, found: Samples
) -> AsyncIterator[_Home]:
    key = secrets.token_bytes(32)
    distance = SharedDistance(folder / "distance")
    clock = SkippingClock(distance)
    distance.seconds = utc("07:30").timestamp() - time.monotonic()
    strip = roll(ROUND_DAYS)
    sachets = [{"n": sachet.number, "label": sachet.label} for sachet in strip.sachets]
    (folder / "roll.json").write_text(json.dumps({"production_id": strip.production_id, "sachets": sachets}))
    command = module("tests.bench.robot_process", folder / "robot", folder / "distance", folder / "roll.json")
    store = await StoreThread.open(folder / "home.db", key)
    floor = _Floor(folder / "floor.db", key)
    try:
        async with running(folder, *command, name="robot") as robot:
            await until(lambda: (folder / "robot").is_symlink(), "the robot's port")
            journal = _Journal(store)
            engine = Engine(World(), setting(), journal, clock)
            parts = _parts(engine, clock, folder / "robot", port)
            tasks = [asyncio.create_task(part()) for part in (engine.run, *parts)]
            try:
                yield _Home(engine, journal, clock, robot, heard, publisher, sleeper, floor, found)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        floor.close()
        await store.close()


def _parts(
    engine: Engine, clock: SkippingClock, link_: Path, port: int
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """Around the engine, as `dispenserd.app` joins them."""

    def known_log(log_id: str) -> int | None:
        robot = engine.world.robot(ROBOT)
        return robot.log_read if robot.log_id == log_id and robot.log_read else None

    robot = RobotConnection(
        port=str(link_),
        baud=BAUD,
        expected=RobotExpectation(ROBOT, "sachet_roll", accept_unauthenticated=True),
        known_log=known_log,
        position=lambda: engine.head,
        deliver=lambda facts: courier.deliver(facts),
        dump=lambda _reason, _lines: None,
        monotonic=time.monotonic,  # the line's own time-outs are not skipped
        now=clock.now,
        new_session=lambda: secrets.randbits(64),
    )
    courier = Courier(engine, setting(), ROBOT, robot, clock)
    session = Session(Broker(HOST, port), f"home-{BOX}-{secrets.token_hex(4)}")
    uplink = Uplink(engine, session, BOX, clock.now)
    return [courier.run, robot.run, session.run, uplink.run]
