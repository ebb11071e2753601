"""Which sachet is a dose's own, where the strip alone does not say so. Pure.

- Medicine that joined, or moved, after the roll was packed has none (rule 1). What lies at the mouth is
  another dose's meanwhile: held for one that was never packed, a person would be asked to throw that away.
  `gate` blocks such a dose by itself, and staff give it by hand.
- Medicine as needed has the one it was released with. Any other one fits as well, so that its label alone
  tells which one a person's discard is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.kept import kept
from scheduler.roll import Roll, Sachet, sachet_for, same_medicine
from scheduler.world import Dose, Setting, World, robot_of

NO_SACHET = "no_sachet"
"""Reason of the gate, and of the care incident."""


def has_no_sachet(world: World, setting: Setting, dose: Dose) -> bool:
    """Whether nothing in the roll was packed for it; of no roll nothing is known."""
    if dose.loose:
        return True
    rolls = world.robot(robot_of(setting, dose)).rolls
    return dose.dose_id in _without(world.doses, rolls, setting)


DISCARDED = "discarded"
"""Reason of the gate: a person let go of the sachet that lies at the mouth, and it still lies there."""


def own_label(dose: Dose) -> str:
    """Of the sachet that was held for it, or that it was released with; "" = nobody knows of one."""
    if dose.stage is Stage.HELD:
        return dose.held_label
    doubted = dose.doubted.label if dose.doubted is not None else ""
    return doubted or dose.label


def discarded_at_mouth(world: World, dose: Dose, serial: str) -> bool:
    """Whether a person has discarded the sachet as needed that lies at the mouth there, for this dose."""
    status = world.robot(serial).status
    discarded = dose.plan.as_needed and dose.discard and dose.stage in IN_MAGAZINE
    return bool(discarded) and status is not None and own_label(dose) == status.mouth_label != ""


def awaits_discard(world: World, setting: Setting, serial: str) -> str:
    """Why nothing as needed may leave this magazine; "" = it may. Whoever asks next would be handed what a
    person has discarded, and the sachet behind it would be put away in its place."""
    there = (dose for dose in world.doses.values() if robot_of(setting, dose) == serial)
    return DISCARDED if any(discarded_at_mouth(world, dose, serial) for dose in there) else ""


@kept(8)
def _without(doses: Mapping[str, Dose], rolls: Mapping[str, Roll], setting: Setting) -> frozenset[str]:
    """Of several doses of one sachet it is that one's whose medicine it holds, else the nearest one's."""
    found: set[str] = set()
    claims: dict[tuple[str, str], list[tuple[bool, float, datetime, str]]] = {}
    for dose in doses.values():
        plan, roll = dose.plan, rolls.get(dose.plan.resident)
        if roll is None or roll.as_needed or plan.as_needed or plan.surplus or plan.loose:
            continue
        local = setting.local.local(plan.opens)
        sachet = sachet_for(roll, plan.day, local)
        if sachet is None:
            found.add(dose.dose_id)
            continue
        claim = (not _holds(sachet, dose), abs((sachet.local - local).total_seconds()), plan.opens)
        claims.setdefault((plan.resident, sachet.label), []).append((*claim, dose.dose_id))
    for several in claims.values():
        owner = min(several)
        found |= {claim[-1] for claim in several if claim is not owner}
    return frozenset(found)


def _holds(sachet: Sachet, dose: Dose) -> bool:
    return same_medicine(sachet.content, dose.plan.content)
