"""How long a start reads a year: the store's replay with its chain checked, folded into the world.

The floor reads the same rows of the same file, hashes the same bytes and parses the same JSON, and keeps
nothing of it.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

from dispenserd.store.store import Store
from scheduler.evolve import evolve
from scheduler.world import World
from tests.bench.bare import connect
from tests.bench.figures import Row

REPLAY_S_MAX = 2.0
ALONE_S_MAX = 120.0
DOSES_KEPT_MAX = 32
"""In the world of a home with four a day: three days settled, two days ahead, and some open."""


def replayed(path: Path, key: bytes, days: int, times: int) -> list[Row]:
    """`times` pairs, product and floor after one another, each in a process of its own as a start is; the
    least of each: both only compute, and what else a machine does can only add to that."""
    took, floors, doses, rows = list[float](), list[float](), 0, 0
    for _ in range(times):
        seconds, rows, doses = _alone(path, key, "product")
        took.append(seconds)
        floors.append(_alone(path, key, "bare")[0])
    note = f"{rows} rows of {days} days, least of {times}; floor: the same rows read, hashed and parsed"
    return [
        Row("replay of a year", "s", min(took), min(floors), REPLAY_S_MAX, note=note),
        Row("doses in the world after it", "", doses, None, DOSES_KEPT_MAX),
    ]


def _alone(path: Path, key: bytes, which: str) -> tuple[float, int, int]:
    """Seconds, rows and doses."""
    command = [sys.executable, "-m", "tests.bench.replay", which, str(path)]
    ran = subprocess.run(command, input=key, stdout=subprocess.PIPE, timeout=ALONE_S_MAX, check=True)
    seconds, rows, doses = json.loads(ran.stdout)
    return seconds, rows, doses


def main(which: str, path: Path, key: bytes) -> None:
    began_s = time.monotonic()
    world, rows = _product(path, key) if which == "product" else (World(), _bare(path, key))
    print(json.dumps([time.monotonic() - began_s, rows, len(world.doses)]))


def _product(path: Path, key: bytes) -> tuple[World, int]:
    store = Store.open(path, key)
    try:
        world = World()
        for event in store.replay():
            world = evolve(world, event)
        return world, store.sequence
    finally:
        store.close()


def _bare(path: Path, key: bytes) -> int:
    rows = 0
    connection = connect(path, key, readonly=True)
    try:
        for *_, body, _previous, _hash in connection.execute("SELECT * FROM journal ORDER BY sequence"):
            hashlib.sha256(body.encode()).hexdigest()
            json.loads(body)
            rows += 1
    finally:
        connection.close()
    return rows


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.stdin.buffer.read())
