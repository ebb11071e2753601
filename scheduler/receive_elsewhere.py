"""A named person says which it was: what others gave of medicine both fixed and as needed (S1, rule 8).

The fagsystem's administration may be of the planned dose near it, or of the same medicine as needed. *Had it*
says that it was this dose, *not given* that it was not. `given_elsewhere` says what follows.

Policies (2026-11-24):
- The word is about others only while nobody here has had the dose, holds the right to give it, or is in doubt
  where its sachet is: what is uncertain here is settled first, by the same two words.
- It may be said as soon as the report has come, also before the dose opens, and after its window: then staff
  may give by hand what nobody gave.
- A second person, or the same one, may take it back by the other word. The same word again is refused, so
  that nobody takes it for a word about something else. Beside the robot *had it* after *as needed* is no such
  word: the resident had it here.
"""

from __future__ import annotations

from datetime import datetime

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.events import Which
from scheduler.gate import UNTREATED
from scheduler.given_elsewhere import Near, near
from scheduler.world import Dose, SideDose, World

MEANT = {ev.Verdict.HAD_IT: Which.FIXED, ev.Verdict.NOT_GIVEN: Which.AS_NEEDED}

SAID_BEFORE = "said_before"
"""Refusal: that is how it stands already."""

Said = tuple[str, list[ev.ElsewhereSaid]]
"""Why not, or the events."""


def which_it_was(
    world: World, dose: Dose | SideDose | None, fact: cmd.DecideDose, now: datetime
) -> Said | None:
    """What this word says about others; None: it is about something else."""
    meant = MEANT.get(fact.verdict)
    if dose is None or meant is None or _settled_here_first(dose):
        return None
    either = [one for one in near(world, dose) if one.either]
    if not either:
        return None
    if all(one.which is not None for one in either):
        stands = Which.FIXED if any(one.covers for one in either) else Which.AS_NEEDED
        if isinstance(dose, SideDose) and (stands, meant) == (Which.AS_NEEDED, Which.FIXED):
            return None
        if stands is meant:
            return SAID_BEFORE, []
    return "", _said(dose, either, meant, fact.by, now)


def _settled_here_first(dose: Dose | SideDose) -> bool:
    if dose.outcome is not None and dose.outcome.outcome not in UNTREATED:
        return True
    if isinstance(dose, SideDose):
        return False
    return bool(dose.token) or dose.lost or dose.stage in (Stage.DOUBT, Stage.LIFTED)


def _said(
    dose: Dose | SideDose, either: list[Near], meant: Which, by: str, now: datetime
) -> list[ev.ElsewhereSaid]:
    """Of several of one prescription as near as this the nearest was the dose: it is given once."""
    nearest: dict[str, ev.GivenElsewhere] = {}
    for one in sorted(either, key=lambda one: (abs(one.given.at - dose.plan.opens), one.given.at)):
        nearest.setdefault(one.given.prescription_id, one.given)
    found = {one.given: meant if one.given in nearest.values() else Which.AS_NEEDED for one in either}
    return [
        ev.ElsewhereSaid(now, dose.plan.resident, dose.dose_id, given, which, by)
        for given, which in found.items()
    ]
