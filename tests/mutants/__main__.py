"""`python -m tests.mutants [MODULE ...]`: does some test notice each mistake one could make in the core?

Without names: every module, the most dangerous first. `--survivors` tries only those again that survived the
last time; `--judge` runs nothing and judges what is known. Exit code 0: of what was tried at least 85 % is
noticed, and each survivor is explained in tests/mutants/explained.toml. It takes hours; what a module gave is
kept in build/mutants/result.json, and one that has not changed since is not tried again.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.run import TREES, Looked, Survivor, modules, mutate, read, source_hash, write
from tests.support.sources import ROOT

RESULT = TREES / "result.json"
EXPLAINED = ROOT / "tests" / "mutants" / "explained.toml"
KILLED_MIN_PERCENT = 85

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


@dataclass(frozen=True, slots=True)
class Verdict:
    found: Mapping[str, Looked]
    unexplained: tuple[tuple[str, Survivor], ...]
    idle: tuple[tuple[str, str], ...]  # explanations of what does not survive (any more)

    @property
    def percent(self) -> float:
        tried = sum(one.mutants for one in self.found.values())
        return 100 * sum(one.killed for one in self.found.values()) / tried if tried else 0.0

    @property
    def good(self) -> bool:
        return self.percent >= KILLED_MIN_PERCENT and not self.unexplained and not self.idle


Explained = Mapping[tuple[str, str, str], str]
"""(module, function, change) -> why no test can, or need, notice it."""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("modules", nargs="*", metavar="MODULE", choices=[[], *modules()])
    parser.add_argument("--survivors", action="store_true", help="only those that survived the last time")
    parser.add_argument("--judge", action="store_true", help="run nothing, judge what is known")
    wanted = parser.parse_args(arguments)
    found = {module: one for module, one in read(RESULT).items() if module in modules()}
    rest = [module for module in modules() if module not in MOST_DANGEROUS]
    for module in [] if wanted.judge else wanted.modules or [*MOST_DANGEROUS, *rest]:
        known = found.get(module)
        same = known is not None and known.source == source_hash(module)
        if same and not wanted.survivors and not wanted.modules:
            continue
        print(f"{module} ...", file=sys.stderr, flush=True)
        looked = mutate(module, only=wanted.survivors)
        found = {**found, **read(RESULT), module: looked}  # another run may have kept something meanwhile
        write(RESULT, found)
        print(_row(found[module]), flush=True)
    verdict = judge(found, explained(EXPLAINED))
    print("\n".join(told(verdict)))
    return 0 if verdict.good else 1


def explained(path: Path) -> Explained:
    """Each survivor that somebody looked at, with one line that says why it may live."""
    rows = tomllib.loads(path.read_text()).get("survivor", [])
    return {(row["module"], row["function"], row["change"]): row["why"] for row in rows}


def judge(found: Mapping[str, Looked], why: Explained) -> Verdict:
    alive = {(one.module, each.function, each.change) for one in found.values() for each in one.survived}
    unexplained = sorted(alive - why.keys())
    idle = sorted(key for key in why if key[0] in found and key not in alive)
    return Verdict(
        found,
        tuple((module, Survivor(function, change)) for module, function, change in unexplained),
        tuple((module, f"{function}: {change}") for module, function, change in idle),
    )


def told(verdict: Verdict) -> list[str]:
    lines = [_row(one) for _, one in sorted(verdict.found.items())]
    lines += [f"unexplained: {module} {each.function}: {each.change}" for module, each in verdict.unexplained]
    lines += [f"explains nothing: {module} {what}" for module, what in verdict.idle]
    return [*lines, f"{verdict.percent:.1f} % noticed, {len(verdict.unexplained)} unexplained"]


def _row(one: Looked) -> str:
    return f"{one.module:20} {one.killed:5} of {one.mutants:5} noticed, {len(one.survived):4} survived"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
