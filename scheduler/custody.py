"""In whose care a resident is, and what of a magazine nobody has counted: the two things of rule 24.

Immutable, and changed by events alone (`evolve_custody`). Custody is in exactly one place: the old home gives
nothing from the commit of `ResidentMovedOut` on, the new one nothing before that of `ResidentMovedIn`. In
between nobody's robot gives, and staff do: that is the safe side of a bundle that got lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler.events.custody import LeftSachet, Magazine, ResidentMovedOut
from scheduler.machines_of_custody import Sachet, Where
from scheduler.plan import Content, DosePlan

MOVED_OUT, NOT_MOVED_IN = "moved_out", "not_moved_in"
"""Why this home does nothing for somebody it is configured for: reason codes."""

UNCOUNTED, MISSING = "uncounted", "missing_sachet"
"""Why a dose is in doubt: its sachet left with a magazine, and nobody said where it is; or it is nowhere."""

PACKED_APART_MAX = timedelta(hours=2)
"""As `roll.PACKED_APART_MAX`: a pharmacy packs for its own clock times."""


@dataclass(frozen=True, slots=True)
class Custody:
    """Of somebody who ever moved; who never did is where the configuration names them."""

    where: Where
    move: str  # the newest one asked for or carried out
    number: int = 0  # of moves that this home knows of
    moved: ResidentMovedOut | None = None  # while they are gone: a bundle that got lost can be written again


@dataclass(frozen=True, slots=True)
class Count:
    """One magazine that was taken out, while anything of it is uncounted or missing."""

    magazine: Magazine
    why: str
    since: datetime
    left: tuple[LeftSachet, ...]
    missing: tuple[LeftSachet, ...] = ()


def sachet_state(counts: Iterable[Count], label: str) -> Sachet:
    """Where the machine of one sachet stands, among the counts of its resident."""
    known = tuple(counts)
    if any(sachet.label == label for count in known for sachet in count.left):
        return Sachet.UNCOUNTED
    missing = any(sachet.label == label for count in known for sachet in count.missing)
    return Sachet.MISSING if missing else Sachet.COUNTED


def doubt_about(counts: Iterable[Count], dose: DosePlan) -> str:
    """Whether this dose's sachet is one that nobody has counted, or that is nowhere to be found."""
    for count in counts:
        if _packed_for(count.left, dose):
            return UNCOUNTED
    return MISSING if any(_packed_for(count.missing, dose) for count in counts) else ""


def uncounted_as_needed(counts: Iterable[Count], content: Content) -> bool:
    """Whether any sachet of this medicine as needed left with its magazine, and nobody has counted it: it may
    have been had, and no date or slot says which one."""
    alone = frozenset({content})
    return any(sachet.as_needed and sachet.content == alone for count in counts for sachet in count.left)


def _packed_for(sachets: Iterable[LeftSachet], dose: DosePlan) -> bool:
    """What no sachet should hold may have been in one of another roll, which did."""
    drugs = {portion.content.drug for portion in dose.portions}
    return not dose.as_needed and any(
        sachet.day == dose.day
        and abs(sachet.packed - dose.opens) <= PACKED_APART_MAX
        and (not dose.loose or any(content.drug in drugs for content in sachet.content))
        for sachet in sachets
        if not sachet.as_needed
    )
