"""`python -m tests.systemd.stuck_receiver CONFIG`: on-call, whose receiver is in a message for ever.

Started by `test_watchdog_oncall`. The rest of the process is the real one, and its loop goes round.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from dispenserd.cli.roots import run_oncall
from dispenserd.clock import SystemClock
from dispenserd.oncall import receiver, service


class StuckReceiver(receiver.Receiver):
    async def run(self) -> None:
        async with self.turn:
            await asyncio.Event().wait()


if __name__ == "__main__":
    vars(service)["Receiver"] = StuckReceiver
    run_oncall(Path(sys.argv[1]), SystemClock())
