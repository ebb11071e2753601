"""The edges of local time that only a mutant finds: what is cached, what a gap ends at, what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from scheduler.window import LocalTime

COPENHAGEN = LocalTime("Europe/Copenhagen")
SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_what_is_no_zone_and_what_is_no_local_time_is_said() -> None:
    with pytest.raises(ValueError, match=r"^unknown time zone$"):
        LocalTime("Europe/Kopenhagen")
    with pytest.raises(ValueError, match=r"^a local clock time has no offset$"):
        COPENHAGEN.instant(SPRING, time(8, tzinfo=timezone(timedelta(hours=1))))


@pytest.mark.parametrize("clock", [time(2), time(2, 30), time(2, 59, 59, 999_999), time(2, 0, 0, 1)])
def test_whatever_the_gap_skips_is_its_end_to_the_second(clock: time) -> None:
    assert COPENHAGEN.instant(SPRING, clock) == utc(2027, 3, 28, 1)


@pytest.mark.parametrize(
    ("clock", "first"),
    [
        (time(1, 59, 59), utc(2026, 10, 24, 23, 59, 59)),
        (time(2), utc(2026, 10, 25, 0)),
        (time(2, 59, 59), utc(2026, 10, 25, 0, 59, 59)),
        (time(3), utc(2026, 10, 25, 2)),
    ],
)
def test_whatever_the_fold_repeats_is_the_first_of_two(clock: time, first: datetime) -> None:
    assert COPENHAGEN.instant(AUTUMN, clock) == first


def test_a_gap_that_swallows_midnight_or_half_an_hour() -> None:
    """Havana jumps at midnight; Lord Howe by half an hour."""
    assert LocalTime("America/Havana").midnight(date(2027, 3, 14)) == utc(2027, 3, 14, 5)
    howe = LocalTime("Australia/Lord_Howe")
    assert howe.instant(date(2026, 10, 4), time(2, 15)) == utc(2026, 10, 3, 15, 30)


def test_midnights_are_those_of_each_date_and_none_where_the_offset_changes() -> None:
    first = date(2027, 3, 26)
    found = COPENHAGEN.midnights(first, first + timedelta(days=4))
    assert found == [
        utc(2027, 3, 25, 23),
        utc(2027, 3, 26, 23),
        None,
        utc(2027, 3, 28, 22),
        utc(2027, 3, 29, 22),
    ]
    whole = [COPENHAGEN.midnight(first + timedelta(days=n)) for n in range(5)]
    assert [each for each, given in zip(whole, found, strict=True) if given is not None] == [
        each for each in found if each is not None
    ]


def test_a_day_with_one_offset_is_asked_for_once() -> None:
    """A year is planned in milliseconds because most days never change their offset."""
    local = LocalTime("Europe/Copenhagen")
    for hour in range(24):
        local.instant(date(2026, 11, 2), time(hour))
    asked = local._steady_offset.cache_info()
    assert (asked.misses, asked.hits, asked.maxsize) == (1, 23, 64)
    assert local._steady_offset(date(2026, 11, 2)) == timedelta(hours=1)
    assert local._steady_offset(AUTUMN) is None
