"""Rule 23: which heads the journal holds, after its WAL or the whole file was lost too."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispenserd.store import emergency
from dispenserd.store.chain import GENESIS
from dispenserd.store.errors import StoreBroken
from dispenserd.store.store import Store
from scheduler.events import DoseDue

Opened = Callable[..., Store]
Process = Callable[[str], "subprocess.Popen[str]"]
AT = datetime(2026, 11, 2, 7, tzinfo=UTC)
FOREIGN = (1, "ab" * 32)


def filled(store: Store, commits: int, name: str = "d") -> list[tuple[int, str]]:
    heads = []
    for n in range(commits):
        store.append([DoseDue(AT, f"{name}{n}")], [])
        heads.append((store.epoch, store.head))
    return heads


def test_every_head_there_ever_was_is_held_and_no_other(opened: Opened) -> None:
    store = opened()
    heads = filled(store, 20)
    assert store.missing(heads) == []
    assert store.missing([heads[3], FOREIGN, heads[19]]) == [FOREIGN]
    assert store.missing([]) == []
    higher = (2, heads[19][1])
    assert store.missing([higher]) == [higher]  # another epoch's row is another row


def test_the_beginning_of_every_journal_is_held(opened: Opened) -> None:
    """Nothing was committed there, so nothing can be lost; of a higher epoch something was."""
    store = opened()
    assert store.missing([(1, GENESIS)]) == []
    assert store.missing([(2, GENESIS)]) == [(2, GENESIS)]


def test_a_look_at_heads_changes_nothing_and_a_reader_may_do_it(opened: Opened) -> None:
    writer = opened()
    heads = filled(writer, 3)
    assert opened(readonly=True).missing([*heads, FOREIGN]) == [FOREIGN]
    filled(writer, 1)
    assert writer.verify().chain_ok


def test_a_restart_loses_no_head(opened: Opened) -> None:
    first = opened()
    heads = filled(first, 5)
    first.close()
    assert opened().missing(heads) == []


APPENDING = """
store = Store.open(path, key)
while True:
    store.append([DoseDue(AT, "n")], [])
    print(store.head, flush=True)
"""


@pytest.mark.parametrize("lost", ["wal", "all"])
def test_a_killed_writers_head_is_missing_once_its_wal_or_its_file_is_deleted(
    path: Path, opened: Opened, process: Process, lost: str
) -> None:
    running = process(APPENDING)
    assert running.stdout is not None
    acknowledged = [running.stdout.readline().strip() for _ in range(10)]
    running.kill()
    running.wait()
    before = path.with_name("before")
    before.mkdir()
    for file in path.parent.glob("home.db*"):
        shutil.copy(file, before)
    kept = Store.open(before / path.name, bytes(range(32)))
    assert kept.missing([(1, head) for head in acknowledged]) == []  # the kill alone loses nothing
    kept.close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if lost == "all":
        path.unlink()
        with pytest.raises(StoreBroken):
            opened()  # the record beside it says that there was one
        emergency.place(path).unlink()  # a new home was meant, or the whole folder is gone
    newest = (1, acknowledged[-1])
    assert opened().missing([newest]) == [newest]


def test_a_restored_copy_lacks_what_came_after_it_also_when_it_has_grown_longer(
    path: Path, opened: Opened
) -> None:
    first = opened()
    early = filled(first, 3)
    first.close()
    shutil.copy(path, path.with_name("copy"))
    second = opened()
    late = filled(second, 2, "lost")
    second.close()
    shutil.copy(path.with_name("copy"), path)
    restored = opened()
    filled(restored, 10, "new")
    assert restored.missing([*early, *late]) == late
