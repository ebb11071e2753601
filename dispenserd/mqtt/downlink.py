"""The home's door for on-call: receipts, decisions and positions, checked, then handed to the engine. An
asking for all open incidents goes to the uplink.

Checks what can be checked without knowing doses: size and shape, the signature of this home's on-call, life,
home, epoch. Everything else (revision, token, whether the id was carried out before) the engine judges. What
fails is handed in as RejectCommand, so that a forgery is an incident and not a line in a log. A position is
what on-call keeps of this journal; what the journal doesn't hold of it locks the robot (rule 23).

A message is acknowledged to the broker after the engine's commit: killed before it, it comes again. On-call
sends a decision until it is answered, so the same one may arrive many times: a copy of what this process took
in or refused is dropped here; across a restart, and for another content under a known id, the engine knows
the ids that it answered.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from dispenserd.home import Head, Home
from dispenserd.mqtt.session import Arrived, Session
from dispenserd.mqtt.translate import ANSWER_KEY, command, heads
from protocol.mqtt import signatures
from protocol.mqtt.instants import to_text
from protocol.mqtt.payloads import (
    AskPayload,
    DecisionPayload,
    PayloadRefused,
    PositionPayload,
    ReceiptPayload,
    read_ask,
    read_decision,
    read_position,
    read_receipt,
)
from protocol.mqtt.topics import Channel, address, topic
from scheduler.commands import RejectCommand, TakeReceipt
from scheduler.events import JournalFoundBehind

SEEN_MAX = 1024
"""Decisions remembered at the door: more than on-call can have under way for one home."""
REJECTS_MAX = 20
REJECTS_EVERY = timedelta(minutes=10)
"""Rejections journalled in that time; a flood beyond it is only counted: it can't fill the disk (P12)."""


@dataclass(frozen=True, slots=True)
class CommandLife:
    """Rule 28, stretched in a rehearsal: from issue to expiry, and how far the two clocks may differ."""

    longest: timedelta
    clocks_apart: timedelta


class Downlink:
    def __init__(
        self,
        home: Home,
        session: Session,
        box: str,
        oncall_key: bytes,
        life: CommandLife,
        now: Callable[[], datetime],
        offer_all: Callable[[], None] = lambda: None,
    ) -> None:
        """`oncall_key`: 32 bytes, on-call's public key. `offer_all`: what an asking sets going."""
        self._home = home
        self._session = session
        self._box = box
        self._key = oncall_key
        self._life = life
        self._now = now
        self._offer_all = offer_all
        self._seen: OrderedDict[bytes, None] = OrderedDict()  # digests of decisions, oldest first
        self._held: frozenset[Head] = frozenset()  # of the newest position: what is held stays so
        self._rejects: list[datetime] = []
        self.uncounted = 0  # refusals that were not journalled

    @staticmethod
    def subscriptions(box: str) -> tuple[tuple[str, int], ...]:
        return tuple(
            (topic(box, channel), 1)
            for channel in (Channel.RECEIPT, Channel.DECISION, Channel.POSITION, Channel.ASK)
        )

    async def run(self) -> None:
        """Until cancelled. The session must be subscribed to `subscriptions`."""
        while True:
            arrived = await self._session.receive()
            await self._take_in(arrived)
            self._session.acknowledge(arrived)

    async def _take_in(self, arrived: Arrived) -> None:
        where = address(arrived.topic)
        if where is None or where.box != self._box:
            structlog.get_logger().warning("foreign topic", topic=arrived.topic)
            return
        try:
            if where.channel is Channel.RECEIPT:
                await self._take_receipt(read_receipt(arrived.payload), arrived.payload)
            elif where.channel is Channel.DECISION:
                await self._take_decision(read_decision(arrived.payload), arrived.payload)
            elif where.channel is Channel.POSITION:
                await self._take_position(read_position(arrived.payload), arrived.payload)
            elif where.channel is Channel.ASK:
                await self._take_ask(read_ask(arrived.payload), arrived.payload)
        except PayloadRefused as refused:
            structlog.get_logger().warning("payload refused", topic=arrived.topic, peer=str(refused))
            await self._reject(self._door_id(arrived.payload), "unreadable")

    async def _take_receipt(self, receipt: ReceiptPayload, raw: bytes) -> None:
        if not await self._is_for_us(receipt, raw):
            return
        name = receipt.incident or ANSWER_KEY + receipt.command_id
        key = f"{name}/{receipt.revision}" if receipt.incident else name
        rows = await self._home.unanswered("incident")
        if any(row.key == key and row.event_id == receipt.event_id for row in rows):
            await self._home.submit(TakeReceipt(name, receipt.revision))
        # else it was receipted before, or the receipt belongs to another life of this database

    async def _take_position(self, position: PositionPayload, raw: bytes) -> None:
        if not await self._is_for_us(position, raw):
            return
        kept = heads(position)
        missing = await self._home.missing([head for head in kept if head not in self._held])
        if missing:
            found = [JournalFoundBehind(self._now(), "oncall", epoch, chain) for epoch, chain in missing]
            await self._home.submit(*found)
        self._held = frozenset(kept) - frozenset(missing)

    async def _take_ask(self, ask: AskPayload, raw: bytes) -> None:
        if await self._is_for_us(ask, raw):
            self._offer_all()

    async def _is_for_us(self, payload: ReceiptPayload | PositionPayload | AskPayload, raw: bytes) -> bool:
        """Signed by our on-call, and about this home; else refused."""
        if not signatures.is_genuine(payload, self._key):
            await self._reject(self._door_id(raw), "bad_signature")
            return False
        if payload.home != self._box:
            await self._reject(self._door_id(raw), "other_home")
            return False
        return True

    async def _take_decision(self, decision: DecisionPayload, raw: bytes) -> None:
        digest = hashlib.sha256(raw).digest()
        if digest in self._seen:
            return
        fault = self._fault(decision)
        if fault:
            # An id is believed only where a signature vouches for it and its life bounds how long the engine
            # must remember it; else a forger could use up an id, or an old command answer one twice.
            believed = fault in ("other_home", "other_epoch")
            await self._reject(decision.decision_id if believed else self._door_id(raw), fault)
        else:
            await self._home.submit(command(decision))
        self._seen[digest] = None
        while len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def _fault(self, decision: DecisionPayload) -> str:
        """Why it must not come in; "" = it may."""
        now = self._now()
        epoch, _ = self._home.head
        if not signatures.is_genuine(decision, self._key):
            return "bad_signature"
        if decision.expires <= now:
            return "expired"
        if decision.expires - decision.issued > self._life.longest:
            return "lives_too_long"
        if decision.issued - now > self._life.clocks_apart:
            return "from_the_future"
        if decision.home != self._box:
            return "other_home"
        if decision.epoch != epoch:
            return "other_epoch"
        return ""

    async def _reject(self, command_id: str, reason: str) -> None:
        now = self._now()
        self._rejects = [at for at in self._rejects if now - at < REJECTS_EVERY]
        if len(self._rejects) >= REJECTS_MAX:
            self.uncounted += 1
            structlog.get_logger().error("flood of refused commands", count=self.uncounted)
            return
        self._rejects.append(now)
        structlog.get_logger().warning("command refused at the door", command=command_id, reason=reason)
        await self._home.submit(RejectCommand(command_id, reason))

    def _door_id(self, raw: bytes) -> str:
        """An id of our own for what has none that we believe; never the same twice."""
        return "door/" + hashlib.sha256(to_text(self._now()).encode() + raw).hexdigest()[:32]
