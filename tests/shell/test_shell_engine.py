"""The engine on the real store: facts of one turn are one commit, and nobody acts before it is on disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dispenserd.clock import RatedClock
from dispenserd.engine import Engine
from dispenserd.home import Head, OutboxRow
from dispenserd.store.errors import StoreBroken
from dispenserd.store.thread import StoreThread
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.events import Event
from scheduler.evolve import evolve
from scheduler.invariants import InvariantBroken
from scheduler.outbox import Change, OutboxName
from scheduler.world import World
from tests.support.pure_home import RESIDENT, ROBOT, prescriptions, setting

KEY = bytes(range(32))
BEFORE_EIGHT = datetime(2026, 11, 2, 6, 59, 30, tzinfo=UTC)


class WatchedStore:
    """The real store, with a gate before it and an account of what was committed together."""

    def __init__(self, store: StoreThread) -> None:
        self.store = store
        self.commits: list[tuple[Event, ...]] = []
        self.asked = asyncio.Event()  # an append waits at the gate
        self.gate = asyncio.Event()
        self.gate.set()

    @property
    def newest(self) -> tuple[int, int, str]:
        return self.store.newest

    async def append(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        self.asked.set()
        await self.gate.wait()
        await self.store.append(events, changes)
        self.commits.append(tuple(events))

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]:
        return await self.store.unanswered(outbox)

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> Sequence[OutboxRow]:
        return await self.store.kept(outbox, keys)

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]:
        return await self.store.missing(heads)


def plan(version: int = 1, resident: str = RESIDENT) -> cmd.OfferPlan:
    return cmd.OfferPlan(resident, version, prescriptions(), f"fingerprint-{version}-{resident}")


def trusted(at: datetime) -> cmd.ReportClock:
    return cmd.ReportClock(ROBOT, at, at, True, True, at - timedelta(days=30), 20)


def clock_at(start: datetime, rate: float) -> RatedClock:
    return RatedClock(start, time.monotonic(), rate)


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[WatchedStore]:
    store = await StoreThread.open(path, KEY)
    try:
        yield WatchedStore(store)
    finally:
        await store.close()


@asynccontextmanager
async def turning(engine: Engine) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(engine.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, StoreBroken, InvariantBroken):
            await task


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home.db"


def kinds(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


async def test_facts_of_one_turn_are_one_commit_whoever_handed_them_in(path: Path) -> None:
    clock = clock_at(BEFORE_EIGHT, 1.0)
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock)
        wishes = [
            asyncio.create_task(engine.submit(ev.DaemonStarted(clock.now(), "1", "box-0001", 1))),
            asyncio.create_task(engine.submit(trusted(clock.now()), plan())),
        ]
        await asyncio.sleep(0)  # both are handed in before the engine turns for the first time
        async with turning(engine):
            answers = await asyncio.gather(*wishes)
        assert len(store.commits) == 1
        assert {"DaemonStarted", "ClockTrusted", "PlanAccepted", "DosePlanned"} <= set(
            kinds(store.commits[0])
        )
        assert [tuple(answer) for answer in answers] == [store.commits[0]] * 2


async def test_what_was_submitted_is_answered_with_the_events_it_led_to(path: Path) -> None:
    clock = clock_at(BEFORE_EIGHT, 1.0)
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock)
        async with turning(engine):
            accepted = await engine.submit(plan())
            repeated = await engine.submit(plan())
            refused = await engine.submit(plan(2, "0" * 32))
        assert kinds(accepted)[0] == "PlanAccepted"
        assert repeated == ()
        assert [event.reason for event in refused if isinstance(event, ev.PlanRefused)] == ["wrong_person"]
        assert len(store.commits) == 2, "a turn without an event commits nothing"


async def test_nobody_sees_anything_before_it_is_on_disk(path: Path) -> None:
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock_at(BEFORE_EIGHT, 1.0))
        watcher = engine.watch()
        store.gate.clear()
        async with turning(engine):
            answer = asyncio.create_task(engine.submit(plan()))
            await store.asked.wait()
            await asyncio.sleep(0.05)  # as long as anybody could have been told too early
            assert not watcher.is_set()
            assert not answer.done()
            assert engine.world == World()
            assert engine.head == (1, "0" * 64)
            store.gate.set()
            await watcher.wait()
            assert RESIDENT in engine.world.plans
            assert kinds(await answer)[0] == "PlanAccepted"
            assert engine.head[1] != "0" * 64


async def test_every_watcher_hears_of_every_commit_and_clears_only_its_own(path: Path) -> None:
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock_at(BEFORE_EIGHT, 1.0))
        first, second = engine.watch(), engine.watch()
        async with turning(engine):
            await engine.submit(plan())
            assert first.is_set() and second.is_set()
            first.clear()
            await engine.submit(plan(2))
            assert first.is_set() and second.is_set()


async def test_a_store_that_fails_ends_the_engine_and_the_world_stays_as_committed(path: Path) -> None:
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock_at(BEFORE_EIGHT, 1.0))
        watcher = engine.watch()
        async with turning(engine) as run:
            await engine.submit(plan())
            committed, head = engine.world, engine.head
            watcher.clear()
            await store.store.close()  # the disk is gone
            answer = asyncio.create_task(engine.submit(plan(2)))
            with pytest.raises(StoreBroken):
                await run
            assert engine.world is committed
            assert engine.head == head
            assert not watcher.is_set()
            assert not answer.done(), "nobody may believe that it was taken in"
            answer.cancel()
    async with opened(path) as store:
        world = World()
        for event in await store.store.replay():
            world = evolve(world, event)
        assert world == committed


def is_due(event: ev.Event) -> bool:
    return isinstance(event, ev.DoseDue)


async def test_time_alone_drives_the_engine_to_the_instant_at_which_something_is_due(path: Path) -> None:
    """At 60 civil seconds a second the wake-up by the clock's look alone would be up to a minute late."""
    clock = clock_at(BEFORE_EIGHT, 60.0)
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock)
        watcher = engine.watch()
        async with turning(engine):
            await engine.submit(trusted(clock.now()), plan())
            async with asyncio.timeout(20):
                while not (came := [each for commit in store.commits for each in commit if is_due(each)]):
                    await watcher.wait()
                    watcher.clear()
        opens = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
        assert opens <= came[0].at < opens + timedelta(seconds=45)


