"""What the campaign's home is given on paper: a card for four doses a day, rolls for it, configurations.

Its own arithmetic of windows: Copenhagen in winter is one hour ahead, and a campaign ends before spring.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from tests.crash.evidence import Line
from tests.support import home_papers
from tests.support.home_papers import DAY, RESIDENT

CLOCK_TIMES = {"morning": "04:00", "noon": "10:00", "evening": "16:00", "night": "22:00"}
"""A window is open two thirds of the day, so that most kills find a dose under way."""

WINDOW = timedelta(hours=4)
START = datetime.combine(DAY, time(3, 15), UTC) - home_papers.ZONE
ROLL_DAYS = 14
SUMMER = date(2027, 3, 27)
"""Until then a day has 24 hours here."""

ONCALL = """
[oncall]
database = "oncall.db"
signing_key_file = "oncall"
[mqtt]
host = "127.0.0.1"
port = {port}
"""


@dataclass(frozen=True)
class Papers:
    folder: Path
    serial: str = field(default_factory=lambda: f"SIM-{secrets.token_hex(4)}")
    """Of the robot: another campaign's, on the same machine, is not taken for it."""

    @property
    def home(self) -> Path:
        return self.folder / "home.toml"

    @property
    def oncall(self) -> Path:
        return self.folder / "oncall.toml"

    @property
    def memory(self) -> Path:
        return self.folder / "robot-memory.json"

    @property
    def script(self) -> Path:
        return self.folder / "script.json"

    @property
    def administrations(self) -> Path:
        return self.folder / "fag" / RESIDENT / "administrations"

    def roll(self, number: int) -> Path:
        return self.folder / f"roll-{number}.json"

    def key(self) -> bytes:
        return (self.folder / "key").read_bytes()

    def write(self, broker_port: int) -> None:
        (self.folder / "key").write_bytes(os.urandom(32))
        (self.folder / "key").chmod(0o600)
        plan = self.folder / "fag" / RESIDENT / "plan.json"
        plan.parent.mkdir(parents=True)
        plan.write_text(json.dumps(home_papers.card()))
        minutes = int(WINDOW.total_seconds() // 60)
        text = home_papers.configuration(broker_port, CLOCK_TIMES, minutes, signs_in=False)
        text = text.replace("reminder_every_min = 5", "reminder_every_min = 60")
        self.home.write_text(text.replace("SIM-0001", self.serial))
        self.oncall.write_text(ONCALL.format(port=broker_port))

    def write_roll(self, number: int, first: date, without: set[str]) -> dict[str, str]:
        """A roll of fourteen days with labels of its own; label -> dose it is packed for."""
        paper = home_papers.manifest(CLOCK_TIMES, first=first, days=ROLL_DAYS)
        paper["production_id"] = f"ROLL-{number}"
        packed: dict[str, str] = {}
        slots = {clock: slot for slot, clock in CLOCK_TIMES.items()}
        sachets: list[Line] = []
        for sachet in paper["sachets"]:
            day, clock = sachet["local"].split("T")
            dose = f"{day}/{slots[clock]}"
            if dose not in without:
                number_in_roll = len(sachets) + 1
                label = f"R{number}-{number_in_roll:03}"
                sachets.append({**sachet, "n": number_in_roll, "label": label})
                packed[label] = dose
        paper["sachets"] = sachets
        self.roll(number).write_text(json.dumps(paper))
        return packed


def asked(until: datetime) -> Iterator[Line]:
    """Every dose the card asks for whose window opens before `until`, with its window."""
    day = DAY
    while True:
        for slot, clock in CLOCK_TIMES.items():
            opens = datetime.combine(day, time.fromisoformat(clock), UTC) - home_papers.ZONE
            if opens >= until:
                return
            yield {
                "dose": f"{day}/{slot}",
                "dose_id": f"{RESIDENT}/{day}/{slot}/1",
                "opens": opens.isoformat(),
                "closes": (opens + WINDOW).isoformat(),
                "prescriptions": [f"p-{slot}"],
            }
        day += timedelta(days=1)
        assert day < SUMMER, "the arithmetic of windows knows no summer time"
