"""What the home looked at about itself, beside any dose: its alarm path, its certificates, its chores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AlarmTestBegun:
    """A test alarm was asked for; its incident follows. Ended by that incident's own events."""

    at: datetime
    by: str  # a person, or "weekly"


@dataclass(frozen=True, slots=True)
class CertificateFound:
    name: str  # "ca", "client"
    expires: datetime | None  # None: it can't be read


@dataclass(frozen=True, slots=True)
class CertificatesRead:
    """All that the configuration names; journalled only where it differs from the last reading."""

    at: datetime
    found: tuple[CertificateFound, ...]


@dataclass(frozen=True, slots=True)
class ChoreEnded:
    at: datetime
    chore: str  # "test_alarm", "integrity", "pruning", "certificates"
    result: str  # "done", "skipped", "failed"
    detail: str  # why skipped or failed, or how much was done: a code, never a value
