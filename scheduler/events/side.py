"""Side doses: medicine at a dose time that lies in no sachet. Reminded and confirmed, never released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.plan import DosePlan


@dataclass(frozen=True, slots=True)
class SideDosePlanned:
    """It entered the plan, or its time or amount changed while its window was not open."""

    at: datetime
    dose: DosePlan


@dataclass(frozen=True, slots=True)
class SideDoseWithdrawn:
    at: datetime
    dose_id: str
    plan_version: int


@dataclass(frozen=True, slots=True)
class SideDoseDue:
    at: datetime
    dose_id: str
