"""`python -m tests.scenarios [NAME ...]`: plays the scenarios on real processes, one after the other.

Each as `dispenserd simulate NAME --once` plays it; a table of what came of them. Exit code 0: every
expectation of each held. 1: one did not. 3: one proves nothing: something is missing, or too slow. What one
said is kept in build/scenarios.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.sources import ROOT

FOLDER = ROOT / "config" / "scenarios"
KEPT = ROOT / "build" / "scenarios"
HELD, BROKEN, NOTHING = 0, 1, 3
WORDS = {HELD: "held", BROKEN: "BROKEN", NOTHING: "proves nothing"}
TAIL = 6


@dataclass(frozen=True, slots=True)
class Played:
    name: str
    code: int
    seconds: float
    said: tuple[str, ...]


def main(names: Sequence[str]) -> int:
    known = sorted(file.stem for file in FOLDER.glob("*.toml"))
    strangers = [name for name in names if name not in known]
    if strangers:
        print(f"no such scenario: {', '.join(strangers)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    played = []
    for name in names or known:
        played.append(play(name))
        print(row(played[-1]), flush=True)
    for one in played:
        if one.code != HELD:
            print(f"\n{one.name}:", *one.said[-TAIL:], sep="\n  ")
    return verdict(played)


def play(name: str) -> Played:
    began_s = time.monotonic()
    done = subprocess.run(
        [Path(sys.executable).with_name("dispenserd"), "simulate", name, "--once"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{name}.txt").write_text(done.stdout)
    return Played(name, done.returncode, time.monotonic() - began_s, tuple(done.stdout.splitlines()))


def row(one: Played) -> str:
    return f"{one.name:24} {WORDS.get(one.code, f'exit code {one.code}'):15} {one.seconds:6.0f} s"


def verdict(played: Sequence[Played]) -> int:
    """What is broken is worse than what proves nothing."""
    codes = {one.code for one in played}
    if codes <= {HELD}:
        return HELD
    return BROKEN if codes - {HELD, NOTHING} else NOTHING


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
