"""One running home on real parts: the daemon's root, its encrypted store, a real mosquitto, the simulated
robot on a real pseudo-terminal, a fagsystem folder, and on-call held by hand.

Everything runs in the test's loop, in civil time that goes `rate` times as fast as the real one. A test acts
as people and cables do (`press`, `lift`, `unplug`, `ask`) and reads what is committed (`events`), shown
(`lines`), published (`oncall`) and moved (`moves`).
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from dispenserd import app
from dispenserd.clock import RatedClock
from dispenserd.config import load
from dispenserd.control_call import Unreachable, call
from dispenserd.mqtt.session import Broker
from dispenserd.probe import Probe
from dispenserd.store.chain import JournalRow
from dispenserd.store.store import Store
from protocol.wire.messages import Light
from scheduler import events as ev
from scheduler.events import Event
from scheduler.evolve import evolve
from scheduler.record import EVENT_FIELD, from_plain
from scheduler.world import World
from simulator import script
from simulator.clock import RatedClock as RobotClock
from simulator.mechanics import Mechanics
from simulator.memory import BatteryClock, Memory
from simulator.port import Port
from simulator.refusals import FirmwareLimits
from simulator.robot import Robot
from simulator.roll import parse_roll
from simulator.server import Server
from tests.support.broker import TestBroker
from tests.support.home_papers import BOX, CLOCK_TIMES, DAY, RESIDENT, Json, card, configuration, manifest
from tests.support.oncall_by_hand import PUBLIC, OncallByHand

ZONE = timedelta(hours=1)
"""Copenhagen in winter."""
WITHIN_S = 10.0

E = TypeVar("E", bound=Event)


@dataclass
class Wanted:
    """How a home differs from the usual one."""

    rate: float = 150.0
    start: str = "07:59"
    clock_times: dict[str, str] = field(default_factory=lambda: dict(CLOCK_TIMES))
    window_min: int = 60
    serial: str = "SIM-0001"  # on the robot's plate
    robot: type[Robot] | None = Robot  # None: no robot on the port
    accounts: dict[str, str] = field(default_factory=dict)
    password: str = ""  # what the home signs in with; "" = it does not
    acl: str = ""


class RunningHome:
    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self.folder = folder
        self.wanted = wanted
        epoch_s = time.monotonic()
        start = datetime.fromisoformat(f"{DAY}T{wanted.start}").replace(tzinfo=UTC) - ZONE
        self.clock = RatedClock(start, epoch_s, wanted.rate)
        self._robot_clock = RobotClock(int(start.timestamp() * 1000), epoch_s, wanted.rate)
        self.broker = TestBroker(wanted.accounts, wanted.acl)
        self.mechanics = Mechanics()
        self.memory = Memory()
        self.seen: list[dict[str, object]] = []  # what the robot lets people see, in order
        self.on_seen: Callable[[dict[str, object]], None] = lambda _: None
        self._happened = asyncio.Event()
        self._daemon: asyncio.Task[None] | None = None
        self._parts: list[asyncio.Task[None]] = []
        self._journal: Store | None = None
        self._events: list[Event] = []
        self._rows = 0
        self._world = World()
        self.server: Server | None = None
        self.files()

    # --- its files ---

    def files(self) -> None:
        (self.folder / "key").write_bytes(os.urandom(32))
        (self.folder / "key").chmod(0o600)
        (self.folder / "oncall.pub").write_text(PUBLIC.hex())
        (self.folder / "fag" / RESIDENT).mkdir(parents=True)
        self.write_password(self.wanted.password)
        self.put_plan(card())

    def write_password(self, password: str) -> None:
        path = self.folder / "password"
        path.write_text(password)
        path.chmod(0o600)

    def put_plan(self, bundle: Json | str) -> None:
        """Complete by rename."""
        path = self.folder / "fag" / RESIDENT / "plan.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(bundle if isinstance(bundle, str) else json.dumps(bundle))
        fresh.replace(path)

    def filed(self) -> list[Json]:
        """The administrations at the fagsystem."""
        folder = self.folder / "fag" / RESIDENT / "administrations"
        return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]

    def manifest(self) -> Json:
        return manifest(self.wanted.clock_times)

    def write_configuration(self) -> Path:
        wanted = self.wanted
        path = self.folder / "home.toml"
        path.write_text(
            configuration(
                self.broker.port, wanted.clock_times, wanted.window_min, signs_in=bool(wanted.password)
            )
        )
        return path

    # --- its parts ---

    async def start_robot(self) -> None:
        if self.wanted.robot is None:
            return
        now = self._robot_clock.now()
        self.memory.clock = BatteryClock(set_utc_ms=now.civil_ms)
        limits = FirmwareLimits(gap_ms=0, clock_step_max_ms=int(120_000 * self.wanted.rate))
        robot = self.wanted.robot(
            self.memory, self.mechanics, limits, self.wanted.serial, partial(os.urandom, 16)
        )
        production_id, sachets = parse_roll(self.manifest())
        robot.load(production_id, sachets, now)
        self._plug_in(robot)

    async def swap_robot(self, kind: type[Robot], serial: str) -> Mechanics:
        """Somebody puts another robot on the cable, with a roll of the same labels; its matter."""
        now, matter = self._robot_clock.now(), Mechanics()
        memory = Memory(clock=BatteryClock(set_utc_ms=now.civil_ms))
        robot = kind(memory, matter, FirmwareLimits(), serial, partial(os.urandom, 16))
        production_id, sachets = parse_roll(self.manifest())
        robot.load(production_id, sachets, now)
        assert self.server is not None
        self.server.end()
        await self.until(lambda: not (self.folder / "robot").is_symlink(), "the old robot is gone")
        self._plug_in(robot)
        return matter

    def _plug_in(self, robot: Robot) -> None:
        self.robot = robot
        self.server = Server(robot, Port(self.folder / "robot"), self._robot_clock, self._saw)
        self._parts.append(asyncio.create_task(self.server.run()))

    def start_oncall(self) -> None:
        account = next(iter(self.wanted.accounts.items()), ("", ""))
        place = Broker(self.broker.host, self.broker.port, *account)
        self.oncall = OncallByHand(place, BOX, self.clock.now, self.wanted.rate, self._happened.set)
        self._parts.append(asyncio.create_task(self.oncall.run()))

    async def start_daemon(self, probe: Probe | None = None) -> None:
        """Returns when it answers on its control socket; raises what it ended with."""
        self._daemon = asyncio.create_task(app.run(load(self.write_configuration()), self.clock, probe))
        self._daemon.add_done_callback(lambda _: self._happened.set())
        await self.until((self.folder / "control.sock").exists, "the control socket is there")
        await self.ask("status")
        if self._journal is None:
            self._journal = Store.open(
                self.folder / "home.db", (self.folder / "key").read_bytes(), readonly=True
            )

    async def stop_daemon(self) -> None:
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.cancel()
            with suppress(asyncio.CancelledError):
                await daemon

    async def restart_daemon(self) -> None:
        """Returns when the robot is caught up in the new process."""
        before = len(self.events(ev.RobotCaughtUp))
        await self.stop_daemon()
        await self.start_daemon()
        await self.until(lambda: len(self.events(ev.RobotCaughtUp)) > before, "caught up again")

    async def stop(self) -> None:
        await self.stop_daemon()
        if self.server is not None:
            self.server.end()
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        self.close_journal()

    def close_journal(self) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.close()

    def forget_journal(self) -> None:
        """The file is about to be another one."""
        self.close_journal()
        self._events, self._rows, self._world = [], 0, World()

    async def prepare(self) -> None:
        """Robot caught up, plan accepted, roll put in by a person, and the dose of now offered."""
        await self.until(lambda: self.events(ev.RobotCaughtUp) and self.events(ev.PlanAccepted), "ready")
        loaded = await self.ask("roll_load", manifest=self.manifest(), by="Tove Tekniker")
        assert loaded["accepted"], loaded

    async def offered(self, within_s: float = WITHIN_S) -> None:
        await self.until(lambda: "Tryk på knappen." in self.lines, "the robot asks for a press", within_s)

    # --- people and cables ---

    def do(self, act: script.Act) -> None:
        assert self.server is not None
        self.server.do(act)

    def press(self) -> None:
        self.do(script.Press(at_ms=0))

    def lift(self) -> None:
        self.do(script.Lift(at_ms=0))

    def unplug(self, real_s: float) -> None:
        self.do(script.Unplug(at_ms=0, for_s=real_s * self.wanted.rate))

    async def take_dose(self) -> None:
        """The resident presses, waits for the sachet and lifts it."""
        await self.offered()
        before = len(self.moves)
        self.press()
        await self.until(lambda: self.moves[before:][-1:] and self.moves[-1][2] == "tray", "in the tray")
        self.lift()

    async def ask(self, name: str, **arguments: object) -> Json:
        """A call at the control socket, as a terminal makes it."""
        try:
            return await asyncio.to_thread(call, self.folder / "control.sock", name, arguments)
        except Unreachable:
            if self._daemon is not None:  # it ends, or the test shall hear that it should have
                await asyncio.wait({self._daemon}, timeout=WITHIN_S)
            self._raise_if_ended()
            raise

    # --- looking ---

    def events(self, kind: type[E]) -> list[E]:
        """What the journal holds of it, oldest first."""
        return [event for event in self.journal() if isinstance(event, kind)]

    def journal(self) -> list[Event]:
        if self._journal is not None:
            for row in self._journal.rows(self._rows):
                event = from_plain({EVENT_FIELD: row.kind, **row.body})
                self._events.append(event)
                self._world = evolve(self._world, event)
                self._rows = row.sequence
        return self._events

    def rows(self) -> list[JournalRow]:
        assert self._journal is not None
        return list(self._journal.rows())

    @property
    def world(self) -> World:
        """As the journal tells it."""
        self.journal()
        return self._world

    def stage(self, slot: str = "morning") -> str:
        """Where the first day's dose of this slot is."""
        return self.world.doses[f"{RESIDENT}/{DAY}/{slot}/1"].stage.value

    def unanswered(self, outbox: str) -> list[str]:
        """Keys of the rows that nobody answered yet."""
        assert self._journal is not None
        return [row.key for row in self._journal.unanswered(outbox)]  # type: ignore[arg-type]

    def outcomes(self) -> list[tuple[str, str]]:
        """(slot, outcome) of everything recorded, corrections too."""
        recorded = self.events(ev.OutcomeRecorded)
        return [(event.dose_id.split("/")[2], event.outcome.value) for event in recorded]

    def incidents(self) -> list[tuple[str, str]]:
        """(kind, detail) of every incident raised or changed."""
        raised = [(event.incident.kind.value, event.incident.detail) for event in self.raised()]
        return raised + [(event.kind.value, event.detail) for event in self.events(ev.IncidentChanged)]

    def raised(self) -> list[ev.IncidentRaised]:
        return self.events(ev.IncidentRaised)

    def orders(self, kind: ev.OrderKind) -> list[ev.Order]:
        return [event.order for event in self.events(ev.OrderIssued) if event.order.kind is kind]

    @property
    def moves(self) -> list[tuple[str, str, str]]:
        """(label, from, to): the witness of matter, not the robot's word."""
        return [(m.sachet.label, m.origin.value, m.target.value) for m in self.mechanics.trace]

    @property
    def lines(self) -> tuple[str, ...]:
        """What the robot's display shows."""
        shown = [each["lines"] for each in self.seen if each["what"] == "display"]
        return tuple(shown[-1]) if shown else ()  # type: ignore[arg-type]

    @property
    def light(self) -> Light:
        shown = [each["light"] for each in self.seen if each["what"] == "display"]
        return Light(str(shown[-1])) if shown else Light.OFF

    # --- waiting ---

    async def until(self, holds: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
        """Looks whenever something happened, and a few times a second; a daemon that ended ends it."""
        deadline = time.monotonic() + within_s
        while not holds():
            self._raise_if_ended()
            assert time.monotonic() < deadline, f"not within {within_s} s: {what}; {self._situation()}"
            self._happened.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.03):
                    await self._happened.wait()

    async def until_civil(self, local: str) -> None:
        """Until that local time of the first day."""
        at = datetime.fromisoformat(f"{DAY}T{local}").replace(tzinfo=UTC) - ZONE
        await asyncio.sleep(max(0.0, (at - self.clock.now()).total_seconds() / self.wanted.rate))

    def _raise_if_ended(self) -> None:
        if self._daemon is not None and self._daemon.done():
            daemon, self._daemon = self._daemon, None
            daemon.result()
            raise AssertionError("the daemon ended")

    def _situation(self) -> str:
        told = [type(event).__name__ for event in self.journal()[-12:]]
        facts = f"journal ends {told}; outcomes {self.outcomes()}; incidents {self.incidents()}"
        return f"{facts}; shown {self.lines}; moved {self.moves}"

    def _saw(self, line: dict[str, object]) -> None:
        self.seen.append(line)
        self.on_seen(line)
        self._happened.set()


@asynccontextmanager
async def running_home(wanted: Wanted | None = None, *, prepared: bool = True) -> AsyncIterator[RunningHome]:
    """A home that offers its first dose; with `prepared=False` the daemon is not started."""
    with TemporaryDirectory(prefix="home-") as folder:
        home = RunningHome(Path(folder), wanted or Wanted())
        with home.broker:
            try:
                home.start_oncall()
                await home.start_robot()
                if prepared:
                    await home.start_daemon()
                    await home.prepare()
                yield home
                assert home.mechanics.conserved(), "a sachet was lost or doubled"
            finally:
                await home.stop()
