"""What was seen of a play, as it came: journal rows, what the robot did and showed, files, on-call's list.

Data only; `judge` reads it, `view` shows it while it comes in.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
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
    strips: dict[str, list[str]] = field(default_factory=dict)  # the same, by robot, where there are several
    refused: list[str] = field(default_factory=list)  # people's commands that were refused
    undone: list[str] = field(default_factory=list)  # deeds whose time or condition never came
    kills: list[str] = field(default_factory=list)  # when the daemon was killed
    verify_exit: int = -1
    logs: str = ""  # the daemon's and on-call's log lines

    def rows(self, event: str) -> list[Line]:
        """Bodies of the journal's rows of one kind, in order."""
        return [row["body"] for row in self.journal if row["event"] == event]

    def at_robot(self, robot: str, serial: str, residents: Collection[str]) -> Evidence:
        """The part of it that one of several robots and the people at it gave."""
        robots: list[Line] = self.status.get("robots", [])
        status: Line = next((one for one in robots if one["serial"] == serial), {})
        return replace(
            self,
            journal=[row for row in self.journal if _is_at(row, serial, residents)],
            robot=[line for line in self.robot if line.get("robot") == robot],
            doses=[dose for dose in self.doses if dose["dose"].partition("/")[0] in residents],
            status={**self.status, "robot": status},
            loaded=self.strips.get(robot, []),
        )

    def write(self, path: Path) -> None:
        """For whoever wants to judge it again."""
        path.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")


def _is_at(row: Line, serial: str, residents: Collection[str]) -> bool:
    body = row["body"]
    named = body.get("robot") or body.get("order", {}).get("robot") or serial
    if row["event"] in ("ResidentMovedOut", "ResidentMovedIn"):
        return body["resident"] in residents
    dose = body.get("dose_id") or body.get("order", {}).get("dose_id") or ""
    return bool(named == serial and (not dose or dose.partition("/")[0] in residents))


def together(each: Sequence[Evidence]) -> Evidence:
    """Of all homes, for who looks at the whole."""
    if len(each) == 1:
        return each[0]
    rows = sorted((row for one in each for row in one.journal), key=lambda row: str(row["at"]))
    settled = {dose["dose"]: dose for one in each for dose in one.doses if dose["outcome"]}
    return Evidence(
        journal=rows,
        robot=[line for one in each for line in one.robot],
        doses=sorted(settled.values(), key=lambda dose: str(dose["opens"])),
        incidents=[row for one in each for row in one.incidents],
        administrations=each[0].administrations,
    )


def read_evidence(path: Path) -> Evidence:
    return Evidence(**json.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of an incident: what must be the same wherever it is kept."""

    kind: str
    priority: str
    state: str


@dataclass
class IncidentStory:
    """One incident as the journal tells it."""

    incident_id: str
    dose_id: str
    kinds: tuple[str, ...]  # in the order it went through them
    priority: str  # its highest
    revision: int
    now: Revision
    revisions: dict[int, Revision] = field(default_factory=dict)
    published: list[int] = field(default_factory=list)
    receipted: int = 0
    undelivered: bool = False  # at present
    was_undelivered: bool = False
    owner: str = ""  # whoever took it last, also if it rose since
    holds_token: bool = False
    owner_now: str = ""  # nobody, once it rose
    resolution: str = ""
    faults: list[str] = field(default_factory=list)  # what the journal says of it that can't be

    @property
    def closed(self) -> bool:
        return self.now.state == "closed"

    @property
    def delivered(self) -> bool:
        """Its newest revision has a receipt."""
        return self.receipted >= self.revision

    @property
    def leaves_the_house(self) -> bool:
        return self.priority != "info"

    def revise(self, revision: int, **changes: str) -> None:
        if revision <= self.revision:
            self.faults.append(f"revision {revision} comes after revision {self.revision}")
        self.revision = revision
        self.now = replace(self.now, **changes)
        self.revisions[revision] = self.now


PRIORITIES = ("info", "low", "medium", "high")


def incident_stories(journal: list[Line]) -> dict[str, IncidentStory]:
    """Every incident in the journal, by id, read row by row (the daemon's own fold is not asked). A test
    alarm that did not fail disturbs nobody and is none of them."""
    found: dict[str, IncidentStory] = {}
    for row in journal:
        body = row["body"]
        if row["event"] == "IncidentRaised":
            _raise(found, body["incident"])
        elif row["event"] == "TokenReturned":
            _return_token(found, body["dose_id"])
        elif body.get("incident_id") in found:
            _tell(found[body["incident_id"]], row["event"], body)
    return {key: story for key, story in found.items() if not is_quiet_test(story.kinds[-1], story.priority)}


def is_quiet_test(kind: str, priority: str) -> bool:
    """Of a home's test alarms: those under way, and those that passed."""
    return kind == "test_alarm" and priority == "info"


def _raise(found: dict[str, IncidentStory], incident: Line) -> None:
    key = incident["incident_id"]
    if key in found:
        found[key].faults.append("it was raised twice")
        return
    first = Revision(incident["kind"], incident["priority"], "raised")
    found[key] = IncidentStory(
        incident_id=key,
        dose_id=incident["dose_id"],
        kinds=(first.kind,),
        priority=first.priority,
        revision=incident["revision"],
        now=first,
        revisions={incident["revision"]: first},
    )


def _return_token(found: dict[str, IncidentStory], dose_id: str) -> None:
    """To the robot, from whichever incident of the dose brought it to a person."""
    for story in found.values():
        if story.holds_token and story.dose_id == dose_id:
            story.holds_token = False
            story.revise(story.revision + 1)


def _tell(story: IncidentStory, event: str, body: Line) -> None:
    match event:
        case "IncidentChanged":
            state = "raised" if body["reopened"] else story.now.state
            story.revise(body["revision"], kind=body["kind"], priority=body["priority"], state=state)
            story.priority = max(story.priority, body["priority"], key=PRIORITIES.index)
            if body["kind"] != story.kinds[-1]:
                story.kinds = (*story.kinds, body["kind"])
            if body["reopened"]:
                story.resolution = story.owner_now = ""
        case "IncidentTaken":
            story.owner = story.owner_now = body["by"]
            story.revise(body["revision"], state="acknowledged")
        case "TokenPassed":
            story.holds_token = True
            story.revise(story.revision + 1)
        case "IncidentHandled":
            story.resolution = body["resolution"]
            story.revise(body["revision"], state="handled")
        case "IncidentCleared" if story.closed:
            pass  # the cause went after a person closed it: no revision
        case "IncidentClosed" | "IncidentCleared":
            story.resolution = story.resolution or body.get("reason", "")
            story.revise(body["revision"], state="closed")
        case "IncidentPublished":
            story.published.append(body["revision"])
        case "IncidentUndelivered":
            story.undelivered = story.was_undelivered = True
        case "IncidentDelivered":
            story.receipted = max(story.receipted, body["revision"])
            story.undelivered = story.undelivered and not story.delivered
