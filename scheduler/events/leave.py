"""What is had away from the robot, or at another time than planned: leave, and releases that a person
authorised. Each is recorded before anything moves (S2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.plan import DosePlan


@dataclass(frozen=True, slots=True)
class LeavePlanned:
    """Doses with `first` <= planned time < `last` may be handed out from `hand_out` until `departs`. Also of
    a leave that is planned anew."""

    at: datetime
    resident: str
    first: datetime
    last: datetime
    hand_out: datetime
    departs: datetime
    back: datetime  # expected
    by: str
    reason: str
    via: str  # "home" | "oncall"


@dataclass(frozen=True, slots=True)
class LeaveEnded:
    """Back, or it did not come to it: what came back was counted. Each of those sachets has an event too."""

    at: datetime
    resident: str
    came_back: int  # sachets
    by: str
    reason: str
    via: str


@dataclass(frozen=True, slots=True)
class SachetCameBack:
    """Handed out before a leave and not had: counted, and put into the waste by the named person."""

    at: datetime
    dose_id: str
    by: str


@dataclass(frozen=True, slots=True)
class ReleaseAuthorised:
    """A named person lets one dose be had before its window (`opens`), or its window go on (`closes`)."""

    at: datetime
    dose_id: str
    opens: datetime
    closes: datetime
    by: str
    reason: str
    via: str


@dataclass(frozen=True, slots=True)
class HandedOutChanged:
    """A newer card asks for something else than what lies in the resident's hands (rule 22)."""

    at: datetime
    dose_id: str
    plan_version: int


@dataclass(frozen=True, slots=True)
class SurplusHeld:
    """A sachet of the strip that no dose waits for lies at the mouth: a person decides. `dose` is its own,
    of no prescription, so that the robot can be told to put it away."""

    at: datetime
    dose: DosePlan
    robot: str
    label: str
    reason: str  # "not_on_card", "already_had"
