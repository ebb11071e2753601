"""One civil time for the home and its robot, at rate 1, that skips the hours in which nothing is measured.

Real seconds stay real: what is measured happens at rate 1, like everything in a home. Two processes share the
distance by a small file, so that both jump at once.
"""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from simulator.clock import Moment

_SECONDS = struct.Struct("d")


class SharedDistance:
    """How far civil time (seconds since 1970) is ahead of CLOCK_MONOTONIC."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    @property
    def seconds(self) -> float:
        return float(_SECONDS.unpack_from(self._map)[0])

    @seconds.setter
    def seconds(self, seconds: float) -> None:
        _SECONDS.pack_into(self._map, 0, seconds)


class SkippingClock:
    """`dispenserd.clock.Clock` for the home. It also notes when the engine looked at it after an instant."""

    rate = 1.0

    def __init__(self, distance: SharedDistance) -> None:
        self._distance = distance
        self._awaited_s: float | None = None
        self.lateness_s: float | None = None

    def now(self) -> datetime:
        now_s = time.monotonic()
        if self._awaited_s is not None and now_s >= self._awaited_s:
            self.lateness_s, self._awaited_s = now_s - self._awaited_s, None
        exact = datetime.fromtimestamp(now_s + self._distance.seconds, UTC)
        return exact.replace(microsecond=exact.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Skips too: for the home the hours pass, and its clock does not step."""
        return time.monotonic() + self._distance.seconds

    def skip_to(self, instant: datetime) -> None:
        """Only forwards."""
        if instant > self.now():
            self._distance.seconds = instant.timestamp() - time.monotonic()

    def skip(self, span: timedelta) -> None:
        self._distance.seconds += span.total_seconds()

    def monotonic_of(self, instant: datetime) -> float:
        return instant.timestamp() - self._distance.seconds

    def await_look(self, instant: datetime) -> float:
        """The next look at or after `instant` is noted in `lateness_s`; its monotonic second is returned."""
        self.lateness_s, self._awaited_s = None, self.monotonic_of(instant)
        return self._awaited_s


class RobotClock:
    """The same for the simulated robot."""

    def __init__(self, distance: SharedDistance) -> None:
        self._distance = distance

    def now(self) -> Moment:
        monotonic_s = time.monotonic()
        return Moment(monotonic_s, int((monotonic_s + self._distance.seconds) * 1000))

    def real_s(self, civil_ms: int) -> float:
        return civil_ms / 1000
