"""How a resident gets their medicine for now: modes and pauses; and which card and list are in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum


class Mode(StrEnum):
    """How much the robot does for a resident. All but `normal` are restrictive: only a person ends one."""

    NORMAL = "normal"  # the robot prompts, the resident presses
    ASSISTED = "assisted"  # the robot is silent; staff are told of each dose that is due, and remind
    WITNESSED = "witnessed"  # as assisted, and staff see each dose taken and say so
    SUSPENDED = "suspended"  # the robot gives nothing; staff give each dose by hand


class PauseKind(StrEnum):
    HOSPITAL = "hospital"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class ModeSet:
    """Also of a mode that stays and whose review moves."""

    at: datetime
    resident: str
    mode: Mode
    review: datetime | None  # somebody looks again then; None for `normal` alone
    by: str
    reason: str
    via: str  # "home" | "oncall"


@dataclass(frozen=True, slots=True)
class PauseBegun:
    """Also of a pause that goes on to another end."""

    at: datetime
    resident: str
    kind: PauseKind
    until: datetime | None  # None: open end
    by: str
    reason: str
    via: str


@dataclass(frozen=True, slots=True)
class PauseReviewed:
    """A named person looked into it, and it stays."""

    at: datetime
    resident: str
    by: str
    reason: str
    via: str


@dataclass(frozen=True, slots=True)
class PauseEnded:
    """`by` is the nurse who has reconciled card, roll and what was given elsewhere (rule 22)."""

    at: datetime
    resident: str
    by: str
    reason: str
    via: str


@dataclass(frozen=True, slots=True)
class PausedAction:
    """Somebody pressed for a resident who is not there, by all we know; the first since a person looked."""

    at: datetime
    resident: str


@dataclass(frozen=True, slots=True)
class PlanConfirmed:
    """The card in force was read again at its source, and is the same."""

    at: datetime
    resident: str
    card_version: int


@dataclass(frozen=True, slots=True)
class MedicineListAdopted:
    """Rule 9: the ATC codes that the home knows, and which of them are critical or controlled."""

    at: datetime
    version: int
    known: frozenset[str]
    critical: frozenset[str]
    controlled: frozenset[str]
    persons: tuple[str, ...]  # who changed it, together; empty for the one that the home began with


@dataclass(frozen=True, slots=True)
class MedicineListRefused:
    """The list adopted before stays in force."""

    at: datetime
    version: int
    reason: str  # "version_not_raised", "needs_two_persons"


@dataclass(frozen=True, slots=True)
class ClockTimesAdopted:
    """When the parts of the day are in this home, as local clock times."""

    at: datetime
    version: int
    morning: time
    noon: time
    evening: time
    night: time
    persons: tuple[str, ...]  # who changed them, together; empty for those that the home began with


@dataclass(frozen=True, slots=True)
class ClockTimesRefused:
    """The times adopted before stay in force."""

    at: datetime
    version: int
    reason: str  # as of a list
