"""When a chore is due: slots in UTC, spread over a fleet by the box's name, and the run before. Pure.

Late is harmless, so a slot that was slept through is one run, as soon as the home looks; and two runs lie
half a period apart at least, however the clock was set between them.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from scheduler.world import World

MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
"""Slots are counted from here: a Monday, in UTC, so that no summer time moves or doubles one."""

NEVER = datetime.max.replace(tzinfo=UTC)
"""Before the first event of a home nothing is due."""

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = timedelta(days=7)

TEST_DAYS = 4
"""Monday to Thursday: what a failed test shows is mended before the weekend."""

TEST_FROM = timedelta(hours=8)
TEST_SPREAD = timedelta(hours=5)
"""09:00 to 15:00 in Denmark, summer and winter: when those who mend it are at work."""

NIGHT_FROM = timedelta(hours=1)
NIGHT_SPREAD = timedelta(hours=2)
"""Between the last window of a day and the first one of the next, as most plans have them."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    every: timedelta
    offset: timedelta  # of its slot from the beginning of each period, counted from MONDAY


TEST_ALARM, INTEGRITY, PRUNING, CERTIFICATES = "test_alarm", "integrity", "pruning", "certificates"


def rhythms(box: str) -> dict[str, Rhythm]:
    """Every chore of a home, by name: one weekday and minute a box, so that a fleet does not ring as one."""
    minutes = int(TEST_SPREAD / MINUTE)
    day, minute = divmod(int(share(box, TEST_ALARM) * TEST_DAYS * minutes), minutes)
    nightly = int(NIGHT_SPREAD / MINUTE)
    return {
        TEST_ALARM: Rhythm(WEEK, day * DAY + TEST_FROM + minute * MINUTE),
        **{
            name: Rhythm(DAY, NIGHT_FROM + int(share(box, name) * nightly) * MINUTE)
            for name in (INTEGRITY, PRUNING, CERTIFICATES)
        },
    }


def last_run(world: World, chore: str) -> datetime:
    """By the journal; a chore that never ran counts from where the home began."""
    runs = [run.at for name, run in world.chores.items() if name == chore]
    if chore == TEST_ALARM and world.alarm_test is not None:
        runs.append(world.alarm_test.begun)  # also one that a person asked for
    return max(runs, default=world.began or NEVER)


def due(rhythm: Rhythm, last: datetime, now: datetime) -> datetime | None:
    """The slot of the next run, which may have passed; None while the clock shows less than at the last run:
    then only uptime says how long ago that was."""
    if last > now:
        return None
    since = last + rhythm.every / 2 - MONDAY - rhythm.offset
    return MONDAY + rhythm.offset + math.ceil(since / rhythm.every) * rhythm.every


def share(*names: str) -> float:
    """From 0 up to 1, the same for the same names."""
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32
