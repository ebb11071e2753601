"""The broker as a technician meets it: each way in which it can say no has words and a code of its own."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from dispenserd.mqtt.session import Broker, Session
from dispenserd.provision.check import Check, Verdict, broker
from tests.support.authority import STRICT, Authority, TlsBroker
from tests.support.broker import TestBroker

BOX = "box-7"
LEFT_TO_THE_COLLECTOR = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
"""paho closes no socket on which TLS failed."""

OWN_TOPICS = "pattern readwrite dispenserd/1/%u/#\n"


def checked(peer: Broker, within_s: float = 20.0) -> list[Check]:
    return asyncio.run(broker(BOX, peer, within_s))


def failed(peer: Broker, within_s: float = 20.0) -> str:
    """The code of the check that keeps the box from being commissioned."""
    last = checked(peer, within_s)[-1]
    assert last.verdict is Verdict.BAD
    assert last.said.endswith(".")
    assert last.next_step.endswith(".")
    return last.code


def plain(port: int, username: str = "", password: str = "", host: str = "127.0.0.1") -> Broker:
    return Broker(host, port, username, password)


def encrypted(server: TlsBroker, authority: Authority, own: tuple[Path, Path] | None = None) -> Broker:
    """`own`: the box's certificate and key."""
    certificate, key = own or (None, None)
    return Broker(server.host, server.port, "", "", authority.path, certificate, key)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def with_a_listener(peer: Broker) -> list[Check]:
    """The checks while somebody subscribes as on-call does."""
    session = Session(peer, "listener", (("dispenserd/1/+/status", 1),))
    changed = session.watch()
    running = asyncio.ensure_future(session.run())
    try:
        async with asyncio.timeout(10):
            while not session.state.connected:
                await changed.wait()
                changed.clear()
        found = await broker(BOX, peer)
        async with asyncio.timeout(10):
            heard = await session.receive()
        assert (heard.topic, heard.retained) == (f"dispenserd/1/{BOX}/status", False)
        assert b'"offline"' in heard.payload
        return found
    finally:
        running.cancel()


def test_on_call_is_heard_to_listen_or_not(tmp_path: Path) -> None:
    with TestBroker() as server:
        assert failed(plain(server.port)) == "nobody_listens"
        found = asyncio.run(with_a_listener(plain(server.port)))
    assert [check.name for check in found] == ["broker", "oncall"]
    assert all(check.verdict is Verdict.GOOD for check in found)
    assert "NOT encrypted" in found[0].said


def test_a_certificate_of_its_own_lets_the_box_in_and_speak_for_its_home_alone(
    tmp_path: Path, authority: Authority
) -> None:
    own, others = authority.issue(tmp_path, BOX), authority.issue(tmp_path, "box-8")
    with TlsBroker(tmp_path, authority, clients=authority, acl=OWN_TOPICS) as server:
        found = checked(encrypted(server, authority, own))
        assert found[-1].code == "nobody_listens"
        assert "encrypted, with its certificate" in found[0].said
        assert failed(encrypted(server, authority, others)) == "publish_denied"


@LEFT_TO_THE_COLLECTOR
def test_a_box_without_a_certificate_or_with_a_strangers_is_not_let_in(
    tmp_path: Path, authority: Authority
) -> None:
    strangers = Authority(tmp_path, "strange").issue(tmp_path, BOX)
    with TlsBroker(tmp_path, authority, clients=authority) as server:
        assert failed(encrypted(server, authority)) == "not_authorised"
        assert failed(encrypted(server, authority, strangers)) == "not_authorised"


@LEFT_TO_THE_COLLECTOR
def test_a_broker_of_another_authority_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    other = Authority(tmp_path, "other")
    with TlsBroker(tmp_path, other) as server:
        assert failed(encrypted(server, authority)) == "other_ca"
        assert server.connections() == 0


@LEFT_TO_THE_COLLECTOR
def test_a_certificate_that_is_not_made_as_it_must_be_is_not_called_another_cas(
    tmp_path: Path, authority: Authority
) -> None:
    with TlsBroker(tmp_path, authority, usage=ExtendedKeyUsageOID.CLIENT_AUTH) as server:
        peer = encrypted(server, authority)
        assert failed(peer) == "certificate_unfit"
        said = checked(peer)[-1]
        assert "purpose" in said.said
        assert "docs/broker.md" in said.next_step


@LEFT_TO_THE_COLLECTOR
def test_a_ca_that_names_no_keys_is_believed_before_python_3_13_and_then_told_by_what_is_missing(
    tmp_path: Path,
) -> None:
    plain_ca = Authority(tmp_path, "plain", names_its_key=False)
    with TlsBroker(tmp_path, plain_ca) as server:
        peer = encrypted(server, plain_ca)
        assert failed(peer) == ("certificate_unfit" if STRICT else "nobody_listens")
        assert ("Authority Key Identifier" in checked(peer)[-1].said) is STRICT
        assert server.connections() == (0 if STRICT else 2)


@LEFT_TO_THE_COLLECTOR
def test_a_broker_by_another_name_is_not_believed(tmp_path: Path, authority: Authority) -> None:
    with TlsBroker(tmp_path, authority, host="broker.example") as server:
        assert failed(encrypted(server, authority)) == "other_host_name"


def test_a_wrong_password_and_an_unknown_name(tmp_path: Path) -> None:
    with TestBroker(accounts={BOX: "right"}) as server:
        assert failed(plain(server.port, BOX, "wrong")) in ("wrong_password", "not_authorised")
        assert failed(plain(server.port)) == "not_authorised"
        said = checked(plain(server.port, BOX, "wrong-4711"))[-1]
        assert "wrong-4711" not in f"{said}"


def test_nobody_there_no_such_host_and_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert failed(plain(port), within_s=1.0) == "no_answer"
    assert failed(plain(port)) == "nobody_there"
    assert failed(plain(1883, host="no-such-host.invalid")) == "host_unknown"


def test_a_box_without_tls_at_a_broker_with_it_is_cut_off(tmp_path: Path, authority: Authority) -> None:
    with TlsBroker(tmp_path, authority) as server:
        assert failed(plain(server.port)) in ("cut_off", "no_answer")
