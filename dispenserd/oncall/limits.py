"""On-call's limits. Both are machine limits: stretched in a rehearsal, they stay the same for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class OncallLimits:
    home_silent: timedelta = timedelta(minutes=5)  # five heartbeats: then nobody knows how the home is
    command_life: timedelta = timedelta(minutes=10)  # rule 28

    def stretched(self, rate: float) -> OncallLimits:
        """For a civil clock that runs `rate` times as fast as the real one."""
        return OncallLimits(self.home_silent * rate, self.command_life * rate)
