"""Occurrences of random dosages over random years, beside an independent calendar: none more, none less."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scheduler import occurrences as occurrences_module
from scheduler.dosage import ANY_DAY, Day, DayPart, Dosage, Intake, Period, cycle
from scheduler.expand import DayClock
from scheduler.occurrences import Occurrence, occurrences
from scheduler.timing import dates, intakes_on
from scheduler.window import LocalTime
from tests.support.dosage_calendar import CLOCK, Moment, expected, in_order

ZONE = "Europe/Copenhagen"
LOCAL = LocalTime(ZONE)
DAY_CLOCK = DayClock(1, CLOCK)
NIGHT_CLOCK = {**CLOCK, DayPart.NIGHT: time(2, 30)}
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)

quantities = st.sampled_from([Decimal("0.5"), Decimal(1), Decimal("1.5"), Decimal(2)])
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59])) | st.sampled_from(
    [time(2), time(2, 30), time(3), time(1, 59), time(0), time(23, 59)]
)
parts = st.builds(Intake, quantities, st.sampled_from(DayPart))
timed = st.builds(Intake, quantities, st.none(), clocks)
needed = st.builds(Intake, quantities, st.none() | st.sampled_from(DayPart), as_needed=st.just(True))
plain = st.builds(lambda quantity, times: (Intake(quantity),) * times, quantities, st.integers(1, 4))
intakes = st.lists(parts | timed | needed, min_size=1, max_size=5).map(tuple) | plain
starts = (
    st.dates(date(2023, 12, 1), date(2029, 3, 31))
    | st.builds(lambda n: SPRING - timedelta(n), st.integers(0, 40))
    | st.builds(lambda n: AUTUMN - timedelta(n), st.integers(0, 40))
    | st.sampled_from([date(2028, 2, 29), date(2027, 12, 31), date(2024, 2, 28)])
)


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first, every = draw(starts), draw(st.integers(0, 9) | st.sampled_from([14, 28, 30, 365]))
    length = draw(st.none() | st.integers(0, 500))
    numbers = draw(st.sets(st.integers(1, every or 12), max_size=6))
    days = tuple(Day(number, draw(intakes)) for number in sorted(numbers))
    return Period(first, None if length is None else first + timedelta(length), every, days)


dosages = st.builds(lambda some: Dosage("tablet", tuple(some)), st.lists(periods(), max_size=3))


def ours(dosage: Dosage, first: date, last: date, clock: dict[DayPart, time] = CLOCK) -> list[Moment]:
    found = occurrences([dosage], first, last, DayClock(1, clock), LOCAL)
    assert found == sorted(found, key=lambda one: one.at)
    return in_order([(one.at, None if one.slot is None else one.slot.value, one.quantity) for one in found])


@settings(max_examples=150, deadline=None)
@given(dosage=dosages, first=starts, days=st.integers(0, 420))
@example(Dosage("tablet", (cycle(SPRING, None, 1, (Intake(Decimal(1), clock=time(2, 30)),)),)), SPRING, 0)
@example(Dosage("tablet", (cycle(AUTUMN, None, 1, (Intake(Decimal(1), clock=time(2, 30)),)),)), AUTUMN, 1)
def test_an_independent_calendar_has_exactly_the_same_occurrences(
    dosage: Dosage, first: date, days: int
) -> None:
    last = first + timedelta(days)
    for clock in (CLOCK, NIGHT_CLOCK):
        assert ours(dosage, first, last, clock) == expected(dosage, first, last, ZONE, clock)


@settings(max_examples=60, deadline=None)
@given(dosage=dosages, first=starts)
def test_date_by_date_and_all_at_once_are_the_same(dosage: Dosage, first: date) -> None:
    """The home plans a date at a time; what is explained is a stretch."""
    days = [first + timedelta(n) for n in range(60)]
    one_by_one = [intake.quantity for day in days for intake in intakes_on(dosage, day)]
    whole = occurrences([dosage], days[0], days[-1], DAY_CLOCK, LOCAL)
    assert sum(one_by_one) == sum(one.quantity for one in whole)
    assert len(one_by_one) == len(whole)


@settings(max_examples=60, deadline=None)
@given(period=periods(), rounds=st.integers(1, 4))
def test_whole_rounds_of_a_cycle_add_up_to_its_structure(period: Period, rounds: int) -> None:
    every = period.every_days or 400
    first, last = period.first, period.first + timedelta(every * rounds - 1)
    whole = Period(first, None, period.every_days, period.days)
    total = sum(each.quantity for day in period.days for each in day.fixed) * (
        rounds if period.every_days else 1
    )
    assert sum(moment[2] for moment in ours(Dosage("tablet", (whole,)), first, last)) == total


@pytest.mark.parametrize(
    ("day", "at", "told"),
    [
        (SPRING, time(2, 30), "2026-03-29T03:00:00+02:00"),
        (SPRING, time(2), "2026-03-29T03:00:00+02:00"),
        (AUTUMN, time(2, 30), "2026-10-25T02:30:00+02:00"),
        (AUTUMN, time(3), "2026-10-25T03:00:00+01:00"),
    ],
)
def test_both_nights_of_the_change_have_one_dose(day: date, at: time, told: str) -> None:
    dosage = Dosage("tablet", (cycle(date(2026, 1, 1), None, 1, (Intake(Decimal(1), clock=at),)),))
    (one,) = occurrences([dosage], day, day, DAY_CLOCK, LOCAL)
    assert LOCAL.with_offset(one.at).isoformat() == told


def test_as_needed_medicine_has_no_occurrence() -> None:
    one = Intake(Decimal(1), as_needed=True)
    dosage = Dosage(
        "tablet", (Period(SPRING, None, 0, (Day(ANY_DAY, (one,)),)), cycle(SPRING, None, 1, (one,)))
    )
    assert occurrences([dosage], SPRING, AUTUMN, DAY_CLOCK, LOCAL) == []


# --- a wrong expander is noticed ----------------------------------------------------------------------------


def plans(seed: int) -> list[tuple[Dosage, date, date]]:
    chance = random.Random(seed)
    made = []
    for _ in range(60):
        first = date(2026, chance.choice([2, 3, 9, 10, 12]), chance.randint(1, 28))
        every = chance.choice([0, 1, 2, 3, 7, 28])
        numbers = sorted(chance.sample(range(1, (every or 8) + 1), min(every or 8, chance.randint(1, 4))))
        times = [
            Intake(Decimal(1), clock=time(chance.choice([2, 8, 20]), 30)),
            Intake(Decimal(2), DayPart.NIGHT),
        ]
        days = tuple(Day(number, tuple(chance.sample(times, chance.randint(1, 2)))) for number in numbers)
        last = None if chance.random() < 0.5 else first + timedelta(chance.randint(0, 60))
        made.append(
            (
                Dosage("tablet", (Period(first, last, every, days),)),
                first - timedelta(3),
                first + timedelta(60),
            )
        )
    return made


def disagreements() -> int:
    return sum(
        ours(dosage, first, last) != expected(dosage, first, last, ZONE, CLOCK)
        for dosage, first, last in plans(7)
    )


def shifted(by_start: int = 0, by_stop: int = 0, by_step: int = 0) -> Callable[[Period, Day], range]:
    def wrong(period: Period, day: Day) -> range:
        right = dates(period, day)
        return range(right.start + by_start, right.stop + by_stop, right.step + by_step)

    return wrong


def summer_all_year(self: LocalTime, first: date, last: date) -> list[datetime | None]:
    days = range(first.toordinal(), last.toordinal() + 1)
    return [(datetime.fromordinal(day) - timedelta(hours=2)).replace(tzinfo=UTC) for day in days]


def no_changing_day(self: LocalTime, first: date, last: date) -> list[datetime | None]:
    return [self.midnight(date.fromordinal(day)) for day in range(first.toordinal(), last.toordinal() + 1)]


def the_second_one(self: LocalTime, day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, self._zone).replace(fold=1).astimezone(UTC)


BUGS: dict[str, tuple[Any, str, Any]] = {
    "the last date is left out": (occurrences_module, "dates", shifted(by_stop=-1)),
    "a date too many": (occurrences_module, "dates", shifted(by_stop=1)),
    "day 1 is the date after the start": (occurrences_module, "dates", shifted(by_start=1)),
    "a day too early": (occurrences_module, "dates", shifted(by_start=-1)),
    "the interval is a day too long": (occurrences_module, "dates", shifted(by_step=1)),
    "everything once": (occurrences_module, "dates", lambda period, day: dates(period, day)[:1]),
    "the first round is left out": (occurrences_module, "dates", lambda period, day: dates(period, day)[1:]),
    "summer time all year": (LocalTime, "midnights", summer_all_year),
    "a changing day goes the short way": (LocalTime, "midnights", no_changing_day),
    "of two half past twos the second": (LocalTime, "instant", the_second_one),
    "a part of the day at another time": (
        occurrences_module,
        "clock_time",
        lambda intake, clock: intake.clock or time(21),
    ),
    "one amount for all": (
        occurrences_module,
        "Occurrence",
        lambda at, slot, quantity: Occurrence(at, slot, Decimal(1)),
    ),
}


def test_the_calendars_agree_on_what_the_bugs_are_tried_on() -> None:
    assert disagreements() == 0


@pytest.mark.parametrize("name", BUGS)
def test_a_seeded_bug_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, what, wrong = BUGS[name]
    monkeypatch.setattr(owner, what, wrong)
    assert disagreements() > 0


def test_a_clock_time_is_kept_to_the_second() -> None:
    day = date(2026, 11, 2)
    intake = Intake(Decimal(1), clock=time(8, 0, 30))
    once = Dosage("tablet", (cycle(day, day, 1, (intake,)),))
    found = occurrences([once], day, day, DAY_CLOCK, LOCAL)
    assert [one.at for one in found] == [datetime(2026, 11, 2, 7, 0, 30, tzinfo=UTC)]
