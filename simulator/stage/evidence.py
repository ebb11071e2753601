"""What was seen of a play, as it came: journal rows, what the robot did and showed, files, on-call's list.

Data only; `judge` reads it, `view` shows it while it comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]


@dataclass
class Evidence:
    journal: list[Line] = field(default_factory=list)  # `journal tail`, one row a line
    robot: list[Line] = field(default_factory=list)  # the simulator's lines, also its motor trace
    doses: list[Line] = field(default_factory=list)  # `doses`, at the end
    incidents: list[Line] = field(default_factory=list)  # `oncall list --all`, at the end
    homes: list[Line] = field(default_factory=list)
    status: Line = field(default_factory=dict)
    administrations: list[Line] = field(default_factory=list)  # the fagsystem's files
    loaded: list[str] = field(default_factory=list)  # labels put into the magazine
    refused: list[str] = field(default_factory=list)  # people's commands that were refused
    verify_exit: int = -1
    logs: str = ""  # the daemon's and on-call's log lines

    def rows(self, event: str) -> list[Line]:
        """Bodies of the journal's rows of one kind, in order."""
        return [row["body"] for row in self.journal if row["event"] == event]


@dataclass(frozen=True, slots=True)
class IncidentStory:
    """One incident as the journal tells it."""

    incident_id: str
    dose_id: str
    kinds: tuple[str, ...]
    priority: str
    revision: int
    delivered: bool  # its newest revision has a receipt
    was_undelivered: bool
    closed: bool
    owner: str  # whoever took it last, also if it rose since
    resolution: str


PRIORITIES = ("info", "low", "medium", "high")


def incident_stories(evidence: Evidence) -> dict[str, IncidentStory]:
    """Every incident in the journal, by id, read row by row (the daemon's own fold is not asked)."""
    found: dict[str, dict[str, Any]] = {}
    for row in evidence.journal:
        _tell(found, row["event"], row["body"])
    return {
        key: IncidentStory(
            incident_id=key,
            dose_id=told["dose_id"],
            kinds=tuple(told["kinds"]),
            priority=PRIORITIES[told["rank"]],
            revision=told["revision"],
            delivered=told["receipted"] >= told["revision"],
            was_undelivered=told["undelivered"],
            closed=told["closed"],
            owner=told["owner"],
            resolution=told["resolution"],
        )
        for key, told in found.items()
    }


def _tell(found: dict[str, dict[str, Any]], event: str, body: Line) -> None:
    if event == "IncidentRaised":
        incident = body["incident"]
        found[incident["incident_id"]] = {
            "dose_id": incident["dose_id"],
            "kinds": [incident["kind"]],
            "rank": PRIORITIES.index(incident["priority"]),
            "revision": incident["revision"],
            "receipted": 0,
            "undelivered": False,
            "closed": False,
            "owner": "",
            "resolution": "",
        }
        return
    told = found.get(body.get("incident_id", ""))
    if told is None:
        return
    told["revision"] = max(told["revision"], body.get("revision", 0) if event in REVISES else 0)
    if event == "TokenPassed":
        told["revision"] += 1
    if event == "IncidentChanged":
        told["rank"] = max(told["rank"], PRIORITIES.index(body["priority"]))
        told["closed"] = False
        if body["kind"] != told["kinds"][-1]:
            told["kinds"].append(body["kind"])
    elif event == "IncidentTaken":
        told["owner"] = body["by"]
    elif event == "IncidentHandled":
        told["resolution"] = body["resolution"]
    elif event in ("IncidentClosed", "IncidentCleared"):
        told["closed"] = True
        told["resolution"] = told["resolution"] or body.get("reason", "")
    elif event == "IncidentUndelivered":
        told["undelivered"] = True
    elif event == "IncidentDelivered":
        told["receipted"] = max(told["receipted"], body["revision"])


REVISES = frozenset(
    {"IncidentChanged", "IncidentCleared", "IncidentTaken", "IncidentHandled", "IncidentClosed"}
)
