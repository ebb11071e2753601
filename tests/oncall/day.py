"""`make oncall-day`: a day of many homes in virtual time, judged to the second; first the judge itself.

    python -m tests.oncall.day [--homes 200] [--hours 24] [--seed 1] [--json] [--no-bugs]

Exit 1 if anything differed, or if the judge missed a bug that was sown.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.oncall.day_bugs import BUGS
from tests.oncall.day_judge import Verdict, judge
from tests.oncall.day_play import Play
from tests.oncall.day_script import BEAT_S, a_day

FAULTS_SHOWN_MAX = 20
SMALL_HOMES, SMALL_HOURS, SMALL_BEAT_S = 6, 12.0, 280.0
"""A day on which a bug is looked for: some seconds."""
SEEDS_A_BUG = 4
"""Small days on which a bug may stay unseen before it counts as missed."""
MEMORY = Path("/dev/shm")
"""Where a file may live that nobody has to survive: every commit still writes and syncs it."""


def one_day(
    seed: int,
    homes: int,
    hours: float,
    beat_s: float = BEAT_S,
    sown: Callable[[], AbstractContextManager[object]] = nullcontext,
    progress: Callable[[float], None] = lambda part: None,
) -> Verdict:
    day = a_day(seed, homes, hours, beat_s)
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder, sown():
        played = Play(day, Path(folder) / "oncall.db", progress).run()
    return judge(day, played)


def caught_on(bug: Callable[[], AbstractContextManager[object]]) -> int | None:
    """The seed of the first small day on which the judge notices the bug, and nothing without it."""
    for seed in range(1, SEEDS_A_BUG + 1):
        if small_day(seed, bug).faults:
            return seed if is_clean(seed) else None
    return None


def small_day(seed: int, sown: Callable[[], AbstractContextManager[object]] = nullcontext) -> Verdict:
    return one_day(seed, SMALL_HOMES, SMALL_HOURS, SMALL_BEAT_S, sown)


@cache
def is_clean(seed: int) -> bool:
    return not small_day(seed).faults


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    began = time.monotonic()
    caught = {} if options.no_bugs else _hunt()
    verdict = one_day(options.seed, options.homes, options.hours, progress=_progress("the day"))
    missed = [name for name, seed in caught.items() if seed is None]
    passed = not verdict.faults and not missed
    result = {
        "schema": "dispenserd/oncall-day/1",
        "passed": passed,
        "seed": options.seed,
        "hours": options.hours,
        "counts": dict(verdict.counts),
        "faults": verdict.faults,
        "bugs": caught,
        "seconds": round(time.monotonic() - began),
    }
    if options.json:
        print(json.dumps(result))
    else:
        _show(verdict, caught, passed)
    return 0 if passed else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.oncall.day")
    parser.add_argument("--homes", type=int, default=200)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-bugs", action="store_true", help="trust the judge without the sown bugs")
    return parser


def _hunt() -> dict[str, int | None]:
    caught: dict[str, int | None] = {}
    for number, bug in enumerate(BUGS):
        _progress("sown bugs")(number / len(BUGS))
        caught[bug.__name__] = caught_on(bug)
    return caught


def _progress(what: str) -> Callable[[float], None]:
    def show(part: float) -> None:
        if sys.stderr.isatty():
            print(f"\r\033[K{what}: {part:.0%}", end="\r", file=sys.stderr, flush=True)

    return show


def _show(verdict: Verdict, caught: dict[str, int | None], passed: bool) -> None:
    for name, seed in caught.items():
        told = "MISSED" if seed is None else f"caught on day {seed}"
        print(f"sown  {name.replace('_', ' '):<58} {told}")
    for name, count in sorted(verdict.counts.items()):
        print(f"{name:<40} {count:>8}")
    for fault in verdict.faults[:FAULTS_SHOWN_MAX]:
        print(f"DIFFERS  {fault}")
    more = len(verdict.faults) - FAULTS_SHOWN_MAX
    if more > 0:
        print(f"DIFFERS  and {more} more")
    print("every deadline was kept, to the second" if passed else "NOT PASSED")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
