"""Medicine as needed that the card ties to a date or a time is had then and at no other time (rule 8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest

from scheduler.as_needed_limits import as_needed_intakes, as_needed_period
from scheduler.dosage import ANY_DAY, Day, DayPart, Dosage, Intake, Limit, Period
from scheduler.plan import Prescription
from tests.scheduler.test_as_needed import (
    as_needed,
    asks,
    at,
    controlled_here,
    doses,
    has_one,
    home_with,
    refused,
)
from tests.support.pure_home import FIRST_DAY, RESIDENT, PureHome, utc

LIMIT = Limit(gap_min=60, times=4)
NIGHT = Intake(Decimal(1), DayPart.NIGHT, as_needed=True)
HALF_PAST_TEN = Intake(Decimal(1), clock=time(10, 30), as_needed=True)
ANY_TIME = Intake(Decimal(1), as_needed=True)


def tied(*intakes: Intake, every: int = 1, number: int = 1, first: date = FIRST_DAY) -> Prescription:
    period = Period(first, None, every, (Day(number, intakes),), LIMIT)
    return replace(as_needed(), dosage=Dosage("tablet", (period,)))


def days_with(prescription: Prescription, days: int) -> list[int]:
    """Of November."""
    dates = [FIRST_DAY + timedelta(n) for n in range(days)]
    return [each.day for each in dates if as_needed_intakes(prescription, each)]


def asked_at(home: PureHome, local: str, day: int = 1) -> bool:
    """Whether it was handed out."""
    before = len(doses(home))
    at(home, local, day)
    asks(home)
    return len(doses(home)) > before


def test_what_is_for_the_night_is_not_handed_out_in_the_morning() -> None:
    home = home_with(tied(NIGHT))
    assert not asked_at(home, "10:00")
    assert refused(home) == ("asked_too_soon", utc("22:00"))
    assert not asked_at(home, "21:59")
    at(home, "22:00")
    has_one(home)
    assert len(doses(home)) == 1


def test_its_window_is_that_of_a_planned_dose_of_its_time() -> None:
    home = home_with(tied(HALF_PAST_TEN))
    assert not asked_at(home, "12:30")
    assert refused(home) == ("asked_too_soon", utc("10:30", 2))
    assert asked_at(home, "12:29", 2)


def test_controlled_medicine_has_the_shorter_window() -> None:
    home = home_with(tied(HALF_PAST_TEN))
    controlled_here(home)
    assert not asked_at(home, "11:30")
    assert refused(home) == ("asked_too_soon", utc("10:30", 2))


def test_one_of_several_times_is_enough_and_a_time_beside_none_ties_nothing() -> None:
    home = home_with(tied(HALF_PAST_TEN, NIGHT))
    assert not asked_at(home, "14:00")
    assert refused(home) == ("asked_too_soon", utc("22:00"))
    assert asked_at(home_with(tied(NIGHT, ANY_TIME)), "14:00")
    assert asked_at(home_with(), "14:00")


def test_a_window_that_opened_before_midnight_reaches_into_the_next_day() -> None:
    late = Intake(Decimal(1), clock=time(23, 30), as_needed=True)
    home = home_with(tied(late))
    assert asked_at(home, "01:29", 2)
    assert not asked_at(home_with(tied(late)), "01:30", 2)


@pytest.mark.parametrize(("every", "opens"), [(7, utc("10:30", 8)), (8, None), (0, None)])
def test_the_next_window_is_told_a_week_ahead_and_no_further(every: int, opens: datetime | None) -> None:
    home = home_with(tied(HALF_PAST_TEN, every=every))
    assert not asked_at(home, "12:30")
    assert refused(home) == ("asked_too_soon", opens)


@pytest.mark.parametrize(
    ("prescription", "days"),
    [
        (tied(ANY_TIME, every=7, number=2), [3, 10]),
        (tied(ANY_TIME, every=2), [2, 4, 6, 8, 10]),
        (tied(ANY_TIME, every=0, number=3), [4]),
        (tied(ANY_TIME, every=0, number=ANY_DAY), list(range(2, 12))),
        (tied(ANY_TIME), list(range(2, 12))),
    ],
)
def test_a_day_with_a_number_is_that_date_and_no_other(prescription: Prescription, days: list[int]) -> None:
    assert days_with(prescription, 10) == days
    there = [as_needed_period(prescription, FIRST_DAY + timedelta(n)) is not None for n in range(10)]
    assert there == [day in days for day in range(2, 12)]


def test_on_another_date_nothing_is_released() -> None:
    home = home_with(tied(ANY_TIME, every=7, number=2))
    assert not asked_at(home, "09:00", 1)
    assert asked_at(home, "09:00", 2)
    assert RESIDENT in doses(home)[0].dose_id
