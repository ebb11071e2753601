"""What a resident did at their last doses, and what is unusual for them: two transparent rules (rule 26).

Learnt from the outcomes in the journal alone, so that everybody can count it again. It knows no robot, no
medicine and no time of day but the day part.

- *Two in a row*: with this one, at least two doses in a row were missed; one of which nobody can say what
  became of it counts as a miss (rule 6). A dose about which the resident had no say (held, failed, paused,
  given by staff) neither ends a row nor counts in it.
- *Unusual*: at least `ENOUGH` doses of this day part are known, and at none of the last `ENOUGH` of them did
  the resident do what they do now: miss it, or leave it beyond the half of its window. What nobody can say
  is nobody's habit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.events import Outcome
from scheduler.kept import kept
from scheduler.plan import DosePlan

ENOUGH = 14
"""Two weeks of one day part: below that nobody knows what is usual."""

KEPT = 2 * ENOUGH
"""Of each day part: corrections of some of them leave enough."""


class Did(StrEnum):
    ON_TIME = "on_time"
    LATE = "late"
    MISSED = "missed"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, order=True)
class Past:
    """One dose that the resident had a say about, or that nobody can say anything of."""

    opens: datetime
    dose_id: str
    part: str  # day part
    did: Did


Habits = tuple[Past, ...]
"""Of one resident, in the order of the windows."""

RESIDENTS_OWN: Mapping[Outcome, bool] = {
    Outcome.RETRIEVED: True,
    Outcome.CONFIRMED: True,
    Outcome.WITNESSED: True,
    Outcome.MISSED: False,
}
"""Outcomes that say what the resident did: whether they had it."""


def learnt(habits: Habits, plan: DosePlan, outcome: Outcome, late: bool) -> Habits:
    """With the newest outcome of this dose, which may correct an earlier one."""
    rest = tuple(past for past in habits if past.dose_id != plan.dose_id)
    had = RESIDENTS_OWN.get(outcome)
    if outcome is Outcome.UNCERTAIN:
        did = Did.UNCERTAIN
    elif had is None:
        return rest
    else:
        did = (Did.LATE if late else Did.ON_TIME) if had else Did.MISSED
    part = part_of(plan)
    now = tuple(sorted((*rest, Past(plan.opens, plan.dose_id, part, did))))
    same = [past for past in now if past.part == part]
    return now if len(same) <= KEPT else tuple(past for past in now if past is not same[0])


def misses_before(habits: Habits, plan: DosePlan) -> int:
    """How many doses in a row the resident missed up to this one, which is not counted."""
    row = 0
    for past in reversed(_before(habits, plan)):
        if past.did not in (Did.MISSED, Did.UNCERTAIN):
            break
        row += 1
    return row


def unusual(habits: Habits, plan: DosePlan, missed: bool) -> bool:
    """Whether missing this dose, or else being late with it, is unusual for this person."""
    usual = _usual(habits, plan)
    if len(usual) < ENOUGH:
        return False
    return Did.MISSED not in usual and (missed or Did.LATE not in usual)


@kept(64)
def _usual(habits: Habits, plan: DosePlan) -> list[Did]:
    """At the last doses of this day part."""
    part = part_of(plan)
    known = (past for past in _before(habits, plan) if past.did is not Did.UNCERTAIN)
    return [past.did for past in known if past.part == part][-ENOUGH:]


def part_of(plan: DosePlan) -> str:
    """`evening` of `evening-2`."""
    return plan.slot.partition("-")[0]


@kept(64)
def _before(habits: Habits, plan: DosePlan) -> list[Past]:
    return [past for past in habits if past.opens < plan.opens and past.dose_id != plan.dose_id]
