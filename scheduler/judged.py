"""How urgent an event about a dose is: its row of the alarm catalogue, and the circumstances it happened in.

`modifiers` has the table and the order; here is what is so in this world. The reason that the incident tells
names the modifiers that nobody could see from the dose itself.
"""

from __future__ import annotations

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.habits import misses_before, unusual
from scheduler.modifiers import Circumstances, modified
from scheduler.world import Dose, World

IN_A_ROW = 2
"""Misses, this one counted."""

TOLD = ("two_in_a_row", "unusual", "outage")
"""Modifiers that an incident gives as its reason; what is critical is shown with the dose, and who is away is
not told of at all."""


def judged(world: World, dose: Dose, kind: ev.Kind, base: ev.Priority, detail: str = "") -> Cause | None:
    """The cause as it is to be told; None where it is nobody's business but the journal's."""
    priority, by = modified(kind, base, circumstances(world, dose, kind))
    if priority is ev.Priority.INFO:
        return None
    why = "_and_".join(name for name in TOLD if name in by)
    return Cause(kind, priority, detail or why, dose.dose_id, dose.plan.closes)


def circumstances(world: World, dose: Dose, kind: ev.Kind) -> Circumstances:
    habits = world.habits.get(dose.plan.resident, ())
    missed = kind is ev.Kind.DOSE_MISSED
    return Circumstances(
        critical=dose.plan.critical,
        two_in_a_row=misses_before(habits, dose.plan) + missed >= IN_A_ROW,
        unusual=unusual(habits, dose.plan, missed),
        away=dose.outcome is None and world.regime(dose.plan.resident).pause is not None,
        outage=dose.outage,
    )
