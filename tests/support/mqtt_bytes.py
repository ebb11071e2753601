"""MQTT 5 written by hand: a client that breaks off, pipelines and lies as no library would.

Enough packets to intrude with: CONNECT with a will, PUBLISH of every QoS with or without an alias, SUBSCRIBE,
PINGREQ. Reads what the broker sends.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 13, 14
TOPIC_ALIAS = 0x23
SESSION_EXPIRY = 0x11
USER_PROPERTY = 0x26


@dataclass(frozen=True)
class Packet:
    kind: int
    flags: int
    body: bytes

    @property
    def reason(self) -> int:
        """Of a CONNACK or DISCONNECT."""
        return self.body[1] if self.kind == CONNACK else (self.body[0] if self.body else 0)

    @property
    def message(self) -> tuple[str, bytes]:
        """Topic and payload of a PUBLISH."""
        size = int.from_bytes(self.body[:2], "big")
        topic, rest = self.body[2 : 2 + size].decode(), self.body[2 + size :]
        if self.flags & 0x06:
            rest = rest[2:]
        return topic, rest[1 + rest[0] :]  # properties under 128 bytes


def connect(
    client_id: str,
    username: str = "",
    password: str = "",
    will: tuple[str, bytes] | None = None,
    session_s: int = 0,
) -> bytes:
    """`session_s` above 0: a session that outlives the connection, and not a clean start."""
    flags = 0 if session_s else 0x02
    body = _text(client_id)
    if will is not None:
        flags |= 0x04 | 0x08  # QoS 1
        body += b"\x00" + _text(will[0]) + _data(will[1])
    if username:
        flags |= 0x80
        body += _text(username)
    if password:
        flags |= 0x40
        body += _text(password)
    properties = struct.pack(">BI", SESSION_EXPIRY, session_s) if session_s else b""
    return _packet(0x10, _text("MQTT") + bytes((5, flags, 0, 60, len(properties))) + properties + body)


def publish(
    topic: str,
    payload: bytes,
    qos: int = 0,
    retain: bool = False,
    message_id: int = 1,
    alias: int = 0,
    user_property: tuple[str, str] | None = None,
) -> bytes:
    identity = message_id.to_bytes(2, "big") if qos else b""
    properties = struct.pack(">BH", TOPIC_ALIAS, alias) if alias else b""
    if user_property is not None:
        properties += bytes((USER_PROPERTY,)) + _text(user_property[0]) + _text(user_property[1])
    head = _text(topic) + identity + bytes((len(properties),)) + properties
    return _packet(0x30 | qos << 1 | retain, head + payload)


def subscribe(filters: Sequence[str], message_id: int = 1) -> bytes:
    return _packet(
        0x82, message_id.to_bytes(2, "big") + b"\x00" + b"".join(_text(f) + b"\x01" for f in filters)
    )


def acknowledged(packet: Packet) -> bytes:
    """PUBACK of a PUBLISH with QoS 1."""
    size = int.from_bytes(packet.body[:2], "big")
    return b"\x40\x02" + packet.body[2 + size : 4 + size]


PING = b"\xc0\x00"


class Intruder:
    """One connection. `context` None = without TLS."""

    def __init__(
        self, port: int, context: ssl.SSLContext | None, host: str = "127.0.0.1", timeout_s: float = 10
    ) -> None:
        self.packets: list[Packet] = []
        self.open = True
        self._rest = b""
        raw = socket.create_connection((host, port), timeout=timeout_s)
        self._socket = raw if context is None else context.wrap_socket(raw, server_hostname=host)

    def __enter__(self) -> Intruder:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, content: bytes) -> None:
        try:
            self._socket.sendall(content)
        except OSError:
            self.open = False

    def read_until(self, kind: int, timeout_s: float = 10) -> bool:
        """Whether such a packet came before the connection ended; everything is kept in `packets`."""
        start = len(self.packets)
        self._socket.settimeout(timeout_s)
        while not any(packet.kind == kind for packet in self.packets[start:]):
            if not self._read():
                return False
        return True

    def read_for(self, seconds: float) -> None:
        """Whatever comes until it is quiet for so long, and for ten times as long at most."""
        self._socket.settimeout(seconds)
        end = time.monotonic() + 10 * seconds
        while time.monotonic() < end and self._read():
            pass

    def messages(self) -> list[tuple[str, bytes]]:
        return [packet.message for packet in self.packets if packet.kind == PUBLISH]

    def _read(self) -> bool:
        try:
            received = self._socket.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            received = b""
        if not received:
            self.open = False
            return False
        self._rest += received
        while (packet := self._next()) is not None:
            self.packets.append(packet)
            if packet.kind == PUBLISH and packet.flags & 0x06 == 0x02:
                self.send(acknowledged(packet))
        return True

    def _next(self) -> Packet | None:
        length, shift, at = 0, 0, 1
        while True:
            if at >= len(self._rest):
                return None
            byte = self._rest[at]
            length |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if not byte & 0x80:
                break
        if len(self._rest) < at + length:
            return None
        first, body = self._rest[0], self._rest[at : at + length]
        self._rest = self._rest[at + length :]
        return Packet(first >> 4, first & 0x0F, body)


def _packet(first: int, body: bytes) -> bytes:
    length, encoded = len(body), b""
    while True:
        length, byte = length >> 7, length & 0x7F
        encoded += bytes((byte | (0x80 if length else 0),))
        if not length:
            return bytes((first,)) + encoded + body


def _data(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def _text(content: str) -> bytes:
    return _data(content.encode())
