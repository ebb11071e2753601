"""Planned medicine that somebody else gave, as the fagsystem knows it: which dose of this home that was.

Rule 8's limits and S1 count people and medicine, whoever handed it over. `gate` keeps the robot and staff
from giving such a dose a second time, `closing` settles it, `causes_home` tells of one that was had here too,
and `receive_elsewhere` takes people's word about what may be either. Pure; what the fagsystem said is
`remembered.Elsewhere`.

Policies (2026-11-23):
- An administration is of the dose of its prescription that was planned nearest to it, at most `AROUND` away,
  and no further than half of the longest gap between such doses: its own may have left the world, or be of
  before this home's first plan. It covers that dose whatever its amount: a person decides about the rest.
- From it on the other doses of the prescription keep half the planned gap (S2), as from one of our own.
- A report that names it no more takes it back: then the dose is offered for the rest of its window, or, where
  it is settled, staff hear that nobody gave it.

Of a prescription that may also be had as needed (2026-11-24):
- The fagsystem's administration does not say which of the two it was. The fixed dose near it waits, for the
  robot and for staff, until a named person has said; its limits count it as if it were as needed meanwhile.
- *This dose*: it is covered like any other, and counts against no limit. *As needed*: it covers none, its
  limits count it, and the fixed doses keep the card's least gap to it (`as_needed_limits`). What else lay as
  near as the one that was this dose was as needed: one dose is given once.
- The word is about that administration, and stands until a newer one: also where a card drops the medicine
  as needed, moves the dose or takes it away (then the one nearest to it by now is covered). An administration
  that is written anew, at another time or of another amount, is asked about anew; so is one that was as
  needed, once another comes that is alike. Nor does such a card answer the question: what may have been
  either as it was told may be so still.
- A dose of several prescriptions has one administration of each.
- What is more than that dose asks for was as needed, and its limits count it.
- A fixed dose that was had here is not asked about. Had within the least gap of it, it is a possible double
  dose, whichever of the two it was; further away it was as needed, and takes nothing from the date's plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from scheduler.events import ElsewhereSaid, GivenElsewhere, Which
from scheduler.kept import kept
from scheduler.plan import DosePlan, Plan
from scheduler.remembered import Elsewhere
from scheduler.replacing import replace
from scheduler.world import Dose, SideDose, World

GIVEN_ELSEWHERE = "given_elsewhere"
"""Reason of the gate, of an outcome and of an incident: others gave it."""

PERHAPS_ELSEWHERE = "perhaps_elsewhere"
"""Likewise: others gave it, or the same medicine as needed; a person says which."""

BY_OTHERS = frozenset({GIVEN_ELSEWHERE, PERHAPS_ELSEWHERE})

NOT_BY_OTHERS = "not_by_others"
"""Of an incident: it was settled as theirs, and now nobody gave it."""

AROUND = timedelta(hours=24)
"""Further away it is no dose that this home knows: medicine once a week has its next one days later."""


@dataclass(frozen=True, slots=True)
class Near:
    """One administration elsewhere, the dose it would be, and which it was; None: nobody has said."""

    given: GivenElsewhere
    dose: DosePlan
    which: Which | None
    either: bool
    """The card has this medicine both fixed and as needed, or a person has said which it was."""

    @property
    def covers(self) -> bool:
        """By all we know it may have been that dose."""
        return self.which is not Which.AS_NEEDED


def by_others(world: World, dose: Dose | SideDose) -> str:
    """Whether others have given, or may have given, any medicine of this very dose: the reason, or ""."""
    found = [one.which for one in near(world, dose) if one.covers]
    return GIVEN_ELSEWHERE if Which.FIXED in found else PERHAPS_ELSEWHERE if found else ""


def near(world: World, dose: Dose | SideDose) -> list[Near]:
    """The administrations elsewhere that were, or would be, of this very dose."""
    every = _of_resident(world, dose.plan.resident)
    return [one for one in every if one.dose.dose_id == dose.dose_id]


def of_date(world: World, resident: str, prescription: str, day: date) -> list[Near]:
    """What others gave, or may have given, of one prescription's doses of this date."""
    return [
        one
        for one in _of_resident(world, resident)
        if one.given.prescription_id == prescription and one.dose.day == day and one.covers
    ]


