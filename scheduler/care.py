"""Whether somebody is in this home's care, and what of their medicine nobody has counted: asked of the world.

The records are `custody`'s. Whoever does something for a resident by a person's wish asks here first; the
rules that go by doses need not, for a home has no doses of somebody who is elsewhere.
"""

from __future__ import annotations

from scheduler.custody import MOVED_OUT, NOT_MOVED_IN
from scheduler.events.custody import LeftSachet
from scheduler.machines_of_custody import Where
from scheduler.world import Setting, World


def not_ours(world: World, setting: Setting, resident: str) -> str:
    """Why this home must do nothing for them; "" = they are in its care."""
    custody = world.custody.get(resident)
    if custody is None:
        arrives = any(one.moves_in for one in setting.residents if one.key == resident)
        return NOT_MOVED_IN if arrives else ""
    if custody.where is Where.GONE:
        return MOVED_OUT
    return "" if custody.where is Where.HERE else NOT_MOVED_IN


def uncounted(world: World, resident: str) -> tuple[LeftSachet, ...]:
    """Every sachet of theirs that nobody has said anything of."""
    return tuple(sachet for count in world.counts.get(resident, ()) for sachet in count.left)
