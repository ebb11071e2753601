"""A home and on-call's service, over a real mosquitto, from incident to answer; and killed in between."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dispenserd.clock import RatedClock, SystemClock
from dispenserd.mqtt.downlink import CommandLife, Downlink
from dispenserd.mqtt.session import BackOff, Broker, Message, Session, SessionState, Standing
from dispenserd.mqtt.translate import presence, row_message
from dispenserd.mqtt.uplink import Uplink
from dispenserd.oncall import database as db
from dispenserd.oncall import keys
from dispenserd.oncall.desk import Desk, await_answer
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.service import serve
from protocol.mqtt.topics import Channel, topic
from scheduler.commands import RejectCommand, TakeIncident, TakeReceipt
from tests.support.broker import TestBroker
from tests.support.loops import beside
from tests.support.paper_home import BOX, PaperHome, eventually

SOON = BackOff(first_s=0.05, longest_s=0.2)
LIFE = CommandLife(longest=timedelta(minutes=10), clocks_apart=timedelta(minutes=2))
A = "a" * 32
BO = "Bo Prøve"


def now() -> datetime:
    return SystemClock().now()


class Place:
    """On-call's files, made in this test's folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "oncall.db"
        self.key_path = folder / "signing.key"
        self.key = keys.load_or_create(self.key_path)
        self.database = db.create(self.path)
        self.desk = Desk(self.database, OncallLimits())

    def start(self, broker: TestBroker, *more: str) -> subprocess.Popen[bytes]:
        module = [sys.executable, "-m", "tests.support.oncall_process", "run"]
        return subprocess.Popen([*module, self.path, self.key_path, str(broker.port), *more])

    def incidents(self) -> list[dict[str, object]]:
        listed = self.desk.list_incidents(now(), everything=True)["incidents"]
        return [dict(each) for each in listed if each["origin"] == "home"]  # nobody is on call here

    def home_states(self) -> list[str]:
        return [home["state"] for home in self.desk.list_incidents(now())["homes"]]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@asynccontextmanager
async def a_home(broker: TestBroker, home: PaperHome, place: Place) -> AsyncIterator[Session]:
    session = Session(
        Broker(broker.host, broker.port), BOX, Downlink.subscriptions(BOX), presence(BOX, home.epoch), SOON
    )
    uplink = Uplink(home, session, BOX, now)
    downlink = Downlink(home, session, BOX, place.key.public, LIFE, now)
    async with beside(session.run(), uplink.run(), downlink.run()):
        yield session


@asynccontextmanager
async def on_call(broker: TestBroker, place: Place) -> AsyncIterator[list[SessionState]]:
    told: list[SessionState] = []
    place_of_broker = Broker(broker.host, broker.port)
    async with beside(
        serve(place.database, place.key, place_of_broker, SystemClock(), told.append, back_off=SOON)
    ):
        await eventually(lambda: bool(told) and told[-1].connected, "on-call connected")
        yield told


async def test_an_incident_is_committed_receipted_taken_and_answered(place: Place) -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker() as broker:
        async with on_call(broker, place), a_home(broker, home, place):
            await eventually(lambda: home.rows == [], "receipted")
            queued = place.desk.take(A, BO, now())
            await eventually(lambda: home.of(TakeIncident) != [], "the take arrives")
            (taken,) = home.of(TakeIncident)
            assert (taken.command_id, taken.incident_id, taken.revision, taken.by) == (
                queued.decision_id,
                A,
                1,
                BO,
            )
            home.raise_incident("a", 2, state="acknowledged", owner=BO, holds_token=True)
            home.answer(queued.decision_id, True, "done", A)
            answered = await await_answer(place.desk, queued.decision_id, now, 5)
            assert answered.state == "accepted"
            await eventually(lambda: home.rows == [], "both receipted")
            (shown,) = place.incidents()
            assert (shown["owner"], shown["token"], shown["state"]) == (BO, "confirmed", "acknowledged")


async def test_a_message_delivered_twice_is_one_row_and_receipted_twice(place: Place) -> None:
    home = PaperHome()
    row = home.raise_incident("a")
    message = row_message(BOX, home.position, row)
    with TestBroker() as broker:
        listener = Session(
            Broker(broker.host, broker.port), "listener", [(topic(BOX, Channel.RECEIPT), 1)], None, SOON
        )
        async with on_call(broker, place), beside(listener.run()):
            await eventually(lambda: listener.state.connected, "listening")
            for _ in range(2):
                await listener.publish(message)
            async with asyncio.timeout(5):
                receipts = [(await listener.receive()).payload for _ in range(2)]
            assert receipts[0] == receipts[1]
            (shown,) = place.incidents()
            history = shown["history"]
            assert isinstance(history, list)
            assert len(history) == 1


