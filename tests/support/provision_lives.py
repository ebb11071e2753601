"""`python -m tests.support.provision_lives`: provisioning as it dies, again and again, without starting anew.

One JSON object a line comes in, `{"arguments": [...], "kill_at": n}`, and one goes out with the exit code, as
of a process: -9 if it was killed. Each runs in a process of its own, forked from this one, which has imported
everything. `kill_at`: SIGKILL before the n-th fsync, rename, unlink or new folder; 0 = lives. Nothing of
ours is replaced: those system calls are where a cut can be seen from outside.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import dispenserd.provision.course
import dispenserd.provision.steps
import dispenserd.provision.undo  # noqa: F401
from dispenserd.cli.entry import carry_out

CUTS = ("fsync", "rename", "replace", "unlink", "mkdir", "rmdir", "link")


def main() -> None:
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if child == 0:
            _live(wanted["arguments"], wanted["kill_at"])
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _live(arguments: list[str], kill_at: int) -> None:
    quiet = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(quiet, number)
    left = [kill_at]

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*given, **named)

        return counted

    for name in CUTS if kill_at else ():
        setattr(os, name, dying(getattr(os, name)))
    os._exit(carry_out(arguments))


if __name__ == "__main__":
    main()
