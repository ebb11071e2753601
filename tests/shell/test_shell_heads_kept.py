"""Rule 23 as a property: whatever is committed, told, late, repeated, killed, restored or deleted,

- a home that lost nothing is never locked, and
- a home that lost a row which the robot or on-call had been told of, always is.

Real parts: the encrypted store, the robot's memory, on-call's database. Between them a network that keeps,
repeats and reorders. The home is what `Engine`, `Courier`, `Uplink` and `Downlink` make of a position.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispenserd.home import Head, Position
from dispenserd.mqtt.translate import heads, heartbeat
from dispenserd.oncall import database as db
from dispenserd.oncall.positions import keep_position, kept_heads
from dispenserd.store.store import Store
from protocol.mqtt import payloads as p
from scheduler.events import DaemonStarted, DoseDue
from scheduler.summary import Summary
from simulator.memory import Memory

KEY = bytes(range(32))
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SUMMARY = Summary("trusted", "ready", 1, None, False, 0, "0" * 64)
STEPS = 60
SEEDS = 15
LOSSES = ("wal", "copy", "all")


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty, with its tables: making them costs half a second."""
    path = tmp_path_factory.mktemp("new") / "home.db"
    Store.open(path, KEY).close()
    return path


class Home:
    """One box, from life to life; `seen` are the heads that somebody outside was told of."""

    def __init__(self, folder: Path, new_store: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        shutil.copy(new_store, folder / "home.db")
        self.robot = Memory()
        self.database = db.create(folder / "oncall.db")
        self.network: list[p.HeartbeatPayload] = []
        self.at = NOON
        self.copies = [new_store]
        self.kept_by_oncall: set[Head] = set()
        self.store: Store | None = None

    # --- what happens ---

    def start(self) -> set[Head]:
        """A new process; what of the heads outside its journal doesn't hold, as the home finds out."""
        self.store = Store.open(self.folder / "home.db", KEY)
        self.commit(DaemonStarted(self.tick(), "test", "box-7", self.store.epoch))
        self.run = self.store.head
        return set(self.store.missing(self.outside()))

    def outside(self) -> list[Head]:
        known = [(self.robot.host_epoch, self.robot.host_head.hex())] if self.robot.host_head else []
        with self.database.reading() as connection:
            told = kept_heads(connection, "box-7")
        if told:
            position = p.PositionPayload(schema=p.POSITION, home="box-7", heads=told)
            known += heads(p.read_position(p.to_bytes(position)))
        return known

    def commit(self, *events: DaemonStarted | DoseDue) -> None:
        self.opened.append(events or [DoseDue(self.tick(), str(self.at))], [])

    def confirm(self) -> None:
        epoch, _, head = self.opened.newest
        self.robot.confirm(0, epoch, bytes.fromhex(head))

    def beat(self) -> None:
        """Said into the network, which may bring it at any time, or twice, or never."""
        epoch, sequence, head = self.opened.newest
        message = heartbeat("box-7", self.at, Position(epoch, self.run, sequence, head), SUMMARY)
        self.network.append(p.read_heartbeat(message.payload))

    def arrive(self) -> None:
        """Any message there ever was: a new one, a late one, a repeated one."""
        if self.network:
            self.hear(self.chance.choice(self.network))

    def hear(self, payload: p.HeartbeatPayload) -> None:
        with self.database.writing() as connection:
            keep_position(connection, payload)
        self.kept_by_oncall.add((payload.epoch, payload.head))

    def newest_arrives(self) -> None:
        if self.network:
            self.hear(self.network[-1])

    def copy(self) -> None:
        """A backup of the main file, as an older card has it; the WAL is not in it."""
        target = self.folder / f"copy-{len(self.copies)}"
        shutil.copy(self.folder / "home.db", target)
        self.copies.append(target)

    def kill(self) -> None:
        """Its file and WAL stay as they are: nothing is checkpointed by a closing."""
        alive = self.folder / "alive"
        alive.mkdir()
        for file in self.folder.glob("home.db*"):
            shutil.copy(file, alive)
        self.opened.close()
        self.empty()
        for file in alive.iterdir():
            shutil.move(file, self.folder)
        alive.rmdir()

    def lose(self, what: str) -> None:
        if what == "wal":
            (self.folder / "home.db-wal").unlink(missing_ok=True)
            (self.folder / "home.db-shm").unlink(missing_ok=True)
            return
        self.empty()
        copy = self.copies[0] if what == "all" else self.chance.choice(self.copies)
        shutil.copy(copy, self.folder / "home.db")

    def empty(self) -> None:
        for file in self.folder.glob("home.db*"):
            file.unlink()

    @property
    def opened(self) -> Store:
        assert self.store is not None
        return self.store

    def tick(self) -> datetime:
        self.at += timedelta(milliseconds=1 + self.chance.randrange(1000))
        return self.at


@contextmanager
def a_home(folder: Path, new_store: Path, seed: int) -> Iterator[Home]:
    home = Home(folder, new_store, random.Random(seed))
    try:
        assert home.start() == set()
        yield home
    finally:
        home.opened.close()


def live(home: Home, steps: int) -> None:
    acts = [home.commit, home.commit, home.commit, home.confirm, home.beat, home.beat, home.arrive]
    acts += [home.newest_arrives, home.copy]
    for _ in range(steps):
        home.chance.choice(acts)()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_home_is_locked_exactly_when_it_lost_what_somebody_was_told(
    tmp_path: Path, new_store: Path, seed: int
) -> None:
    with a_home(tmp_path, new_store, seed) as home:
        for _ in range(1 + home.chance.randrange(4)):  # kills alone: nothing is lost
            live(home, home.chance.randrange(STEPS // 3))
            home.kill()
            assert home.start() == set()
        live(home, home.chance.randrange(STEPS // 3))
        told = set(home.kept_by_oncall)
        if home.robot.host_head:
            told.add((home.robot.host_epoch, home.robot.host_head.hex()))
        home.kill()
        home.lose(home.chance.choice(LOSSES))
        found = home.start()
        gone = set(home.opened.missing(sorted(told)))
        assert bool(found) == bool(gone)
        assert found <= gone
        # The new life may outgrow the lost one, and late messages of both arrive: on-call forgets nothing.
        live(home, home.chance.randrange(STEPS // 3))
        home.kill()
        again = home.start()  # perhaps other heads: a late message may tell of more that is gone
        assert again or not gone & home.kept_by_oncall
