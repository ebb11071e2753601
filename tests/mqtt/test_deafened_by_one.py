"""One client's messages, unreadable or too many: they must not deafen whoever listens to all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from paho.mqtt.client import Client

from dispenserd.mqtt.session import Broker, Message, Session
from tests.mqtt.test_session_with_a_real_broker import SOON, running, up
from tests.support.broker import TestBroker
from tests.support.mqtt_bytes import CONNACK, PUBACK, Intruder, connect, publish
from tests.support.paper_home import eventually

OF_ONE, OF_ANOTHER = "dispenserd/1/box-1/incident", "dispenserd/1/box-2/incident"
BEATS_OF_ONE = "dispenserd/1/box-1/heartbeat"
UNREADABLE = ("\ufeffx", "y")
"""A byte order mark, which MQTT 5 allows and mosquitto passes on; paho calls the packet malformed."""


@pytest.fixture
def broker() -> Iterator[TestBroker]:
    with TestBroker() as started:
        yield started


def intrude(broker: TestBroker, qos: int) -> None:
    with Intruder(broker.port, None) as box:
        box.send(connect("box-1"))
        assert box.read_until(CONNACK)
        box.send(publish(OF_ONE, b"unreadable", qos, user_property=UNREADABLE))
        assert not qos or box.read_until(PUBACK)


@pytest.mark.parametrize("qos", [0, 1])
async def test_a_message_with_properties_that_cannot_be_read_deafens_nobody(
    broker: TestBroker, qos: int
) -> None:
    staff = Session(
        Broker(broker.host, broker.port), "staff", [("dispenserd/1/+/incident", 1)], back_off=SOON
    )
    home = Session(Broker(broker.host, broker.port), "box-2", back_off=SOON)
    async with running(staff), running(home):
        await up(staff)
        await up(home)
        await asyncio.to_thread(intrude, broker, qos)
        await home.publish(Message(OF_ANOTHER, b"an alarm"))
        async with asyncio.timeout(8):
            arrived = await staff.receive()
        assert (arrived.topic, arrived.payload) == (OF_ANOTHER, b"an alarm")
        assert staff.state.connection == 1  # it never let go
        # the broker need not keep it for the next connection
        await eventually(lambda: "Received PUBACK from staff (Mid: 1" in broker.log() or not qos, "answered")


def flood(broker: TestBroker, beats: int) -> None:
    with Intruder(broker.port, None) as box:
        box.send(connect("box-1"))
        assert box.read_until(CONNACK)
        for number in range(beats):
            box.send(publish(BEATS_OF_ONE, b"%d" % number))
        box.send(publish("somewhere/else", b"", 1))
        assert box.read_until(PUBACK)


async def test_a_home_that_floods_its_heartbeats_holds_up_nobody_elses_alarm(broker: TestBroker) -> None:
    """On a slow disk each of them takes as long as an alarm; of one topic the newest alone is any news."""
    subscriptions = [("dispenserd/1/+/incident", 1), ("dispenserd/1/+/heartbeat", 0)]
    staff = Session(Broker(broker.host, broker.port), "staff", subscriptions, back_off=SOON)
    home = Session(Broker(broker.host, broker.port), "box-2", back_off=SOON)
    async with running(staff), running(home):
        await up(staff)
        await up(home)
        await asyncio.to_thread(flood, broker, 1000)
        await home.publish(Message(OF_ANOTHER, b"an alarm"))
        await eventually(lambda: staff.dropped == 999, "all came in")
        async with asyncio.timeout(8):
            arrived = [await staff.receive() for _ in range(2)]
        assert [each.payload for each in arrived] == [b"999", b"an alarm"]
        await asyncio.to_thread(flood, broker, 1)
        async with asyncio.timeout(8):
            assert (await staff.receive()).payload == b"0"  # and goes on


async def test_a_thread_of_paho_that_ends_is_the_end_of_its_connection(
    broker: TestBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever paho raises: a session that believes itself connected would be deaf and not know it."""
    session = Session(Broker(broker.host, broker.port), "staff", [("out/#", 1)], back_off=SOON)
    ended: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", ended.append)

    def fall(_client: Client) -> int:
        raise ZeroDivisionError

    async with running(session):
        await up(session)
        with monkeypatch.context() as once:
            once.setattr(Client, "_handle_pingresp", fall)
            await eventually(lambda: bool(ended), "its thread falls", 20)
        await eventually(lambda: session.state.connection > 1 and session.state.connected, "again")
    assert [end.exc_type for end in ended] == [ZeroDivisionError]
