"""What a person who watches wants to hear: one short line for each thing that matters, from the raw lines.

Pure. Most rows say nothing worth a line; those that do become a `Happening`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.stage.scenario import FOR_NOW, MOVES, ROLLS, Deed, Scenario

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    who: str  # "robot", "resident", "home", "on-call", or a member of staff
    dose: str  # "day1 evening", or ""
    what: str
    tone: str = ""  # "good", "low", "medium", "high": how it is coloured


AT_THE_BOX = (*FOR_NOW, *MOVES, *ROLLS)


class Narrator:
    """Remembers which incident is about which dose; nothing else."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._about: dict[str, tuple[str, str, str]] = {}  # incident -> dose, kind, priority

    def row(self, row: Line) -> Happening | None:
        """What a journal row means, if anything."""
        at, body = datetime.fromisoformat(row["at"]), row["body"]
        told = self._incident(row["event"], body) or self._home(row["event"], body)
        if told is None:
            return None
        who, dose, what, tone = told
        return Happening(at, who, dose, what, tone)

    def robot(self, line: Line) -> Happening | None:
        """What the robot did or showed."""
        at = datetime.fromisoformat(line["at"])
        match line["what"]:
            case "deed" if line["deed"] in PHYSICAL:
                who, what = PHYSICAL[line["deed"]]
                return Happening(at, who, "", what)
            case "power":
                return Happening(at, "robot", "", "power on" if line["on"] else "power lost", "")
            case _:
                return None

    def deed(self, at: datetime, deed: Deed, end: str) -> Happening:
        """A command that a member of staff runs, and how it ended if that is worth a line."""
        way = "at the robot" if deed.via == "home" or deed.do in AT_THE_BOX else "on-call"
        what = f"{WORDS[deed.do]} ({way})" + (f": {end}" if end else "")
        return Happening(at, deed.who, deed.dose, what, "high" if end == "refused" else "")

    def _home(self, event: str, body: Line) -> tuple[str, str, str, str] | None:
        name = self._scenario.dose_name
        match event:
            case "DoseDue":
                return "home", name(body["dose_id"]), "window opens, robot prompts", ""
            case "ReminderGiven":
                return "home", name(body["dose_id"]), f"reminder {body['number']}", "faint"
            case "OrderIssued":
                order = body["order"]
                return "home", name(order["dose_id"]), f"orders {order['kind']} ({order['ground']})", "faint"
            case "OrderEnded" if body["result"] != "done":
                reason = body["detail"] or body["reason"]
                return "robot", name(body["dose_id"]), f"{body['kind']} {body['result']}: {reason}", "medium"
            case "OutcomeRecorded":
                tone = "good" if body["outcome"] in GOOD else "medium"
                return "home", name(body["dose_id"]), f"outcome: {outcome_words(body)}", tone
            case "TokenPassed":
                return "home", name(body["dose_id"]), f"the right to give passes to {body['to']}", ""
            case "DoseHeld":
                return "home", name(body["dose_id"]), f"held: {body['reason']}", "high"
            case "DaemonStarted":
                return "home", "", "daemon starts", ""
            case _:
                return None

    def _incident(self, event: str, body: Line) -> tuple[str, str, str, str] | None:
        if event == "IncidentRaised":
            incident = body["incident"]
            dose = self._scenario.dose_name(incident["dose_id"]) if incident["dose_id"] else ""
            self._about[incident["incident_id"]] = dose, incident["kind"], incident["priority"]
            return "home", dose, f"INCIDENT {incident['kind']} ({incident['priority']})", incident["priority"]
        known = self._about.get(body.get("incident_id", "")) if event.startswith("Incident") else None
        if known is None:
            return None
        dose, kind, priority = known
        match event:
            case "IncidentChanged":
                self._about[body["incident_id"]] = dose, body["kind"], body["priority"]
                return "home", dose, f"INCIDENT now {body['kind']} ({body['priority']})", body["priority"]
            case "IncidentDelivered":
                return "on-call", dose, f"receipt for {kind}, revision {body['revision']}", "faint"
            case "IncidentUndelivered":
                return "home", dose, f"{kind} UNDELIVERED: the robot says so", priority
            case "IncidentTaken":
                return "home", dose, f"{body['by']} owns {kind}", ""
            case "IncidentCleared":
                return "home", dose, f"incident cleared: {body['reason']}", "good"
            case "IncidentClosed":
                return "home", dose, f"incident {kind} closed", "good"
            case _:
                return None


def outcome_words(dose: Line) -> str:
    """ "retrieved, late", "given by Berit" of a dose or of its OutcomeRecorded."""
    if dose["outcome"] == "given_by_staff":
        return f"given by {dose['by']}"
    return str(dose["outcome"]) + (", late" if dose["late"] and dose["outcome"] == "retrieved" else "")


GOOD = frozenset({"retrieved", "confirmed", "witnessed", "given_by_staff"})
WORDS = {
    "take": "takes it",
    "close": "closes it",
    "given": "says: given by hand",
    "had_it": "says: the resident had it",
    "not_given": "says: nobody had it",
    "discard": "says: discard the sachet",
    "let_go": "says: the held sachet is right",
    "witnessed": "says: saw them have it",
    "mode": "sets another mode",
    "pause": "says: in hospital",
    "review": "says: still in hospital",
    "leave": "plans a leave, with medicine taken along",
    "move_ask": "asks the other home for them",
    "move_out": "lets them go: nothing is given here any more",
    "move_in": "takes them in",
    "load": "puts a roll in",
    "count": "counts what was left of the old roll",
    "back": "says: back from leave, and what came back",
    "resume": "says: back, all reconciled",
}
PHYSICAL = {
    "Press": ("resident", "presses"),
    "Lift": ("resident", "lifts the sachet"),
    "Stall": ("robot", "(the motor will stall)"),
    "DoubleFeed": ("robot", "(two sachets will leave at once)"),
    "SlowMotor": ("robot", "(the motor will be slow)"),
    "PowerCutOnNextRelease": ("robot", "(power will fail in the next motion)"),
    "ForeignLabel": ("robot", "(a foreign sachet is at the mouth)"),
    "ClearFault": ("robot", "fault cleared by hand"),
}
