"""Planned medicine that somebody else gave, as the fagsystem knows it: which dose of this home that was.

Rule 8's limits and S1 count people and medicine, whoever handed it over. `gate` keeps the robot and staff
from giving such a dose a second time, `closing` settles it, `causes_home` tells of one that was had here too.
Pure; what the fagsystem said is `remembered.Elsewhere`.

Policies (2026-11-23):
- An administration is of the dose of its prescription that was planned nearest to it, at most `AROUND` away,
  and no further than half of the longest gap between such doses: its own may have left the world, or be of
  before this home's first plan. It covers that dose whatever its amount: a person decides about the rest.
- From it on the other doses of the prescription keep half the planned gap (S2), as from one of our own.
- A prescription that may also be had as needed says nothing here: nobody knows which of the two it was. Its
  limits count it, and a fixed dose keeps the least gap to it (`as_needed_limits`).
- A report that names it no more takes it back: then the dose is offered for the rest of its window.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from scheduler.events import GivenElsewhere
from scheduler.kept import kept
from scheduler.plan import DosePlan, Plan, Prescription
from scheduler.remembered import Elsewhere
from scheduler.world import Dose, SideDose, World

GIVEN_ELSEWHERE = "given_elsewhere"
"""Reason of the gate, of an outcome and of an incident."""

AROUND = timedelta(hours=24)
"""Further away it is no dose that this home knows: medicine once a week has its next one days later."""


@dataclass(frozen=True, slots=True)
class Covered:
    """One administration elsewhere, and the dose that it was."""

    given: GivenElsewhere
    dose: DosePlan


def given_elsewhere(world: World, dose: Dose | SideDose) -> bool:
    """Whether others have given any medicine of this very dose."""
    return any(one.dose.dose_id == dose.dose_id for one in _of_resident(world, dose.plan.resident))


def amount_elsewhere(world: World, resident: str, prescription: str, day: date) -> Decimal:
    """What others gave of one prescription's doses of this date, in its unit."""
    return sum(
        (
            one.given.quantity
            for one in _of_resident(world, resident)
            if one.given.prescription_id == prescription and one.dose.day == day
        ),
        Decimal(0),
    )


def of_others(world: World, dose: Dose) -> Iterator[tuple[datetime, DosePlan]]:
    """When others gave another dose that shares a prescription with this one, and which that was."""
    for one in _of_resident(world, dose.plan.resident):
        if one.dose.dose_id != dose.dose_id and one.given.prescription_id in dose.plan.prescriptions:
            yield one.given.at, one.dose


def _of_resident(world: World, resident: str) -> Sequence[Covered]:
    if resident not in world.elsewhere or not _planned(world.elsewhere, world.plans):
        return ()
    return _covered(world.elsewhere, world.plans, world.doses, world.sides).get(resident, ())


@kept(4)
def _covered(
    elsewhere: Mapping[str, Elsewhere],
    plans: Mapping[str, Plan],
    doses: Mapping[str, Dose],
    sides: Mapping[str, SideDose],
) -> Mapping[str, Sequence[Covered]]:
    """By resident."""
    found: dict[str, list[Covered]] = {}
    every = [*(dose.plan for dose in doses.values()), *(side.plan for side in sides.values())]
    for resident, given in _planned(elsewhere, plans):
        theirs = [
            plan
            for plan in every
            if plan.resident == resident
            and given.prescription_id in plan.prescriptions
            and not plan.as_needed
        ]
        near = [plan for plan in theirs if abs(plan.opens - given.at) <= _around(theirs)]
        if near:
            nearest = min(near, key=lambda plan: (abs(plan.opens - given.at), plan.opens, plan.dose_id))
            found.setdefault(resident, []).append(Covered(given, nearest))
    return found


def _around(doses: Sequence[DosePlan]) -> timedelta:
    """How far an administration may be from these doses of its prescription to be of one of them."""
    times = sorted({plan.opens for plan in doses})
    longest = max((late - early for early, late in pairwise(times)), default=2 * AROUND)
    return min(AROUND, longest / 2)


@kept(4)
def _planned(
    elsewhere: Mapping[str, Elsewhere], plans: Mapping[str, Plan]
) -> Sequence[tuple[str, GivenElsewhere]]:
    """Of medicine that the plan in force has times for, and no use as needed."""
    fixed = {
        (resident, one.prescription_id)
        for resident, plan in plans.items()
        for one in plan.prescriptions
        if not _as_needed(one)
    }
    return [
        (resident, given)
        for resident, known in elsewhere.items()
        for given in known.given
        if (resident, given.prescription_id) in fixed
    ]


def _as_needed(one: Prescription) -> bool:
    return any(period.as_needed for period in one.dosage.periods)
