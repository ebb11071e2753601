"""Seeded bugs of what joins a home's plan from elsewhere: the pieces that `bugs_added` plants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import scheduler.causes
import scheduler.gate
from scheduler.cause import Cause
from scheduler.plan import Content, DosePlan
from scheduler.roll import Roll
from scheduler.world import Dose, Setting, World

_dose = scheduler.causes._dose
_misfit = scheduler.gate.misfit


def planned_as_one(doses: Sequence[DosePlan], *_: Any) -> Sequence[DosePlan]:
    return doses


def added_is_left_out(*_: Any) -> list[DosePlan]:
    return []


def nobody_hears_of_no_sachet(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    return None if dose.plan.loose else _dose(world, setting, dose, now)


def holds_more(
    rolls: Mapping[str, Roll],
    resident: str,
    day: date,
    local: datetime,
    content: frozenset[Content],
    label: str,
) -> str:
    why = _misfit(rolls, resident, day, local, content, label)
    if why != "content_mismatch":
        return why
    read = next(sachet.content for sachet in rolls[resident].sachets if sachet.label == label)
    return "" if read > content else why
