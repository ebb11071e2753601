"""The core asks to be woken at each instant at which time alone changes something, and goes to sleep else."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.decide import next_wakeup, overdue, proven
from scheduler.dose import Stage
from scheduler.evolve_press import with_robot
from scheduler.remembered import Asked, Planned, Receipt
from scheduler.world import ClockState, Dose, Robot, RobotState, World
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, utc

TICK, MINUTE, HOUR = timedelta(milliseconds=1), timedelta(minutes=1), timedelta(hours=1)
NOW = utc("08:05")
ASLEEP = World()


def woken(home: PureHome, world: World, now: datetime = NOW) -> timedelta | None:
    """After how long."""
    at = next_wakeup(world, home.setting, now)
    return None if at is None else at - now


def test_a_world_in_which_nothing_waits_asks_for_nothing(home: PureHome) -> None:
    assert woken(home, ASLEEP) is None


@pytest.mark.parametrize(
    ("waits", "after"),
    [
        ({"last_at": NOW - 50 * MINUTE}, 10 * MINUTE),  # the proof of an idle home
        ({"clock": ClockState(since=NOW - MINUTE)}, MINUTE),
        ({"robots": {ROBOT: Robot(since=NOW - MINUTE)}}, MINUTE),
        ({"robots": {ROBOT: Robot(magazine_since=NOW - MINUTE)}}, MINUTE),
        ({"receipts": {"i": Receipt(1, NOW - timedelta(seconds=10))}}, timedelta(seconds=20)),
        ({"asked": {RESIDENT: Asked(ev.Question.EFFECT, "d", NOW, NOW + MINUTE)}}, MINUTE),
    ],
)
def test_each_thing_that_waits_wakes_it_when_its_time_is_over(
    home: PureHome, waits: dict[str, Any], after: timedelta
) -> None:
    world = replace(ASLEEP, **waits)
    assert woken(home, world) == after
    assert woken(home, world, NOW + after) is None, "once"


def test_a_day_is_planned_a_day_and_a_half_before_it_begins(home: PureHome) -> None:
    """Local midnight: the days up to the second are planned."""
    world = replace(ASLEEP, planned={RESIDENT: Planned(FIRST_DAY + timedelta(days=1), 1)})
    assert next_wakeup(world, home.setting, NOW) == utc("00:00", day=3) - timedelta(hours=36)


def instants(home: PureHome, since: datetime, **changed: Any) -> list[datetime]:
    """All that one dose asks for, one after the other."""
    dose: Dose = replace(home.dose("morning"), **changed)
    world = replace(ASLEEP, doses={dose.dose_id: dose})
    found: list[datetime] = []
    while (at := next_wakeup(world, home.setting, since)) is not None:
        found.append(at)
        since = at
    return found


OPENS, HALF, CLOSES = utc("08:00"), utc("09:00"), utc("10:00")


def test_a_dose_wakes_it_for_its_window_its_reminders_and_all_that_is_told_of_it(home: PureHome) -> None:
    begin = OPENS - timedelta(days=2)
    expected = {
        OPENS - timedelta(hours=24),  # a doubt is as urgent as it
        OPENS - timedelta(hours=12),  # a roll that can't serve it
        OPENS - timedelta(minutes=30),  # a robot that is gone
        OPENS,
        OPENS + 15 * MINUTE,  # the first reminder
        HALF,
        CLOSES,
        CLOSES + 2 * MINUTE,  # not settled
    }
    assert set(instants(home, begin)) == expected
    second = instants(home, begin, reminders=2)
    assert set(second) == expected - {OPENS + 15 * MINUTE} | {OPENS + 45 * MINUTE}
    told = ev.OutcomeRecorded(CLOSES + MINUTE, "d", 1, ev.Outcome.RETRIEVED, False, "", "x", OPENS)
    assert instants(home, begin, outcome=told) == [OPENS, CLOSES]
    seen = instants(home, begin, outcome=told, to_witness=True)
    assert seen == [OPENS, CLOSES, CLOSES + 16 * MINUTE]


def test_what_is_on_its_way_or_lies_in_the_tray_wakes_it_too(home: PureHome) -> None:
    home.until("08:05")
    plain = set(instants(home, NOW))
    in_tray = set(instants(home, NOW, stage=Stage.IN_TRAY, presented=NOW + TICK)) - plain
    assert NOW + TICK + 15 * MINUTE in in_tray
    tried = set(instants(home, NOW, away_tried=NOW + TICK)) - plain
    assert tried == {NOW + TICK + 5 * MINUTE}
    home.press()
    order = home.dose("morning").order
    assert order is not None
    assert order.issued + 2 * MINUTE in instants(home, NOW, order=order)


def test_an_order_that_the_robot_has_not_ended_in_its_life_is_unknown(home: PureHome) -> None:
    """P2."""
    home.until("08:05")
    home.press()
    under_way = home.world.order_under_way()
    assert under_way is not None
    order, over = under_way.order, under_way.issued + 2 * MINUTE
    expected = ev.OrderEnded(over, order.order_id, order.dose_id, order.kind, ev.Result.UNKNOWN, "overdue")
    assert list(overdue(home.world, home.setting, over)) == [expected]
    assert not overdue(home.world, home.setting, over - TICK)
    gone = with_robot(home.world, ROBOT, replace(home.world.robot(ROBOT), state=RobotState.ABSENT))
    assert not overdue(gone, home.setting, over), "its log will tell"


def test_an_idle_home_commits_once_an_hour(home: PureHome) -> None:
    """Rule 27."""
    world = replace(home.world, last_at=NOW)
    assert list(proven(world, home.setting, NOW + HOUR)) == [ev.ProofCommitted(NOW + HOUR)]
    assert not proven(world, home.setting, NOW + HOUR - TICK)
    assert not proven(replace(world, last_at=None), home.setting, NOW + HOUR)
