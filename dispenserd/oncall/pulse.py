"""That `oncall run` is alive and has a broker, for those who only see its database: a file beside it.

Written every two seconds by the process's own loop, so a process that hangs is seen as well as one that is
gone. It holds machine time, which every process of one machine shares and no clock change touches. Nothing in
it is needed after a crash: it is replaced whole and never synced; on a full disk the old one is written over
in place. It says as well whether the database takes writes: who only reads would not see that.

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

from dispenserd.oncall.disk import is_read_only, of_os

BEAT_EVERY_S = 2.0
PULSE_BYTES = 160
"""Of one size whatever it says: what is written over in place leaves nothing behind."""
SILENT_S = 15.0
"""Longer than any wait of the loop for the database's write lock (5 s) and an fsync on a slow disk."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """`age_s` None: nothing of a process that runs now was ever heard."""

    age_s: float | None
    connected: bool
    refuses: str = ""  # why the database takes nothing, as a code; "" = it does

    @property
    def runs(self) -> bool:
        return self.age_s is not None and self.age_s <= SILENT_S


def pulse_path(database: Path) -> Path:
    return database.with_name(database.name + ".pulse")


async def beat(
    database: Path,
    connected: Callable[[], bool],
    monotonic: Callable[[], float],
    refuses: Callable[[], str] = str,
) -> None:
    """Until cancelled. A pulse that can't be written stops nobody's alarms: it is only missing."""
    path, told = pulse_path(database), False
    while True:
        try:
            _write(path, monotonic(), connected(), refuses())
            told = False
        except OSError:
            if not told:
                structlog.get_logger().warning("pulse not written")
            told = True
        await asyncio.sleep(BEAT_EVERY_S)


def read_pulse(database: Path, now_s: float) -> Pulse:
    """`now_s`: the machine time of the reader. A time still to come is of a machine before its restart."""
    here = "read_only" if is_read_only(database) else ""  # then no pulse can say it
    try:
        said = json.loads(pulse_path(database).read_text())
        at_s, connected = float(said["monotonic_s"]), said["connected"] is True
        refuses = str(said.get("refuses", ""))
    except (OSError, ValueError, KeyError, TypeError):
        return Pulse(None, False, here)
    if at_s > now_s:
        return Pulse(None, False, here)
    pulse = Pulse(now_s - at_s, connected, refuses)
    return pulse if pulse.runs else Pulse(pulse.age_s, connected, here)


def _write(path: Path, now_s: float, connected: bool, refuses: str = "") -> None:
    said = {"monotonic_s": now_s, "connected": connected, "refuses": refuses}
    raw = json.dumps(said).ljust(PULSE_BYTES).encode()
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_bytes(raw)
        draft.replace(path)
    except OSError as error:
        if of_os(error) != "disk_full":
            raise
        with path.open("r+b", buffering=0) as old:
            old.write(raw)
