"""Seeded bugs in what people in the home say and do beside the plan: releases early and late."""

from __future__ import annotations

import scheduler.evolve
import scheduler.evolve_leave
import scheduler.receive_leave
from tests.bottle.bug import Bug
from tests.bottle.sabotage import nothing, put, together
from tests.bottle.sabotage_wishes import open_an_hour_longer

PERMITS = "permits"

WISHES_BUGS: tuple[Bug, ...] = (
    Bug(
        "let out as early as anybody likes", ("S2",), put(scheduler.receive_leave, "_early", nothing), PERMITS
    ),
    Bug("let out as late as anybody likes", ("S2",), put(scheduler.receive_leave, "_late", nothing), PERMITS),
    Bug(
        "a late release outlives its word",
        ("S2",),
        together(
            put(scheduler.evolve_leave, "kept_open", open_an_hour_longer),
            put(scheduler.evolve, "kept_open", open_an_hour_longer),
        ),
        PERMITS,
    ),
)
