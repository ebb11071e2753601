"""Keeps the robot's memory and its matter in one file, so that a restarted simulator is the same robot.

The file is replaced as a whole (write, fsync, rename, fsync of the folder): a kill at any point leaves the
old state or the new one, never half of one. Faults planted in the mechanics are not kept.

Each part has a checksum. A robot with a damaged log or memory works on as the wire says (W-LOG-3, W-LOG-15);
where its sachets are is the simulator's own to know, and is never guessed.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from protocol.wire.messages import EntryKind, LogEntry
from simulator.mechanics import Mechanics, Place, Sachet
from simulator.memory import BatteryClock, KnownOrder, Memory, Presented, Released, Seen

SCHEMA = "simulator/memory/2"
"""A file of another schema is refused, not guessed."""

MEMORY_LOST = "memory_lost"
"""The fault of a robot that can't read what it must never forget: a person must look."""


def save(path: Path, memory: Memory, mechanics: Mechanics) -> None:
    parts = {"log": _log_plain(memory), "memory": _memory_plain(memory), "matter": _matter_plain(mechanics)}
    texts = {name: _text(part) for name, part in parts.items()}
    checks = _text({name: zlib.crc32(text.encode()) for name, text in texts.items()})
    rows = [f'"schema":"{SCHEMA}"', f'"checks":{checks}', *(f'"{n}":{text}' for n, text in texts.items())]
    fresh = path.with_name(path.name + ".new")
    with fresh.open("w", encoding="utf-8") as file:
        file.write("{" + ",\n".join(rows) + "}")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path, memory: Memory, mechanics: Mechanics) -> bool:
    """Fill both from the file; False when there is none. ValueError for a file that is not ours, or that does
    not say where the sachets are. A log that is damaged is left out: the next boot formats one."""
    if not path.exists():
        return False
    document = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise ValueError("this is no memory file of the simulator")
    log, kept, matter = (_part(document, name) for name in ("log", "memory", "matter"))
    if matter is None:
        raise ValueError("this memory file is damaged: nobody knows where the sachets are")
    _fill_matter(mechanics, matter)
    if log is not None:
        _fill_log(memory, log)
    if kept is not None:
        _fill_memory(memory, kept)
    else:
        memory.clock = BatteryClock(commissioned=False, battery_ok=False)
        memory.fault = MEMORY_LOST
    return True


def _part(document: dict[str, Any], name: str) -> dict[str, Any] | None:
    """None: what stands there is not what was written."""
    text = _text(document.get(name))
    checks = document.get("checks")
    if not isinstance(checks, dict) or checks.get(name) != zlib.crc32(text.encode()):
        return None
    part: dict[str, Any] = json.loads(text, object_hook=_bytes_back)
    return part


def _text(part: object) -> str:
    return json.dumps(part, default=_bytes_plain, separators=(",", ":"))


def _log_plain(memory: Memory) -> dict[str, Any]:
    return {
        "log_id": memory.log_id,
        "log": [asdict(entry) for entry in memory.log],
        "head": memory.head,
        "confirmed": memory.confirmed,
    }


def _fill_log(memory: Memory, plain: dict[str, Any]) -> None:
    memory.log_id = plain["log_id"]
    memory.log = [LogEntry(**{**row, "kind": EntryKind(row["kind"])}) for row in plain["log"]]
    memory.head, memory.confirmed = plain["head"], plain["confirmed"]


def _memory_plain(memory: Memory) -> dict[str, Any]:
    return {
        "host_epoch": memory.host_epoch,
        "host_head": memory.host_head,
        "orders": [[order_id, asdict(known)] for order_id, known in memory.orders.items()],
        "gone": [list(pair) for pair in memory.gone.items()],
        "releases": [asdict(release) for release in memory.releases],
        "plan_versions": [list(pair) for pair in memory.plan_versions.items()],
        "presented": None if memory.presented is None else asdict(memory.presented),
        "seen": asdict(memory.seen),
        "clock": asdict(memory.clock),
        "fault": memory.fault,
        "operating_ms": memory.operating_ms,
    }


def _fill_memory(memory: Memory, plain: dict[str, Any]) -> None:
    memory.host_epoch, memory.host_head = plain["host_epoch"], plain["host_head"]
    memory.orders = {order_id: KnownOrder(**known) for order_id, known in plain["orders"]}
    memory.gone = dict(plain["gone"])
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
        "beside": {place.value: asdict(sachet) for place, sachet in mechanics.beside.items()},
        "store": rows(mechanics.store),
        "hands": rows(mechanics.hands),
        "removed": rows(mechanics.removed),
        "loaded": rows(mechanics.loaded),
    }


def _fill_matter(mechanics: Mechanics, plain: dict[str, Any]) -> None:
    mechanics.production_id = plain["production_id"]
    mechanics.holding = None if plain["holding"] is None else Sachet(**plain["holding"])
    mechanics.tray = None if plain["tray"] is None else Sachet(**plain["tray"])
    mechanics.beside = {Place(at): Sachet(**row) for at, row in plain.get("beside", {}).items()}
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
