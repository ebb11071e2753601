"""On-call's own database: which tables there are and how several processes share one file.

Plain SQLite: `oncall run` writes what arrives, the terminal commands write decisions, at the same time. WAL
lets readers pass; a writer takes the write lock at its first statement (BEGIN IMMEDIATE), so what it read
inside is still true when it commits. Knows no rule about incidents; those are in `desk` and `received`.

It holds staff names and pseudonymous ids, no health data, and is readable by its user only. Instants are text
of one width, so that text order is time order.

Closed incidents are pruned (`prune`) long after what must outlive the roll by 28 days (P12).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    select,
)
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from dispenserd.oncall.migrations import STEPS, upgrade

SCHEMA_VERSION = 4
"""An older one is brought here by the next `oncall run` (see `migrations`); a newer one is refused."""
BUSY_TIMEOUT_MS = 5000
"""Longer than any of our transactions waits for its fsync."""

HOME, ONCALL = "home", "oncall"
"""Who an incident is from."""

metadata = MetaData()

homes = Table(
    "homes",
    metadata,
    Column("home", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),  # the highest seen (rule 23)
    Column("head", Text, nullable=False),  # journal head at its newest heartbeat
    Column("clock", Text, nullable=False),
    Column("robot", Text, nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("next_window", Text),
    Column("window_open", Boolean, nullable=False),
    Column("incidents", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("first_seen", Text, nullable=False),  # first heard of, or put on the list
    Column("heard", Text),  # newest heartbeat, by our clock; null = none yet
    Column("alive_since", Text),
    Column("offline_since", Text),  # by the last will; a heartbeat clears it
    Column("asked", Text),  # when it was last asked for all its open incidents
    Column("asks", Integer, nullable=False, server_default="0"),  # in vain so far; 0 = we agree
    Column("last_test", Text),  # its newest test alarm that came back
    Column("listed", Text),  # since when it is on the list of homes; null = it is not
    Column("taken_off", Text),  # since when it is no longer; null = it is, or never was
    Column("missed_from", Text),  # put on it again: silence counts from here until it is heard
)

positions = Table(
    "positions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the order of the runs' first messages
    Column("home", Text, nullable=False),
    Column("run", Text, nullable=False),  # one life of the home's process
    Column("epoch", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),  # the highest of this run, and its head
    Column("head", Text, nullable=False),
)
Index("positions_by_run", positions.c.home, positions.c.run, unique=True)

incidents = Table(
    "incidents",
    metadata,
    Column("home", Text, primary_key=True),
    Column("incident", Text, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("dose", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("raised", Text, nullable=False),
    Column("deadline", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("holds_token", Boolean, nullable=False),
    Column("resolution", Text, nullable=False),
    Column("cleared", Boolean, nullable=False),
    Column("undelivered", Boolean, nullable=False),
    Column("receipted", Boolean, nullable=False),  # our receipt of this revision reached the broker
    Column("detail", Text, nullable=False),  # why, as a code; "" = not said
    Column("origin", Text, nullable=False, server_default=HOME),
    Column("cause", Text, nullable=False, server_default=""),  # on-call's own: what it is about
    Column("since", Text),  # on-call's own: since when it is so
)
Index("incidents_by_id", incidents.c.incident)
Index("incidents_by_cause", incidents.c.home, incidents.c.cause)
Index("incidents_by_state", incidents.c.state)

revisions = Table(
    "revisions",
    metadata,
    Column("home", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),  # of the commit: two incidents may share it
    Column("incident", Text, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Text, nullable=False),  # the home's instant
    Column("received", Text, nullable=False),  # ours
    Column("detail", Text, nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
    Column("window_ends", Text),  # of its dose; null = not said
    Column("dose_priority", Text, nullable=False, server_default=""),  # of its dose; "" = not said
    ForeignKeyConstraint(["home", "incident"], ["incidents.home", "incidents.incident"]),
)
Index("revisions_by_incident", revisions.c.home, revisions.c.incident)

answers = Table(
    "answers",
    metadata,
    Column("home", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("command_id", Text, nullable=False),
    Column("received", Text, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # the order of sending
    Column("decision_id", Text, nullable=False, unique=True),
    Column("home", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("incident", Text, nullable=False),
    Column("revision", Integer, nullable=False),  # what the person saw; never rewritten
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("body", Text, nullable=False),  # the payload before its signature, as JSON
    Column("issued", Text, nullable=False),
    Column("expires", Text, nullable=False),
    Column("state", Text, nullable=False),  # "queued", "accepted", "refused", "expired"
    Column("reason", Text, nullable=False),
    ForeignKeyConstraint(["home", "incident"], ["incidents.home", "incidents.incident"]),
)
Index("decisions_by_incident", decisions.c.home, decisions.c.incident)
Index("decisions_by_state", decisions.c.state)

steps = Table(
    "steps",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("home", Text, nullable=False),
    Column("incident", Text, nullable=False),
    Column("alarm", Text, nullable=False),  # which run of the ladder: see `ladder.Alarm`
    Column("step", Integer, nullable=False),  # 0, 1, ... in its run
    Column("why", Text, nullable=False),  # "raised", "overdue", "no_outcome", "unreached"
    Column("priority", Text, nullable=False),  # with what was added for being overdue
    Column("person", Text, nullable=False),  # "" = nobody is on call
    Column("is_manager", Boolean, nullable=False),
    Column("due", Text, nullable=False),
    Column("next_due", Text, nullable=False),  # when the next person is told if nobody takes it
    Column("at", Text, nullable=False),  # journalled, before anything was sent
    Column("state", Text, nullable=False),  # "queued", "told", "failed", "nobody"
    Column("attempts", Integer, nullable=False),  # begun, each counted before it
    Column("settled", Text),
    Column("result", Text, nullable=False),  # a code: "ok", "timeout", "refused", "no_address"
    ForeignKeyConstraint(["home", "incident"], ["incidents.home", "incidents.incident"]),
)
Index("steps_once", steps.c.home, steps.c.incident, steps.c.alarm, steps.c.step, unique=True)
Index("steps_by_state", steps.c.state)


class DatabaseFault(Exception):
    """There is no on-call database at the path, or it isn't one of this version."""


