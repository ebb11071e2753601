"""A journal that was changed behind our back, and a file whose bytes rotted: found, and where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dispenserd.store.chain import link
from dispenserd.store.errors import ChainBroken, StoreBroken, StoreKeyError
from dispenserd.store.store import CHUNK_ROWS, Store
from scheduler.events import DoseDue, ReminderGiven
from scheduler.outbox import Put

AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
PAGE_BYTES = 4096
UNOPENED = ["a page that opening reads"]
Opened = Callable[..., Store]
Behind = Callable[..., Any]


@pytest.fixture
def written(opened: Opened) -> None:
    """Ten rows in a closed store."""
    store = opened()
    for n in range(1, 11):
        store.append([ReminderGiven(AT, "dose", n)], [Put("incident", f"i/{n}", {"n": n})])
    store.close()


@pytest.mark.parametrize(
    ("tampering", "first_bad"),
    [
        ("UPDATE journal SET body = replace(body, '\"number\":3', '\"number\":4') WHERE sequence = 3", 3),
        ("UPDATE journal SET body = replace(body, ':', ': ') WHERE sequence = 3", 3),
        ("UPDATE journal SET body = 'nothing' WHERE sequence = 3", 3),
        ("UPDATE journal SET body = '[]' WHERE sequence = 3", 3),
        ("UPDATE journal SET kind = 'DoseDue' WHERE sequence = 3", 3),
        ("UPDATE journal SET at = '2026-11-02T08:00:00.000Z' WHERE sequence = 3", 3),
        ("UPDATE journal SET epoch = 2 WHERE sequence = 3", 3),
        ("UPDATE journal SET hash = replace(hash, 'a', 'b') WHERE sequence = 3", 3),
        ("UPDATE journal SET hash = 'no hash' WHERE sequence = 10", 10),
        ("UPDATE journal SET previous = replace(previous, 'a', 'b') WHERE sequence = 3", 3),
        ("DELETE FROM journal WHERE sequence = 3", 3),
        ("DELETE FROM journal WHERE sequence = 1", 1),
        ("UPDATE journal SET sequence = 0 WHERE sequence = 1", 1),
        (
            "INSERT INTO journal SELECT 11, epoch, at, kind, body, previous, hash "
            "FROM journal WHERE sequence = 10",
            11,
        ),
    ],
)
@pytest.mark.usefixtures("written")
def test_a_tampered_row_is_found_by_replay_and_verify_with_its_number(
    opened: Opened, behind: Behind, tampering: str, first_bad: int
) -> None:
    behind(tampering)
    store = opened()
    replayed = []
    with pytest.raises(ChainBroken) as found:
        for event in store.replay():
            replayed.append(event)
    assert found.value.sequence == first_bad
    assert replayed == [ReminderGiven(AT, "dose", n) for n in range(1, first_bad)]
    report = opened_again(opened, store).verify()
    assert (report.rows, report.chain_ok, report.first_bad) == (first_bad - 1, False, first_bad)


@pytest.mark.usefixtures("written")
def test_a_row_rehashed_by_somebody_with_the_key_is_found_at_the_next_one(
    opened: Opened, behind: Behind
) -> None:
    [(previous, body)] = behind("SELECT previous, body FROM journal WHERE sequence = 3")
    forged = body.replace('"number":3', '"number":9')
    rehashed = link(previous, 3, 1, "ReminderGiven", forged)
    behind("UPDATE journal SET body = ?, hash = ? WHERE sequence = 3", values=(forged, rehashed))
    assert opened().verify().first_bad == 4


def test_a_row_rehashed_with_text_behind_its_body_is_found(
    written: None, opened: Opened, behind: Behind
) -> None:
    [(previous, kind, body)] = behind("SELECT previous, kind, body FROM journal WHERE sequence = 10")
    hashed = link(previous, 10, 1, kind, f"{body} ")
    behind("UPDATE journal SET body = ?, hash = ? WHERE sequence = 10", values=(f"{body} ", hashed))
    store = opened()
    assert store.verify().first_bad == 10
    with pytest.raises(ChainBroken):
        list(store.replay())


def test_a_tampered_row_beyond_the_first_chunk_is_found(opened: Opened, behind: Behind) -> None:
    store = opened()
    store.append([DoseDue(AT, "d")] * (CHUNK_ROWS + 5), [])
    store.close()
    behind("UPDATE journal SET kind = 'DoseHeld' WHERE sequence = ?", values=(CHUNK_ROWS + 2,))
    assert opened().verify().first_bad == CHUNK_ROWS + 2


@pytest.mark.usefixtures("written")
def test_an_outbox_row_whose_event_was_cut_off_is_found(opened: Opened, behind: Behind) -> None:
    behind("DELETE FROM journal WHERE sequence = 10")
    report = opened().verify()
    assert report.chain_ok  # a chain can't see its own missing end
    assert report.integrity == ["row 10 of outbox points nowhere"]


@pytest.mark.usefixtures("written")
def test_a_flipped_byte_in_any_page_is_found(opened: Opened, path: Path) -> None:
    whole = path.read_bytes()
    pages = len(whole) // PAGE_BYTES
    assert pages > 5
    unopened = 0
    for page in range(1, pages):
        offset = page * PAGE_BYTES + (page * 977) % PAGE_BYTES
        path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
        found = faults(opened)
        assert any(f"page {page + 1}" in fault for fault in found) or found == UNOPENED, page
        unopened += found == UNOPENED
    assert unopened < pages / 2
    path.write_bytes(whole)
    assert opened().verify().integrity == []


@pytest.mark.parametrize("offset", [0, 15, 16, 100, 4095])
@pytest.mark.usefixtures("written")
def test_a_flipped_byte_in_the_first_page_is_a_store_that_no_key_opens(
    opened: Opened, path: Path, offset: int
) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:offset] + bytes([whole[offset] ^ 1]) + whole[offset + 1 :])
    with pytest.raises(StoreKeyError) as refused:
        opened()
    assert "damaged" in refused.value.meaning


@pytest.mark.usefixtures("written")
def test_a_file_cut_short_is_found(opened: Opened, path: Path) -> None:
    path.write_bytes(path.read_bytes()[: -2 * PAGE_BYTES])
    assert faults(opened)


def faults(opened: Opened) -> list[str]:
    """What verifying says about the file; a page that opening itself reads refuses to open."""
    try:
        store = opened(readonly=True)
    except StoreBroken:
        return UNOPENED
    try:
        return store.verify().integrity
    finally:
        store.close()


def opened_again(opened: Opened, store: Store) -> Store:
    store.close()
    return opened(readonly=True)
