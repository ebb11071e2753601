"""On-call's limits. Machine limits are stretched in a rehearsal, so that they stay the same in real seconds;
people's deadlines follow the civil clock and are never stretched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class OncallLimits:
    # --- machine ---
    home_silent: timedelta = timedelta(minutes=5)  # five heartbeats: then nobody knows how the home is
    home_lost: timedelta = timedelta(minutes=30)  # rule 27: from here on it is medium
    listening_grace: timedelta = timedelta(seconds=90)  # newly listening: every home beats once within this
    short_absence: timedelta = timedelta(minutes=1)  # two beats lost: nobody becomes silent by that
    broker_lost: timedelta = timedelta(minutes=5)  # as long as a home may be silent: now all of them are
    command_life: timedelta = timedelta(minutes=10)  # rule 28
    ask_every: timedelta = timedelta(minutes=1)  # one asking: a home offers at most that often
    ask_rarely: timedelta = timedelta(hours=1)  # once it has shown that asking does not help

    # --- civil ---
    outcome_due: timedelta = timedelta(hours=2)  # an owner says by then what came of it
    outcome_before_close: timedelta = timedelta(
        minutes=30
    )  # earlier, where a window closes: there is a way to go
    outcome_after_take: timedelta = timedelta(minutes=10)  # but nobody is rung sooner than this after a take
    test_missed: timedelta = timedelta(days=8)  # a weekly test alarm, and a day

    def stretched(self, rate: float) -> OncallLimits:
        """For a civil clock that runs `rate` times as fast as the real one."""
        return replace(
            self,
            home_silent=self.home_silent * rate,
            home_lost=self.home_lost * rate,
            listening_grace=self.listening_grace * rate,
            short_absence=self.short_absence * rate,
            broker_lost=self.broker_lost * rate,
            command_life=self.command_life * rate,
            ask_every=self.ask_every * rate,
            ask_rarely=self.ask_rarely * rate,
        )
