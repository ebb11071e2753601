"""Judges where each sachet went: the motor trace against robot's log, journal and outcomes (S1-S3).

The trace is what the simulated world saw and the robot's firmware never reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from simulator.stage.evidence import Evidence, Line
from simulator.stage.home_files import contents_of, strip
from simulator.stage.moves import came_with, went_with
from simulator.stage.scenario import PARTS_APART, SLOT_CLOCKS, Deed, Scenario

TOWARDS_RESIDENT = frozenset({"holding", "tray", "hands"})


def judge_matter(scenario: Scenario, evidence: Evidence) -> list[str]:
    home = scenario.home
    if len(home.robots) == 1:
        return [*_judge_robot(scenario, evidence), *_kills(evidence)]
    found: list[str] = []
    for robot in home.robots:
        keys = {person.key for person in home.at(robot)}
        there = evidence.at_robot(robot, home.serial(robot), keys)
        found += [f"{robot}: {fault}" for fault in _judge_robot(scenario, there)]
    return [*found, *_kills(evidence)]


def _judge_robot(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    yield from _ways(evidence)
    yield from _right_sachets(scenario, evidence)
    yield from _releases(scenario, evidence)
    yield from _hands(scenario, evidence)


def _moves(evidence: Evidence) -> list[Line]:
    return [line for line in evidence.robot if line["what"] == "moved"]


def _ways(evidence: Evidence) -> Iterator[str]:
    """No sachet leaves the magazine twice, and none vanishes."""
    left: Counter[int] = Counter(m["sachet"] for m in _moves(evidence) if m["from"] == "magazine")
    for sachet, count in left.items():
        if count > 1:
            yield f"sachet {sachet} left the magazine {count} times"
    place: dict[int, str] = dict.fromkeys(range(1, len(evidence.loaded) + 1), "magazine")
    for move in _moves(evidence):
        known = place.get(move["sachet"])
        if known != move["from"]:
            yield f"sachet {move['sachet']} moved from {move['from']}, but it was in {known}"
        place[move["sachet"]] = move["to"]
    status = (evidence.status.get("robot") or {}).get("status") or {}
    counted = Counter(place.values())
    for where, name in (("magazine", "sachets_left"), ("store", "store_count")):
        if status.get(name) != counted[where]:
            found, traced = status.get(name), counted[where]
            yield f"the robot reports {found} sachets in the {where}, the trace says {traced}"
    for where in ("holding", "tray"):
        if bool(status.get(where)) != bool(counted[where]):
            found, traced = bool(status.get(where)), counted[where]
            yield f"the robot reports its {where} as {'taken' if found else 'empty'}, the trace says {traced}"


# --- which dose is in which sachet ------------------------------------------------------------------


def _labels(evidence: Evidence) -> dict[str, str]:
    """Label of the sachet for each "<resident key>/2026-11-02/evening", by the manifests that were loaded."""
    slots = {f"{clock:%H:%M}": slot for slot, clock in SLOT_CLOCKS.items()}
    found: dict[str, str] = {}
    for body in evidence.rows("RollLoaded"):
        for sachet in body["roll"]["sachets"]:
            day, clock = sachet["local"][:10], sachet["local"][11:16]
            found[f"{body['roll']['resident']}/{day}/{slots[clock]}"] = sachet["label"]
    return found


def _date_slot(dose_id: str) -> str:
    """Of a dose in a sachet; what lies beside the robot is in none."""
    return dose_id.rpartition("/")[0] if int(dose_id.rpartition("/")[2]) < PARTS_APART else dose_id


def _right_sachets(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """S3: what goes to the resident is this home's sachet, and the one for this dose."""
    for move in _moves(evidence):
        own = evidence.loaded[move["sachet"] - 1] if move["sachet"] <= len(evidence.loaded) else ""
        if move["to"] in TOWARDS_RESIDENT and move["label"] != own:
            yield f"a foreign sachet ({move['label']}) went to the {move['to']}"
    labels = _labels(evidence)
    for body in evidence.rows("OrderIssued"):
        order = body["order"]
        if order["kind"] in ("release", "present") and order["label"] != labels.get(
            _date_slot(order["dose_id"])
        ):
            name = scenario.dose_name(order["dose_id"])
            yield f"{name}: {order['kind']} of the wrong sachet {order['label']}"
    yield from _as_the_card_asks(scenario, evidence)


