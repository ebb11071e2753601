"""Seeded bugs of what joins a home's plan from elsewhere: the pieces that `bugs_added` plants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import scheduler.causes
import scheduler.planning
from scheduler.cause import Cause
from scheduler.dose import Stage
from scheduler.plan import DosePlan
from scheduler.world import Dose, Setting, World

_dose = scheduler.causes._dose


def planned_as_one(doses: Sequence[DosePlan], *_: Any) -> Sequence[DosePlan]:
    return doses


def added_is_left_out(*_: Any) -> list[DosePlan]:
    return []


def nobody_hears_of_no_sachet(world: World, setting: Setting, dose: Dose, now: datetime) -> Cause | None:
    return None if dose.plan.loose else _dose(world, setting, dose, now)


def told_to_be_apart_whatever_was_had(dose: Dose) -> bool:
    return dose.outcome is None and not dose.token and dose.stage in (Stage.PLANNED, Stage.DUE)
