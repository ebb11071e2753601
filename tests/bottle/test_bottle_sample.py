"""A few whole histories with every `make test`; `make proof` plays the many.

A seed is a history: the same one twice is the same to the last line, in any process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from random import Random
from subprocess import PIPE

import pytest

from tests.bottle.bottle import Bottle
from tests.bottle.company_papers import ADDED_TO, ALSO, KINDS, OTHERS_GIVE, OWN_ROBOT, WEIGHTS, WHICH
from tests.bottle.recipe import Recipe
from tests.bottle.weather import SEVERITIES, Severity

DAYS = 5

SEEDS = {"calm": range(1, 4), "rough": range(11, 17), "storm": range(21, 27)}
"""Most of them rough and stormy: what a calm one would find, the other rooms' tests find."""

HISTORIES = [
    pytest.param(each, seed, id=f"{each.name}-{seed}") for each in SEVERITIES for seed in SEEDS[each.name]
]

PLAYED = """
from tests.bottle.bottle import Bottle
from tests.bottle.recipe import Recipe
from tests.bottle.weather import SEVERITIES
bottle = Bottle(Recipe(21, 3, SEVERITIES[2]))
bottle.run()
print(bottle.disk.head, len(bottle.disk.rows), bottle.steps)
print(bottle.box_deaths, bottle.witnesses.moves, bottle.times.now_s)
"""
"""Told as how it ended."""

HASH_SEEDS = ("1", "2")
"""Sets of texts are walked in another order: nothing may depend on it."""


@pytest.mark.parametrize(("severity", "seed"), HISTORIES)
def test_whatever_the_weather_the_witnesses_have_nothing_to_say(severity: Severity, seed: int) -> None:
    bottle = Bottle(Recipe(seed, DAYS, severity))
    bottle.run()
    assert bottle.witnesses.journal.outcomes, "nobody was due anything"


@pytest.mark.parametrize("often", ["permits", "mains", "strips", "cards", "keys", "swaps", "hours"])
def test_what_people_do_beside_the_plan_is_done_and_judged(often: str) -> None:
    bottle = Bottle(Recipe(32, 3, SEVERITIES[1], slot_chance=0.7, every=1, bias=often, company="nobody"))
    bottle.run()
    deeds = bottle.deeds
    looks = {
        "permits": deeds.permits.early + deeds.permits.late,
        "mains": deeds.mains.looks,
        "strips": deeds.strips.short + deeds.strips.overlapping,
        "cards": deeds.cards.witness.held,
        "keys": deeds.keys.locks,
        "swaps": deeds.swaps.counted,
        "hours": deeds.hours.changed + deeds.hours.refused,
    }
    assert looks[often], "nobody did anything of the kind"


@pytest.mark.parametrize("kind", ALSO)
def test_what_is_given_beside_the_strip_is_given_and_judged(kind: str) -> None:
    bottle = Bottle(Recipe(5, 4, SEVERITIES[1], slot_chance=0.7, every=1, company=kind))
    bottle.run()
    company, deeds = bottle.company, bottle.deeds
    looks = {
        ADDED_TO: deeds.adding.witness.looks * deeds.adding.witness.by_hand,
        OWN_ROBOT: deeds.own_robot.asked * company.witness.as_needed.refused,
        OTHERS_GIVE: deeds.others.witness.known * deeds.others.given,
        WHICH: deeds.others.witness.said,
    }
    assert looks.keys() == set(ALSO)
    assert looks[kind], "nobody did anything of the kind"


def test_who_was_drawn_beside_somebody_is_drawn_as_ever() -> None:
    """Only of those who lived alone do some have what was added to the bottle later."""
    drawn: Counter[str] = Counter()
    for seed in range(1, 61):
        bottle = Bottle(Recipe(seed, 1))
        bottle.box.bury()
        kind = bottle.company.kind
        ever = Random(f"who else lives here, in {seed}").choices(KINDS, WEIGHTS)[0]
        assert kind == ever or (ever == "nobody" and kind in ALSO)
        drawn[kind] += 1
    assert drawn.keys() >= {*KINDS, *ALSO}


def test_a_seed_is_one_history_in_any_process() -> None:
    """The chain hash covers every byte of the journal."""

    def begun(hash_seed: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        return subprocess.Popen([sys.executable, "-c", PLAYED], env=environment, stdout=PIPE, text=True)

    with ExitStack() as running:
        both = [running.enter_context(begun(each)) for each in HASH_SEEDS]  # beside each other
        first, second = (each.communicate(timeout=60)[0] for each in both)
    assert [each.returncode for each in both] == [0, 0]
    assert len(first.split()) == 6
    assert first == second


def test_a_history_does_not_depend_on_those_played_before_it() -> None:
    def told(seed: int) -> list[str]:
        lines: list[str] = []
        Bottle(Recipe(seed, 2, SEVERITIES[2]), lines.append).run()
        return lines

    alone = told(22)
    told(23)
    assert told(22) == alone
    assert told(23) != alone
