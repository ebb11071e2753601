"""Witnesses of a campaign: evidence in, violations out. Pure, and independent of the daemon's code.

What the motor did, what the robot logged, what the home journalled, what on-call and the fagsystem hold: each
pair must tell one story. A lost event is one that the robot or on-call holds and the journal lacks. The times
of windows are the witness's own.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from tests.crash.evidence import Evidence, Line

ON_THE_WAY_S = 0.4
"""Real seconds from the home's last look at a window to the motor's end: a line at 115 200 baud, a read of
the label and a motion. In a rehearsal that is minutes of civil time; at rate 1 it is what it says."""

TOWARDS = {("magazine", "holding"): "release", ("holding", "tray"): "present"}
AWAY = {("tray", "holding"): "retract", ("magazine", "store"): "divert", ("holding", "store"): "divert"}
WAYS = {**TOWARDS, **AWAY}
HAD = frozenset({"retrieved", "confirmed", "given_by_staff", "uncertain"})
"""Outcomes that a dose may have which the resident had."""
NOT_HAD = frozenset({"missed", "refused", "failed", "withheld", "uncertain", "given_by_staff", "confirmed"})


def judge(evidence: Evidence) -> list[str]:
    """Violations, each beginning with the name of its witness; none = all tell one story."""
    return [f"{name}: {said}" for name, witness in WITNESSES.items() for said in witness(evidence)]


# --- matter: the motor's trace ----------------------------------------------------------------------


def sachets_are_conserved(evidence: Evidence) -> Iterator[str]:
    """Each loaded sachet goes on from where it was, and lies in the end where the trace says."""
    place = dict.fromkeys(evidence.loaded, "magazine")
    for move in evidence.trace:
        was = place.get(move["label"])
        if was != move["from"]:
            yield f"{move['label']} moved from {move['from']}, and was in {was}"
        place[move["label"]] = move["to"]
    lies: Counter[str] = Counter(label for labels in evidence.matter.values() for label in labels)
    for label in sorted(place.keys() | lies.keys()):
        if lies[label] != 1 or label not in place:
            yield f"{label} lies in the robot {lies[label]} times, and was loaded {label in place}"
        elif label not in evidence.matter.get(place[label], ()):
            yield f"{label} is not in the {place[label]}, where the trace left it"


def no_dose_leaves_twice(evidence: Evidence) -> Iterator[str]:
    """S1, counted in matter and people: released, less what went to the store, and given by hand."""
    out: Counter[str] = Counter()
    hands: Counter[str] = Counter()
    left: Counter[str] = Counter()
    for move in evidence.trace:
        dose = evidence.loaded.get(move["label"], f"no dose ({move['label']})")
        left[dose] += move["from"] == "magazine" and move["to"] == "holding"
        out[dose] += (move["from"] == "magazine" and move["to"] == "holding") - (move["to"] == "store")
        hands[dose] += move["to"] == "hands"
    for dose, count in left.items():
        if count > 1:
            yield f"{dose} was released {count} times"
    given: Counter[str] = Counter(_short(dose) for dose in evidence.given_by_hand)
    for dose in given:
        if given[dose] + hands[dose] > 1:
            yield f"{dose} was had {given[dose] + hands[dose]} times"
        elif given[dose] + hands[dose] + max(0, out[dose]) > 1 and not hands[dose]:
            yield f"{dose} was given by hand while its sachet could still be lifted"
    for dose, count in hands.items():
        if count > 1:
            yield f"{dose} was lifted {count} times"


def nothing_moves_outside_its_window(evidence: Evidence) -> Iterator[str]:
    """S2 for what goes towards the resident; what goes away has a reason: closing, an outcome, a person."""
    windows = {dose["dose"]: (_at(dose["opens"]), _at(dose["closes"])) for dose in evidence.doses}
    late = timedelta(seconds=ON_THE_WAY_S * evidence.rate)
    settled: dict[str, datetime] = {}
    for body in [*evidence.rows("OutcomeRecorded"), *evidence.rows("DecisionMade")]:
        at, dose = _at(body["at"]), _short(body["dose_id"])
        settled[dose] = min(at, settled.get(dose, at))
    for move in evidence.trace:
        way = (move["from"], move["to"])
        if way not in WAYS:
            continue
        dose, at = evidence.loaded.get(move["label"], ""), _at(move["at"])
        opens, closes = windows.get(dose, (datetime.max.replace(tzinfo=at.tzinfo),) * 2)
        if way in TOWARDS and not opens <= at < closes + late:
            yield f"{move['label']} of {dose or 'no dose'}: {WAYS[way]} at {move['at']}, outside its window"
        if way in AWAY and at < min(closes, settled.get(dose, closes)):
            yield f"{move['label']} of {dose or 'no dose'}: {WAYS[way]} at {move['at']}, without a reason"


# --- the robot's log --------------------------------------------------------------------------------


def trace_and_robot_log_agree(evidence: Evidence) -> Iterator[str]:
    """Every move has its entries. A motion that was cut off has a start and no end; only there may a move be
    or not be."""
    done: Counter[tuple[str, str]] = Counter()
    cut: Counter[tuple[str, str]] = Counter()
    ended = {entry["order_id"] for entry in evidence.robot_log if entry["kind"] == "ended"}
    for entry in evidence.robot_log:
        key = (entry["order_kind"], entry["label"])
        if entry["order_kind"] == "retract":
            key = ("retract", _label_of(evidence, entry["dose_id"]))
        done[key] += entry["kind"] == "ended" and entry["result"] == "done"
        unsure = entry["kind"] == "ended" and entry["result"] == "unclear"
        cut[key] += unsure or (entry["kind"] == "started" and entry["order_id"] not in ended)
    moved: Counter[tuple[str, str]] = Counter(
        (WAYS[way], move["label"]) for move in evidence.trace if (way := (move["from"], move["to"])) in WAYS
    )
    for key in sorted(moved.keys() | done.keys()):
        if not done[key] <= moved[key] <= done[key] + cut[key]:
            log = f"{done[key]} done and {cut[key]} cut off"
            yield f"{key[0]} of {key[1]}: {moved[key]} moves, by the log {log}"


def the_journal_has_the_whole_robot_log(evidence: Evidence) -> Iterator[str]:
    """Each entry is journalled once, in order, as the robot wrote it."""
    wrote = {(entry["log_id"], entry["index"]): entry for entry in evidence.robot_log}
    indexes = [index for _, index in sorted(wrote)]
    if indexes != list(range(1, len(indexes) + 1)):
        yield "the robot's own log is not 1, 2, 3 ..."
    told: Counter[tuple[str, int]] = Counter()
    before = 0
    for body in evidence.rows("RobotLogged"):
        key = (body["log_id"], body["index"])
        told[key] += 1
        if body["index"] != before + 1:
            yield f"entry {body['index']} is journalled behind entry {before}"
        before = body["index"]
        entry = wrote.get(key)
        if entry is None:
            yield f"entry {body['index']} is journalled, and the robot never wrote it"
        elif _entry(body, "entry") != _entry(entry, "kind"):
            yield f"entry {body['index']} is journalled as something else than the robot wrote"
    for key in sorted(wrote):
        if told[key] != 1:
            yield f"entry {key[1]} of the robot's log is journalled {told[key]} times"


def every_motion_was_ordered_first(evidence: Evidence) -> Iterator[str]:
    """P1: what the robot took on was journalled before; no order id was ever reused for another dose."""
    ordered: dict[str, Line] = {}
    for row in evidence.journal:
        body = json.loads(row["body"])
        if row["kind"] == "OrderIssued":
            order = body["order"]
            if order["order_id"] in ordered:
                yield f"order {order['order_id'][:8]} was issued twice"
            ordered[order["order_id"]] = order
        elif row["kind"] == "RobotLogged" and body["order_kind"] and body["entry"] != "lifted":
            known = ordered.get(body["order_id"])
            if known is None or (known["kind"], known["dose_id"]) != (body["order_kind"], body["dose_id"]):
                yield f"the robot did {body['order_kind']} of {_short(body['dose_id'])}, never ordered so"


# --- the journal ------------------------------------------------------------------------------------


def the_chain_holds(evidence: Evidence) -> Iterator[str]:
    """Rows are 1, 2, 3 ..., and each hash covers its row and the hash before."""
    previous = 64 * "0"
    for number, row in enumerate(evidence.journal, 1):
        kind, body = json.dumps(row["kind"]), row["body"]
        covered = f'{{"body":{body},"epoch":{row["epoch"]},"kind":{kind},"sequence":{number}}}'
        hashed = hashlib.sha256(bytes.fromhex(previous) + covered.encode()).hexdigest()
        if (row["sequence"], row["previous"], row["hash"]) != (number, previous, hashed):
            yield f"row {number} does not follow from the one before"
            return
        previous = hashed


def every_dose_has_one_outcome(evidence: Evidence) -> Iterator[str]:
    """S4: from the closing of its window on; revisions count 1, 2, 3; and it is what matter says."""
    revisions: dict[str, list[Line]] = {}
    for body in evidence.rows("OutcomeRecorded"):
        revisions.setdefault(body["dose_id"], []).append(body)
    hands = {evidence.loaded.get(move["label"], "") for move in evidence.trace if move["to"] == "hands"}
    planned = {dose["dose_id"] for dose in evidence.doses}
    for dose_id in sorted(revisions.keys() - planned):
        yield f"{dose_id} has an outcome, and no paper asks for it"
    for dose in evidence.doses:
        told = revisions.get(dose["dose_id"], [])
        if [body["revision"] for body in told] != list(range(1, len(told) + 1)):
            yield f"{dose['dose']}: revisions {[body['revision'] for body in told]}"
        if not told:
            if _at(dose["closes"]) <= _at(evidence.now):
                yield f"{dose['dose']} closed at {dose['closes']} and has no outcome"
            continue
        last = told[-1]["outcome"]
        had = dose["dose"] in hands
        if had and last not in HAD:
            yield f"{dose['dose']} was lifted, and is told as {last}"
        if not had and last not in NOT_HAD:
            yield f"{dose['dose']} was never lifted, and is told as {last}"
        if last == "given_by_staff" and dose["dose_id"] not in evidence.given_by_hand:
            yield f"{dose['dose']} is told as given by hand, and nobody gave it"


# --- on-call ----------------------------------------------------------------------------------------


def oncall_has_what_left_the_home(evidence: Evidence) -> Iterator[str]:
    """Each revision and answer of the outbox is at on-call once, and nothing else is."""
    put: Counter[tuple[str, str]] = Counter()
    for row in evidence.outbox:
        if row["outbox"] == "incident":
            put[(row["key"], row["event_id"])] += 1
    there: Counter[tuple[str, str]] = Counter(
        (f"{row['incident']}/{row['revision']}", row["event_id"]) for row in evidence.oncall["revisions"]
    )
    there.update((f"answer/{row['command_id']}", row["event_id"]) for row in evidence.oncall["answers"])
    for key in sorted(put.keys() | there.keys()):
        if put[key] != 1:
            yield f"on-call holds {key[0][:20]}, which left the home {put[key]} times: lost by the home"
        elif there[key] != 1:
            yield f"{key[0][:20]} left the home and is at on-call {there[key]} times"


def nothing_waits(evidence: Evidence) -> Iterator[str]:
    """After peace every row is answered, and the answer is an event."""
    rows = {row["sequence"] for row in evidence.journal}
    for row in evidence.outbox:
        if row["answered_sequence"] is None:
            yield f"{row['outbox']} {row['key'][:20]} is unanswered"
        elif row["answered_sequence"] not in rows or row["answered_sequence"] < row["sequence"]:
            yield f"{row['outbox']} {row['key'][:20]} was answered by no event of the journal"


def decisions_are_answered_the_same(evidence: Evidence) -> Iterator[str]:
    """What on-call believes the home did is what the home did, once."""
    answered: dict[str, Line] = {}
    for body in evidence.rows("CommandAnswered"):
        if body["command_id"] in answered:
            yield f"command {body['command_id'][:8]} was answered twice"
        answered[body["command_id"]] = body
    for row in evidence.oncall["decisions"]:
        known = answered.get(row["decision_id"])
        home = "nothing" if known is None else "accepted" if known["accepted"] else "refused"
        expected = {"accepted": "accepted", "refused": "refused", "expired": "nothing", "queued": "nothing"}
        if home != expected[row["state"]]:
            yield f"decision {row['decision_id'][:8]}: {row['state']} at on-call, {home} in the home"


def nobody_is_missed_in_silence(evidence: Evidence) -> Iterator[str]:
    """S4: a dose that nobody had is an incident that on-call knows."""
    known = {row["dose"] for row in evidence.oncall["incidents"]}
    last = {body["dose_id"]: body["outcome"] for body in evidence.rows("OutcomeRecorded")}
    for dose_id, outcome in last.items():
        if outcome in ("missed", "refused", "failed", "withheld", "uncertain") and dose_id not in known:
            yield f"{_short(dose_id)} is {outcome}, and on-call knows of no incident"


# --- the fagsystem ----------------------------------------------------------------------------------


def one_administration_each(evidence: Evidence) -> Iterator[str]:
    """S5: per dose, prescription and revision, with that outcome."""
    asked = {dose["dose_id"]: dose["prescriptions"] for dose in evidence.doses}
    wanted = {
        (body["dose_id"], f"MedicationRequest/{prescription}", body["revision"]): body["outcome"]
        for body in evidence.rows("OutcomeRecorded")
        for prescription in asked.get(body["dose_id"], ())
    }
    found: Counter[tuple[str, str, int]] = Counter()
    for file in evidence.administrations:
        said = {each["url"].rsplit(":", 1)[-1]: each for each in file["extension"]}
        key = (
            said["dose"]["valueString"],
            file["request"]["reference"],
            said["revision"]["valuePositiveInt"],
        )
        found[key] += 1
        if key in wanted and wanted[key] != said["outcome"]["valueCode"]:
            yield f"{_short(key[0])} is filed as {said['outcome']['valueCode']}, and is {wanted[key]}"
    for key in sorted(wanted.keys() | found.keys()):
        if found[key] != (key in wanted):
            yield f"{_short(key[0])} {key[1]} revision {key[2]}: {found[key]} administrations"
    ids = Counter(file["id"] for file in evidence.administrations)
    yield from (f"administration {each} is used twice" for each, count in ids.items() if count > 1)
    yield from (f"{name} is left at the fagsystem, half written" for name in evidence.half_written)


def processes_keep_the_rules(evidence: Evidence) -> Iterator[str]:
    yield from evidence.misbehaviour


WITNESSES: dict[str, Callable[[Evidence], Iterator[str]]] = {
    witness.__name__: witness
    for witness in (
        sachets_are_conserved,
        no_dose_leaves_twice,
        nothing_moves_outside_its_window,
        trace_and_robot_log_agree,
        the_journal_has_the_whole_robot_log,
        every_motion_was_ordered_first,
        the_chain_holds,
        every_dose_has_one_outcome,
        oncall_has_what_left_the_home,
        nothing_waits,
        decisions_are_answered_the_same,
        nobody_is_missed_in_silence,
        one_administration_each,
        processes_keep_the_rules,
    )
}


def _label_of(evidence: Evidence, dose_id: str) -> str:
    """The sachet of a dose that left the magazine towards the resident: a retract reads no label."""
    short = _short(dose_id)
    labels = [label for label, dose in evidence.loaded.items() if dose == short]
    moved = [move["label"] for move in evidence.trace if move["label"] in labels and move["to"] == "tray"]
    return moved[-1] if moved else short


def _entry(plain: Line, kind: str) -> tuple[object, ...]:
    fields = ("order_id", "order_kind", "dose_id", "label", "result", "detail", "boot_id")
    return (plain[kind], *(plain[name] for name in fields))


def _short(dose_id: str) -> str:
    """ "2026-11-02/morning" of a dose id."""
    return "/".join(dose_id.split("/")[1:3])


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
