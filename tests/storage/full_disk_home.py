"""A home whose disk fills while a resident presses: run on a small disk by `test_home_on_a_full_disk`.

Everything of the home is on that disk: store, key, fagsystem folder. Ends quietly if all expectations held.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from dispenserd.store import emergency
from dispenserd.store.errors import StoreBroken
from scheduler import events as ev
from tests.support.running_home import RunningHome, Wanted

CHUNK_BYTES = 4096


async def play(folder: Path) -> None:
    home = RunningHome(folder, Wanted())
    with home.broker:
        try:
            home.start_oncall()
            await home.start_robot()
            await home.start_daemon()
            await home.prepare()
            await home.offered()
            before = len(home.events(ev.OrderIssued))
            fill(folder / "ballast")
            home.press()
            await ended(home)
            assert home.moves == [], "a sachet moved although its order was never committed"
            assert exit_code(folder / "home.toml") == 5, "a start on a full disk"
            assert home.moves == []
            stop = emergency.read(folder / "home.db")
            assert stop is not None and stop.reason == "disk_full", stop
            (folder / "ballast").unlink()
            known = len(home.events(ev.RobotCaughtUp))
            await home.start_daemon()
            await home.until(lambda: len(home.events(ev.RobotCaughtUp)) > known, "caught up again")
            await home.until(lambda: home.oncall.incidents("store_failed"), "on-call hears of it")
            assert [event.reason for event in home.events(ev.StoreStopped)] == ["disk_full"]
            assert len(home.events(ev.OrderIssued)) == before, "an order of the press that failed"
            assert emergency.read(folder / "home.db") is None
            await home.take_dose()
            await home.until(lambda: ("morning", "retrieved") in home.outcomes(), "retrieved")
            released = [move for move in home.moves if move[1] == "magazine"]
            assert len(released) == 1, home.moves
            assert home.mechanics.conserved()
        finally:
            await home.stop()
    print(json.dumps({"released": len(released)}))


def fill(path: Path) -> None:
    """Until the last block."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while file.write(bytes(CHUNK_BYTES)):
            pass


async def ended(home: RunningHome) -> None:
    """The daemon ends by itself, and of the store."""
    daemon, home._daemon = home._daemon, None
    assert daemon is not None
    await asyncio.wait({daemon}, timeout=20)
    assert daemon.done(), "it goes on without a store"
    failure = daemon.exception()
    assert isinstance(failure, BaseExceptionGroup) and failure.subgroup(StoreBroken), repr(failure)


def exit_code(configuration: Path) -> int:
    command = [sys.executable, "-m", "dispenserd", "run", "--config", str(configuration)]
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode


if __name__ == "__main__":
    asyncio.run(play(Path(sys.argv[1])))
