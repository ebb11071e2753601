"""Filing outcomes at the fagsystem, killed at the worst moment: between the file and its commit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from dispenserd.clock import RatedClock
from dispenserd.engine import Engine
from dispenserd.fagsystem.mapping import ResidentIdentity
from dispenserd.fagsystem.sync import FolderSync
from dispenserd.store.thread import StoreThread
from scheduler.commands import Fact, OfferPlan, ReportClock
from scheduler.events import AdministrationFiled, Event
from scheduler.evolve import evolve
from scheduler.world import World
from tests.support.paper_home import eventually
from tests.support.pure_home import RESIDENT, ROBOT, prescriptions, setting, utc

KEY = bytes(range(32))
IDENTITY = ResidentIdentity(RESIDENT, "urn:example:person", "invented-4711")


class DiesBeforeTheCommit(Engine):
    """Killed after a file was written: what says so never reaches the store."""

    async def submit(self, *facts: Fact, arrived_s: float | None = None) -> Sequence[Event]:
        if any(isinstance(fact, AdministrationFiled) for fact in facts):
            await asyncio.Event().wait()
        return await super().submit(*facts, arrived_s=arrived_s)


@asynccontextmanager
async def a_home(
    store: StoreThread, kind: type[Engine], local: str, folder: Path | None = None
) -> AsyncIterator[Engine]:
    """Replayed, started at that local time; with a folder it files there."""
    clock = RatedClock(utc(local), asyncio.get_running_loop().time(), 1.0)
    world = World()
    for event in await store.replay():
        world = evolve(world, event)
    engine = kind(world, setting(), store, clock)
    tasks = [asyncio.create_task(engine.run())]
    if folder is not None:
        sync = FolderSync(engine, folder, [IDENTITY], setting().local, 0.05, clock.now)
        tasks.append(asyncio.create_task(sync.run()))
    try:
        yield engine
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_what_others_gave_is_read_once_there_is_a_card_to_hold_it_against(tmp_path: Path) -> None:
    """Read before the resident had a card here, it was dropped, and not read again until the file changed."""
    store = await StoreThread.open(tmp_path / "home.db", KEY)
    (tmp_path / "fag" / RESIDENT).mkdir(parents=True)
    subject = {"identifier": {"system": IDENTITY.system, "value": IDENTITY.value}}
    given = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "subject": subject,
        "effectiveDateTime": "2026-11-02T07:00:00+01:00",
        "request": {"reference": "MedicationRequest/p-noon"},
        "dosage": {"dose": {"value": 1, "unit": "tablet"}},
    }
    told = {"resourceType": "Bundle", "type": "collection", "timestamp": "2026-11-02T07:20:00+01:00"}
    plain = json.dumps({**told, "entry": [{"resource": given}]})
    (tmp_path / "fag" / RESIDENT / "elsewhere.json").write_text(plain)
    looks: list[str] = []

    def not_ours_yet(resident: str) -> bool:
        looks.append(resident)
        return False

    async with a_home(store, Engine, "07:30") as engine:
        clock = RatedClock(utc("07:30"), asyncio.get_running_loop().time(), 1.0)
        local = setting().local
        sync = FolderSync(engine, tmp_path / "fag", [IDENTITY], local, 0.05, clock.now, not_ours_yet)
        task = asyncio.create_task(sync.run())
        await eventually(lambda: len(looks) > 1, "it has looked before the card came")
        now = utc("07:30")
        await engine.submit(
            ReportClock(ROBOT, now, now, True, True, now - timedelta(days=30), 20),
            OfferPlan(RESIDENT, 1, prescriptions(), "f1"),
        )
        await eventually(lambda: RESIDENT in engine.world.elsewhere, "what others gave is known")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    await store.close()


async def test_an_outcome_that_was_filed_and_not_noted_is_filed_again_as_the_same_file(
    tmp_path: Path,
) -> None:
    store = await StoreThread.open(tmp_path / "home.db", KEY)
    (tmp_path / "fag" / RESIDENT).mkdir(parents=True)
    async with a_home(store, Engine, "07:30") as engine:
        now = utc("07:30")
        await engine.submit(
            ReportClock(ROBOT, now, now, True, True, now - timedelta(days=30), 20),
            OfferPlan(RESIDENT, 1, prescriptions(), "f1"),
        )
    # Down through the morning's window: failed, which is filed by the daemon that comes up.
    async with a_home(store, DiesBeforeTheCommit, "10:30", tmp_path / "fag"):
        await eventually(lambda: len(_files(tmp_path)) == 1, "the file is there")
    (path,) = _files(tmp_path)
    before = path.read_bytes()
    assert len(await store.unanswered("administration")) == 1
    assert _noted(await store.replay()) == []

    async with a_home(store, Engine, "10:31", tmp_path / "fag") as engine:
        watcher = engine.watch()
        while await store.unanswered("administration"):
            await asyncio.wait_for(watcher.wait(), 5)
            watcher.clear()
    assert _files(tmp_path) == [path]
    assert path.read_bytes() == before
    assert _noted(await store.replay()) == [json.loads(before)["id"]]
    assert await store.unanswered("administration") == []
    await store.close()


def _files(folder: Path) -> list[Path]:
    return sorted((folder / "fag" / RESIDENT / "administrations").glob("*.json"))


def _noted(events: Sequence[Event]) -> list[str]:
    return [event.administration_id for event in events if isinstance(event, AdministrationFiled)]
