"""The file that remembers who was told what, for the next life of a process whose database takes nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from dispenserd.oncall.marks import AGAIN_AFTER, MARKS_MAX, Marks, marks_path
from tests.support.paper_home import NOON

SOON = timedelta(minutes=1)


def prepared(folder: Path) -> Path:
    database = folder / "o.db"
    Marks(database).prepare()
    return database


def test_the_next_life_knows_for_a_while_what_was_told(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    Marks(database).put(NOON, "a", 1, "Anna")
    again = Marks(database)
    assert again.has(NOON + AGAIN_AFTER - SOON, "a", 1, "Anna")
    assert not again.has(NOON + AGAIN_AFTER, "a", 1, "Anna")
    assert not again.has(NOON + SOON, "a", 1, "Bo")


def test_a_mark_from_a_time_still_to_come_counts_for_nothing(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    Marks(database).put(NOON, "a")
    assert not Marks(database).has(NOON - SOON, "a")


def test_the_file_never_grows_and_the_oldest_go_first(tmp_path: Path) -> None:
    database = prepared(tmp_path)
    size = marks_path(database).stat().st_size
    for number in range(MARKS_MAX // 2):
        Marks(database).put(NOON, number)
    marks = Marks(database)
    for number in range(MARKS_MAX // 2, MARKS_MAX + 1):
        marks.put(NOON + SOON, number)
    assert marks_path(database).stat().st_size == size
    again = Marks(database)
    assert not again.has(NOON + SOON, 0)
    assert all(again.has(NOON + SOON, number) for number in range(1, MARKS_MAX + 1))


def test_without_a_file_or_with_a_rotten_one_nobody_is_kept_from_being_told(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "o.db")
    marks.put(NOON, "a")
    assert marks.has(NOON, "a")
    assert not Marks(tmp_path / "o.db").has(NOON, "a")
    path = marks_path(prepared(tmp_path))
    path.write_bytes(b"\xff" * 1000)
    assert not Marks(tmp_path / "o.db").has(NOON, "a")
    path.write_bytes(b"")
    assert not Marks(tmp_path / "o.db").has(NOON, "a")
