"""Which dates a dosage asks for."""

from __future__ import annotations

from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Dosage, Intake, Period, cycle
from scheduler.timing import intakes_on, last_fixed_day

MORNING = Intake(Decimal(1), DayPart.MORNING)
EVENING = Intake(Decimal(2), DayPart.EVENING)
PLAIN = Intake(Decimal(1))
NEEDED = Intake(Decimal(1), as_needed=True)
START = date(2026, 11, 2)


def dosage(*periods: Period) -> Dosage:
    return Dosage("tablet", periods)


def dates(one: Dosage, first: date, days: int) -> list[date]:
    return [day for day in (first + timedelta(n) for n in range(days)) if intakes_on(one, day)]


def test_first_and_last_date_both_belong_to_the_period() -> None:
    one = dosage(cycle(START, date(2026, 11, 4), 1, (MORNING,)))
    assert dates(one, date(2026, 10, 30), 10) == [START, date(2026, 11, 3), date(2026, 11, 4)]


def test_every_third_day_counts_from_the_first_date() -> None:
    one = dosage(cycle(date(2026, 12, 30), None, 3, (MORNING,)))
    assert dates(one, date(2026, 12, 28), 10) == [date(2026, 12, 30), date(2027, 1, 2), date(2027, 1, 5)]


def test_a_leap_day_is_a_day_like_any_other() -> None:
    one = dosage(cycle(date(2028, 2, 27), None, 2, (MORNING,)))
    assert dates(one, date(2028, 2, 27), 5) == [date(2028, 2, 27), date(2028, 2, 29), date(2028, 3, 2)]


def test_two_periods_beside_each_other_add_up_on_a_date() -> None:
    one = dosage(cycle(START, None, 1, (MORNING,)), cycle(date(2026, 11, 3), None, 1, (EVENING,)))
    assert intakes_on(one, START) == (MORNING,)
    assert intakes_on(one, date(2026, 11, 3)) == (MORNING, EVENING)


def test_a_cycle_of_21_of_28_days_keeps_its_phase_over_the_year() -> None:
    days = tuple(Day(number, (MORNING,)) for number in range(1, 22))
    one = dosage(Period(START, None, 28, days))
    asked = dates(one, START, 70)
    assert [(day - START).days for day in asked] == [*range(21), *range(28, 49), *range(56, 70)]


def test_a_cycle_of_two_weeks_counts_from_its_first_date_whatever_weekday_that_is() -> None:
    wednesday = date(2026, 11, 4)
    one = dosage(Period(wednesday, None, 14, (Day(1, (MORNING,)), Day(6, (EVENING,)))))
    assert dates(one, wednesday, 20) == [wednesday, date(2026, 11, 9), date(2026, 11, 18), date(2026, 11, 23)]


def test_what_is_not_iterated_comes_once() -> None:
    days = (Day(1, (MORNING,)), Day(3, (EVENING,)), Day(9, (MORNING,)))
    one = dosage(Period(START, date(2026, 11, 8), NOT_ITERATED, days))
    assert dates(one, START, 60) == [START, date(2026, 11, 4)]


def test_an_interval_longer_than_the_period_is_as_good_as_none() -> None:
    once, long = (dosage(Period(START, date(2026, 11, 8), every, (Day(2, (MORNING,)),))) for every in (0, 30))
    assert dates(once, START, 90) == dates(long, START, 90) == [date(2026, 11, 3)]


def test_as_needed_medicine_has_no_dates() -> None:
    one = dosage(Period(START, None, 0, (Day(ANY_DAY, (NEEDED,)),)), cycle(START, None, 1, (NEEDED, MORNING)))
    assert intakes_on(one, START) == (MORNING,)


def test_a_period_without_days_gives_nothing() -> None:
    one = dosage(cycle(START, START, 1, (MORNING,)), Period(date(2026, 11, 3), None, NOT_ITERATED, ()))
    assert dates(one, START, 9) == [START]
    assert last_fixed_day(one) == START


@pytest.mark.parametrize(
    ("times", "parts"),
    [(1, "morning"), (2, "morning evening"), (3, "morning noon evening"), (4, "morning noon evening night")],
)
def test_n_times_a_day_are_these_parts_of_the_day(times: int, parts: str) -> None:
    asked = intakes_on(dosage(cycle(START, None, 1, [PLAIN] * times)), START)
    assert [intake.part for intake in asked] == parts.split()


def test_the_last_day_is_that_of_what_is_given_not_of_what_may_be_asked_for() -> None:
    needed = Period(START, None, NOT_ITERATED, (Day(ANY_DAY, (NEEDED,)),))
    assert last_fixed_day(dosage(needed)) is None
    assert last_fixed_day(dosage(needed, cycle(START, date(2026, 11, 9), 1, (MORNING,)))) == date(2026, 11, 9)
    assert last_fixed_day(dosage(cycle(START, None, 1, (MORNING,)))) == date.max
    assert last_fixed_day(dosage(Period(START, None, 0, (Day(4, (MORNING,)),)))) == date(2026, 11, 5)


def test_plain_intakes_get_their_parts_of_the_day_and_keep_their_most() -> None:
    one, two = Decimal(1), Decimal(2)
    nine = Intake(one, clock=time(9))
    day = Day(1, (Intake(one, maximal=two), nine, Intake(one)))
    assert day.fixed == (Intake(one, DayPart.MORNING, maximal=two), nine, Intake(one, DayPart.EVENING))


def test_of_more_plain_intakes_than_there_are_parts_none_has_a_time() -> None:
    """The importers refuse it; it is never spread."""
    assert [each.part for each in Day(1, (Intake(Decimal(1)),) * 5).fixed] == [None] * 5
