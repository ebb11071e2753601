"""The whole suite: its order, and an environment that is the same for one process and for many."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest
import structlog

# Test workers are told the size of a terminal they do not have; what goes into a pipe must not follow it.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# A suite started in the background ignores Ctrl-C, and so would every process it starts; some tests send one.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker is dealt a stretch of the list, and takes from the end of another's when its own is done:
    the stories, which bear no company of their like, begin the first stretch, and what is long the others."""
    stories = [item for item in items if item.get_closest_marker("story")]
    long = [item for item in items if item.get_closest_marker("long")]
    rest = [item for item in items if item not in {*stories, *long}]
    others = max(1, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) - 1)
    stretch = len(items) // (1 + others)
    items.clear()
    for head in (stories, *(long[n::others] for n in range(others))):
        filled = max(0, stretch - len(head))
        items += head + rest[:filled]
        del rest[:filled]
    items += rest


GIVES_WAY = 10
"""Niceness of a worker that plays no story: a story's real processes live at 600 times the speed of life,
where a tenth of a second without a processor is a minute."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A worker never gets it back, and needs not: the story comes first."""
    alone = "PYTEST_XDIST_WORKER" not in os.environ
    if not alone and item.get_closest_marker("story") is None and os.nice(0) < GIVES_WAY:
        os.nice(GIVES_WAY - os.nice(0))


@pytest.fixture(autouse=True)
def logs_as_they_were(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test that sets up logs, or plays a bottle, which has none, leaves none of it to the next."""
    for hook in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, hook, getattr(sys, hook))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
