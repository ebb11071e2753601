"""Seeded bugs in what people in the home say and do beside the plan: releases, plugs, strips, cards, keys."""

from __future__ import annotations

from datetime import timedelta

import scheduler.causes_robot
import scheduler.closing
import scheduler.evolve
import scheduler.evolve_leave
import scheduler.forecast
import scheduler.gate
import scheduler.let_go
import scheduler.offering
import scheduler.receive_leave
import scheduler.receive_let_go
import scheduler.refill
from tests.bottle.bug import Bug
from tests.bottle.sabotage import nothing, put, rules_without, together
from tests.bottle.sabotage_company import never
from tests.bottle.sabotage_voice import nobody
from tests.bottle.sabotage_wishes import any_new_card, open_an_hour_longer, stays_where_it_is_held

PERMITS, MAINS, STRIPS, CARDS = "permits", "mains", "strips", "cards"

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
    Bug(
        "one person lets go by saying it twice",
        ("rule 3",),
        put(scheduler.receive_let_go, "same_person", never),
        CARDS,
    ),
    Bug(
        "the first word lets go",
        ("rule 3", "S3", "rule 11"),
        put(scheduler.let_go.LetGo, "done", property(lambda _: True)),
        CARDS,
    ),
    Bug(
        "two words hours apart let go",
        ("rule 3",),
        put(scheduler.receive_let_go, "WITHIN", timedelta(hours=10)),
        CARDS,
    ),
    Bug(
        "a new card holds every sachet",
        ("S8",),
        together(
            put(scheduler.gate, "card_changed", any_new_card),
            put(scheduler.offering, "card_changed", any_new_card),
        ),
        CARDS,
    ),
    Bug(
        "what a new card changed is released",
        ("S3", "rule 11"),
        together(put(scheduler.gate, "card_changed", never), put(scheduler.offering, "card_changed", never)),
        CARDS,
    ),
    Bug(
        "what a new card changed stays in the tray",
        ("rule 11",),
        put(scheduler.closing, "card_changed", never),
        CARDS,
    ),
    Bug("nobody is called about what was handed out", ("rule 22",), rules_without("recalled"), CARDS),
    Bug(
        "what was discarded lies in the way",
        ("S8",),
        put(scheduler.closing, "_divert_ground", stays_where_it_is_held),
        CARDS,
    ),
)
