"""Instants in and out of text: UTC, to the millisecond, whatever zone the machine or the text is in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from scheduler.instant import from_iso, from_ms, iso

SEVEN = datetime(2026, 11, 2, 7, 0, 0, 5000, UTC)


@pytest.fixture
def tokyo() -> Iterator[None]:
    """A machine whose own zone is far from UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("tokyo")
def test_an_instant_is_written_in_utc_whatever_zone_it_came_in() -> None:
    east = SEVEN.astimezone(timezone(timedelta(hours=2)))
    assert iso(SEVEN) == iso(east) == "2026-11-02T07:00:00.005Z"


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize("text", ["2026-11-02T07:00:00.005Z", "2026-11-02T09:00:00.005+02:00"])
def test_an_instant_is_read_as_utc_whatever_its_offset(text: str) -> None:
    read = from_iso(text)
    assert (read, read.tzinfo) == (SEVEN, UTC)


def test_a_text_without_an_offset_is_no_instant() -> None:
    with pytest.raises(ValueError, match=r"^an instant needs an offset$"):
        from_iso("2026-11-02T07:00:00.005")


def test_milliseconds_since_1970_are_an_instant_in_utc() -> None:
    assert from_ms(1) == datetime(1970, 1, 1, 0, 0, 0, 1000, UTC)
    assert from_ms(0).tzinfo is UTC
