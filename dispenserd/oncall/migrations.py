"""On-call's database from version to version, in place: one step each, all of them in one transaction.

The statements are written out, not taken from the present tables: a step stays what it was when those change
again. Called by `database.create` alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

STEPS: Mapping[int, tuple[str, ...]] = {
    1: (
        "CREATE TABLE positions (number INTEGER NOT NULL PRIMARY KEY, home TEXT NOT NULL, run TEXT NOT NULL,"
        " epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, head TEXT NOT NULL)",
        "CREATE UNIQUE INDEX positions_by_run ON positions (home, run)",
    ),
    2: (
        "ALTER TABLE homes ADD COLUMN asked TEXT",
        "ALTER TABLE homes ADD COLUMN asks INTEGER NOT NULL DEFAULT '0'",
        "ALTER TABLE homes ADD COLUMN last_test TEXT",
        "ALTER TABLE incidents ADD COLUMN origin TEXT NOT NULL DEFAULT 'home'",
        "ALTER TABLE incidents ADD COLUMN cause TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE incidents ADD COLUMN since TEXT",
        "CREATE INDEX incidents_by_cause ON incidents (home, cause)",
        "CREATE INDEX incidents_by_state ON incidents (state)",
        "ALTER TABLE revisions ADD COLUMN owner TEXT NOT NULL DEFAULT ''",
        "CREATE TABLE steps (number INTEGER NOT NULL PRIMARY KEY, home TEXT NOT NULL, incident TEXT NOT NULL,"
        " alarm TEXT NOT NULL, step INTEGER NOT NULL, why TEXT NOT NULL, priority TEXT NOT NULL,"
        " person TEXT NOT NULL, is_manager BOOLEAN NOT NULL, due TEXT NOT NULL, next_due TEXT NOT NULL,"
        " at TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, settled TEXT,"
        " result TEXT NOT NULL, FOREIGN KEY(home, incident) REFERENCES incidents (home, incident))",
        "CREATE UNIQUE INDEX steps_once ON steps (home, incident, alarm, step)",
        "CREATE INDEX steps_by_state ON steps (state)",
    ),
    3: (
        "ALTER TABLE homes ADD COLUMN listed TEXT",
        "ALTER TABLE homes ADD COLUMN taken_off TEXT",
        "ALTER TABLE homes ADD COLUMN missed_from TEXT",
        "ALTER TABLE revisions ADD COLUMN window_ends TEXT",
        "ALTER TABLE revisions ADD COLUMN dose_priority TEXT NOT NULL DEFAULT ''",
    ),
}
"""Version -> what makes the next one of it. 1 had no `positions`; 2 knew nobody to call; 3 knew no list
of homes, and of no window when it closes."""


def upgrade(connection: Connection, version: int, to: int) -> None:
    """Inside the caller's transaction: all steps, or none."""
    for step in range(version, to):
        for statement in STEPS[step]:
            connection.exec_driver_sql(statement)
