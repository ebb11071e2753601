"""Medicine as needed: whose sachet is put away after a doubt, and how soon a planned dose of it may follow.

Found in the bottle, by a person with a robot of its own for it.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from scheduler import events as ev
from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Dosage, Intake, Limit, Period, cycle
from scheduler.dose import Stage
from scheduler.gate import earliest
from scheduler.plan import Prescription
from tests.scheduler.test_as_needed import as_needed, asks, at, doses, elsewhere, home_with
from tests.support.pure_home import FIRST_DAY, PureHome, utc

LIMIT = Limit(gap_min=360, per_day=Decimal(3), times=3)


def in_doubt(*, moved: bool) -> PureHome:
    """08:02: a release came to an unclear end, and somebody has said that its sachet is to be put away."""
    home = home_with()
    home.until("08:00")
    elsewhere(home)
    asks(home)
    home.move(result="unclear")
    home.until("08:02")
    assert home.decide(doses(home)[0], ev.Verdict.DISCARD, "Anna").accepted
    if moved:  # it lies somewhere in the robot, and the next one is at the mouth
        home.robot.labels.pop(0)
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert home.decide(doses(home)[0], ev.Verdict.NOT_GIVEN, "Anna").accepted
    return home


def test_nobodys_sachet_is_put_away_for_one_that_left_the_strip() -> None:
    home = in_doubt(moved=True)
    assert doses(home)[0].stage is Stage.OUT
    assert home.world.order_under_way() is None, "what lies at the mouth is for the next time"


def test_its_own_sachet_at_the_mouth_is_put_away() -> None:
    home = in_doubt(moved=False)
    assert home.orders()[-1] == ("divert", "pn-1")
    order = home.world.order_under_way()
    assert order is not None and order.order.label == "P001"


def planned_too(*, every: int = 1) -> Prescription:
    """As needed on the first of `every` dates, at most every six hours; and planned at noon of each."""
    intake = Intake(Decimal(1), as_needed=True)
    days = (Day(ANY_DAY, (intake,)),) if every == 1 else (Day(1, (intake,)),)
    first = Period(FIRST_DAY, None, every if every > 1 else NOT_ITERATED, days, LIMIT)
    noon = cycle(FIRST_DAY, None, 1, (Intake(Decimal(1), part=DayPart.NOON),))
    return replace(as_needed(), dosage=Dosage("tablet", (first, noon)))


def test_a_planned_dose_keeps_the_cards_least_gap_to_what_was_had_as_needed() -> None:
    """Asked for six hours before noon, and lifted some minutes later."""
    home = home_with(planned_too())
    home.until("05:55", day=2)
    elsewhere(home)
    asks(home)
    home.move()
    home.move()
    home.until("06:05", day=2)
    home.lift()
    assert earliest(home.world, home.dose("noon", 2)) == utc("12:05", day=2)


def test_a_planned_dose_keeps_it_to_what_others_gave_on_a_date_before() -> None:
    """As needed on every second date: what was had late on such a date counts on the next one."""
    home = home_with(planned_too(every=2))
    at(home, "07:00", 2, ev.GivenElsewhere("p-pain", utc("06:30", day=2), Decimal(1)))
    assert earliest(home.world, home.dose("noon", 2)) == utc("12:30", day=2)
