"""On-call's end of the broker, held by hand: hears every topic, receipts unless told not to, signs decisions.

It is the second client that sees whatever a home publishes; what it publishes itself it does not hear.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dispenserd.mqtt.session import Arrived, BackOff, Broker, BrokerTook, Message, Session
from protocol.mqtt import payloads as p
from protocol.mqtt.signatures import seal
from protocol.mqtt.topics import Channel, topic

PRIVATE = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
FORGERS = bytes(range(1, 33))
"""A signing key that no home believes."""

Fields = Mapping[str, object]
NONE: Fields = {}

LIFE_REAL = timedelta(seconds=60)
"""Of a decision, times the rate: the home's own limit is ten minutes."""


class OncallByHand:
    def __init__(
        self,
        broker: Broker,
        box: str,
        now: Callable[[], datetime],
        rate: float,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """`heard` is called after every message."""
        self.receipts = True
        self.raw: list[Arrived] = []
        self.said: list[p.IncidentPayload | p.AnswerPayload] = []
        self._box, self._now, self._rate, self._told = box, now, rate, heard
        everything = [("#", 1)]
        self.session = Session(broker, f"oncall-{box}", everything, None, BackOff(0.05, 0.2))

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.session.run())
            while True:
                arrived = await self.session.receive()
                self.session.acknowledge(arrived)
                await self._hear(arrived)
                self._told()

    # --- what was heard ---

    def incidents(self, kind: str = "") -> list[p.IncidentPayload]:
        """Every revision heard, copies included."""
        told = [each for each in self.said if isinstance(each, p.IncidentPayload)]
        return [each for each in told if not kind or each.kind == kind]

    def newest(self, kind: str) -> p.IncidentPayload:
        return max(self.incidents(kind), key=lambda each: (each.raised, each.revision))

    def answer(self, decision_id: str) -> p.AnswerPayload | None:
        answers = [each for each in self.said if isinstance(each, p.AnswerPayload)]
        return next((each for each in answers if each.command_id == decision_id), None)

    # --- what is decided ---

    def take(
        self, about: p.IncidentPayload, by: str, private: bytes = PRIVATE, changes: Fields = NONE
    ) -> bytes:
        """A signed take, ready to be said; `changes` are made before signing."""
        fields = {**self._decision("take", about, by), **changes}
        return p.to_bytes(seal(p.TakePayload.model_validate(fields), private))

    def close(self, about: p.IncidentPayload, by: str, resolution: str = "looked_into") -> bytes:
        """A signed close, ready to be said."""
        fields = {**self._decision("close", about, by), "resolution": resolution}
        return p.to_bytes(seal(p.ClosePayload.model_validate(fields), PRIVATE))

    def _decision(self, action: str, about: p.IncidentPayload, by: str) -> dict[str, object]:
        now = self._now()
        return {
            "schema": p.DECISION,
            "action": action,
            "decision_id": secrets.token_hex(16),
            "home": self._box,
            "epoch": about.epoch,
            "incident": about.incident,
            "revision": about.revision,
            "by": by,
            "issued": now,
            "expires": now + LIFE_REAL * self._rate,
        }

    async def decide(self, raw: bytes) -> None:
        assert isinstance(await self._publish(Channel.DECISION, raw), BrokerTook)

    async def receipt(self, said: p.IncidentPayload | p.AnswerPayload, private: bytes = PRIVATE) -> None:
        of_incident = isinstance(said, p.IncidentPayload)
        receipt = p.ReceiptPayload(
            schema=p.RECEIPT,
            home=said.home,
            event_id=said.event_id,
            incident=said.incident if of_incident else "",
            revision=said.revision if isinstance(said, p.IncidentPayload) else 0,
            command_id=said.command_id if isinstance(said, p.AnswerPayload) else "",
        )
        await self._publish(Channel.RECEIPT, p.to_bytes(seal(receipt, private)))

    async def _hear(self, arrived: Arrived) -> None:
        self.raw.append(arrived)
        if arrived.topic == topic(self._box, Channel.INCIDENT):
            said = p.read_incident_topic(arrived.payload)
            self.said.append(said)
            if self.receipts:
                await self.receipt(said)

    async def _publish(self, channel: Channel, raw: bytes) -> object:
        return await self.session.publish(Message(topic(self._box, channel), raw))
