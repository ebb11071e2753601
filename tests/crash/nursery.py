"""`python -m tests.crash.nursery`: starts lives of the daemon that need not import everything anew.

Holds what `dispenserd.rehearsal run` imports and nothing it makes: each life is a process of its own, forked
here, that calls `dispenserd.rehearsal.main` with its arguments. Orders come as JSON lines on standard input;
when that ends, so does every life.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
from typing import Any

import dispenserd.app
import dispenserd.cli.roots
from dispenserd import rehearsal

PRELOADED = (dispenserd.app, dispenserd.cli.roots)
READ_BYTES = 65_536


def main() -> None:
    signals, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    lives: dict[int, int] = {}
    waiting = b""
    _say(up=True)
    while True:
        readable, _, _ = select.select([0, signals], [], [])
        if signals in readable:
            os.read(signals, READ_BYTES)
            _tell_the_ended(lives)
        if 0 in readable:
            data = os.read(0, READ_BYTES)
            if not data:
                break
            *orders, waiting = (waiting + data).split(b"\n")
            for order in orders:
                _begin(json.loads(order), lives)
    for pid in lives:
        os.kill(pid, signal.SIGKILL)


def _begin(order: dict[str, Any], lives: dict[int, int]) -> None:
    pid = os.fork()
    if pid == 0:
        _live(order)
    lives[pid] = order["number"]
    _say(number=order["number"], pid=pid)


def _live(order: dict[str, Any]) -> None:
    """The daemon's process from here on."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.closerange(3, 64)
    nothing = os.open(os.devnull, os.O_RDWR)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for source, target in ((nothing, 0), (nothing, 1), (log, 2)):
        os.dup2(source, target)
    code = 1
    try:
        code = rehearsal.main(order["arguments"])
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


def _tell_the_ended(lives: dict[int, int]) -> None:
    while lives:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        _say(number=lives.pop(pid), ended=os.waitstatus_to_exitcode(status))


def _say(**what: object) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
