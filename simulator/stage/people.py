"""The staff of a play: each deed is a real command, run when its time and what it waits for have come.

A command that the home refuses is evidence; nobody here repeats a decision.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from simulator.stage.evidence import Evidence, IncidentStory, Line, incident_stories
from simulator.stage.household import Person
from simulator.stage.processes import StageError
from simulator.stage.scenario import FOR_NOW, MOVES, ROLLS, Deed, Scenario

LOOK_S = 0.1
"""Between looks at the journal's newest rows."""

REFUSED = 6

Command = Callable[[Sequence[str]], Awaitable[tuple[int, Line, str]]]
"""Runs `dispenserd` with these arguments: its exit code, its object, its error text."""

Told = Callable[[Deed, str], None]
"""Of a deed, and its end: "" when it begins, then "done" or "refused"."""


@dataclass
class Papers:
    """What people carry and say between the homes, and the manifests that the pharmacy sent to this one."""

    folder: Path
    manifest: Callable[[Person], Path]
    fingerprints: dict[str, str]  # by the name of a box, as read out on the telephone

    @property
    def request(self) -> str:
        return str(self.folder / "request.json")

    @property
    def bundle(self) -> str:
        return str(self.folder / "bundle.json")


class Staff:
    """At one home. `until` waits for a civil instant; `told` hears of each deed when it begins and when it is
    done; `papers` are carried between the homes."""

    def __init__(
        self,
        scenario: Scenario,
        command: Command,
        evidence: Evidence,
        until: Callable[[str], Awaitable[None]],
        told: Told,
        papers: Papers,
        look_s: float = LOOK_S,
    ) -> None:
        self._scenario = scenario
        self._command = command
        self._look_s = look_s
        self._evidence = evidence
        self._until = until
        self._told = told
        self._papers = papers

    async def do(self, deed: Deed) -> None:
        """When its time and what it waits for have come."""
        await self._until(deed.at)
        await self._wait_for(deed)
        await self._do(deed)

    async def _wait_for(self, deed: Deed) -> None:
        """Until on-call has receipted what this person acts on; the end of the play is the time-out."""
        while True:
            if self._ready(deed):
                return
            await asyncio.sleep(self._look_s)

    def _ready(self, deed: Deed) -> bool:
        if deed.do in (*FOR_NOW, *MOVES, *ROLLS):
            return True
        if deed.via == "home" and deed.do in ("had_it", "witnessed") and not deed.wait_for:  # was there
            return any(self._is_about(deed, row["dose_id"]) for row in self._evidence.rows("OutcomeRecorded"))
        stories = incident_stories(self._evidence.journal).values()
        story = next((s for s in stories if self._is_told(deed, s)), None)
        if story is None and deed.via == "home" and deed.do == "discard":
            return not deed.wait_for  # they stand at the robot, and nobody called them
        if story is None or not story.delivered:
            return False
        if deed.wait_for:
            return story.kinds[-1] == deed.wait_for
        if deed.do in ("given", "not_given") and deed.via != "home":
            return any(self._is_about(deed, row["dose_id"]) for row in self._evidence.rows("TokenPassed"))
        return story.owner == deed.who if deed.do == "close" else True

    async def _do(self, deed: Deed) -> None:
        self._told(deed, "")
        code, said, error = await self._command(await self._arguments(deed))
        if "fingerprint" in said:
            self._papers.fingerprints[deed.box] = said["fingerprint"]
        if deed.refused:
            told = str(said.get("code", "")) if code == REFUSED else "carried out"
            if told != deed.refused:
                self._evidence.refused.append(f"{deed}: expected {deed.refused}, and it was {told}")
            self._told(deed, "done")
            return
        if code == REFUSED:
            self._evidence.refused.append(f"{deed.who} {deed.do} {deed.dose}: {_reason(said)}")
        elif code != 0:
            raise StageError(
                f"{deed.who}'s `{deed.do}` ended with exit code {code}: {_reason(said) or error}"
            )
        self._told(deed, "refused" if code else "done")

    async def _arguments(self, deed: Deed) -> list[str]:
        if deed.do in (*MOVES, *ROLLS):
            return await self._moving(deed)
        if deed.do in FOR_NOW:
            return ["resident", *self._for_now(deed)]
        if deed.via == "home":
            dose = self._scenario.dose_end(deed.dose)
            return ["decide", dose, *_finding(deed)]
        incident = next(
            key for key, s in incident_stories(self._evidence.journal).items() if self._is_told(deed, s)
        )
        if deed.do == "take":
            return ["oncall", "take", incident, "--as", deed.who, "--wait", "0"]
        if deed.do == "close":
            return ["oncall", "close", incident, "--resolution", deed.resolution, "--as", deed.who]
        return ["oncall", "decide", incident, *_finding(deed)]

    async def _moving(self, deed: Deed) -> list[str]:
        """What is done where somebody moves out or in."""
        papers, person = self._papers, self._scenario.home.named(deed.resident)
        by = ["--by", deed.who]
        match deed.do:
            case "move_ask":
                return ["resident", "move-ask", "--resident", person.key, "--out", papers.request, *by]
            case "move_out":
                heard = ["--fingerprint", papers.fingerprints[deed.other], "--out", papers.bundle]
                return [
                    "resident",
                    "move-out",
                    papers.request,
                    *heard,
                    *by,
                    "--reason",
                    deed.reason or deed.do,
                ]
            case "move_in":
                heard = ["--fingerprint", papers.fingerprints[deed.other]]
                return ["resident", "move-in", papers.bundle, *heard, *by]
            case "load":
                return ["roll", "load", str(papers.manifest(person)), *by]
            case _:
                _, said, _ = await self._command(["robot", "uncounted"])
                labels = [each["label"] for each in said["sachets"]]
                return ["robot", "count", *labels, "--into", deed.into, "--resident", person.key, *by]

    def _for_now(self, deed: Deed) -> list[str]:
        home = self._scenario.home
        said = ["--by", deed.who, "--reason", deed.reason or deed.do]
        said += ["--resident", home.named(deed.resident).key] if home.several else []
        match deed.do:
            case "mode":
                review = ["--review-days", str(deed.review_days)] if deed.review_days else []
                return ["mode", deed.mode, *review, *said]
            case "pause":
                return ["pause", "--hospital", *said]
            case "review":
                return ["review", *said]
            case "leave":
                return ["leave", *self._leave(deed), *said]
            case "back":
                doses = [self._scenario.dose_end(dose) for dose in deed.came_back]
                return ["back", *(part for dose in doses for part in ("--came-back", dose)), *said]
            case _:
                # what the home must refuse: nobody has compared anything
                return ["resume", *([] if deed.refused == "not_reconciled" else ["--reconciled"]), *said]

    def _leave(self, deed: Deed) -> list[str]:
        """Local times of the home."""
        times = {
            "--from": deed.leave_from,
            "--to": deed.leave_to,
            "--departs": deed.departs,
            "--hand-out": deed.hand_out,
            "--back": deed.back,
        }
        zone = ZoneInfo(self._scenario.zone)
        return [
            part
            for flag, time in times.items()
            if time
            for part in (flag, f"{self._scenario.instant(time).astimezone(zone):%Y-%m-%d %H:%M}")
        ]

    def _is_told(self, deed: Deed, story: IncidentStory) -> bool:
        """One about no dose is named by its kind."""
        if deed.dose:
            return self._is_about(deed, story.dose_id)
        return not story.dose_id and deed.about in story.kinds

    def _is_about(self, deed: Deed, dose_id: str) -> bool:
        return dose_id.endswith(self._scenario.dose_end(deed.dose))


def _finding(deed: Deed) -> list[str]:
    flag = "--" + deed.do.replace("_", "-")
    return [flag, "--by", deed.who, "--reason", deed.reason or deed.do]


def _reason(said: Line) -> str:
    return f"{said.get('code', '')} {said.get('what', '')}".strip()