async def test_a_broker_killed_between_publish_and_receipt_costs_nothing_and_doubles_nothing(
    place: Place,
) -> None:
    home = PaperHome()
    with TestBroker() as broker:
        async with a_home(broker, home, place) as session:
            await eventually(lambda: session.state.connected, "home connected")
            home.raise_incident("a")
            await eventually(lambda: "Sending PUBACK to box-7" in broker.log(), "the broker has it")
            broker.kill()  # and nobody else ever had
            broker.start()
            async with on_call(broker, place):
                await eventually(lambda: home.rows == [], "receipted")
            assert len(place.incidents()) == 1
            assert home.of(TakeReceipt) == [TakeReceipt(A, 1)]


async def test_killed_after_the_commit_and_before_the_receipt_it_receipts_after_its_restart(
    place: Place,
) -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker() as broker:
        dying = place.start(broker, "die-after-commit")
        try:
            await eventually(lambda: "Sending SUBACK" in broker.log(), "it listens", within_s=20)
            async with a_home(broker, home, place):
                ended = await asyncio.to_thread(dying.wait, 20)
                assert ended == -signal.SIGKILL
                assert len(place.incidents()) == 1  # committed
                await asyncio.sleep(0.2)
                assert home.of(TakeReceipt) == []  # and not receipted
                second = place.start(broker)
                try:
                    await eventually(lambda: home.rows == [], "receipted", within_s=20)
                finally:
                    second.kill()
                    second.wait()
                assert len(place.incidents()) == 1
                assert home.of(TakeReceipt) == [TakeReceipt(A, 1)]
        finally:
            dying.kill()
            dying.wait()


async def test_a_decision_made_while_the_home_is_away_reaches_it_when_it_is_back(place: Place) -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker() as broker:
        async with on_call(broker, place):
            async with a_home(broker, home, place):
                await eventually(lambda: home.rows == [], "receipted")
            place.desk.take(A, BO, now())
            await eventually(lambda: "in/decision" in broker.log().split("Received PUBLISH")[-1], "sent")
            broker.restart()  # even the broker forgets it
            async with a_home(broker, home, place):
                await eventually(lambda: home.of(TakeIncident) != [], "the take arrives")


async def test_an_expired_decision_is_not_sent(place: Place) -> None:
    home = PaperHome()
    home.raise_incident("a")
    with TestBroker() as broker:
        async with on_call(broker, place), a_home(broker, home, place):
            await eventually(lambda: home.rows == [], "receipted")
            queued = place.desk.take(A, BO, now() - timedelta(minutes=11))
            await eventually(
                lambda: place.desk.answer(queued.decision_id, now()).state == "expired", "expired"
            )
            await asyncio.sleep(0.3)
            assert home.of(TakeIncident) + home.of(RejectCommand) == []


async def test_a_home_that_speaks_for_another_gets_no_receipt(place: Place) -> None:
    home = PaperHome()
    row = home.raise_incident("a")
    honest = row_message("box-8", home.position, row)
    with TestBroker() as broker:
        sender = Session(Broker(broker.host, broker.port), "sender", (), None, SOON)
        async with on_call(broker, place), beside(sender.run()):
            await eventually(lambda: sender.state.connected, "connected")
            await sender.publish(Message(f"dispenserd/1/{BOX}/incident", honest.payload))
            await sender.publish(Message(f"dispenserd/1/{BOX}/incident", b"\xff"))
            await sender.publish(
                Message(f"dispenserd/1/{BOX}/incident", row_message(BOX, home.position, row).payload)
            )
            await eventually(lambda: len(place.incidents()) == 1, "the one that is true")
            assert [shown["home"] for shown in place.incidents()] == [BOX]


async def test_a_home_that_dies_is_unknown(place: Place) -> None:
    home = PaperHome()
    with TestBroker() as broker:
        async with on_call(broker, place):
            async with a_home(broker, home, place) as session:
                await eventually(lambda: session.state.connected, "home connected")
                await eventually(lambda: len(place.home_states()) == 1, "known")
                assert place.home_states() == ["unknown"]  # connected proves no life
            await eventually(lambda: "offline" in _offline_since(place), "offline")


def _offline_since(place: Place) -> str:
    with place.database.reading() as connection:
        row = connection.execute(db.homes.select()).one()
    return "offline" if row.offline_since else ""


async def test_wrong_credentials_are_told(place: Place) -> None:
    told: list[SessionState] = []
    with TestBroker({"staff": "right"}) as broker:
        wrong = Broker(broker.host, broker.port, "staff", "wrong")
        clock = RatedClock(now(), SystemClock().monotonic(), 60.0)
        async with beside(serve(place.database, place.key, wrong, clock, told.append, SOON)):
            await eventually(lambda: bool(told) and told[-1].standing is Standing.NOT_AUTHORISED, "told")
