"""Append, replay, outboxes and the chain, on a real encrypted file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from dispenserd.home import OutboxRow
from dispenserd.store.chain import GENESIS, link
from dispenserd.store.errors import ChainBroken, LocalError, StoreBroken, StoreFormatError
from dispenserd.store.store import CHECKPOINT_COMMITS, CHUNK_ROWS, Store
from scheduler.events import DoseDue, DoseHeld, Event, PressSpent, ReminderGiven
from scheduler.outbox import Answer, Put
from scheduler.record import RecordError

AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
Opened = Callable[..., Store]


def reminders(count: int, first: int = 1) -> list[Event]:
    return [ReminderGiven(AT + timedelta(seconds=n), "d", n) for n in range(first, first + count)]


def test_a_new_store_is_empty_in_its_first_epoch(opened: Opened) -> None:
    store = opened()
    assert (store.epoch, store.sequence, store.head) == (1, 0, GENESIS)
    assert list(store.replay()) == []
    assert list(store.rows()) == []
    assert store.verify().rows == 0


def test_what_was_appended_is_replayed_in_order_also_after_a_restart(opened: Opened) -> None:
    store = opened()
    events: list[Event] = [DoseDue(AT, "d1"), *reminders(3), DoseHeld(AT, "d1", "label_mismatch", "Ø-12 ✓")]
    store.append(events[:1], [])
    store.append(events[1:], [])
    head = store.head
    assert list(store.replay()) == events
    store.close()
    again = opened()
    assert list(again.replay()) == events
    assert (again.epoch, again.sequence, again.head) == (1, 5, head)
    again.append([PressSpent(AT, "old")], [])
    assert list(again.replay()) == [*events, PressSpent(AT, "old")]


def test_a_hash_covers_the_row_before_and_the_canonical_json_of_this_one(opened: Opened) -> None:
    store = opened()
    store.append([DoseDue(AT, "d1"), DoseHeld(AT, "dø", "no_manifest", '"\\')], [])
    previous = bytes(32)
    for row in store.rows():
        covered = {"sequence": row.sequence, "epoch": row.epoch, "kind": row.kind, "body": row.body}
        text = json.dumps(covered, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(previous + text.encode()).digest()
        assert (row.previous, row.hash) == (previous.hex(), digest.hex())
        previous = digest
    assert store.head == previous.hex()


def test_rows_start_after_a_sequence_and_stop_at_a_limit(opened: Opened) -> None:
    store = opened()
    count = 2 * CHUNK_ROWS + 3
    store.append(reminders(count), [])
    assert [row.sequence for row in store.rows()] == list(range(1, count + 1))
    assert [row.sequence for row in store.rows(count - 2)] == [count - 1, count]
    assert [row.sequence for row in store.rows(CHUNK_ROWS - 1, 3)] == [CHUNK_ROWS + n for n in range(3)]
    assert list(store.rows(0, 0)) == []
    assert list(store.rows(count)) == []
    assert store.verify().rows == len(list(store.replay())) == count


def test_a_row_shows_kind_time_and_fields(opened: Opened) -> None:
    store = opened()
    store.append([DoseDue(AT, "d1")], [])
    row = next(store.rows())
    assert (row.kind, row.at) == ("DoseDue", "2026-11-02T07:00:00.000Z")
    assert row.body == {"at": "2026-11-02T07:00:00.000Z", "dose_id": "d1", "outage": False}


def test_rows_may_be_read_while_more_are_appended(opened: Opened) -> None:
    store = opened()
    store.append(reminders(CHUNK_ROWS), [])
    reading = store.rows()
    next(reading)
    store.append(reminders(2, first=CHUNK_ROWS + 1), [])
    assert [row.sequence for row in reading] == list(range(2, CHUNK_ROWS + 3))


def test_a_put_is_unanswered_with_the_event_id_of_the_last_event_of_its_batch(opened: Opened) -> None:
    store = opened()
    store.append(reminders(2), [Put("incident", "i/1", {"n": 1, "text": "ø"})])
    first = f"1-{store.head}"
    store.append(reminders(2), [Put("order", "o1", {}), Put("incident", "i/2", {"n": [None, True]})])
    second = f"1-{store.head}"
    assert store.unanswered("incident") == [
        OutboxRow("incident", "i/1", first, {"n": 1, "text": "ø"}),
        OutboxRow("incident", "i/2", second, {"n": [None, True]}),
    ]
    assert store.unanswered("order") == [OutboxRow("order", "o1", second, {})]
    assert store.unanswered("administration") == []


def test_an_answered_row_is_gone_for_good_and_survives_nothing_else(opened: Opened) -> None:
    store = opened()
    store.append(reminders(1), [Put("incident", "i/1", {}), Put("order", "i/1", {}), Put("order", "o2", {})])
    store.append(reminders(1), [Answer("order", "i/1")])
    store.close()
    again = opened()
    assert [row.key for row in again.unanswered("order")] == ["o2"]
    assert [row.key for row in again.unanswered("incident")] == ["i/1"]


def test_answering_an_unknown_or_answered_row_changes_nothing(
    opened: Opened, behind: Callable[..., Any]
) -> None:
    store = opened()
    store.append(reminders(1), [Put("order", "o1", {})])
    store.append(reminders(1), [Answer("order", "o1"), Answer("order", "o9"), Answer("incident", "o1")])
    store.append(reminders(1), [Answer("order", "o1")])
    assert store.unanswered("order") == []
    store.close()
    assert behind("SELECT key, sequence, answered_sequence FROM outbox") == [("o1", 1, 2)]


def test_a_row_put_and_answered_in_one_batch_is_answered(opened: Opened) -> None:
    store = opened()
    store.append(reminders(1), [Put("order", "o1", {}), Answer("order", "o1")])
    assert store.unanswered("order") == []


@pytest.mark.parametrize("answered", [False, True])
def test_putting_a_key_again_is_our_bug_and_leaves_nothing_of_the_batch(
    opened: Opened, answered: bool
) -> None:
    store = opened()
    store.append(reminders(1), [Put("order", "o1", {"n": 1})])
    if answered:
        store.append(reminders(1), [Answer("order", "o1")])
    before = list(store.replay())
    with pytest.raises(LocalError):
        store.append(reminders(3), [Put("order", "o2", {}), Put("order", "o1", {"n": 2})])
    with pytest.raises(StoreBroken):
        store.append(reminders(1), [])
    store.close()
    again = opened()
    assert list(again.replay()) == before
    assert [row.key for row in again.unanswered("order")] == ([] if answered else ["o1"])


def test_an_outbox_change_without_an_event_is_our_bug_and_nothing_at_all_is_nothing(opened: Opened) -> None:
    store = opened()
    with pytest.raises(LocalError):
        store.append([], [Put("order", "o1", {})])
    store.append([], [])
    assert store.sequence == 0
    assert store.unanswered("order") == []


def test_an_event_that_could_not_be_read_again_is_not_written(opened: Opened) -> None:
    store = opened()
    with pytest.raises(RecordError):
        store.append([DoseDue(AT, "d"), DoseDue(AT, cast(Any, None))], [])
    assert store.sequence == 0
    store.append([DoseDue(AT, "d")], [])
    assert list(store.replay()) == [DoseDue(AT, "d")]


def test_a_row_of_an_unknown_event_says_that_another_version_wrote_it(
    opened: Opened, behind: Callable[..., Any]
) -> None:
    store = opened()
    store.append([DoseDue(AT, "d")], [])
    head = store.head
    store.close()
    newer = (2, 1, "then", "DoseSung", '{"at":"then"}', head, link(head, 2, 1, "DoseSung", '{"at":"then"}'))
    behind("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", values=newer)
    again = opened()
    replay = again.replay()
    assert next(replay) == DoseDue(AT, "d")
    with pytest.raises(StoreFormatError, match=r"Row 2 .*'DoseSung'"):
        next(replay)
    assert again.verify().chain_ok


def test_many_commits_are_moved_into_the_file_so_that_the_wal_stays_small(opened: Opened, path: Path) -> None:
    store = opened()
    wal = path.with_name(path.name + "-wal")
    for n in range(CHECKPOINT_COMMITS):
        store.append(reminders(1, n), [])
    high = wal.stat().st_size
    for n in range(CHECKPOINT_COMMITS):
        store.append(reminders(1, n), [])
    assert wal.stat().st_size < 1.2 * high
    assert path.stat().st_size > 100_000


def test_a_closed_store_refuses_and_may_be_closed_again(opened: Opened) -> None:
    store = opened()
    store.close()
    store.close()
    for use in (lambda: store.append([DoseDue(AT, "d")], []), lambda: list(store.replay()), store.integrity):
        with pytest.raises(StoreBroken):
            use()


def test_the_errors_say_what_happened_what_it_means_and_what_to_do() -> None:
    broken = ChainBroken(7)
    assert broken.sequence == 7
    assert "7" in broken.what
    assert broken.meaning
    assert broken.next_step
