"""What may be deleted: answered outbox rows, old by a trusted clock, that nothing can ask for again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dispenserd.store import pruning
from dispenserd.store.errors import LocalError
from dispenserd.store.store import Store
from scheduler import events as ev
from scheduler.outbox import Answer, Put

Opened = Callable[..., Store]

BEGAN = datetime(2026, 1, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT_DAYS = 56


def trusted(at: datetime) -> ev.ClockTrusted:
    return ev.ClockTrusted(at, "robot:SN-1")


def told(store: Store, at: datetime, key: str, answered: bool = True) -> None:
    """An order's row put and, as a rule, answered at that instant."""
    store.append([ev.DoseDue(at, key)], [Put("order", key, {"order_id": key})])
    if answered:
        store.append([ev.DoseDue(at, key)], [Answer("order", key)])


def hello(at: datetime, horizon: int, head: int, log_id: str = "log-1") -> ev.RobotIdentified:
    return ev.RobotIdentified(at, "SN-1", "s1", "1.0", "none", "boot-1", log_id, horizon, head, 0, "")


def logged(at: datetime, index: int, log_id: str = "log-1") -> ev.RobotLogged:
    return ev.RobotLogged(at, log_id=log_id, index=index, entry="ended", robot_at=at, boot_id="boot-1")


def pruned(store: Store, now: datetime) -> int:
    return store.prune(store.prunable(now))


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened()


@pytest.fixture
def left(store: Store, behind: Callable[..., Any]) -> Callable[[], list[str]]:
    """The keys that are still in the outbox."""

    def keys() -> list[str]:
        return [row[0] for row in behind("SELECT key FROM outbox ORDER BY id")]

    return keys


def test_a_row_stays_while_a_roll_could_last_and_28_days_more(
    store: Store, left: Callable[[], list[str]]
) -> None:
    store.append([trusted(BEGAN)], [])
    told(store, BEGAN, "old")
    told(store, BEGAN + DAY, "newer")
    rows = store.sequence
    assert pruned(store, BEGAN + KEPT_DAYS * DAY) == 0
    assert pruned(store, BEGAN + KEPT_DAYS * DAY + timedelta(milliseconds=1)) == 1
    assert left() == ["newer"]
    assert store.prove() == rows, "the journal keeps every row"


def test_a_row_that_nobody_answered_stays_for_ever(store: Store, left: Callable[[], list[str]]) -> None:
    store.append([trusted(BEGAN)], [])
    told(store, BEGAN, "waits", answered=False)
    told(store, BEGAN, "had")
    assert pruned(store, BEGAN + 400 * DAY) == 1
    assert left() == ["waits"]
    assert [row.key for row in store.unanswered("order")] == ["waits"]


def test_a_row_asked_for_by_its_number_stays_too_if_it_has_no_answer(
    store: Store, left: Callable[[], list[str]]
) -> None:
    store.append([trusted(BEGAN)], [])
    told(store, BEGAN, "waits", answered=False)
    assert store.prune([1, 2, 3]) == 0
    assert left() == ["waits"]


def test_what_an_untrusted_clock_dated_long_ago_is_no_older_than_the_next_trusted_instant(
    store: Store, left: Callable[[], list[str]]
) -> None:
    """A box that booted in 1970 yesterday: its rows look old enough for anything."""
    in_1970 = datetime(1970, 1, 1, tzinfo=UTC)
    store.append([trusted(BEGAN)], [])
    told(store, BEGAN, "old")
    now = BEGAN + 100 * DAY
    store.append([ev.DaemonStarted(in_1970, "1", "box-0001", 1)], [])
    told(store, in_1970, "yesterday")
    store.append([trusted(now - DAY)], [])
    told(store, now - DAY, "today")
    assert pruned(store, now) == 1
    assert left() == ["yesterday", "today"]


def test_without_any_trusted_instant_nothing_goes(store: Store) -> None:
    told(store, BEGAN, "old")
    assert pruned(store, BEGAN + 400 * DAY) == 0


def test_a_row_stays_while_the_robots_log_still_holds_what_is_28_days_younger(
    store: Store, left: Callable[[], list[str]]
) -> None:
    store.append([trusted(BEGAN), hello(BEGAN, 1, 0)], [])
    for number in range(6):
        at = BEGAN + number * 20 * DAY
        told(store, at, f"order-{number}")
        store.append([logged(at, number + 1)], [])
    now = BEGAN + 400 * DAY
    store.append([hello(now, 1, 6)], [])
    assert pruned(store, now) == 0, "it remembers everything"
    store.append([hello(now, 4, 6)], [])  # entries 4, 5, 6: from day 60 on
    assert pruned(store, now) == 2
    assert left() == ["order-2", "order-3", "order-4", "order-5"], "day 60 - 28 = day 32"


def test_entries_of_an_earlier_log_do_not_keep_rows(store: Store, left: Callable[[], list[str]]) -> None:
    store.append([trusted(BEGAN), hello(BEGAN, 1, 0)], [])
    told(store, BEGAN, "old")
    store.append([logged(BEGAN, 1)], [])
    later = BEGAN + 200 * DAY
    store.append([hello(later, 1, 1, "log-2"), logged(later, 1, "log-2")], [])
    assert pruned(store, later + 2 * DAY) == 1
    assert left() == []


def test_one_night_deletes_a_bounded_number_and_the_oldest_first(
    store: Store, left: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "PRUNED_ROWS_MAX", 3)
    store.append([trusted(BEGAN)], [])
    for number in range(5):
        told(store, BEGAN, f"order-{number}")
    assert pruned(store, BEGAN + 100 * DAY) == 3
    assert left() == ["order-3", "order-4"]


def test_a_key_whose_row_went_may_be_put_by_nobody_before_that(store: Store) -> None:
    """The bound of what makes a request idempotent is the only thing that pruning moves."""
    store.append([trusted(BEGAN)], [])
    told(store, BEGAN, "old")
    pruned(store, BEGAN + 55 * DAY)
    with pytest.raises(LocalError, match="put twice"):
        store.append([ev.DoseDue(BEGAN, "d")], [Put("order", "old", {})])
