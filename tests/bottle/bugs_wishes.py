"""Seeded bugs in what people in the home say and do beside the plan: releases, plugs, strips, cards, keys."""

from __future__ import annotations

import scheduler.causes_robot
import scheduler.evolve
import scheduler.evolve_leave
import scheduler.forecast
import scheduler.receive_leave
import scheduler.refill
from tests.bottle.bug import Bug
from tests.bottle.sabotage import nothing, put, together
from tests.bottle.sabotage_voice import nobody
from tests.bottle.sabotage_wishes import open_an_hour_longer

PERMITS, MAINS, STRIPS = "permits", "mains", "strips"

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
    Bug("a plug that is out alarms nobody", ("S8",), put(scheduler.causes_robot, "power", nobody), MAINS),
    Bug("no battery is too short", ("S8",), put(scheduler.forecast, "_next_dose", nobody), MAINS),
    Bug("nobody hears that a strip ends", ("S8",), put(scheduler.causes_robot, "refill_due", nobody), STRIPS),
    Bug("a strip with what was had is well", ("S8",), put(scheduler.refill, "_extent", nobody), STRIPS),
)
