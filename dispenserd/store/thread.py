"""The store behind one thread of its own: an fsync on an SD card may take seconds, the loop must not.

Knows asyncio and `Store`, nothing else. The application root opens it, hands it to the engine and closes it.
What the store raises is raised here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from functools import reduce
from pathlib import Path
from typing import Self, TypeVar

from dispenserd.home import Head, OutboxRow
from dispenserd.store.errors import NotProven, StoreError, StoreMissing, closed, replaced
from dispenserd.store.store import Store
from scheduler.events import Event
from scheduler.outbox import Change, OutboxName

T = TypeVar("T")


class StoreThread:
    """Calls run in the order they were made, one at a time."""

    @classmethod
    async def open(cls, path: Path, key: bytes) -> Self:
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        try:
            store = await _on(thread, lambda: Store.open(path, key))
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(thread, store, lambda: Store.open(path, key, readonly=True))

    def __init__(self, thread: ThreadPoolExecutor, store: Store, beside: Callable[[], Store]) -> None:
        self._thread = thread
        self._store = store
        self._beside = beside
        self._closed = False

    @property
    def newest(self) -> tuple[int, int, str]:
        """(epoch, sequence, chain hash) of the newest committed row."""
        return self._store.newest

    @property
    def head(self) -> Head:
        """(epoch, chain hash) of the newest committed row."""
        epoch, _, chain = self._store.newest
        return epoch, chain

    @property
    def sequence(self) -> int:
        return self._store.sequence

    async def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        """Returns when it is on disk. A caller cancelled meanwhile doesn't know; the thread goes on."""
        await self._run(lambda: self._store.append(events, changes))

    async def replay(self) -> list[Event]:
        return await self._run(lambda: list(self._store.replay()))

    async def folded(self, start: T, step: Callable[[T, Event], T]) -> T:
        """What a replay comes to, event by event: a year of them at once would be 100 MB that stay."""
        return await self._run(lambda: reduce(step, self._store.replay(), start))

    async def unanswered(self, outbox: OutboxName) -> list[OutboxRow]:
        return await self._run(lambda: self._store.unanswered(outbox))

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> list[OutboxRow]:
        return await self._run(lambda: self._store.kept(outbox, keys))

    async def missing(self, heads: Sequence[Head]) -> list[Head]:
        return await self._run(lambda: self._store.missing(heads))

    async def answers(self) -> None:
        """Returns once the thread came to it and read something from the file."""
        await self._run(self._store.answers)

    async def integrity(self) -> list[str]:
        return await self._run(self._store.integrity)

    async def prove(self) -> int:
        """Rows proven, by a connection of its own beside the one that commits; StoreError where file or chain
        are not whole. A page that a checkpoint is just writing can look damaged from there, so the committing
        connection looks again before it is believed; meanwhile nothing else is done."""
        try:
            rows, ours = await asyncio.to_thread(self._proven_beside, self.head)
        except StoreMissing:
            raise replaced() from None
        except StoreError:
            await self._run(self._store.prove)
            raise NotProven from None
        if not ours:
            raise replaced()
        return rows

    def _proven_beside(self, newest: Head) -> tuple[int, bool]:
        """Rows proven, and whether what is committed here can be read there."""
        with closing(self._beside()) as store:
            return store.prove(), not store.missing([newest])

    async def prunable(self, now: datetime) -> list[int]:
        return await asyncio.to_thread(self._prunable_beside, now)

    def _prunable_beside(self, now: datetime) -> list[int]:
        with closing(self._beside()) as store:
            return store.prunable(now)

    async def prune(self, ids: Sequence[int]) -> int:
        return await self._run(lambda: self._store.prune(ids))

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await _on(self._thread, self._store.close)
        self._thread.shutdown(wait=False)

    async def _run(self, call: Callable[[], T]) -> T:
        if self._closed:
            raise closed()
        return await _on(self._thread, call)


async def _on(thread: ThreadPoolExecutor, call: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(thread, call)
