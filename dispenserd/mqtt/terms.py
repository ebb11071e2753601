"""The words of an MQTT session: broker, message, standing, what became of a publish. Data only.

Imported through `session`, which is the door for everybody outside this room.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None  # given = TLS
    certificate_file: Path | None = None  # given = we show the broker who we are; PEM, with its chain
    key_file: Path | None = None  # of the certificate


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Presence:
    """`birth` is published at every connect; the broker publishes `will` when the connection is gone."""

    birth: Message
    will: Message


@dataclass(frozen=True, slots=True)
class BackOff:
    """Pauses between connections: doubling, and spread by client id so that a fleet doesn't return as one."""

    first_s: float = 0.2
    longest_s: float = 15.0

    def pause_s(self, failures: int, client_id: str) -> float:
        spread = hashlib.sha256(f"{client_id}/{failures}".encode()).digest()[0] / 255
        whole = min(self.longest_s, self.first_s * 2.0 ** min(failures, 16))
        return whole * (0.5 + spread / 2)


class Standing(StrEnum):
    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"  # no broker answers there
    NOT_AUTHORISED = "not_authorised"  # wrong credentials, a certificate of ours among them
    REFUSED = "refused"  # the broker answers, and doesn't want us for another reason or isn't believed by us
    LOST = "lost"  # was connected


@dataclass(frozen=True, slots=True)
class SessionState:
    standing: Standing = Standing.CONNECTING
    reason: str = ""  # the broker's or the system's word for it
    connection: int = 0  # counts connections: a new number = what was in flight is lost
    refused_topics: tuple[str, ...] = ()  # subscriptions that the broker denied

    @property
    def connected(self) -> bool:
        return self.standing is Standing.CONNECTED


@dataclass(frozen=True, slots=True)
class BrokerTook:
    """PUBACK without a fault. It paces us and proves nothing: only a receipt does."""

    nobody_listens: bool


@dataclass(frozen=True, slots=True)
class BrokerRefused:
    """PUBACK with a reason of 0x80 or more. mosquitto 2.0 then also drops the connection."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """No PUBACK came, or there was no connection: the broker may have it or not."""


PublishEnd = BrokerTook | BrokerRefused | ConnectionLost


@dataclass(frozen=True, slots=True)
class Arrived:
    topic: str
    payload: bytes
    retained: bool
    connection: int
    message_id: int  # 0 for QoS 0
