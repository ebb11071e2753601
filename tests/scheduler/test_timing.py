"""Which dates a dosage asks for, beside an independent calendar."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

from dateutil.rrule import DAILY, rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.plan import DayPart, Dosage, Intake, Prescription
from scheduler.timing import intakes_on

MORNING = Intake(Decimal(1), DayPart.MORNING)
EVENING = Intake(Decimal(2), DayPart.EVENING)


def prescription(*dosages: Dosage) -> Prescription:
    return Prescription("p1", "N02BE01", "500 mg", "tablet", dosages)


def dates(one: Prescription, first: date, days: int) -> list[date]:
    return [day for day in (first + timedelta(n) for n in range(days)) if intakes_on(one, day)]


def test_first_and_last_date_both_belong_to_the_dosage() -> None:
    one = prescription(Dosage(date(2026, 11, 2), date(2026, 11, 4), 1, (MORNING,)))
    assert dates(one, date(2026, 10, 30), 10) == [date(2026, 11, 2), date(2026, 11, 3), date(2026, 11, 4)]


def test_every_third_day_counts_from_the_first_date() -> None:
    one = prescription(Dosage(date(2026, 12, 30), None, 3, (MORNING,)))
    assert dates(one, date(2026, 12, 28), 10) == [date(2026, 12, 30), date(2027, 1, 2), date(2027, 1, 5)]


def test_a_leap_day_is_a_day_like_any_other() -> None:
    one = prescription(Dosage(date(2028, 2, 27), None, 2, (MORNING,)))
    assert dates(one, date(2028, 2, 27), 5) == [date(2028, 2, 27), date(2028, 2, 29), date(2028, 3, 2)]


def test_two_dosages_of_one_prescription_add_up_on_a_date() -> None:
    one = prescription(
        Dosage(date(2026, 11, 2), None, 1, (MORNING,)), Dosage(date(2026, 11, 3), None, 1, (EVENING,))
    )
    assert intakes_on(one, date(2026, 11, 2)) == (MORNING,)
    assert intakes_on(one, date(2026, 11, 3)) == (MORNING, EVENING)


@settings(max_examples=60, deadline=None)
@given(
    first=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    length=st.none() | st.integers(0, 400),
    every=st.integers(1, 365),
)
def test_an_independent_calendar_agrees_on_every_date(first: date, length: int | None, every: int) -> None:
    last = None if length is None else first + timedelta(length)
    one = prescription(Dosage(first, last, every, (MORNING,)))
    horizon = first + timedelta(420)
    until = min(last, horizon) if last else horizon
    start, end = datetime.combine(first, time()), datetime.combine(until, time())
    oracle = rrule(DAILY, interval=every, dtstart=start, until=end)
    assert dates(one, first - timedelta(3), 424) == [moment.date() for moment in oracle]
