"""One look at on-call's database, and one act upon it, as values: what was read, or why it was not.

Called from a worker thread; both may take as long as the database is locked. A look never makes a database
where there is none, and never raises for one that is gone, locked or in pieces: a view that ends in an error
at night is worse than one that says that it sees nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dispenserd.cli.watch.incident import Incident, read_incidents
from dispenserd.clock import Clock
from dispenserd.oncall.database import DatabaseFault, open_existing
from dispenserd.oncall.desk import Desk, DeskRefused, Queued, Verdict
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.pulse import Pulse, read_pulse


@dataclass(frozen=True, slots=True)
class Seen:
    """`result` as `Desk.list_incidents` gave it; `incidents` are its rows, read."""

    at: datetime
    at_s: float  # machine time
    result: Mapping[str, Any]
    incidents: list[Incident]
    homes: list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Look:
    """`seen` None: it could not be read, and `fault` says why."""

    seen: Seen | None
    fault: str
    pulse: Pulse


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was done. `present`: the incident as it is now, where it can still be read."""

    code: str
    who: str = ""
    present: Incident | None = None


@dataclass(frozen=True, slots=True)
class NotStored:
    """The database would not take it: nothing was recorded, nothing was sent."""

    fault: str


@dataclass(frozen=True, slots=True)
class Office:
    """On-call's database, as one terminal uses it."""

    path: Path
    limits: OncallLimits
    clock: Clock = field(repr=False)

    def look(self) -> Look:
        pulse = read_pulse(self.path, self.clock.monotonic())
        try:
            now = self.clock.now()
            result = self._desk().list_incidents(now)
        except (DatabaseFault, OSError) as fault:
            return Look(None, str(fault), pulse)
        homes: list[Mapping[str, Any]] = [home for home in result["homes"] if isinstance(home, Mapping)]
        incidents = read_incidents(result["incidents"])
        return Look(Seen(now, self.clock.monotonic(), result, incidents, homes), "", pulse)

    def take(self, seen: Incident, by: str) -> Queued | Refused | NotStored:
        """Each act names the revision that was on the screen."""
        return self._act(seen, lambda desk, now: desk.take(seen.key, by, now, seen=seen.revision))

    def close(self, seen: Incident, by: str, resolution: str) -> Queued | Refused | NotStored:
        return self._act(
            seen, lambda desk, now: desk.close(seen.key, by, resolution, now, seen=seen.revision)
        )

    def decide(self, seen: Incident, by: str, verdict: Verdict, reason: str) -> Queued | Refused | NotStored:
        return self._act(
            seen, lambda desk, now: desk.decide(seen.key, verdict, by, reason, now, seen=seen.revision)
        )

    def _act(self, seen: Incident, act: Callable[[Desk, datetime], Queued]) -> Queued | Refused | NotStored:
        try:
            return act(self._desk(), self.clock.now())
        except DeskRefused as refused:
            look = self.look().seen
            present = next((each for each in look.incidents if each.key == seen.key), None) if look else None
            return Refused(refused.code, refused.who, present)
        except (DatabaseFault, OSError) as fault:
            return NotStored(str(fault))

    def _desk(self) -> Desk:
        """Opened anew for each look: a path whose file was replaced is another database."""
        return Desk(open_existing(self.path), self.limits)
