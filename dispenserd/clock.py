"""The only clock reader of the daemon, the on-call process and the terminal commands.

It knows what time the machine says it is; whether that may be believed is the dosing core's question
(rules 17 and 18 in docs/safety.md). Everything else gets a `Clock`, or just `now`, as an argument.

A rehearsal runs civil time faster: all its processes derive the same civil time from CLOCK_MONOTONIC, which
every process of one machine shares. Only `dispenserd.rehearsal` starts a root with such a clock; the
environment variable read by `from_environment` exists so that terminal commands can look into a running
rehearsal. `dispenserd run` and `dispenserd oncall run` never read it.
"""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

RATE_MAX = 1200.0
"""A day in 72 s: faster, and the robot's paced serial line is slower than the day it plays in."""

SLEW_PPM_MAX = 500
"""What time synchronisation may bend a clock without stepping it; more than this is a step."""

REHEARSAL_CLOCK_VARIABLE = "DISPENSERD_REHEARSAL_CLOCK"
"""`CIVIL_EPOCH,MONOTONIC_EPOCH,RATE`, as in `2026-11-02T06:55:00Z,1234.5,600`."""


class Clock(Protocol):
    @property
    def rate(self) -> float:
        """Civil seconds per real second: 1 except in a rehearsal."""

    def now(self) -> datetime:
        """Civil time in UTC, rounded down to whole milliseconds."""

    def monotonic(self) -> float:
        """Real seconds since a fixed point in the past; the wall clock's steps don't touch it."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    rate: float = 1.0

    def now(self) -> datetime:
        return _whole_ms(datetime.now(UTC))

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class RatedClock:
    """ValueError for a naive epoch, or a rate that is not above 0 and at most RATE_MAX."""

    civil_epoch: datetime
    monotonic_epoch: float
    rate: float

    def __post_init__(self) -> None:
        if self.civil_epoch.tzinfo is None:
            raise ValueError("the civil epoch needs an offset, as in 2026-11-02T06:55:00Z")
        if not math.isfinite(self.monotonic_epoch):
            raise ValueError("the monotonic epoch must be a number of seconds")
        if not 0 < self.rate <= RATE_MAX:
            raise ValueError(f"the rate must be above 0 and at most {RATE_MAX:.0f}")

    def now(self) -> datetime:
        elapsed_s = (time.monotonic() - self.monotonic_epoch) * self.rate
        return _whole_ms(self.civil_epoch.astimezone(UTC) + timedelta(seconds=elapsed_s))

    def monotonic(self) -> float:
        return time.monotonic()


def rated(civil_epoch: str, monotonic_epoch: str, rate: str) -> RatedClock:
    """A rehearsal's clock from the three texts its processes start with; ValueError says which is wrong."""
    try:
        civil = datetime.fromisoformat(civil_epoch)
    except ValueError:
        raise ValueError("the civil epoch must be ISO 8601, as in 2026-11-02T06:55:00Z") from None
    try:
        return RatedClock(civil, float(monotonic_epoch), float(rate))
    except OverflowError:
        raise ValueError("the rehearsal clock's numbers are too large") from None


def from_environment(environment: Mapping[str, str] | None = None) -> Clock:
    """For terminal commands other than `run`: the system's clock, or the rehearsal's if one is named."""
    text = (os.environ if environment is None else environment).get(REHEARSAL_CLOCK_VARIABLE, "")
    if not text:
        return SystemClock()
    parts = text.split(",")
    if len(parts) != 3:
        raise ValueError(f"{REHEARSAL_CLOCK_VARIABLE} must be CIVIL_EPOCH,MONOTONIC_EPOCH,RATE")
    return rated(*parts)


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks at one moment."""

    civil: datetime
    monotonic_s: float


def read(clock: Clock) -> Reading:
    return Reading(civil=clock.now(), monotonic_s=clock.monotonic())


def moved_apart(before: Reading, after: Reading, rate: float) -> timedelta:
    """How much further civil time went than the monotonic clock allows; negative = it was set back.

    What synchronisation may slew is forgiven, so that a month of honest slewing never adds up to a step.
    """
    elapsed = timedelta(seconds=(after.monotonic_s - before.monotonic_s) * rate)
    apart = (after.civil - before.civil) - elapsed
    slew = abs(elapsed) * SLEW_PPM_MAX / 1_000_000
    if apart > slew:
        return apart - slew
    if apart < -slew:
        return apart + slew
    return timedelta(0)


@dataclass(frozen=True, slots=True)
class StepWatch:
    """Adds up what moved the clocks apart, so that two steps of half the limit are seen as well as one."""

    limit: timedelta
    rate: float
    last: Reading
    apart: timedelta = timedelta(0)

    def saw(self, reading: Reading) -> tuple[StepWatch, timedelta | None]:
        """The watch after this reading, and the step if it is now beyond the limit (reported once)."""
        apart = self.apart + moved_apart(self.last, reading, self.rate)
        if abs(apart) > self.limit:
            return StepWatch(self.limit, self.rate, last=reading), apart
        return StepWatch(self.limit, self.rate, last=reading, apart=apart), None


async def set_or_due(event: asyncio.Event, after_s: float) -> None:
    """Until somebody sets the event; after `after_s` the clock does."""
    due = asyncio.get_running_loop().call_later(after_s, event.set)
    try:
        await event.wait()
    finally:
        due.cancel()


def _whole_ms(instant: datetime) -> datetime:
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
