"""A home in which one thing is otherwise: its morning dose, or what its robot says."""

from __future__ import annotations

from typing import Any

from scheduler.evolve_press import with_robot
from scheduler.replacing import replace
from scheduler.world import World
from tests.support.pure_home import ROBOT, PureHome


def with_dose(home: PureHome, **changed: Any) -> World:
    """The morning's alone."""
    dose = replace(home.dose("morning"), **changed)
    return replace(home.world, doses={dose.dose_id: dose})


def with_state(world: World, **changed: Any) -> World:
    return with_robot(world, ROBOT, replace(world.robot(ROBOT), **changed))


def status(world: World, **changed: Any) -> World:
    before = world.robot(ROBOT).status
    assert before is not None
    return with_state(world, status=replace(before, **changed))
