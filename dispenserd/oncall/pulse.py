"""That `oncall run` is alive and has a broker, for those who only see its database: a file beside it.

Written every two seconds by the process's own loop, so a process that hangs is seen as well as one that is
gone. It holds machine time, which every process of one machine shares and no clock change touches. Nothing in
it is needed after a crash: it is replaced whole and never synced.

Written by `service`; read by whoever shows staff the database, since an unchanged list may mean that nobody
writes it any more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

BEAT_EVERY_S = 2.0
SILENT_S = 15.0
"""Longer than any wait of the loop for the database's write lock (5 s) and an fsync on a slow disk."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """`age_s` None: nothing of a process that runs now was ever heard."""

    age_s: float | None
    connected: bool

    @property
    def runs(self) -> bool:
        return self.age_s is not None and self.age_s <= SILENT_S


def pulse_path(database: Path) -> Path:
    return database.with_name(database.name + ".pulse")


async def beat(database: Path, connected: Callable[[], bool], monotonic: Callable[[], float]) -> None:
    """Until cancelled. A pulse that can't be written stops nobody's alarms: it is only missing."""
    path, told = pulse_path(database), False
    while True:
        try:
            _write(path, monotonic(), connected())
            told = False
        except OSError:
            if not told:
                structlog.get_logger().warning("pulse not written")
            told = True
        await asyncio.sleep(BEAT_EVERY_S)


def read_pulse(database: Path, now_s: float) -> Pulse:
    """`now_s`: the machine time of the reader. A time still to come is of a machine before its restart."""
    try:
        said = json.loads(pulse_path(database).read_text())
        at_s, connected = float(said["monotonic_s"]), said["connected"] is True
    except (OSError, ValueError, KeyError, TypeError):
        return Pulse(None, False)
    return Pulse(now_s - at_s, connected) if at_s <= now_s else Pulse(None, False)


def _write(path: Path, now_s: float, connected: bool) -> None:
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps({"monotonic_s": now_s, "connected": connected}))
    draft.replace(path)
