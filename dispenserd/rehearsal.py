"""The only other way to start the roots: with a rated clock, for the simulator's stage. No console script.

`python -m dispenserd.rehearsal run|oncall --config FILE --civil-epoch ISO --monotonic-epoch S --rate N`.
Everything after the clock is what `dispenserd run` and `dispenserd oncall run` do; only rate 1 is evidence
for a latency. `run --crash POINT:N[:MS]` ends the home by SIGKILL when it passes that point for the N-th
time, or MS milliseconds later; of several, the first that comes. The last line on stderr names the point.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from dispenserd.cli.failure import Exit, Failure, failed
from dispenserd.cli.output import show_failure
from dispenserd.clock import RatedClock, rated
from dispenserd.config_file import ConfigError
from dispenserd.probe import Point, Probe


def main(arguments: Sequence[str]) -> int:
    """The exit code; the same codes as the console script's."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        clock: RatedClock = rated(options.civil_epoch, options.monotonic_epoch, options.rate)
    except ValueError as fault:
        parser.error(str(fault))
    from dispenserd.cli.roots import run_home, run_oncall

    start = partial(run_home, probe=_any_of(options.crash)) if options.root == "run" else run_oncall
    try:
        start(options.config, clock, json_logs=options.json)
    except Failure as failure:
        show_failure(failure, options.json)
        return failure.exit_code
    except ConfigError as error:
        show_failure(failed(Exit.CONFIGURATION, "configuration", error), options.json)
        return Exit.CONFIGURATION
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return Exit.DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dispenserd.rehearsal", description=__doc__)
    parser.add_argument("root", choices=("run", "oncall"))
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--civil-epoch", required=True, help="civil time at the monotonic epoch, ISO 8601")
    parser.add_argument("--monotonic-epoch", required=True, help="seconds of CLOCK_MONOTONIC")
    parser.add_argument("--rate", required=True, help="civil seconds per real second, at most 1200")
    parser.add_argument("--json", action="store_true", help="log lines and errors as JSON")
    parser.add_argument(
        "--crash",
        type=_crash,
        action="append",
        metavar="POINT:N[:MS]",
        help=f"of run, repeatable: SIGKILL there; {', '.join(Point)}",
    )
    return parser


def _any_of(crashes: Sequence[Probe] | None) -> Probe | None:
    if not crashes:
        return None

    def probe(point: Point) -> None:
        for crash in crashes:
            crash(point)

    return probe


def _crash(text: str) -> Probe:
    """A probe that ends this process, and gives it no chance to tidy up."""
    name, _, rest = text.partition(":")
    count, _, after_ms = rest.partition(":")
    point, passing, after_s = Point(name), int(count), float(after_ms or 0) / 1000
    if passing < 1:
        raise ValueError("a point is passed for the first time, or later")
    passed = 0

    def probe(now_passing: Point) -> None:
        nonlocal passed
        passed += now_passing is point
        if now_passing is not point or passed != passing:
            return
        if after_s > 0:
            later = threading.Timer(after_s, _die, (point,))
            later.daemon = True
            later.start()
        else:
            _die(point)

    return probe


def _die(point: Point) -> None:
    os.write(sys.stderr.fileno(), f"crash: {point}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
