"""Cuts the power between any two system calls of a recorded life, and looks at what is left.

`python -m tests.storage.power_loss --states N --seed K --json` runs a campaign: up to N different file states
are made and opened, spread over every cut of every life. Exit 1 on any violation. A state is named by life,
cut and seed, so the same command shows it again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.storage.disk_model import Disk, State
from tests.storage.recorded_lives import LIVES, TRIED, Life
from tests.storage.syscalls import Said, Step, python, recorded
from tests.support.results import keep, stamped

SCHEMA = "dispenserd/power/1"

SAMPLES_MAX = 400
"""Random states of one cut, beside its corners."""

NOT_ON_DISK = ("-shm", ".lock")
"""An index that every start makes anew, and a lock without content."""

MEMORY_FOLDER = Path("/dev/shm")


@dataclass
class Tally:
    life: str
    steps: int = 0
    cuts: int = 0
    states: int = 0
    acknowledgements: int = 0
    violations: list[str] = field(default_factory=list)


def campaign(life: Life, states_max: int, seed: int, bug: str = "") -> Tally:
    """At most `states_max` states of this life, as evenly over its cuts as there are states to find."""
    with tempfile.TemporaryDirectory(dir=_fast(), prefix="cut-") as scratch:
        folder = Path(scratch) / "as-recorded"
        folder.mkdir()
        steps = record(life, folder, bug)
        shutil.rmtree(folder)
        found = Tally(life.name, steps=len(steps), cuts=len(steps) + 1)
        found.acknowledgements = sum(
            isinstance(step, Said) and not step.text.startswith(TRIED) for step in steps
        )
        chance = random.Random(f"{life.name} {seed}")
        seen: set[bytes] = set()
        for cut, states, said, under_way in _cuts(steps, chance, states_max):
            room = (
                states_max * (cut + 1) // found.cuts
            )  # what earlier cuts did not need is left for later ones
            for state in states:
                name = _name_of(state, said)
                if found.states >= room or name in seen:
                    continue
                seen.add(name)
                found.states += 1
                for wrong in opened(life, state, folder, said, under_way):
                    found.violations.append(f"{life.name} cut {cut} of {len(steps)}, seed {seed}: {wrong}")
        return found


def record(life: Life, folder: Path, bug: str = "") -> list[Step]:
    """The steps of all its processes."""
    steps: list[Step] = []
    for stage in life.stages:
        log = folder.with_name("strace.log")
        took = recorded(python(stage.code, str(folder), bug), folder, log, stage.fail_sync)
        steps += [step for step in took if isinstance(step, Said) or not step.path.endswith(NOT_ON_DISK)]
    return steps


def opened(life: Life, state: State, folder: Path, said: Sequence[str], under_way: str | None) -> list[str]:
    """What the product makes of this state."""
    folder.mkdir()
    try:
        for path, content in state.items():
            file = folder / Path(path).name
            file.write_bytes(content)
            file.chmod(0o600)
        return life.check(folder, said, under_way)
    finally:
        shutil.rmtree(folder)


def _cuts(
    steps: Sequence[Step], chance: random.Random, states_max: int
) -> Iterator[tuple[int, list[State], list[str], str | None]]:
    """At every cut what may be left there, in random order; a cut is before the step of that number."""
    disk = Disk()
    said: list[str] = []
    coming = [step.text for step in steps if isinstance(step, Said)]
    samples = min(SAMPLES_MAX, 1 + states_max // len(steps))
    for cut, step in enumerate([*steps, None]):
        under_way = coming[len(said)] if len(said) < len(coming) else None
        left = list(disk.after_power_loss(chance, samples))
        chance.shuffle(left)
        yield cut, left, said, under_way
        if isinstance(step, Said):
            said = [*said, step.text]
        elif step is not None:
            disk.take(step)


def _name_of(state: State, said: Sequence[str]) -> bytes:
    whole = hashlib.sha256(repr(said[-1:]).encode())
    for path, content in sorted(state.items()):
        whole.update(path.encode() + b"\0" + hashlib.sha256(content).digest())
    return whole.digest()


def _fast() -> Path | None:
    """States are opened in memory where there is any: what they hold was decided before."""
    return MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.storage.power_loss", description=__doc__)
    parser.add_argument(
        "--states", type=int, default=2000, help="file states to open, at most, for each life"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--life", choices=[life.name for life in LIVES], action="append")
    parser.add_argument("--bug", default="", help="a fault planted in the recorded store: see recorded_lives")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--result", type=Path, help="keep the JSON object here")
    options = parser.parse_args(arguments)
    chosen = [life for life in LIVES if not options.life or life.name in options.life]
    found = [campaign(life, options.states, options.seed, options.bug) for life in chosen]
    violations = sum(len(each.violations) for each in found)
    counts = [{**vars(each), "violations": len(each.violations)} for each in found]
    shown = [violation for each in found for violation in each.violations[:20]]
    whole = {"seed": options.seed, "lives": counts, "violations": violations, "shown": shown}
    if options.result is not None:
        again = f"make power STATES={options.states} SEED={options.seed}"
        keep(
            options.result,
            stamped(SCHEMA, again, {**whole, "states_max": options.states, "bug": options.bug}),
        )
    if options.json:
        print(json.dumps(whole))
    else:
        for each in found:
            print(
                f"{each.life:<28} {each.cuts:>5} cuts  {each.acknowledgements:>4} acknowledged  "
                f"{each.states:>7} states opened  {len(each.violations):>5} violations"
            )
            for violation in each.violations[:20]:
                print(f"    {violation}", file=sys.stderr)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
