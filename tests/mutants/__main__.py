"""`python -m tests.mutants [MODULE ...]`: is each mistake one can make in the core noticed, by test or type?

Without names: every module, the most dangerous first. Of each a sample that is always the same is tried
(`--draw 2`: another one), or `--all`. `--survivors` tries only those again that survived the last time, and
against all tests that come to them; with `--tests` only against these. `--judge` runs nothing and judges what
is known. What a module gave is kept in build/mutants/result.json: what was tried of one that has not changed
since is not tried again, unless the module is named.

Exit code 0: with a confidence of 95 % at least 85 % of all mutants is noticed, and each known survivor is
explained in tests/mutants/explained.toml.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.changes import Mutant
from tests.mutants.run import SAMPLE, Looked, Survivor, look, modules, read, share, source_hash, write
from tests.mutants.run import wanted as to_try
from tests.mutants.tries import Tried, with_tests
from tests.mutants.types import noticed_by_types
from tests.support.sources import ROOT

RESULT = ROOT / "build" / "mutants" / "result.json"
EXPLAINED = ROOT / "tests" / "mutants" / "explained.toml"
TESTS = ("tests/scheduler",)
NOTICED_MIN_PERCENT = 85

MOST_DANGEROUS = (
    "gate",
    "dose",
    "offering",
    "evolve_dose",
    "receive_command",
    "as_needed_limits",
    "closing",
    "window",
    "evolve_clock",
    "evolve_robot",
    "evolve_incident",
    "transitions",
    "invariants",
)
"""They say what may be released, what a record means, who may give by hand and when."""

Explained = Mapping[tuple[str, str, str], str]
"""(module, function, change) -> why no test can, or need, notice it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    found: Mapping[str, Looked]
    unexplained: tuple[tuple[str, Survivor], ...]
    idle: tuple[tuple[str, str], ...]  # explanations of what does not survive (any more)

    @property
    def percent(self) -> tuple[float, float]:
        """As it looks, and at least."""
        mean, least = share(self.found)
        return 100 * mean, 100 * least

    @property
    def good(self) -> bool:
        return self.percent[1] >= NOTICED_MIN_PERCENT and not self.unexplained and not self.idle


def main(arguments: Sequence[str]) -> int:
    wanted = options(arguments)
    if not wanted.judge:
        chosen = choose(wanted, RESULT)
        print("reading types ...", file=sys.stderr, flush=True)
        by_types = noticed_by_types(
            {module: [one.key for one in of_it] for module, (_, of_it) in chosen.items()}
        )
        with_tests(lambda attempt: _try(chosen, by_types, attempt), wanted.tests, patient=wanted.survivors)
    found = {module: one for module, one in read(RESULT).items() if module in modules()}
    verdict = judge(found, explained(EXPLAINED))
    print("\n".join(told(verdict)))
    return 0 if verdict.good else 1


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("modules", nargs="*", metavar="MODULE", choices=[[], *modules()])
    parser.add_argument("--all", action="store_true", help=f"every mutant, not {SAMPLE} of a module")
    parser.add_argument("--draw", type=int, default=1, help="which sample")
    parser.add_argument("--survivors", action="store_true", help="only those that survived the last time")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="only against these, with --survivors")
    parser.add_argument("--judge", action="store_true", help="run nothing, judge what is known")
    wanted = parser.parse_args(arguments)
    if tuple(wanted.tests) != TESTS and not wanted.survivors:
        parser.error("--tests says something of --survivors alone")
    return wanted


def choose(wanted: argparse.Namespace, result: Path) -> dict[str, tuple[Looked | None, list[Mutant]]]:
    """Of each module what is known of it, and what is to be tried."""
    return {
        module: (
            known,
            to_try(module, known, survivors=wanted.survivors, everyone=wanted.all, draw=wanted.draw),
        )
        for module, known in to_look_at(wanted, read(result)).items()
    }


def to_look_at(wanted: argparse.Namespace, found: Mapping[str, Looked]) -> dict[str, Looked | None]:
    """The modules, and what of each is known and has not changed since."""
    rest = [module for module in modules() if module not in MOST_DANGEROUS]
    chosen: dict[str, Looked | None] = {}
    for module in wanted.modules or [*MOST_DANGEROUS, *rest]:
        known = found.get(module)
        anew = wanted.modules and not wanted.survivors
        if known is not None and (anew or known.source != source_hash(module)):
            known = None
        if known is None and wanted.survivors:
            continue  # none is known of it, and another run may be looking at it now
        chosen[module] = known
    return chosen


def _try(
    chosen: Mapping[str, tuple[Looked | None, list[Mutant]]],
    by_types: Mapping[str, Collection[str]],
    attempt: Callable[[Mutant], Tried],
) -> None:
    for module, (known, of_it) in chosen.items():
        looked = look(module, known, of_it, by_types[module], attempt, _tell)
        write(RESULT, {**read(RESULT), module: looked})  # another run may have kept something meanwhile
        print(_row(looked), flush=True)


def _tell(number: int, of: int, tried: Tried) -> None:
    if not tried.noticed:
        print(f"  survived {tried.by}: {tried.mutant}", file=sys.stderr, flush=True)
    elif sys.stderr.isatty():
        print(f"  {tried.mutant.module} {number} of {of}", end="\r", file=sys.stderr, flush=True)


def explained(path: Path) -> Explained:
    """Each survivor that somebody looked at, with one line that says why it may live."""
    rows = tomllib.loads(path.read_text()).get("survivor", [])
    return {(row["module"], row["function"], row["change"]): row["why"] for row in rows}


def judge(found: Mapping[str, Looked], why: Explained) -> Verdict:
    """An explanation of a mutant that was not drawn waits."""
    alive = {(one.module, each.function, each.change) for one in found.values() for each in one.survived}
    whole = {one.module for one in found.values() if one.tried == one.mutants}
    unexplained = sorted(alive - why.keys())
    idle = sorted(key for key in why if key[0] in whole and key not in alive)
    return Verdict(
        found,
        tuple((module, Survivor(function, change)) for module, function, change in unexplained),
        tuple((module, f"{function}: {change}") for module, function, change in idle),
    )


def told(verdict: Verdict) -> list[str]:
    found = verdict.found
    lines = [_row(one) for _, one in sorted(found.items())]
    lines += [f"unexplained: {module} {each.function}: {each.change}" for module, each in verdict.unexplained]
    lines += [f"explains nothing: {module} {what}" for module, what in verdict.idle]
    there, tried = sum(one.mutants for one in found.values()), sum(one.tried for one in found.values())
    by_tests = sum(len(one.noticed) for one in found.values())
    by_types = sum(len(one.typed) for one in found.values())
    mean, least = verdict.percent
    untried = [module for module in modules() if module not in found]
    return [
        *lines,
        *([f"not tried: {' '.join(untried)}"] if untried else []),
        f"{by_types} of {tried} tried were noticed by types, {by_tests} by tests, of {there} there are: "
        f"{mean:.1f} %, at least {least:.1f} % (95 % confidence); {len(verdict.unexplained)} unexplained",
    ]


def _row(one: Looked) -> str:
    noticed = f"{len(one.typed):4} by types and {len(one.noticed):4} by tests of {one.tried:4} noticed"
    return f"{one.module:20} {noticed} (there are {one.mutants:4}), {len(one.survived):3} survived"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
