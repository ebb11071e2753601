"""Starting the two long-lived processes, the same way for the console script and for a rehearsal.

Loads the configuration, sets the log up, runs the root until it is stopped, and ends in an exit code that
systemd and scripts understand. What the roots do is theirs (`dispenserd.app`, `dispenserd.oncall.service`).
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import signal
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from dispenserd.cli.failure import Exit, Failure, failed
from dispenserd.clock import Clock
from dispenserd.config import load, load_oncall
from dispenserd.config_file import ConfigError
from dispenserd.control import ControlError
from dispenserd.logs import configure
from dispenserd.notify import supervisor
from dispenserd.probe import Probe
from dispenserd.store.errors import StoreError
from scheduler.invariants import InvariantBroken

END_WITHIN_S = 8.0
"""From the root's end to the process's: less than systemd's TimeoutStopSec. A thread that hangs in a dead
folder or a name lookup can't be stopped, and Python would wait for it for ever: alive, and nobody serves."""


def run_home(path: Path, clock: Clock, *, json_logs: bool = False, probe: Probe | None = None) -> None:
    """The daemon of one home, until SIGTERM; KeyboardInterrupt for Ctrl-C."""
    config = load(path)
    configure("json" if json_logs else config.logs.format, config.logs.level, clock)
    from dispenserd import app  # the whole home: only once the configuration is good

    _until_stopped(app.run(config, clock, probe, supervisor(os.environ, os.getpid())))


def run_oncall(path: Path, clock: Clock, *, json_logs: bool = False) -> None:
    """The on-call process, until SIGTERM."""
    from dispenserd.homes_file import load_homes
    from dispenserd.office_file import OfficeFile
    from dispenserd.oncall import database, keys, service
    from dispenserd.peer_choice import broker
    from dispenserd.roster_file import load_roster

    config = load_oncall(path)
    chosen = config.oncall
    roster = load_roster(chosen.roster, chosen.zone)
    configure("json" if json_logs else config.logs.format, config.logs.level, clock)
    try:
        desk = database.create(config.oncall.database)
        key = keys.load_or_create(config.oncall.signing_key_file)
    except (database.DatabaseFault, keys.KeyFault, OSError) as fault:
        raise _unopened(fault) from None
    supervised = supervisor(os.environ, os.getpid())
    papers: dict[str, Any] = {}
    if chosen.roster is not None:
        papers["roster_file"] = OfficeFile(chosen.roster, lambda path: load_roster(path, chosen.zone))
    if chosen.homes is not None:
        papers["homes_file"] = OfficeFile(chosen.homes, load_homes)
    serving = service.serve(
        desk, key, broker(config.mqtt), clock, roster=roster, supervised=supervised, **papers
    )
    _until_stopped(serving)


def _unopened(fault: Exception) -> Failure:
    why = (fault.strerror or str(fault)) if isinstance(fault, OSError) else str(fault)
    return Failure(
        Exit.STORE,
        "store",
        f"On-call's database or signing key can't be used: {why}.",
        "Nothing is received, and homes will show their incidents as undelivered.",
        "Check [oncall] database and signing_key_file: their folder must exist and belong to this user.",
    )


def _until_stopped(root: Coroutine[Any, Any, None]) -> None:
    faulthandler.enable()  # where each thread stood when the watchdog's SIGABRT came: places, no values
    ending = threading.Timer(END_WITHIN_S, os._exit, (Exit.CHECKED_AND_FALSE,))
    ending.daemon = True
    try:
        asyncio.run(_stoppable(root, ending))
    except BaseExceptionGroup as group:
        known = _known(group)
        if known is None:
            raise
        raise known from None
    except (ConfigError, ControlError, StoreError, InvariantBroken) as error:
        raise _ended(error) from None
    finally:
        ending.cancel()  # every thread of the loop's pool has ended


async def _stoppable(root: Coroutine[Any, Any, None], ending: threading.Timer) -> None:
    """Ends quietly when SIGTERM asked for it: how systemd stops a service is no failure."""
    asked: list[signal.Signals] = []
    running = asyncio.ensure_future(root)
    running.add_done_callback(lambda _: ending.start())

    def stop() -> None:
        asked.append(signal.SIGTERM)
        running.cancel()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
    try:
        await running
    except asyncio.CancelledError:
        if not asked:
            raise


def _known(group: BaseExceptionGroup[BaseException]) -> Failure | None:
    """The first error of a group that has words for a person; the others followed from the same end."""
    for error in group.exceptions:
        match error:
            case BaseExceptionGroup():
                known = _known(error)
            case ConfigError() | ControlError() | StoreError() | InvariantBroken():
                known = _ended(error)
            case _:
                known = None
        if known is not None:
            return known
    return None


def _ended(error: ConfigError | ControlError | StoreError | InvariantBroken) -> Failure:
    match error:
        case InvariantBroken():
            return failed(Exit.REFUSED, "invariant", error)
        case StoreError():
            return failed(Exit.STORE, "store", error)
        case ControlError():
            return failed(Exit.CONFIGURATION, "control_socket", error)
        case ConfigError():
            return failed(Exit.CONFIGURATION, "configuration", error)
