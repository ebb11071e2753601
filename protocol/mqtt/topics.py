"""The seven topics of a home, and which of them a message came on.

    dispenserd/1/<box>/status        retained; last will
    dispenserd/1/<box>/heartbeat     QoS 0: a late heartbeat is none
    dispenserd/1/<box>/incident      QoS 1: incidents and answers to commands
    dispenserd/1/<box>/in/receipt    QoS 1, signed by on-call
    dispenserd/1/<box>/in/decision   QoS 1, signed by on-call
    dispenserd/1/<box>/in/position   QoS 1, signed by on-call: what it keeps of the home's journal (rule 23)
    dispenserd/1/<box>/in/ask        QoS 1, signed by on-call: all open incidents once more (rule 27)

Pure. A topic carries the box id and nothing about a person (S6).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

VERSION_PREFIX = "dispenserd/1"
BOX_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""No `/`, `+` or `#`: a box id is exactly one level of a topic."""


class Channel(StrEnum):
    STATUS = "status"
    HEARTBEAT = "heartbeat"
    INCIDENT = "incident"
    RECEIPT = "in/receipt"
    DECISION = "in/decision"
    POSITION = "in/position"
    ASK = "in/ask"


@dataclass(frozen=True, slots=True)
class Address:
    box: str
    channel: Channel


def topic(box: str, channel: Channel) -> str:
    """ValueError for a box id that would reach outside its own level."""
    if not re.fullmatch(BOX_PATTERN, box):
        raise ValueError("not a box id")
    return f"{VERSION_PREFIX}/{box}/{channel.value}"


def of_all_homes(channel: Channel) -> str:
    """The subscription filter for one channel of every home."""
    return f"{VERSION_PREFIX}/+/{channel.value}"


def address(topic_name: str) -> Address | None:
    """Whose topic it is; None for one that isn't ours."""
    prefix, separator, rest = topic_name.partition(f"{VERSION_PREFIX}/")
    box, slash, channel = rest.partition("/")
    if prefix or not separator or not slash or not re.fullmatch(BOX_PATTERN, box):
        return None
    try:
        return Address(box, Channel(channel))
    except ValueError:
        return None
