"""Who moved out is forgotten by the home they left, and by nothing of anybody else's (rule 24)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.custody import Count
from scheduler.evolve import evolve
from scheduler.habits import Did, Past
from scheduler.regime import ORDINARY
from scheduler.remembered import Asked, Elsewhere
from scheduler.roll_look import Compared
from scheduler.world import SideDose, World
from tests.scheduler.test_custody import ask, bundle, move_in, move_out, new_home
from tests.support.many_home import KEYS, ManyHome
from tests.support.pure_home import PureHome

R1 = "SIM-0001"
A, B = KEYS["A"], KEYS["B"]


def full(home: ManyHome) -> World:
    """A world that knows all it can of both who share a robot."""
    now, world = home.now, home.world
    sachet = ev.LeftSachet("X1", now.date(), now, frozenset())
    sides = [replace(dose.plan, dose_id=f"{dose.dose_id}-beside") for dose in world.doses.values()]

    def each(make: Any) -> dict[str, Any]:
        return {key: make(key) for key in (A, B)}

    return replace(
        world,
        sides={plan.dose_id: SideDose(plan) for plan in sides},
        refused_plans=each(lambda key: ("f", "why")),
        regimes=each(lambda key: ORDINARY),
        habits=each(lambda key: (Past(now, "d", "morning", Did.ON_TIME),)),
        elsewhere=each(lambda key: Elsewhere(now, ())),
        asked=each(lambda key: Asked(ev.Question.WHAT_FOR, "", now, now)),
        refusals=each(lambda key: ev.AsNeededRefused(now, key, "p", "x", None, R1)),
        counts=each(lambda key: (Count(ev.Magazine(R1, key, "ROLL", ()), "swapped", now, (sachet,)),)),
        compared=each(lambda key: Compared(ev.RollCompared(now, key, R1, "ROLL", 1, 1, False, ()))),
    )


def of(key: str, world: World) -> set[str]:
    """What of the world, by its names, is about this resident."""
    found = set()
    for field in fields(world):
        known = getattr(world, field.name)
        if isinstance(known, Mapping) and any(name.startswith(key) for name in known):
            found.add(field.name)
    if any(key in robot.rolls for robot in world.robots.values()):
        found.add("rolls")
    return found


def test_nothing_of_theirs_is_left_and_all_of_the_others_stays() -> None:
    home = ManyHome({"A": R1, "B": R1}, {"A": ("morning",), "B": ("morning",)})
    home.start()
    asked = cmd.MoveOut("c1", A, "move-1", "box-0002", "nurse", "moving", home.soon())
    (moved,) = [event for event in home.give(asked) if isinstance(event, ev.ResidentMovedOut)]
    home = ManyHome({"A": R1, "B": R1}, {"A": ("morning",), "B": ("morning",)})
    home.start()
    before = full(home)
    assert of(A, before) == of(B, before)
    assert len(of(A, before)) == 14
    after = evolve(before, moved)
    assert of(A, after) == {"custody"}
    assert of(B, after) == of(B, before)


def test_how_often_a_dose_was_tried_moves_with_it(home: PureHome) -> None:
    """P9: the number of an order is never used twice, whatever robot it goes to."""
    home.until("08:05")
    for _ in range(2):
        home.press()
        home.move(result="not_moved", detail="stall")
        home.until_at(home.soon())
    new = new_home(home.now)
    assert ask(new).accepted
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    assert (new.dose("morning").attempts, new.dose("morning").releases) == (2, 2)
