"""Nobody in (S6): nothing of a row is readable without the key, and no error shows it."""

from __future__ import annotations

import sqlite3
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from dispenserd.store.errors import LocalError, StoreKeyError
from dispenserd.store.store import Store
from scheduler.events import Event
from scheduler.outbox import Put
from scheduler.roll import Sachet

AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
MARKER = "Opdigtet-7f3a91-"
WORDS = (
    MARKER,
    "DosePlanned",
    "IncidentRaised",
    "dose_id",
    "journal",
    "outbox",
    "CREATE TABLE",
    "SQLite format",
)
Opened = Callable[..., Store]


def marked(kind: type) -> Any:
    """One of `kind` with a marker in every text field, however deep."""
    hints = get_type_hints(kind)
    given = [field.name for field in fields(kind) if field.init]
    return kind(**{name: value_for(kind, name, hints[name]) for name in given})


def value_for(owner: type, name: str, hint: Any) -> Any:
    if (owner, name) == (Sachet, "local"):
        return datetime(2026, 11, 2, 8, 0)  # noqa: DTZ001
    origin, arms = get_origin(hint), get_args(hint)
    if origin in (tuple, frozenset):
        return origin([value_for(owner, name, arms[0])])
    if origin is types.UnionType:
        return value_for(owner, name, arms[0])
    if is_dataclass(hint) and isinstance(hint, type):
        return marked(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    plain = {
        str: f"{MARKER}{owner.__name__}.{name}",
        int: 1,
        bool: True,
        Decimal: Decimal(1),
        datetime: AT,
        date: AT.date(),
        time: AT.time(),
    }
    return plain[hint]


def plant(store: Store) -> int:
    """Markers in every text field of every event and in every outbox; how many different ones there are."""
    for kind in get_args(Event):
        event = marked(kind)
        store.append([event], [Put("incident", f"{MARKER}key-{kind.__name__}", {MARKER: f"{MARKER}body"})])
    store.append([marked(get_args(Event)[0])], [Put("order", "o", {"name": MARKER, "list": [MARKER]})])
    return sum(MARKER in str(row.body) for row in store.rows())


def readable(folder: Path) -> set[str]:
    """Which of WORDS stand in the raw bytes of any file of the folder, and where."""
    found = set()
    for file in folder.iterdir():
        raw = file.read_bytes()
        found |= {
            f"{file.name}: {word}"
            for word in WORDS
            if word.encode() in raw or word.encode("utf-16-le") in raw
        }
    return found


def test_no_field_is_readable_in_database_wal_or_shm_while_open_or_after(opened: Opened, path: Path) -> None:
    store = opened()
    assert plant(store) > 30
    names = {path.name + end for end in ("", "-wal", "-shm", ".lock", ".emergency")}
    assert {file.name for file in path.parent.iterdir()} == names
    assert (path.with_name(path.name + "-wal")).stat().st_size > 100_000
    assert readable(path.parent) == set()
    store.close()
    assert path.stat().st_size > 50_000
    assert readable(path.parent) == set()
    opened()  # moves what is left of the WAL into the file
    assert readable(path.parent) == set()


def test_the_same_search_finds_every_word_in_the_same_rows_without_a_key(
    opened: Opened, path: Path, tmp_path: Path, behind: Callable[..., Any]
) -> None:
    store = opened()
    plant(store)
    store.close()
    plain = tmp_path / "plain"
    plain.mkdir()
    behind(
        f"ATTACH DATABASE '{plain / 'plain.db'}' AS plain KEY ''",
        "SELECT sqlcipher_export('plain')",
        "DETACH DATABASE plain",
    )
    assert readable(plain) == {f"plain.db: {word}" for word in WORDS}


def test_every_file_of_the_store_is_its_owners_alone(opened: Opened, path: Path) -> None:
    plant(opened())
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_a_store_that_others_could_read_is_made_private_at_the_next_start(opened: Opened, path: Path) -> None:
    opened().close()
    path.chmod(0o644)
    opened()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("readonly", [False, True])
def test_a_wrong_key_is_refused_and_changes_no_byte(opened: Opened, path: Path, readonly: bool) -> None:
    plant_one = opened()
    plant_one.append([marked(get_args(Event)[0])], [])
    plant_one.close()
    before = path.read_bytes()
    with pytest.raises(StoreKeyError) as refused:
        Store.open(path, bytes(32), readonly=readonly)
    assert "key" in refused.value.what
    assert path.read_bytes() == before
    assert opened().sequence == 1


@pytest.mark.parametrize("key", [b"", bytes(31), bytes(33), b"0" * 64])
def test_a_key_of_another_size_is_refused_before_the_file_is_opened(path: Path, key: bytes) -> None:
    with pytest.raises(StoreKeyError):
        Store.open(path, key)
    assert not path.exists() or path.stat().st_size == 0


def test_a_plain_sqlite_file_is_not_taken_for_a_store(path: Path, key: bytes) -> None:
    plain = sqlite3.connect(path)
    plain.execute("CREATE TABLE journal (sequence INTEGER)")
    plain.commit()
    plain.close()
    with pytest.raises(StoreKeyError):
        Store.open(path, key)


def test_no_error_text_holds_a_value_or_the_key(opened: Opened, key: bytes) -> None:
    store = opened()
    store.append([marked(get_args(Event)[0])], [Put("order", MARKER, {})])
    with pytest.raises(LocalError) as refused:
        store.append([marked(get_args(Event)[0])], [Put("order", MARKER, {"name": MARKER})])
    error: BaseException | None = refused.value
    while error is not None:
        assert MARKER not in str(error)
        assert key.hex() not in str(error)
        error = error.__cause__ or error.__context__
