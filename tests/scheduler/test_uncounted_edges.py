"""Rule 24, of a world that says what left with a magazine: what nobody may have before it is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from scheduler import events as ev
from scheduler.custody import MISSING, UNCOUNTED, Count, doubt_about, uncounted_as_needed
from scheduler.plan import Content
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, utc

PILL = Content("N02BE01", "500 mg", Decimal(1), "tablet")
OTHER = replace(PILL, drug="M01AE01")


def count(*left: ev.LeftSachet, missing: tuple[ev.LeftSachet, ...] = ()) -> Count:
    return Count(ev.Magazine(ROBOT, RESIDENT, "ROLL-1", ()), "swapped", utc("07:00"), left, missing)


@pytest.mark.parametrize("way", [-1, 1])
def test_a_sachet_of_its_date_packed_two_hours_from_its_time_may_be_its_own(home: PureHome, way: int) -> None:
    plan = home.dose("morning").plan
    two, tick = timedelta(hours=2), timedelta(milliseconds=1)

    def doubt(apart: timedelta, days: int = 0, *, as_needed: bool = False) -> str:
        at = plan.opens + way * apart
        sachet = ev.LeftSachet("L1", plan.day + timedelta(days=days), at, plan.content, as_needed)
        found = doubt_about([count(sachet)], plan)
        assert doubt_about([count(missing=(sachet,))], plan) == (MISSING if found else "")
        return found

    assert doubt(two) == UNCOUNTED
    assert doubt(two + tick) == doubt(two, days=1) == doubt(two, as_needed=True) == ""


def test_as_needed_it_is_the_same_medicine_that_counts() -> None:
    def uncounted(content: Content, *, as_needed: bool) -> bool:
        day = utc("12:00")
        sachet = ev.LeftSachet("P1", day.date(), day, frozenset({content}), as_needed)
        return uncounted_as_needed([count(sachet)], PILL)

    assert uncounted(PILL, as_needed=True)
    assert not uncounted(OTHER, as_needed=True)
    assert not uncounted(PILL, as_needed=False), "a planned one has a date, and is that dose's"
