"""One MQTT 5 session with a broker, on asyncio: connect, keep trying, publish and hear what became of it.

Knows paho, reason codes and back-off; knows nothing of topics, payloads or incidents. Used by the home's
uplink, downlink and heartbeat, and by on-call's service.

paho is a pipe, never a queue: every connection gets a client of its own, so what an earlier one still held in
memory is not sent behind our back. Whoever published hears `ConnectionLost` and sends again from what is
committed. paho's thread only ever calls `loop.call_soon_threadsafe`; all state lives on the loop.

Every subscription is acknowledged by hand (`acknowledge`), after the receiver's commit; the broker keeps an
unacknowledged message for the next connection of the same client id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import structlog
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from dispenserd.mqtt.pipe import Pipe
from dispenserd.mqtt.terms import (
    Arrived,
    BackOff,
    Broker,
    BrokerRefused,
    BrokerTook,
    ConnectionLost,
    Message,
    Presence,
    PublishEnd,
    SessionState,
    Standing,
)
from dispenserd.mqtt.tls import context, explained

__all__ = [
    "IN_FLIGHT_MAX",
    "Arrived",
    "BackOff",
    "Broker",
    "BrokerRefused",
    "BrokerTook",
    "ConnectionLost",
    "Message",
    "Presence",
    "PublishEnd",
    "Session",
    "SessionState",
    "Standing",
]

IN_FLIGHT_MAX = 20
"""Unacknowledged publishes, each way: mosquitto's own default, and a bound on memory (P12)."""
KEEPALIVE_S = 10
"""A half-open broker is noticed after 1.75 times this: inside the 30 s in which undelivered must show."""
CONNECT_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 10.0
"""For CONNACK, SUBACK and PUBACK: a broker this slow is as good as none."""
SESSION_EXPIRY_S = 14 * 24 * 3600
"""The broker keeps receipts and decisions for a home that is away as long as a roll lasts."""
PACKET_BYTES_MAX = 64 * 1024
"""The broker sends nothing larger: eight times our longest payload."""
WAITING_MAX = 4096
"""QoS 0 messages kept for the receiver, the newest of each topic, then dropped; QoS 1 is bounded by
IN_FLIGHT_MAX."""
STEADY_S = 10.0
"""A connection that held this long ends the back-off. One that the broker drops at once does not."""

_NO_MATCHING_SUBSCRIBERS = 0x10
_DISCONNECT_WITH_WILL = 0x04
_NOT_AUTHORISED = frozenset({0x86, 0x87, 0x8C})
"""Bad user name or password, not authorised, bad authentication method."""

T = TypeVar("T")


