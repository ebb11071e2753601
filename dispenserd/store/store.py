"""The journal and the outboxes of one home: append, replay, read, verify.

Knows events only: no robot, wire or broker. Synchronous, and owned by the one thread that opened it
(`thread.StoreThread`; a terminal's read-only one lives in the terminal's process). After any failure it
refuses everything: a failed fsync is never repeated, because the kernel may already call the pages clean.
What is on disk, only a new start can read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, insert, select, tuple_, update

from dispenserd.durable import sync_folder
from dispenserd.home import Head, OutboxRow
from dispenserd.store import emergency, pruning
from dispenserd.store import outbox as outboxes
from dispenserd.store.chain import GENESIS, JournalRow, RawRow, canonical, checked, link, opened
from dispenserd.store.database import broken, checkpoint, open_engine, reading, writing
from dispenserd.store.errors import (
    ChainBroken,
    LocalError,
    StoreBroken,
    StoreError,
    StoreFormatError,
    StoreMissing,
    closed,
    damaged,
    lost,
)
from dispenserd.store.integrity import VerifyReport, file_faults
from dispenserd.store.lock import PRIVATE_MODE, lock
from dispenserd.store.migrate import migrate, require_current
from dispenserd.store.schema import FORMAT, JOURNAL, META
from scheduler.events import EpochBegun, Event
from scheduler.outbox import Change, OutboxName
from scheduler.record import EVENT_FIELD, RecordError, event_of, to_plain

ROWS_AFTER = (
    "SELECT sequence, epoch, at, kind, body, previous, hash FROM journal "
    "WHERE sequence > ? ORDER BY sequence LIMIT ?"
)
"""The columns of a `RawRow`, in its order."""

CHUNK_ROWS = 500
"""Read at once: a year of rows needs no year of memory, and no long read that keeps the WAL growing."""

BATCH_ROWS = 64
"""Read and checked, then handed out: a few rows of each by turns take a tenth less time than one of each."""

CHECKPOINT_COMMITS = 256
"""Between moves of the WAL into the file: at 13 KiB a commit about 3 MB, read once at the next start."""

FILE_BYTES_MIN = 4096
"""One page: SQLite would begin anew in a shorter file."""

WRITE_AGAIN_BYTES = 1 << 20
"""At once: a WAL has a few MB."""

_APPEND = insert(JOURNAL)


class Store:
    """`newest` is (epoch, sequence, hash) of the newest committed row: one value, because other threads read
    it too."""

    @classmethod
    def open(cls, path: Path, key: bytes, *, readonly: bool = False) -> Self:
        """A writer takes the lock, makes the file if there is none and brings its tables up to date."""
        with ExitStack() as held:
            if readonly:
                _require(path.is_file(), path, "There is no store at")
            else:
                _prepare(path, key, held)
            engine = open_engine(path, key, readonly=readonly)
            held.callback(engine.dispose)
            store = cls(held.enter_context(engine.connect()), readonly=readonly)
            if not readonly:
                _keep_names(path)
            store._held = held.pop_all()
            return store

    def __init__(self, connection: Connection, *, readonly: bool) -> None:
        self._held = ExitStack()
        self._connection = connection
        self._readonly = readonly
        self._failed = False
        self._commits = 0
        require_current(connection)
        self.newest = self._newest()
        if not readonly:
            self._checkpoint()  # at a start too: a home that commits little and restarts often has none else

    @property
    def epoch(self) -> int:
        return self.newest[0]

    @property
    def sequence(self) -> int:
        return self.newest[1]

    @property
    def head(self) -> str:
        return self.newest[2]

    def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        """One fsynced transaction of all of it, or none. A put's event id is that of the last event here."""
        if self._readonly:
            raise LocalError("a store opened to be read can't be appended to")
        if not events:
            if changes:
                raise LocalError("an outbox change follows from an event, and there is none")
            return
        rows = self._linked(events)
        epoch, sequence, chain = (rows[-1][name] for name in ("epoch", "sequence", "hash"))
        with self._use(writing) as connection:
            connection.execute(_APPEND, rows)
            if epoch != self.epoch:
                connection.execute(update(META).values(epoch=epoch))
            outboxes.apply(connection, changes, f"{epoch}-{chain}", int(sequence))
        self.newest = int(epoch), int(sequence), str(chain)
        self._commits += 1
        if self._commits % CHECKPOINT_COMMITS == 0:
            self._checkpoint()

    def replay(self) -> Iterator[Event]:
        """Every event, oldest first, each proven to follow; ChainBroken at the first that doesn't."""
        events = self._events()
        while True:
            batch: list[Event] = []
            try:
                batch.extend(islice(events, BATCH_ROWS))
            except StoreError:
                yield from batch
                raise
            if not batch:
                return
            yield from batch

    def _events(self) -> Iterator[Event]:
        for row in checked(self._raw(0)):
            try:
                yield event_of(row.kind, row.body)
            except RecordError as error:
                raise StoreFormatError(
                    f"Row {row.sequence} of the journal can't be read: {error}.",
                    "It was written by another version of this program.",
                    "Install the version that wrote the store, or a newer one.",
                ) from None

    def rows(self, after_sequence: int = 0, limit: int | None = None) -> Iterator[JournalRow]:
        """Rows as they are, for a person to read; `verify` says whether they follow from each other."""
        for number, raw in enumerate(self._raw(after_sequence)):
            if number == limit:
                return
            yield opened(raw)

    def unanswered(self, outbox: OutboxName) -> list[OutboxRow]:
        """Committed rows that nobody answered yet, oldest first."""
        with self._use(reading) as connection:
            return outboxes.unanswered(connection, outbox)

    def kept(self, outbox: OutboxName, keys: Sequence[str]) -> list[OutboxRow]:
        """The committed rows of these keys, answered or not, oldest first."""
        with self._use(reading) as connection:
            return outboxes.kept(connection, outbox, keys)

    def missing(self, heads: Sequence[Head]) -> list[Head]:
        """Those of `heads`, (epoch, hash), that this journal has never had: what came after its end was lost.

        Read from the newest row back until all are found, without an index on the hash: what somebody keeps
        of us is nearly always a few rows old, and an index would cost a random page or two with every row.
        """
        sought = {head for head in heads if head[1] != GENESIS or head[0] > self.epoch}
        if not sought:
            return []
        known = tuple_(JOURNAL.c.epoch, JOURNAL.c.hash)
        newest_first = select(JOURNAL.c.epoch, JOURNAL.c.hash).order_by(JOURNAL.c.sequence.desc())
        with self._use(reading) as connection:
            rows = connection.execute(newest_first.where(known.in_(sought)).limit(len(sought))).all()
        found = {(row.epoch, row.hash) for row in rows}
        return [head for head in heads if head in sought - found]

    def answers(self) -> None:
        """The least that proves that the file can be read and nobody is in the way."""
        with self._use(reading) as connection:
            connection.execute(select(META.c.epoch)).one()

    def integrity(self) -> list[str]:
        """What is wrong with the file itself; empty = nothing. A start asks this, then `replay`."""
        with self._use(reading) as connection:
            return file_faults(connection)

    def verify(self) -> VerifyReport:
        """File and chain, to the first bad row."""
        rows, faults = 0, list[str]()
        try:
            faults = self.integrity()
            for row in checked(self._raw(0)):
                rows = row.sequence
        except (ChainBroken, StoreBroken) as error:
            faults = [*faults, error.what] if isinstance(error, StoreBroken) else faults
            return VerifyReport(rows, chain_ok=False, first_bad=rows + 1, integrity=faults)
        return VerifyReport(rows, chain_ok=True, first_bad=None, integrity=faults)

    def prove(self) -> int:
        """Rows proven; StoreError where file or chain are not whole."""
        faults = self.integrity()
        if faults:
            raise damaged(faults)
        rows = 0
        for row in checked(self._raw(0)):
            rows = row.sequence
        return rows

    def prunable(self, now: datetime) -> list[int]:
        """Ids of answered outbox rows that are old enough to go, by a trusted `now`."""
        with self._use(reading) as connection:
            return pruning.prunable(connection, now)

    def prune(self, ids: Sequence[int]) -> int:
        """Rows deleted, in one fsynced transaction."""
        with self._use(writing) as connection:
            return pruning.prune(connection, ids)

    def close(self) -> None:
        """Also of a broken one: what SQLite still moves then had its own fsync before."""
        self._failed = True
        self._held.close()

    @contextmanager
    def _use(self, transaction: Callable[[Connection], AbstractContextManager[None]]) -> Iterator[Connection]:
        """One transaction; whatever goes wrong in it, known to us or not, ends the store's use."""
        if self._failed:
            raise closed()
        self._failed = True
        with transaction(self._connection):
            yield self._connection
        self._failed = False

    def _newest(self) -> tuple[int, int, str]:
        with self._use(reading) as connection:
            meta = connection.execute(select(META.c.format, META.c.epoch)).one()
            last = connection.execute(
                select(JOURNAL.c.sequence, JOURNAL.c.hash).order_by(JOURNAL.c.sequence.desc()).limit(1)
            ).one_or_none()
        if meta.format != FORMAT:
            raise StoreFormatError(
                "The journal's rows are written in a format of another version.",
                "This version can't prove that they are unchanged.",
                "Install the version that wrote the store, or a newer one.",
            )
        return meta.epoch, *((last.sequence, last.hash) if last else (0, GENESIS))

    def _linked(self, events: Sequence[Event]) -> list[dict[str, str | int]]:
        rows: list[dict[str, str | int]] = []
        previous, epoch = self.head, self.epoch
        for sequence, each in enumerate(events, self.sequence + 1):
            epoch = each.epoch if isinstance(each, EpochBegun) else epoch
            plain = to_plain(each)
            kind = str(plain.pop(EVENT_FIELD))
            body = canonical(plain)
            linked = link(previous, sequence, epoch, kind, body)
            rows.append(
                {
                    "sequence": sequence,
                    "epoch": epoch,
                    "at": str(plain["at"]),
                    "kind": kind,
                    "body": body,
                    "previous": previous,
                    "hash": linked,
                }
            )
            previous = linked
        return rows

    def _raw(self, after_sequence: int) -> Iterator[RawRow]:
        """By the driver's own cursor: a library row for each would be a tenth of a start."""
        while True:
            with self._use(reading) as connection:
                cursor = connection.connection.cursor()
                chunk: list[RawRow] = cursor.execute(ROWS_AFTER, (after_sequence, CHUNK_ROWS)).fetchall()
                cursor.close()
            yield from chunk
            if len(chunk) < CHUNK_ROWS:
                return
            after_sequence = chunk[-1][0]

    def _checkpoint(self) -> None:
        """Moves the WAL into the file: SQLite's own would swallow a failed fsync of it."""
        self._failed = True
        checkpoint(self._connection)
        self._failed = False


