"""One writer at a time: an flock on a file beside the store, held as long as the process lives.

SQLite alone would let two daemons take turns, each with its own idea of the newest row. The file stays
behind on purpose: removing it would let a third process lock a new one while a second waits for the old.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from dispenserd.store.errors import StoreInUse

PRIVATE_MODE = 0o600
"""Owner only, for the store and everything beside it."""


def lock(path: Path) -> int:
    """The descriptor that holds the lock of the store at `path`; closing it gives it up."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StoreInUse(
            "Another process is writing the store.",
            "The service runs already; two writers would each believe in another journal.",
            "Stop the other one first, or ask it: `dispenserd status`.",
        ) from None
    return descriptor
