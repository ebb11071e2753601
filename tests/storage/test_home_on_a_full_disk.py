"""The whole home on a disk that fills: no release after a failed commit, the end, and room makes it go on."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.storage.small_disk import on_small_disk

DISK_KB = 1200


def test_a_disk_that_fills_while_a_resident_presses_releases_nothing_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    said = on_small_disk(
        tmp_path, DISK_KB, [sys.executable, "-m", "tests.storage.full_disk_home", str(tmp_path)], within_s=110
    )
    assert json.loads(said.splitlines()[-1]) == {"released": 1}
