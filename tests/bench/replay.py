"""How long a start reads a year: the store's replay with its chain checked, folded into the world.

The floor reads the same rows of the same file, hashes the same bytes and parses the same JSON, and keeps
nothing of it.
"""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

from dispenserd.store.store import Store
from scheduler.evolve import evolve
from scheduler.world import World
from tests.bench.bare import connect
from tests.bench.figures import Row

REPLAY_S_MAX = 2.0
DOSES_KEPT_MAX = 32
"""In the world of a home with four a day: three days settled, two days ahead, and some open."""


def replayed(path: Path, key: bytes, days: int, times: int) -> list[Row]:
    """`times` pairs, each product and floor after one another; the least of each: both only compute, and what
    else a machine does can only add to that."""
    took, floors, world, rows = list[float](), list[float](), World(), 0
    for _ in range(times):
        began_s = time.monotonic()
        world, rows = _product(path, key)
        took.append(time.monotonic() - began_s)
        began_s = time.monotonic()
        _bare(path, key)
        floors.append(time.monotonic() - began_s)
    note = f"{rows} rows of {days} days, least of {times}; floor: the same rows read, hashed and parsed"
    return [
        Row("replay of a year", "s", min(took), min(floors), REPLAY_S_MAX, note=note),
        Row("doses in the world after it", "", len(world.doses), None, DOSES_KEPT_MAX),
    ]


def _product(path: Path, key: bytes) -> tuple[World, int]:
    store = Store.open(path, key)
    try:
        world = World()
        for event in store.replay():
            world = evolve(world, event)
        return world, store.sequence
    finally:
        store.close()


def _bare(path: Path, key: bytes) -> None:
    connection = connect(path, key, readonly=True)
    try:
        for *_, body, _previous, _hash in connection.execute("SELECT * FROM journal ORDER BY sequence"):
            hashlib.sha256(body.encode()).hexdigest()
            json.loads(body)
    finally:
        connection.close()
