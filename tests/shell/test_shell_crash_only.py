"""A home whose store failed must end although a thread of the pool hangs (dead network folder)."""

from __future__ import annotations

import subprocess
import sys

HANGS = """
import asyncio, time
from dispenserd.cli import roots
from dispenserd.store.errors import closed

async def root():
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.to_thread(time.sleep, 3600))  # a folder on a dead mount
        await asyncio.sleep(0.1)
        raise closed()  # the store failed

roots._until_stopped(root())
"""


def test_a_store_failure_ends_the_process_although_a_folder_hangs() -> None:
    process = subprocess.Popen([sys.executable, "-c", HANGS], stderr=subprocess.DEVNULL)
    try:
        assert process.wait(timeout=12) != 0
    finally:
        process.kill()
        process.wait()
