"""Local civil time: both daylight-saving nights, and windows in elapsed time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from dateutil import tz
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.window import LocalTime, window

COPENHAGEN = LocalTime("Europe/Copenhagen")
SPRING = date(2026, 3, 29)  # 02:00 becomes 03:00
AUTUMN = date(2026, 10, 25)  # 03:00 becomes 02:00


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (date(2026, 1, 15), time(8), utc(2026, 1, 15, 7)),
        (date(2026, 7, 15), time(8), utc(2026, 7, 15, 6)),
        (date(2028, 2, 29), time(22), utc(2028, 2, 29, 21)),
        (date(2026, 12, 31), time(23, 59), utc(2026, 12, 31, 22, 59)),
        (SPRING, time(1, 59), utc(2026, 3, 29, 0, 59)),
        (SPRING, time(2, 0), utc(2026, 3, 29, 1)),
        (SPRING, time(2, 30), utc(2026, 3, 29, 1)),
        (SPRING, time(2, 59, 59, 999_000), utc(2026, 3, 29, 1)),
        (SPRING, time(3, 0), utc(2026, 3, 29, 1)),
        (SPRING, time(8), utc(2026, 3, 29, 6)),
        (AUTUMN, time(1, 59), utc(2026, 10, 24, 23, 59)),
        (AUTUMN, time(2, 30), utc(2026, 10, 25, 0, 30)),
        (AUTUMN, time(2, 30, fold=1), utc(2026, 10, 25, 0, 30)),
        (AUTUMN, time(3, 0), utc(2026, 10, 25, 2)),
        (AUTUMN, time(8), utc(2026, 10, 25, 7)),
    ],
)
def test_a_local_time_has_one_instant_on_every_day(day: date, clock: time, expected: datetime) -> None:
    assert COPENHAGEN.instant(day, clock) == expected


def test_a_day_may_have_23_or_25_hours() -> None:
    assert COPENHAGEN.midnight(date(2026, 3, 30)) - COPENHAGEN.midnight(SPRING) == timedelta(hours=23)
    assert COPENHAGEN.midnight(date(2026, 10, 26)) - COPENHAGEN.midnight(AUTUMN) == timedelta(hours=25)


def test_midnight_is_the_first_instant_of_a_day_whose_midnight_is_skipped() -> None:
    santiago = LocalTime("America/Santiago")
    changing = date(2024, 9, 8)  # 00:00 becomes 01:00
    first = santiago.midnight(changing)
    assert santiago.local(first) == datetime.combine(changing, time(1))
    assert santiago.day_of(first - timedelta(milliseconds=1)) == date(2024, 9, 7)


def test_midnight_is_the_first_of_two_where_it_comes_twice() -> None:
    havana = LocalTime("America/Havana")
    changing = date(2024, 11, 3)  # 01:00 becomes 00:00
    first = havana.midnight(changing)
    assert havana.day_of(first) == changing
    assert havana.day_of(first - timedelta(milliseconds=1)) == date(2024, 11, 2)
    assert havana.local(first + timedelta(hours=1)) == havana.local(first)


def test_local_time_has_no_offset_and_no_memory_of_the_fold() -> None:
    second = COPENHAGEN.local(utc(2026, 10, 25, 1, 30))
    assert second == datetime.combine(AUTUMN, time(2, 30))
    assert second.tzinfo is None
    assert second.fold == 0


def test_documents_get_the_offset_of_the_instant() -> None:
    assert COPENHAGEN.with_offset(utc(2026, 10, 25, 0, 30)).isoformat() == "2026-10-25T02:30:00+02:00"
    assert COPENHAGEN.with_offset(utc(2026, 10, 25, 1, 30)).isoformat() == "2026-10-25T02:30:00+01:00"


def test_the_civil_date_is_the_local_one() -> None:
    assert COPENHAGEN.day_of(utc(2026, 11, 2, 22, 59)) == date(2026, 11, 2)
    assert COPENHAGEN.day_of(utc(2026, 11, 2, 23, 0)) == date(2026, 11, 3)


@settings(max_examples=150, deadline=None)
@given(
    day=st.dates(date(2000, 1, 1), date(2036, 12, 31)),
    clock=st.times(),
    zone=st.sampled_from(["Europe/Copenhagen", "America/Nuuk", "Atlantic/Faroe", "Australia/Lord_Howe"]),
)
def test_an_independent_calendar_agrees_on_every_time_that_exists(day: date, clock: time, zone: str) -> None:
    oracle_zone = tz.gettz(zone)
    wall = datetime.combine(day, clock, tzinfo=oracle_zone)
    if tz.datetime_exists(wall):
        assert LocalTime(zone).instant(day, clock) == tz.enfold(wall, fold=0).astimezone(UTC)


@pytest.mark.parametrize("name", ["Europe/Copenhague", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_an_error_at_once(name: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        LocalTime(name)


def test_a_clock_time_with_an_offset_is_our_bug() -> None:
    with pytest.raises(ValueError, match="offset"):
        COPENHAGEN.instant(SPRING, time(8, tzinfo=UTC))


@pytest.mark.parametrize("opens", [utc(2026, 3, 29, 0, 30), utc(2026, 10, 25, 0, 30), utc(2026, 6, 1, 6)])
def test_a_window_is_two_elapsed_hours_on_every_night(opens: datetime) -> None:
    length = timedelta(hours=2)
    assert window(opens, length) == (opens, opens + timedelta(hours=1), opens + length)
