"""Somebody who hears everything a broker passes on, and how it was published: topic, bytes, QoS, retain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.subscribeoptions import SubscribeOptions


@dataclass(frozen=True, slots=True)
class Heard:
    topic: str
    payload: bytes
    qos: int
    retain: bool  # as published, not as delivered


class Listener:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = Lock()
        self._heard: list[Heard] = []

    def heard(self) -> list[Heard]:
        with self._lock:
            return list(self._heard)

    def say(self, topic: str, payload: bytes) -> None:
        """In somebody else's name: the broker of a recording lets everybody."""
        self._client.publish(topic, payload, qos=0)

    def keep(self, message: MQTTMessage) -> None:
        with self._lock:
            self._heard.append(
                Heard(message.topic, bytes(message.payload), message.qos, bool(message.retain))
            )


@contextmanager
def listening(host: str, port: int) -> Iterator[Listener]:
    """From before it returns until it is left."""
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    listener = Listener(client)
    client.on_message = lambda _client, _data, message: listener.keep(message)
    client.connect(host, port)
    client.subscribe("#", options=SubscribeOptions(qos=1, retainAsPublished=True))
    client.loop_start()
    try:
        yield listener
    finally:
        client.disconnect()
        client.loop_stop()
