"""Which committed events somebody must still be told about: changes to the three outboxes.

An outbox row is put in the same transaction as the event it follows from and answered in the same
transaction as the event that answers it (S5). Orders go to the robot, incidents to on-call,
administrations to the fagsystem.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OutboxName = Literal["order", "incident", "administration"]

Plain = dict[str, "PlainValue"]
"""JSON data: what a journal row and an outbox row hold."""
PlainValue = None | bool | int | str | list["PlainValue"] | Plain


@dataclass(frozen=True, slots=True)
class Put:
    """`key` is unique in its outbox for ever: an order id, `<incident id>/<revision>`, `answer/<command id>`,
    an administration id. Putting a key again is our bug."""

    outbox: OutboxName
    key: str
    body: Plain


@dataclass(frozen=True, slots=True)
class Answer:
    """The row needs no more sending. Answering an answered row again changes nothing."""

    outbox: OutboxName
    key: str


Change = Put | Answer
