"""Seeded bugs in leave, in what a changed card means, and in sachets that nobody waits for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import scheduler.closing
import scheduler.evolve_leave
from scheduler import events as ev
from scheduler.permit import Permit
from scheduler.replacing import replace
from scheduler.world import Dose, World

_permitted = scheduler.evolve_leave.permitted
_lifted = scheduler.closing._lifted


def handed_out_a_day_early(world: World, dose: Dose) -> Dose:
    found = _permitted(world, dose)
    if found.permit is None or not found.permit.along:
        return found
    opens = found.permit.opens - timedelta(days=1)
    return replace(found, permit=Permit(opens, found.permit.closes, along=True))


def taken_along_is_nothing(dose: Dose) -> Any:
    found = _lifted(dose)
    along = found is not None and found[0] is ev.Outcome.TAKEN_ALONG
    return None if along else found


def any_sachet_is_surplus(world: World, resident: str, sachet: Any, mine: Sequence[Dose]) -> str:
    return "not_on_card"
