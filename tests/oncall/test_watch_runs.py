"""The watch as it runs: a locked database, a look that takes long, people told by the whole service."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from dispenserd.clock import RatedClock, SystemClock
from dispenserd.mqtt.session import BackOff, Broker, Session
from dispenserd.mqtt.translate import presence
from dispenserd.mqtt.uplink import Uplink
from dispenserd.oncall import database as db
from dispenserd.oncall import keys, watch
from dispenserd.oncall.roster import Roster
from dispenserd.oncall.service import serve
from protocol.mqtt.instants import to_text
from tests.support.broker import TestBroker
from tests.support.endpoints import http_endpoint
from tests.support.loops import beside
from tests.support.paper_home import BOX, PaperHome, at, eventually
from tests.support.watched_office import ANNA, BO, A, Office

SOON = BackOff(first_s=0.05, longest_s=0.2)


def clock_at(minutes: float) -> RatedClock:
    return RatedClock(at(minutes), SystemClock().monotonic(), 1.0)


def steps(office: Office) -> int:
    return len(office.told())


async def test_a_locked_database_delays_the_look_and_no_step_is_lost_or_told_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 20)
    office = Office(tmp_path / "o.db")
    office.heartbeat(100_000)
    office.incident()
    locked, release = threading.Event(), threading.Event()

    def hold() -> None:
        with office.database.writing():
            locked.set()
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    await asyncio.to_thread(locked.wait, 10)
    with capture_logs() as lines:
        async with beside(office.watch.run(clock_at(0))):
            await eventually(lambda: _said(lines, "look failed and is made again"), "locked")
            assert steps(office) == 0
            release.set()
            await eventually(lambda: steps(office) == 1, "told after all")
            await asyncio.sleep(watch.LOOK_S * 2)
    holder.join()
    assert steps(office) == 1


async def test_a_look_that_takes_long_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path / "o.db")
    with capture_logs() as lines:
        async with beside(office.watch.run(clock_at(0))):
            await asyncio.sleep(0.2)
        assert not _said(lines, "look took long")
        monkeypatch.setattr(watch, "SLOW_LOOK_S", 0.0)
        async with beside(office.watch.run(clock_at(0))):
            await eventually(lambda: _said(lines, "look took long"), "logged")


async def test_the_watch_wakes_for_a_deadline_and_not_only_twice_a_second(tmp_path: Path) -> None:
    office = Office(tmp_path / "o.db")
    office.heartbeat(100_000)
    office.incident(deadline=at(0) + timedelta(seconds=1.2))
    clock = clock_at(0)
    async with beside(office.watch.run(clock)):
        await eventually(lambda: steps(office) == 2, "overdue")
    (row,) = office.rows()
    late_s = (_instant(row["told"][1]["at"]) - _instant(row["told"][1]["due"])).total_seconds()
    assert 0 <= late_s < 0.3


async def test_the_service_tells_the_first_person_of_an_incident_by_itself(tmp_path: Path) -> None:
    home, key = PaperHome(), keys.load_or_create(tmp_path / "key")
    database = db.create(tmp_path / "o.db")
    with TestBroker() as broker, http_endpoint() as endpoint, http_endpoint("hangs") as dead:
        people = (replace(ANNA, notify=(endpoint.url(),)), replace(BO, notify=(dead.url(),)))
        place = Broker(broker.host, broker.port)
        session = Session(place, BOX, (), presence(BOX, home.epoch), SOON)
        uplink = Uplink(home, session, BOX, SystemClock().now)
        serving = serve(database, key, place, SystemClock(), back_off=SOON, roster=Roster(people))
        async with beside(serving, session.run(), uplink.run()):
            await eventually(lambda: session.state.connected, "connected")
            home.raise_incident(
                "a",
                raised=to_text(SystemClock().now()),
                deadline=to_text(SystemClock().now() + timedelta(minutes=30)),
            )
            await eventually(lambda: len(endpoint.messages()) == 1, "told")
    assert f"{BOX}: dose missed (new)." in endpoint.messages()[0]
    assert A[:8] in endpoint.messages()[0]


def _said(lines: Sequence[object], event: str) -> bool:
    return any(isinstance(line, dict) and line["event"] == event for line in lines)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