def of_others(world: World, dose: Dose) -> Iterator[tuple[datetime, DosePlan]]:
    """When others gave another dose that shares a prescription with this one, and which that was."""
    for one in _of_resident(world, dose.plan.resident):
        other = one.dose.dose_id != dose.dose_id and one.covers
        if other and one.given.prescription_id in dose.plan.prescriptions:
            yield one.given.at, one.dose


def words(known: Elsewhere) -> Iterator[tuple[GivenElsewhere, ElsewhereSaid | None]]:
    """Each administration elsewhere, and what a person has said of it. Of two that are alike one was the dose
    that somebody named, and the other one was not."""
    said = {word.given: word for word in known.said}
    before: set[GivenElsewhere] = set()
    for given in known.given:
        word = said.get(given)
        again = word is not None and given in before
        yield given, replace(word, which=Which.AS_NEEDED) if word is not None and again else word
        before.add(given)


def _of_resident(world: World, resident: str) -> Sequence[Near]:
    known = world.elsewhere.get(resident)
    if known is None or not known.given:
        return ()
    return _near(world.elsewhere, world.plans, world.doses, world.sides).get(resident, ())


@kept(4)
def _near(
    elsewhere: Mapping[str, Elsewhere],
    plans: Mapping[str, Plan],
    doses: Mapping[str, Dose],
    sides: Mapping[str, SideDose],
) -> Mapping[str, Sequence[Near]]:
    """By resident."""
    found: dict[str, list[Near]] = {}
    every = [*(dose.plan for dose in doses.values()), *(side.plan for side in sides.values())]
    for resident, given, word, mixed in _told(elsewhere, plans):
        theirs = [
            plan
            for plan in every
            if plan.resident == resident
            and given.prescription_id in plan.prescriptions
            and not plan.as_needed
        ]
        dose = _named(theirs, word) or _nearest(theirs, given.at)
        if dose is not None:
            which = word.which if word is not None else None if mixed else Which.FIXED
            found.setdefault(resident, []).append(Near(given, dose, which, mixed or word is not None))
    return found


def _named(doses: Sequence[DosePlan], word: ElsewhereSaid | None) -> DosePlan | None:
    return next((plan for plan in doses if word is not None and plan.dose_id == word.dose_id), None)


def _nearest(doses: Sequence[DosePlan], at: datetime) -> DosePlan | None:
    around = _around(doses)
    there = [plan for plan in doses if abs(plan.opens - at) <= around]
    return min(there, key=lambda plan: (abs(plan.opens - at), plan.opens, plan.dose_id), default=None)


def _around(doses: Sequence[DosePlan]) -> timedelta:
    """How far an administration may be from these doses of its prescription to be of one of them."""
    times = sorted({plan.opens for plan in doses})
    longest = max((late - early for early, late in pairwise(times)), default=2 * AROUND)
    return min(AROUND, longest / 2)


@kept(4)
def _told(
    elsewhere: Mapping[str, Elsewhere], plans: Mapping[str, Plan]
) -> Sequence[tuple[str, GivenElsewhere, ElsewhereSaid | None, bool]]:
    """And whether it may be had as needed, too, by the card in force or the one as it was told. What the card
    has no more was given all the same."""
    mixed = {
        (resident, one.prescription_id)
        for resident, plan in plans.items()
        for one in plan.prescriptions
        if any(period.as_needed for period in one.dosage.periods)
    }
    return [
        (resident, given, word, (resident, given.prescription_id) in mixed or given in known.either)
        for resident, known in elsewhere.items()
        for given, word in words(known)
    ]
