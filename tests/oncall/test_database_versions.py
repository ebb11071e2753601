"""On-call's database from version to version: brought forward whole or not at all; pruned in time."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from dispenserd.oncall import database as db
from dispenserd.oncall import migrations
from dispenserd.oncall.desk import Desk
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.prune import KEPT, prune
from tests.support.paper_home import at

VERSION_2 = Path(__file__).with_name("version_2.sql").read_text()
WITHOUT_POSITIONS = "DROP TABLE positions; PRAGMA user_version = 1;"


def shape(path: Path) -> dict[str, object]:
    """Tables with their columns, and indexes with theirs."""
    with sqlite3.connect(path) as plain:
        names = plain.execute("SELECT type, name FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
        return {
            name: plain.execute(
                f"PRAGMA {'table_info' if kind == 'table' else 'index_xinfo'}({name})"
            ).fetchall()
            for kind, name in names
        }


def old(path: Path, *more: str) -> Path:
    with sqlite3.connect(path) as plain:
        plain.executescript(VERSION_2 + "".join(more))
    return path


@pytest.mark.parametrize("more", ["", WITHOUT_POSITIONS])
def test_an_older_database_is_brought_forward_in_place_and_keeps_its_rows(tmp_path: Path, more: str) -> None:
    path = old(tmp_path / "o.db", more)
    with pytest.raises(db.DatabaseFault, match="has version"):
        db.open_existing(path)
    upgraded = db.create(path)
    db.create(tmp_path / "new.db")
    assert shape(path) == shape(tmp_path / "new.db")
    (shown,) = Desk(upgraded, OncallLimits()).list_incidents(at(1))["incidents"]
    assert (shown["incident"], shown["origin"], shown["told"]) == ("abababab", "home", [])
    with upgraded.reading() as connection:
        assert len(connection.execute(db.answers.select()).all()) == 1
    db.open_existing(path)
    assert shape(path) == shape(db.create(path).path)


def test_a_step_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = old(tmp_path / "o.db")
    before = shape(path)
    broken = {**migrations.STEPS, 2: (*migrations.STEPS[2], "CREATE TABLE homes (twice TEXT)")}
    monkeypatch.setattr(migrations, "STEPS", broken)
    with pytest.raises(db.DatabaseFault):
        db.create(path)
    assert shape(path) == before
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    db.create(tmp_path / "o.db")
    with sqlite3.connect(tmp_path / "o.db") as plain:
        plain.execute(f"PRAGMA user_version = {db.SCHEMA_VERSION + 1}")
    before = shape(tmp_path / "o.db")
    for opened in (db.create, db.open_existing):
        with pytest.raises(db.DatabaseFault, match=f"version {db.SCHEMA_VERSION + 1}"):
            opened(tmp_path / "o.db")
    assert shape(tmp_path / "o.db") == before


def test_closed_incidents_are_forgotten_in_time_and_open_ones_never(tmp_path: Path) -> None:
    path = old(
        tmp_path / "o.db",
        "INSERT INTO incidents SELECT home, 'cdcdcdcd', event_id, epoch, revision, subject, dose, kind,"
        " priority, 'closed', raised, deadline, owner, holds_token, resolution, 1, undelivered, receipted,"
        " detail FROM incidents; INSERT INTO revisions SELECT home, '3-9', 'cdcdcdcd', epoch, revision, kind,"
        " priority, 'closed', at, received, detail FROM revisions;",
    )
    database = db.create(path)
    desk = Desk(database, OncallLimits())
    with database.writing() as connection:
        assert prune(connection, at(0) + KEPT) == 0
    assert len(desk.list_incidents(at(1), everything=True)["incidents"]) == 2
    with database.writing() as connection:
        assert prune(connection, at(1) + KEPT + timedelta(seconds=1)) == 1
    (left,) = desk.list_incidents(at(1), everything=True)["incidents"]
    assert left["incident"] == "abababab"
    with database.reading() as connection:
        assert connection.execute(db.answers.select()).all() == []
