"""The power goes between any two system calls: what was acknowledged is there, whole.

A sample of the campaign `python -m tests.storage.power_loss`, and the proof that it would notice: the same
lives with a fault planted in what the store relies on.
"""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.storage.disk_model import SECTOR_BYTES, Disk
from tests.storage.power_loss import campaign, record
from tests.storage.recorded_lives import LIVES, Life
from tests.storage.syscalls import Made, Removed, Renamed, Said, Synced, Written

STATES = 25
SEED = 1
LIFE = {life.name: life for life in LIVES}
SAMPLED = (
    "store",
    "store_failed_fsync_8_killed",
    "store_failed_fsync_9_closed",
    "robot_memory",
    "oncall_key",
    "store_key",
    "oncall",
)


@pytest.mark.parametrize("name", SAMPLED)
def test_a_power_loss_at_any_point_takes_nothing_that_was_acknowledged(name: str) -> None:
    found = campaign(LIFE[name], STATES, SEED)
    assert found.violations == []
    assert found.acknowledgements > 0 and found.states > 4


@pytest.mark.parametrize("bug", ["NORMAL"])
def test_a_store_that_does_not_sync_every_commit_is_caught(bug: str) -> None:
    life = LIFE["store"]
    assert campaign(replace(life, stages=life.stages[:1]), 2 * STATES, SEED, bug).violations


def test_a_start_writes_the_wal_of_an_earlier_process_again_first(tmp_path: Path) -> None:
    """After a failed fsync the cache shows what the disk lacks, and a later fsync says nothing of it."""
    folder = tmp_path / "life"
    folder.mkdir()
    life = LIFE["store_failed_fsync_8_killed"]
    before = record(replace(life, stages=life.stages[:1]), folder)
    found = (folder / "home.db-wal").read_bytes()
    assert found and isinstance(before[-1], Said)
    again = record(replace(life, stages=life.stages[2:]), folder)
    first = [step for step in again if isinstance(step, Written | Synced)][:2]
    assert first == [Written(f"{folder}/home.db-wal", 0, found), Synced(f"{folder}/home.db-wal", ok=True)]


def states(*steps: Made | Written | Synced | Renamed | Removed) -> set[tuple[tuple[str, bytes], ...]]:
    disk = Disk()
    for step in steps:
        disk.take(step)
    left = disk.after_power_loss(random.Random(SEED), 50)
    return {tuple(sorted(state.items())) for state in left}


BASE = (Made("/d/a"), Written("/d/a", 0, b"old"), Synced("/d/a", ok=True), Synced("/d", ok=True))


def test_what_was_synced_stays_and_what_was_not_is_kept_dropped_or_torn() -> None:
    assert states(*BASE) == {(("/d/a", b"old"),)}
    assert states(*BASE, Written("/d/a", 0, b"new")) == {(("/d/a", b"old"),), (("/d/a", b"new"),)}
    long = b"x" * 2 * SECTOR_BYTES
    torn = states(*BASE, Written("/d/a", 0, long))
    assert (("/d/a", b"old".ljust(SECTOR_BYTES, b"\0") + b"x" * SECTOR_BYTES),) in torn
    assert (("/d/a", b"xxx"),) in torn


def test_a_name_is_there_only_once_its_folder_was_synced() -> None:
    fresh = (Made("/d/a"), Written("/d/a", 0, b"new"), Synced("/d/a", ok=True))
    assert states(*fresh) == {(), (("/d/a", b"new"),)}
    assert states(*BASE, Removed("/d/a")) == {(), (("/d/a", b"old"),)}
    other = (Made("/d/b"), Written("/d/b", 0, b"new"), Renamed("/d/b", "/d/a"))
    assert (("/d/a", b""),) in states(*BASE, *other), "renamed before it was synced"


def test_a_later_fsync_says_nothing_of_what_an_earlier_one_failed_to_write() -> None:
    failed = (*BASE, Written("/d/a", 0, b"new"), Synced("/d/a", ok=False), Synced("/d/a", ok=True))
    assert states(*failed) == {(("/d/a", b"old"),), (("/d/a", b"new"),)}
    again = (*failed, Written("/d/a", 0, b"new"), Synced("/d/a", ok=True))
    assert states(*again) == {(("/d/a", b"new"),)}


def test_every_life_has_a_name_of_its_own() -> None:
    names = [life.name for life in LIVES if isinstance(life, Life)]
    assert len(set(names)) == len(names)


def test_a_size_whose_fsync_failed_is_on_disk_once_the_file_is_written_to_its_end_again() -> None:
    grown = (*BASE, Written("/d/a", 3, b"new"), Synced("/d/a", ok=False))
    left = states(*grown, Written("/d/a", 0, b"old"), Synced("/d/a", ok=True))
    assert {len(content) for state in left for _, content in state} == {3, 6}, "its end was not written again"
    left = states(*grown, Written("/d/a", 0, b"oldnew"), Synced("/d/a", ok=True))
    assert left == {(("/d/a", b"oldnew"),)}
