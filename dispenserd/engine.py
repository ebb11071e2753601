"""The one loop: facts in, events committed, then everybody may act on them.

Record, then act. The engine waits for facts or for the next instant at which something is due, lets the core
decide, commits events and outbox rows in one transaction, and only then shows the new world to those who act
(courier, uplink, fagsystem). Sees events only: no robot, wire, broker or disk of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from dispenserd.clock import Clock, Reading, StepWatch, read, set_or_due
from dispenserd.home import Head, OutboxRow, Position
from scheduler.commands import Fact, ReportClockStep
from scheduler.decide import next_wakeup, settle
from scheduler.events import DaemonStarted, Event
from scheduler.invariants import InvariantBroken, broken
from scheduler.outbox import Change, OutboxName
from scheduler.outgoing import changes
from scheduler.world import Setting, World

SLEEP_MAX_S = 1.0
"""The engine looks at the clock this often whatever it expects: a stepped clock is noticed."""

ASK_ANYWAY_S = 30.0
"""The core is asked this often even if it said that nothing is due: `next_wakeup` is not trusted alone."""

INBOX_FACTS_MAX = 1000
"""P12: a robot that reports faster than we commit waits here; beyond it, who hands in facts waits."""


class Journal(Protocol):
    """What the engine needs of the store; the real one and the tests' pass the same contract."""

    @property
    def newest(self) -> tuple[int, int, str]:
        """(epoch, sequence, chain hash) of the newest committed row."""

    async def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None: ...

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]: ...

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> Sequence[OutboxRow]: ...

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]: ...


@dataclass(frozen=True, slots=True)
class _Handed:
    facts: tuple[Fact, ...]
    arrived_s: float  # by the monotonic clock
    done: asyncio.Future[Sequence[Event]]


class Engine:
    """Implements `dispenserd.home.Home`. `world` is the replayed one at the start."""

    def __init__(
        self, world: World, setting: Setting, journal: Journal, clock: Clock, look_s: float = SLEEP_MAX_S
    ) -> None:
        self._look_s = look_s
        self._world = world
        self._setting = setting
        self._journal = journal
        self._clock = clock
        self._inbox: asyncio.Queue[_Handed] = asyncio.Queue(INBOX_FACTS_MAX)
        self._something_waits = asyncio.Event()  # in the inbox
        self._watchers: list[asyncio.Event] = []
        self._run = journal.newest[2]
        self.turned_s = clock.monotonic()
        """When the loop last came round (rule 27: the heartbeat stands for it)."""
        self.due: datetime | None = None
        """When the core has something to do by itself; None: nothing is planned."""
        self._steps = StepWatch(setting.limits.clock_agreement, clock.rate, read(clock))
        self.steps = 0
        """Of the clock, seen so far in this run. Each is followed by a commit."""
        self._asked: datetime | None = None  # when the core was last asked, by the civil clock
        self._asked_s = clock.monotonic()

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

    async def submit(self, *facts: Fact, arrived_s: float | None = None) -> Sequence[Event]:
        done: asyncio.Future[Sequence[Event]] = asyncio.get_running_loop().create_future()
        since_s = self._clock.monotonic() if arrived_s is None else arrived_s
        await self._inbox.put(_Handed(facts, since_s, done))
        self._something_waits.set()
        return await done

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]:
        return await self._journal.unanswered(outbox)

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> Sequence[OutboxRow]:
        return await self._journal.kept(outbox, keys)

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]:
        return await self._journal.missing(heads)

    async def run(self) -> None:
        """Until cancelled, or until the store or the core fails: then the process ends (crash-only)."""
        while True:
            handed = await self._next()
            reading = read(self._clock)
            stepped = self._has_stepped(reading)
            if handed or stepped or self._something_is_due(reading):
                await self._turn(handed, reading, stepped)
            self.turned_s = self._clock.monotonic()

    async def _turn(self, handed: Sequence[_Handed], reading: Reading, stepped: bool) -> None:
        """A step of the clock is told before anything is decided by it: one turn on a clock that jumped a day
        would put tomorrow's medicine away (rule 18)."""
        before, now = self._world, reading.civil
        facts: list[Fact] = [ReportClockStep()] if stepped else []
        facts += [fact for each in handed for fact in self._dated(each, reading)]
        after, events = settle(before, self._setting, facts, now)
        if events:
            told = changes(before, after, events)
            wrong = broken(before, after, events, told)
            if wrong:
                raise InvariantBroken(wrong)
            await self._journal.append(events, told)
            if any(isinstance(event, DaemonStarted) for event in events):
                self._run = self._journal.newest[2]
            self._world = after
            for watcher in self._watchers:
                watcher.set()
        self.due, self._asked = next_wakeup(after, self._setting, now), now
        self._asked_s = self._clock.monotonic()
        for each in handed:
            if not each.done.done():
                each.done.set_result(events)

    def _dated(self, handed: _Handed, reading: Reading) -> Sequence[Fact]:
        """By the clock as it stands now, and how long they waited: a clock that was set meanwhile dated them
        wrong, and a press from tomorrow would never grow old (rule 2)."""
        waited_s = max(0.0, reading.monotonic_s - handed.arrived_s) * self._clock.rate
        at = reading.civil - timedelta(milliseconds=round(waited_s * 1000))
        return [replace(fact, at=at) if isinstance(fact, Event) else fact for fact in handed.facts]

    def _has_stepped(self, reading: Reading) -> bool:
        """Whether the civil clock left the monotonic one by more than the agreement; said once a step."""
        self._steps, step = self._steps.saw(reading)
        if step is not None:
            self.steps += 1
            structlog.get_logger().error("clock stepped", seconds=int(step.total_seconds()))
        return step is not None

    def _something_is_due(self, reading: Reading) -> bool:
        """Or the clock went back, so that nobody knows what is; or the core was not asked for a while."""
        now = reading.civil
        if self._asked is None or now < self._asked or (self.due is not None and now >= self.due):
            return True
        return reading.monotonic_s >= self._asked_s + ASK_ANYWAY_S

    async def _next(self) -> Sequence[_Handed]:
        """What was handed in, waiting no longer than until something is due."""
        handed: list[_Handed] = []
        if self._inbox.empty():
            self._something_waits.clear()
            await set_or_due(self._something_waits, self._pause_s())
        while not self._inbox.empty():
            handed.append(self._inbox.get_nowait())
        return handed

    def _pause_s(self) -> float:
        if self._asked is None:
            return 0.0
        if self.due is None:
            return self._look_s
        return min(self._look_s, max(0.0, (self.due - self._clock.now()).total_seconds() / self._clock.rate))
