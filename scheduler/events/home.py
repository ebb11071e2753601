"""What happened to the home itself: starts, clock, plan, roll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.plan import DosePlan, Plan
from scheduler.roll import Roll


@dataclass(frozen=True, slots=True)
class DaemonStarted:
    at: datetime
    version: str
    box: str
    epoch: int


@dataclass(frozen=True, slots=True)
class ProofCommitted:
    """An idle home proves that its store still commits (rule 27)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class StoreStopped:
    """Told by the emergency record (rule 29) at the start after: the store failed, and the home with it."""

    at: datetime
    reason: str  # "disk_full", "read_only", "io_error", "damaged", "chain_broken", "unreadable"
    stopped: datetime


@dataclass(frozen=True, slots=True)
class JournalFoundBehind:
    """A keeper knows a head that this journal does not hold: something committed here was lost (rule 23)."""

    at: datetime
    keeper: str  # "robot" | "oncall"
    epoch: int
    head: str  # chain hash, 64 hex characters


@dataclass(frozen=True, slots=True)
class EpochBegun:
    """Rule 23: the store is a restored one. This row and those after it are of a life that nobody has heard
    of, whatever was counted in the part that is lost."""

    at: datetime
    epoch: int  # above every one that robot or on-call have known this home by


@dataclass(frozen=True, slots=True)
class ClockTrusted:
    at: datetime
    source: str  # "robot:<serial>": also of a second robot that says the same


@dataclass(frozen=True, slots=True)
class ClockDoubted:
    at: datetime
    reason: str  # "disagrees", "not_commissioned", "battery_gap", "drift", "behind_journal", "stepped"
    robot: str = ""  # whose clock says so; "" = the home's own, or a journal of before 2026-11-23


@dataclass(frozen=True, slots=True)
class PlanAccepted:
    at: datetime
    plan: Plan


@dataclass(frozen=True, slots=True)
class PlanRefused:
    """A bundle was refused whole; the accepted plan stays. `path` points into it, never quotes it."""

    at: datetime
    resident: str
    reason: str
    path: str
    fingerprint: str  # SHA-256 of the file: the same broken file is refused once


@dataclass(frozen=True, slots=True)
class DosePlanned:
    """A dose entered the plan, or its time or content changed while its window was not open."""

    at: datetime
    dose: DosePlan


@dataclass(frozen=True, slots=True)
class DoseWithdrawn:
    """A newer plan no longer asks for this dose."""

    at: datetime
    dose_id: str
    plan_version: int


@dataclass(frozen=True, slots=True)
class DayPlanned:
    """Every dose of this resident up to and including this date has been planned."""

    at: datetime
    resident: str
    day: str  # ISO date
    plan_version: int


@dataclass(frozen=True, slots=True)
class RollLoaded:
    at: datetime
    roll: Roll
    by: str
    robot: str = ""  # serial of the one that has it; "" in a journal of before 2026-11-23: the one robot


@dataclass(frozen=True, slots=True)
class RollRefused:
    at: datetime
    reason: str  # "robot_unreachable", "wrong_production_id", "wrong_resident", "label_conflict"
