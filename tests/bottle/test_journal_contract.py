"""One contract for two journals: the bottle's in memory, and the real store on its thread and encrypted file.

What the bottle proves is worth as much as its journal is like the real one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

from dispenserd.engine import Journal
from dispenserd.home import Head
from dispenserd.store.errors import LocalError, StoreBroken
from dispenserd.store.thread import StoreThread
from scheduler.events import DoseDue, EpochBegun, Event, ReminderGiven
from scheduler.outbox import Answer, Change, Put
from scheduler.record import RecordError
from tests.bottle.fuse import Died, Fuse
from tests.bottle.journal import BottleJournal, Disk

KEY = bytes(range(32))
AT = datetime(2026, 11, 2, 7, tzinfo=UTC)
GENESIS = "0" * 64


class Kept(Protocol):
    """What outlives a process, whoever keeps it."""

    async def begin(self) -> Journal:
        """A new life's view of it; the one before has ended."""

    async def rows(self) -> Sequence[Event]:
        """All that a new life would replay. Ends the present one."""


class InMemory:
    def __init__(self) -> None:
        self._disk = Disk()

    async def begin(self) -> Journal:
        return BottleJournal(self._disk, Fuse())

    async def rows(self) -> Sequence[Event]:
        return self._disk.rows


class OnDisk:
    def __init__(self, path: Path, lives: AsyncExitStack) -> None:
        self._path = path
        self._lives = lives
        self._store: StoreThread | None = None

    async def begin(self) -> Journal:
        if self._store is not None:
            await self._store.close()
        self._store = await StoreThread.open(self._path, KEY)
        self._lives.push_async_callback(self._store.close)
        return self._store

    async def rows(self) -> Sequence[Event]:
        await self.begin()
        assert self._store is not None
        return await self._store.replay()


New = Callable[[], Kept]


