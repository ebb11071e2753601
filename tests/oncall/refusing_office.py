"""On-call on a disk that takes nothing: run on a small disk of its own by `test_refusing`, a story a process.

Database, pulse and marks are on that disk; broker, gateways and homes are real and elsewhere. Ends quietly if
all expectations held.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from dispenserd.clock import RatedClock, SystemClock
from dispenserd.mqtt.session import BackOff, Broker, Session
from dispenserd.mqtt.translate import presence
from dispenserd.mqtt.uplink import Uplink
from dispenserd.oncall import database as db
from dispenserd.oncall import keys, refusing
from dispenserd.oncall.desk import Desk
from dispenserd.oncall.pulse import read_pulse
from dispenserd.oncall.roster import Roster
from dispenserd.oncall.service import serve
from protocol.mqtt.instants import to_text
from tests.support.broker import TestBroker
from tests.support.endpoints import Endpoint, Mailbox, http_endpoint, mail_server
from tests.support.loops import beside
from tests.support.paper_home import BOX, NOON, PaperHome, at, eventually
from tests.support.watched_office import ANNA, BO, LIMITS, MERETE, A, Office

SOON = BackOff(first_s=0.05, longest_s=0.2)
NEW = "b"
DUE_S = 12.0
"""Bo's turn: well after the disk is full."""
SAID = "On-call can't write to its database"


class Station:
    """Merete, the manager, has mail; Anna and Bo have a gateway that speaks HTTP."""

    def __init__(self, folder: Path, broker: TestBroker, gateway: Endpoint, mailbox: Mailbox) -> None:
        self.folder = folder
        self.path = folder / "o.db"
        self.broker = Broker(broker.host, broker.port)
        self.gateway = gateway
        self.mailbox = mailbox
        self.manager = replace(MERETE, language="en", notify=(mailbox.url(),))
        people = (replace(ANNA, notify=(gateway.url("anna"),)), replace(BO, notify=(gateway.url("bo"),)))
        self.roster = Roster(people, self.manager)
        self.clock = RatedClock(NOON, SystemClock().monotonic(), 1.0)
        self.key = keys.load_or_create(Path(tempfile.mkdtemp()) / "key")
        self.home = PaperHome()

    def with_a_notice_that_waits(self) -> None:
        office = Office(self.path, self.roster)
        office.heartbeat(100_000)
        office.incident(deadline=NOON + timedelta(seconds=DUE_S))
        office.look(0)

    @asynccontextmanager
    async def life(self) -> AsyncIterator[None]:
        """One life of on-call's process."""
        database = db.create_or_hold(self.path)
        serving = serve(database, self.key, self.broker, self.clock, back_off=SOON, roster=self.roster)
        async with beside(serving):
            yield

    @asynccontextmanager
    async def a_home(self) -> AsyncIterator[None]:
        session = Session(self.broker, BOX, (), presence(BOX, self.home.epoch), SOON)
        async with beside(session.run(), Uplink(self.home, session, BOX, SystemClock().now).run()):
            await eventually(lambda: session.state.connected, "connected")
            yield

    def to(self, name: str) -> list[str]:
        return [str(body["message"]) for _, body in self.gateway.heard if str(body["path"]).endswith(name)]

    def alarms(self) -> int:
        return sum(SAID in text for _, text in self.mailbox.letters)

    def told_once(self) -> None:
        for name in ("anna", "bo"):
            told = [each for each in self.to(name) if A[:8] in each]
            assert len(told) == 1, told
        assert self.alarms() == 1, self.mailbox.letters

    def rows(self) -> dict[str, list[tuple[str, str]]]:
        """Of each incident, whom its steps told and what came of it."""
        desk = desk_at(self.path)
        listed = desk.list_incidents(self.clock.now(), everything=True)["incidents"]
        return {
            f"{row['kind']}/{row['incident'][:1] if row['origin'] == 'home' else row['detail']}": [
                (step["person"], step["state"]) for step in row["told"]
            ]
            for row in listed
        }

    def pulse(self) -> str:
        return read_pulse(self.path, self.clock.monotonic()).refuses


def desk_at(path: Path) -> Desk:
    return Desk(db.open_existing(path), LIMITS)


async def fills(station: Station) -> None:
    """While it runs; then a life of the process that begins on the full disk, then room."""
    station.with_a_notice_that_waits()
    async with station.a_home():
        async with station.life():
            await eventually(lambda: station.to("anna") != [], "Anna was told with a record")
            fill(station.folder)
            raise_new(station)
            await eventually(lambda: station.alarms() == 1, "the manager is told", 20)
            await eventually(lambda: station.to("bo") != [], "Bo is told without a record", 20)
            await eventually(lambda: station.pulse() == "disk_full", "the pulse says it")
            assert station.home.rows, "a receipt for what was never kept"
            await asyncio.sleep(2)
        async with station.life():
            await eventually(lambda: station.pulse() == "disk_full", "held from its start on")
            await asyncio.sleep(4)
            station.told_once()
            (station.folder / "ballast").unlink()
            await eventually(lambda: "store_refuses/disk_full" in station.rows(), "it is an incident", 20)
            await eventually(lambda: f"dose_missed/{NEW}" in station.rows(), "what waited is taken in")
            await eventually(lambda: station.pulse() == "", "and the pulse says so")
            await asyncio.sleep(2)
    assert station.rows()["dose_missed/a"] == [(ANNA.name, "told"), (BO.name, "told")]
    open_ones = desk_at(station.path).list_incidents(station.clock.now())["incidents"]
    assert [each["kind"] for each in open_ones].count("store_refuses") == 1, open_ones
    station.told_once()


