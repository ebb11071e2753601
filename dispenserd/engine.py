"""The one loop: facts in, events committed, then everybody may act on them.

Record, then act. The engine waits for facts or for the next instant at which something is due, lets the core
decide, commits events and outbox rows in one transaction, and only then shows the new world to those who act
(courier, uplink, fagsystem). Sees events only: no robot, wire, broker or disk of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from dispenserd.clock import Clock
from dispenserd.home import Head, OutboxRow, Position
from scheduler.commands import Fact
from scheduler.decide import next_wakeup, settle
from scheduler.events import DaemonStarted, Event
from scheduler.outbox import Change, OutboxName
from scheduler.outgoing import changes
from scheduler.world import Setting, World

SLEEP_MAX_S = 1.0
"""The engine looks at the clock this often whatever it expects: a stepped clock is noticed."""

INBOX_FACTS_MAX = 1000
"""P12: a robot that reports faster than we commit waits here; beyond it, who hands in facts waits."""


class Journal(Protocol):
    """What the engine needs of the store; the real one and the tests' pass the same contract."""

    @property
    def newest(self) -> tuple[int, int, str]:
        """(epoch, sequence, chain hash) of the newest committed row."""

    async def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None: ...

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]: ...

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]: ...


@dataclass(frozen=True, slots=True)
class _Handed:
    facts: tuple[Fact, ...]
    done: asyncio.Future[Sequence[Event]]


class Engine:
    """Implements `dispenserd.home.Home`. `world` is the replayed one at the start."""

    def __init__(self, world: World, setting: Setting, journal: Journal, clock: Clock) -> None:
        self._world = world
        self._setting = setting
        self._journal = journal
        self._clock = clock
        self._inbox: asyncio.Queue[_Handed] = asyncio.Queue(INBOX_FACTS_MAX)
        self._watchers: list[asyncio.Event] = []
        self._run = journal.newest[2]
        self.turned_s = clock.monotonic()
        """When the loop last came round (rule 27: the heartbeat stands for it)."""

    @property
    def world(self) -> World:
        return self._world

    @property
    def head(self) -> Head:
        epoch, _, chain = self._journal.newest
        return epoch, chain

    @property
    def position(self) -> Position:
        epoch, sequence, chain = self._journal.newest
        return Position(epoch, self._run, sequence, chain)

    def watch(self) -> asyncio.Event:
        watcher = asyncio.Event()
        self._watchers.append(watcher)
        return watcher

    async def submit(self, *facts: Fact) -> Sequence[Event]:
        done: asyncio.Future[Sequence[Event]] = asyncio.get_running_loop().create_future()
        await self._inbox.put(_Handed(facts, done))
        return await done

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]:
        return await self._journal.unanswered(outbox)

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]:
        return await self._journal.missing(heads)

    async def run(self) -> None:
        """Until cancelled, or until the store or the core fails: then the process ends (crash-only)."""
        while True:
            handed = await self._next()
            await self._turn(handed)
            self.turned_s = self._clock.monotonic()

    async def _turn(self, handed: Sequence[_Handed]) -> None:
        now = self._clock.now()
        before = self._world
        facts = [fact for each in handed for fact in each.facts]
        after, events = settle(before, self._setting, facts, now)
        if events:
            await self._journal.append(events, changes(before, after, events))
            if any(isinstance(event, DaemonStarted) for event in events):
                self._run = self._journal.newest[2]
            self._world = after
            for watcher in self._watchers:
                watcher.set()
        for each in handed:
            if not each.done.done():
                each.done.set_result(events)

    async def _next(self) -> Sequence[_Handed]:
        """What was handed in, waiting no longer than until something is due."""
        handed: list[_Handed] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s()):
                handed.append(await self._inbox.get())
        while not self._inbox.empty():
            handed.append(self._inbox.get_nowait())
        return handed

    def _pause_s(self) -> float:
        now = self._clock.now()
        due = next_wakeup(self._world, self._setting, now)
        if due is None:
            return SLEEP_MAX_S
        return min(SLEEP_MAX_S, max(0.0, (due - now).total_seconds() / self._clock.rate))
