"""One encrypted SQLite file: how it is opened and keyed, and what its errors mean.

Knows SQLCipher and SQLAlchemy's engine; knows no table. The key goes to the connection alone: into no URL,
log, error or attribute. Called by `store` and `migrate`.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlcipher3 import dbapi2

from dispenserd.store.errors import (
    DAMAGED,
    DISK_FULL,
    IO_ERROR,
    READ_ONLY,
    LocalError,
    StoreBroken,
    StoreKeyError,
)

KEY_BYTES = 32
"""SQLCipher's raw key: 256 bits, no derivation (a passphrase costs 100 ms an opening)."""

BUSY_TIMEOUT_MS = 5_000
"""Readers never block a writer in WAL mode; recovery after a crash does, for less than this."""

CIPHER_COMPATIBILITY = 4
"""The file's layout is SQLCipher 4's: a later library must not take it for a wrong key."""

REASON_OF = {
    "SQLITE_FULL": DISK_FULL,
    "ENOSPC": DISK_FULL,
    "EDQUOT": DISK_FULL,
    "EFBIG": DISK_FULL,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_CANTOPEN": READ_ONLY,
    "SQLITE_PERM": READ_ONLY,
    "EROFS": READ_ONLY,
    "EACCES": READ_ONLY,
    "EPERM": READ_ONLY,
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
}
"""How the names of SQLite's and the kernel's errors begin."""


def open_engine(path: Path, key: bytes, *, readonly: bool) -> Engine:
    """An engine of one connection to `path`, which must exist. See `reading` and `writing`."""
    if len(key) != KEY_BYTES:
        raise StoreKeyError(
            f"The store's key has {len(key)} bytes instead of {KEY_BYTES}.",
            "It is not a key of this program.",
            "Check [store.key] in the configuration.",
        )
    engine = create_engine(
        "sqlite://",
        module=dbapi2,
        creator=lambda: _connect(path, key, readonly=readonly),
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,  # parameters are health data, and errors reach logs
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # IMMEDIATE takes the write lock first: a read that turns into a write can't then be refused half-way.
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'IMMEDIATE')}")

    return engine


@contextmanager
def reading(connection: Connection) -> Iterator[None]:
    """One consistent view, without the write lock."""
    connection.execution_options(begin="DEFERRED")
    with _broken_by_errors(), connection.begin():
        yield


@contextmanager
def writing(connection: Connection) -> Iterator[None]:
    """One transaction: all of it on disk when this ends, or none."""
    connection.execution_options(begin="IMMEDIATE")
    with _broken_by_errors(), connection.begin():
        yield


def checkpoint(connection: Connection) -> None:
    """Moves the WAL into the file, as far as readers allow; outside a transaction."""
    try:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
    except dbapi2.Error as error:
        raise broken(error) from None


def broken(error: Exception) -> StoreBroken:
    """A failure of disk or file. Only SQLite's own name of it is kept: its text may quote."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, OSError):
        name = errno.errorcode.get(cause.errno or 0, type(cause).__name__)
    else:
        name = getattr(cause, "sqlite_errorname", type(cause).__name__)
    return StoreBroken(
        f"The store failed: {name}.",
        "Nothing more is recorded, so nothing more may be released. The last change may be on disk or not.",
        "Check disk space and disk health, then start the service again: it reads the store anew.",
        _reason(name),
    )


def _reason(name: str) -> str:
    """What staff read; a name that nobody foresaw is an I/O error to them."""
    return next((reason for begin, reason in REASON_OF.items() if name.startswith(begin)), IO_ERROR)


def library_version() -> str:
    """Of SQLCipher, as the library says it."""
    connection = dbapi2.connect(":memory:")
    try:
        row = connection.execute("PRAGMA cipher_version").fetchone()
    finally:
        connection.close()
    return str(row[0]) if row else "unknown"


@contextmanager
def _broken_by_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise LocalError("a row that the store may not hold: put twice, or put beside its event") from error
    except (DBAPIError, dbapi2.Error) as error:  # of the library, or of the driver used without it
        raise broken(error) from error


def _connect(path: Path, key: bytes, *, readonly: bool) -> dbapi2.Connection:
    try:
        connection = dbapi2.connect(
            f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rw'}",
            uri=True,
            isolation_level=None,  # the driver begins nothing by itself
        )
    except dbapi2.Error as error:
        raise broken(error) from None
    try:
        for pragma in (*_keying(key), *_habits(readonly=readonly)):
            connection.execute(f"PRAGMA {pragma}")
    except dbapi2.Error as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", None) == dbapi2.SQLITE_NOTADB:
            raise _wrong_key() from None
        raise broken(error) from None
    return connection


def _keying(key: bytes) -> Iterator[str]:
    yield "cipher_log_level = NONE"  # else SQLCipher writes to stderr by itself
    yield f"key = \"x'{key.hex()}'\""
    yield f"cipher_compatibility = {CIPHER_COMPATIBILITY}"
    yield "schema_version"  # the first read: only here does a wrong key show


def _habits(*, readonly: bool) -> Iterator[str]:
    yield f"busy_timeout = {BUSY_TIMEOUT_MS}"
    yield "foreign_keys = ON"
    yield "temp_store = MEMORY"  # a temporary file would be plaintext
    if readonly:
        return
    yield "journal_mode = WAL"
    yield "synchronous = FULL"  # one fsync of the WAL before a commit returns
    yield "secure_delete = ON"
    yield "wal_autocheckpoint = 0"  # SQLite swallows the errors of its own; `Store` does it and looks


def _wrong_key() -> StoreKeyError:
    return StoreKeyError(
        "The key does not open the store.",
        "It is another store's key, or the first page of the file is damaged.",
        "Check [store.key] in the configuration; keep the file as it is.",
    )
