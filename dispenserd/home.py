"""What the engine offers the rest of the shell: one way in, one way to read, one signal of change.

The courier, the uplink, the downlink, the fagsystem, the control server and the heartbeat know the engine
by this and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scheduler.commands import Fact
from scheduler.events import Event
from scheduler.outbox import OutboxName, Plain
from scheduler.world import World

Head = tuple[int, str]
"""(epoch, chain hash as 64 hex characters) of a journal row. Only committed rows have one."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the journal stands, for on-call to keep (rule 23). Within a run `sequence` only rises."""

    epoch: int
    run: str  # the head after this process's first commit: no two runs share one, restored or not
    sequence: int  # of the newest row: an order for heads of one run, never an id
    head: str


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A committed row nobody has answered yet. `event_id` = `<epoch>-<chain hash>` of its event (rule 23)."""

    outbox: OutboxName
    key: str
    event_id: str
    body: Plain


class Home(Protocol):
    @property
    def world(self) -> World:
        """The newest committed world."""

    @property
    def head(self) -> Head:
        """Of the newest committed row."""

    @property
    def position(self) -> Position: ...

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]:
        """Those that this journal has never had."""

    async def submit(self, *facts: Fact, arrived_s: float | None = None) -> Sequence[Event]:
        """Hand in facts; returns the events they led to, once those are committed. `arrived_s`: when they
        came, by the monotonic clock; None = now. They are dated by that when their turn comes: the civil
        clock may have been set while they waited."""

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]:
        """Committed rows without an answer, oldest first."""

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> Sequence[OutboxRow]:
        """The committed rows of these keys, answered or not, oldest first."""

    def watch(self) -> asyncio.Event:
        """An event of the caller's own that is set after every commit; the caller clears it."""
