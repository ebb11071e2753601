"""Who was told what while the database took nothing: for the next life of the process, so that a restart does
not tell all of it again.

A file of one size beside the database, made while there is room and overwritten in place, which needs none.
It holds digests and instants, nothing that says who or what. Where even that can't be written, as on a
read-only file system, the process itself remembers, and its next life tells once more: a doubt is settled for
telling. Nothing here ever raises for the file.
"""

from __future__ import annotations

import hashlib
import os
import struct
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dispenserd.durable import sync_folder

AGAIN_AFTER = timedelta(minutes=30)
"""By another life of the process: a doubt this old may be told once more."""
MARKS_MAX = 1024
"""The oldest are overwritten: more steps than a roster takes in hours."""

_MARK = struct.Struct("<16sd")
"""Digest and unix time."""


def marks_path(database: Path) -> Path:
    return database.with_name(database.name + ".told")


class Marks:
    def __init__(self, database: Path) -> None:
        self._path = marks_path(database)
        self._at: dict[bytes, float] = {}
        self._next = 0
        self._read()

    def prepare(self) -> None:
        """While there is room: the whole file, on the disk."""
        with suppress(OSError):
            if self._path.exists() and self._path.stat().st_size == MARKS_MAX * _MARK.size:
                return
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.pwrite(descriptor, bytes(MARKS_MAX * _MARK.size), 0)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_folder(self._path.parent)

    def put(self, now: datetime, *about: object) -> None:
        digest = _digest(about)
        self._at[digest] = now.timestamp()
        with suppress(OSError):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)  # never makes it: no room is meant
            try:
                os.pwrite(descriptor, _MARK.pack(digest, now.timestamp()), self._next * _MARK.size)
            finally:
                os.close(descriptor)
        self._next = (self._next + 1) % MARKS_MAX

    def has(self, now: datetime, *about: object) -> bool:
        """Not so long ago; one from a time still to come is of another clock, and counts for nothing."""
        at = self._at.get(_digest(about))
        return at is not None and timedelta(0) <= now - datetime.fromtimestamp(at, UTC) < AGAIN_AFTER

    def _read(self) -> None:
        with suppress(OSError):
            raw = self._path.read_bytes()[: MARKS_MAX * _MARK.size]
            newest = 0.0
            for place, (digest, at) in enumerate(
                _MARK.iter_unpack(raw[: len(raw) // _MARK.size * _MARK.size])
            ):
                if not 0 < at < _LATEST:
                    continue
                self._at[digest] = max(at, self._at.get(digest, 0.0))
                if at >= newest:
                    newest, self._next = at, (place + 1) % MARKS_MAX


_LATEST = datetime(2263, 1, 1, tzinfo=UTC).timestamp()
"""No clock of a machine shows more; a file that rotted might."""


def _digest(about: tuple[object, ...]) -> bytes:
    return hashlib.sha256(repr(about).encode()).digest()[:16]
