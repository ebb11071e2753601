"""How a play looks as plain lines or JSON lines. Writes to one stream and knows no process.

Everything comes in the order of time; `screen` has the live view.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any, Protocol, TextIO

from simulator.stage.evidence import Evidence, Line, incident_stories
from simulator.stage.happenings import Happening, outcome_words
from simulator.stage.scenario import Scenario

SCHEMA = "dispenserd/simulate/1"
COLOURS = {"high": "1;31", "medium": "33", "low": "36", "good": "32", "faint": "2", "bold": "1"}


class View(Protocol):
    def happened(self, happening: Happening) -> None: ...

    def showed(self, at: datetime, light: str, lines: list[str]) -> None:
        """The robot's light and display."""

    def journalled(self, row: Line) -> None: ...

    def turned(self, now: datetime) -> None:
        """Civil time went on; everything up to now was told."""

    def ended(self, evidence: Evidence, violations: list[str]) -> None: ...

    def close(self) -> None:
        """Also after a play that did not reach its end."""


class JsonView:
    """One object a line; the last is the verdict."""

    def __init__(self, scenario: Scenario, out: TextIO = sys.stdout) -> None:
        self._scenario = scenario
        self._out = out

    def happened(self, happening: Happening) -> None:
        self._print(
            what="happened",
            at=happening.at.isoformat(),
            local=self._scenario.local(happening.at),
            who=happening.who,
            dose=happening.dose,
            text=happening.what,
        )

    def showed(self, at: datetime, light: str, lines: list[str]) -> None:
        local = self._scenario.local(at)
        self._print(what="display", at=at.isoformat(), local=local, light=light, lines=lines)

    def journalled(self, row: Line) -> None:
        return

    def turned(self, now: datetime) -> None:
        return

    def ended(self, evidence: Evidence, violations: list[str]) -> None:
        self._print(
            what="verdict",
            passed=not violations,
            violations=violations,
            doses=evidence.doses,
            incidents=evidence.incidents,
        )

    def close(self) -> None:
        return

    def _print(self, **fields: Any) -> None:
        print(json.dumps({"schema": SCHEMA, **fields}), file=self._out, flush=True)


class LineView:
    """One line for each happening, and a summary."""

    def __init__(self, scenario: Scenario, out: TextIO = sys.stdout, colour: bool = False) -> None:
        self.scenario = scenario
        self._out = out
        self._colour = colour

    def happened(self, happening: Happening) -> None:
        self._print(self.line(happening))

    def showed(self, at: datetime, light: str, lines: list[str]) -> None:
        return

    def journalled(self, row: Line) -> None:
        return

    def turned(self, now: datetime) -> None:
        return

    def ended(self, evidence: Evidence, violations: list[str]) -> None:
        for line in self._summary(evidence, violations):
            self._print(line)

    def close(self) -> None:
        return

    def line(self, happening: Happening) -> str:
        at = self.scenario.local(happening.at)
        text = f"{at}  {happening.who:<9} {happening.dose:<13} {happening.what}"
        return self.painted(text.rstrip(), happening.tone)

    def painted(self, text: str, tone: str) -> str:
        return f"\x1b[{COLOURS[tone]}m{text}\x1b[0m" if self._colour and tone in COLOURS else text

    def _summary(self, evidence: Evidence, violations: list[str]) -> list[str]:
        lines = ["", self.painted("Doses", "bold")]
        for dose in evidence.doses:
            if dose["outcome"]:
                name = self.scenario.dose_name(dose["dose"])
                lines.append(f"  {name:<14} {outcome_words(dose)}")
        lines += ["", self.painted("Incidents", "bold")]
        for story in incident_stories(evidence.journal).values():
            about = self.scenario.dose_name(story.dose_id) if story.dose_id else "the robot"
            owner = f", taken by {story.owner}" if story.owner else ""
            kept = ", undelivered for a while" if story.was_undelivered else ""
            text = f"  {about:<14} {' -> '.join(story.kinds)} ({story.priority}): "
            lines.append(self.painted(f"{text}{story.resolution or 'open'}{owner}{kept}", story.priority))
        lines.append("")
        if violations:
            lines += [self.painted(f"VIOLATED: {each}", "high") for each in violations]
        else:
            lines.append(self.painted("All expectations held: nothing twice, nothing lost.", "good"))
        return lines

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)
