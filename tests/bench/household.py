"""One home of real processes: broker, on-call, the simulated robot and the daemon, as in a rehearsal.

Started from files on paper; what is measured on it is not its business.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dispenserd.control_call import Unreachable, call
from dispenserd.store.store import Store
from simulator.script import SCHEMA
from tests.bench.processes import BenchFailed, Process, module, running, until
from tests.support.broker import TestBroker
from tests.support.home_papers import CLOCK_TIMES, DAY, RESIDENT, ZONE, card, configuration, manifest

WINDOW_MIN = 120
NEWEST_CARD = 99
READ_EVERY_S = 0.25
"""The journal, while waiting for a row: it tells when it was, and looking often would disturb."""


def civil(local: str, days: int = 0) -> datetime:
    """`HH:MM` of the first day, in a Danish winter."""
    return datetime.fromisoformat(f"{DAY}T{local}").replace(tzinfo=UTC) - ZONE + timedelta(days=days)


@dataclass
class Household:
    folder: Path
    epoch: tuple[str, ...]  # the clock's arguments, the same for every process
    started: datetime
    monotonic_s: float  # when it was `started`
    rate: float
    broker_port: int

    @property
    def store(self) -> Path:
        return self.folder / "home.db"

    @property
    def key(self) -> bytes:
        return (self.folder / "key").read_bytes()

    def monotonic_of(self, instant: datetime) -> float:
        return self.monotonic_s + (instant - self.started).total_seconds() / self.rate

    async def until_civil(self, instant: datetime) -> None:
        await asyncio.sleep(max(0.0, self.monotonic_of(instant) - time.monotonic()))

    @asynccontextmanager
    async def daemon(self, *wrap: object) -> AsyncIterator[Process]:
        """`wrap`: a command that starts it, such as strace's."""
        root = module("dispenserd.rehearsal", "run", "--config", "home.toml", *self.epoch)
        async with running(self.folder, *wrap, *root, name="daemon") as daemon:
            yield daemon

    async def ask(self, name: str, **arguments: object) -> dict[str, Any]:
        return await asyncio.to_thread(call, self.folder / "control.sock", name, arguments)

    async def ready(self, after_sequence: int = 0) -> datetime:
        """The civil instant at which the robot was caught up."""
        found: list[datetime] = []

        def caught_up() -> bool:
            found.extend(
                datetime.fromisoformat(row.at)
                for row in self.rows(after_sequence)
                if row.kind == "RobotCaughtUp"
            )
            return bool(found)

        await until(caught_up, "the robot caught up", every_s=READ_EVERY_S)
        return found[0]

    def rows(self, after_sequence: int = 0) -> Sequence[Any]:
        reader = Store.open(self.store, self.key, readonly=True)
        try:
            return list(reader.rows(after_sequence))
        finally:
            reader.close()

    async def load_roll(self) -> None:
        await until((self.folder / "control.sock").exists, "the control socket")
        try:
            answer = await self.ask("roll_load", manifest=_manifest(self.started), by="Tove Tekniker")
        except Unreachable as unreachable:
            raise BenchFailed(str(unreachable)) from None
        if not answer["accepted"]:
            raise BenchFailed(f"the roll was refused: {answer}")


@asynccontextmanager
async def household(
    folder: Path,
    started: datetime,
    rate: float,
    presses: Sequence[datetime] = (),
    robot: str = "simulator",
) -> AsyncIterator[Household]:
    """Everything but the daemon. `presses`: when the resident goes to the robot; `robot`: its module."""
    with TestBroker() as broker:
        _write(folder, started, broker.port, presses)
        monotonic_s = time.monotonic()
        epoch = (
            *("--civil-epoch", started.isoformat()),
            *("--monotonic-epoch", str(monotonic_s)),
            *("--rate", str(rate)),
        )
        command = module(
            *(robot, "--port", "robot", "--roll", "roll.json", "--script", "script.json"),
            *("--serial", "SIM-0001", *epoch),
        )
        oncall = module("dispenserd.rehearsal", "oncall", "--config", "oncall.toml", *epoch)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(running(folder, *command, name="robot"))
            await stack.enter_async_context(running(folder, *oncall, name="oncall"))
            await until((folder / "robot").is_symlink, "the robot's port")
            await until((folder / "oncall.pub").exists, "on-call's key")
            yield Household(folder, epoch, started, monotonic_s, rate, broker.port)


def _write(folder: Path, started: datetime, port: int, presses: Sequence[datetime]) -> None:
    key = os.open(folder / "key", os.O_WRONLY | os.O_CREAT, 0o600)
    if not (folder / "home.db").exists():
        os.write(key, secret := os.urandom(32))
        Store.open(folder / "home.db", secret).close()  # its tables are made once in a life
    os.close(key)
    paper = configuration(port, CLOCK_TIMES, WINDOW_MIN, signs_in=False)
    kept = paper.split("[limits]")[0].replace("poll_s = 0.1\n", "")  # every limit as in a real home
    (folder / "home.toml").write_text(kept)
    (folder / "oncall.toml").write_text(
        '[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "oncall"\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n'
    )
    plan = folder / "fag" / RESIDENT / "plan.json"
    plan.parent.mkdir(parents=True, exist_ok=True)
    plan.write_text(json.dumps(card(NEWEST_CARD)))
    (folder / "roll.json").write_text(json.dumps(_manifest(started)))
    deeds = [{"do": "press_when_prompted", "at": at.isoformat()} for at in presses]
    (folder / "script.json").write_text(json.dumps({"schema": SCHEMA, "deeds": deeds}))


def _manifest(started: datetime) -> dict[str, Any]:
    return manifest(CLOCK_TIMES, first=(started + ZONE).date(), days=14)
