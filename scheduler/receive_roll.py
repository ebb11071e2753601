"""A roll was put into a robot: which one, beside whose, and why it may not be.

A magazine is one strip with one production id. Where several residents share a robot each has a manifest of
their own for it, with their sachets alone; labels are different, so that each sachet is one person's (S3).
Whoever has two robots has their roll in one and their medicine as needed in the other, and never the other
way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.care import not_ours
from scheduler.world import Robot, RobotState, Setting, World


def load_roll(world: World, setting: Setting, fact: cmd.LoadRoll, now: datetime) -> Sequence[ev.Event]:
    """Putting a roll in is verified by the robot's own reading of its production id."""
    serial = setting.robot_for(fact.roll.resident, as_needed=fact.roll.as_needed)
    refusal = _refusal(world, setting, world.robot(serial), fact)
    if refusal:
        return [ev.RollRefused(at=now, reason=refusal)]
    return [ev.RollLoaded(at=now, roll=fact.roll, by=fact.by, robot=serial)]


def _refusal(world: World, setting: Setting, robot: Robot, fact: cmd.LoadRoll) -> str:
    status, roll = robot.status, fact.roll
    elsewhere = not_ours(world, setting, roll.resident) if setting.lives_here(roll.resident) else ""
    if elsewhere:
        return elsewhere  # rule 24
    if roll.resident not in world.plans or not setting.lives_here(roll.resident):
        return "wrong_resident"
    if robot.state is not RobotState.READY or status is None:
        return "robot_unreachable"
    if status.production_id != roll.production_id:
        return "in_other_robot" if _in_the_other(world, setting, fact) else "wrong_production_id"
    labels = {sachet.label for sachet in roll.sachets}
    for resident, other in robot.rolls.items():
        beside = resident != roll.resident and other.production_id == roll.production_id
        if beside and any(sachet.label in labels for sachet in other.sachets):
            return "label_conflict"
    return ""


def _in_the_other(world: World, setting: Setting, fact: cmd.LoadRoll) -> bool:
    """Whether the resident's other robot reads it: somebody put it into the wrong one of two."""
    other = world.robot(setting.robot_for(fact.roll.resident, as_needed=not fact.roll.as_needed))
    return other.status is not None and other.status.production_id == fact.roll.production_id
