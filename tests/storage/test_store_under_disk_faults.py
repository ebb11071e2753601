"""The n-th system call of the real store fails, once or for good: it stops, and nothing acknowledged goes.

The kernel's answer is what is changed (strace), nothing of the program.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from dispenserd.store.store import Store
from scheduler.events import DoseDue
from tests.storage.syscalls import ROOT, Fault, faulted, python

KEY = bytes(range(32))
COMMITS = 9

APPENDING = """
import json, sys
from datetime import UTC, datetime
from pathlib import Path
from dispenserd.store import store as module
from dispenserd.store.errors import StoreError
from scheduler.events import DoseDue
from scheduler.outbox import Put
AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
module.CHECKPOINT_COMMITS = 4
acknowledged, reason, used, store = 0, "", False, None
try:
    store = module.Store.open(Path(sys.argv[1]), bytes(range(32)))
    acknowledged = store.sequence
    for n in range(int(sys.argv[2])):
        store.append([DoseDue(AT, f"{store.sequence}")], [Put("order", f"{store.sequence}", {"n": n})])
        acknowledged = store.sequence
except StoreError as error:
    reason = error.reason
if store is not None and reason:
    for use in (lambda: store.append([DoseDue(AT, "later")], []), lambda: store.unanswered("order")):
        try:
            use()
            used = True
        except StoreError:
            pass
print(json.dumps({"acknowledged": acknowledged, "reason": reason, "used": used}), flush=True)
if store is not None:
    store.close()
"""

FAULTS = [
    ("pwrite64", "EIO", 3, False),
    ("pwrite64", "ENOSPC", 21, True),
    ("fsync", "EIO", 1, False),  # what an earlier process may have left unwritten
    ("fsync", "EIO", 5, False),  # the folder
    ("fsync", "EIO", 6, True),  # a commit
    ("fsync", "EIO", 9, False),  # the file, in a checkpoint
    ("ftruncate", "EIO", 1, True),
    ("openat", "EROFS", 1, True),
]
"""The n-th of these calls on the store's file, its WAL and their folder."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with two commits."""
    path = tmp_path / "home.db"
    said = run(python(APPENDING, str(path), "2"))
    assert said == {"acknowledged": 2, "reason": "", "used": False}
    return path


@pytest.mark.parametrize(("call", "error", "nth", "for_good"), FAULTS)
def test_a_failing_call_stops_the_store_and_loses_nothing_acknowledged(
    path: Path, call: str, error: str, nth: int, for_good: bool
) -> None:
    watched = (path, path.with_name("home.db-wal"), path.parent)
    fault = Fault(call, error, nth, for_good, watched)
    log = path.with_name("strace.log")
    said = run(faulted(python(APPENDING, str(path), str(COMMITS)), fault, log))
    assert "INJECTED" in log.read_text(), "it makes fewer of these calls"
    assert not said["used"], "used after it failed"
    assert said["reason"] or said["acknowledged"] == 2 + COMMITS, "stopped without a reason"
    kept = whole(path)
    acknowledged = int(str(said["acknowledged"]))
    assert max(2, acknowledged) <= kept <= max(2, acknowledged) + 1


def run(command: list[str]) -> dict[str, object]:
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 0, ended.stderr[-2000:]
    said: dict[str, object] = json.loads(ended.stdout)
    return said


def whole(path: Path) -> int:
    """How many commits a new start finds, each with its outbox row; it goes on with one more."""
    with closing(Store.open(path, KEY)) as store:
        events = [event.dose_id for event in store.replay() if isinstance(event, DoseDue)]
        assert events == [str(n) for n in range(len(events))]
        assert [row.key for row in store.unanswered("order")] == events
        assert store.verify().integrity == []
        return len(events)
