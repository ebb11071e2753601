"""What became of incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.events.words import Incident, Kind, Priority


@dataclass(frozen=True, slots=True)
class IncidentRaised:
    at: datetime
    incident: Incident


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """Kind, priority, deadline or detail of the same cause changed; a higher priority reopens it."""

    at: datetime
    incident_id: str
    revision: int
    kind: Kind
    priority: Priority
    deadline: datetime
    detail: str
    reopened: bool


@dataclass(frozen=True, slots=True)
class IncidentCleared:
    """The cause is gone by evidence; nobody acknowledged it by that."""

    at: datetime
    incident_id: str
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentPublished:
    at: datetime
    incident_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class IncidentUndelivered:
    """No receipt in time, or the broker refused it; shown on the robot until a receipt comes."""

    at: datetime
    incident_id: str
    revision: int
    reason: str  # "no_receipt", "refused"


@dataclass(frozen=True, slots=True)
class IncidentDelivered:
    """On-call's signed receipt for this revision."""

    at: datetime
    incident_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class IncidentTaken:
    at: datetime
    incident_id: str
    revision: int
    by: str


@dataclass(frozen=True, slots=True)
class IncidentHandled:
    at: datetime
    incident_id: str
    revision: int
    by: str
    resolution: str


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    at: datetime
    incident_id: str
    revision: int
