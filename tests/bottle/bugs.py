"""Seeded bugs: each takes one guard out of the running product, and a named witness must notice.

A campaign that finds nothing proves something only if it finds these. `planted(bug)` puts one in for the
length of a `with`. `hunt` says how many histories are enough for each (`make bugs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import dispenserd.courier
import dispenserd.engine
import dispenserd.heartbeat
import dispenserd.mqtt.downlink
import dispenserd.mqtt.uplink
import drivers.robot
import drivers.session
import scheduler.causes
import scheduler.closing
import scheduler.decide
import scheduler.evolve
import scheduler.evolve_dose
import scheduler.evolve_leave
import scheduler.expand
import scheduler.gate
import scheduler.incidents
import scheduler.offering
import scheduler.on_the_spot
import scheduler.outgoing
import scheduler.planning
import scheduler.receive
import scheduler.receive_command
import scheduler.receive_regime
import scheduler.regime_causes
import scheduler.surplus
import scheduler.upkeep
import scheduler.voice
import scheduler.window
from protocol.mqtt import signatures
from scheduler.world import Dose
from tests.bottle.bug import Bug
from tests.bottle.bugs_added import ADDED_BUGS
from tests.bottle.bugs_company import COMPANY_BUGS
from tests.bottle.bugs_wishes import WISHES_BUGS
from tests.bottle.sabotage import (
    absence_is_proof,
    act_first,
    always_open,
    any_resident_may_have_had_it,
    as_they_came,
    beats_anyway,
    believes_old_comparisons,
    caught_up_at_once,
    clock_of_any_kind,
    commands_again,
    doubt_is_back,
    first_revision_only,
    gate_lock_without,
    given_without_token,
    in_any_session,
    label_by_the_roll_loaded_now,
    last_event_forgotten,
    late_open,
    missed_by_the_clock,
    never_fails,
    no_daylight_saving,
    no_events,
    nobody_inherits,
    nothing,
    older_is_fine,
    opened_by_any_clock,
    passes_by_the_broker,
    plans_one_day,
    presses_once,
    puback_is_receipt,
    put,
    reads_from_the_end,
    restart_keeps_wishes,
    rules_with,
    rules_without,
    same_order_id,
    sends_once,
    step_unheard,
    together,
    token_always_passes,
    too_close_once_open,
    turn_without_outcome,
    turn_without_token,
    two_transactions,
    unknown_is_refused,
    waits_for_ever,
)
from tests.bottle.sabotage_leave import (
    any_sachet_is_surplus,
    handed_out_a_day_early,
    taken_along_is_nothing,
)
from tests.bottle.sabotage_voice import (
    every_miss_is_a_no,
    help_only_while_a_dose_is_due,
    no_causes,
    no_is_a_miss,
    nobody,
    reminds_anyway,
)


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    with ExitStack() as stack:
        put(dispenserd.engine, "broken", lambda *_: "")(
            stack
        )  # a witness must notice without the product's help
        bug.plant(stack)
        yield


BUGS: tuple[Bug, ...] = (
    Bug("acts before the commit", ("P1", "P5", "S", "a "), put(dispenserd.engine.Engine, "_turn", act_first)),
    Bug(
        "events and outbox rows in two transactions",
        ("S5", "S4", "rule 22"),
        put(dispenserd.engine.Engine, "_turn", two_transactions),
        "siege",
    ),
    Bug(
        "an unclear answer counts as refused",
        ("S", "P", "missed", "failed", "release refused", "present refused"),
        put(scheduler.receive, "_unanswered", unknown_is_refused),
    ),
    Bug(
        "Unknown falls back to where it was",
        ("S", "P3", "missed", "failed"),
        put(scheduler.evolve_dose, "_ended", doubt_is_back),
    ),
    Bug(
        "ready before the log is read",
        ("S", "P", "rule", "release refused", "present refused", "missed"),
        put(drivers.robot.RobotMachine, "_has_caught_up", caught_up_at_once),
    ),
    Bug(
        "the first entry of each page is skipped",
        ("S5",),
        put(drivers.session.Session, "read", reads_from_the_end),
    ),
    Bug(
        "absence in a formatted log taken as proof",
        ("S", "missed", "failed", "release refused", "present refused"),
        put(scheduler.receive, "_identified", absence_is_proof),
        "log_lost",
    ),
    Bug("missed by the clock", ("missed", "S"), put(scheduler.closing, "_closed", missed_by_the_clock)),
    Bug(
        "open before its time",
        ("S2", "rule"),
        together(
            put(Dose, "open_at", always_open),
            put(scheduler.gate, "_too_close", too_close_once_open),  # it asks for the window too
        ),
    ),
    Bug(
        "open for ever",
        ("S2", "rule"),
        together(
            put(Dose, "open_at", late_open),
            rules_without("cleared_away"),
            put(scheduler.gate, "_not_its_turn", turn_without_outcome),
        ),
    ),
    Bug("summer time all year", ("S2", "S"), put(scheduler.window.LocalTime, "instant", no_daylight_saving)),
    Bug(
        "may give one while another lies in the tray",
        ("S2",),
        put(scheduler.receive_command, "in_reach", nothing),
    ),
    Bug("no minimum interval", ("S2",), put(scheduler.gate, "_too_close", nothing)),
    Bug(
        "who may give is not told that it was stopped",
        ("S1",),
        put(scheduler.causes, "being_given", nothing),
        "card",
    ),
    Bug(
        "any label will do",
        ("S3", "rule 11"),
        together(
            put(scheduler.gate, "label_misfit", nothing), put(scheduler.offering, "label_misfit", nothing)
        ),
        "foreign_label",
    ),
    Bug(
        "orders on an untrusted clock",
        ("rule 18", "S2"),
        together(
            gate_lock_without("clock"),
            rules_with("opened", opened_by_any_clock),  # else no window opens, and nothing is pressed for
        ),
        "clock_step",
    ),
    Bug(
        "any clock is trusted",
        ("S2", "rule", "S"),
        put(scheduler.receive, "compared", clock_of_any_kind),
        "clock_step",
    ),
    Bug(
        "a step of the clock unheard",
        ("rule 11", "rule 18", "S2", "S4"),
        put(dispenserd.engine.Engine, "_has_stepped", step_unheard),
        "clock_step",
    ),
    Bug("orders while a dose is in doubt", ("P3",), gate_lock_without("in_doubt")),
    Bug(
        "the same order id for every attempt",
        ("P5", "the home ended"),
        put(scheduler.offering, "order_id", same_order_id),
    ),
    Bug(
        "released while a person has the token",
        ("rule 5", "rule 11", "S1"),
        together(
            put(scheduler.gate, "_not_its_turn", turn_without_token),
            put(scheduler.gate, "_too_much", nothing),
        ),
        "stall",
    ),
    Bug(
        "released after its outcome",
        ("S", "rule 11", "released"),
        together(
            put(scheduler.gate, "_not_its_turn", turn_without_outcome),
            put(scheduler.offering, "waiting", waits_for_ever),
            put(scheduler.gate, "_too_much", nothing),
        ),
        "stall",
    ),
    Bug(
        "a press from before the restart",
        ("rule 2",),
        put(scheduler.evolve, "_restarted", restart_keeps_wishes),
    ),
    Bug("released without a press", ("rule 2", "a release without"), rules_with("pressed", presses_once)),
    Bug(
        "the token passes with the sachet anywhere",
        ("the token", "S1", "S2", "rule 5"),
        together(
            put(scheduler.receive_command, "token_may_pass", token_always_passes),
            put(scheduler.on_the_spot, "token_may_pass", token_always_passes),
        ),
    ),
    Bug(
        "given without the token",
        ("S", "the home ended", "rule"),
        put(scheduler.receive_command, "_given", given_without_token),
    ),
    Bug(
        "had it, by anybody's word",
        ("S4", "S8", "the same outcome"),
        put(scheduler.receive_command, "_had_it", any_resident_may_have_had_it),
    ),
    Bug(
        "a repeated command is carried out again",
        ("the home ended",),
        put(scheduler.receive, "decide_dose", commands_again),
        "replay",
    ),
    Bug("a forged signature is good", ("S6",), put(signatures, "is_genuine", lambda *_: True), "forgery"),
    Bug(
        "the broker's word counts as receipt",
        ("S5", "S4"),
        put(dispenserd.mqtt.uplink.Uplink, "_note", puback_is_receipt),
        "broker_forgets",
    ),
    Bug(
        "sent once and never again",
        ("S5", "S4"),
        put(dispenserd.mqtt.uplink.Uplink, "_resend_now_and_then", sends_once),
        "messages_wild",
    ),
    Bug(
        "a test alarm passes by the broker's word",
        ("S4: a test alarm",),
        put(scheduler.upkeep, "_alarm_test", passes_by_the_broker),
        "network_out",
    ),
    Bug(
        "a failed test alarm stays at info",
        ("S4: a failed test alarm", "S4: a test alarm"),
        put(scheduler.upkeep, "_alarm_test", never_fails),
        "network_out",
    ),
    Bug("undelivered is never shown", ("S4",), rules_without("undelivered"), "network_out"),
    Bug("nobody is alarmed", ("S4",), rules_without("alarmed")),
    Bug("nothing is put away at closing", ("S2", "S4", "S8", "S"), rules_without("cleared_away")),
    Bug("no outcome is written", ("S4", "S8"), rules_without("settled")),
    Bug(
        "nothing is held",
        (),
        rules_without("held"),
        equivalent="the gate refuses a sachet that doesn't fit, and a lock is a care incident too",
    ),
    Bug(
        "an order without an end waits for ever",
        ("S", "nobody"),
        together(put(scheduler.receive, "_unproven", no_events), rules_without("overdue")),
    ),
    Bug(
        "an older card is accepted",
        ("rule 19", "S3"),
        put(scheduler.receive, "card_offered", older_is_fine),
        "card",
    ),
    Bug(
        "a moved time makes a new dose",
        ("S", "failed", "missed", "KeyError", "the home ended"),
        put(scheduler.expand, "_heirs", nobody_inherits),
        "card",
    ),
    Bug("planned only in the small hours", ("S4",), rules_with("planned", plans_one_day)),
    Bug(
        "sent without a last look",
        ("rule 11", "rule 18"),
        put(dispenserd.courier, "why_not_send", nothing),
        "slow_disk",
    ),
    Bug(
        "medicine counted by id, not by what the plan asks",
        ("S", "rule"),
        put(scheduler.gate, "beyond_plan", nothing),
        "card",
    ),
    Bug(
        "a sign of life although the engine hangs",
        ("S4",),
        put(dispenserd.heartbeat.Heartbeat, "_beat", beats_anyway),
        "slow_disk",
    ),
    Bug(
        "a present expects what a newer roll says",
        ("the home ended",),
        put(scheduler.offering, "_label", label_by_the_roll_loaded_now),
        "new_roll",
    ),
    Bug(
        "sent in whatever session there is now",
        ("rule 2", "S", "P"),
        put(drivers.robot.RobotMachine, "send_order", in_any_session),
        "session_in_a_commit",
    ),
    Bug(
        "a comparison from before a step is believed",
        ("rule 11", "rule 18", "S2", "S4", "S8"),
        put(scheduler.receive, "compared", believes_old_comparisons),
        "step_in_a_commit",
    ),
    Bug(
        "a fact is dated by the clock that it came on",
        ("rule 2", "S8", "S2", "S4", "rule 18"),
        put(dispenserd.engine.Engine, "_dated", as_they_came),
        "step_in_a_commit",
    ),
    Bug("nobody answers a press", ("S8",), rules_without("pressed", "presented")),
    Bug("no thanks is told as a miss", ("S7",), put(scheduler.closing, "_untaken", no_is_a_miss)),
    Bug("a miss is told as no thanks", ("S7",), put(scheduler.closing, "_untaken", every_miss_is_a_no)),
    Bug("what they did not want stays in the tray", ("S7",), put(scheduler.closing, "unwanted", nothing)),
    Bug("later and no thanks are not heard", ("S7",), put(scheduler.voice, "at_hand", no_events)),
    Bug("a wish for help alarms nobody", ("S7",), put(scheduler.causes, "voice_causes", no_causes)),
    Bug("no thanks alarms nobody", ("S4", "nobody had it"), put(scheduler.causes, "refusal", nobody)),
    Bug("declined, and reminded all the same", ("S7",), rules_with("reminded", reminds_anyway)),
    Bug(
        "help is heard only while a dose is due", ("S7",), rules_with("heard", help_only_while_a_dose_is_due)
    ),
    Bug(
        "the last event of a commit is forgotten",
        ("the journal tells", "S", "P", "an attempt"),
        put(dispenserd.engine.Engine, "_turn", last_event_forgotten),
    ),
    Bug(
        "a correction of an outcome is not filed",
        ("S5",),
        put(scheduler.outgoing, "_administrations", first_revision_only),
    ),
    Bug(
        "handed out a day before its hour",
        ("S2",),
        together(
            put(scheduler.evolve_leave, "permitted", handed_out_a_day_early),
            put(scheduler.evolve, "permitted", handed_out_a_day_early),
        ),
    ),
    Bug(
        "what was taken along has no outcome",
        ("S4",),
        put(scheduler.closing, "_lifted", taken_along_is_nothing),
    ),
    Bug(
        "any sachet at the mouth is nobody's",
        ("S8",),
        put(scheduler.surplus, "_why_nobody_waits", any_sachet_is_surplus),
    ),
    *COMPANY_BUGS,
    *WISHES_BUGS,
    *ADDED_BUGS,
)
