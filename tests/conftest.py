"""The whole suite: its order, and an environment that is the same for one process and for many."""

from __future__ import annotations

import os
import signal

import pytest

# Test workers are told the size of a terminal they do not have; what goes into a pipe must not follow it.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

# A suite started in the background ignores Ctrl-C, and so would every process it starts; some tests send one.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest starts first, so that two workers end together."""
    items.sort(key=lambda item: item.get_closest_marker("story") is None)