async def begins(station: Station) -> None:
    """On a full disk, with SQLite's two files gone: nothing can even be opened as ever."""
    station.with_a_notice_that_waits()
    assert not (station.folder / "o.db-wal").exists()
    fill(station.folder)
    async with station.life():
        await eventually(lambda: station.to("anna") != [], "what waited is told")
        await eventually(lambda: station.alarms() == 1, "the manager is told", 20)
        (station.folder / "ballast").unlink()
        await eventually(lambda: "store_refuses/disk_full" in station.rows(), "it is an incident", 20)
        await eventually(lambda: any("could not write" in each for each in station.to("anna")), "told of it")
    assert sum(A[:8] in each for each in station.to("anna")) == 1
    assert station.rows()["dose_missed/a"][0] == (ANNA.name, "told")


async def read_only(station: Station) -> None:
    """Mounted read-only, as after an error at boot. Nobody manages, so everybody is told."""
    station.with_a_notice_that_waits()
    station.roster = replace(station.roster, manager=None)
    remount(station.folder, "ro")
    async with station.life():
        await eventually(lambda: any(A[:8] in each for each in station.to("anna")), "what waited is told")
        for name in ("anna", "bo"):
            await eventually(lambda name=name: any(SAID in e for e in station.to(name)), "all are told", 20)  # type: ignore[misc]
        assert station.pulse() == "read_only"
        await asyncio.sleep(3)
        assert sum(SAID in each for each in station.to("anna")) == 1
        remount(station.folder, "rw")
        await eventually(lambda: "store_refuses/read_only" in station.rows(), "it is an incident", 20)


async def unreached(station: Station) -> None:
    """The manager's mail is down: everybody on the roster is told instead."""
    station.with_a_notice_that_waits()
    station.mailbox.refuses = True
    async with station.life():
        await eventually(lambda: station.to("anna") != [], "told with a record")
        fill(station.folder)
        raise_new(station)
        async with station.a_home():
            await eventually(lambda: any(SAID in each for each in station.to("bo")), "told instead", 30)


async def quiet(station: Station) -> None:
    """Nobody has anything to write: that nothing could be written is noticed all the same."""
    station.with_a_notice_that_waits()
    refusing.PROVE_EVERY_S = 3.0
    async with station.life():
        await eventually(lambda: station.rows()["dose_missed/a"][-1] == (BO.name, "told"), "all is told", 30)
        await asyncio.sleep(1)
        fill(station.folder)
        await eventually(lambda: station.alarms() == 1, "the manager is told", 20)


async def locked(station: Station) -> None:
    """By somebody who does not let go of it."""
    station.with_a_notice_that_waits()
    db.BUSY_TIMEOUT_MS = 50
    async with station.life():
        await eventually(lambda: station.to("anna") != [], "told with a record")
        with db.Database(station.path).writing():
            await eventually(lambda: station.to("bo") != [], "Bo is told without a record", 25)
            await eventually(lambda: station.alarms() == 1, "the manager is told", 20)
            await eventually(lambda: station.pulse() == "locked", "the pulse says it")
        await eventually(lambda: "store_refuses/locked" in station.rows(), "it is an incident", 20)
    station.told_once()


def raise_new(station: Station) -> None:
    now = station.clock.now()
    station.home.raise_incident(NEW, raised=to_text(now), changed=to_text(now), deadline=to_text(at(30)))


def fill(folder: Path) -> None:
    """Until the last byte."""
    descriptor = os.open(folder / "ballast", os.O_CREAT | os.O_WRONLY)
    try:
        for size in (4096, 1):
            with suppress(OSError):
                while os.write(descriptor, bytes(size)):
                    pass
    finally:
        os.close(descriptor)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


STORIES: dict[str, Callable[[Station], object]] = {
    story.__name__: story for story in (fills, begins, read_only, unreached, quiet, locked)
}


async def play(story: str, folder: Path) -> None:
    refusing.REFUSES_S, refusing.HELD_S, refusing.LOOK_S = 1.0, 1.5, 0.2
    with ExitStack() as stack:
        broker = stack.enter_context(TestBroker())
        gateway = stack.enter_context(http_endpoint())
        mailbox = stack.enter_context(mail_server())
        await STORIES[story](Station(folder, broker, gateway, mailbox))  # type: ignore[misc]


if __name__ == "__main__":
    asyncio.run(play(sys.argv[1], Path(sys.argv[2])))
