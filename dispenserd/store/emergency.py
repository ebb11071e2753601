"""The emergency record of rule 29: why the store stopped, where a failing disk can still keep it.

One sector in a small file beside the store, written in full when the store is made. A failure overwrites it
in place, which needs no new room; it holds a code and an instant, no health data. The next start that can
commit reads it, tells the journal, and clears it. The first failure stays until then.

The file also says that there was a store here: a database that is gone or empty beside it is no new home.

A file system that copies on write may refuse the overwriting on a full disk; then only the missing heartbeat
tells. Knows no database; an error of this file is never worse than the one it records.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dispenserd.durable import sync_folder
from dispenserd.store.errors import REASONS, UNREADABLE
from scheduler.instant import from_iso, iso

RECORD_BYTES = 512
"""One sector: it is there whole or not at all."""

MAGIC = "dispenserd-emergency/1"
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Stop:
    """`reason` is one of `errors.REASONS`."""

    at: datetime
    reason: str


def prepare(store: Path) -> None:
    """Room for a record that will be needed when there is none. Once; what it holds stays."""
    path = place(store)
    if path.exists() and path.stat().st_size == RECORD_BYTES:
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _overwrite(descriptor, NOTHING)
        os.ftruncate(descriptor, RECORD_BYTES)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    sync_folder(path.parent)


def record(store: Path, stop: Stop) -> None:
    """Never raises: the failure that it is about is already on its way to the process's end."""
    with suppress(OSError):
        if read(store) is None:
            _put(store, f"{stop.reason} {iso(stop.at)}")


def read(store: Path) -> Stop | None:
    """Why the store stopped, if it did and nobody was told. A record that rotted says that it did."""
    path = place(store)
    if not path.exists():
        return None
    try:
        words = path.read_bytes().decode("ascii").split()
    except (OSError, UnicodeDecodeError):
        return _unreadable(path)
    match words:
        case [magic, nothing] if (magic, nothing) == (MAGIC, NOTHING):
            return None
        case [magic, reason, at] if magic == MAGIC and reason in REASONS:
            with suppress(ValueError):
                return Stop(from_iso(at), reason)
    return _unreadable(path)


def clear(store: Path) -> None:
    """After the journal was told."""
    _put(store, NOTHING)


def place(store: Path) -> Path:
    return store.with_name(store.name + ".emergency")


def _unreadable(path: Path) -> Stop:
    return Stop(datetime.fromtimestamp(int(path.stat().st_mtime), UTC), UNREADABLE)


def _put(store: Path, words: str) -> None:
    """Into the room there is: never makes the file."""
    descriptor = os.open(place(store), os.O_RDWR | os.O_CLOEXEC)
    try:
        _overwrite(descriptor, words)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _overwrite(descriptor: int, words: str) -> None:
    sector = f"{MAGIC} {words}\n".ljust(RECORD_BYTES).encode()
    if os.pwrite(descriptor, sector, 0) != RECORD_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
