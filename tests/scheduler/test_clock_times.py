"""When morning is: changed by two persons or not in force, and what a change does to the doses ahead."""

from __future__ import annotations

from datetime import time

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dosage import DayPart
from scheduler.expand import DayClock
from tests.support.attack_moves import is_open
from tests.support.pure_home import PureHome, utc


def times(version: int, morning: str, *persons: str) -> cmd.OfferClockTimes:
    clocks = (time.fromisoformat(morning), time(12), time(18), time(22))
    return cmd.OfferClockTimes(DayClock(version, dict(zip(DayPart, clocks, strict=True)), persons))


def test_the_first_times_are_those_that_the_home_was_set_up_with(home: PureHome) -> None:
    home.give(times(1, "08:00"))
    assert home.world.mapping is not None
    assert home.world.mapping.times[DayPart.MORNING] == time(8)
    assert home.give(times(1, "08:00")) == []


@pytest.mark.parametrize(
    ("version", "persons", "reason"),
    [
        (1, ("Anna", "Berit"), "version_not_raised"),
        (2, (), "needs_two_persons"),
        (2, ("Anna",), "needs_two_persons"),
        (2, ("Anna", " anna "), "needs_two_persons"),
    ],
)
def test_times_that_one_person_changed_are_not_in_force(
    home: PureHome, version: int, persons: tuple[str, ...], reason: str
) -> None:
    home.give(times(1, "08:00"))
    before = home.dose("morning").plan
    home.give(times(version, "09:00", *persons))
    assert home.dose("morning").plan == before
    told = home.world.incident_about("clock_times")
    assert told is not None
    assert (told.kind, told.detail) == (ev.Kind.CLOCK_TIMES_REFUSED, reason)
    assert home.give(times(version, "09:00", *persons)) == [], "said once"
    home.give(times(1, "08:00"))
    assert not is_open(home.world.incidents[told.incident_id]), "put back"


def test_two_persons_change_them_and_what_is_ahead_moves_and_keeps_its_id(home: PureHome) -> None:
    home.give(times(1, "08:00"))
    before = home.dose("morning").plan
    home.give(times(2, "09:00", "Anna", "Berit"))
    after = home.dose("morning").plan
    assert after.dose_id == before.dose_id
    assert (after.opens, after.closes) == (utc("09:00"), utc("11:00"))
    assert home.world.mapping is not None
    assert home.world.mapping.persons == ("Anna", "Berit")


def test_a_dose_whose_window_is_open_stays_where_it_is(home: PureHome) -> None:
    home.give(times(1, "08:00"))
    home.until("08:10")
    home.give(times(2, "09:00", "Anna", "Berit"))
    assert home.dose("morning").plan.opens == utc("08:00")
    assert home.dose("morning", 2).plan.opens == utc("09:00", 2)
