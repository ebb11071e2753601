"""`make proof`: many histories, two at a time; a table of what was tried, and every violation by its seed.

    python -m tests.bottle.proof --seeds 200 [--seed 1] [--days 14] [--jobs 2] [--result FILE]
    python -m tests.bottle.proof --seed 17 --trace       one history, told line by line

Exit code 1 if any history ended in a violation, 130 if interrupted before one did. Ctrl-C: the table of what
was played until then.
"""

from __future__ import annotations

import argparse
import gc
import json
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bottle.bottle import SLOT_CHANCE, Bottle, Recipe
from tests.bottle.papers import ZONE
from tests.bottle.siege import SIEGE
from tests.bottle.weather import SEVERITIES
from tests.support.results import keep, stamped
from tests.support.workers import each_done

SCHEMA = "dispenserd/proof/1"
DAYS = 14
SHOWN_MAX = 40
AGAIN_MAX = 10
"""Violations that are played once more by themselves, to see that a seed is a history."""

TOLD_EVERY_S = 30.0
"""Where nobody looks at a terminal."""

FINE, VIOLATED, INTERRUPTED = 0, 1, 130

BROKEN = (
    AssertionError, ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError
)  # fmt: skip
"""How a history ends that should not: by a witness's word, or because something in it fell over."""

CHOICES = (*SEVERITIES, SIEGE)
"""A siege is never drawn: it is played for its density."""


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
    calendar: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.histories += other.histories
        self.days += other.days
        self.cpu_s += other.cpu_s
        self.counts += other.counts
        self.troubles += other.troubles
        self.deaths_at += other.deaths_at
        self.outcomes += other.outcomes
        self.calendar += other.calendar
        self.violations += other.violations

    @property
    def crashes(self) -> int:
        return self.counts["crashes of the box"] + self.counts["power failures of the robot"]

    @property
    def crashes_per_cpu_s(self) -> float:
        return self.crashes / self.cpu_s if self.cpu_s else 0.0


def play(recipe: Recipe) -> Tally:
    """One history, counted."""
    started_s = time.process_time()
    tally = Tally(histories=1, days=recipe.days)
    gc.collect()
    gc.disable()  # a history makes many small records and few cycles: collected before the next
    bottle = Bottle(recipe)
    try:
        bottle.run()
    except BROKEN as violation:
        tally.violations.append((recipe.seed, said(violation)))
    finally:
        gc.enable()
    tally.cpu_s = time.process_time() - started_s
    tally.counts.update(counted(bottle))
    tally.troubles.update(bottle.weather.counts)
    tally.deaths_at.update(bottle.deaths_at)
    tally.outcomes.update(o.outcome.value for o in bottle.witnesses.journal.outcomes.values())
    tally.calendar.update(calendar(bottle.papers.first, recipe.days))
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


def calendar(first: date, days: int) -> set[str]:
    """What is special about the days of a history."""
    found = set()
    for day in (first + timedelta(days=number) for number in range(days)):
        grows = _off(day + timedelta(days=1)) - _off(day)
        if grows:
            found.add("summer time begins" if grows > timedelta(0) else "summer time ends")
        if (day.month, day.day) == (12, 31):
            found.add("a year ends")
        if (day.month, day.day) == (2, 29):
            found.add("a leap day")
    return found or {"none of these"}


def _off(day: date) -> timedelta:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).utcoffset() or timedelta(0)


def said(violation: BaseException) -> str:
    """Its first line, or where it was if it says nothing; before it what it is, if no witness spoke."""
    text = str(violation).splitlines()
    frame = traceback.extract_tb(violation.__traceback__)[-1]
    told = text[0][:200] if text else f"{frame.name}: {frame.line}"
    if isinstance(violation, AssertionError):
        return told
    return f"{type(violation).__name__} in {frame.name}: {told}"


def run(recipes: Sequence[Recipe], jobs: int) -> Iterator[Tally]:
    """The running total, after every history."""
    total = Tally()
    for tally in each_done(play, recipes, jobs):
        total.add(tally)
        yield total


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    recipes = [_recipe(options, seed) for seed in range(options.seed, options.seed + options.seeds)]
    if options.trace:
        return _tell(recipes[0])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    total, began_s, interrupted = Tally(), time.monotonic(), False
    progress = Progress(len(recipes))
    try:
        for total in run(recipes, options.jobs):
            progress.tell(total.histories, f"{len(total.violations)} violations")
    except KeyboardInterrupt:
        interrupted = True
    progress.end()
    result = document(total, options, time.monotonic() - began_s, interrupted)
    if options.result is not None:
        keep(options.result, result)
    print(json.dumps(result) if options.json else table(result))
    if total.violations:
        return VIOLATED
    return INTERRUPTED if interrupted else FINE


