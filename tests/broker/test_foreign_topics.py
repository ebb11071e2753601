"""Nobody reaches a topic that is not theirs: ten thousand publishes to a real broker, and every filter.

The broker runs with what `broker-config` writes. A witness who may read everything tells what came through; a
seeded hole in the access list shows that it would.
"""

from __future__ import annotations

import itertools
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispenserd.broker import credentials
from dispenserd.broker.credentials import VALID, Pair
from dispenserd.broker.template import ACL, CONFIG, Identity
from tests.support.made_broker import MadeBroker, made, password, replaced, tls
from tests.support.mqtt_bytes import (
    CONNACK,
    PING,
    PINGRESP,
    SUBACK,
    Intruder,
    connect,
    publish,
    subscribe,
)

VICTIM, OTHER, LIAR = "box-0001", "box-0002", "box-0003"
PUBLISHES = 10_000
AT_ONCE = 15
"""Under the 20 unacknowledged ones that the broker accepts."""
WITNESS_ACL = "user witness\ntopic read #\ntopic read $SYS/#\n"

OF_A_HOME = ("status", "heartbeat", "incident")
TO_A_HOME = ("in/receipt", "in/decision", "in/position", "in/ask")
FOREIGN = [
    *(f"dispenserd/1/{VICTIM}/{channel}" for channel in (*OF_A_HOME, *TO_A_HOME)),
    *(f"dispenserd/1/nobody/{channel}" for channel in OF_A_HOME),
    f"dispenserd/1/{VICTIM}",
    f"dispenserd/1/{VICTIM}/incident/more",
    f"dispenserd/2/{VICTIM}/incident",
    f"/dispenserd/1/{VICTIM}/incident",
    "dispenserd",
    "elsewhere",
    "$SYS/broker/uptime",
    "$share/group/elsewhere",
]
FILTERS = [
    "#",
    "+/#",
    "dispenserd/1/+/status",
    "dispenserd/1/+/incident",
    "dispenserd/1/+/in/#",
    f"dispenserd/1/{VICTIM}/#",
    f"dispenserd/1/{VICTIM}/in/decision",
    "$share/group/#",
    "$share/group/dispenserd/1/+/incident",
    "$SYS/#",
    "$SYS/broker/uptime",
]


@dataclass(frozen=True)
class Kind:
    """Somebody with some credential, and what they call themselves."""

    name: str
    context: ssl.SSLContext | None
    client_id: str
    username: str = ""
    password: str = ""
    comes_in: bool = True
    topics: tuple[str, ...] = tuple(FOREIGN)

    def greeting(self, will: tuple[str, bytes] | None = None) -> bytes:
        return connect(self.client_id, self.username, self.password, will)


def kinds(folder: Path, identity: Identity) -> list[Kind]:
    return _with_passwords(folder) if identity == "password" else _with_certificates(folder)


def _with_certificates(folder: Path) -> list[Kind]:
    now = datetime.now(UTC)
    ca = Pair((folder / "ca.pem").read_bytes(), (folder / "ca.key").read_bytes())
    bad = {
        "another CA": credentials.client(credentials.make_ca(now), VICTIM, now),
        "expired": credentials.client(ca, VICTIM, now - 2 * VALID),
        "not yet valid": credentials.client(ca, VICTIM, now + VALID),
        "the broker's own": Pair((folder / "server.pem").read_bytes(), (folder / "server.key").read_bytes()),
    }
    refused = [Kind(name, _context(folder, name, pair), VICTIM, comes_in=False) for name, pair in bad.items()]
    return [
        Kind("another box", tls(folder, OTHER), OTHER, topics=(*FOREIGN, *_inward(OTHER))),
        Kind("a box that lies about its name", tls(folder, LIAR), f"home-{VICTIM}", VICTIM, "x"),
        Kind("on-call", tls(folder, "oncall"), "oncall", topics=_spoken_by_homes()),
        Kind("no certificate", tls(folder), VICTIM, VICTIM, comes_in=False),
        Kind("no TLS", None, VICTIM, VICTIM, comes_in=False),
        *refused,
    ]


