"""Payloads, topics and signatures: pure, so tested by value."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.mqtt import payloads as p
from protocol.mqtt import signatures
from protocol.mqtt.instants import from_text, to_text
from protocol.mqtt.topics import Address, Channel, address, topic
from tests.support.paper_home import BOX, DOSE, NOON

PRIVATE = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()


def a_take(**changes: object) -> p.TakePayload:
    fields: dict[str, object] = {
        "schema": p.DECISION,
        "action": "take",
        "decision_id": "d1",
        "home": BOX,
        "epoch": 3,
        "incident": "a" * 32,
        "revision": 2,
        "by": "Åse Prøve",
        "issued": NOON,
        "expires": NOON + timedelta(minutes=10),
    }
    return p.TakePayload.model_validate({**fields, **changes})


def test_a_signed_decision_comes_back_whole_and_genuine() -> None:
    sealed = signatures.seal(a_take(), PRIVATE)
    read = p.read_decision(p.to_bytes(sealed))
    assert read == sealed
    assert signatures.is_genuine(read, PUBLIC)


def test_no_signature_and_another_key_are_not_genuine() -> None:
    assert not signatures.is_genuine(a_take(), PUBLIC)
    assert not signatures.is_genuine(signatures.seal(a_take(), bytes(32)), PUBLIC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("decision_id", "d2"),
        ("home", "box-8"),
        ("epoch", 4),
        ("incident", "b" * 32),
        ("revision", 3),
        ("by", "Bo Prøve"),
        ("issued", "2026-11-02T12:00:00.001Z"),
        ("expires", "2026-11-02T13:00:00.000Z"),
    ],
)
def test_a_signature_covers_every_field(field: str, value: object) -> None:
    body = json.loads(p.to_bytes(signatures.seal(a_take(), PRIVATE)))
    body[field] = value
    assert not signatures.is_genuine(p.read_decision(json.dumps(body).encode()), PUBLIC)


def test_a_signature_of_a_receipt_is_worth_nothing_under_a_decision() -> None:
    body = {"home": BOX}
    signature = signatures.sign(PRIVATE, p.RECEIPT, body)
    assert signatures.verify(PUBLIC, p.RECEIPT, body, signature)
    assert not signatures.verify(PUBLIC, p.DECISION, body, signature)


def test_canonical_json_has_one_spelling() -> None:
    assert (
        signatures.canonical_json({"b": 1, "a": {"d": "é", "c": None}})
        == '{"a":{"c":null,"d":"é"},"b":1}'.encode()
    )


@pytest.mark.parametrize(
    "change",
    [
        {"drug": "N02BE01"},
        {"schema": "dispenserd/decision/2"},
        {"action": "release"},
        {"revision": "2"},
        {"revision": 0},
        {"home": "box/7"},
        {"home": "+"},
        {"by": ""},
        {"by": "x" * 81},
        {"issued": "2026-11-02T12:00:00Z"},
        {"issued": "2026-11-02T13:00:00.000+01:00"},
        {"signature": "zz"},
    ],
)
def test_what_a_decision_must_not_be_is_refused_whole(change: dict[str, object]) -> None:
    body = json.loads(p.to_bytes(a_take())) | change
    with pytest.raises(p.PayloadRefused):
        p.read_decision(json.dumps(body).encode())


def test_a_refusal_quotes_nothing_of_what_the_peer_wrote() -> None:
    body = json.loads(p.to_bytes(a_take())) | {"Oda Opdigt": "Oda Opdigt", "revision": "Oda Opdigt"}
    with pytest.raises(p.PayloadRefused) as refused:
        p.read_decision(json.dumps(body).encode())
    assert "Oda" not in str(refused.value)
    assert "revision" in str(refused.value)


def test_an_oversized_payload_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(p.PayloadRefused, match="bytes"):
        p.read_decision(b" " * (p.PAYLOAD_BYTES_MAX + 1))


def test_a_receipt_names_one_row() -> None:
    both = {"incident": "a" * 32, "revision": 1, "command_id": "d1"}
    neither: dict[str, object] = {}
    for names in (both, neither, {"incident": "a" * 32}, {"command_id": "d1", "revision": 1}):
        body = {"schema": p.RECEIPT, "home": BOX, "event_id": f"1-{'0' * 64}", **names}
        with pytest.raises(p.PayloadRefused):
            p.read_receipt(json.dumps(body).encode())


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    for read in (p.read_decision, p.read_receipt, p.read_status, p.read_heartbeat, p.read_incident_topic):
        with pytest.raises(p.PayloadRefused):
            read(raw)


@given(st.sampled_from(Channel), st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True))
@settings(max_examples=50, deadline=None)
def test_a_topic_says_whose_it_is(channel: Channel, box: str) -> None:
    assert address(topic(box, channel)) == Address(box, channel)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "dispenserd/1/box",
        "dispenserd/1//status",
        "dispenserd/2/b/status",
        "x/dispenserd/1/b/status",
        "dispenserd/1/b/in/status",
        "dispenserd/1/b/status/x",
        "dispenserd/1/+/status",
    ],
)
def test_a_foreign_topic_is_nobodys(name: str) -> None:
    assert address(name) is None


@pytest.mark.parametrize("box", ["", "+", "#", "a/b", "å", "a b", "x" * 65])
def test_a_box_id_is_one_level_of_a_topic(box: str) -> None:
    with pytest.raises(ValueError, match="box id"):
        topic(box, Channel.STATUS)


def test_an_instant_has_one_spelling() -> None:
    assert to_text(NOON + timedelta(microseconds=1999)) == "2026-11-02T12:00:00.001Z"
    assert from_text("2026-11-02T12:00:00.000Z") == NOON


def test_a_dose_id_carries_the_resident_key_and_nothing_readable() -> None:
    body = json.loads(p.to_bytes(a_take())) | {"action": "decide", "verdict": "given", "reason": "x"}
    assert isinstance(p.read_decision(json.dumps(body | {"dose": DOSE}).encode()), p.DecidePayload)
    with pytest.raises(p.PayloadRefused):
        p.read_decision(json.dumps(body | {"dose": "Oda Opdigt/2026-11-02/night/1"}).encode())
