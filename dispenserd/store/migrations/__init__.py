"""Alembic's steps between versions of the tables. `dispenserd.store.migrate` runs them."""
