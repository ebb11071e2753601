"""A dose given by hand close to the time of one that they took along (S2, rule 5).

Policies (2026-11-24):
- What was handed out before a leave is had at its own time. Nobody gets the right to give another dose of
  that medicine within the least interval of it, on either side; whoever has the right when that time comes is
  told, high. What they gave all the same is recorded: it is news, and no wish.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduler.events import Outcome
from scheduler.expand import minimum_interval
from scheduler.gate import earliest, planned_for, sharing
from scheduler.world import Dose, World


def near_what_they_took_along(world: World, dose: Dose, now: datetime) -> bool:
    """S2: `gate.earliest` is of this dose's own time. Given by hand hours later it may come close to a later
    one that was handed out to be had at its time."""
    return any(abs(now - at) < interval for at, interval in _along(world, dose))


def taken_along_instants(world: World) -> Iterator[datetime]:
    """When a time comes, or is over, at which whoever has the right to give a dose must not."""
    for dose in world.doses.values():
        if dose.token:
            yield earliest(world, dose)
            for at, interval in _along(world, dose):
                yield from (at - interval, at + interval)


def _along(world: World, dose: Dose) -> Iterator[tuple[datetime, timedelta]]:
    planned = planned_for(world, dose.plan.resident)
    for other in sharing(world, dose):
        if other.outcome is not None and other.outcome.outcome is Outcome.TAKEN_ALONG:
            yield other.had_at, minimum_interval(other.plan, dose.plan, planned)
