"""Seeded bugs in homes of several residents and robots, in modes, pauses and medicine as needed."""

from __future__ import annotations

import scheduler.as_needed
import scheduler.as_needed_limits
import scheduler.causes
import scheduler.closing
import scheduler.gate
import scheduler.judged
import scheduler.offering
import scheduler.personal
import scheduler.receive
import scheduler.receive_regime
import scheduler.regime_causes
from tests.bottle.bug import Bug
from tests.bottle.company_papers import KINDS
from tests.bottle.sabotage import nothing, put, rules_with, rules_without, together
from tests.bottle.sabotage_company import (
    always,
    anybodys_counts,
    as_the_resident,
    elsewhere_is_nothing,
    locked_at_any,
    never,
    nobody_is_critical,
    stale_will_do,
    the_first_of_two,
    whoever_waits,
)
from tests.bottle.sabotage_regime import (
    away_is_no_excuse,
    ends_by_time,
    reminds_in_every_mode,
    whoever_says_so,
    without_a_review,
)
from tests.bottle.sabotage_voice import nobody

_, NEIGHBOUR, SHARED, AS_NEEDED = KINDS

COMPANY_BUGS: tuple[Bug, ...] = (
    Bug(
        "a helper's press is recorded as the resident's",
        ("rule 2",),
        put(scheduler.receive, "named", as_the_resident),
        SHARED,
    ),
    Bug(
        "a helper's tag releases for a resident who is not theirs",
        ("rule 2",),
        put(scheduler.personal, "_for_whom", whoever_waits),
        SHARED,
    ),
    Bug(
        "of two who wait a helper gets the first one's dose",
        ("rule 2",),
        put(scheduler.personal, "_for_whom", the_first_of_two),
        SHARED,
    ),
    Bug("anybody's tag is good enough", ("rule 2", "S3"), put(scheduler.offering, "is_for", always), SHARED),
    Bug(
        "a press without a name counts where several live",
        ("rule 2", "S3"),
        put(scheduler.personal, "must_say_who", never),
        SHARED,
    ),
    Bug(
        "what another had counts as one's own where cards number alike",
        ("S8",),
        put(scheduler.gate, "used_on", anybodys_counts),
        SHARED,
    ),
    Bug(
        "controlled medicine for whoever presses",
        ("rule 2",),
        put(scheduler.offering, "needs_personal_action", never),
        NEIGHBOUR,
    ),
    Bug(
        "paused, and offered all the same",
        ("S2", "rule 22"),
        together(put(scheduler.gate, "withholds", nothing), rules_without("kept_out")),
        NEIGHBOUR,
    ),
    Bug(
        "what was not offered was missed",
        ("rule 22",),
        put(scheduler.closing, "withholds", nothing),
        NEIGHBOUR,
    ),
    Bug(
        "the robot reminds whom staff remind",
        ("rule 22",),
        put(scheduler.offering, "QUIET", frozenset()),
        NEIGHBOUR,
    ),
    Bug(
        "a lock at one robot locks the other",
        ("S8",),
        together(
            put(scheduler.gate, "lock", locked_at_any),
            put(scheduler.offering, "lock", locked_at_any),
        ),
        NEIGHBOUR,
    ),
    Bug("nobody asks who saw it", ("rule 22",), put(scheduler.causes, "_not_witnessed", nobody), "witnessed"),
    Bug(
        "staff do not hear what they must remind of",
        ("rule 22",),
        put(scheduler.causes, "STAFF_REMIND", frozenset()),
        NEIGHBOUR,
    ),
    Bug(
        "resumed before anybody has reconciled",
        ("rule 22",),
        put(scheduler.receive_regime, "_why_not", nothing),
        NEIGHBOUR,
    ),
    Bug(
        "a mode by nobody's word",
        ("rule 22",),
        put(scheduler.receive_regime, "_stranger", nothing),
        NEIGHBOUR,
    ),
    Bug(
        "critical medicine alarms like any other",
        ("rule 9",),
        put(scheduler.judged, "circumstances", nobody_is_critical),
        NEIGHBOUR,
    ),
    Bug(
        "as needed again at once",
        ("rule 8",),
        put(scheduler.as_needed_limits, "_too_soon", nobody),
        AS_NEEDED,
    ),
    Bug(
        "as needed without a most in a day",
        ("rule 8",),
        put(scheduler.as_needed_limits, "_too_much", nobody),
        AS_NEEDED,
    ),
    Bug(
        "what was given elsewhere does not count",
        ("rule 8",),
        put(scheduler.as_needed_limits, "_had", elsewhere_is_nothing),
        AS_NEEDED,
    ),
    Bug(
        "old knowledge of elsewhere is good enough",
        ("rule 8",),
        put(scheduler.as_needed, "may_be_had", stale_will_do),
        AS_NEEDED,
    ),
    Bug("suspended, and released all the same", ("S2",), put(scheduler.gate, "withholds", nothing)),
    Bug("withheld, and left in the tray", ("S2", "rule 22"), put(scheduler.closing, "withholds", nothing)),
    Bug("who is away is told as a miss", ("rule 22",), put(scheduler.closing, "_closed", away_is_no_excuse)),
    Bug(
        "a press of who is away is kept quiet", ("rule 22",), put(scheduler.regime_causes, "_action", nobody)
    ),
    Bug("who is away is let in", ("rule 22", "S2"), rules_without("kept_out")),
    Bug("reminded in every mode", ("rule 22",), rules_with("reminded", reminds_in_every_mode)),
    Bug("what restricts ends by time", ("rule 22",), rules_with("proven", ends_by_time)),
    Bug("resumed unreconciled", ("rule 22",), put(scheduler.receive_regime, "_why_not", whoever_says_so)),
    Bug("a mode without a review", ("rule 22",), put(scheduler.receive_regime, "_why_not", without_a_review)),
)