def document(total: Tally, options: argparse.Namespace, seconds: float, interrupted: bool) -> dict[str, Any]:
    """The whole run; `table` and the page of the proof are made from it."""
    given = _given(options)
    violations = []
    for number, (seed, what) in enumerate(sorted(total.violations)):
        alone = None
        if number < AGAIN_MAX and not interrupted:
            (by_itself,) = each_done(play, [_recipe(options, seed)], 1)
            alone = (seed, what) in by_itself.violations
        violations.append({"seed": seed, "said": what, "again": f"make proof SEED={seed}{given} TRACE=1",
                           "same_alone": alone})  # fmt: skip
    again = f"make proof SEEDS={options.seeds} SEED={options.seed}{given}"
    return stamped(
        SCHEMA,
        again,
        {
            "seeds": {"first": options.seed, "asked": options.seeds, "played": total.histories},
            "days_each": options.days,
            "severity": options.severity,
            "slot_chance": options.slot_chance,
            "jobs": options.jobs,
            "seconds": round(seconds, 1),
            "interrupted": interrupted,
            "histories": total.histories,
            "days": total.days,
            "counts": dict(sorted(total.counts.items())),
            "troubles": dict(sorted(total.troubles.items())),
            "deaths_at": dict(sorted(total.deaths_at.items())),
            "outcomes": dict(sorted(total.outcomes.items())),
            "calendar": dict(sorted(total.calendar.items())),
            "cpu_s": round(total.cpu_s, 1),
            "crashes": total.crashes,
            "crashes_per_cpu_s": round(total.crashes_per_cpu_s, 1),
            "violations": violations,
        },
    )


def _recipe(options: argparse.Namespace, seed: int) -> Recipe:
    severity = next((each for each in CHOICES if each.name == options.severity), None)
    return Recipe(seed, options.days, severity, slot_chance=options.slot_chance)


def _given(options: argparse.Namespace) -> str:
    """Whatever decides a history beside its seed, as variables of make."""
    parts = [
        f" DAYS={options.days}" if options.days != DAYS else "",
        f" SEVERITY={options.severity}" if options.severity else "",
        f" SLOT_CHANCE={options.slot_chance:g}" if options.slot_chance != SLOT_CHANCE else "",
    ]
    return "".join(parts)


def table(result: Mapping[str, Any]) -> str:
    """For people; of a result as `document` makes it."""
    seeds = result["seeds"]
    lines = [f"{'histories':<50} {result['histories']:>12,}", f"{'days':<50} {result['days']:>12,}"]
    lines += _rows(result["counts"])
    for title, name in (
        ("troubles by kind", "troubles"),
        ("where the box died", "deaths_at"),
        ("outcomes", "outcomes"),
        ("histories over days on which", "calendar"),
    ):
        lines += ["", title, *_rows(result[name], "  ")]
    lines += [
        "",
        f"{'CPU seconds':<50} {result['cpu_s']:>12,.0f}",
        f"{'crashes per CPU second':<50} {result['crashes_per_cpu_s']:>12,.1f}",
        f"{'seconds':<50} {result['seconds']:>12,.0f}",
        "",
        f"seeds from {seeds['first']}: {seeds['played']:,} of {seeds['asked']:,} played"
        + (", interrupted" if result["interrupted"] else ""),
    ]
    found = result["violations"]
    lines.append(f"violations: {len(found)}" if found else "violations: none")
    for each in found[:SHOWN_MAX]:
        lines += [f"  seed {each['seed']}: {each['said']}", f"    {each['again']}"]
        if each["same_alone"] is False:
            lines.append("    NOT THE SAME when played alone: what came before it in its process matters")
    if len(found) > SHOWN_MAX:
        lines.append(f"  and {len(found) - SHOWN_MAX} more: RESULT=file keeps them all")
    return "\n".join(lines)


def _rows(counts: Mapping[str, int], before: str = "") -> list[str]:
    return [f"{before + name:<50} {count:>12,}" for name, count in sorted(counts.items())]


class Progress:
    """How far, how fast, how long still: on a terminal one line that changes, elsewhere one now and then."""

    def __init__(self, whole: int, now_s: Callable[[], float] = time.monotonic) -> None:
        self._whole, self._now_s = whole, now_s
        self._began_s = self._told_s = now_s()
        self._live = sys.stderr.isatty()

    def tell(self, done: int, more: str) -> None:
        now_s = self._now_s()
        if now_s - self._told_s >= (0.2 if self._live else TOLD_EVERY_S) or done == self._whole:
            self._told_s = now_s
            line = f"proof: {progress(done, self._whole, now_s - self._began_s)}, {more}"
            before, end = ("\r\033[K", "") if self._live else ("", "\n")
            print(before + line, end=end, file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._live:
            print(file=sys.stderr)


def progress(done: int, whole: int, elapsed_s: float) -> str:
    minutes, seconds = divmod(round(elapsed_s / done * (whole - done)), 60)
    rate = done / max(elapsed_s, 1e-9)
    return f"{done:,} of {whole:,} histories, {rate:.1f} a second, {minutes} min {seconds:02} s left"


def _tell(recipe: Recipe) -> int:
    bottle = Bottle(recipe, print)
    try:
        bottle.run()
    except BROKEN as violation:
        print(f"VIOLATION {said(violation)}")
        return VIOLATED
    print("no violation")
    return FINE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bottle.proof", description="Plays many histories.")
    add = parser.add_argument
    add("--seeds", type=int, default=1)
    add("--seed", type=int, default=1, help="the first one")
    add("--days", type=int, default=DAYS)
    add("--jobs", type=int, default=2)
    add("--severity", choices=[each.name for each in CHOICES], help="default: drawn")
    add("--slot-chance", type=float, default=SLOT_CHANCE, help="of each day part to have a dose")
    add("--result", type=Path, help="keep the result here, as JSON")
    add("--json", action="store_true", help="JSON instead of the table")
    add("--trace", action="store_true", help="tell one history")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
