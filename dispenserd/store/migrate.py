"""Brings an opened store's tables to `schema.REVISION`, or says that it can't.

Knows alembic, and imports it only when there is something to do. All steps are one transaction: a crash in
the middle leaves the tables as they were.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from dispenserd.store.database import open_engine, reading, writing
from dispenserd.store.emergency import place
from dispenserd.store.errors import StoreFormatError, lost
from dispenserd.store.schema import REVISION

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(path: Path, key: bytes, *, known: bool) -> None:
    """Idempotent; StoreFormatError for a store of a newer version than this one. A `known` one has tables."""
    engine = open_engine(path, key, readonly=False)
    try:
        with engine.connect() as connection:
            found = revision(connection)
            if found is None and known:
                raise lost(place(path).name)
            if found != REVISION:
                _upgrade(connection)
    finally:
        engine.dispose()


def require_current(connection: Connection) -> None:
    """For a reader, which changes nothing."""
    if revision(connection) != REVISION:
        raise _other_version()


def revision(connection: Connection) -> str | None:
    """The newest migration it has; None for a file without tables."""
    with reading(connection):
        known = connection.execute(
            text("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'")
        ).scalar_one()
        if not known:
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return None if found is None else str(found)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # here, because it costs every other start 10 MB and 0.5 s
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        with writing(connection):
            command.upgrade(config, "head")
    except CommandError:
        raise _other_version() from None


def _other_version() -> StoreFormatError:
    return StoreFormatError(
        "The store's tables are of another version of this program.",
        "Reading them with this version could misread what happened.",
        "Install the version that wrote the store, or a newer one.",
    )
