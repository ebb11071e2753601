"""The siege: one day in which box and robot die again and again while medicine moves, during recovery too.

    python -m tests.bottle.siege --seeds 50 [--seed 1] [--jobs 2] [--json]

From each press on, every start of the box lights the fuse again and every boot of the robot plans the next
power failure, a few points or writes further on, until the siege of that press is over. Then peace, and the
same witnesses as in `proof`. It exists for its density: hundreds of crashes a second of one core.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from tests.bottle.bottle import Bottle, Recipe
from tests.bottle.proof import said
from tests.bottle.weather import Severity, Weather
from tests.support.workers import each_done

CRASHES_A_PRESS = 120
POINTS_MAX = 10
"""Points of the box until it dies again: a start up to the robot's log passes about thirty."""

WRITES_MAX = 5
DOWN_S = (0.05, 0.2, 0.5)
SIEGE = Severity("siege", aimed=1.0, a_day=0.001, again=1.0)


class SiegeWeather(Weather):
    """Nothing but crashes."""

    left = 0

    def aim(self) -> None:
        if not self.ended:
            self.left = CRASHES_A_PRESS
            self._light()

    def recovering(self) -> None:
        if not self.ended and self.left > 0:
            self.left -= 1
            self._light()

    def _light(self) -> None:
        chance = self._chance
        if self._bottle.box.fuse.left is None:
            self._bottle.box.fuse.left = chance.randint(1, POINTS_MAX)
        if chance.random() < 0.4:
            self._bottle.end.flash.fail_at(chance.randint(1, WRITES_MAX), kept=chance.random() < 0.5)


class Besieged(Bottle):
    def __init__(self, seed: int) -> None:
        super().__init__(Recipe(seed, 1, SIEGE, slot_chance=0.6, every=1))

    def _weather(self, recipe: Recipe) -> Weather:
        return SiegeWeather(self, SIEGE)

    def _down_s(self) -> float:
        return self.chance.choice(DOWN_S) if self.weather.left > 0 else super()._down_s()  # type: ignore[attr-defined]

    def off_s(self) -> float:
        return self.chance.choice(DOWN_S)


@dataclass
class Tally:
    seeds: int = 0
    cpu_s: float = 0.0
    box: int = 0
    robot: int = 0
    doses: int = 0
    deaths_at: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)


def play(seed: int) -> Tally:
    """One besieged day."""
    gc.collect()
    gc.disable()
    started_s = time.process_time()
    bottle = Besieged(seed)
    violations = []
    try:
        bottle.run()
    except AssertionError as violation:
        violations.append((seed, said(violation)))
    finally:
        gc.enable()
    return Tally(
        seeds=1,
        cpu_s=time.process_time() - started_s,
        box=bottle.box_deaths,
        robot=bottle.end.failures,
        doses=len(bottle.witnesses.journal.outcomes),
        deaths_at=Counter(bottle.deaths_at),
        violations=violations,
    )


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    total = Tally()
    seeds = range(options.seed, options.seed + options.seeds)
    for each in each_done(play, seeds, options.jobs):
        total.seeds += each.seeds
        total.cpu_s += each.cpu_s
        total.box += each.box
        total.robot += each.robot
        total.doses += each.doses
        total.deaths_at += each.deaths_at
        total.violations += each.violations
    if options.json:
        print(json.dumps({**asdict(total), "deaths_at": dict(total.deaths_at)}))
    else:
        crashes = f"{total.box} crashes of the box, {total.robot} of the robot"
        print(f"{total.seeds} days, {total.doses} doses, {crashes}")
        print(f"{(total.box + total.robot) / total.cpu_s:.0f} crashes a CPU second")
        for seed, what in total.violations[:20]:
            print(f"  seed {seed}: {what}")
        print(f"violations: {len(total.violations) or 'none'}")
    return 1 if total.violations else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bottle.siege", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
