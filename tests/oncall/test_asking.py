"""On-call that counts other open incidents than a home asks for all of them (rule 27), and not for ever."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from dispenserd.clock import SystemClock
from dispenserd.mqtt.downlink import CommandLife, Downlink
from dispenserd.mqtt.session import BackOff, Broker, Message, Session
from dispenserd.mqtt.translate import heartbeat, presence
from dispenserd.mqtt.uplink import Uplink
from dispenserd.oncall import database as db
from dispenserd.oncall import keys
from dispenserd.oncall.asking import ASKS_MAX, held, note_whether_to_ask
from dispenserd.oncall.service import serve
from protocol.mqtt import payloads as p
from protocol.mqtt.signatures import is_genuine, seal
from protocol.mqtt.topics import Channel, topic
from scheduler.commands import RejectCommand
from scheduler.summary import summarise
from tests.support import heartbeats
from tests.support.broker import TestBroker
from tests.support.loops import beside
from tests.support.oncall_by_hand import FORGERS, PRIVATE, PUBLIC
from tests.support.paper_home import BOX, NOON, PaperHome, at, eventually, noon
from tests.support.pure_home import setting
from tests.support.watched_office import LIMITS, A, B, Office

SOON = BackOff(first_s=0.05, longest_s=0.2)
LIFE = CommandLife(longest=timedelta(minutes=10), clocks_apart=timedelta(minutes=2))


def ask(home: str = BOX) -> p.AskPayload:
    return p.AskPayload(schema=p.ASK, home=home, asked=NOON)


def digest(*lines: str) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def beat(minutes: float, incidents: int, said: str, epoch: int = 3) -> p.HeartbeatPayload:
    return heartbeats.heartbeat(BOX, at(minutes), incidents=incidents, digest=said, epoch=epoch)


# --- the payload ---


def test_a_signed_asking_comes_back_as_it_was_said_and_says_nothing_else() -> None:
    sealed = seal(ask(), PRIVATE)
    read = p.read_ask(p.to_bytes(sealed))
    assert read == sealed
    assert is_genuine(read, PUBLIC)
    assert not is_genuine(seal(ask(), FORGERS), PUBLIC)
    assert not is_genuine(read.model_copy(update={"home": "box-8"}), PUBLIC)
    with pytest.raises(p.PayloadRefused):
        p.read_ask(p.to_bytes(seal(ask(), PRIVATE)).replace(b'"home"', b'"house"'))


# --- when on-call asks ---


class Asking:
    def __init__(self, office: Office) -> None:
        self.office = office

    def asks(self, minutes: float, incidents: int, said: str, epoch: int = 3) -> bool:
        self.office.heartbeat(minutes, incidents=incidents, digest=said, epoch=epoch)
        with self.office.database.writing() as connection:
            told = beat(minutes, incidents, said, epoch)
            return note_whether_to_ask(connection, told, at(minutes), LIMITS)


@pytest.fixture
def asking(tmp_path: Path) -> Asking:
    return Asking(Office(tmp_path / "o.db"))


def test_both_count_alike(asking: Asking) -> None:
    asking.office.incident()
    asking.office.incident(incident=B, revision=4)
    asking.office.incident(incident="c" * 32, priority="info")
    asking.office.incident(incident="d" * 32, state="closed")
    asking.office.look(0)
    with asking.office.database.reading() as connection:
        assert held(connection, BOX) == (2, digest(f"{A}:1", f"{B}:4"))
    assert not asking.asks(1, 2, digest(f"{A}:1", f"{B}:4"))
    assert asking.asks(2, 2, digest(f"{A}:1", f"{B}:5"))


def test_the_paper_home_counts_as_a_home_does() -> None:
    home = PaperHome()
    home.raise_incident("a")
    assert summarise(home.world, setting(), NOON).digest == digest(f"{A}:1")


def test_what_a_restored_home_said_in_the_life_before_is_asked_for_although_both_count_alike(
    asking: Asking,
) -> None:
    """It takes no decision about that (rule 23): staff would be refused for ever."""
    asking.office.incident()
    asking.office.incident(incident="d" * 32, state="closed")
    both = (1, digest(f"{A}:1"))
    assert not asking.asks(1, *both)
    assert asking.asks(2, *both, epoch=4)
    asking.office.incident(epoch=4, event_id=f"3-{1:064x}")  # the same row, told again
    asking.office.incident(incident=B, home="box-8")
    assert not asking.asks(4, *both, epoch=4)


def test_it_asks_once_a_minute_then_rarely_and_anew_once_they_agreed(asking: Asking) -> None:
    asked = [minute / 2 for minute in range(40) if asking.asks(minute / 2, 1, digest("x:1"))]
    assert asked == [0, 1, 2, 3, 4]
    assert len(asked) == ASKS_MAX
    assert not asking.asks(63.5, 1, digest("x:1"))
    assert asking.asks(64, 1, digest("x:1"))
    assert not asking.asks(65, 0, digest())
    assert asking.asks(66, 1, digest("x:1"))


def test_asking_in_vain_is_an_incident_that_ends_when_they_agree(asking: Asking) -> None:
    for minute in range(4):
        asking.asks(minute, 1, digest("x:1"))
        asking.office.look(minute)
    assert asking.office.own("digest_disagrees") == []
    asking.asks(4, 1, digest("x:1"))
    asking.office.look(4)
    asking.office.look(5)
    (row,) = asking.office.own("digest_disagrees")
    assert (row["priority"], row["home"], row["state"]) == ("medium", BOX, "delivered")
    asking.asks(6, 0, digest())
    asking.office.look(6)
    assert asking.office.own("digest_disagrees", everything=False) == []


# --- over a real broker ---


@asynccontextmanager
async def a_home(
    broker: TestBroker, home: PaperHome, key: bytes, resend_s: float = 20.0
) -> AsyncIterator[Session]:
    session = Session(
        Broker(broker.host, broker.port), BOX, Downlink.subscriptions(BOX), presence(BOX, 3), SOON
    )
    uplink = Uplink(home, session, BOX, noon, resend_s)
    downlink = Downlink(home, session, BOX, key, LIFE, noon, uplink.offer_all)
    async with beside(session.run(), uplink.run(), downlink.run()):
        await eventually(lambda: session.state.connected, "connected")
        yield session


class Place:
    """On-call's service in this test's folder, with its heartbeats said by hand."""

    def __init__(self, folder: Path) -> None:
        self.key = keys.load_or_create(folder / "key")
        self.database = db.create(folder / "o.db")

    def held(self) -> list[str]:
        with self.database.reading() as connection:
            rows = connection.execute(
                db.incidents.select().where(db.incidents.c.origin == "home").order_by(db.incidents.c.incident)
            ).all()
        return [f"{row.incident[:1]}:{row.revision}:{row.priority}" for row in rows]

    def serve(self, broker: TestBroker) -> Coroutine[Any, Any, None]:
        return serve(self.database, self.key, Broker(broker.host, broker.port), SystemClock(), back_off=SOON)


def now() -> datetime:
    return SystemClock().now()


async def test_what_on_call_lost_is_back_with_the_next_heartbeat(tmp_path: Path) -> None:
    home, place = PaperHome(), Place(tmp_path)
    with TestBroker() as broker:
        async with beside(place.serve(broker)), a_home(broker, home, place.key.public) as session:
            home.raise_incident("a")
            home.raise_incident("b")
            home.raise_incident("b", 2, priority="high")
            home.raise_incident("c", state="closed")
            await eventually(lambda: home.rows == [], "all receipted")
            before = place.held()
            with place.database.writing() as connection:
                for table in (db.steps, db.revisions, db.incidents):
                    connection.execute(delete(table))
            assert place.held() == []
            session.send(heartbeat(BOX, now(), home.position, summarise(home.world, setting(), now())))
            await eventually(lambda: len(place.held()) == 2, "the open ones are back")
            assert place.held() == [each for each in before if not each.startswith("c")]
            session.send(heartbeat(BOX, now(), home.position, summarise(home.world, setting(), now())))
            await eventually(lambda: _asks(place) == 0, "and they agree")


async def test_a_newer_revision_that_on_call_missed_arrives_too(tmp_path: Path) -> None:
    home, place = PaperHome(), Place(tmp_path)
    with TestBroker() as broker:
        async with beside(place.serve(broker)), a_home(broker, home, place.key.public) as session:
            home.raise_incident("a")
            await eventually(lambda: home.rows == [], "receipted")
            home.raise_incident("a", 2, priority="high")
            await eventually(lambda: home.rows == [], "receipted")
            with place.database.writing() as connection:
                connection.execute(delete(db.revisions).where(db.revisions.c.revision == 2))
                connection.execute(db.incidents.update().values(revision=1, priority="medium"))
            session.send(heartbeat(BOX, now(), home.position, summarise(home.world, setting(), now())))
            await eventually(lambda: place.held() == ["a:2:high"], "the newer one")


async def test_a_forged_or_foreign_asking_is_refused_and_offers_nothing() -> None:
    home = PaperHome()
    with TestBroker() as broker:
        listener = Session(
            Broker(broker.host, broker.port), "l", [(topic(BOX, Channel.INCIDENT), 1)], None, SOON
        )
        async with a_home(broker, home, PUBLIC), beside(listener.run()):
            await eventually(lambda: listener.state.connected, "listening")
            home.raise_incident("a")
            first = await listener.receive()
            home.rows.clear()
            for wrong in (seal(ask(), FORGERS), seal(ask("box-8"), PRIVATE), ask()):
                await listener.publish(Message(topic(BOX, Channel.ASK), p.to_bytes(wrong)))
            await eventually(lambda: len(home.of(RejectCommand)) == 3, "all refused")
            await listener.publish(Message(topic(BOX, Channel.ASK), p.to_bytes(seal(ask(), PRIVATE))))
            assert (await listener.receive()).payload == first.payload
            assert len(home.of(RejectCommand)) == 3


async def test_however_often_it_is_asked_a_home_offers_everything_now_and_then() -> None:
    home = PaperHome()
    with TestBroker() as broker:
        listener = Session(
            Broker(broker.host, broker.port), "l", [(topic(BOX, Channel.INCIDENT), 1)], None, SOON
        )
        heard: list[bytes] = []

        async def listen() -> None:
            while True:
                heard.append((await listener.receive()).payload)

        async with a_home(broker, home, PUBLIC, resend_s=1.0), beside(listener.run(), listen()):
            await eventually(lambda: listener.state.connected, "listening")
            home.raise_incident("a")
            await eventually(lambda: len(heard) == 1, "raised")
            home.rows.clear()
            for _ in range(20):
                await listener.publish(Message(topic(BOX, Channel.ASK), p.to_bytes(seal(ask(), PRIVATE))))
            await eventually(lambda: len(heard) == 2, "offered once")
            await eventually(lambda: len(heard) == 3, "and for all that came meanwhile once more")
            with pytest.raises(AssertionError):
                await eventually(lambda: len(heard) > 3, "no third time", within_s=2.0)


def _asks(place: Place) -> int:
    with place.database.reading() as connection:
        return int(connection.execute(db.homes.select()).one().asks)
