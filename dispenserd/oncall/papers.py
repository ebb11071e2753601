"""What the office keeps in files, the roster and the list of homes: read again when they change.

A change counts once it stood for two looks, so that a file that is just being written is not taken for whole.
One that can't be used leaves what was good in force and is an alarm of on-call's own until it is put right;
why, is in the log. Knows no format: a `Source` reads, `service` says what to do with what was read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeVar

import structlog

from dispenserd.oncall.database import DatabaseFault
from dispenserd.oncall.own import Wrong

LOOK_EVERY_S = 2.0
"""A change is in force within three looks: who saves the file is still there and sees what comes of it."""

Name = Literal["roster", "homes"]
MEANINGS: Mapping[Name, str] = {
    "roster": "Who was on call before the change stays on call. On-call could not be started with this file.",
    "homes": "The homes that were on the list before the change stay on it, also over a start of on-call.",
}

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why a file can't be used, in words that quote nothing of it."""

    what: str
    meaning: str
    next_step: str


class Source(Protocol[T_co]):
    def mark(self) -> bytes:
        """Differs when the file does, and when it can't be read. Never raises for what a file is or isn't."""

    def read(self) -> T_co | Unusable: ...


class Paper(Generic[T]):
    """One file. `use` is given what was read; DatabaseFault from it means: try again."""

    def __init__(self, name: Name, source: Source[T], use: Callable[[T], None]) -> None:
        self._name = name
        self._source = source
        self._use = use
        self._in_use: bytes | None = None
        self._seen: bytes | None = None
        self._wrong: Wrong | None = None

    @property
    def wrong(self) -> list[Wrong]:
        """The alarm about it, while it can't be used."""
        return [self._wrong] if self._wrong is not None else []

    def begin(self, now: datetime) -> None:
        """Reads it at once, as a process does that begins with it."""
        self._seen = self._source.mark()
        self._take(self._seen, self._source.read(), now)

    async def look(self, now: Callable[[], datetime]) -> None:
        """In a thread: a file may lie on a disk that has gone away."""
        mark = await asyncio.to_thread(self._source.mark)
        if mark == self._in_use or mark != self._seen:
            self._seen = mark
            return
        found = await asyncio.to_thread(self._source.read)
        if await asyncio.to_thread(self._source.mark) == mark:  # else it changed under our eyes: look again
            self._take(mark, found, now())

    def _take(self, mark: bytes, found: T | Unusable, now: datetime) -> None:
        if isinstance(found, Unusable):
            structlog.get_logger().error(
                "file refused",
                reason=self._name,
                what=found.what,
                meaning=MEANINGS[self._name],
                next_step=found.next_step,
            )
            self._wrong = Wrong("", "file_refused", "medium", now, now, f"{self._name}_refused", self._name)
        else:
            try:
                self._use(found)
            except DatabaseFault:
                structlog.get_logger().warning("file not taken over yet", reason=self._name)
                return
            self._wrong = None
        self._in_use = mark


async def keep_reading(papers: Sequence[Paper[Any]], now: Callable[[], datetime]) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        for paper in papers:
            await paper.look(now)
