"""Looks into the store through connections that can't write, one for each question and closed after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from dispenserd.doctor.case import JournalRead
from dispenserd.doctor.judge.configuration import Fault
from dispenserd.doctor.judge.store import DAYS_LATELY
from dispenserd.store import emergency
from dispenserd.store.errors import StoreError
from dispenserd.store.store import Store
from scheduler import events as ev
from scheduler.evolve import evolve
from scheduler.world import World


def stopped(path: Path) -> tuple[str, bool]:
    """(why the store stopped, "" if it did not; whether there ever was a store here)."""
    try:
        if not emergency.place(path).exists():
            return "", False
    except PermissionError:  # of the folder; the check of the file says so
        return "", False
    stop = emergency.read(path)
    return ("" if stop is None else stop.reason), True


def faults(path: Path, key: bytes) -> list[str]:
    """Of the file; StoreError where it can't be opened."""
    with _opened(path, key) as store:
        return store.integrity()


def journal(path: Path, key: bytes) -> JournalRead:
    """All of it, each row proven to follow; ChainBroken at the first that does not."""
    reading = _Reading()
    with _opened(path, key) as store:
        for event in store.replay():
            reading.take(event)
        return JournalRead(
            rows=reading.rows,
            epoch=store.epoch,
            head=store.head,
            world=reading.world,
            rows_lately=reading.lately(),
            newest_at=reading.newest_at,
            receipt_at=reading.receipt_at,
            accepted_at=reading.accepted_at,
            refused_at=reading.refused_at,
            identified=reading.identified,
        )


def holds(path: Path, key: bytes, epoch: int, head: str) -> bool:
    """Whether the journal has ever had this head."""
    with _opened(path, key) as store:
        return not store.missing([(epoch, head)])


def fault_of(error: StoreError) -> Fault:
    return Fault(error.what, error.meaning, error.next_step)


class _Reading:
    """One pass over the events: the world, and what the world does not keep."""

    def __init__(self) -> None:
        self.world = World()
        self.rows = 0
        self.newest_at: datetime | None = None
        self.receipt_at: datetime | None = None
        self.accepted_at: datetime | None = None
        self.refused_at: datetime | None = None
        self.identified: ev.RobotIdentified | None = None
        self._days: dict[datetime, int] = {}  # rows of each day

    def take(self, event: ev.Event) -> None:
        self.world = evolve(self.world, event)
        self.rows += 1
        self.newest_at = event.at
        day = event.at.replace(hour=0, minute=0, second=0, microsecond=0)
        self._days[day] = self._days.get(day, 0) + 1
        match event:
            case ev.IncidentDelivered():
                self.receipt_at = event.at
            case ev.PlanAccepted():
                self.accepted_at = event.at
            case ev.PlanRefused():
                self.refused_at = event.at
            case ev.RobotIdentified():
                self.identified = event
            case _:
                pass

    def lately(self) -> int:
        if self.newest_at is None:
            return 0
        since = self.newest_at - timedelta(days=DAYS_LATELY)
        return sum(count for day, count in self._days.items() if since < day <= self.newest_at)


@contextmanager
def _opened(path: Path, key: bytes) -> Iterator[Store]:
    store = Store.open(path, key, readonly=True)
    try:
        yield store
    finally:
        store.close()
