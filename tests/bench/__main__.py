"""`python -m tests.bench [--json]`: every figure beside its floor, in about six minutes.

Progress goes to stderr, the table or the JSON document to stdout. Exit code 1: a figure is over its limit;
2: something did not happen, and there is no table. Only a quiet machine says anything about the limits.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from tests.bench import dosage, latency, replay, upkeep, year
from tests.bench.figures import Row, document, over, table
from tests.bench.processes import BenchFailed, module, running
from tests.support.results import keep, stamped

SAMPLES = 200
QUIET_S = 90.0
DAYS = 365
REPLAYS, STARTS = 7, 3
YEAR_S_MAX = 600.0
WITHIN, OVER, FAILED, INTERRUPTED = 0, 1, 2, 130


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.default_int_handler)  # what was started is ended, however this ends
    began_s = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            rows = _measured(Path(folder), options)
    except BenchFailed as failed:
        print(f"\nbench: {failed}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    took_s = time.monotonic() - began_s
    told = document(rows, upkeep.machine(), took_s)
    if options.result is not None:
        plain = json.loads(told)
        keep(options.result, stamped(plain["schema"], "make bench", plain))
    if options.json:
        print(told)
    else:
        print(f"{table(rows)}\n\n{upkeep.machine()}; {took_s:.0f} s")
    beyond = over(rows)
    for row in beyond:
        print(f"over: {row.name}", file=sys.stderr)
    return OVER if beyond else WITHIN


def _measured(folder: Path, options: argparse.Namespace) -> list[Row]:
    key, a_year = secrets.token_bytes(32), folder / "year.db"
    places = {name: folder / name for name in ("latency", "rest", "day", "start")}
    for place in places.values():
        place.mkdir()
    rows: list[Row] = []
    with _Progress("alarms and presses") as tell:
        counted: Callable[[int], None] = lambda number: tell(f"{number} of {options.samples}")  # noqa: E731
        rows += asyncio.run(latency.measure(options.samples, places["latency"], counted))
    with _Progress("a rehearsed day, and a year for later") as tell:
        rows += asyncio.run(_day_and_year(places["day"], a_year, key, options.days, tell))
    with _Progress("a year's journal") as tell:
        rows += replay.replayed(a_year, key, options.days, REPLAYS)
    with _Progress("starts") as tell:
        ends = year.ends(options.days)
        rows.append(asyncio.run(upkeep.start_up(places["start"], a_year, key, ends, STARTS, tell)))
    with _Progress("dosages"):
        rows += dosage.measured()
    with _Progress("at rest") as tell:
        tell(f"{options.quiet:.0f} s")
        rows += asyncio.run(upkeep.at_rest(places["rest"], options.quiet))
    return rows


async def _day_and_year(
    folder: Path, a_year: Path, key: bytes, days: int, tell: Callable[[str], None]
) -> list[Row]:
    """At once: neither is timed, and the year is a process of its own."""
    secret = folder / "year.key"
    secret.write_bytes(key)
    async with running(folder, *module("tests.bench.year", a_year, secret, days), name="year") as lived:
        rows = await upkeep.disk_and_memory(folder, tell)
        tell(f"{days} days of the year")
        await lived.ended(YEAR_S_MAX)
    return rows


class _Progress:
    """One line on stderr: rewritten on a terminal, elsewhere told once."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._live = sys.stderr.isatty()

    def __enter__(self) -> Callable[[str], None]:
        self._began_s = time.monotonic()
        if not self._live:
            print(f"bench: {self._what}", file=sys.stderr, flush=True)
        return self._tell

    def __exit__(self, kind: object, *_: object) -> None:
        if self._live:
            took = f"{time.monotonic() - self._began_s:.0f} s" if kind is None else "failed"
            print(f"\r\033[Kbench: {self._what}, {took}", file=sys.stderr, flush=True)

    def _tell(self, how_far: str) -> None:
        if self._live:
            print(f"\r\033[Kbench: {self._what}, {how_far}", end="", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Figures beside their floors.")
    add = parser.add_argument
    add("--json", action="store_true", help="one JSON object instead of the table")
    add("--result", type=Path, metavar="FILE", help="keep the JSON object here")
    add("--samples", type=int, default=SAMPLES, help="alarms and presses, about a second each")
    add("--quiet", type=float, default=QUIET_S, metavar="SECONDS", help="at rest")
    add("--days", type=int, default=DAYS, help="of the journal that is replayed")
    return parser


if __name__ == "__main__":
    # Debian keeps mosquitto where not every user looks.
    os.environ["PATH"] += ":/usr/local/sbin:/usr/sbin"
    sys.exit(main())