async def test_a_caller_who_gave_up_waiting_changes_nothing_for_the_engine(path: Path) -> None:
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock_at(BEFORE_EIGHT, 1.0))
        store.gate.clear()
        async with turning(engine):
            gone = asyncio.create_task(engine.submit(plan()))
            await store.asked.wait()
            gone.cancel()
            store.gate.set()
            assert kinds(await engine.submit(plan(2)))[0] == "PlanAccepted"
        assert RESIDENT in engine.world.plans
        assert len(store.commits) == 2


async def test_the_sign_of_life_moves_only_when_a_turn_was_finished(path: Path) -> None:
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock_at(BEFORE_EIGHT, 1.0))
        async with turning(engine):
            await engine.submit(plan())
            store.gate.clear()
            store.asked.clear()
            hung = asyncio.create_task(engine.submit(plan(2)))
            await store.asked.wait()
            turned_s = engine.turned_s
            await asyncio.sleep(0.05)  # the disk hangs: rule 27 keeps the heartbeat silent
            assert engine.turned_s == turned_s
            store.gate.set()
            await hung
            await engine.submit(plan(3))
            assert engine.turned_s > turned_s


async def test_a_run_is_named_by_its_first_commit_so_that_no_two_share_one(path: Path) -> None:
    """Rule 23: also where both began on the same restored file."""
    clock = clock_at(BEFORE_EIGHT, 1.0)
    runs: list[str] = []
    for name in ("one", "two"):
        async with opened(path.with_name(name)) as store:
            engine = Engine(World(), setting(), store, clock)
            async with turning(engine):
                await engine.submit(ev.DaemonStarted(clock.now(), "1", "box-0001", 1))
                run = engine.position
                await engine.submit(plan(len(runs) + 1))
            assert (run.run, engine.position.run) == (run.head, run.head)
            assert engine.position.sequence > run.sequence
            assert (engine.position.epoch, engine.position.head) == engine.head
            runs.append(run.run)
    assert runs[0] != runs[1]


async def test_a_decision_that_breaks_a_promise_is_neither_committed_nor_shown(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = clock_at(BEFORE_EIGHT, 1.0)
    async with opened(path) as store:
        engine = Engine(World(), setting(), store, clock)
        async with turning(engine) as task:
            await engine.submit(trusted(clock.now()), plan())
            commits, world = len(store.commits), engine.world
            monkeypatch.setattr(
                "dispenserd.engine.changes", lambda *_: ()
            )  # a bug: nobody is told of anything
            stopped = ev.StoreStopped(clock.now(), "disk_full", clock.now())
            handed = asyncio.create_task(engine.submit(stopped))
            with pytest.raises(InvariantBroken, match="S4: an incident without its outbox row"):
                await task
            assert len(store.commits) == commits and engine.world is world
            handed.cancel()
