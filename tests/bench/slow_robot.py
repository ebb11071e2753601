"""`python -m tests.bench.slow_robot ...`: the simulator, whose motor does not get faster with the rehearsal.

At 1200 times the speed of life a motion of four seconds would be over before its first log entry is on the
line, and the home would commit in one what a real day commits in five. So here it lasts as long for the line.
"""

from __future__ import annotations

import sys

from simulator import mechanics
from simulator.__main__ import main

READING_REAL_MS, MOTION_REAL_MS = 100, 250
"""Longer than what is said on the line about it, and short enough for a window of six seconds."""


def slow_down(rate: float) -> None:
    """Civil durations, so that they last these real ones."""
    mechanics.READING_MS = int(READING_REAL_MS * rate)
    for way in mechanics.MOTION_MS:
        mechanics.MOTION_MS[way] = int(MOTION_REAL_MS * rate)


if __name__ == "__main__":
    slow_down(float(sys.argv[sys.argv.index("--rate") + 1]))
    sys.exit(main())
