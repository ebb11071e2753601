"""Real processes on a real file: killed at any moment, out of room. What was acknowledged is there, whole."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dispenserd.store.store import Store
from scheduler.events import DoseDue, ReminderGiven

Opened = Callable[..., Store]
Process = Callable[[str], "subprocess.Popen[str]"]

APPENDING = """
store = Store.open(path, key)
while True:
    n = store.sequence
    store.append(
        [DoseDue(AT, str(n)), *(ReminderGiven(AT, str(n), r) for r in (1, 2, 3))],
        [Put("order", f"{n}", {"n": n}), Put("incident", f"{n}", {"n": n}), Answer("order", f"{n - 4}")],
    )
    print(store.sequence, flush=True)
"""
BATCH_EVENTS = 4

FULL_DISK = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = Store.open(path, key)
store.append([DoseDue(AT, "before")], [Put("order", "before", {})])
room = max(file.stat().st_size for file in path.parent.iterdir()) + 20_000
resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
acknowledged = 0
try:
    for n in range(1000):
        store.append([DoseDue(AT, f"{n}")], [Put("order", f"{n}", {"n": n})])
        acknowledged += 1
except StoreBroken as error:
    print(acknowledged, error.what)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for use in (
    lambda: store.append([DoseDue(AT, "after")], []),
    lambda: list(store.replay()),
    lambda: store.unanswered("order"),
):
    try:
        use()
        print("used")
    except StoreBroken:
        print("refused")
store.close()
"""

NO_ROOM_TO_BEGIN = """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, resource.RLIM_INFINITY))
try:
    Store.open(path, key)
except StoreBroken as error:
    print("broken")
"""


@pytest.mark.parametrize("acknowledgements", [1, 2, 7, 20, 45])
def test_what_a_killed_process_acknowledged_is_there_and_every_batch_is_whole(
    opened: Opened, process: Process, acknowledgements: int
) -> None:
    child = process(APPENDING)
    assert child.stdout is not None
    said = [child.stdout.readline() for _ in range(acknowledgements)]
    child.kill()
    acknowledged = int([*said, *child.stdout][-1])
    child.wait()

    store = opened()
    assert store.sequence >= acknowledged
    assert store.sequence % BATCH_EVENTS == 0
    events = list(store.replay())
    batches = store.sequence // BATCH_EVENTS
    assert [event.dose_id for event in events if isinstance(event, DoseDue)] == [
        str(BATCH_EVENTS * n) for n in range(batches)
    ]
    assert sum(isinstance(event, ReminderGiven) for event in events) == 3 * batches
    hashes = [row.hash for row in store.rows()]
    assert [row.event_id for row in store.unanswered("incident")] == [
        f"1-{hashes[BATCH_EVENTS * (n + 1) - 1]}" for n in range(batches)
    ]
    assert [row.body for row in store.unanswered("order")] == [{"n": BATCH_EVENTS * (batches - 1)}]
    assert store.verify().integrity == []


def test_a_store_killed_again_and_again_goes_on_where_it_was(opened: Opened, process: Process) -> None:
    acknowledged = 0
    for _ in range(3):
        child = process(APPENDING)
        assert child.stdout is not None
        last = [int(child.stdout.readline()) for _ in range(3)][-1]
        child.kill()
        child.wait()
        assert last >= acknowledged + 3 * BATCH_EVENTS
        acknowledged = last
    store = opened()
    assert store.sequence >= acknowledged
    assert store.verify().chain_ok


def test_a_full_disk_breaks_the_store_for_good_and_loses_nothing_acknowledged(
    opened: Opened, process: Process
) -> None:
    said = process(FULL_DISK).communicate()[0].splitlines()
    acknowledged, what = said[0].split(" ", 1)
    assert what.startswith("The store failed: SQLITE_")
    assert int(acknowledged) < 999
    assert said[1:] == ["refused", "refused", "refused"]

    store = opened()
    doses = [event.dose_id for event in store.replay() if isinstance(event, DoseDue)]
    assert doses[: 1 + int(acknowledged)] == ["before", *(str(n) for n in range(int(acknowledged)))]
    assert len(doses) <= 2 + int(acknowledged)  # the one that failed may be on disk, never one after it
    assert [row.key for row in store.unanswered("order")] == doses
    assert store.verify().integrity == []
    store.append([], [])


def test_a_store_that_had_no_room_to_begin_begins_at_the_next_start(
    opened: Opened, process: Process, path: Path
) -> None:
    assert process(NO_ROOM_TO_BEGIN).communicate()[0] == "broken\n"
    assert path.exists()
    assert opened().sequence == 0
