"""What a person has authorised beside a dose's own window (S2): an early release, or a take-along.

Pure data. Who may authorise what is `receive_leave`'s; whether it may move now is the gate's, as of every
dose.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Permit:
    """From `opens` to before `closes` a press may release the dose. `along`: it is handed out to be had at
    its own time, and is told as taken along."""

    opens: datetime
    closes: datetime
    along: bool
    by: str = ""  # who authorised it, and why
    reason: str = ""

    def holds_at(self, now: datetime) -> bool:
        return self.opens <= now < self.closes


@dataclass(frozen=True, slots=True)
class Leave:
    """Of one resident. Its doses: those planned from `first` to before `last`."""

    first: datetime
    last: datetime
    hand_out: datetime
    departs: datetime
    back: datetime
    by: str
    reason: str = ""

    def covers(self, opens: datetime) -> bool:
        return self.first <= opens < self.last

    @property
    def permit(self) -> Permit:
        return Permit(self.hand_out, self.departs, along=True, by=self.by, reason=self.reason)