class Session:
    """`run` keeps the session up until cancelled; the rest may be called at any time."""

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        subscriptions: Sequence[tuple[str, int]] = (),  # (topic filter, QoS)
        presence: Presence | None = None,
        back_off: BackOff | None = None,
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._subscriptions = tuple(subscriptions)
        self._presence = presence
        self._back_off = back_off or BackOff()
        self._state = SessionState()
        self._watchers: list[asyncio.Event] = []
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._waiting: asyncio.Queue[Arrived] = asyncio.Queue()
        self._early: list[
            Arrived
        ] = []  # came before we were subscribed and could publish what follows from it
        self._connection: _Connection | None = None
        self._newest: dict[str, Arrived] = {}  # QoS 0 by topic: what waits in the queue stands for it
        self.dropped = 0  # QoS 0 messages, because the receiver fell behind

    @property
    def state(self) -> SessionState:
        return self._state

    def watch(self) -> asyncio.Event:
        """An event of the caller's own that is set whenever the state changes; the caller clears it."""
        event = asyncio.Event()
        self._watchers.append(event)
        return event

    async def run(self) -> None:
        failures = 0
        while True:
            held = await self._one_connection()
            failures = 0 if held else failures + 1
            await asyncio.sleep(self._back_off.pause_s(failures, self._client_id))

    async def publish(self, message: Message) -> PublishEnd:
        """QoS 1. Returns once the broker answered or the connection is gone."""
        async with self._slots:
            if self._connection is None or not self._state.connected:
                return ConnectionLost()
            return await self._connection.publish(message)

    def send(self, message: Message) -> bool:
        """QoS 0: whether it went out; nobody will ever say whether it came in."""
        return self._connection is not None and self._state.connected and self._connection.send(message)

    async def receive(self) -> Arrived:
        """The next message. QoS 1 ones come again after a reconnect until acknowledged."""
        while True:
            arrived = await self._waiting.get()
            if arrived.message_id == 0:
                return self._newest.pop(arrived.topic, arrived)
            if arrived.connection >= self._state.connection:
                return arrived  # else it could not be acknowledged, and comes again

    def acknowledge(self, arrived: Arrived) -> None:
        """The receiver has committed it. Of an earlier connection: nothing, the broker sends it again."""
        connection = self._connection
        if arrived.message_id and connection is not None and connection.number == arrived.connection:
            connection.acknowledge(arrived.message_id)

    async def _one_connection(self) -> bool:
        """One connection from dialling to its end; whether it held long enough to end the back-off."""
        connection = _Connection(
            self._state.connection + 1, self._broker, self._client_id, self._presence, self._enqueue
        )
        self._connection = connection
        self._early.clear()
        try:
            fault = await connection.open()
            if fault is not None:
                self._change(fault, self._state.connection)
                return False
            refused = await connection.subscribe(self._subscriptions)
            if connection.ended.done():
                self._change(SessionState(Standing.LOST, connection.ended.result()), connection.number)
                return False
            if self._presence is not None:
                connection.announce(self._presence.birth)
            self._change(SessionState(Standing.CONNECTED, refused_topics=refused), connection.number)
            self._release_early()
            held = await _lasts(connection.ended)
            reason = await connection.ended
            self._change(SessionState(Standing.LOST, reason), connection.number)
            return held
        finally:
            self._connection = None
            connection.close()

    def _enqueue(self, arrived: Arrived) -> None:
        if arrived.message_id == 0 and max(self._waiting.qsize(), len(self._early)) >= WAITING_MAX:
            self.dropped += 1
        elif self._state.connected:
            self._wait(arrived)
        else:
            self._early.append(arrived)

    def _release_early(self) -> None:
        for arrived in self._early:
            self._wait(arrived)
        self._early.clear()

    def _wait(self, arrived: Arrived) -> None:
        """Of QoS 0 one of each topic, the newest: whoever floods its own holds up nobody else's."""
        if arrived.message_id == 0:
            known = arrived.topic in self._newest
            self._newest[arrived.topic] = arrived
            if known:
                self.dropped += 1
                return
        self._waiting.put_nowait(arrived)

    def _change(self, state: SessionState, connection: int) -> None:
        self._state = SessionState(state.standing, state.reason, connection, state.refused_topics)
        structlog.get_logger().info("broker session", state=state.standing.value, peer=state.reason)
        for event in self._watchers:
            event.set()


async def _lasts(ended: asyncio.Future[str]) -> bool:
    done, _ = await asyncio.wait((ended,), timeout=STEADY_S)
    return not done


