"""`python -m tests.systemd.watched_home CONFIG FLAG`: the home, whose loop stands still once FLAG is there.

Started by `test_watchdog`. All but the standstill, which a commit brings, is what `dispenserd run` does.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from dispenserd.cli.roots import run_home
from dispenserd.clock import SystemClock
from dispenserd.probe import Point

STANDSTILL_S = 3600.0


def main(configuration: Path, flag: Path) -> None:
    def probe(point: Point) -> None:
        if point is Point.AFTER_COMMIT and flag.exists():
            flag.unlink()  # once: the next life goes on
            time.sleep(STANDSTILL_S)

    run_home(configuration, SystemClock(), probe=probe)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
