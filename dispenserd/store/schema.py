"""The tables of the store. `migrations/` makes them; a test holds both to be the same.

`journal` is what happened, one row an event, linked by hashes. `outbox` is who must still be told. `meta`
is one row about the store itself; its epoch is 1, and rises with the row `EpochBegun` of a store that lacks
what robot or on-call have kept of it (rule 23). Times and bodies are text: `scheduler.record` knows what they
mean.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0001"
"""The newest migration. A store that has it is opened without alembic (10 MB and 0.5 s)."""

FORMAT = 1
"""How a row is hashed and written. A reader of another format must not guess."""

METADATA = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)
"""Every constraint has a name, so that a later migration can find it."""

META = Table(
    "meta",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("format", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

JOURNAL = Table(
    "journal",
    METADATA,
    Column("sequence", Integer, primary_key=True, autoincrement=False),  # from 1, without gaps
    Column("epoch", Integer, nullable=False),
    Column("at", Text, nullable=False),  # the body's own, for reading by hand
    Column("kind", Text, nullable=False),  # the event's class name
    Column("body", Text, nullable=False),  # canonical JSON of its fields
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),  # the order of putting
    Column("outbox", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("sequence", Integer, ForeignKey("journal.sequence"), nullable=False),  # the row it was put with
    Column("body", Text, nullable=False),
    Column("answered_sequence", Integer, ForeignKey("journal.sequence")),  # the row it was answered with
    UniqueConstraint("outbox", "key"),
)

Index("ix_outbox_unanswered", OUTBOX.c.outbox, OUTBOX.c.id, sqlite_where=OUTBOX.c.answered_sequence.is_(None))
"""A year's outbox is nearly all answered: looking for the rest must not read it."""
