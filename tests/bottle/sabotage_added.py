"""Seeded bugs of what joins a home's plan from elsewhere: the pieces that `bugs_added` plants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import scheduler.as_needed_limits
import scheduler.causes
from scheduler.as_needed_limits import Answer, Had
from scheduler.cause import Cause
from scheduler.plan import DosePlan
from scheduler.roll import Roll, misfit
from scheduler.world import Dose, Setting, World

_dose = scheduler.causes._dose
_had = scheduler.as_needed_limits._had


def planned_as_one(doses: Sequence[DosePlan], *_: Any) -> Sequence[DosePlan]:
    return doses


def added_is_left_out(*_: Any) -> list[DosePlan]:
    return []


def nobody_hears_of_no_sachet(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    return None if dose.plan.loose else _dose(world, setting, dose, now)


def holds_more(rolls: Mapping[str, Roll], resident: str, *dose: Any) -> str:
    why = misfit(rolls, resident, *dose)
    content, label = dose[-2:]
    if why != "content_mismatch":
        return why
    read = next(sachet.content for sachet in rolls[resident].sachets if sachet.label == label)
    return "" if read > content else why


# --- medicine as needed ---


def at_any_time(*_: Any) -> Answer:
    return Answer()


def planned_does_not_count(*about: Any) -> Iterator[Had]:
    return (each for each in _had(*about) if each.as_needed)


def anywhere(*_: Any, as_needed: bool) -> bool:
    return True


# --- what others gave ---


def nobody_elsewhere(*_: Any) -> Decimal:
    return Decimal(0)
