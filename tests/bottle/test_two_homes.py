"""Moves, counts and a key at the robot in the small bottle; do its oracles notice each seeded bug?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import scheduler.causes_robot
import scheduler.evolve
import scheduler.evolve_custody
import scheduler.gate
import scheduler.on_the_spot
import scheduler.receive
import scheduler.receive_custody
import scheduler.receive_roll
import tests.support.pure_home
from scheduler.custody import Custody
from scheduler.machines_of_custody import Where
from scheduler.replacing import replace
from tests.bottle.two_homes import TwoHomes

SEEDS = 12
SEEDS_OF_A_BUG = 40

Planted = tuple[tuple[object, str, Callable[..., Any]], ...]


@dataclass(frozen=True)
class Bug:
    name: str
    caught_by: str
    planted: Planted


def nothing(*_: Any) -> str:
    return ""


def nobody(*_: Any) -> None:
    return None


def the_same(_: Any, dose: Any) -> Any:
    return dose


_lock = scheduler.gate.lock
_out = scheduler.receive_custody._why_not_out
_magazine = scheduler.receive_custody.magazine_of
_counted = scheduler.evolve_custody._after


def lock_without_staff(*about: Any) -> str:
    reason = _lock(*about)
    return "" if reason == "staff_lock" else reason


def keeps_the_doses(world: Any, event: Any) -> Any:
    custody = Custody(Where.GONE, event.move, event.number, event)
    return replace(world, custody={**world.custody, event.resident: custody})


def takes_whatever_comes(world: Any, setting: Any, fact: Any, now: Any) -> Any:
    known = world.custody.get(fact.moved.resident)
    asked = Custody(Where.ASKED, fact.moved.move, 0)
    there = known is not None and fact.moved.to_box == setting.box
    custody = {**world.custody, fact.moved.resident: asked} if there else world.custody
    return _in(replace(world, custody=custody), setting, fact, now)


_in = scheduler.receive_custody._in


def empty_list(*about: Any) -> Any:
    return replace(_magazine(*about), left=())


def any_count_is_the_waste(count: Any, event: Any) -> Any:
    return replace(_counted(count, event), left=(), missing=())


BUGS = (
    Bug(
        "the old home keeps the doses",
        "rule 24",
        ((scheduler.evolve_custody, "_gone", keeps_the_doses),),
    ),
    Bug("any bundle is taken in", "rule 24", ((scheduler.receive_custody, "_in", takes_whatever_comes),)),
    Bug(
        "what is not counted is given",
        "S1",
        ((scheduler.evolve, "in_doubt", the_same), (scheduler.evolve_custody, "in_doubt", the_same)),
    ),
    Bug("the old strip is on no list", "rule 24", ((scheduler.receive_custody, "magazine_of", empty_list),)),
    Bug(
        "one counted, all counted", "rule 24", ((scheduler.evolve_custody, "_after", any_count_is_the_waste),)
    ),
    Bug("the robot gives behind a lock", "rule 5", ((scheduler.gate, "lock", lock_without_staff),)),
    Bug("nobody hears that the roll ends", "S4", ((scheduler.causes_robot, "refill_due", nobody),)),
)


def test_by_chance_one_home_gives_and_nothing_is_had_twice() -> None:
    deeds: Counter[str] = Counter()
    for seed in range(SEEDS):
        game = TwoHomes(seed)
        game.play()
        deeds += game.deeds
    for deed in ("moved out", "moved in", "from the bag", "from a robot", "by hand", "counted waste"):
        assert deeds[deed] > 3, f"hardly tried: {deed}; {deeds}"
    assert deeds["in: older_bundle"] + deeds["in: read_before"] + deeds["in: here_already"] > 3


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_an_oracle_notices_each_seeded_bug(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself: the product's own last look before a commit is taken out meanwhile."""
    monkeypatch.setattr(tests.support.pure_home, "broken", nothing)
    for module, name, sabotage in bug.planted:
        monkeypatch.setattr(module, name, sabotage)
    for seed in range(SEEDS_OF_A_BUG):
        try:
            TwoHomes(seed).play()
        except AssertionError as said:
            assert str(said).startswith(bug.caught_by), f"seed {seed}: {said}"
            return
    pytest.fail(f"nobody noticed in {SEEDS_OF_A_BUG} histories")
