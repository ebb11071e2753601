"""Whether what a strip holds is what the plan asks for, from now to the strip's end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RollMisfit:
    """One sachet, or one dose without any, that does not fit."""

    at: datetime  # of the dose; of a sachet that none asks for, when it was packed for
    label: str  # of the sachet; "" = there is none
    reason: str  # "content_mismatch", "not_on_card", "no_sachet", "already_had"


@dataclass(frozen=True, slots=True)
class RollCompared:
    """The whole roll in a robot was held against the plan in force, once for each roll and each plan."""

    at: datetime
    resident: str
    robot: str
    production_id: str
    plan_version: int
    clock_version: int  # of the mapping of the parts of the day
    wrong_period: bool  # it begins after the next dose, or has ended before it
    misfits: tuple[RollMisfit, ...]  # by time
