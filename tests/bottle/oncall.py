"""On-call in the bottle: a receiver that commits and receipts, and signs what staff ask of the home.

Knows the payloads' JSON as they travel, and signs as on-call does. Nothing here knows what the home should
do: staff act on what the home has told them, give by hand only with its confirmation, and say what they see.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.view import heard_from
from protocol.mqtt import signatures
from protocol.mqtt.instants import to_text
from protocol.mqtt.payloads import (
    ClosePayload,
    DecidePayload,
    DecisionPayload,
    ReceiptPayload,
    TakePayload,
    to_bytes,
)
from protocol.mqtt.topics import Channel, topic
from tests.bottle.times import Times

PRIVATE_KEY = bytes(range(32))
PUBLIC_KEY = Ed25519PrivateKey.from_private_bytes(PRIVATE_KEY).public_key().public_bytes_raw()
BOX = "box-0001"
LIFE = timedelta(minutes=10)
HOME_SILENT = OncallLimits().home_silent

Payload = dict[str, Any]


@dataclass
class Manner:
    """Of a receiver having a bad day: chances per message."""

    forgets_receipt: float = 0.0
    repeats_receipt: float = 0.0


@dataclass
class OnCall:
    """`send` publishes to the home: whether a broker took it. `told` = newest revision by incident."""

    times: Times
    chance: Random
    send: Callable[[str, bytes], bool] = lambda _topic, _payload: False
    heard: Callable[[Payload], None] = lambda _payload: None
    up: bool = True
    manner: Manner = field(default_factory=Manner)
    told: dict[str, Payload] = field(default_factory=dict)
    first_told: dict[str, datetime] = field(default_factory=dict)
    rows: dict[str, set[str]] = field(default_factory=dict)  # "<incident>/<revision>" or answer -> event ids
    answers: dict[str, Payload] = field(default_factory=dict)
    last_heard: datetime | None = None
    beat: datetime | None = None  # the newest sign of life
    forged: bool = False
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    box: str = BOX
    _count: int = 0

    def take(self, topic_name: str, raw: bytes) -> bool:
        """What the broker delivers; True = committed, so that it may be acknowledged."""
        if not self.up:
            return False
        self.last_heard = self.times.true
        payload = json.loads(raw)
        match payload["schema"]:
            case "dispenserd/incident/1":
                self._incident(payload)
            case "dispenserd/answer/1":
                self._answer(payload)
            case "dispenserd/heartbeat/1":
                self.beat = self.times.true
            case _:
                pass
        return True

    def shown(self) -> str:
        """How on-call's own list shows the home now: "alive" or "unknown"."""
        heard = to_text(self.beat) if self.beat else None
        row: Any = SimpleNamespace(heard=heard, alive_since=heard, first_seen=heard, offline_since=None)
        return heard_from(row, self.times.true, HOME_SILENT)[0]

    def _incident(self, payload: Payload) -> None:
        name, revision = payload["incident"], payload["revision"]
        self.rows.setdefault(f"{name}/{revision}", set()).add(payload["event_id"])
        self.first_told.setdefault(name, self.times.true)
        if revision > self.told.get(name, {"revision": 0})["revision"]:
            self.told[name] = payload
            self.heard(payload)
        self._receipt(event_id=payload["event_id"], incident=name, revision=revision)

    def _answer(self, payload: Payload) -> None:
        name = payload["command_id"]
        self.rows.setdefault(f"answer/{name}", set()).add(payload["event_id"])
        self.answers[name] = payload
        self._receipt(event_id=payload["event_id"], command_id=name)

    def _receipt(self, **what: Any) -> None:
        if self.chance.random() < self.manner.forgets_receipt:
            return
        receipt = ReceiptPayload(schema="dispenserd/receipt/1", home=self.box, **what)
        raw = to_bytes(signatures.seal(receipt, PRIVATE_KEY))
        for _ in range(1 + (self.chance.random() < self.manner.repeats_receipt)):
            self.send(topic(self.box, Channel.RECEIPT), raw)

    # --- what staff ask of the home ---

    def ask_take(self, incident: Payload, by: str) -> str:
        return self._ask(TakePayload, incident, by, action="take")

    def ask_close(self, incident: Payload, by: str) -> str:
        return self._ask(ClosePayload, incident, by, action="close", resolution="done")

    def ask_decide(self, incident: Payload, by: str, verdict: str) -> str:
        return self._ask(
            DecidePayload,
            incident,
            by,
            action="decide",
            dose=incident["dose"],
            verdict=verdict,
            reason="seen",
        )

    def _ask(self, kind: type[Any], incident: Payload, by: str, **what: Any) -> str:
        """The id of the decision, "" when no broker took it."""
        self._count += 1
        issued = self.times.true
        decision: DecisionPayload = kind(
            schema="dispenserd/decision/1",
            decision_id=f"d-{self._count}",
            home=self.box,
            epoch=incident["epoch"],
            incident=incident["incident"],
            revision=incident["revision"],
            by=by,
            issued=issued,
            expires=issued + LIFE,
            **what,
        )
        raw = to_bytes(signatures.seal(decision, PRIVATE_KEY))
        if self.forged:
            copy = raw.replace(b'"by":"', b'"by":"x').replace(b'"decision_id":"', b'"decision_id":"x')
            self.send(topic(self.box, Channel.DECISION), copy)
        if not self.send(topic(self.box, Channel.DECISION), raw):
            return ""
        self.sent.append((topic(self.box, Channel.DECISION), raw))
        return decision.decision_id

    def replay(self) -> None:
        """One of the newest, as it was."""
        if self.sent:
            self.send(*self.chance.choice(self.sent[-3:]))
