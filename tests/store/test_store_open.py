"""Opening: made from nothing, brought up to date, by one writer at a time, beside any number of readers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from dispenserd.store.database import open_engine, reading
from dispenserd.store.errors import LocalError, StoreBroken, StoreFormatError, StoreInUse, StoreMissing
from dispenserd.store.migrate import MIGRATIONS
from dispenserd.store.schema import METADATA, REVISION
from dispenserd.store.store import Store
from scheduler.events import DoseDue
from scheduler.outbox import Put

AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
Opened = Callable[..., Store]
Behind = Callable[..., Any]
Process = Callable[[str], "subprocess.Popen[str]"]


def test_the_migrations_make_exactly_the_tables_of_the_schema(opened: Opened, path: Path, key: bytes) -> None:
    opened().close()
    engine = open_engine(path, key, readonly=False)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_the_newest_migration_is_the_one_the_schema_names() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_opening_again_changes_neither_tables_nor_rows(opened: Opened, behind: Behind) -> None:
    store = opened()
    store.append([DoseDue(AT, "d")], [Put("order", "o", {})])
    store.close()
    everything = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
    tables, meta = behind(everything), behind("SELECT * FROM meta")
    assert meta == [(1, 1, 1)]
    for _ in range(2):
        opened().close()
    assert behind(everything) == tables
    assert behind("SELECT * FROM meta") == meta
    assert [row.key for row in opened().unanswered("order")] == ["o"]


def test_unanswered_rows_are_found_by_their_index(opened: Opened, behind: Behind) -> None:
    opened().close()
    [plan] = behind(
        "EXPLAIN QUERY PLAN SELECT key FROM outbox WHERE outbox = 'order' "
        "AND answered_sequence IS NULL ORDER BY id"
    )
    assert "ix_outbox_unanswered" in plan[3]
    assert "SORT" not in plan[3].upper()


def test_an_empty_file_left_by_a_crash_is_taken_over(opened: Opened, path: Path) -> None:
    path.touch()
    store = opened()
    store.append([DoseDue(AT, "d")], [])
    assert store.sequence == 1


def test_a_store_of_another_version_is_refused_and_left_alone(
    opened: Opened, path: Path, key: bytes, behind: Behind
) -> None:
    opened().close()
    behind("UPDATE alembic_version SET version_num = '9999'")
    for readonly in (False, True):
        with pytest.raises(StoreFormatError):
            Store.open(path, key, readonly=readonly)
    behind("UPDATE alembic_version SET version_num = '0001'", "UPDATE meta SET format = 2")
    with pytest.raises(StoreFormatError):
        Store.open(path, key)
    behind("UPDATE meta SET format = 1")
    opened()  # the refused ones gave the lock back


def test_a_missing_store_or_folder_is_named(path: Path, key: bytes) -> None:
    with pytest.raises(StoreMissing) as refused:
        Store.open(path, key, readonly=True)
    assert str(path) in refused.value.what
    assert not path.exists()
    with pytest.raises(StoreMissing) as refused:
        Store.open(path.parent / "absent" / "home.db", key)
    assert str(path.parent / "absent") in refused.value.what


def test_a_path_with_odd_characters_is_a_path(tmp_path: Path, key: bytes) -> None:
    odd = tmp_path / "a b%20?mode=memory#ø.db"
    Store.open(odd, key).close()
    assert odd.stat().st_size > 0


def test_a_connection_has_the_habits_that_keep_what_was_committed(
    opened: Opened, path: Path, key: bytes
) -> None:
    opened().close()
    engine = open_engine(path, key, readonly=False)
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
        "temp_store": 2,  # memory
        "wal_autocheckpoint": 0,
    }
    with engine.connect() as connection, reading(connection):
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    engine.dispose()
    assert found == wanted


def test_alembic_is_imported_only_when_there_is_something_to_migrate(process: Process) -> None:
    code = "Store.open(path, key).close(); print('alembic' in sys.modules)"
    said = [process(code).communicate()[0].strip() for _ in range(2)]
    assert said == ["True", "False"]


def test_a_second_writer_is_refused_until_the_first_is_gone(
    path: Path, key: bytes, process: Process, opened: Opened
) -> None:
    first = process("store = Store.open(path, key); print('open', flush=True); sys.stdin.read()")
    assert first.stdout is not None
    assert first.stdout.readline() == "open\n"
    with pytest.raises(StoreInUse) as refused:
        Store.open(path, key)
    assert all((refused.value.what, refused.value.meaning, refused.value.next_step))
    first.kill()
    first.wait()
    opened().append([DoseDue(AT, "d")], [])
    with pytest.raises(StoreInUse):
        Store.open(path, key)


def test_a_reader_in_another_process_follows_the_writer(opened: Opened, process: Process) -> None:
    writer = opened()
    writer.append([DoseDue(AT, "first")], [])
    follower = process(
        """
store, seen = Store.open(path, key, readonly=True), 0
while seen < 20:
    for row in store.rows(seen):
        seen = row.sequence
        print(row.sequence, row.body["dose_id"], flush=True)
    os.sched_yield()
print(store.verify())
"""
    )
    assert follower.stdout is not None
    assert follower.stdout.readline() == "1 first\n"
    for n in range(2, 21):
        writer.append([DoseDue(AT, f"d{n}")], [])
    assert [follower.stdout.readline() for _ in range(19)] == [f"{n} d{n}\n" for n in range(2, 21)]
    assert "rows=20, chain_ok=True, first_bad=None, integrity=[]" in follower.stdout.readline()


def test_a_reader_reads_a_closed_store_and_can_change_nothing(opened: Opened, path: Path) -> None:
    writer = opened()
    writer.append([DoseDue(AT, "d")], [Put("order", "o", {})])
    writer.close()
    before = path.read_bytes()
    reader = opened(readonly=True)
    assert list(reader.replay()) == [DoseDue(AT, "d")]
    assert [row.key for row in reader.unanswered("order")] == ["o"]
    with pytest.raises(LocalError):
        reader.append([DoseDue(AT, "d")], [])
    reader.close()
    assert path.read_bytes() == before


def test_a_reader_takes_no_lock(opened: Opened) -> None:
    opened().close()
    opened(readonly=True)
    opened(readonly=True)
    opened()


def test_a_folder_that_can_not_be_written_is_a_clear_error(
    tmp_path: Path, key: bytes, process: Process
) -> None:
    (tmp_path / "home.db.lock").mkdir()
    with pytest.raises(StoreBroken) as refused:
        Store.open(tmp_path / "home.db", key)
    assert refused.value.next_step


def test_no_descriptor_is_left_open_by_a_refused_or_closed_store(opened: Opened, path: Path) -> None:
    opened().close()
    before = set(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        opened().close()
        with pytest.raises(StoreMissing):
            Store.open(path.with_name("absent.db"), bytes(32), readonly=True)
        with pytest.raises(Exception, match="key"):
            Store.open(path, bytes(32))
    assert len(os.listdir("/proc/self/fd")) == len(before)  # noqa: PTH208


def test_the_rows_of_a_store_are_json_that_anybody_can_read(opened: Opened, behind: Behind) -> None:
    store = opened()
    store.append([DoseDue(AT, "dø")], [Put("order", "o", {"b": 1, "a": "ø"})])
    store.close()
    [(body,)] = behind("SELECT body FROM journal")
    assert body == '{"at":"2026-11-02T07:00:00.000Z","dose_id":"d\\u00f8","outage":false}'
    assert json.loads(body)["dose_id"] == "dø"
    assert behind("SELECT body FROM outbox") == [('{"a":"\\u00f8","b":1}',)]
