"""On-call's database is held by somebody else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from dispenserd.cli import staff
from dispenserd.cli.failure import Exit, Failure
from dispenserd.oncall import database as db


@pytest.fixture
def held(tmp_path: Path) -> Path:
    path = tmp_path / "oncall.db"
    db.create(path)
    return path


def test_a_locked_database_is_said_and_is_no_traceback(held: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 100)
    other = sqlite3.connect(held, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    config = held.parent / "oncall.toml"
    config.write_text(
        f'[oncall]\ndatabase = "{held}"\nsigning_key_file = "{held.parent}/key"\n'
        '[mqtt]\nhost = "127.0.0.1"\nport = 1883\n'
    )
    with pytest.raises(Failure) as failure, staff._desk(config) as at:
        at.desk.take("a", "Bo", at.clock.now())
    assert failure.value.exit_code is Exit.STORE
    other.close()
