"""How a look at a whole roll, and a person's decision about it, change the world. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler import events as ev
from scheduler.replacing import replace
from scheduler.roll_look import Compared
from scheduler.world import World

FIT, REFILL = "fit", "refill"
"""Subjects, before the resident: content, extent."""


def roll_compared(world: World, event: ev.RollCompared) -> World:
    """What was decided before stays decided, unless something is wrong that was not."""
    before = world.compared.get(event.resident)
    same = before is not None and before.found.production_id == event.production_id
    fit = refill = False
    if before is not None and same:
        new = set(event.misfits) - set(before.found.misfits)
        worse = event.wrong_period and not before.found.wrong_period
        fit = before.fit_decided and not any(_of_content(new))
        refill = before.refill_decided and not worse and all(_of_content(new))
    return replace(world, compared={**world.compared, event.resident: Compared(event, fit, refill)})


def _of_content(misfits: Iterable[ev.RollMisfit]) -> list[bool]:
    return [each.reason in ("content_mismatch", "not_on_card") for each in misfits]


def refill_looked_into(world: World, incident: ev.Incident) -> World:
    """A person closed it: what was found is decided."""
    about, _, resident = incident.subject.partition(":")
    known = world.compared.get(resident)
    if known is None or about not in (FIT, REFILL):
        return world
    known = replace(known, fit_decided=True) if about == FIT else replace(known, refill_decided=True)
    return replace(world, compared={**world.compared, resident: known})