@pytest.fixture(params=["bottle", "store"])
async def new(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[New]:
    """A new, empty one."""
    async with AsyncExitStack() as lives:
        paths = iter(tmp_path / f"home{number}.db" for number in range(9))
        yield lambda: InMemory() if request.param == "bottle" else OnDisk(next(paths), lives)


@pytest.fixture
async def kept(new: New) -> Kept:
    return new()


@pytest.fixture
async def journal(kept: Kept) -> Journal:
    return await kept.begin()


def reminders(count: int, first: int = 1) -> list[Event]:
    return [ReminderGiven(AT + timedelta(seconds=n), "d", n) for n in range(first, first + count)]


def head(journal: Journal) -> Head:
    epoch, _, chain = journal.newest
    return epoch, chain


async def test_a_new_one_stands_at_the_beginning_of_its_first_epoch(journal: Journal) -> None:
    assert journal.newest == (1, 0, GENESIS)
    assert await journal.unanswered("order") == []


async def test_what_was_appended_a_new_life_reads_in_order_and_stands_where_the_last_one_stood(
    kept: Kept, journal: Journal
) -> None:
    await journal.append([DoseDue(AT, "d1"), *reminders(2)], [])
    await journal.append(reminders(1, first=3), [])
    newest = journal.newest
    assert newest[:2] == (1, 4)
    assert list(await kept.rows()) == [DoseDue(AT, "d1"), *reminders(3)]
    assert (await kept.begin()).newest == newest


async def test_the_same_rows_have_the_same_head_in_both_and_other_rows_have_another(new: New) -> None:
    ends = []
    for begin, batches in (
        (InMemory, [reminders(3)]),
        (new, [reminders(1), reminders(2, first=2)]),
        (new, [[*reminders(2), ReminderGiven(AT + timedelta(seconds=3), "d", 4)]]),
    ):
        journal = await begin().begin()
        for batch in batches:
            await journal.append(batch, [])
        ends.append(journal.newest)
    assert ends[0] == ends[1]
    assert ends[2][:2] == ends[1][:2]
    assert ends[2] != ends[1]


async def test_rows_are_unanswered_in_the_order_of_their_puts_with_the_id_of_their_last_event(
    kept: Kept, journal: Journal
) -> None:
    await journal.append(
        reminders(2), [Put("incident", "i/2", {"n": 1, "text": "ø"}), Put("order", "o1", {})]
    )
    first = "{}-{}".format(*head(journal))
    await journal.append(reminders(1), [Put("incident", "i/1", {"n": [None, True]})])
    second = "{}-{}".format(*head(journal))
    expected = [("i/2", first, {"n": 1, "text": "ø"}), ("i/1", second, {"n": [None, True]})]
    for life in ("this", "the next"):
        journal = journal if life == "this" else await kept.begin()
        found = await journal.unanswered("incident")
        assert [(row.key, row.event_id, row.body) for row in found] == expected
        assert {row.outbox for row in found} == {"incident"}
        assert [row.key for row in await journal.unanswered("order")] == ["o1"]
        assert await journal.unanswered("administration") == []


async def test_an_answered_row_is_gone_for_good_and_only_that_one(kept: Kept, journal: Journal) -> None:
    puts: list[Change] = [Put("incident", "k", {}), Put("order", "k", {}), Put("order", "o2", {})]
    await journal.append(reminders(1), puts)
    await journal.append(reminders(1), [Answer("order", "k")])
    await journal.append(reminders(1), [Answer("order", "k"), Answer("order", "never put")])
    await journal.append(reminders(1), [Put("order", "o3", {}), Answer("order", "o3")])
    again = await kept.begin()
    assert [row.key for row in await again.unanswered("order")] == ["o2"]
    assert [row.key for row in await again.unanswered("incident")] == ["k"]


async def test_a_row_is_kept_as_it_was_put_whether_it_was_answered_or_not(
    kept: Kept, journal: Journal
) -> None:
    puts: list[Change] = [Put("incident", "a/1", {"n": 1}), Put("incident", "b/1", {"n": 2})]
    await journal.append(reminders(1), puts)
    put = list(await journal.unanswered("incident"))
    await journal.append(reminders(1), [Answer("incident", "a/1")])
    again = await kept.begin()
    assert list(await again.kept("incident", ["b/1", "a/1", "never put"])) == put
    assert list(await again.kept("incident", ["a/1"])) == put[:1]
    assert list(await again.kept("order", ["a/1"])) == list(await again.kept("incident", [])) == []


async def test_an_answer_before_its_put_answers_nothing(journal: Journal) -> None:
    await journal.append(reminders(1), [Answer("order", "o1"), Put("order", "o1", {})])
    await journal.append(reminders(1), [Answer("order", "o2")])
    await journal.append(reminders(1), [Put("order", "o2", {})])
    assert [row.key for row in await journal.unanswered("order")] == ["o1", "o2"]


TWICE: dict[str, list[Change]] = {
    "waiting": [Put("order", "new", {}), Put("order", "o1", {})],
    "answered": [Put("order", "new", {}), Put("order", "o0", {})],
    "in one commit": [Put("order", "new", {}), Put("order", "new", {})],
    "after its own answer": [Answer("order", "o1"), Put("order", "o1", {})],
}


@pytest.mark.parametrize("changes", TWICE.values(), ids=TWICE)
async def test_a_key_put_twice_is_refused_with_all_of_its_commit_and_ends_the_use_of_the_journal(
    kept: Kept, journal: Journal, changes: list[Change]
) -> None:
    await journal.append(
        reminders(1), [Put("order", "o0", {}), Put("order", "o1", {}), Answer("order", "o0")]
    )
    newest = journal.newest
    with pytest.raises(LocalError):
        await journal.append(reminders(2), changes)
    assert journal.newest == newest
    for use in (journal.append(reminders(1), []), journal.unanswered("order"), journal.missing([(1, "a")])):
        with pytest.raises(StoreBroken):
            await use
    assert list(await kept.rows()) == reminders(1)
    again = await kept.begin()
    assert again.newest == newest
    assert [row.key for row in await again.unanswered("order")] == ["o1"]
    await again.append(reminders(1), [Put("order", "new", {})])


async def test_the_same_key_in_two_outboxes_is_two_keys(journal: Journal) -> None:
    await journal.append(reminders(1), [Put("order", "k", {}), Put("incident", "k", {})])
    assert [row.outbox for row in await journal.unanswered("incident")] == ["incident"]


async def test_a_change_without_an_event_is_refused_and_nothing_at_all_is_nothing(journal: Journal) -> None:
    await journal.append([], [])
    assert journal.newest == (1, 0, GENESIS)
    with pytest.raises(LocalError):
        await journal.append([], [Put("order", "o1", {})])
    assert await journal.unanswered("order") == []
    await journal.append(reminders(1), [Put("order", "o1", {})])
    with pytest.raises(LocalError):
        await journal.append([], [Answer("order", "o1")])
    assert [row.key for row in await journal.unanswered("order")] == ["o1"]


@pytest.mark.parametrize("at", [None, AT.replace(tzinfo=None), AT + timedelta(microseconds=1)], ids=str)
async def test_an_event_that_could_not_be_read_again_is_refused_with_all_of_its_commit(
    kept: Kept, journal: Journal, at: Any
) -> None:
    with pytest.raises(RecordError):
        await journal.append([DoseDue(AT, "d"), DoseDue(cast(datetime, at), "d")], [Put("order", "o1", {})])
    assert journal.newest == (1, 0, GENESIS)
    await journal.append([DoseDue(AT, "d")], [Put("order", "o1", {})])
    assert list(await kept.rows()) == [DoseDue(AT, "d")]


async def test_a_body_stays_as_it_was_put_whatever_is_done_to_it_afterwards(journal: Journal) -> None:
    body: Any = {"list": [1]}
    await journal.append(reminders(1), [Put("order", "o1", body)])
    body["list"].append(2)
    (row,) = await journal.unanswered("order")
    assert row.body == {"list": [1]}


async def test_every_row_there_ever_was_is_known_and_no_other(kept: Kept, journal: Journal) -> None:
    heads = []
    for n in range(3):
        await journal.append(reminders(2, first=n), [])
        heads.append(head(journal))
    alone = await InMemory().begin()
    await alone.append(reminders(1, first=0), [])
    heads.append(head(alone))  # of a row within the first commit
    foreign, other_epoch = (1, "ab" * 32), (2, heads[1][1])
    for life in ("this", "the next"):
        journal = journal if life == "this" else await kept.begin()
        assert await journal.missing(heads) == []
        assert await journal.missing([]) == []
        assert list(await journal.missing([heads[0], foreign, heads[2], other_epoch])) == [
            foreign,
            other_epoch,
        ]


async def test_the_beginning_is_known_also_by_a_journal_that_has_grown(journal: Journal) -> None:
    beginning = [(0, GENESIS), (1, GENESIS), (2, GENESIS)]
    assert list(await journal.missing(beginning)) == [(2, GENESIS)]
    await journal.append(reminders(1), [])
    assert list(await journal.missing(beginning)) == [(2, GENESIS)]


async def test_a_restored_one_is_of_its_new_epoch_from_the_row_that_begins_it(
    kept: Kept, journal: Journal
) -> None:
    await journal.append(reminders(1), [Put("order", "before", {})])
    before = head(journal)
    restored = [*reminders(1, first=2), EpochBegun(AT, 7), *reminders(1, first=3)]
    await journal.append(restored, [Put("order", "with it", {})])
    assert journal.newest[:2] == (7, 4)
    ids = {row.key: row.event_id for row in await journal.unanswered("order")}
    assert ids == {"before": f"1-{before[1]}", "with it": f"7-{journal.newest[2]}"}
    again = await kept.begin()
    assert again.newest == journal.newest
    await again.append(reminders(1, first=4), [])
    assert again.newest[:2] == (7, 5)
    of_the_other = [(7, before[1]), (1, again.newest[2])]
    assert list(await again.missing([before, head(again), *of_the_other])) == of_the_other
    assert list(await again.missing([(7, GENESIS)])) == []
    assert len(await kept.rows()) == 5


async def test_whoever_asks_after_a_commit_was_asked_for_sees_it(journal: Journal) -> None:
    """One at a time in the order of asking, however long a commit takes."""
    appended = asyncio.create_task(journal.append(reminders(1), [Put("order", "o1", {})]))
    asked = asyncio.create_task(journal.unanswered("order"))
    later = asyncio.create_task(journal.append(reminders(1), [Answer("order", "o1")]))
    last = asyncio.create_task(journal.unanswered("order"))
    await asyncio.gather(appended, later)
    assert [row.key for row in await asked] == ["o1"]
    assert await last == []


async def test_the_bottles_journal_keeps_that_order_behind_a_slow_card_too() -> None:
    class Slow(BottleJournal):
        async def takes_time(self) -> None:
            await asyncio.sleep(0.01)

    journal = Slow(Disk(), Fuse())
    appended = asyncio.create_task(journal.append(reminders(1), [Put("order", "o1", {})]))
    await asyncio.sleep(0)  # it waits for its card
    assert [row.key for row in await journal.unanswered("order")] == ["o1"]
    await appended


@pytest.mark.parametrize(("point", "rows"), [(1, 0), (2, 1)], ids=["before", "after"])
async def test_a_life_that_ends_at_a_commit_leaves_all_of_it_or_nothing(point: int, rows: int) -> None:
    disk, fuse = Disk(), Fuse(left=point)
    journal = BottleJournal(disk, fuse)
    with pytest.raises(Died):
        await journal.append(reminders(1), [Put("order", "o1", {})])
    assert (len(disk.rows), len(disk.waiting), disk.commits) == (rows, rows, rows)
    with pytest.raises(Died):
        await journal.append(reminders(1), [])
    assert len(disk.rows) == rows
