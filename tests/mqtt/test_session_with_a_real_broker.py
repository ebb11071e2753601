"""The session against a real mosquitto: what each end of a publish and each standing is called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dispenserd.mqtt.session import (
    BackOff,
    Broker,
    BrokerRefused,
    BrokerTook,
    ConnectionLost,
    Message,
    Presence,
    Session,
    Standing,
)
from tests.support.broker import TestBroker
from tests.support.paper_home import eventually

SOON = BackOff(first_s=0.05, longest_s=0.2)
ACL = "user box\ntopic write out/#\ntopic read in/#\nuser staff\ntopic readwrite #\n"
ACCOUNTS = {"box": "right", "staff": "staff"}


@asynccontextmanager
async def running(session: Session) -> AsyncIterator[Session]:
    task = asyncio.create_task(session.run())
    try:
        yield session
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def of(broker: TestBroker, user: str = "", password: str = "", **more: object) -> Session:
    place = Broker(broker.host, broker.port, user, password)
    return Session(place, user or "somebody", back_off=SOON, **more)  # type: ignore[arg-type]


async def up(session: Session) -> None:
    await eventually(lambda: session.state.connected, "connected")


async def test_wrong_credentials_end_in_a_state_that_says_so() -> None:
    with TestBroker(ACCOUNTS) as broker:
        async with running(of(broker, "box", "wrong")) as session:
            await eventually(lambda: session.state.standing is Standing.NOT_AUTHORISED, "not authorised")
            assert await session.publish(Message("out/a", b"x")) == ConnectionLost()
            assert "wrong" not in repr(session.state)


async def test_wrong_credentials_are_tried_again_with_growing_pauses() -> None:
    pauses = [BackOff().pause_s(failures, "box") for failures in range(12)]
    assert all(0.1 <= pause <= 15 for pause in pauses)
    assert pauses[-1] > 7
    with TestBroker(ACCOUNTS) as broker:
        slow = Session(Broker(broker.host, broker.port, "box", "wrong"), "box", back_off=BackOff(0.3, 15))
        async with running(slow):
            await asyncio.sleep(1.5)
        assert 2 <= broker.log().count("not authorised") <= 5


async def test_no_broker_is_unreachable_and_found_when_it_comes() -> None:
    broker = TestBroker()
    async with running(of(broker)) as session:
        await eventually(lambda: session.state.standing is Standing.UNREACHABLE, "unreachable")
        with broker:
            await up(session)


async def test_an_acknowledged_publish_says_whether_anybody_listens() -> None:
    with TestBroker() as broker:
        async with running(of(broker)) as session:
            await up(session)
            assert await session.publish(Message("out/a", b"x")) == BrokerTook(nobody_listens=True)
            async with running(of(broker, "", "", subscriptions=[("out/#", 1)])) as _:
                pass
        listener = Session(Broker(broker.host, broker.port), "listener", [("out/#", 1)], back_off=SOON)
        async with running(of(broker)) as session, running(listener):
            await up(session)
            await up(listener)
            assert await session.publish(Message("out/a", b"x")) == BrokerTook(nobody_listens=False)


async def test_a_denied_publish_is_told_as_refused_and_the_connection_comes_back() -> None:
    with TestBroker(ACCOUNTS, ACL) as broker:
        async with running(of(broker, "box", "right")) as session:
            await up(session)
            end = await session.publish(Message("elsewhere", b"x"))
            assert isinstance(end, BrokerRefused)
            assert end.code == 0x87
            await eventually(lambda: session.state.connection == 2 and session.state.connected, "back")
            assert await session.publish(Message("out/a", b"x")) == BrokerTook(nobody_listens=True)


async def test_a_publish_under_way_when_the_broker_dies_is_lost_and_not_hung() -> None:
    with TestBroker() as broker:
        async with running(of(broker)) as session:
            await up(session)
            ends = [asyncio.create_task(session.publish(Message("out/a", b"x"))) for _ in range(50)]
            broker.kill()
            async with asyncio.timeout(5):
                assert {type(end) for end in await asyncio.gather(*ends)} <= {BrokerTook, ConnectionLost}
            await eventually(lambda: session.state.standing is not Standing.CONNECTED, "lost")
            assert await session.publish(Message("out/a", b"x")) == ConnectionLost()


async def test_nothing_is_sent_behind_our_back_after_a_reconnect() -> None:
    with TestBroker() as broker:
        async with running(of(broker)) as session:
            await up(session)
            broker.kill()
            lost = await session.publish(Message("out/a", b"unsaid"))
            assert lost == ConnectionLost()
            broker.start()
            await eventually(lambda: session.state.connection == 2 and session.state.connected, "back")
            assert isinstance(await session.publish(Message("out/a", b"said")), BrokerTook)
            assert broker.log().count("Received PUBLISH from somebody") == 1


async def test_what_was_not_acknowledged_comes_again_at_the_next_connection() -> None:
    with TestBroker() as broker:
        first = Session(Broker(broker.host, broker.port), "staff", [("out/#", 1)], back_off=SOON)
        async with running(of(broker)) as sender:
            async with running(first):
                await up(first)
                await up(sender)
                await sender.publish(Message("out/a", b"x"))
                assert (await first.receive()).payload == b"x"  # and is not acknowledged
            second = Session(Broker(broker.host, broker.port), "staff", [("out/#", 1)], back_off=SOON)
            async with running(second):
                async with asyncio.timeout(5):
                    again = await second.receive()
                assert again.payload == b"x"
                second.acknowledge(again)
                await eventually(lambda: "Received PUBACK from staff" in broker.log(), "acknowledged")
            third = Session(Broker(broker.host, broker.port), "staff", [("out/#", 1)], back_off=SOON)
            async with running(third):
                await up(third)
                await sender.publish(Message("out/a", b"y"))
                async with asyncio.timeout(5):
                    assert (await third.receive()).payload == b"y"


async def test_a_connection_that_dies_leaves_the_will_and_its_return_the_birth() -> None:
    with TestBroker() as broker:
        presence = Presence(
            Message("out/s", b"online", retain=True), Message("out/s", b"offline", retain=True)
        )
        listener = Session(Broker(broker.host, broker.port), "listener", [("out/s", 1)], back_off=SOON)
        async with running(listener):
            await up(listener)
            async with running(of(broker, presence=presence)) as session:
                await up(session)
                assert (await listener.receive()).payload == b"online"
            async with asyncio.timeout(5):
                assert (await listener.receive()).payload == b"offline"
