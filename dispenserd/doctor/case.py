"""What the looks of one run have found so far: later checks build on earlier ones. Data only.

A field is None until its look came back; a look that hangs leaves it so, and the checks that need it say that
they were not done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from dispenserd.clock import Clock
from dispenserd.config import Config
from dispenserd.doctor.judge.broker import Dialled, Validity
from dispenserd.doctor.judge.system import DiskSeen
from drivers.line import LineQuality
from scheduler.commands import ReportClock
from scheduler.events import RobotIdentified, RobotStatus
from scheduler.world import World

View = Mapping[str, Any]
"""An answer of the home, as JSON data; an older or newer home may leave keys out."""


class Presence(StrEnum):
    """Whether a home runs beside us: who runs it owns the robot's port and writes the store."""

    RUNNING = "running"  # it answered
    SILENT = "silent"  # something holds its socket and does not answer
    DENIED = "denied"  # this user may not ask
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class HomeSeen:
    """`status`, `doses` and `vitals` are empty unless it runs."""

    presence: Presence
    reason: str = ""
    status: View = field(default_factory=dict)
    doses: View = field(default_factory=dict)
    vitals: View = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JournalRead:
    """The journal, proven row by row, and what of it only events tell."""

    rows: int
    epoch: int
    head: str
    world: World
    rows_lately: int  # in the week before its newest row
    newest_at: datetime | None
    receipt_at: datetime | None  # on-call's newest receipt
    accepted_at: datetime | None  # a plan
    refused_at: datetime | None
    identified: RobotIdentified | None


@dataclass(frozen=True, slots=True)
class RobotMet:
    """What the robot said in a session of our own; `lost`: why there was none, or how it ended."""

    lost: str = ""
    rejected: str = ""
    caught_up: bool = False
    identified: RobotIdentified | None = None
    clock: ReportClock | None = None
    status: RobotStatus | None = None
    line: LineQuality | None = None
    journal_behind: bool = False  # the robot keeps a head that our journal does not hold


@dataclass
class Case:
    path: Path
    clock: Clock
    by: str = ""  # who asked for a test alarm; "" = nobody
    config: Config | None = None
    home: HomeSeen | None = None
    key: bytes | None = field(default=None, repr=False)
    store_bytes: int | None = None
    journal: JournalRead | None = None
    robot: RobotMet | None = None
    dialled: Dialled | None = None
    certificate: Validity | None = None  # the broker's own
    disk: DiskSeen | None = None

    @property
    def demo(self) -> bool:
        return self.config is not None and self.config.home.demo

    @property
    def running(self) -> HomeSeen | None:
        """The home, if one runs and answers."""
        return self.home if self.home is not None and self.home.presence is Presence.RUNNING else None

    @property
    def alone(self) -> bool:
        """Nobody else can be using the robot or the store."""
        return self.home is not None and self.home.presence is Presence.ABSENT