def _with_passwords(folder: Path) -> list[Kind]:
    door = tls(folder)
    return [
        Kind("another box", door, OTHER, OTHER, password(folder, OTHER), topics=(*FOREIGN, *_inward(OTHER))),
        Kind("a box that lies about its name", door, f"home-{VICTIM}", LIAR, password(folder, LIAR)),
        Kind("on-call", door, "x", "oncall", password(folder, "oncall"), topics=_spoken_by_homes()),
        Kind("no password", door, VICTIM, VICTIM, comes_in=False),
        Kind("another's password", door, VICTIM, VICTIM, password(folder, OTHER), comes_in=False),
        Kind("nobody", door, VICTIM, comes_in=False),
        Kind("no TLS", None, VICTIM, VICTIM, password(folder, VICTIM), comes_in=False),
    ]


def _inward(box: str) -> tuple[str, ...]:
    """What a box hears, it may not say: it can't decide about itself."""
    return tuple(f"dispenserd/1/{box}/{channel}" for channel in TO_A_HOME)


def _spoken_by_homes() -> tuple[str, ...]:
    return (*(f"dispenserd/1/{VICTIM}/{channel}" for channel in OF_A_HOME), "elsewhere", "$SYS/x")


def _context(folder: Path, name: str, pair: Pair) -> ssl.SSLContext:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    context = tls(folder)
    context.load_cert_chain(certificate, key)
    return context


def intrude(port: int, kind: Kind, count: int) -> int:
    """`count` publishes to foreign topics, each of every QoS, kept or not, by alias or name; wills besides.
    Whoever is cut off comes back."""
    topics, sent = itertools.cycle(kind.topics), 0
    variants = itertools.cycle(itertools.product((0, 1, 2), (False, True), (0, 1)))
    while sent < count:
        with Intruder(port, kind.context) as intruder:
            intruder.send(kind.greeting(will=(next(topics), b"intruder will")))
            came_in = kind.comes_in and intruder.read_until(CONNACK)
            assert not kind.comes_in or (came_in and intruder.packets[0].reason == 0), kind.name
            while sent < count and intruder.open:
                burst = b""
                for number in range(min(AT_ONCE, count - sent)):
                    qos, retain, alias = next(variants)
                    payload = f"intruder {kind.name} {sent}".encode()
                    burst += publish(next(topics), payload, qos, retain, number + 1, alias)
                    sent += 1
                intruder.send(burst + PING)
                intruder.read_until(PINGRESP)
                if not kind.comes_in:
                    break
    return sent


@pytest.fixture(params=["certificate", "password"])
def identity(request: pytest.FixtureRequest) -> Identity:
    chosen: Identity = request.param
    return chosen


def admitted(folder: Path, port: int, identity: Identity, name: str, filters: list[str]) -> Intruder:
    """Somebody with their right credential, subscribed."""
    word = password(folder, name) if identity == "password" else ""
    client = Intruder(port, tls(folder, name))
    client.send(connect(name, name if word else "", word, session_s=60) + subscribe(filters))
    assert client.read_until(SUBACK)
    return client


def intrusions(folder: Path, identity: Identity, count: int) -> list[tuple[str, bytes]]:
    """What of `count` publishes to foreign topics a witness hears, kept messages and wills included."""
    port = made(folder, identity)
    with (folder / ACL).open("a") as acl:
        acl.write(WITNESS_ACL)
    return _intrusions(folder, identity, port, count)


def _intrusions(folder: Path, identity: Identity, port: int, count: int) -> list[tuple[str, bytes]]:
    everybody = kinds(folder, identity)
    share = {kind.name: count // 50 if not kind.comes_in else 0 for kind in everybody}
    insiders = [kind for kind in everybody if kind.comes_in]
    for kind in insiders:
        share[kind.name] = (count - sum(n for k, n in share.items() if not _named(k, insiders))) // len(
            insiders
        )
    share[OTHER_KIND] += count - sum(share.values())
    with MadeBroker(folder, port), admitted(folder, port, identity, "witness", ["#", "$SYS/#"]) as witness:
        assert sum(intrude(port, kind, share[kind.name]) for kind in everybody) == count
        with admitted(folder, port, identity, VICTIM, [f"dispenserd/1/{VICTIM}/in/#"]) as victim:
            for channel in OF_A_HOME:
                victim.send(publish(f"dispenserd/1/{VICTIM}/{channel}", b"true", 1))
            victim.send(PING)
            victim.read_until(PINGRESP)
            heard_at_home = victim.messages()
        witness.read_for(1.0)
        with admitted(folder, port, identity, "witness", ["#", "$SYS/#"]) as late:
            late.read_for(0.5)
        heard = [*witness.messages(), *late.messages(), *heard_at_home]
    true = [f"dispenserd/1/{VICTIM}/{channel}" for channel in OF_A_HOME]
    # At least once: what a broken connection left unacknowledged is sent again to the next one.
    told = dict.fromkeys(topic for topic, payload in heard if payload == b"true")
    assert list(told) == true, "the witness hears what is true"
    return [(topic, payload) for topic, payload in heard if payload.startswith(b"intruder")]


