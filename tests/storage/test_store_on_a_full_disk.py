"""A disk without room: a commit is whole or refused, nothing after a refusal is taken, room heals it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dispenserd.store import emergency
from tests.storage.small_disk import on_small_disk, python

FULL = """
import json, os, sys
from datetime import UTC, datetime
from pathlib import Path
from dispenserd.store import emergency
from dispenserd.store.errors import StoreBroken
from dispenserd.store.store import Store
from scheduler.events import DoseDue, ReminderGiven
from scheduler.outbox import Put
AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
folder, ballast_kb = Path(sys.argv[1]), int(sys.argv[2])
path, ballast = folder / "home.db", folder / "ballast"
def commits(store):
    n = 0
    while n < 500:
        key = f"{store.sequence}"
        store.append([DoseDue(AT, key)], [Put("order", key, {"long": "x" * 2000})])
        n += 1
    raise AssertionError("never full")
store = Store.open(path, bytes(32))
store.append([DoseDue(AT, "before")], [])
ballast.write_bytes(bytes(1024 * ballast_kb))
acknowledged, reason, refused = 1, "", 0
try:
    commits(store)
except StoreBroken as error:
    acknowledged, reason = store.sequence, error.reason
for use in (lambda: store.append([DoseDue(AT, "after")], []), lambda: list(store.replay())):
    try:
        use()
    except StoreBroken:
        refused += 1
emergency.record(path, emergency.Stop(AT, reason))
store.close()
starts = []
try:
    again = Store.open(path, bytes(32))
    commits(again)
except StoreBroken as error:
    starts.append(error.reason)
again.close() if "again" in globals() else None
told = emergency.read(path)
ballast.unlink()
store = Store.open(path, bytes(32))
events = [event.dose_id for event in store.replay()]
keys = [row.key for row in store.unanswered("order")]
sound = store.verify()
store.append([DoseDue(AT, "room")], [])
emergency.clear(path)
print(json.dumps({
    "acknowledged": acknowledged, "reason": reason, "refused": refused, "starts": starts,
    "told": told.reason if told else "", "told_later": emergency.read(path) is not None,
    "events": events, "keys": keys, "sound": sound.chain_ok and not sound.integrity,
}))
"""


@pytest.mark.parametrize("ballast_kb", [180, 221])
def test_a_full_disk_stops_the_store_and_room_gives_back_all_that_was_acknowledged(
    tmp_path: Path, ballast_kb: int
) -> None:
    said = json.loads(on_small_disk(tmp_path, 400, python(FULL, str(tmp_path), str(ballast_kb))))
    assert said["reason"] == "disk_full"
    assert said["refused"] == 2, "used after it failed"
    assert said["starts"] in (["disk_full"], [])
    assert said["told"] == "disk_full", "the record had room although nothing else had"
    assert not said["told_later"]
    assert said["sound"]
    kept = said["events"]
    assert kept == ["before", *(str(n) for n in range(1, len(kept)))]
    assert len(kept) >= said["acknowledged"]
    assert said["keys"] == kept[1:], "an event without its outbox row"


def test_a_record_that_rotted_says_that_the_store_stopped(tmp_path: Path) -> None:
    store = tmp_path / "home.db"
    emergency.prepare(store)
    assert emergency.read(store) is None
    path = emergency.place(store)
    whole = path.read_bytes()
    for at in (0, 15, 24, 26):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        stop = emergency.read(store)
        assert stop is not None and stop.reason == "unreadable"
    path.write_bytes(b"")
    stop = emergency.read(store)
    assert stop is not None
    emergency.clear(store)
    assert emergency.read(store) is None
