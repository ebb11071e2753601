"""The store behind its own thread: the loop never waits, and what went wrong there is raised here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from sqlcipher3 import dbapi2

from dispenserd.store.chain import GENESIS
from dispenserd.store.errors import (
    ChainBroken,
    LocalError,
    NotProven,
    StoreBroken,
    StoreInUse,
    StoreKeyError,
)
from dispenserd.store.store import Store
from dispenserd.store.thread import StoreThread
from scheduler.events import DoseDue
from scheduler.outbox import Put

AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def thread(path: Path, key: bytes) -> AsyncIterator[StoreThread]:
    store = await StoreThread.open(path, key)
    yield store
    await store.close()


async def test_appends_and_reads_run_on_the_stores_own_thread(thread: StoreThread) -> None:
    assert thread.head == (1, GENESIS)
    await thread.append([DoseDue(AT, "d1"), DoseDue(AT, "d2")], [Put("order", "o", {"n": 1})])
    epoch, head = thread.head
    assert thread.sequence == 2
    assert await thread.replay() == [DoseDue(AT, "d1"), DoseDue(AT, "d2")]
    assert [row.event_id for row in await thread.unanswered("order")] == [f"{epoch}-{head}"]
    assert await thread.integrity() == []
    assert [each.name for each in threading.enumerate() if each.name.startswith("store")] == ["store_0"]


async def test_a_fold_takes_every_event_once_and_in_order(thread: StoreThread) -> None:
    for number in range(3):
        await thread.append([DoseDue(AT, f"d{number}")], [])
    seen = await thread.folded((), lambda before, event: (*before, event))  # type: ignore[arg-type,return-value]
    assert list(seen) == await thread.replay()


async def test_appends_made_at_once_are_committed_in_the_order_they_were_made(thread: StoreThread) -> None:
    doses = [str(n) for n in range(50)]
    await asyncio.gather(*(thread.append([DoseDue(AT, dose)], []) for dose in doses))
    assert await thread.replay() == [DoseDue(AT, dose) for dose in doses]


async def test_the_loop_turns_while_the_disk_is_slow(thread: StoreThread, path: Path, key: bytes) -> None:
    slow = dbapi2.connect(str(path), isolation_level=None)
    slow.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    slow.execute("BEGIN IMMEDIATE")
    append = asyncio.ensure_future(thread.append([DoseDue(AT, "d")], []))
    turns = 0
    for _ in range(20):
        await asyncio.sleep(0.01)
        turns += 1
    assert turns == 20
    assert not append.done()
    slow.execute("ROLLBACK")
    slow.close()
    await append
    assert await thread.replay() == [DoseDue(AT, "d")]


async def test_errors_of_the_store_are_raised_to_the_caller_and_it_stays_broken(thread: StoreThread) -> None:
    await thread.append([DoseDue(AT, "d")], [Put("order", "o", {})])
    with pytest.raises(LocalError):
        await thread.append([DoseDue(AT, "d")], [Put("order", "o", {})])
    with pytest.raises(StoreBroken):
        await thread.append([DoseDue(AT, "d")], [])


async def test_a_failed_opening_raises_and_leaves_no_thread_and_no_lock(
    thread: StoreThread, path: Path, key: bytes
) -> None:
    with pytest.raises(StoreInUse):
        await StoreThread.open(path, key)
    await thread.close()
    with pytest.raises(StoreKeyError):
        await StoreThread.open(path, bytes(32))
    for each in threading.enumerate():
        if each.name.startswith("store"):
            each.join(timeout=5)
            assert not each.is_alive()
    Store.open(path, key).close()


async def test_a_closed_one_refuses_and_may_be_closed_again(thread: StoreThread) -> None:
    await thread.close()
    await thread.close()
    with pytest.raises(StoreBroken):
        await thread.append([DoseDue(AT, "d")], [])


async def test_a_cancelled_append_is_finished_by_the_thread(thread: StoreThread) -> None:
    append = asyncio.ensure_future(thread.append([DoseDue(AT, "d")], []))
    await asyncio.sleep(0)
    append.cancel()
    with pytest.raises(asyncio.CancelledError):
        await append
    assert await thread.replay() in ([], [DoseDue(AT, "d")])
    await thread.append([DoseDue(AT, "after")], [])
    assert (await thread.replay())[-1] == DoseDue(AT, "after")


# --- the nightly look ---------------------------------------------------------------------------------


async def test_a_whole_store_is_proven_beside_the_commits(thread: StoreThread) -> None:
    await thread.append([DoseDue(AT, f"d{number}") for number in range(5000)], [])
    proving = asyncio.create_task(thread.prove())
    commits = 0
    while not proving.done():
        await thread.append([DoseDue(AT, "more")], [])
        commits += 1
    assert await proving >= 5000
    assert commits > 3, "a commit never waits for it"


def flip(path: Path) -> None:
    """A bit in the middle of the file."""
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0x40
    path.write_bytes(bytes(damaged))


def take_away(path: Path, instead: bytes) -> None:
    """Under a process that has it open; `instead` of it, unless that is empty."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
    if instead:
        path.write_bytes(instead)


async def test_a_damaged_page_is_found_while_the_store_is_in_use(thread: StoreThread, path: Path) -> None:
    await thread.append([DoseDue(AT, f"d{number}") for number in range(2000)], [])
    await thread._run(thread._store._checkpoint)
    flip(path)
    with pytest.raises(StoreBroken) as found:
        await thread.prove()
    assert found.value.reason == "damaged"


async def test_a_row_changed_by_somebody_with_the_key_is_found(
    thread: StoreThread, path: Path, key: bytes
) -> None:
    await thread.append([DoseDue(AT, "d1"), DoseDue(AT, "d2")], [])
    other = dbapi2.connect(str(path), isolation_level=None)
    other.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    other.execute("UPDATE journal SET kind = 'ReminderGiven' WHERE sequence = 1")
    other.close()
    with pytest.raises(ChainBroken):
        await thread.prove()


@pytest.mark.parametrize("older_copy", [False, True])
async def test_a_file_that_is_no_longer_ours_is_found(
    thread: StoreThread, path: Path, older_copy: bool
) -> None:
    """This connection goes on writing where no start will look."""
    await thread.append([DoseDue(AT, "d1")], [])
    await thread._run(thread._store._checkpoint)
    copy = await asyncio.to_thread(path.read_bytes)
    await thread.append([DoseDue(AT, "d2")], [])
    take_away(path, copy if older_copy else b"")
    with pytest.raises(StoreBroken) as found:
        await thread.prove()
    assert found.value.reason == "damaged"
    await thread.append([DoseDue(AT, "d3")], [])


async def test_what_only_the_second_reader_finds_ends_nothing(
    thread: StoreThread, path: Path, key: bytes
) -> None:
    await thread.append([DoseDue(AT, "d1")], [])

    class Torn(Store):
        """A page that a checkpoint was just writing."""

        def integrity(self) -> list[str]:
            return ["page 2 failed its check"]

    thread._beside = lambda: Torn.open(path, key, readonly=True)
    with pytest.raises(NotProven):
        await thread.prove()
    await thread.append([DoseDue(AT, "d2")], [])
    assert thread.sequence == 2