def _require(exists: bool, path: Path, what: str) -> None:
    if not exists:
        raise StoreMissing(
            f"{what} {path}.",
            "Nothing has been recorded there, or the disk is not mounted.",
            "Check [store] in the configuration and the disk it is on.",
        )


def _prepare(path: Path, key: bytes, held: ExitStack) -> None:
    """The lock into `held`, a file that only its owner reads, and the newest tables in it."""
    _require(path.parent.is_dir(), path.parent, "There is no folder")
    known = emergency.place(path).exists()
    try:
        held.callback(os.close, lock(path))
        if known and (not path.exists() or path.stat().st_size < FILE_BYTES_MIN):
            raise lost(emergency.place(path).name)
        _make_private(path)
        _write_again(path.with_name(path.name + "-wal"))
    except OSError as error:
        raise broken(error) from None
    migrate(path, key, known=known)


def _make_private(path: Path) -> None:
    """The file, empty if new, readable by its owner only; SQLite gives its WAL the same mode."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE_MODE)
    except FileExistsError:
        path.chmod(PRIVATE_MODE)
        return
    os.close(descriptor)
    sync_folder(path.parent)


def _write_again(wal: Path) -> None:
    """What a process before us could not fsync, the kernel may show and never have written: to it the pages
    are clean, and our own fsync would say nothing about them. Written again, they are on disk, or we stop."""
    try:
        descriptor = os.open(wal, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        at = 0
        while chunk := os.pread(descriptor, WRITE_AGAIN_BYTES, at):
            at += os.pwrite(descriptor, chunk, at)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _keep_names(path: Path) -> None:
    """SQLite ignores a failed fsync of the folder of a new WAL, and without its name all in it is lost."""
    try:
        sync_folder(path.parent)
        emergency.prepare(path)
    except OSError as error:
        raise broken(error) from None
