"""Processes that work for a campaign: as many at once as asked, one piece of work after the other.

Ctrl-C reaches the campaign alone, which tells what it has and ends them; they also end when it is gone.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

PR_SET_PDEATHSIG = 1

Work = TypeVar("Work")
Done = TypeVar("Done")


def each_done(act: Callable[[Work], Done], pieces: Iterable[Work], jobs: int) -> Iterator[Done]:
    """In the order in which they end. However the caller stops asking, no process is left."""
    fork = get_context("fork")  # what was imported is there at once
    pool = ProcessPoolExecutor(jobs, fork, initializer=_begin, initargs=(os.getpid(),))
    try:
        for done in as_completed([pool.submit(act, piece) for piece in pieces]):
            yield done.result()
        pool.shutdown()
    finally:
        for process in (pool._processes or {}).values():
            process.terminate()
        pool.shutdown(cancel_futures=True)


def _begin(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before we asked to be told
        os._exit(1)
    gc.freeze()
