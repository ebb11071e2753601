"""`make bugs`: does a witness notice each seeded bug? Only then does a campaign prove a thing.

Plays the same seeds for each bug of `tests.bottle.bugs` until a witness speaks, and then, without any bug, as
many of them as the slowest catch needed: where those are not clean, no catch proves anything.

    python -m tests.bottle.hunt [--seeds 120] [--jobs 2] [--bug NAME ...] [--result FILE]

Exit code 1 if a bug escaped, if another witness spoke than its list names, or if a seed was not clean.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.bottle.bug import Bug
from tests.bottle.bugs import BUGS, planted
from tests.bottle.company_papers import ALSO, AS_NEEDED, KINDS, OWN_ROBOT
from tests.bottle.feeds_as_needed import BIAS as FEEDS_AS_NEEDED
from tests.bottle.proof import FINE, INTERRUPTED, VIOLATED
from tests.bottle.recipe import Recipe
from tests.bottle.siege import SIEGE
from tests.bottle.tally import play
from tests.bottle.weather import SEVERITIES
from tests.support.results import keep, stamped
from tests.support.workers import each_done

SCHEMA = "dispenserd/bugs/1"
SEEDS_MAX = 300
"""The two rarest show themselves at 221 and 243: each needs a coincidence that no weather brings to order."""
DAYS, SEVERITY, SLOT_CHANCE = 4, "rough", 0.7
"""Short and full of doses: a bug meets its moment sooner than in a quiet fortnight."""

CAUGHT, OTHER, ESCAPED = "caught", "another witness spoke", "escaped"


@dataclass(frozen=True)
class Found:
    """`seeds` played until a witness `said` it; "" = none did."""

    name: str
    seeds: int
    said: str
    verdict: str
    cpu_s: float


def recipe(seed: int, needs: str = "") -> Recipe:
    """The history of a seed, with more of the weather that a bug needs to show itself."""
    company = needs if needs in (*KINDS, *ALSO) else "nobody"
    if needs == FEEDS_AS_NEEDED:
        company = OWN_ROBOT if seed % 2 else AS_NEEDED
    if needs == SIEGE.name:
        return Recipe(seed, 1, SIEGE, slot_chance=SLOT_CHANCE, every=1, company=company)
    (severity,) = (each for each in SEVERITIES if each.name == SEVERITY)
    return Recipe(seed, DAYS, severity, slot_chance=SLOT_CHANCE, every=1, bias=needs, company=company)


def hunted(bug: Bug, seeds_max: int) -> Found:
    """Seeds 1, 2, ... until a witness speaks."""
    cpu_s = 0.0
    for seed in range(1, seeds_max + 1):
        with planted(bug):
            tally = play(recipe(seed, bug.needs))
        cpu_s += tally.cpu_s
        for _, said in tally.violations:
            verdict = CAUGHT if said.startswith(bug.caught_by) else OTHER
            return Found(bug.name, seed, said, verdict, cpu_s)
    return Found(bug.name, seeds_max, "", ESCAPED, cpu_s)


def cannot_be_seen(bug: Bug) -> str:
    """Why no witness can tell the home with this bug from the one without; "" = one can."""
    return bug.equivalent


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    unknown = set(options.bug) - {bug.name for bug in BUGS}
    if unknown:
        print(f"no such bug: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = [bug for bug in BUGS if not options.bug or bug.name in options.bug]
    wanted = [bug.name for bug in chosen if not cannot_be_seen(bug)]
    began_s = time.monotonic()
    found: list[Found] = []
    dirty: list[tuple[int, str]] = []
    clean = 0
    interrupted = False
    try:
        for each in each_done(partial(_one_of, options.seeds), wanted, options.jobs):
            found.append(each)
            _tell(f"{len(found)} of {len(wanted)} hunted, last: {each.name}: {each.verdict}")
        needed: dict[str, int] = {}  # the same weather without a bug, as far as any was hunted in it
        needs = {bug.name: bug.needs for bug in chosen}
        for each in found:
            needed[needs[each.name]] = max(each.seeds, needed.get(needs[each.name], 0))
        recipes = [recipe(seed, bias) for bias in needed for seed in range(1, needed[bias] + 1)]
        for tally in each_done(play, recipes, options.jobs):
            clean += 1
            dirty += tally.violations
        _tell(f"{clean} seeds without a bug: {len(dirty)} violations")
    except KeyboardInterrupt:
        interrupted = True
    result = document(chosen, found, (clean, dirty), options, time.monotonic() - began_s, interrupted)
    if options.result is not None:
        keep(options.result, result)
    print(json.dumps(result) if options.json else table(result))
    if dirty or any(each.verdict != CAUGHT for each in found):
        return VIOLATED
    return INTERRUPTED if interrupted else FINE


def _one_of(seeds_max: int, name: str) -> Found:
    """By name: what plants a bug does not travel between processes."""
    return hunted(next(bug for bug in BUGS if bug.name == name), seeds_max)


def document(
    bugs: Sequence[Bug],
    found: Sequence[Found],
    control: tuple[int, Sequence[tuple[int, str]]],
    options: argparse.Namespace,
    seconds: float,
    interrupted: bool,
) -> dict[str, Any]:
    """The whole hunt, in the order of the list. `control`: how many seeds were played bare, what was said."""
    by_name = {each.name: each for each in found}
    rows: list[dict[str, Any]] = []
    for bug in bugs:
        each = by_name.get(bug.name)
        reason = cannot_be_seen(bug)
        rest = asdict(each) if each else {"verdict": "equivalent" if reason else "not hunted"}
        rows.append({"name": bug.name, "caught_by": list(bug.caught_by), **rest, "equivalent": reason})
    clean, dirty = control
    again = f"make bugs SEEDS={options.seeds}"
    result = {
        "seeds_max": options.seeds,
        "days_each": DAYS,
        "severity": SEVERITY,
        "slot_chance": SLOT_CHANCE,
        "bugs": rows,
        "without_bugs": {
            "seeds": clean,
            "violations": [{"seed": seed, "said": said} for seed, said in sorted(dirty)],
        },
        "seconds": round(seconds, 1),
        "interrupted": interrupted,
    }
    return stamped(SCHEMA, again, result)


def table(result: Mapping[str, Any]) -> str:
    lines = [f"{'bug':<50} {'seed':>4} {'CPU s':>7}  what was said"]
    for row in result["bugs"]:
        figures = f"{row['seeds']:>4} {row['cpu_s']:>7.1f}" if "seeds" in row else f"{'':>4} {'':>7}"
        verdict = "" if row["verdict"] == CAUGHT else f"{row['verdict'].upper()}  "
        lines.append(f"{row['name']:<50} {figures}  {verdict}{row.get('said') or row['equivalent']}")
    verdicts = [row["verdict"] for row in result["bugs"]]
    without = result["without_bugs"]
    lines += [
        "",
        f"{verdicts.count(CAUGHT)} caught, {verdicts.count(ESCAPED)} escaped, "
        f"{verdicts.count(OTHER)} noticed by another witness, "
        f"{verdicts.count('equivalent')} that no witness can see"
        + (f", {verdicts.count('not hunted')} not hunted" if "not hunted" in verdicts else ""),
        f"the same seeds without a bug, 1 to {without['seeds']}: {len(without['violations'])} violations",
    ]
    lines += [f"    seed {each['seed']}: {each['said']}" for each in without["violations"]]
    return "\n".join(lines)


def _tell(text: str) -> None:
    print(f"bugs: {text}", file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bottle.hunt", description="Hunts seeded bugs.")
    add = parser.add_argument
    add("--seeds", type=int, default=SEEDS_MAX, help="for each bug, at most")
    add("--jobs", type=int, default=2)
    add("--bug", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    add("--result", type=Path, help="keep the result here, as JSON")
    add("--json", action="store_true", help="JSON instead of the table")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
