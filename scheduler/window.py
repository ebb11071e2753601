"""Local civil time: the only home of time zones and of the two daylight-saving nights.

It knows how a local date and clock time become an instant and how long a window is. It knows no doses and
reads no clock. `expand` plans with it; the shell shows and documents local times with it.

Policies (2026-11-29):
- A time that the spring gap skips becomes the first instant after the gap: 02:30 is dispensed at 03:00, so
  the night has one dose, not none.
- A time that the autumn fold repeats is the first of the two: one dose, not two.
- Windows, half windows and minimum intervals are elapsed time. Two hours are 120 minutes on both nights, also
  when the wall clock says one hour or three.
- A dose belongs to the civil date on which its planned time lies. A `night` that is mapped to 00:30 is the
  first dose of its date, not the last of the date before.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.limits import HALF

DAYS_CACHED = 64
"""A home plans two days ahead and documents a few back; more is a test that runs through a year."""

INSTANTS_CACHED = 256
"""The doses of those days: each is looked at in local time whenever the mouth of a strip is."""

LAST_MOMENT = time(23, 59, 59, 999_999)


class LocalTime:
    """One home's civil time. Naive datetimes are local, aware ones are UTC."""

    def __init__(self, zone_name: str) -> None:
        self._zone = _zone(zone_name)
        self._steady_offset = lru_cache(maxsize=DAYS_CACHED)(self._offset_all_day)
        self._local = lru_cache(maxsize=INSTANTS_CACHED)(self._local_of)

    def instant(self, day: date, clock: time) -> datetime:
        """When the local clock first shows `clock` on `day`, or jumps over it."""
        if clock.tzinfo is not None:
            raise ValueError("a local clock time has no offset")
        local = datetime.combine(day, clock.replace(fold=0))
        steady = self._steady_offset(day)
        if steady is not None:
            return (local - steady).replace(tzinfo=UTC)
        return self._instant_on_changing_day(local)

    def local(self, instant: datetime) -> datetime:
        return self._local(instant)

    def with_offset(self, instant: datetime) -> datetime:
        """The same instant as local time with its UTC offset, as documents want it."""
        return instant.astimezone(self._zone)

    def day_of(self, instant: datetime) -> date:
        return self.local(instant).date()

    def midnight(self, day: date) -> datetime:
        """The first instant of `day`, also where its 00:00 is skipped or comes twice."""
        return self.instant(day, time())

    def midnights(self, first: date, last: date) -> list[datetime | None]:
        """The first instant of each date; None for one on which the offset changes, which goes by
        `instant`."""
        starts = [datetime.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 2)]
        zone = self._zone
        offsets = [start.replace(tzinfo=zone).utcoffset() for start in starts]
        return [
            (start - offset).replace(tzinfo=UTC) if offset is not None and offset == next_offset else None
            for start, offset, next_offset in zip(starts, offsets, offsets[1:], strict=False)
        ]

    def _local_of(self, instant: datetime) -> datetime:
        return self.with_offset(instant).replace(tzinfo=None, fold=0)

    def _instant_on_changing_day(self, local: datetime) -> datetime:
        before = (local - self._offset(local)).replace(tzinfo=UTC)
        after = (local - self._offset(local.replace(fold=1))).replace(tzinfo=UTC)
        if before <= after:  # shown once, or twice: the first
            return before
        return self._first_instant_not_before(local, after, before)

    def _first_instant_not_before(self, local: datetime, early: datetime, late: datetime) -> datetime:
        """The end of the gap that skips `local`: zone rules change on whole seconds of UTC."""
        early = early.replace(microsecond=0)
        late = late.replace(microsecond=0) + timedelta(seconds=bool(late.microsecond))
        while late - early > timedelta(seconds=1):
            middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
            if self.local(middle) < local:
                early = middle
            else:
                late = middle
        return late

    def _offset_all_day(self, day: date) -> timedelta | None:
        """The day's UTC offset, or None on a day that changes it."""
        first = self._offset(datetime.combine(day, time()))
        last = self._offset(datetime.combine(day, LAST_MOMENT).replace(fold=1))
        return first if first == last else None

    def _offset(self, local: datetime) -> timedelta:
        offset = local.replace(tzinfo=self._zone).utcoffset()
        assert offset is not None  # ZoneInfo knows an offset for every local time
        return offset


def window(opens: datetime, length: timedelta) -> tuple[datetime, datetime, datetime]:
    """(opens, half, closes) of a planned instant, in elapsed time."""
    return opens, opens + length / HALF, opens + length


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("unknown time zone") from error
