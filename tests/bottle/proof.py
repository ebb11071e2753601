"""`make proof`: many histories, two at a time; a table of what was tried, and every violation by its seed.

    python -m tests.bottle.proof --seeds 200 [--seed 1] [--days 14] [--jobs 2] [--result FILE]
    python -m tests.bottle.proof --seed 17 --trace       one history, told line by line

Exit code 1 if any history ended in a violation, 130 if interrupted before one did. Ctrl-C: the table of what
was played until then. A run with a result file that was interrupted, or killed, goes on where it was when the
same command is given again at the same commit.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bottle.bottle import Bottle
from tests.bottle.recipe import SLOT_CHANCE, Recipe
from tests.bottle.siege import SIEGE
from tests.bottle.tally import BROKEN, Tally, play, said
from tests.bottle.unfinished import Unfinished
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

CHOICES = (*SEVERITIES, SIEGE)
"""A siege is never drawn: it is played for its density."""


def run(recipes: Sequence[Recipe], jobs: int, total: Tally) -> Iterator[Tally]:
    """The running total, after every history; what is in it already is not played again."""
    for tally in each_done(play, [each for each in recipes if each.seed not in total.seeds], jobs):
        total.add(tally)
        yield total


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    recipes = [_recipe(options, seed) for seed in range(options.seed, options.seed + options.seeds)]
    if options.trace:
        return _tell(recipes[0])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    unfinished = Unfinished(options.result, _again(options))
    found, before_s = unfinished.found()
    total = found
    began_s, interrupted = time.monotonic(), False
    progress = Progress(len(recipes), len(found.seeds))
    try:
        for total in run(recipes, options.jobs, found):
            progress.tell(total.histories, f"{len(total.violations)} violations")
            unfinished.keep_now_and_then(total, before_s + time.monotonic() - began_s)
    except KeyboardInterrupt:
        interrupted = True
    progress.end()
    seconds = before_s + time.monotonic() - began_s
    result = document(total, options, seconds, interrupted)
    if options.result is not None:
        keep(options.result, result)
    if interrupted:
        unfinished.keep(total, seconds)
    else:
        unfinished.forget()
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
    return stamped(
        SCHEMA,
        _again(options),
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


def _again(options: argparse.Namespace) -> str:
    return f"make proof SEEDS={options.seeds} SEED={options.seed}{_given(options)}"


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

    def __init__(self, whole: int, before: int = 0, now_s: Callable[[], float] = time.monotonic) -> None:
        """`before`: so many were done by an earlier start."""
        self._whole, self._before, self._now_s = whole, before, now_s
        self._began_s = self._told_s = now_s()
        self._live = sys.stderr.isatty()

    def tell(self, done: int, more: str) -> None:
        now_s = self._now_s()
        if now_s - self._told_s >= (0.2 if self._live else TOLD_EVERY_S) or done == self._whole:
            self._told_s = now_s
            line = f"proof: {progress(done, self._whole, now_s - self._began_s, self._before)}, {more}"
            before, end = ("\r\033[K", "") if self._live else ("", "\n")
            print(before + line, end=end, file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._live:
            print(file=sys.stderr)


def progress(done: int, whole: int, elapsed_s: float, before: int = 0) -> str:
    rate = (done - before) / max(elapsed_s, 1e-9)
    minutes, seconds = divmod(round((whole - done) / rate), 60)
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
