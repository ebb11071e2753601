"""Alembic's entry: it runs in the connection, and in the transaction, that `migrate` hands over."""

from __future__ import annotations

from alembic import context

from dispenserd.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes a table by making it anew
    transactional_ddl=True,
)
context.run_migrations()
