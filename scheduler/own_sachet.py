"""Which doses have no sachet in the roll: medicine that joined, or moved, after it was packed (rule 1).

What lies at the mouth meanwhile is another dose's: held for one that was never packed, a person would be
asked to throw that away. `gate` blocks such a dose by itself, and staff give it by hand. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

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
