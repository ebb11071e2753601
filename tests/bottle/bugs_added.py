"""Seeded bugs in what is given beside the strip: added after packing (rule 1), as needed from a robot
of its own (rule 8), and planned medicine that others gave (S1, rule 6).
"""

from __future__ import annotations

import scheduler.added
import scheduler.as_needed
import scheduler.as_needed_limits
import scheduler.causes
import scheduler.closing
import scheduler.gate
import scheduler.given_elsewhere
import scheduler.incidents
import scheduler.offering
import scheduler.planning
import scheduler.voice
from tests.bottle.bug import Bug
from tests.bottle.company_papers import ADDED_TO, OTHERS_GIVE, OWN_ROBOT, WHICH
from tests.bottle.feeds_as_needed import BIAS as FEEDS_AS_NEEDED
from tests.bottle.sabotage import no_events, put, together
from tests.bottle.sabotage_added import (
    added_is_left_out,
    anywhere,
    at_any_time,
    holds_more,
    nobody_elsewhere,
    nobody_hears_of_no_sachet,
    planned_as_one,
    planned_does_not_count,
    surely_theirs,
    unheard_words,
)
from tests.bottle.sabotage_company import never
from tests.bottle.sabotage_voice import no_causes
from tests.bottle.sabotage_wishes import no_lock_of_a_double_feed

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
        "a word at the robot as needed is about what is planned",
        ("S7",),
        put(scheduler.voice, "is_here", anywhere),
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
    Bug(
        "what lay beside as needed does not count",
        ("rule 7",),
        put(scheduler.as_needed_limits, "_beside", no_events),
        FEEDS_AS_NEEDED,
    ),
    Bug(
        "as needed goes on with a double feed that nobody looked into",
        ("rule 7", "the home ended"),
        put(scheduler.gate, "lock", no_lock_of_a_double_feed),
        FEEDS_AS_NEEDED,
    ),
    Bug(
        "what others gave is given again",
        ("rule 11", "S1"),
        together(
            put(scheduler.gate, "by_others", never),
            put(scheduler.gate, "amount_elsewhere", nobody_elsewhere),
        ),
        OTHERS_GIVE,
    ),
    Bug(
        "nobody hears of what was had here and given by others",
        ("rule 6",),
        put(scheduler.causes, "had_twice", no_causes),
        OTHERS_GIVE,
    ),
    Bug(
        "what others gave is told as failed",
        ("S4",),
        put(scheduler.closing, "by_others", never),
        OTHERS_GIVE,
    ),
    Bug(
        "what may have been the dose is given before anybody has said so",
        ("rule 11", "S1"),
        together(
            put(scheduler.gate, "by_others", surely_theirs),
            put(scheduler.gate, "amount_elsewhere", nobody_elsewhere),
        ),
        WHICH,
    ),
    Bug(
        "whoever says that it was as needed is not heard",
        ("S4", "S8"),
        put(scheduler.given_elsewhere, "words", unheard_words),
        WHICH,
    ),
    Bug(
        "what others gave as needed keeps back nothing",
        ("S2",),
        put(scheduler.gate, "free_of_as_needed", no_events),
        WHICH,
    ),
    Bug(
        "settled as theirs, taken back, and nobody hears of it",
        ("S4",),
        put(scheduler.incidents, "NOT_BY_OTHERS", "nothing of the kind"),
        WHICH,
    ),
    Bug(
        "reminded of what others gave",
        ("S7",),
        put(scheduler.offering, "by_others", never),
        OTHERS_GIVE,
    ),
)
