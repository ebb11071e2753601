"""The first tables, and the row that says which store this is.

A migration is history: it names its own numbers and is never edited after a release. There is no way down.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    meta = op.create_table(
        "meta",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("format", sa.Integer, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meta"),
        sa.CheckConstraint("id = 1", name=op.f("ck_meta_one_row")),
    )
    op.create_table(
        "journal",
        sa.Column("sequence", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("previous", sa.Text, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_journal"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("outbox", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("answered_sequence", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("outbox", "key", name="uq_outbox_outbox_key"),
        sa.ForeignKeyConstraint(["sequence"], ["journal.sequence"], name="fk_outbox_sequence"),
        sa.ForeignKeyConstraint(
            ["answered_sequence"], ["journal.sequence"], name="fk_outbox_answered_sequence"
        ),
    )
    op.create_index(
        "ix_outbox_unanswered",
        "outbox",
        ["outbox", "id"],
        sqlite_where=sa.text("answered_sequence IS NULL"),
    )
    op.bulk_insert(meta, [{"id": 1, "format": 1, "epoch": 1}])