OTHER_KIND = "another box"


def _named(name: str, among: list[Kind]) -> bool:
    return any(kind.name == name for kind in among)


def test_ten_thousand_publishes_to_foreign_topics_and_none_passes(tmp_path: Path, identity: Identity) -> None:
    assert intrusions(tmp_path / "broker", identity, PUBLISHES) == []


@pytest.mark.parametrize(
    "hole",
    [
        "pattern write dispenserd/1/+/incident",
        "pattern readwrite dispenserd/1/%u/in/#",
        f"user {OTHER}\ntopic write dispenserd/1/{VICTIM}/status",
        "user oncall\ntopic write dispenserd/1/#",
        "pattern write #",
    ],
)
def test_it_catches_a_hole_in_the_access_list(tmp_path: Path, hole: str) -> None:
    folder = tmp_path / "broker"
    port = made(folder)
    with (folder / ACL).open("a") as acl:
        acl.write(f"{WITNESS_ACL}{hole}\n")
    assert _intrusions(folder, "certificate", port, 1500) != []


def overheard(folder: Path, identity: Identity, port: int) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """What each kind that comes in hears of others, with every filter there is."""
    replaced(folder / CONFIG, "sys_interval", "sys_interval 1")
    with MadeBroker(folder, port):
        for kind in kinds(folder, identity):
            if not kind.comes_in or kind.name == "on-call":
                continue
            with Intruder(port, kind.context) as ear:
                ear.send(kind.greeting() + subscribe(FILTERS))
                assert ear.read_until(SUBACK)
                _everybody_speaks(folder, identity, port)
                ear.read_for(1.3)  # a round of what the broker says about itself
                yield kind.name, ear.messages()


def _everybody_speaks(folder: Path, identity: Identity, port: int) -> None:
    with (
        admitted(folder, port, identity, VICTIM, [f"dispenserd/1/{VICTIM}/in/#"]) as victim,
        admitted(
            folder, port, identity, "oncall", [f"dispenserd/1/+/{each}" for each in OF_A_HOME]
        ) as oncall,
    ):
        for channel in OF_A_HOME:
            victim.send(publish(f"dispenserd/1/{VICTIM}/{channel}", b"of a home", 1, channel == "status"))
        for channel in TO_A_HOME:
            oncall.send(publish(f"dispenserd/1/{VICTIM}/{channel}", b"for a home", 1))
        victim.read_for(0.5)
        oncall.read_for(0.5)
        assert len({topic for topic, _ in victim.messages()}) == len(TO_A_HOME)
        assert len({topic for topic, _ in oncall.messages()}) == len(OF_A_HOME)


def test_no_filter_lets_anybody_hear_another_home_or_the_broker(tmp_path: Path, identity: Identity) -> None:
    folder = tmp_path / "broker"
    port = made(folder, identity)
    assert dict(overheard(folder, identity, port)) == {OTHER_KIND: [], "a box that lies about its name": []}


@pytest.mark.parametrize(
    "hole", ["pattern read dispenserd/1/+/incident", "pattern read $SYS/#", f"user {OTHER}\ntopic read #"]
)
def test_it_catches_a_filter_that_hears_too_much(tmp_path: Path, hole: str) -> None:
    folder = tmp_path / "broker"
    port = made(folder)
    with (folder / ACL).open("a") as acl:
        acl.write(f"{hole}\n")
    assert dict(overheard(folder, "certificate", port))[OTHER_KIND] != []
