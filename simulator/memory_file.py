"""Keeps the robot's memory and its matter in one file, so that a restarted simulator is the same robot.

The file is replaced as a whole (write, fsync, rename, fsync of the folder): a kill at any point leaves the
old state or the new one, never half of one. Faults planted in the mechanics are not kept.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from protocol.wire.messages import EntryKind, LogEntry
from simulator.mechanics import Mechanics, Sachet
from simulator.memory import BatteryClock, KnownOrder, Memory, Presented, Released, Seen

SCHEMA = "simulator/memory/1"
"""A file of another schema is refused, not guessed."""


def save(path: Path, memory: Memory, mechanics: Mechanics) -> None:
    document = {"schema": SCHEMA, "memory": _memory_plain(memory), "matter": _matter_plain(mechanics)}
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(document, file, default=_bytes_plain, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path, memory: Memory, mechanics: Mechanics) -> bool:
    """Fill both from the file; False when there is none. ValueError for a file that is not ours."""
    if not path.exists():
        return False
    document = json.loads(path.read_text(encoding="utf-8"), object_hook=_bytes_back)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError("this is no memory file of the simulator")
    _fill_memory(memory, document["memory"])
    _fill_matter(mechanics, document["matter"])
    return True


def _memory_plain(memory: Memory) -> dict[str, Any]:
    return {
        "log_id": memory.log_id,
        "log": [asdict(entry) for entry in memory.log],
        "head": memory.head,
        "confirmed": memory.confirmed,
        "host_epoch": memory.host_epoch,
        "host_head": memory.host_head,
        "orders": [[order_id, asdict(known)] for order_id, known in memory.orders.items()],
        "gone": list(memory.gone),
        "releases": [asdict(release) for release in memory.releases],
        "plan_versions": [list(pair) for pair in memory.plan_versions.items()],
        "presented": None if memory.presented is None else asdict(memory.presented),
        "seen": asdict(memory.seen),
        "clock": asdict(memory.clock),
        "fault": memory.fault,
        "operating_ms": memory.operating_ms,
    }


def _fill_memory(memory: Memory, plain: dict[str, Any]) -> None:
    memory.log_id = plain["log_id"]
    memory.log = [LogEntry(**{**row, "kind": EntryKind(row["kind"])}) for row in plain["log"]]
    memory.head, memory.confirmed = plain["head"], plain["confirmed"]
    memory.host_epoch, memory.host_head = plain["host_epoch"], plain["host_head"]
    memory.orders = {order_id: KnownOrder(**known) for order_id, known in plain["orders"]}
    memory.gone = dict.fromkeys(plain["gone"])
    memory.releases = [Released(**row) for row in plain["releases"]]
    memory.plan_versions = dict(plain["plan_versions"])
    memory.presented = None if plain["presented"] is None else Presented(**plain["presented"])
    memory.seen = Seen(**plain["seen"])
    memory.clock = BatteryClock(**plain["clock"])
    memory.fault, memory.operating_ms = plain["fault"], plain["operating_ms"]


def _matter_plain(mechanics: Mechanics) -> dict[str, Any]:
    def rows(sachets: list[Sachet]) -> list[dict[str, Any]]:
        return [asdict(sachet) for sachet in sachets]

    return {
        "production_id": mechanics.production_id,
        "magazine": rows(mechanics.magazine),
        "holding": None if mechanics.holding is None else asdict(mechanics.holding),
        "tray": None if mechanics.tray is None else asdict(mechanics.tray),
        "store": rows(mechanics.store),
        "hands": rows(mechanics.hands),
        "removed": rows(mechanics.removed),
        "loaded": rows(mechanics.loaded),
    }


def _fill_matter(mechanics: Mechanics, plain: dict[str, Any]) -> None:
    mechanics.production_id = plain["production_id"]
    mechanics.holding = None if plain["holding"] is None else Sachet(**plain["holding"])
    mechanics.tray = None if plain["tray"] is None else Sachet(**plain["tray"])
    mechanics.magazine = [Sachet(**row) for row in plain["magazine"]]
    mechanics.store = [Sachet(**row) for row in plain["store"]]
    mechanics.hands = [Sachet(**row) for row in plain["hands"]]
    mechanics.removed = [Sachet(**row) for row in plain["removed"]]
    mechanics.loaded = [Sachet(**row) for row in plain["loaded"]]


def _bytes_plain(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    raise TypeError(f"{type(value).__name__} has no place in the memory file")


def _bytes_back(plain: dict[str, Any]) -> Any:
    return bytes.fromhex(plain["hex"]) if plain.keys() == {"hex"} else plain
