"""The live view: the robot's display, the doses of each day, open incidents, and the newest happenings.

Draws the whole screen anew a few times a second, from what was told so far; ends with the plain summary.
"""

from __future__ import annotations

import shutil
import sys
from collections import deque
from datetime import datetime
from typing import TextIO

from simulator.stage.evidence import Evidence, IncidentStory, Line, incident_stories
from simulator.stage.happenings import GOOD, Happening, outcome_words
from simulator.stage.scenario import SLOT_CLOCKS, Scenario
from simulator.stage.view import LineView

HIDE_CURSOR, SHOW_CURSOR, CLEAR, HOME = "\x1b[?25l", "\x1b[?25h", "\x1b[2J", "\x1b[H"
KEPT_LINES = 100
DISPLAY_WIDTH = 40
CELL_WIDTH_MAX = 20
DAY_WIDTH = 10
LIGHTS = {"off": "o  dark", "pulse": "*  pulsing", "steady": "o  steady", "alert": "!  alert"}
LIGHT_TONES = {"pulse": "good", "steady": "bold", "alert": "medium", "off": "faint"}


class LiveView(LineView):
    def __init__(self, scenario: Scenario, out: TextIO = sys.stdout) -> None:
        super().__init__(scenario, out, colour=True)
        self._screen = out
        self._newest: deque[Happening] = deque(maxlen=KEPT_LINES)
        self._journal: list[Line] = []
        self._light, self._display = "off", list[str]()
        self._open = True
        out.write(HIDE_CURSOR + CLEAR)

    def happened(self, happening: Happening) -> None:
        self._newest.append(happening)

    def showed(self, at: datetime, light: str, lines: list[str]) -> None:
        self._light, self._display = light, lines

    def journalled(self, row: Line) -> None:
        self._journal.append(row)

    def turned(self, now: datetime) -> None:
        self._draw(now)

    def ended(self, evidence: Evidence, violations: list[str]) -> None:
        self._draw(self.scenario.instant(self.scenario.end))
        self.close()
        super().ended(evidence, violations)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._screen.write(SHOW_CURSOR)
            self._screen.flush()

    # --- parts of the screen ---

    def _draw(self, now: datetime) -> None:
        size = shutil.get_terminal_size((110, 45))
        cell = min(CELL_WIDTH_MAX, (size.columns - DAY_WIDTH) // len(SLOT_CLOCKS))
        top = [*self._head(now, size.columns), *self._doses(cell), "", *self._incidents()]
        room = max(3, size.lines - len(top) - 3)
        newest = [self._short(happening, size.columns) for happening in self._newest][-room:]
        screen = [*top, "", *newest]
        self._screen.write(HOME + "".join(f"{line}\x1b[K\r\n" for line in screen) + "\x1b[J")
        self._screen.flush()

    def _head(self, now: datetime, columns: int) -> list[str]:
        started = bool(self._journal)
        clock = self.scenario.local(now) if started else "starting"
        light = self.painted(LIGHTS.get(self._light, self._light), LIGHT_TONES.get(self._light, ""))
        left = [self.painted(clock, "bold"), "", "the robot:", light, "", ""]
        widths = [len(clock), 0, len("the robot:"), len(LIGHTS.get(self._light, self._light)), 0, 0]
        edge = f"+{'-' * (DISPLAY_WIDTH + 2)}+"
        display = [f"| {line:<{DISPLAY_WIDTH}} |" for line in [*self._display, "", "", "", ""][:4]]
        rows = zip(left, widths, [edge, *display, edge], strict=True)
        return [
            self.painted(_clipped(self.scenario.title, columns), "bold"),
            self.painted(
                f"{self.scenario.speed:g} times as fast as life; simulated, no real person", "faint"
            ),
            "",
            *(f"  {text}{' ' * (14 - width)}{box}" for text, width, box in rows),
            "",
        ]

    def _doses(self, width: int) -> list[str]:
        """A row for each day, a column for each slot."""
        cells = self._cells()
        days = sorted({name.split(" ")[0] for name in cells}, key=lambda day: int(day.removeprefix("day")))
        heads = [f"{f'{slot} {clock:%H:%M}':<{width}}" for slot, clock in SLOT_CLOCKS.items()]
        lines = [self.painted(f"  {'':<8}{''.join(heads)}".rstrip(), "faint")]
        for day in days:
            row = [self._cell(*cells.get(f"{day} {slot}", ("", "")), width) for slot in SLOT_CLOCKS]
            lines.append(f"  {day:<8}{''.join(row)}")
        return lines

    def _cell(self, text: str, tone: str, width: int) -> str:
        return self.painted(f"{text:<{width}}", tone)

    def _cells(self) -> dict[str, tuple[str, str]]:
        """What stands in the table for each dose of the play, and its colour."""
        cells = {each.dose: ("-", "faint") for each in self.scenario.doses}
        for row in self._journal:
            body = row["body"]
            if row["event"] == "DoseDue":
                cells[self.scenario.dose_name(body["dose_id"])] = ("due", "bold")
            elif row["event"] == "OutcomeRecorded":
                tone = "good" if body["outcome"] in GOOD else "medium"
                cells[self.scenario.dose_name(body["dose_id"])] = (outcome_words(body), tone)
        return cells

    def _incidents(self) -> list[str]:
        """Open ones in colour; the closed are counted."""
        stories = incident_stories(self._journal).values()
        lines = [self._incident(story) for story in stories if not story.closed]
        closed = sum(story.closed for story in stories)
        head = f"  Open incidents ({closed} closed so far)"
        return [self.painted(head, "faint"), *(lines or [self.painted("  none", "faint")])]

    def _incident(self, story: IncidentStory) -> str:
        about = self.scenario.dose_name(story.dose_id) if story.dose_id else "the robot"
        owner = f"owned by {story.owner}" if story.owner else "nobody owns it yet"
        mark = "  UNDELIVERED" if story.undelivered else ""
        text = f"  {story.priority.upper():<7} {story.kinds[-1]:<17} {about:<14} {owner}{mark}"
        return self.painted(text, story.priority)

    def _short(self, happening: Happening, columns: int) -> str:
        what = _clipped(happening.what, columns - len("day1 08:00  resident  day1 evening  ") - 2)
        return self.line(Happening(happening.at, happening.who, happening.dose, what, happening.tone))


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."