class Database:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)

    @contextmanager
    def held_open(self) -> Iterator[None]:
        """For a process that lives long: SQLite empties the log into the file whenever the last connection
        goes, three fsyncs instead of one with every message."""
        with _faults(self.path), self._engine.connect():
            yield

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view."""
        with _faults(self.path), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction with the write lock from its start; committed, fsynced, when the block ends."""
        with (
            _faults(self.path),
            self._engine.connect().execution_options(writes=True) as connection,
            connection.begin(),
        ):
            yield connection

    def answers(self) -> None:
        """The least that proves that the file can be opened and read; DatabaseFault where it can't."""
        with self.reading() as connection:
            connection.execute(select(homes.c.home).limit(1)).all()


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """Locked by somebody for too long, disk full, unreadable: nothing of this transaction was kept."""
    try:
        yield
    except DatabaseError as error:
        if not isinstance(error, OperationalError) and type(error) is not DatabaseError:
            raise  # a broken constraint or statement is our bug; a file in pieces has no class of its own
        raise DatabaseFault(f"{path}: {error.orig}") from error


def create(path: Path) -> Database:
    """For `oncall run`: opens the database, and makes it where there is none."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    _into_wal(path)
    database = Database(path)
    with database.writing() as connection:
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version == 0:
            metadata.create_all(connection)
        elif version in STEPS:
            upgrade(connection, version, SCHEMA_VERSION)
        elif version != SCHEMA_VERSION:
            raise _of_another_version(version)
        if version != SCHEMA_VERSION:
            connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return database


def open_existing(path: Path) -> Database:
    """For everybody else: DatabaseFault until `oncall run` has made it."""
    if not path.is_file():
        raise DatabaseFault(f"there is no on-call database at {path}")
    database = Database(path)
    try:
        with database.reading() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar()
    except DatabaseError as error:
        raise DatabaseFault(f"{path} is no on-call database: {error.orig}") from error
    if version != SCHEMA_VERSION:
        raise _of_another_version(version)
    return database


def _of_another_version(version: object) -> DatabaseFault:
    return DatabaseFault(f"the on-call database has version {version}, this program knows {SCHEMA_VERSION}")


def _into_wal(path: Path) -> None:
    """Once, outside any transaction; the file remembers it."""
    plain = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000)
    try:
        if plain.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            plain.execute("PRAGMA journal_mode = WAL")
    except sqlite3.DatabaseError as error:
        raise DatabaseFault(f"{path} is no on-call database: {error}") from error
    finally:
        plain.close()


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: `_begin` does
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA synchronous = FULL")  # a receipt follows the commit (rule 27)
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
