"""A home's clock runs ahead, or on-call's own is set: nobody is put off, and nobody called for nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from dispenserd.clock import SystemClock
from dispenserd.mqtt.session import BackOff, Broker, Message, Session, SessionState
from dispenserd.oncall import database as db
from dispenserd.oncall import keys, service
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.roster import Deadlines
from dispenserd.oncall.set_back import set_back
from protocol.mqtt.instants import from_text, to_text
from protocol.mqtt.payloads import HeartbeatPayload, to_bytes
from protocol.mqtt.topics import Channel, topic
from tests.support.broker import TestBroker
from tests.support.loops import beside
from tests.support.paper_home import BOX, at, eventually
from tests.support.watched_office import ANNA, BO, LIMITS, A, Office

SOON = BackOff(first_s=0.05, longest_s=0.2)
HOURS = 60
"""In minutes."""


@dataclass
class SetClock:
    """The system's clock, set by hand."""

    apart: timedelta = timedelta(0)
    rate: float = 1.0

    def now(self) -> datetime:
        return SystemClock().now() + self.apart

    def monotonic(self) -> float:
        return SystemClock().monotonic()


def put_right(office: Office, minutes: float) -> int:
    with office.database.writing() as connection:
        return set_back(connection, at(minutes), Deadlines(), LIMITS.short_absence)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "oncall.db")


def test_a_home_that_dies_as_the_clock_is_set_back_is_silent_after_five_minutes(office: Office) -> None:
    office.heartbeat(10 * HOURS)
    put_right(office, 0)
    office.look(4.9)
    assert office.own("home_silent") == []
    office.look(5)
    assert len(office.own("home_silent")) == 1


def test_a_home_put_on_the_list_again_under_the_wrong_clock_is_missed_by_the_right_one(
    office: Office,
) -> None:
    office.heartbeat(-60)
    with office.database.writing() as connection:
        connection.execute(update(db.homes).values(missed_from=to_text(at(10 * HOURS))))
    put_right(office, 0)
    office.look(5)
    assert len(office.own("home_silent")) == 1


def test_a_home_called_silent_before_is_over_with_its_next_heartbeat(office: Office) -> None:
    office.heartbeat(10 * HOURS)
    office.look(10 * HOURS + 6)
    put_right(office, 0)
    office.look(0)
    assert len(office.own("home_silent", everything=False)) == 1
    office.heartbeat(1)
    office.look(1)
    assert office.own("home_silent", everything=False) == []


def test_the_next_person_is_told_by_the_clock_as_it_is_now(office: Office) -> None:
    office.heartbeat(100_000)
    for minutes in (0, 30):  # Bo has 10 min from the deadline on
        office.incident(10 * HOURS, deadline=at(10 * HOURS + 30))
        office.look(10 * HOURS + minutes)
    put_right(office, 0)
    office.heartbeat(100_000)
    office.look(9.9)
    assert [step[1] for step in office.told()] == [ANNA.name, BO.name]
    office.look(10)
    assert len(office.told()) == 3


def test_a_take_that_nobody_answered_owns_nothing_any_more(office: Office) -> None:
    office.incident(10 * HOURS, deadline=at(10 * HOURS + 30))
    office.desk.take(A, BO.name, at(10 * HOURS))
    put_right(office, 0)
    (row,) = office.rows(0)
    assert (row["owner"], row["decision"]["state"]) == ("", "expired")


def test_a_clock_that_was_not_set_changes_no_row(office: Office) -> None:
    office.heartbeat(0)
    office.incident(0)
    office.look(0)
    office.desk.take(A, BO.name, at(0))
    assert put_right(office, -0.5) == 0  # as far as two processes may differ in a moment
    assert put_right(office, 0) == 0


@pytest.mark.parametrize(("priority", "minutes"), [("high", 10), ("medium", 30), ("low", 240)])
def test_a_home_whose_clock_runs_ahead_puts_off_nobody(office: Office, priority: str, minutes: int) -> None:
    years = 60 * 24 * 365 * 10
    office.incident(
        priority=priority, raised=at(years), changed=at(years), deadline=at(years + minutes), dose=""
    )
    office.look(0)
    office.look(minutes - 0.01)
    assert len(office.told()) == 1
    office.look(minutes)
    assert [step[1] for step in office.told()] == [ANNA.name, BO.name]


def test_a_test_alarm_by_a_clock_that_runs_ahead_is_missed_as_any_other(office: Office) -> None:
    office.heartbeat(0)
    years = 60 * 24 * 365 * 10
    office.incident(
        0,
        kind="test_alarm",
        priority="info",
        state="closed",
        cleared=True,
        raised=at(years),
        changed=at(years),
    )
    office.look(60 * 24 * 8)
    assert len(office.own("test_alarm_missing")) == 1


@dataclass
class Served:
    """On-call's service with short limits, and a home that beats when told to."""

    clock: SetClock
    office: Office
    home: Session

    def beat(self) -> None:
        fields = {
            "schema": "dispenserd/heartbeat/1",
            "home": BOX,
            "at": SystemClock().now(),
            "epoch": 3,
            "head": "0" * 64,
            "clock": "trusted",
            "robot": "ready",
            "plan_version": 1,
            "next_window": None,
            "window_open": False,
            "incidents": 0,
            "digest": hashlib.sha256(b"").hexdigest(),
        }
        payload = to_bytes(HeartbeatPayload.model_validate(fields))
        assert self.home.send(Message(topic(BOX, Channel.HEARTBEAT), payload))

    def heard(self) -> datetime | None:
        with self.office.database.reading() as connection:
            text = connection.execute(select(db.homes.c.heard)).scalar()
        return None if text is None else from_text(text)

    def silent(self) -> bool:
        return self.office.own("home_silent") != []


@pytest.fixture
async def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    two, one = timedelta(seconds=2), timedelta(seconds=1)
    short = OncallLimits(home_silent=two, listening_grace=two, short_absence=one)
    monkeypatch.setattr(service, "OncallLimits", lambda: short)
    office, key = Office(tmp_path / "oncall.db"), keys.load_or_create(tmp_path / "key")
    with TestBroker() as broker:
        place = Broker(broker.host, broker.port)
        here = Served(SetClock(), office, Session(place, BOX, back_off=SOON))
        told: list[SessionState] = []
        running = service.serve(office.database, key, place, here.clock, told.append, back_off=SOON)
        async with beside(running, here.home.run()):
            await eventually(lambda: bool(told) and told[-1].connected, "on-call connected")
            await eventually(lambda: here.home.state.connected, "the home connected")
            yield here


async def test_a_home_that_dies_as_on_calls_clock_is_set_back_is_called_silent(served: Served) -> None:
    served.clock.apart = timedelta(hours=10)
    await asyncio.sleep(2)
    served.beat()
    await eventually(lambda: served.heard() is not None, "heard")
    served.clock.apart = timedelta(0)
    await eventually(served.silent, "called silent")


async def test_no_home_is_called_silent_because_on_calls_clock_was_set_forward(served: Served) -> None:
    served.beat()
    await eventually(lambda: served.heard() is not None, "heard")
    served.clock.apart = timedelta(hours=10)
    await asyncio.sleep(1.2)  # two looks, and no beat
    served.beat()
    await asyncio.sleep(1.2)
    assert not served.silent()
    await eventually(served.silent, "and silent once it is")
