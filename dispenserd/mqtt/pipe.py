"""paho's client, made so that nothing a peer sends can deafen us, and so that its end is always heard.

paho ends the connection for a message whose properties it can't read. The broker keeps that message for the
next connection, and for each one after it, so that one home would silence on-call for all of them; and
mosquitto passes on properties that paho refuses (a user property with U+FEFF in it is one). We read no
properties: such a message is answered and dropped. What else paho may raise ends its thread without a word;
`on_end` says so.

Overrides two methods of paho that are not public; the tests of this file fail where an update moves them.
Used by `session` alone.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MQTTException

_QOS_SHIFT, _QOS_MASK, _LENGTH_BYTES = 1, 0x03, 2


class Pipe(Client):
    on_end: Callable[[], None] = staticmethod(lambda: None)
    """Called on paho's thread as the last thing it does, whatever ended it."""

    def _thread_main(self) -> None:
        try:
            super()._thread_main()
        finally:
            self.on_end()

    def _handle_publish(self) -> MQTTErrorCode:
        try:
            return super()._handle_publish()
        except MQTTException as fault:
            command, packet = self._in_packet["command"], bytes(self._in_packet["packet"])
            topic, message_id = _named(packet)
            structlog.get_logger().error("message dropped", topic=topic, error=type(fault).__name__)
            qos = command >> _QOS_SHIFT & _QOS_MASK
            return self.ack(message_id, qos) if qos else MQTTErrorCode.MQTT_ERR_SUCCESS


def _named(packet: bytes) -> tuple[str, int]:
    """Topic and message id of a PUBLISH, after its fixed header; a QoS 0 one has no id."""
    ends = _LENGTH_BYTES + int.from_bytes(packet[:_LENGTH_BYTES])
    topic, message_id = packet[_LENGTH_BYTES:ends], packet[ends : ends + _LENGTH_BYTES]
    return topic.decode(errors="replace"), int.from_bytes(message_id)
