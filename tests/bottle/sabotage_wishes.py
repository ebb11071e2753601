"""Seeded bugs of what people in the home say and do beside the plan: the pieces that `bugs_wishes` plants."""

from __future__ import annotations

from datetime import timedelta

import scheduler.evolve_leave
from scheduler.replacing import replace
from scheduler.world import Dose

_kept_open = scheduler.evolve_leave.kept_open


def open_an_hour_longer(dose: Dose) -> Dose:
    kept = _kept_open(dose)
    if kept.late is None or kept.plan.closes > kept.late.closes:
        return kept
    return replace(kept, plan=replace(kept.plan, closes=kept.plan.closes + timedelta(hours=1)))
