"""The year that a bench replays is a life that the core leads, and reads back from its file as the same."""

from __future__ import annotations

from pathlib import Path

from dispenserd.store.store import Store
from scheduler import events as ev
from scheduler.evolve import evolve
from scheduler.world import World
from tests.bench.replay import DOSES_KEPT_MAX
from tests.bench.year import write_year

DAYS = 9


def test_a_week_of_it_replays_to_the_world_it_ended_in_and_holds_every_dose(tmp_path: Path) -> None:
    lived = write_year(tmp_path / "year.db", bytes(32), DAYS, lambda _: None)
    store = Store.open(tmp_path / "year.db", bytes(32), readonly=True)
    try:
        events = list(store.replay())
        assert store.unanswered("incident") == store.unanswered("administration") == []
    finally:
        store.close()
    world = World()
    for event in events:
        world = evolve(world, event)
    assert world == lived
    first = [event for event in events if isinstance(event, ev.OutcomeRecorded) and event.revision == 1]
    assert len({event.dose_id for event in first}) == DAYS * 4
    assert sum(isinstance(event, ev.DaemonStarted) for event in events) == 2, "started, and restarted once"
    assert len(world.doses) <= DOSES_KEPT_MAX
