"""How a play looks: plain lines, JSON lines, or a live screen. Writes to one stream and knows no process."""

from __future__ import annotations

import json
import sys
from collections import deque
from datetime import datetime
from typing import Any, Protocol, TextIO

from simulator.stage.evidence import Evidence, incident_stories
from simulator.stage.happenings import Happening
from simulator.stage.scenario import Scenario

SCHEMA = "dispenserd/simulate/1"
COLOURS = {"high": "1;31", "medium": "33", "low": "36", "good": "32", "faint": "2"}
LIVE_LINES = 22
"""Newest happenings on the live screen, below which the doses stand; fits a terminal of 40 lines."""


class View(Protocol):
    def happened(self, happening: Happening) -> None: ...

    def showed(self, lines: list[str]) -> None:
        """The robot's display."""

    def ended(self, evidence: Evidence, violations: list[str]) -> None: ...


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

    def showed(self, lines: list[str]) -> None:
        self._print(what="display", lines=lines)

    def ended(self, evidence: Evidence, violations: list[str]) -> None:
        self._print(
            what="verdict",
            passed=not violations,
            violations=violations,
            doses=evidence.doses,
            incidents=evidence.incidents,
        )

    def _print(self, **fields: Any) -> None:
        print(json.dumps({"schema": SCHEMA, **fields}), file=self._out, flush=True)


class LineView:
    """One line for each happening, and a summary."""

    def __init__(self, scenario: Scenario, out: TextIO = sys.stdout, colour: bool = False) -> None:
        self._scenario = scenario
        self._out = out
        self._colour = colour

    def happened(self, happening: Happening) -> None:
        self._print(self._line(happening))

    def showed(self, lines: list[str]) -> None:
        return

    def ended(self, evidence: Evidence, violations: list[str]) -> None:
        for line in self._summary(evidence, violations):
            self._print(line)

    def _line(self, happening: Happening) -> str:
        at = self._scenario.local(happening.at)
        text = f"{at}  {happening.who:<9} {happening.dose:<13} {happening.what}"
        return self._painted(text.rstrip(), happening.tone)

    def _summary(self, evidence: Evidence, violations: list[str]) -> list[str]:
        lines = ["", "Doses"]
        for dose in evidence.doses:
            if dose["outcome"]:
                late = ", late" if dose["late"] and dose["outcome"] == "retrieved" else ""
                by = f" by {dose['by']}" if dose["by"] else ""
                lines.append(f"  {self._scenario.dose_name(dose['dose']):<14} {dose['outcome']}{late}{by}")
        lines += ["", "Incidents"]
        for story in incident_stories(evidence).values():
            owner = f", taken by {story.owner}" if story.owner else ""
            kept = ", undelivered for a while" if story.was_undelivered else ""
            text = f"  {self._scenario.dose_name(story.dose_id) if story.dose_id else '':<14} "
            text += f"{' -> '.join(story.kinds)} ({story.priority}): {story.resolution}{owner}{kept}"
            lines.append(self._painted(text, story.priority))
        lines.append("")
        if violations:
            lines += [self._painted(f"VIOLATED: {each}", "high") for each in violations]
        else:
            lines.append(self._painted("All expectations held: nothing twice, nothing lost.", "good"))
        return lines

    def _painted(self, text: str, tone: str) -> str:
        return f"\x1b[{COLOURS[tone]}m{text}\x1b[0m" if self._colour and tone in COLOURS else text

    def _print(self, text: str) -> None:
        print(text, file=self._out, flush=True)


class LiveView(LineView):
    """A screen that is drawn anew at each happening: the robot's display above, the newest lines below."""

    def __init__(self, scenario: Scenario, out: TextIO = sys.stdout) -> None:
        super().__init__(scenario, out, colour=True)
        self._newest: deque[str] = deque(maxlen=LIVE_LINES)
        self._display: list[str] = []
        self._at: datetime | None = None

    def happened(self, happening: Happening) -> None:
        self._at = happening.at
        self._newest.append(self._line(happening))
        self._draw()

    def showed(self, lines: list[str]) -> None:
        self._display = lines
        self._draw()

    def ended(self, evidence: Evidence, violations: list[str]) -> None:
        super().ended(evidence, violations)

    def _draw(self) -> None:
        now = self._scenario.local(self._at) if self._at else ""
        box = [*self._display, "", "", "", ""][:4]
        screen = [
            f"\x1b[1m{self._scenario.title}\x1b[0m",
            "",
            f"  {now:<12} +{'-' * 42}+",
            *(f"  {'the robot' if n == 0 else '':<12} | {line:<40} |" for n, line in enumerate(box)),
            f"  {'':<12} +{'-' * 42}+",
            "",
            *self._newest,
        ]
        body = "\x1b[K\n".join(screen)
        self._out.write(f"\x1b[H{body}\x1b[K\x1b[J\n")
        self._out.flush()
