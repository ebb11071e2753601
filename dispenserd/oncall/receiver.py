"""Takes in what homes say: committed first, then receipted, then acknowledged to the broker.

Killed between any two of these, the message comes again (the broker keeps what is unacknowledged, the home
what is unreceipted), changes nothing the second time, and is receipted again. What can't be read, or says it
is another home than its topic, gets no receipt: its sender goes on calling it undelivered, which is true.

Whenever a home comes online, or speaks in a new run, it is told what was kept of its journal (rule 23).
Where its heartbeat counts other open incidents than we hold, it is asked for all of them (rule 27).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import assert_never

import structlog

from dispenserd.mqtt.session import Arrived, BrokerRefused, BrokerTook, ConnectionLost, Message, Session
from dispenserd.oncall.asking import note_whether_to_ask
from dispenserd.oncall.database import Database
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.positions import keep_position, kept_heads
from dispenserd.oncall.received import (
    keep_answer,
    keep_heartbeat,
    keep_incident,
    keep_status,
    note_receipted,
)
from protocol.mqtt.payloads import (
    ASK,
    POSITION,
    RECEIPT,
    AnswerPayload,
    AskPayload,
    IncidentPayload,
    PayloadRefused,
    PositionPayload,
    ReceiptPayload,
    read_heartbeat,
    read_incident_topic,
    read_status,
    to_bytes,
)
from protocol.mqtt.signatures import seal
from protocol.mqtt.topics import Address, Channel, address, of_all_homes, topic

SUBSCRIPTIONS = (
    (of_all_homes(Channel.INCIDENT), 1),
    (of_all_homes(Channel.STATUS), 1),
    (of_all_homes(Channel.HEARTBEAT), 0),  # one that waited in a queue would be a lie
)

YEARS = range(1970, 2263)
"""What a box's clock can show: from its zero, where one without a battery starts, to the kernel's last."""


class Receiver:
    def __init__(
        self,
        database: Database,
        session: Session,
        private_key: bytes,
        limits: OncallLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._session = session
        self._key = private_key
        self._limits = limits
        self._now = now
        self.turn = asyncio.Lock()
        """Held while a message is taken in: whoever gets it knows that none takes for ever."""

    async def run(self) -> None:
        """Until cancelled. The session must be subscribed to SUBSCRIPTIONS."""
        while True:
            arrived = await self._session.receive()
            async with self.turn:
                if await self.take_in(arrived):
                    self._session.acknowledge(arrived)

    async def take_in(self, arrived: Arrived) -> bool:
        """Whether the broker may forget it."""
        where = address(arrived.topic)
        if where is None or (where.channel is Channel.HEARTBEAT and arrived.retained):
            return True  # a heartbeat that the broker kept is a sign of somebody's life at some time
        try:
            return await self._keep(where, arrived.payload)
        except PayloadRefused as refused:
            structlog.get_logger().warning("payload refused", topic=arrived.topic, peer=str(refused))
            return True

    async def _keep(self, where: Address, raw: bytes) -> bool:
        match where.channel:
            case Channel.INCIDENT:
                payload = read_incident_topic(raw)
                _same_home(where, payload.home)
                if isinstance(payload, IncidentPayload):
                    _in_reach(payload.raised, payload.changed, payload.deadline, payload.window_ends)
                return await self._keep_and_receipt(payload)
            case Channel.HEARTBEAT:
                heartbeat = read_heartbeat(raw)
                _same_home(where, heartbeat.home)
                _in_reach(heartbeat.at, heartbeat.next_window)
                with self._database.writing() as connection:
                    keep_heartbeat(connection, heartbeat, self._now(), self._limits.home_silent)
                    began = keep_position(connection, heartbeat)
                    ask = note_whether_to_ask(connection, heartbeat, self._now(), self._limits)
                if began:
                    await self._tell_position(heartbeat.home)
                if ask:
                    await self._ask(heartbeat.home)
            case Channel.STATUS:
                status = read_status(raw)
                _same_home(where, status.home)
                with self._database.writing() as connection:
                    keep_status(connection, status, self._now())
                if status.state == "online":
                    return await self._tell_position(status.home)
            case Channel.RECEIPT | Channel.DECISION | Channel.POSITION | Channel.ASK:
                pass  # our own direction
            case _:
                assert_never(where.channel)
        return True

    async def _keep_and_receipt(self, payload: IncidentPayload | AnswerPayload) -> bool:
        with self._database.writing() as connection:
            if isinstance(payload, IncidentPayload):
                keep_incident(connection, payload, self._now())
            else:
                keep_answer(connection, payload, self._now())
            began = keep_position(connection, payload)
        if began and not await self._tell_position(payload.home):
            return False
        end = await self._session.publish(self._receipt(payload))
        match end:
            case BrokerTook():
                if isinstance(payload, IncidentPayload):
                    with self._database.writing() as connection:
                        note_receipted(connection, payload)
                return True
            case BrokerRefused():
                structlog.get_logger().error(
                    "broker refused a receipt", home=payload.home, reason_code=end.code, peer=end.reason
                )
                return True  # the home sends it again, and keeps calling it undelivered
            case ConnectionLost():
                return False
            case _:
                assert_never(end)

    async def _tell_position(self, home: str) -> bool:
        """Whether the broker has it, or never will: it keeps it for a home that is away."""
        with self._database.reading() as connection:
            heads = kept_heads(connection, home)
        if not heads:
            return True
        position = PositionPayload(schema=POSITION, home=home, heads=heads)
        message = Message(topic(home, Channel.POSITION), to_bytes(seal(position, self._key)))
        end = await self._session.publish(message)
        if isinstance(end, BrokerRefused):
            structlog.get_logger().error(
                "broker refused a position", home=home, reason_code=end.code, peer=end.reason
            )
        return not isinstance(end, ConnectionLost)

    async def _ask(self, home: str) -> None:
        """One that is lost on the way is asked again at a later heartbeat."""
        structlog.get_logger().warning("home asked for its incidents", home=home)
        ask = AskPayload(schema=ASK, home=home, asked=self._now())
        end = await self._session.publish(Message(topic(home, Channel.ASK), to_bytes(seal(ask, self._key))))
        if isinstance(end, BrokerRefused):
            structlog.get_logger().error(
                "broker refused an asking", home=home, reason_code=end.code, peer=end.reason
            )

    def _receipt(self, payload: IncidentPayload | AnswerPayload) -> Message:
        of_incident = isinstance(payload, IncidentPayload)
        receipt = ReceiptPayload(
            schema=RECEIPT,
            home=payload.home,
            event_id=payload.event_id,
            incident=payload.incident if of_incident else "",
            revision=payload.revision if isinstance(payload, IncidentPayload) else 0,
            command_id=payload.command_id if isinstance(payload, AnswerPayload) else "",
        )
        return Message(topic(payload.home, Channel.RECEIPT), to_bytes(seal(receipt, self._key)))


def _same_home(where: Address, home: str) -> None:
    """The broker's access list vouches for the topic, not for the payload."""
    if where.box != home:
        raise PayloadRefused("home: not the topic's")


def _in_reach(*instants: datetime | None) -> None:
    """Near the ends of the calendar an hour more or another zone is no date any more."""
    if any(instant is not None and instant.year not in YEARS for instant in instants):
        raise PayloadRefused("instant: of no clock")
