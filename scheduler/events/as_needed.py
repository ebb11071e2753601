"""Medicine as needed: asked for, refused with the time it is possible, and what was given elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from scheduler.plan import DosePlan


@dataclass(frozen=True, slots=True)
class AsNeededRequested:
    """The resident asked and may have it: a dose of this moment, released by the same press."""

    at: datetime
    dose: DosePlan
    reason: str  # what it is for, as a code of `scheduler.questions`; "" = they did not say


@dataclass(frozen=True, slots=True)
class AsNeededRefused:
    """Not now; `possible` says from when, where that is known."""

    at: datetime
    resident: str
    prescription_id: str
    reason: str
    possible: datetime | None
    robot: str  # serial: where they asked


@dataclass(frozen=True, slots=True)
class GivenElsewhere:
    """One administration that this home had no part in, as the fagsystem knows it."""

    prescription_id: str
    at: datetime
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class ElsewhereRead:
    """All that was given elsewhere lately; nothing later than `known_to` is known (rule 8)."""

    at: datetime
    resident: str
    known_to: datetime
    given: tuple[GivenElsewhere, ...]
    either: frozenset[GivenElsewhere] = (
        frozenset()
    )  # of those: what may have been as needed by an earlier card


class Which(StrEnum):
    """Of one prescription that is both fixed and as needed: what an administration elsewhere was of."""

    FIXED = "fixed"
    AS_NEEDED = "as_needed"


@dataclass(frozen=True, slots=True)
class ElsewhereSaid:
    """A named person says which it was: the dose named here, or medicine as needed and no planned dose."""

    at: datetime
    resident: str
    dose_id: str  # that they were asked about
    given: GivenElsewhere
    which: Which
    by: str
