"""`make proof`: many histories, two at a time; a table of what was tried, and every violation by its seed.

    python -m tests.bottle.proof --seeds 200 [--seed 1] [--days 14] [--jobs 2] [--json]
    python -m tests.bottle.proof --seed 17 --trace       one history, told line by line

Exit code 1 if any history ended in a violation.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field

from tests.bottle.bottle import SLOT_CHANCE, Bottle, Recipe
from tests.bottle.weather import SEVERITIES

CHUNK_SEEDS = 20
"""Histories a process plays before it reports: progress every few seconds."""


@dataclass
class Tally:
    """What some histories came to; sums only, so that tallies add up."""

    histories: int = 0
    days: int = 0
    cpu_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    deaths_at: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.histories += other.histories
        self.days += other.days
        self.cpu_s += other.cpu_s
        self.counts += other.counts
        self.troubles += other.troubles
        self.deaths_at += other.deaths_at
        self.outcomes += other.outcomes
        self.violations += other.violations


def play(recipe: Recipe) -> Tally:
    """One history, counted."""
    started_s = time.process_time()
    tally = Tally(histories=1, days=recipe.days)
    bottle = Bottle(recipe)
    try:
        bottle.run()
    except AssertionError as violation:
        tally.violations.append((recipe.seed, said(violation)))
    tally.cpu_s = time.process_time() - started_s
    tally.counts.update(counted(bottle))
    tally.troubles.update(bottle.weather.counts)
    tally.deaths_at.update(bottle.deaths_at)
    tally.outcomes.update(o.outcome.value for o in bottle.witnesses.journal.outcomes.values())
    return tally


def counted(bottle: Bottle) -> dict[str, int]:
    return {
        "doses": len(bottle.witnesses.journal.outcomes),
        "commits": bottle.commits,
        "orders": bottle.orders,
        "moves of a sachet": bottle.witnesses.moves,
        "crashes of the box": bottle.box_deaths,
        "power failures of the robot": bottle.end.failures,
        "messages published": bottle.network.published,
        "given by hand": len(bottle.given),
        "doses looked after": bottle.liveness.checked,
        "presses that had to bring a sachet": bottle.liveness.offers,
        "looks at a home that is cut off": bottle.liveness.cut_off_looks,
        f"histories: {bottle.weather.severity.name}": 1,
        "histories: robot that refuses nothing by memory": int(bottle.trusting),
    }


def said(violation: AssertionError) -> str:
    """Its first line, or where it was if it says nothing."""
    text = str(violation).splitlines()
    if text:
        return text[0][:200]
    frame = traceback.extract_tb(violation.__traceback__)[-1]
    return f"{frame.name}: {frame.line}"


def play_all(recipes: Sequence[Recipe]) -> Tally:
    total = Tally()
    gc.freeze()
    gc.disable()  # a history makes many small records and few cycles: collected once it is over
    for recipe in recipes:
        total.add(play(recipe))
        gc.collect()
    gc.enable()
    return total


def run(recipes: Sequence[Recipe], jobs: int) -> Iterator[Tally]:
    """The running total, after every chunk."""
    total = Tally()
    chunks = [recipes[start : start + CHUNK_SEEDS] for start in range(0, len(recipes), CHUNK_SEEDS)]
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(play_all, chunk) for chunk in chunks]):
            total.add(done.result())
            yield total


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    severity = next((each for each in SEVERITIES if each.name == options.severity), None)
    recipes = [
        Recipe(seed, options.days, severity, slot_chance=options.slot_chance)
        for seed in range(options.seed, options.seed + options.seeds)
    ]
    if options.trace:
        return _tell(recipes[0])
    total, started_s = Tally(), time.monotonic()
    for total in run(recipes, options.jobs):
        elapsed_s = time.monotonic() - started_s
        print(
            f"\rproof: {total.histories} of {options.seeds} histories, {len(total.violations)} violations, "
            f"{elapsed_s:.0f} s",
            end="",
            file=sys.stderr,
        )
    print(file=sys.stderr)
    print(json.dumps(asdict(total)) if options.json else table(total))
    return 1 if total.violations else 0


def table(total: Tally) -> str:
    crashes = total.counts["crashes of the box"] + total.counts["power failures of the robot"]
    rows = [("histories", total.histories), ("days", total.days), *sorted(total.counts.items())]
    lines = [f"{name:<50} {count:>12,}" for name, count in rows]
    lines.append(f"{'CPU seconds':<50} {total.cpu_s:>12,.0f}")
    lines.append(f"{'crashes per CPU second':<50} {crashes / max(total.cpu_s, 1e-9):>12,.0f}")
    lines += ["", "violations: none" if not total.violations else f"violations: {len(total.violations)}"]
    for seed, what in sorted(total.violations)[:40]:
        lines.append(f"  seed {seed}: {what}\n    make proof SEED={seed} TRACE=1")
    return "\n".join(lines)


def _tell(recipe: Recipe) -> int:
    bottle = Bottle(recipe, print)
    try:
        bottle.run()
    except AssertionError as violation:
        print(f"VIOLATION {said(violation)}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make proof", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--severity", choices=[each.name for each in SEVERITIES], help="default: drawn")
    parser.add_argument(
        "--slot-chance", type=float, default=SLOT_CHANCE, help="of each day part to have a dose"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--trace", action="store_true", help="tell one history")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
