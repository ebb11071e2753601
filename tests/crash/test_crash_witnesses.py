"""Each witness of a campaign says nothing of a healthy home, and notices what it is there for.

The healthy home is made by hand: one dose retrieved, one missed, diverted and given by hand after its
incident was taken. Every test spoils one thing in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.crash.evidence import Evidence, Line
from tests.crash.witness import WITNESSES, judge

RESIDENT = "5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64"
MORNING, NOON = "2026-11-02/morning", "2026-11-02/noon"
LOG = "aa" * 16
ORDERS = {"release": "01" * 16, "present": "02" * 16, "divert": "03" * 16}


def dose_id(dose: str) -> str:
    return f"{RESIDENT}/{dose}/1"


def dose(name: str, opens: str, closes: str) -> Line:
    prescriptions = [f"p-{name.split('/')[1]}"]
    day = "2026-11-02T"
    return {
        "dose": name,
        "dose_id": dose_id(name),
        "opens": f"{day}{opens}+00:00",
        "closes": f"{day}{closes}+00:00",
        "prescriptions": prescriptions,
    }


def at(clock: str) -> str:
    return f"2026-11-02T{clock}Z"


def move(clock: str, label: str, origin: str, target: str) -> Line:
    return {"at": at(clock), "label": label, "from": origin, "to": target}


def entry(index: int, kind: str, order: str = "", name: str = "", label: str = "", **more: str) -> Line:
    return {
        "log_id": LOG,
        "index": index,
        "kind": kind,
        "order_id": ORDERS.get(order, ""),
        "order_kind": order,
        "dose_id": dose_id(name) if name else "",
        "label": label,
        "result": "",
        "detail": "",
        "boot_id": "bb" * 16,
        **more,
    }


def motion(first: int, order: str, name: str, label: str) -> list[Line]:
    return [
        entry(first, "accepted", order, name, label),
        entry(first + 1, "started", order, name, label),
        entry(first + 2, "ended", order, name, label, result="done"),
    ]


def logged(entries: list[Line]) -> list[tuple[str, Line]]:
    return [("RobotLogged", {**each, "entry": each["kind"], "at": at("10:00:00")}) for each in entries]


def ordered(kind: str, name: str) -> tuple[str, Line]:
    return "OrderIssued", {"order": {"order_id": ORDERS[kind], "kind": kind, "dose_id": dose_id(name)}}


def outcome(name: str, revision: int, told: str, clock: str) -> tuple[str, Line]:
    body = {"dose_id": dose_id(name), "revision": revision, "outcome": told, "at": at(clock)}
    return "OutcomeRecorded", body


def chained(events: list[tuple[str, Line]]) -> list[Line]:
    rows: list[Line] = []
    previous = 64 * "0"
    for sequence, (kind, body) in enumerate(events, 1):
        text = json.dumps(body, sort_keys=True, separators=(",", ":"))
        covered = f'{{"body":{text},"epoch":1,"kind":"{kind}","sequence":{sequence}}}'
        linked = hashlib.sha256(bytes.fromhex(previous) + covered.encode()).hexdigest()
        row = {"sequence": sequence, "epoch": 1, "at": at("10:00:00"), "kind": kind}
        rows.append({**row, "body": text, "previous": previous, "hash": linked})
        previous = linked
    return rows


def administration(name: str, revision: int, told: str) -> Line:
    slot = name.split("/")[1]
    return {
        "id": f"{slot}-{revision}",
        "request": {"reference": f"MedicationRequest/p-{slot}"},
        "extension": [
            {"url": "urn:x:outcome", "valueCode": told},
            {"url": "urn:x:dose", "valueString": dose_id(name)},
            {"url": "urn:x:revision", "valuePositiveInt": revision},
        ],
    }


def put(outbox: str, key: str, event_id: str = "e") -> Line:
    return {"outbox": outbox, "key": key, "event_id": event_id, "sequence": 1, "answered_sequence": 2}


def healthy() -> Evidence:
    robot_log = [
        entry(1, "loaded", detail="ROLL-1"),
        *motion(2, "release", MORNING, "L1"),
        *motion(5, "present", MORNING, "L1"),
        entry(8, "lifted", "present", MORNING, "L1"),
        *motion(9, "divert", NOON, "L2"),
    ]
    events = [
        ("DaemonStarted", {"at": at("01:00:00")}),
        ordered("release", MORNING),
        ordered("present", MORNING),
        *logged(robot_log[:8]),
        outcome(MORNING, 1, "retrieved", "03:00:00"),
        ordered("divert", NOON),
        *logged(robot_log[8:]),
        outcome(NOON, 1, "missed", "12:00:10"),
        ("CommandAnswered", {"command_id": "d1", "accepted": True}),
        ("DecisionMade", {"dose_id": dose_id(NOON), "at": at("12:20:00")}),
        outcome(NOON, 2, "given_by_staff", "12:20:00"),
    ]
    return Evidence(
        rate=1.0,
        now="2026-11-02T13:00:00+00:00",
        resident=RESIDENT,
        doses=[dose(MORNING, "02:00:00", "06:00:00"), dose(NOON, "08:00:00", "12:00:00")],
        loaded={"L1": MORNING, "L2": NOON, "L3": "2026-11-02/evening"},
        trace=[
            move("02:30:00", "L1", "magazine", "holding"),
            move("02:30:03", "L1", "holding", "tray"),
            move("02:31:00", "L1", "tray", "hands"),
            move("12:00:06", "L2", "magazine", "store"),
        ],
        matter={"magazine": ["L3"], "hands": ["L1"], "store": ["L2"]},
        robot_log=robot_log,
        journal=chained(events),
        outbox=[
            put("incident", "i1/1"),
            put("incident", "answer/d1"),
            *(put("administration", key) for key in ("morning-1", "noon-1", "noon-2")),
        ],
        oncall={
            "incidents": [{"incident": "i1", "dose": dose_id(NOON)}],
            "revisions": [{"incident": "i1", "revision": 1, "event_id": "e"}],
            "answers": [{"command_id": "d1", "event_id": "e"}],
            "decisions": [{"decision_id": "d1", "state": "accepted"}],
        },
        administrations=[
            administration(MORNING, 1, "retrieved"),
            administration(NOON, 1, "missed"),
            administration(NOON, 2, "given_by_staff"),
        ],
        given_by_hand=[dose_id(NOON)],
    )


def rewrite(evidence: Evidence, change: Callable[[list[tuple[str, Line]]], Any]) -> None:
    """Change what the journal says, and link it again: only the story is wrong."""
    events = [(row["kind"], json.loads(row["body"])) for row in evidence.journal]
    change(events)
    evidence.journal = chained(events)


def place(events: list[tuple[str, Line]], kind: str) -> int:
    """The last row of a kind."""
    return max(number for number, (name, _) in enumerate(events) if name == kind)


def released_again(e: Evidence) -> None:
    e.trace.insert(3, move("02:40:00", "L1", "magazine", "holding"))


def two_sachets_of_one_dose(e: Evidence) -> None:
    e.loaded["L3"] = MORNING
    e.trace.append(move("03:00:00", "L3", "magazine", "holding"))
    e.matter = {"magazine": [], "hands": ["L1"], "store": ["L2"], "holding": ["L3"]}


def given_after_the_lift(e: Evidence) -> None:
    e.given_by_hand.append(dose_id(MORNING))


def given_while_in_the_tray(e: Evidence) -> None:
    del e.trace[2]
    e.given_by_hand.append(dose_id(MORNING))


def sachet_gone(e: Evidence) -> None:
    e.matter["store"] = []


def sachet_elsewhere(e: Evidence) -> None:
    e.matter = {"magazine": ["L3"], "hands": ["L1", "L2"]}


def release_too_early(e: Evidence) -> None:
    e.trace[0]["at"] = at("01:59:59")


def present_too_late(e: Evidence) -> None:
    e.trace[1]["at"] = at("06:00:05")


def divert_in_an_open_window(e: Evidence) -> None:
    e.trace[3]["at"] = at("11:59:00")


def move_without_an_entry(e: Evidence) -> None:
    e.robot_log = [each for each in e.robot_log if each["order_kind"] != "divert"]


def entry_without_a_move(e: Evidence) -> None:
    del e.trace[3]


def a_lost_entry(e: Evidence) -> None:
    rewrite(e, lambda events: events.pop(place(events, "RobotLogged")))


def an_entry_twice(e: Evidence) -> None:
    rewrite(
        e, lambda events: events.insert(place(events, "RobotLogged"), events[place(events, "RobotLogged")])
    )


def an_entry_told_otherwise(e: Evidence) -> None:
    rewrite(e, lambda events: events[place(events, "RobotLogged")][1].update(result="unclear"))


def an_entry_nobody_wrote(e: Evidence) -> None:
    e.robot_log.pop()


def act_before_commit(e: Evidence) -> None:
    def swap(events: list[tuple[str, Line]]) -> None:
        events.append(events.pop(place(events, "OrderIssued")))

    rewrite(e, swap)


def order_issued_twice(e: Evidence) -> None:
    rewrite(e, lambda events: events.append(events[place(events, "OrderIssued")]))


def order_of_another_dose(e: Evidence) -> None:
    rewrite(
        e, lambda events: events[place(events, "OrderIssued")][1]["order"].update(dose_id=dose_id(MORNING))
    )


def a_changed_row(e: Evidence) -> None:
    e.journal[3]["body"] = e.journal[3]["body"].replace(LOG, "cc" * 16)


def a_removed_row(e: Evidence) -> None:
    del e.journal[2]


def no_outcome(e: Evidence) -> None:
    rewrite(e, lambda events: [events.pop(place(events, "OutcomeRecorded")) for _ in range(3)])


def outcome_revision_twice(e: Evidence) -> None:
    rewrite(e, lambda events: events.append(outcome(NOON, 2, "given_by_staff", "12:21:00")))


def lifted_and_told_as_missed(e: Evidence) -> None:
    rewrite(e, lambda events: events.append(outcome(MORNING, 2, "missed", "06:00:01")))


def retrieved_and_never_lifted(e: Evidence) -> None:
    rewrite(e, lambda events: events.append(outcome(NOON, 3, "retrieved", "12:30:00")))


def given_by_nobody(e: Evidence) -> None:
    e.given_by_hand.clear()


def outcome_of_no_dose(e: Evidence) -> None:
    rewrite(e, lambda events: events.append(outcome("2026-11-02/teatime", 1, "missed", "12:30:00")))


def revision_lost_on_the_way(e: Evidence) -> None:
    e.oncall["revisions"].clear()


def revision_there_twice(e: Evidence) -> None:
    e.oncall["revisions"] *= 2


def revision_the_home_forgot(e: Evidence) -> None:
    e.oncall["revisions"].append({"incident": "i1", "revision": 2, "event_id": "f"})


def revision_of_another_commit(e: Evidence) -> None:
    e.oncall["revisions"][0]["event_id"] = "f"


def answer_lost(e: Evidence) -> None:
    e.oncall["answers"].clear()


def row_unanswered(e: Evidence) -> None:
    e.outbox[0]["answered_sequence"] = None


def row_answered_by_no_event(e: Evidence) -> None:
    e.outbox[0]["answered_sequence"] = 999


def decision_believed_done(e: Evidence) -> None:
    rewrite(e, lambda events: events[place(events, "CommandAnswered")][1].update(accepted=False))


def decision_done_and_not_believed(e: Evidence) -> None:
    e.oncall["decisions"][0]["state"] = "expired"


def decision_carried_out_twice(e: Evidence) -> None:
    rewrite(e, lambda events: events.append(events[place(events, "CommandAnswered")]))


def silent_miss(e: Evidence) -> None:
    rewrite(e, lambda events: events.pop(place(events, "OutcomeRecorded")))
    e.oncall["incidents"].clear()


def administration_missing(e: Evidence) -> None:
    e.administrations.pop()


def administration_twice(e: Evidence) -> None:
    e.administrations.append({**e.administrations[0], "id": "other"})


def administration_of_nothing(e: Evidence) -> None:
    e.administrations.append(administration(MORNING, 2, "missed"))


def administration_says_otherwise(e: Evidence) -> None:
    e.administrations[0] = administration(MORNING, 1, "missed")


def administration_half_written(e: Evidence) -> None:
    e.half_written.append(".morning-1.part")


def daemon_ended_by_itself(e: Evidence) -> None:
    e.misbehaviour.append("the daemon ended by itself with 1")


SPOILED: dict[str, tuple[Callable[[Evidence], None], ...]] = {
    "sachets_are_conserved": (sachet_gone, sachet_elsewhere, released_again),
    "no_dose_leaves_twice": (
        released_again,
        two_sachets_of_one_dose,
        given_after_the_lift,
        given_while_in_the_tray,
    ),
    "nothing_moves_outside_its_window": (release_too_early, present_too_late, divert_in_an_open_window),
    "trace_and_robot_log_agree": (move_without_an_entry, entry_without_a_move),
    "the_journal_has_the_whole_robot_log": (
        a_lost_entry,
        an_entry_twice,
        an_entry_told_otherwise,
        an_entry_nobody_wrote,
    ),
    "every_motion_was_ordered_first": (act_before_commit, order_issued_twice, order_of_another_dose),
    "the_chain_holds": (a_changed_row, a_removed_row),
    "every_dose_has_one_outcome": (
        no_outcome,
        outcome_revision_twice,
        lifted_and_told_as_missed,
        retrieved_and_never_lifted,
        given_by_nobody,
        outcome_of_no_dose,
    ),
    "oncall_has_what_left_the_home": (
        revision_lost_on_the_way,
        revision_there_twice,
        revision_the_home_forgot,
        revision_of_another_commit,
        answer_lost,
    ),
    "nothing_waits": (row_unanswered, row_answered_by_no_event),
    "decisions_are_answered_the_same": (
        decision_believed_done,
        decision_done_and_not_believed,
        decision_carried_out_twice,
    ),
    "nobody_is_missed_in_silence": (silent_miss,),
    "one_administration_each": (
        administration_missing,
        administration_twice,
        administration_of_nothing,
        administration_says_otherwise,
        administration_half_written,
    ),
    "processes_keep_the_rules": (daemon_ended_by_itself,),
}
"""Witness -> what it must notice."""


def test_a_healthy_home_is_given_a_clean_bill() -> None:
    assert judge(healthy()) == []


def test_every_witness_has_something_to_notice() -> None:
    assert SPOILED.keys() == WITNESSES.keys()


@pytest.mark.parametrize(
    ("name", "spoil"), [(name, spoil) for name, spoils in SPOILED.items() for spoil in spoils]
)
def test_a_witness_notices(name: str, spoil: Callable[[Evidence], None]) -> None:
    evidence = deepcopy(healthy())
    spoil(evidence)
    assert any(said.startswith(f"{name}: ") for said in judge(evidence))
