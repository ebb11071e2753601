"""What follows from a world's doses about each robot: which it has, and whether one of them is in doubt.

Asked many times at every look, of worlds whose doses are mostly as they were.
"""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.dose import Stage
from scheduler.kept import kept
from scheduler.world import Dose, Setting, robot_of


@kept(4)
def by_robot(doses: Mapping[str, Dose], setting: Setting) -> Mapping[str, tuple[Dose, ...]]:
    """Serial -> the doses whose sachets this robot has, in the order of its strip."""
    found: dict[str, list[Dose]] = {}
    for dose in doses.values():
        found.setdefault(robot_of(setting, dose), []).append(dose)
    return {serial: tuple(there) for serial, there in found.items()}


@kept(4)
def in_doubt(doses: Mapping[str, Dose], setting: Setting) -> frozenset[str]:
    """The robots of which one of these is in doubt (P3)."""
    return frozenset(robot_of(setting, dose) for dose in doses.values() if dose.stage is Stage.DOUBT)