class _Connection:
    """One paho client from its first packet to its last. What arrives on its thread is passed to the loop."""

    def __init__(
        self,
        number: int,
        broker: Broker,
        client_id: str,
        presence: Presence | None,
        enqueue: Callable[[Arrived], None],
    ) -> None:
        self.number = number
        self._broker = broker
        self._loop = asyncio.get_running_loop()
        self._enqueue = enqueue
        self._connected: asyncio.Future[ReasonCode] = self._loop.create_future()
        self.ended: asyncio.Future[str] = self._loop.create_future()
        self._subscribed: dict[int, asyncio.Future[tuple[ReasonCode, ...]]] = {}
        self._published: dict[int, asyncio.Future[PublishEnd]] = {}
        self._client = self._new_client(client_id, presence)

    async def open(self) -> SessionState | None:
        """None once the broker accepted us, else what went wrong."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = IN_FLIGHT_MAX
        properties.MaximumPacketSize = PACKET_BYTES_MAX
        try:
            await asyncio.to_thread(self._dial, properties)
        except OSError as error:
            return explained(error)
        self._client.loop_start()
        waited: set[asyncio.Future[ReasonCode] | asyncio.Future[str]] = {self._connected, self.ended}
        await asyncio.wait(waited, timeout=ANSWER_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if not self._connected.done():
            reason = self.ended.result() if self.ended.done() else "no answer"
            return SessionState(Standing.UNREACHABLE, reason)
        code = self._connected.result()
        if code.is_failure:
            not_authorised = code.value in _NOT_AUTHORISED
            return SessionState(
                Standing.NOT_AUTHORISED if not_authorised else Standing.REFUSED, str(code).lower()
            )
        return None

    async def subscribe(self, subscriptions: Sequence[tuple[str, int]]) -> tuple[str, ...]:
        """The topic filters that the broker denied."""
        if not subscriptions:
            return ()
        rc, message_id = self._client.subscribe(
            [(topic, SubscribeOptions(qos=qos, noLocal=True)) for topic, qos in subscriptions]
        )
        if rc != MQTTErrorCode.MQTT_ERR_SUCCESS or message_id is None:
            return ()
        answer: asyncio.Future[tuple[ReasonCode, ...]] = self._loop.create_future()
        self._subscribed[message_id] = answer
        waited: set[asyncio.Future[tuple[ReasonCode, ...]] | asyncio.Future[str]] = {answer, self.ended}
        await asyncio.wait(waited, timeout=ANSWER_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            self._finish("no answer to the subscription")
            return ()
        codes = answer.result()
        return tuple(topic for (topic, _), code in zip(subscriptions, codes, strict=False) if code.is_failure)

    async def publish(self, message: Message) -> PublishEnd:
        if self.ended.done():
            return ConnectionLost()
        info = self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return ConnectionLost()
        end: asyncio.Future[PublishEnd] = self._loop.create_future()
        self._published[info.mid] = end
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await end
        except TimeoutError:  # it answers pings, but nobody takes alarms here
            self._finish("no answer to a publish")
            return ConnectionLost()
        finally:
            self._published.pop(info.mid, None)

    def announce(self, birth: Message) -> None:
        """QoS 1 without waiting: a birth that is lost is published again by the next connection."""
        self._client.publish(birth.topic, birth.payload, qos=1, retain=birth.retain)

    def send(self, message: Message) -> bool:
        info = self._client.publish(message.topic, message.payload, qos=0, retain=message.retain)
        return info.rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    def acknowledge(self, message_id: int) -> None:
        self._client.ack(message_id, 1)

    def close(self) -> None:
        """Leaves with the will, because whoever watches us must see that we are gone."""
        client = self._client
        client.disconnect(ReasonCode(PacketTypes.DISCONNECT, identifier=_DISCONNECT_WITH_WILL))
        # Without its callbacks nothing refers to us: the client goes, and its sockets, when its thread ends.
        client.on_connect = client.on_disconnect = client.on_subscribe = None
        client.on_publish = client.on_message = None
        self._finish("closed")

    def _new_client(self, client_id: str, presence: Presence | None) -> Pipe:
        client = Pipe(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(0)  # counted here, so that paho never queues
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password)
        if presence is not None:
            will = presence.will
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        client.on_connect = lambda _client, _data, _flags, code, _properties: self._post(
            lambda: _settle(self._connected, code)
        )
        client.on_disconnect = lambda _client, _data, _flags, code, _properties: self._post(
            lambda: self._finish(str(code).lower())
        )
        client.on_subscribe = lambda _client, _data, message_id, codes, _properties: self._post(
            lambda: _settle(self._subscribed.get(message_id), tuple(codes))
        )
        client.on_publish = lambda _client, _data, message_id, code, _properties: self._post(
            lambda: _settle(self._published.get(message_id), _publish_end(code))
        )
        client.on_message = self._on_message
        client.on_end = lambda: self._post(lambda: self._finish("its thread ended"))
        return client

    def _dial(self, properties: Properties) -> None:
        """Blocks: runs beside the loop."""
        if self._broker.ca_file is not None:
            self._client.tls_set_context(context(self._broker))
        self._client.connect(
            self._broker.host,
            self._broker.port,
            keepalive=KEEPALIVE_S,
            clean_start=False,
            properties=properties,
        )

    # --- on paho's thread ---------------------------------------------------------------------------

    def _on_message(self, _client: object, _userdata: object, message: MQTTMessage) -> None:
        message_id = message.mid if message.qos else 0
        try:
            topic = message.topic
        except UnicodeDecodeError:  # no topic of ours, and nothing will ever make it one
            self._client.ack(message_id, message.qos)
            return
        arrived = Arrived(topic, bytes(message.payload), message.retain, self.number, message_id)
        self._post(lambda: self._enqueue(arrived))

    def _post(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the process is ending
            self._loop.call_soon_threadsafe(call)

    # --- on the loop --------------------------------------------------------------------------------

    def _finish(self, reason: str) -> None:
        _settle(self.ended, reason)
        for end in self._published.values():
            _settle(end, ConnectionLost())


def _publish_end(code: ReasonCode) -> PublishEnd:
    if code.is_failure:
        return BrokerRefused(code.value, str(code).lower())
    return BrokerTook(nobody_listens=code.value == _NO_MATCHING_SUBSCRIBERS)


def _settle(future: asyncio.Future[T] | None, value: T) -> None:
    """The first word counts; a callback that nobody waits for any more changes nothing."""
    if future is not None and not future.done():
        future.set_result(value)
