"""The journal and outboxes of a box, in memory: what outlives a process, and a process's view of it.

Passes the same contract tests as the real store. `Disk` is what a power cut leaves; `BottleJournal` belongs
to one life. A commit is there as a whole or not at all; where the life ends decides the fuse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from dispenserd.home import OutboxRow
from scheduler.events import Event
from scheduler.evolve import evolve
from scheduler.outbox import Change, OutboxName, Put
from scheduler.world import World
from tests.bottle.fuse import Fuse

GENESIS = "0" * 64


class KeyUsedAgain(Exception):
    """An outbox key was put twice: our bug (S5)."""


@dataclass
class Disk:
    """`commits` counts them; `rows` are all events in order."""

    epoch: int = 1
    rows: list[Event] = field(default_factory=list)
    commits: int = 0
    head: str = GENESIS
    waiting: dict[tuple[OutboxName, str], OutboxRow] = field(default_factory=dict)
    keys: set[tuple[OutboxName, str]] = field(default_factory=set)
    _world: World = field(default_factory=World)
    _folded: int = 0

    def replayed(self) -> World:
        """What all rows together say. Folded on from the last call: evolve is a fold."""
        for event in self.rows[self._folded :]:
            self._world = evolve(self._world, event)
        self._folded = len(self.rows)
        return self._world

    def commit(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        if not events:
            return
        for change in changes:
            if isinstance(change, Put) and (change.outbox, change.key) in self.keys:
                raise KeyUsedAgain(f"{change.outbox} {change.key}")
        self.rows += events
        self.commits += 1
        self.head = hashlib.sha256(f"{self.head}{len(self.rows)}".encode()).hexdigest()
        for change in changes:
            where = (change.outbox, change.key)
            if isinstance(change, Put):
                self.keys.add(where)
                self.waiting[where] = OutboxRow(
                    change.outbox, change.key, f"{self.epoch}-{self.head}", change.body
                )
            else:
                self.waiting.pop(where, None)


class BottleJournal:
    """Implements `dispenserd.engine.Journal` for one life."""

    def __init__(self, disk: Disk, fuse: Fuse) -> None:
        self._disk = disk
        self._fuse = fuse

    @property
    def head(self) -> tuple[int, str]:
        return self._disk.epoch, self._disk.head

    async def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        self._fuse.passed("before commit")
        self._disk.commit(events, changes)
        self._fuse.passed("after commit")

    async def unanswered(self, outbox: OutboxName) -> list[OutboxRow]:
        return [row for (name, _), row in self._disk.waiting.items() if name == outbox]
