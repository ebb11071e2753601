"""Why a file takes nothing: the errors of SQLite and of the system, as one of four words. Knows no table."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

Refusal = Literal["disk_full", "read_only", "io_error", "locked"]

ROOM_BYTES_MIN = 64 * 1024
"""SQLite calls it an I/O error when its two files beside the database find no room; together they begin with
this much."""

_OF_SQLITE: Mapping[int, Refusal] = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
}
_BY_ITS_DISK = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN})
_OF_SYSTEM: Mapping[int, Refusal] = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EROFS: "read_only",
    errno.EIO: "io_error",
}


def of_sqlite(error: BaseException | None, path: Path) -> Refusal | None:
    """None: another fault, as of a file that is no database."""
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the kind; what is above says in which call
    if code in _BY_ITS_DISK:
        return _of_disk(path)
    return _OF_SQLITE.get(code)


def of_os(error: OSError) -> Refusal | None:
    return _OF_SYSTEM.get(error.errno or 0)


def is_read_only(path: Path) -> bool:
    """The file system that it lies on."""
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _of_disk(path: Path) -> Refusal:
    if is_read_only(path):
        return "read_only"
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return "io_error"
    return "disk_full" if disk.f_bavail * disk.f_frsize < ROOM_BYTES_MIN else "io_error"
