"""The journal and outboxes of a box, in memory: what outlives a process, and a process's view of it.

Passes the same contract tests as the real store. `Disk` is what a power cut leaves; `BottleJournal` belongs
to one life. A commit is there as a whole or not at all; where the life ends decides the fuse.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from dispenserd.home import Head, OutboxRow
from dispenserd.store.chain import GENESIS, canonical, link
from dispenserd.store.errors import LocalError, closed
from scheduler.events import EpochBegun, Event
from scheduler.evolve import evolve
from scheduler.outbox import Change, OutboxName, Put
from scheduler.record import EVENT_FIELD, to_plain
from scheduler.world import World
from tests.bottle.fuse import Fuse


@dataclass
class Disk:
    """`commits` counts them; `rows` are all events in order."""

    epoch: int = 1
    rows: list[Event] = field(default_factory=list)
    commits: int = 0
    head: str = GENESIS
    heads: set[Head] = field(default_factory=set)
    waiting: dict[tuple[OutboxName, str], OutboxRow] = field(default_factory=dict)
    put: dict[tuple[OutboxName, str], OutboxRow] = field(default_factory=dict)
    _world: World = field(default_factory=World)
    _folded: int = 0

    def replayed(self) -> World:
        """What all rows together say. Folded on from the last call: evolve is a fold."""
        for event in self.rows[self._folded :]:
            self._world = evolve(self._world, event)
        self._folded = len(self.rows)
        return self._world

    def missing(self, heads: Sequence[Head]) -> list[Head]:
        return [head for head in heads if head not in self.heads and not self._is_beginning(head)]

    def linked(self, events: Sequence[Event]) -> list[Head]:
        """(epoch, hash) of each row that would follow: RecordError where one can't be written down."""
        chain = [(self.epoch, self.head)]
        for sequence, event in zip(count(len(self.rows) + 1), events, strict=False):
            epoch, previous = chain[-1]
            epoch = event.epoch if isinstance(event, EpochBegun) else epoch
            plain = to_plain(event)
            kind = str(plain.pop(EVENT_FIELD))
            chain.append((epoch, link(previous, sequence, epoch, kind, canonical(plain))))
        return chain[1:]

    def commit(self, events: Sequence[Event], chain: Sequence[Head], changes: Sequence[Change]) -> None:
        """All of it, or LocalError and nothing. `chain` is what `linked` said."""
        puts = [(change.outbox, change.key) for change in changes if isinstance(change, Put)]
        if len(set(puts)) < len(puts) or not self.put.keys().isdisjoint(puts):
            raise LocalError("an outbox key was put before")
        self.rows += events
        self.commits += 1
        self.epoch, self.head = chain[-1]
        self.heads.update(chain)
        for change in changes:
            where = (change.outbox, change.key)
            if isinstance(change, Put):
                body = json.loads(canonical(change.body))
                self.waiting[where] = self.put[where] = OutboxRow(*where, f"{self.epoch}-{self.head}", body)
            else:
                self.waiting.pop(where, None)

    def _is_beginning(self, head: Head) -> bool:
        return head[1] == GENESIS and head[0] <= self.epoch


class BottleJournal:
    """Implements `dispenserd.engine.Journal` for one life. After a failure it refuses everything."""

    def __init__(self, disk: Disk, fuse: Fuse) -> None:
        self._disk = disk
        self._fuse = fuse
        self._line = asyncio.Lock()  # one at a time, in the order in which they were asked
        self._failed = False

    @property
    def newest(self) -> tuple[int, int, str]:
        return self._disk.epoch, len(self._disk.rows), self._disk.head

    async def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        async with self._line:
            self._require_sound()
            if not events:
                if changes:
                    raise LocalError("an outbox change follows from an event, and there is none")
                return
            await self.takes_time()
            self._fuse.passed("before commit")
            chain = self._disk.linked(events)
            self._failed = True
            self._disk.commit(events, chain, changes)
            self._failed = False
            self.committed(events, changes)
            self._fuse.passed("after commit")

    async def unanswered(self, outbox: OutboxName) -> list[OutboxRow]:
        async with self._line:
            self._require_sound()
            return [row for (name, _), row in self._disk.waiting.items() if name == outbox]

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> list[OutboxRow]:
        async with self._line:
            self._require_sound()
            asked = {(outbox, key) for key in keys}
            return [row for where, row in self._disk.put.items() if where in asked]

    async def missing(self, heads: Sequence[Head]) -> list[Head]:
        async with self._line:
            self._require_sound()
            return self._disk.missing(heads)

    async def takes_time(self) -> None:
        """How long the card needs; nothing here."""

    def committed(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        """It is on disk, and nobody acts on it yet."""

    def _require_sound(self) -> None:
        if self._failed:
            raise closed()
