"""What the store's tests share: a key, a real file, and other processes that use it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from sqlcipher3 import dbapi2

import dispenserd
from dispenserd.store.store import Store

ROOT = Path(dispenserd.__file__).parents[1]
PRELUDE = """
import os, resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from dispenserd.store.errors import StoreBroken
from dispenserd.store.store import Store
from scheduler.events import DoseDue, ReminderGiven
from scheduler.outbox import Answer, Put
AT = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
path, key = Path(sys.argv[1]), bytes.fromhex(sys.argv[2])
"""


@pytest.fixture
def key() -> bytes:
    return bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home.db"


@pytest.fixture
def opened(path: Path, key: bytes) -> Iterator[Callable[..., Store]]:
    """Opens the store at `path`; closed at the end of the test."""
    with ExitStack() as stores:

        def open_one(*, readonly: bool = False) -> Store:
            return stores.enter_context(closing(Store.open(path, key, readonly=readonly)))

        yield open_one


@pytest.fixture
def behind(path: Path, key: bytes) -> Callable[..., Any]:
    """Runs SQL on the closed store with its key, as somebody would who has both."""

    def run(*statements: str, values: Sequence[object] = ()) -> Any:
        connection = dbapi2.connect(str(path), isolation_level=None)
        try:
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            return [connection.execute(statement, values).fetchall() for statement in statements][-1]
        finally:
            connection.close()

    return run


@pytest.fixture
def process(path: Path, key: bytes) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a real process that runs `code` after PRELUDE; killed at the end of the test."""
    with ExitStack() as running:

        def start(code: str) -> subprocess.Popen[str]:
            child = running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", PRELUDE + code, str(path), key.hex()],
                    cwd=ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            running.callback(child.kill)
            return child

        yield start
