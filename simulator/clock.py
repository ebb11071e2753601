"""The only clock of the simulated robot: real seconds for its uptime, civil time for its battery clock.

A rated run passes civil time faster: civil now = civil epoch + (monotonic now - monotonic epoch) * rate.
Uptime and baud stay real; motors and people follow civil time. Everything else takes a `Moment`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    monotonic_s: float  # real seconds, never steps
    civil_ms: int  # milliseconds of UTC, rounded down


@dataclass(frozen=True, slots=True)
class RatedClock:
    """`rate` civil seconds pass in one real second."""

    civil_epoch_ms: int
    monotonic_epoch_s: float
    rate: float

    def now(self) -> Moment:
        monotonic_s = time.monotonic()
        elapsed_ms = (monotonic_s - self.monotonic_epoch_s) * 1000 * self.rate
        return Moment(monotonic_s, self.civil_epoch_ms + int(elapsed_ms // 1))

    def real_s(self, civil_ms: int) -> float:
        """How long `civil_ms` of civil time last."""
        return civil_ms / 1000 / self.rate


def clock_from(civil_epoch_ms: int | None, monotonic_epoch_s: float | None, rate: float) -> RatedClock:
    """Epochs that are not given are now."""
    return RatedClock(
        int(time.time() * 1000) if civil_epoch_ms is None else civil_epoch_ms,
        time.monotonic() if monotonic_epoch_s is None else monotonic_epoch_s,
        rate,
    )
