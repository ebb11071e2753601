"""Chores on real timers, a real engine and a real store, by a clock that somebody sets while they wait.

Nothing fires twice, nothing stalls, and only a store that is no good ends a home.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispenserd.chore_times import MONDAY, Rhythm, due, last_run, rhythms
from dispenserd.engine import Engine
from dispenserd.store.errors import ChainBroken
from dispenserd.store.thread import StoreThread
from dispenserd.wakeups import SKIPPED, Chore, Ran, Wakeups
from scheduler import events as ev
from scheduler.commands import ReportClock
from scheduler.evolve import evolve
from scheduler.world import World
from tests.support.pure_home import ROBOT, setting

KEY = bytes(range(32))
START = datetime(2026, 11, 2, 7, tzinfo=UTC)
DAY = timedelta(days=1)
WITHIN_S = 5.0
QUIET_S = 0.6
"""Long enough for a chore that should not run to run."""


@dataclass
class SteppingClock:
    """A real clock that a test sets."""

    off: timedelta
    rate: float = 1.0

    def now(self) -> datetime:
        at = datetime.now(UTC) + self.off
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return time.monotonic()

    def show(self, at: datetime) -> None:
        self.off = at - datetime.now(UTC)


def showing(at: datetime) -> SteppingClock:
    clock = SteppingClock(timedelta(0))
    clock.show(at)
    return clock


@dataclass
class House:
    engine: Engine
    clock: SteppingClock
    wakeups: asyncio.Task[None]
    ran: list[datetime] = field(default_factory=list)

    async def until(self, holds: Callable[[], object], what: str) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not holds():
                assert not self.wakeups.done(), self.wakeups
                await asyncio.sleep(0.02)
        assert holds(), what

    async def runs(self, count: int) -> None:
        """So many times in all, and then not again for a while."""
        await self.until(lambda: len(self.ran) >= count, f"{count} runs")
        await asyncio.sleep(QUIET_S)
        assert len(self.ran) == count

    async def trust(self) -> None:
        at = self.clock.now()
        await self.engine.submit(ReportClock(ROBOT, at, at, True, True, at - timedelta(days=30), 20))


@asynccontextmanager
async def house(
    path: Path,
    clock: SteppingClock,
    rhythm: Rhythm,
    name: str = "pruning",
    ran: Ran | Exception | None = None,
    late_s: float = 0.1,
    takes_s: float = 0.0,
) -> AsyncIterator[House]:
    """A home with one chore; its journal is at `path`."""
    store = await StoreThread.open(path, KEY)
    engine = Engine(await store.folded(World(), evolve), setting(), store, clock, look_s=0.05)
    running = asyncio.create_task(engine.run())
    await engine.submit(ev.DaemonStarted(clock.now(), "test", "box-0001", 1))
    runs: list[datetime] = []

    async def act() -> Ran:
        runs.append(clock.now())
        await asyncio.sleep(takes_s)
        if isinstance(ran, Exception):
            raise ran
        return ran or Ran()

    wakeups = Wakeups(
        engine, [Chore(name, rhythm, act)], clock, "box-0001", lambda: engine.steps, late_s=(late_s, 0.1)
    )
    task = asyncio.create_task(wakeups.run())
    try:
        yield House(engine, clock, task, runs)
    finally:
        for each in (task, running):
            each.cancel()
            with suppress(asyncio.CancelledError, ChainBroken):
                await each
        await store.close()


def slot_in(clock: SteppingClock, seconds: float, every: timedelta) -> Rhythm:
    """A rhythm whose next slot is so far ahead of the clock."""
    at = clock.now() + timedelta(seconds=seconds)
    return Rhythm(every, (at - MONDAY) % every)


async def test_a_chore_runs_at_its_slot_and_the_next_slot_is_a_day_later(tmp_path: Path) -> None:
    clock = showing(START)
    async with house(tmp_path / "home.db", clock, slot_in(clock, 1.2, DAY)) as home:
        await home.trust()
        await asyncio.sleep(0.7)
        assert home.ran == [], "half a period after the home began at the earliest, and not before its slot"
        clock.show(clock.now() + DAY)  # the first slot of a home that began now is tomorrow's
        await home.runs(1)
        assert home.engine.world.chores["pruning"].result == "done"


async def test_a_day_forward_runs_what_was_slept_through_once(tmp_path: Path) -> None:
    clock = showing(START)
    async with house(tmp_path / "home.db", clock, slot_in(clock, 3600, DAY)) as home:
        clock.show(clock.now() + 3 * DAY)
        await home.runs(1)
        clock.show(clock.now() + timedelta(hours=5))
        await home.runs(1)


async def test_what_is_overdue_waits_until_the_home_has_settled(tmp_path: Path) -> None:
    """And is not put off by every commit meanwhile."""
    clock = showing(START)
    async with house(tmp_path / "home.db", clock, slot_in(clock, 3600, DAY), late_s=0.8) as home:
        clock.show(clock.now() + 3 * DAY)
        since_s = time.monotonic()
        while not home.ran:
            await home.engine.submit(ev.ProofCommitted(clock.now()))
            await asyncio.sleep(0.05)
            assert time.monotonic() < since_s + WITHIN_S
        assert time.monotonic() - since_s >= 0.8
        await home.runs(1)


async def test_one_that_takes_long_is_not_started_beside_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = showing(START)
    path = tmp_path / "home.db"
    async with house(path, clock, slot_in(clock, 3600, DAY), late_s=0.6, takes_s=0.4) as home:
        clock.show(clock.now() + 3 * DAY)
        await home.runs(1)
        assert "maximum number of running instances" not in caplog.text, "nor is it tried"


async def test_a_day_back_repeats_nothing_and_stalls_nothing(tmp_path: Path) -> None:
    clock = showing(START)
    path = tmp_path / "home.db"
    async with house(path, clock, slot_in(clock, 0.5, timedelta(seconds=2))) as home:
        await home.until(lambda: home.ran, "the first run")
        before = len(home.ran)
        clock.show(clock.now() - DAY)
        since_s = time.monotonic()
        await home.until(lambda: len(home.ran) > before, "it counts uptime")
        assert time.monotonic() - since_s > 1.0, "no sooner than half a period after the last"
        await home.until(lambda: len(home.ran) > before + 1, "and goes on")


async def test_a_daily_chore_that_ran_is_not_repeated_where_the_clock_goes_back_behind_it(
    tmp_path: Path,
) -> None:
    clock = showing(START)
    path = tmp_path / "home.db"
    async with house(path, clock, slot_in(clock, 3600, DAY)) as home:
        clock.show(clock.now() + DAY + timedelta(hours=2))
        await home.runs(1)
        clock.show(clock.now() - DAY)
        await home.runs(1)
    async with house(path, clock, slot_in(clock, 1, DAY)) as again:
        await asyncio.sleep(1 + QUIET_S)
        assert again.ran == [], "the journal knows, over a restart too"


async def test_a_box_that_boots_in_1970_rings_nobody_until_its_clock_is_right_and_then_when_it_is_due(
    tmp_path: Path,
) -> None:
    clock = showing(START)
    path = tmp_path / "home.db"
    rhythm = slot_in(clock, 3600, DAY)
    async with house(path, clock, rhythm) as home:
        await home.trust()
        clock.show(clock.now() + DAY + timedelta(hours=2))
        await home.runs(1)
    later = clock.now() + timedelta(minutes=30)
    clock.show(datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    async with house(path, clock, rhythm) as home:
        await asyncio.sleep(QUIET_S)
        assert home.ran == []
        clock.show(later)
        await asyncio.sleep(QUIET_S)
        assert home.ran == []
        clock.show(later + DAY)
        await home.runs(1)


async def test_one_dated_by_a_clock_of_the_next_century_is_due_again_once_the_clock_is_trusted(
    tmp_path: Path,
) -> None:
    clock = showing(START)
    path = tmp_path / "home.db"
    rhythm = slot_in(clock, 3600, DAY)
    async with house(path, clock, rhythm) as home:
        await home.trust()
        clock.show(START + timedelta(days=40_000))
        await home.runs(1)
    clock.show(START + timedelta(hours=3))
    async with house(path, clock, rhythm) as home:
        await home.trust()
        clock.show(START + 2 * DAY)
        await home.runs(1)


async def test_a_chore_that_fails_is_counted_and_told_and_the_home_goes_on(tmp_path: Path) -> None:
    clock = showing(START)
    often = slot_in(clock, 0.3, timedelta(seconds=0.4))
    async with house(tmp_path / "home.db", clock, often, ran=ValueError("no")) as home:
        await home.until(lambda: home.engine.world.incident_about("chore:pruning"), "told")
        run = home.engine.world.chores["pruning"]
        assert (run.result, run.detail) == ("failed", "ValueError")
        assert run.failures >= 3
        incident = home.engine.world.incident_about("chore:pruning")
        assert incident is not None
        assert (incident.kind, incident.priority) == (ev.Kind.CHORE_FAILED, ev.Priority.LOW)


async def test_a_store_that_is_no_good_ends_the_home(tmp_path: Path) -> None:
    clock = showing(START)
    often = slot_in(clock, 0.3, timedelta(seconds=0.4))
    async with house(tmp_path / "home.db", clock, often, "integrity", ChainBroken(7)) as home:
        with pytest.raises(ChainBroken):
            await asyncio.wait_for(asyncio.shield(home.wakeups), WITHIN_S)


async def test_a_chore_that_can_not_be_done_now_says_why(tmp_path: Path) -> None:
    clock = showing(START)
    often = slot_in(clock, 0.3, timedelta(seconds=0.4))
    async with house(tmp_path / "home.db", clock, often, ran=Ran(SKIPPED, "clock")) as home:
        await home.until(lambda: "pruning" in home.engine.world.chores, "it ran")
        run = home.engine.world.chores["pruning"]
        assert (run.result, run.detail, run.failures) == ("skipped", "clock", 0)


# --- when, without any timer ---------------------------------------------------------------------------


def test_a_fleet_rings_on_working_mornings_and_never_as_one() -> None:
    slots = [MONDAY + rhythms(f"box-{number:04}")["test_alarm"].offset for number in range(3000)]
    assert {at.weekday() for at in slots} == {0, 1, 2, 3}
    assert {at.hour for at in slots} == {8, 9, 10, 11, 12}
    assert max(slots.count(at) for at in set(slots)) <= 12
    assert rhythms("box-0001") == rhythms("box-0001")
    nights = [MONDAY + rhythms(f"box-{number:04}")["integrity"].offset for number in range(3000)]
    assert {at.hour for at in nights} == {1, 2}


@pytest.mark.parametrize("name", list(rhythms("box-0001")))
def test_every_slot_of_a_year_is_met_once_in_time(name: str) -> None:
    rhythm, now = rhythms("box-0001")[name], START
    last, ran = now, 0
    while now < START + timedelta(days=364):
        at = due(rhythm, last, now)
        assert at is not None
        assert rhythm.every / 2 <= at - last < rhythm.every * 1.5
        assert (at - MONDAY - rhythm.offset) % rhythm.every == timedelta(0)
        last, now, ran = at, at, ran + 1
    assert ran in (364, 365, 52, 53)


def test_a_home_that_has_not_begun_owes_nothing() -> None:
    assert due(rhythms("box-0001")["integrity"], last_run(World(), "integrity"), START) is None
