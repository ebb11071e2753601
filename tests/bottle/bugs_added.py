"""Seeded bugs in what joins a home's plan from elsewhere: medicine added to a card after packing (rule 1)."""

from __future__ import annotations

import scheduler.added
import scheduler.causes
import scheduler.gate
import scheduler.planning
from tests.bottle.bug import Bug
from tests.bottle.company_papers import ADDED_TO
from tests.bottle.sabotage import put
from tests.bottle.sabotage_added import (
    added_is_left_out,
    holds_more,
    nobody_hears_of_no_sachet,
    planned_as_one,
)

ADDED_BUGS: tuple[Bug, ...] = (
    Bug(
        "what was added holds the sachet",
        ("S8",),
        put(scheduler.planning, "in_parts", planned_as_one),
        ADDED_TO,
    ),
    Bug(
        "what was added is in no dose",
        ("S4", "rule 1"),
        put(scheduler.added, "_loose", added_is_left_out),
        ADDED_TO,
    ),
    Bug(
        "nobody hears of what no sachet holds",
        ("rule 1", "S4"),
        put(scheduler.causes, "_dose", nobody_hears_of_no_sachet),
        ADDED_TO,
    ),
    Bug(
        "a later sachet holds what somebody gives by hand, and goes out",
        ("S1", "S3"),
        put(scheduler.gate, "misfit", holds_more),
        ADDED_TO,
    ),
)
