"""The only other way to start the roots: with a rated clock, for the simulator's stage. No console script.

`python -m dispenserd.rehearsal run|oncall --config FILE --civil-epoch ISO --monotonic-epoch S --rate N`.
Everything after the clock is what `dispenserd run` and `dispenserd oncall run` do; only rate 1 is evidence
for a latency.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from dispenserd.cli.failure import Exit, Failure, failed
from dispenserd.cli.output import show_failure
from dispenserd.clock import RatedClock, rated
from dispenserd.config_file import ConfigError


def main(arguments: Sequence[str]) -> int:
    """The exit code; the same codes as the console script's."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        clock: RatedClock = rated(options.civil_epoch, options.monotonic_epoch, options.rate)
    except ValueError as fault:
        parser.error(str(fault))
    from dispenserd.cli.roots import run_home, run_oncall

    start = run_home if options.root == "run" else run_oncall
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
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
