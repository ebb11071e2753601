"""The session over TLS with certificates on both sides, and what each fault of a certificate is called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispenserd.broker import credentials
from dispenserd.broker.credentials import VALID, Pair
from dispenserd.mqtt.session import BackOff, Broker, BrokerRefused, BrokerTook, Message, Session, Standing
from tests.mqtt.test_session_with_a_real_broker import running, up
from tests.support.made_broker import HOST, MadeBroker, made, own, password
from tests.support.paper_home import eventually

SOON = BackOff(first_s=0.05, longest_s=0.2)
BOX = "box-0001"
TRIES = 5
"""A reason that is lost in a race would be missed in one of them."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "broker"


@pytest.fixture
def broker(folder: Path) -> Iterator[MadeBroker]:
    port = made(folder)
    with MadeBroker(folder, port) as running_broker:
        yield running_broker


def place(folder: Path, port: int, name: str = BOX) -> Broker:
    files = own(folder, name)
    return Broker(
        HOST,
        port,
        ca_file=files / "ca.pem",
        certificate_file=files / "client.pem",
        key_file=files / "client.key",
    )


def shown(place: Broker, folder: Path, pair: Pair) -> Broker:
    """`place`, with this certificate instead."""
    certificate, key = folder / "shown.pem", folder / "shown.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    return replace(place, certificate_file=certificate, key_file=key)


def authority(folder: Path) -> Pair:
    return Pair((folder / "ca.pem").read_bytes(), (folder / "ca.key").read_bytes())


async def called(broker: Broker) -> set[tuple[Standing, str]]:
    """What the session says about a connection that does not come about, over some tries."""
    seen: list[tuple[Standing, str]] = []
    session = Session(broker, "somebody", back_off=SOON)
    changed = session.watch()
    async with running(session):
        while len(seen) < TRIES:
            await eventually(changed.is_set, "another try")
            changed.clear()
            seen.append((session.state.standing, session.state.reason))
    return set(seen)


async def test_a_box_is_who_its_certificate_says(folder: Path, broker: MadeBroker) -> None:
    session = Session(
        place(folder, broker.port), "whatever", [(f"dispenserd/1/{BOX}/in/#", 1)], back_off=SOON
    )
    oncall = Session(place(folder, broker.port, "oncall"), "oncall", [("dispenserd/1/+/incident", 1)])
    async with running(session), running(oncall):
        await up(session)
        await up(oncall)
        assert await session.publish(Message(f"dispenserd/1/{BOX}/incident", b"x")) == BrokerTook(False)
        assert (await oncall.receive()).topic == f"dispenserd/1/{BOX}/incident"
        denied = await session.publish(Message("dispenserd/1/box-0002/incident", b"x"))
        assert isinstance(denied, BrokerRefused)
        assert denied.reason == "not authorized"
        assert await session.publish(Message(f"dispenserd/1/{BOX}/incident", b"y")) == BrokerTook(False)


async def test_what_is_wrong_with_our_certificate_is_said_in_words(folder: Path, broker: MadeBroker) -> None:
    now, right = datetime.now(UTC), place(folder, broker.port)
    other = credentials.client(credentials.make_ca(now), BOX, now)
    expired = credentials.client(authority(folder), BOX, now - 2 * VALID)
    of_a_server = Pair((folder / "server.pem").read_bytes(), (folder / "server.key").read_bytes())
    for pair, reason in (
        (other, "our certificate is of another CA than the broker's"),
        (expired, "our certificate has expired"),
        (of_a_server, "our certificate is not one for clients"),
    ):
        assert await called(shown(right, folder, pair)) == {(Standing.NOT_AUTHORISED, reason)}
    nothing = replace(right, certificate_file=None, key_file=None)
    reason = "the broker asks for a certificate and none is configured"
    assert await called(nothing) == {(Standing.NOT_AUTHORISED, reason)}


async def test_a_broker_that_we_do_not_believe_is_told_apart_from_none(
    folder: Path, broker: MadeBroker
) -> None:
    right = place(folder, broker.port)
    (folder / "other.pem").write_bytes(credentials.make_ca(datetime.now(UTC)).certificate)
    another = await called(replace(right, ca_file=folder / "other.pem"))
    assert another == {(Standing.REFUSED, "the broker's certificate is of another CA than ca_file")}
    renamed = await called(replace(right, host="localhost"))
    assert renamed == {(Standing.REFUSED, "the broker's certificate is for another name than host")}


async def test_a_broker_whose_certificate_expired_is_told_so(folder: Path) -> None:
    port = made(folder)
    old = credentials.server(authority(folder), [HOST], datetime.now(UTC) - 2 * VALID)
    (folder / "server.pem").write_bytes(old.certificate)
    (folder / "server.key").write_bytes(old.key)
    with MadeBroker(folder, port):
        said = await called(place(folder, port))
    assert said == {(Standing.REFUSED, "the broker's certificate has expired, or this clock is ahead")}


async def test_a_password_over_tls_opens_the_same_topics(folder: Path) -> None:
    port = made(folder, "password")
    with MadeBroker(folder, port):
        right = Broker(HOST, port, BOX, password(folder, BOX), ca_file=folder / "ca.pem")
        async with running(Session(right, "whatever", back_off=SOON)) as session:
            await up(session)
            assert await session.publish(Message(f"dispenserd/1/{BOX}/incident", b"x")) == BrokerTook(True)
        said = await called(replace(right, password="wrong"))
        assert said == {(Standing.NOT_AUTHORISED, "not authorized")}
