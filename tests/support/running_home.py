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
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from dispenserd import app
from dispenserd.clock import RatedClock
from dispenserd.config import load
from dispenserd.control_call import call
from dispenserd.courier import Probe
from dispenserd.mqtt.session import Broker
from dispenserd.store.store import Store
from protocol.wire.messages import Light
from scheduler import events as ev
from scheduler.events import Event
from scheduler.record import EVENT_FIELD, from_plain
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
from tests.support.oncall_by_hand import PUBLIC, OncallByHand

BOX = "box-0001"
RESIDENT = "5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64"
OTHER_RESIDENT = "0" * 31 + "1"
PERSON_SYSTEM, PERSON = "urn:example:person", "invented-4711"
DAY = date(2026, 11, 2)
ZONE = timedelta(hours=1)
"""Copenhagen in winter."""
STRENGTH_MG = 47
DRUGS = {"morning": "C07AB02", "noon": "N02BE01", "evening": "C10AA01", "night": "N03AX09"}
WHEN = {"morning": "MORN", "noon": "NOON", "evening": "EVE", "night": "NIGHT"}
CLOCK_TIMES = {"morning": "08:00", "noon": "12:00", "evening": "18:00", "night": "22:00"}
WITHIN_S = 10.0

E = TypeVar("E", bound=Event)
Json = dict[str, Any]


@dataclass
class Wanted:
    """How a home differs from the usual one."""

    rate: float = 60.0
    start: str = "08:01"
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

    def _config(self) -> Path:
        path = self.folder / "home.toml"
        path.write_text(toml(self.wanted, self.broker.port))
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
        self.server = Server(robot, Port(self.folder / "robot"), self._robot_clock, self._saw)
        self._parts.append(asyncio.create_task(self.server.run()))

    def start_oncall(self) -> None:
        account = next(iter(self.wanted.accounts.items()), ("", ""))
        place = Broker(self.broker.host, self.broker.port, *account)
        self.oncall = OncallByHand(place, BOX, self.clock.now, self.wanted.rate, self._happened.set)
        self._parts.append(asyncio.create_task(self.oncall.run()))

    async def start_daemon(self, probe: Probe | None = None) -> None:
        """Returns when it answers on its control socket; raises what it ended with."""
        self._daemon = asyncio.create_task(app.run(load(self._config()), self.clock, probe))
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

    async def stop(self) -> None:
        await self.stop_daemon()
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
        if self._journal is not None:
            self._journal.close()

    async def prepare(self) -> None:
        """Robot caught up, plan accepted, roll put in by a person, and the dose of now offered."""
        await self.until(lambda: self.events(ev.RobotCaughtUp) and self.events(ev.PlanAccepted), "ready")
        loaded = await self.ask("roll_load", manifest=self.manifest(), by="Tove Tekniker")
        assert loaded["accepted"], loaded

    async def offered(self) -> None:
        await self.until(lambda: "Tryk på knappen." in self.lines, "the robot asks for a press")

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
        wish = asyncio.create_task(asyncio.to_thread(call, self.folder / "control.sock", name, arguments))
        await asyncio.wait(
            {wish, *([self._daemon] if self._daemon else [])}, return_when=asyncio.FIRST_COMPLETED
        )
        self._raise_if_ended()
        return await wish

    # --- looking ---

    def events(self, kind: type[E]) -> list[E]:
        """What the journal holds of it, oldest first."""
        return [event for event in self.journal() if isinstance(event, kind)]

    def journal(self) -> list[Event]:
        if self._journal is not None:
            for row in self._journal.rows(self._rows):
                self._events.append(from_plain({EVENT_FIELD: row.kind, **row.body}))
                self._rows = row.sequence
        return self._events

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
        return Light(shown[-1]) if shown else Light.OFF

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
        return f"journal ends {told}; incidents {self.incidents()}; shown {self.lines}; moved {self.moves}"

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


def card(version: int = 1, person: str = PERSON, slots: Sequence[str] = tuple(DRUGS)) -> Json:
    """A medicine card: one prescription a day part."""
    patient = {
        "resourceType": "Patient",
        "id": "resident",
        "identifier": [{"system": PERSON_SYSTEM, "value": person}],
    }
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "identifier": {"system": "urn:example:card", "value": str(version)},
        "entry": [{"resource": patient}, *({"resource": prescription(slot)} for slot in slots)],
    }


def prescription(slot: str, quantity: int = 1) -> Json:
    strength = {
        "numerator": {"value": STRENGTH_MG, "unit": "mg"},
        "denominator": {"value": 1, "unit": "tablet"},
    }
    medication = {
        "resourceType": "Medication",
        "id": "med",
        "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": DRUGS[slot]}]},
        "ingredient": [{"itemCodeableConcept": {"text": "x"}, "strength": strength}],
    }
    repeat = {
        "boundsPeriod": {"start": DAY.isoformat()},
        **{"frequency": 1, "period": 1, "periodUnit": "d", "when": [WHEN[slot]]},
    }
    return {
        "resourceType": "MedicationRequest",
        "id": f"p-{slot}",
        "status": "active",
        "intent": "order",
        "subject": {"reference": "Patient/resident"},
        "contained": [medication],
        "medicationReference": {"reference": "#med"},
        "dosageInstruction": [
            {
                "timing": {"repeat": repeat},
                "doseAndRate": [{"doseQuantity": {"value": quantity, "unit": "tablet"}}],
            }
        ],
    }


def manifest(clock_times: dict[str, str], resident: str = RESIDENT, first: date = DAY, days: int = 2) -> Json:
    sachets: list[Json] = []
    for day in range(days):
        for slot, clock in clock_times.items():
            number = len(sachets) + 1
            item = {"drug": DRUGS[slot], "strength": f"{STRENGTH_MG} mg", "quantity": 1, "unit": "tablet"}
            local = f"{first + timedelta(days=day)}T{clock}"
            sachets.append({"n": number, "label": f"LBL-{number:03}", "local": local, "contents": [item]})
    return {"production_id": "ROLL-1", "resident": resident, "card_version": 1, "sachets": sachets}


def toml(wanted: Wanted, broker_port: int) -> str:
    known = json.dumps(list(DRUGS.values()))
    times = "\n".join(f'{slot} = "{clock}"' for slot, clock in wanted.clock_times.items())
    account = f'username = "{BOX}"\npassword_file = "password"' if wanted.password else ""
    return f"""
[home]
box = "{BOX}"
staff_phone = "+45 70 00 00 00"
demo = true
[resident]
key = "{RESIDENT}"
identifier_system = "{PERSON_SYSTEM}"
identifier_value = "{PERSON}"
[clock_times]
{times}
[medicine]
known = {known}
critical = ["{DRUGS["night"]}"]
[robot]
port = "robot"
serial = "SIM-0001"
accept_unauthenticated = true
[store]
path = "home.db"
[store.key]
provider = "file"
path = "key"
[mqtt]
host = "127.0.0.1"
port = {broker_port}
oncall_public_key_file = "oncall.pub"
{account}
[fagsystem]
folder = "fag"
poll_s = 0.1
[control]
socket = "control.sock"
[limits]
window_min = {wanted.window_min}
reminder_every_min = 5
receipt_s = 0.5
robot_gone_s = 1.0
"""
