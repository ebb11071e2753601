"""The clocks of the bottle: true time, a wall clock that can be wrong, everybody's monotonic seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulator.clock import Moment

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Times:
    """`start` is true civil time at 0 s. `wall_off` is how far the box's wall clock is ahead."""

    start: datetime
    now_s: float = 0.0
    wall_off: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self._true = (0.0, self.start)  # as last asked for: everybody asks at the same instant
        self._walls: list[tuple[datetime, timedelta]] = []  # until when, and how far ahead it was
        self._start_ms = (self.start - EPOCH) // timedelta(milliseconds=1)

    def seconds(self) -> float:
        return self.now_s

    @property
    def true(self) -> datetime:
        """Whole milliseconds."""
        if self._true[0] != self.now_s:
            self._true = (self.now_s, self.start + timedelta(milliseconds=int(self.now_s * 1000 + 1e-6)))
        return self._true[1]

    @property
    def true_ms(self) -> int:
        return self._start_ms + int(self.now_s * 1000 + 1e-6)

    @property
    def moment(self) -> Moment:
        return Moment(self.now_s, self.true_ms)

    def set_wall(self, off: timedelta) -> None:
        """From now on the box's wall clock is that far ahead."""
        self._walls.append((self.true, self.wall_off))
        self.wall_off = off

    def true_of(self, shown: datetime) -> datetime:
        """When the box's wall clock last showed this: it may have been set since."""
        until, off = self.true, self.wall_off
        for since, before in reversed(self._walls):
            if since <= shown - off <= until:
                return shown - off
            until, off = since, before
        return shown - off

    def at_s(self, true: datetime) -> float:
        """The monotonic second of an instant of true time."""
        return (true - self.start).total_seconds()


@dataclass(frozen=True)
class BoxClock:
    """`dispenserd.clock.Clock` for a box whose wall clock may be wrong."""

    times: Times
    rate: float = 1.0

    def now(self) -> datetime:
        return self.times.true + self.times.wall_off

    def monotonic(self) -> float:
        return self.times.now_s
