"""One thing that is wrong and needs a person: what `causes` finds and `incidents` tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler import events as ev


@dataclass(frozen=True, slots=True)
class Cause:
    kind: ev.Kind
    priority: ev.Priority
    detail: str = ""
    dose_id: str = ""
    before: datetime | None = None  # somebody should act before this
