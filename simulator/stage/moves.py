"""Judges a move between two homes: the history follows, one home gives at a time, each sachet is counted.

The two journals are witnesses independent of each other, and so are the two robots' motor traces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from simulator.stage.evidence import Evidence, Line
from simulator.stage.scenario import Scenario

Parts = Sequence[tuple[Scenario, Evidence]]
"""Each home's part of the scenario, and what was seen there."""

IN_REACH = frozenset({"tray", "hands"})


def came_with(evidence: Evidence) -> dict[str, str]:
    """Dose ids with the outcomes that were carried here."""
    return {
        dose["plan"]["dose_id"]: dose["outcome"]["outcome"]
        for body in evidence.rows("ResidentMovedIn")
        for dose in (*body["doses"], *body["sides"])
        if dose["outcome"] is not None
    }


def went_with(evidence: Evidence) -> list[Line]:
    """Doses of who has left, as `doses` showed them before: this home shows nothing of theirs any more."""
    return [
        {
            "dose": dose["plan"]["dose_id"],
            "opens": dose["plan"]["opens"],
            "closes": dose["plan"]["closes"],
            "outcome": dose["outcome"]["outcome"] if dose["outcome"] is not None else None,
        }
        for body in evidence.rows("ResidentMovedOut")
        for dose in (*body["carried"]["doses"], *body["carried"]["sides"])
    ]


def judge_moves(parts: Parts) -> Iterator[str]:
    yield from _histories(parts)
    yield from _one_home_at_a_time(parts)
    yield from _nothing_left_in_sight(parts)
    yield from _counted(parts)


def _histories(parts: Parts) -> Iterator[str]:
    """Whatever one home recorded of somebody who left it stands in the other as it was."""
    for old, left in parts:
        for gone in left.rows("ResidentMovedOut"):
            there = [seen for _, seen in parts if _row(seen, "ResidentMovedIn", gone["resident"]) is not None]
            recorded = {
                body["dose_id"]: body["outcome"]
                for body in left.rows("OutcomeRecorded")
                if body["dose_id"].startswith(gone["resident"])
            }
            carried = came_with(there[0]) if there else {}
            if not there:
                yield f"{gone['resident'][:8]} moved out, and in nowhere"
            for dose_id in sorted(recorded.keys() | carried.keys()):
                here, now = recorded.get(dose_id), carried.get(dose_id)
                if here != now:
                    yield f"{old.dose_name(dose_id)}: {here} at the old home, carried to the new one as {now}"


def _one_home_at_a_time(parts: Parts) -> Iterator[str]:
    """S1: after somebody let them go nothing of theirs comes within reach there; before they are taken in,
    nothing at the new home; and no dose twice."""
    handed: Counter[str] = Counter()
    for scenario, seen in parts:
        for person in scenario.home.people:
            out = _row(seen, "ResidentMovedOut", person.key)
            moved_in = _row(seen, "ResidentMovedIn", person.key)
            for dose_id, at in _handed_out(seen, person.key):
                handed[dose_id] += 1
                late = out is not None and at > datetime.fromisoformat(out["at"])
                early = person.moves_in and (moved_in is None or at < datetime.fromisoformat(moved_in["at"]))
                if late or early:
                    yield f"{scenario.dose_name(dose_id)}: in reach at {scenario.home.box}, whose it was not"
    for dose_id, count in handed.items():
        if count > 1:
            yield f"{dose_id}: handed out {count} times, at one home or another"


def _nothing_left_in_sight(parts: Parts) -> Iterator[str]:
    for scenario, seen in parts:
        gone = {body["resident"] for body in seen.rows("ResidentMovedOut")}
        for dose in seen.doses:
            if dose["dose"].partition("/")[0] in gone:
                yield f"{scenario.dose_name(dose['dose'])}: still shown at {scenario.home.box}, which let go"


def _counted(parts: Parts) -> Iterator[str]:
    """Rule 24: whatever was on the old strip has been counted somewhere, and once."""
    for _, left in parts:
        for gone in left.rows("ResidentMovedOut"):
            magazine = gone["carried"]["magazine"]
            wanted = Counter(each["label"] for each in (magazine or {"left": []})["left"])
            found = Counter(
                label
                for _, seen in parts
                for body in seen.rows("SachetsCounted")
                if body["resident"] == gone["resident"]
                for label in body["labels"]
            )
            for label in sorted(wanted.keys() | found.keys()):
                if wanted[label] != found[label]:
                    yield f"{label} of the old strip was counted {found[label]} times, and lay there"


def _row(evidence: Evidence, event: str, resident: str) -> Line | None:
    return next((body for body in evidence.rows(event) if body["resident"] == resident), None)


def _handed_out(evidence: Evidence, resident: str) -> Iterator[tuple[str, datetime]]:
    """Doses of theirs that came within reach, by the motor trace, with the first instant of each."""
    labels = {
        body["order"]["label"]: body["order"]["dose_id"]
        for body in evidence.rows("OrderIssued")
        if body["order"]["resident"] == resident and body["order"]["kind"] == "release"
    }
    told: set[str] = set()
    for line in evidence.robot:
        dose_id = labels.get(line.get("label", ""), "")
        if line["what"] == "moved" and line["to"] in IN_REACH and dose_id and dose_id not in told:
            told.add(dose_id)
            yield dose_id, datetime.fromisoformat(line["at"])