def _as_the_card_asks(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """S3: what left the magazine towards somebody is what the card that the home had by then asks for."""
    packed = {row["label"]: row for robot in scenario.home.robots for row in strip(scenario, robot)}
    slots = {f"{clock:%H:%M}": slot for slot, clock in SLOT_CLOCKS.items()}
    accepted = [
        (_instant(row["at"]), row["body"]["plan"]["resident"])
        for row in evidence.journal
        if row["event"] == "PlanAccepted"
    ]
    for move in _moves(evidence):
        sachet = packed.get(move["label"])
        if move["from"] != "magazine" or move["to"] not in TOWARDS_RESIDENT or sachet is None:
            continue
        person = scenario.home.named(sachet["person"])
        newer = sum(at <= _instant(move["at"]) and key == person.key for at, key in accepted) - 1
        cards = (scenario.instant(scenario.start), *scenario.cards(person))
        now = cards[min(max(newer, 0), len(cards) - 1)]
        asked = [each for each in scenario.in_sachets(person) if each.stands_at(now, scenario)]
        if contents_of(asked, slots[sachet["local"][11:16]]) != sachet["contents"]:
            yield f"{move['label']} went to the {move['to']}, and the card asks for something else"


def _releases(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """Each sachet that left towards the resident is one release, done by the log or settled by a person."""
    labels = _labels(evidence)
    moved = [m for m in _moves(evidence) if m["from"] == "magazine" and m["to"] in TOWARDS_RESIDENT]
    logged = [
        row
        for row in evidence.rows("RobotLogged")
        if (row["order_kind"], row["entry"], row["result"]) == ("release", "ended", "done")
    ]
    found = [row["dose_id"] for row in evidence.rows("DecisionMade") if row["found"] == "found_in_holding"]
    proven = Counter(
        [row["label"] for row in logged] + [labels.get(_date_slot(dose), dose) for dose in found]
    )
    left = Counter(move["label"] for move in moved)
    for label in sorted(left.keys() | proven.keys()):
        if left[label] != proven[label]:
            yield f"{label} was released {left[label]} times, journal and people prove {proven[label]}"
    doses = Counter([row["dose_id"] for row in logged] + found)
    for dose_id, count in doses.items():
        if count > 1:
            yield f"{scenario.dose_name(dose_id)}: released {count} times"
    windows = {labels.get(_date_slot(dose["dose"])): dose for dose in _shown(evidence)}
    for move in moved:
        dose, at = windows.get(move["label"]), _instant(move["at"])
        if dose is not None and _may_be_taken_along(scenario, dose, at):
            continue
        if dose is None or not _instant(dose["opens"]) <= at < _instant(dose["closes"]):
            yield f"{move['label']} was released outside its window, at {move['at']}"


def _may_be_taken_along(scenario: Scenario, dose: Line, at: datetime) -> bool:
    """By the words of whoever planned a leave; never controlled medicine."""
    if _is_controlled(scenario, dose["dose"]):
        return False
    return any(
        _covers(scenario, leave, dose)
        and scenario.instant(leave.hand_out or leave.at) <= at < scenario.instant(leave.departs)
        for leave in scenario.deeds
        if leave.do == "leave"
    )


def _covers(scenario: Scenario, leave: Deed, dose: Line) -> bool:
    theirs = scenario.home.named(leave.resident) == scenario.home.of_dose(dose["dose"])
    opens = _instant(dose["opens"])
    return theirs and scenario.instant(leave.leave_from) <= opens < scenario.instant(leave.leave_to)


def _is_controlled(scenario: Scenario, dose_id: str) -> bool:
    held = scenario.holds(dose_id)
    theirs = scenario.taken_by(scenario.home.of_dose(dose_id))
    return any(each.drug in scenario.controlled for each in theirs if each.id in held)


def _hands(scenario: Scenario, evidence: Evidence) -> Iterator[str]:
    """Retrieved is what was lifted; missed is what never can be."""
    labels = _labels(evidence)
    lifted = Counter(move["label"] for move in _moves(evidence) if move["to"] == "hands")
    came_back = {dose for deed in scenario.deeds for dose in deed.came_back}
    for dose in _shown(evidence):
        if dose["dose"] in came_with(evidence):
            continue  # had at the home they lived in
        name, label = scenario.dose_name(dose["dose"]), labels.get(_date_slot(dose["dose"]), "")
        times = lifted.pop(label, 0)
        by_helper = (
            dose["outcome"] in ("confirmed", "witnessed") and times == 1
        )  # who saw it said so afterwards
        back = times == 1 and name in came_back and dose["outcome"] in ("missed", "failed")
        lifts = dose["outcome"] in ("retrieved", "taken_along")
        if times != lifts and not by_helper and not back:
            yield f"{name}: outcome {dose['outcome']}, but its sachet was lifted {times} times"
    for label in lifted:
        yield f"{label} was lifted, and belongs to no dose"


def _shown(evidence: Evidence) -> list[Line]:
    """Also of who has left."""
    return [*evidence.doses, *went_with(evidence)]


# --- crashes ----------------------------------------------------------------------------------------


def _kills(evidence: Evidence) -> Iterator[str]:
    """A kill counts only if the motor was turning, and the daemon learned of the end after its restart."""
    starts = [n for n, row in enumerate(evidence.journal) if row["event"] == "DaemonStarted"]
    for kill in evidence.kills:
        at = _instant(kill)
        turning = [m for m in evidence.robot if m["what"] == "motor" and _instant(m["at"]) <= at]
        if not turning or turning[-1]["turning"] != "release":
            yield f"the daemon was killed at {kill}, while no release was in motion"
        back = [n for n in starts if _instant(evidence.journal[n]["at"]) > at]
        if not back:
            yield f"the daemon was killed at {kill} and did not start again"
        elif len(_open_releases(evidence.journal[: back[0]]) & _ended(evidence.journal[back[0] :])) != 1:
            yield f"the daemon killed at {kill} did not leave one release open and learn its end afterwards"


def _open_releases(journal: list[Line]) -> set[str]:
    """Ids of release orders that were issued and not ended."""
    orders = [row["body"]["order"] for row in journal if row["event"] == "OrderIssued"]
    return {order["order_id"] for order in orders if order["kind"] == "release"} - _ended(journal)


def _ended(journal: list[Line]) -> set[str]:
    """Ids of orders whose end the journal has from the robot's log."""
    logged = [row["body"] for row in journal if row["event"] == "RobotLogged"]
    return {body["order_id"] for body in logged if body["entry"] == "ended"}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
