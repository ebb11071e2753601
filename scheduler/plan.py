"""What shall be given: prescriptions, and the doses a date asks for.

A `Plan` is what the home accepted from one medicine card. `dosage` holds what each prescription asks for;
`expand` groups one date's intakes into doses with stable ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from scheduler.dosage import Dosage

AS_NEEDED_SLOT = "pn-"
"""Begins the slot of medicine as needed; then a number from 1 on each date."""


SURPLUS_SLOT = "surplus-"
"""Begins the slot of a sachet that no dose waits for; then its number in the strip."""


@dataclass(frozen=True, slots=True, order=True)
class Content:
    """One drug in one sachet or dose. `quantity` counts `unit` (a tablet, as a rule)."""

    drug: str  # ATC code
    strength: str  # as on the card: "500 mg"
    quantity: Decimal
    unit: str  # "tablet"


@dataclass(frozen=True, slots=True)
class Prescription:
    """One prescription that a machine may carry out as it stands."""

    prescription_id: str
    drug: str  # ATC code
    strength: str
    dosage: Dosage

    @property
    def unit(self) -> str:
        return self.dosage.unit


@dataclass(frozen=True, slots=True)
class RefusedPrescription:
    """One on the card that no machine may carry out; `path` points into the card, never quotes it."""

    prescription_id: str
    reason: str
    path: str
    drug: str = field(compare=False)
    """ATC. Journalled since 2026-11-23 ("" before), and a card read again is still the same card."""


Asks = frozenset[tuple[str, str, str, str, frozenset[Decimal]]]
"""What a card asks for on one date: prescription, drug, strength, unit, and the amounts of its times."""


@dataclass(frozen=True, slots=True)
class Plan:
    resident: str  # permanent resident key, 32 hex characters
    card_version: int  # of the medicine card; only rises
    plan_version: int  # of what the home made of it; +1 whenever `prescriptions` changes
    prescriptions: tuple[Prescription, ...]
    refused: tuple[RefusedPrescription, ...] = ()  # on the card, and left to people
    missing: tuple[str, ...] = ()  # of these: what no longer stands on the card, and was never ended


@dataclass(frozen=True, slots=True)
class Portion:
    """What one prescription puts into one dose."""

    prescription_id: str
    content: Content


@dataclass(frozen=True, slots=True)
class DosePlan:
    """One planned dose: the fixed medicine of one resident for one date and slot, one part.

    `portions` is sorted by prescription id; one portion a prescription.
    """

    dose_id: str
    resident: str
    day: date
    slot: str  # a day part, with a suffix for the second clock time near it
    opens: datetime  # = the planned time
    half: datetime
    closes: datetime
    portions: tuple[Portion, ...]
    critical: bool
    plan_version: int
    controlled: bool = False  # rule 2: personal action, a short time in the tray, never in a take-along
    loose: bool = False  # rule 1: added after the sachet was packed, no sachet holds it: a person gives it
    prescriptions: frozenset[str] = field(init=False, repr=False, compare=False)
    """Follows from `portions`; kept because it is asked for at every look at every dose."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prescriptions", frozenset(p.prescription_id for p in self.portions))

    @property
    def as_needed(self) -> bool:
        """Asked for by the resident, and by nobody's plan."""
        return self.slot.startswith(AS_NEEDED_SLOT)

    @property
    def surplus(self) -> bool:
        """A sachet that no dose waits for: of no prescription, and only to be put away."""
        return self.slot.startswith(SURPLUS_SLOT)

    @property
    def content(self) -> frozenset[Content]:
        """What the sachet must hold: quantities of the same drug, strength and unit added up."""
        total: dict[tuple[str, str, str], Decimal] = {}
        for item in (portion.content for portion in self.portions):
            key = (item.drug, item.strength, item.unit)
            total[key] = total.get(key, Decimal(0)) + item.quantity
        return frozenset(
            Content(drug, strength, amount, unit) for (drug, strength, unit), amount in total.items()
        )

    def quantity_of(self, prescription_id: str) -> Decimal:
        """What this dose holds of one prescription, in its unit."""
        return sum(
            (p.content.quantity for p in self.portions if p.prescription_id == prescription_id), Decimal(0)
        )
