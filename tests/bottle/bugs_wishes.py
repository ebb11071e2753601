"""Seeded bugs in what people in the home say and do beside the plan: releases, plugs, strips, cards, keys."""

from __future__ import annotations

from datetime import timedelta

import scheduler.causes
import scheduler.causes_robot
import scheduler.closing
import scheduler.evolve
import scheduler.evolve_leave
import scheduler.forecast
import scheduler.gate
import scheduler.let_go
import scheduler.offering
import scheduler.on_the_spot
import scheduler.receive_custody
import scheduler.receive_leave
import scheduler.receive_let_go
import scheduler.receive_settings
import scheduler.refill
import scheduler.regime_causes
from tests.bottle.bug import Bug
from tests.bottle.sabotage import nothing, put, rules_without, together
from tests.bottle.sabotage_company import never
from tests.bottle.sabotage_voice import no_causes, nobody
from tests.bottle.sabotage_wishes import (
    any_new_card,
    no_lock_of_a_double_feed,
    no_lock_of_the_staff,
    open_an_hour_longer,
    restart_unlocks,
    stays_where_it_is_held,
    turn_without_a_count,
    used_without_a_count,
)

PERMITS, MAINS, STRIPS, CARDS, KEYS, SWAPS = "permits", "mains", "strips", "cards", "keys", "swaps"
HOURS, FEEDS = "hours", "feeds"

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
    Bug("a key of the staff is a press like any", ("rule 5", "rule 2"), rules_without("locked"), KEYS),
    Bug(
        "what staff have locked gives all the same",
        ("rule 5",),
        put(scheduler.gate, "lock", no_lock_of_the_staff),
        KEYS,
    ),
    Bug(
        "unlocked before anything is said", ("rule 5",), put(scheduler.on_the_spot, "_not_said", never), KEYS
    ),
    Bug("a restart ends the lock", ("rule 5",), put(scheduler.evolve, "_restarted", restart_unlocks), KEYS),
    Bug(
        "what nobody has counted is given",
        ("rule 24",),
        together(
            put(scheduler.gate, "_not_its_turn", turn_without_a_count),
            put(scheduler.gate, "_used", used_without_a_count),
        ),
        SWAPS,
    ),
    Bug(
        "counted wherever somebody says",
        ("rule 24",),
        put(scheduler.receive_custody, "_not_in_robot", nothing),
        SWAPS,
    ),
    Bug(
        "nobody hears of what is not counted",
        ("rule 24",),
        put(scheduler.causes, "custody_causes", no_causes),
        SWAPS,
    ),
    Bug(
        "a double feed puts no dose in doubt",
        ("rule 7", "S1", "S3"),
        rules_without("doubted"),
        FEEDS,
    ),
    Bug(
        "the strip goes on after a double feed",
        ("rule 7", "the home ended"),
        put(scheduler.gate, "lock", no_lock_of_a_double_feed),
        FEEDS,
    ),
    Bug(
        "nobody hears of a double feed",
        ("rule 7",),
        put(scheduler.causes_robot, "fed_together", nobody),
        FEEDS,
    ),
    Bug(
        "one person changes the hours of the day",
        ("rule 9",),
        put(scheduler.receive_settings, "_why_not", nothing),
        HOURS,
    ),
    Bug(
        "nobody hears of hours that are not in force",
        ("S8",),
        put(scheduler.regime_causes, "_refused", nobody),
        HOURS,
    ),
)
