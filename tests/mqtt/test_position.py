"""On-call tells a home what it keeps of its journal: payload, door, and over a real broker (rule 23)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dispenserd.clock import SystemClock
from dispenserd.heartbeat import Heartbeat
from dispenserd.mqtt.downlink import CommandLife, Downlink
from dispenserd.mqtt.session import BackOff, Broker, Message, Session
from dispenserd.mqtt.translate import heartbeat, presence, row_message
from dispenserd.mqtt.uplink import Uplink
from dispenserd.oncall import database as db
from dispenserd.oncall.keys import SigningKey
from dispenserd.oncall.positions import keep_position
from dispenserd.oncall.service import serve
from protocol.mqtt import payloads as p
from protocol.mqtt.signatures import is_genuine, seal
from protocol.mqtt.topics import Channel, topic
from scheduler.commands import RejectCommand
from scheduler.events import JournalFoundBehind
from scheduler.summary import Summary
from tests.support.broker import TestBroker
from tests.support.loops import beside
from tests.support.oncall_by_hand import FORGERS, PRIVATE, PUBLIC
from tests.support.paper_home import BOX, NOON, PaperHome, eventually, noon

SOON = BackOff(first_s=0.05, longest_s=0.2)
LIFE = CommandLife(longest=timedelta(minutes=10), clocks_apart=timedelta(minutes=2))
HEADS = tuple(f"3-{n:064x}" for n in range(1, 4))
SUMMARY = Summary("trusted", "ready", 1, None, False, 0, "0" * 64)


def position(home: str = BOX, heads: tuple[str, ...] = HEADS) -> p.PositionPayload:
    return p.PositionPayload(schema=p.POSITION, home=home, heads=heads)


# --- the payload ---


def test_a_signed_position_comes_back_as_it_was_said() -> None:
    sealed = seal(position(), PRIVATE)
    read = p.read_position(p.to_bytes(sealed))
    assert read == sealed
    assert is_genuine(read, PUBLIC)
    assert not is_genuine(read.model_copy(update={"heads": HEADS[:2]}), PUBLIC)
    assert not is_genuine(seal(position(), FORGERS), PUBLIC)
    assert len(p.to_bytes(seal(position(heads=HEADS[:1] * p.HEADS_MAX), PRIVATE))) < p.PAYLOAD_BYTES_MAX


@pytest.mark.parametrize(
    "change",
    [
        {"heads": ()},
        {"heads": HEADS[:1] * (p.HEADS_MAX + 1)},
        {"heads": ("3-" + "g" * 64,)},
        {"heads": ("0" * 64,)},
        {"heads": "3-" + "0" * 64},
        {"home": "a/b"},
        {"schema": "dispenserd/receipt/1"},
        {"more": 1},
    ],
)
def test_a_position_of_another_shape_is_refused_whole(change: dict[str, object]) -> None:
    body = position().model_dump(mode="json", by_alias=True) | change
    with pytest.raises(p.PayloadRefused):
        p.read_position(_json(body))


def test_what_a_home_says_carries_where_its_journal_stands() -> None:
    home = PaperHome()
    row, answer = home.raise_incident("a"), home.answer("c", True, "done", "")
    said = [p.read_incident_topic(row_message(BOX, home.position, each).payload) for each in (row, answer)]
    beat = p.read_heartbeat(heartbeat(BOX, NOON, home.position, SUMMARY).payload)
    for each in (*said, beat):
        assert (each.epoch, each.run, each.sequence, each.head) == (3, home.run, 2, home.position.head)


def test_an_older_homes_messages_are_read_as_without_a_position() -> None:
    home = PaperHome()
    for said in (home.raise_incident("a"), home.answer("c", True, "done", "")):
        body = p.read_incident_topic(row_message(BOX, home.position, said).payload).model_dump(
            mode="json", by_alias=True, exclude={"head", "run", "sequence"}
        )
        read = p.read_incident_topic(_json(body))
        assert (read.head, read.run, read.sequence) == ("", "", 0)


# --- the door ---


async def test_a_head_that_the_journal_does_not_hold_is_told_to_the_engine_and_what_it_holds_is_not() -> None:
    home = PaperHome()
    with TestBroker() as broker:
        async with a_home(broker, home), staff(broker) as say:
            home.lost = {(3, f"{2:064x}")}
            await say(seal(position(heads=HEADS[:1]), PRIVATE))
            await say(seal(position(heads=(*HEADS[1:], f"4-{9:064x}")), PRIVATE))
            await eventually(lambda: home.facts != [], "told")
    (fact,) = home.facts
    assert isinstance(fact, JournalFoundBehind)
    assert (fact.keeper, fact.epoch, fact.head) == ("oncall", 3, f"{2:064x}")


@pytest.mark.parametrize("reason", ["bad_signature", "other_home", "unreadable"])
async def test_nobody_else_locks_the_home_with_a_position(reason: str) -> None:
    home = PaperHome()
    home.lost = {(3, f"{2:064x}")}
    said: dict[str, p.Payload | bytes] = {
        "bad_signature": seal(position(), FORGERS),
        "other_home": seal(position(home="box-8"), PRIVATE),
        "unreadable": b"{}",
    }
    with TestBroker() as broker:
        async with a_home(broker, home), staff(broker) as say:
            await say(said[reason])
            await eventually(lambda: home.facts != [], "refused")
    (fact,) = home.facts
    assert isinstance(fact, RejectCommand)
    assert fact.reason == reason


# --- on-call's service ---


async def test_a_home_that_comes_back_hears_what_its_earlier_runs_said(tmp_path: Path) -> None:
    """Told at once, by what it said before; never by what it says now."""
    first, second = PaperHome(), PaperHome()
    first.run, second.run = "a" * 64, "b" * 64
    first.raise_incident("a")
    first.answer("c", True, "done", "")
    newest = first.head
    second.lost = {newest}  # it was restored: it has never had this one
    with TestBroker() as broker:
        async with oncall(broker, tmp_path):
            async with a_home(broker, first):
                await eventually(lambda: first.rows == [], "receipted")
            async with a_home(broker, second):
                await eventually(lambda: second.facts != [], "told")
    told = second.of(JournalFoundBehind)  # as often as it connected or said something new
    assert {(fact.epoch, fact.head) for fact in told} == {newest}
    assert len(told) == len(second.facts)
    assert not first.of(JournalFoundBehind)


async def test_an_on_call_that_was_away_tells_it_when_it_returns_although_the_home_has_grown(
    tmp_path: Path,
) -> None:
    first, second = PaperHome(), PaperHome()
    first.run, second.run = "a" * 64, "b" * 64
    first.raise_incident("a")
    newest = first.head
    second.lost = {newest}
    with TestBroker() as broker:
        async with oncall(broker, tmp_path), a_home(broker, first):
            await eventually(lambda: first.rows == [], "receipted")
        for name in "bcdef":
            second.raise_incident(name)  # more rows than were lost
        async with a_home(broker, second) as session:
            await eventually(lambda: session.state.connected, "connected")
            async with oncall(broker, tmp_path):
                await eventually(lambda: second.of(JournalFoundBehind) != [], "told")
                await eventually(lambda: second.rows == [], "receipted")
    assert {(fact.epoch, fact.head) for fact in second.of(JournalFoundBehind)} == {newest}


async def test_a_heartbeat_alone_is_enough_to_be_told(tmp_path: Path) -> None:
    first, second = PaperHome(), PaperHome()
    first.run, second.run = "a" * 64, "b" * 64
    first.raise_incident("a")
    first.rows.clear()
    second.lost = {first.head}
    with TestBroker() as broker:
        async with oncall(broker, tmp_path) as database:
            async with a_home(broker, first):
                await eventually(lambda: _heads(database) == 1, "kept")
            async with a_home(broker, second):
                await eventually(lambda: second.of(JournalFoundBehind) != [], "told")


@pytest.mark.parametrize("said", ["status", "heartbeat", "incident"])
async def test_whatever_a_home_says_first_it_is_told(tmp_path: Path, said: str) -> None:
    """Its status may be denied or lost, and so may the rest."""
    before, home = PaperHome(), PaperHome()
    before.run, home.run = "a" * 64, "b" * 64
    row = home.raise_incident("a")
    first = {
        "status": presence(BOX, home.epoch).birth,
        "heartbeat": heartbeat(BOX, NOON, home.position, SUMMARY),
        "incident": row_message(BOX, home.position, row),
    }
    with TestBroker() as broker:
        ear = [(topic(BOX, Channel.POSITION), 1)]
        session = Session(Broker(broker.host, broker.port), "ear", ear, None, SOON)
        async with oncall(broker, tmp_path) as database, beside(session.run()):
            kept = p.read_heartbeat(heartbeat(BOX, NOON, before.position, SUMMARY).payload)
            with database.writing() as connection:
                keep_position(connection, kept)
            await eventually(lambda: session.state.connected, "listening")
            await session.publish(first[said])
            async with asyncio.timeout(8):
                told = p.read_position((await session.receive()).payload)
    assert f"3-{before.head[1]}" in told.heads
    assert is_genuine(told, PUBLIC)


def _heads(database: db.Database) -> int:
    with database.reading() as connection:
        return len(connection.execute(db.positions.select()).all())


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


@asynccontextmanager
async def a_home(broker: TestBroker, home: PaperHome) -> AsyncIterator[Session]:
    place = Broker(broker.host, broker.port)
    session = Session(place, BOX, Downlink.subscriptions(BOX), presence(BOX, home.epoch), SOON)
    uplink, downlink = Uplink(home, session, BOX, noon), Downlink(home, session, BOX, PUBLIC, LIFE, noon)
    beat = Heartbeat(home, session, BOX, noon, lambda: True, lambda: SUMMARY, every_s=0.1)
    async with beside(session.run(), uplink.run(), downlink.run(), beat.run()):
        await eventually(lambda: session.state.connected, "connected")
        yield session


@asynccontextmanager
async def staff(broker: TestBroker) -> AsyncIterator[Any]:
    session = Session(Broker(broker.host, broker.port), "staff", (), None, SOON)

    async def say(payload: p.Payload | bytes) -> None:
        raw = payload if isinstance(payload, bytes) else p.to_bytes(payload)
        await session.publish(Message(topic(BOX, Channel.POSITION), raw))

    async with beside(session.run()):
        await eventually(lambda: session.state.connected, "staff connected")
        yield say


@asynccontextmanager
async def oncall(broker: TestBroker, folder: Path) -> AsyncIterator[db.Database]:
    database = db.create(folder / "o.db")
    place = Broker(broker.host, broker.port)
    connected = asyncio.Event()
    async with beside(
        serve(
            database,
            SigningKey(PRIVATE, PUBLIC),
            place,
            SystemClock(),
            lambda state: connected.set() if state.connected else None,
            SOON,
        )
    ):
        async with asyncio.timeout(8):
            await connected.wait()
        yield database
