"""Seeded bugs in what is given beside the strip: medicine added after packing (rule 1), and as needed from a
robot of its own (rule 8).
"""

from __future__ import annotations

import scheduler.added
import scheduler.as_needed
import scheduler.as_needed_limits
import scheduler.causes
import scheduler.gate
import scheduler.offering
import scheduler.planning
from tests.bottle.bug import Bug
from tests.bottle.company_papers import ADDED_TO, OWN_ROBOT
from tests.bottle.sabotage import no_events, put
from tests.bottle.sabotage_added import (
    added_is_left_out,
    anywhere,
    at_any_time,
    holds_more,
    nobody_hears_of_no_sachet,
    planned_as_one,
    planned_does_not_count,
)
from tests.bottle.sabotage_company import never

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
    Bug(
        "as needed at any time of any day",
        ("rule 8",),
        put(scheduler.as_needed, "in_its_time", at_any_time),
        OWN_ROBOT,
    ),
    Bug(
        "pressed twice in haste, and let out",
        ("rule 8",),
        put(scheduler.as_needed, "in_haste", never),
        OWN_ROBOT,
    ),
    Bug(
        "a press at the robot as needed asks for what is planned",
        ("rule 2",),
        put(scheduler.offering, "is_here", anywhere),
        OWN_ROBOT,
    ),
    Bug(
        "what was had as needed keeps back nothing that is planned",
        ("rule 8",),
        put(scheduler.gate, "free_of_as_needed", no_events),
        OWN_ROBOT,
    ),
    Bug(
        "what was planned keeps back nothing as needed",
        ("rule 8",),
        put(scheduler.as_needed_limits, "_had", planned_does_not_count),
        OWN_ROBOT,
    ),
)
