"""The real engine alone in virtual time, with a journal in memory and a wall clock that can be set.

For stories of one thing that the bottle found; whole histories are played by `bottle`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from dispenserd.engine import Engine
from scheduler.commands import Fact
from scheduler.events import Event
from scheduler.outbox import Change
from scheduler.world import Setting, World
from tests.bottle.fuse import Fuse
from tests.bottle.journal import BottleJournal, Disk
from tests.bottle.times import BoxClock, Times
from tests.bottle.virtual_loop import VirtualLoop


class Card(BottleJournal):
    """Takes `slow_s` for each commit, and keeps the batches apart."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(disk, Fuse())
        self.slow_s = 0.0
        self.batches: list[tuple[Event, ...]] = []

    async def takes_time(self) -> None:
        if self.slow_s:
            await asyncio.sleep(self.slow_s)

    def committed(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        self.batches.append(tuple(events))


class OneEngine:
    """`world` is where it starts, at the civil instant `start`."""

    def __init__(self, world: World, setting: Setting, start: datetime, look_s: float = 1.0) -> None:
        self.times = Times(start)
        self.clock = BoxClock(self.times)
        self.loop = VirtualLoop(self.times.seconds)
        self.card = Card(Disk())
        self.engine = Engine(world, setting, self.card, self.clock, look_s)
        self._tasks = [self.loop.create_task(self.engine.run())]
        self.loop.run_due()

    def beside(self, run: Callable[[], Awaitable[None]]) -> None:
        """A service of the same process."""

        async def running() -> None:
            await run()

        self._tasks.append(self.loop.create_task(running()))
        self.loop.run_due()

    def hand_in(self, *facts: Fact) -> None:
        async def submitted() -> None:
            await self.engine.submit(*facts)

        self._tasks.append(self.loop.create_task(submitted()))
        self.loop.run_due()

    def pass_s(self, seconds: float) -> None:
        """Whatever is due in this time happens at its instant."""
        end_s = self.times.now_s + seconds
        while True:
            self.loop.run_due()
            for task in self._tasks:
                if task.done():
                    task.result()
            due_s = self.loop.due_s
            if due_s is None or due_s > end_s:
                break
            self.times.now_s = due_s
        self.times.now_s = end_s
        self.loop.run_due()

    def set_clock(self, ahead: timedelta) -> None:
        """The wall clock, against true time."""
        self.times.set_wall(ahead)

    @property
    def events(self) -> list[Event]:
        return [event for batch in self.card.batches for event in batch]

    def end(self) -> None:
        self.loop.bury()
