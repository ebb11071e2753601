"""Whether the file is whole: each page by its authentication code, the tables by SQLite's own check."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

SOUND = "ok"
"""What SQLite's check says when it found nothing."""


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`rows` were proven; `first_bad` is the sequence of the first that was not; `integrity` holds faults."""

    rows: int
    chain_ok: bool
    first_bad: int | None
    integrity: list[str]


def file_faults(connection: Connection) -> list[str]:
    """The cipher check reads the file, not its WAL: SQLite itself drops a WAL's damaged frames."""
    pages = connection.exec_driver_sql("PRAGMA cipher_integrity_check").scalars().all()
    if pages:
        return [str(fault) for fault in pages]  # SQLite's own check would stop at the same pages
    tables = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    faults = [str(fault) for fault in tables if fault != SOUND]
    return faults + [f"row {orphan[1]} of {orphan[0]} points nowhere" for orphan in orphans]
