"""On-call that can't write still calls somebody: a real full disk, a real read-only one, real gateways."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.storage.small_disk import on_small_disk

DISK_KB = 600


@pytest.mark.timeout(150)
@pytest.mark.parametrize("story", ["fills", "begins", "read_only", "unreached"])
def test_people_are_told_once_and_nothing_known_is_lost(tmp_path: Path, story: str) -> None:
    command = [sys.executable, "-m", "tests.oncall.refusing_office", story, str(tmp_path)]
    on_small_disk(tmp_path, DISK_KB, command, within_s=120)
