"""When a clock is trusted, to the instant, and what the world remembers of time when one was wrong (P10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.evolve_clock import doubted, restarted, set_back, trusted_again, vouched
from scheduler.receive_clock import compared
from scheduler.remembered import Receipt
from scheduler.world import ClockState, Dose, MainsLost, OpenOrder, RobotState, World
from tests.support.pure_home import ROBOT, PureHome

TICK, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
OTHER = "SIM-0002"


def said(home: PureHome, world: World | None = None, **changed: object) -> str:
    """What the core makes of a comparison: a doubt's reason, "trusted", or "" = nothing new."""
    fact: cmd.ReportClock = replace(home.clock_report(), **changed)  # type: ignore[arg-type]
    events = compared(world or home.world, home.setting, fact, home.now)
    if not events:
        return ""
    (event,) = events
    if isinstance(event, ev.ClockTrusted):
        assert event == ev.ClockTrusted(home.now, f"robot:{ROBOT}")
        return "trusted"
    assert isinstance(event, ev.ClockDoubted)
    assert (event.at, event.robot) == (home.now, ROBOT)
    return event.reason


def untrusted(home: PureHome, **doubts: str) -> World:
    doubts = {ROBOT if robot == "robot" else robot: reason for robot, reason in doubts.items()}
    return replace(home.world, clock=ClockState(doubts=doubts))


def test_a_clock_may_be_two_minutes_from_ours_either_way_and_no_more(due: PureHome) -> None:
    two = 2 * MINUTE
    for off in (two, -two):
        assert said(due, untrusted(due), robot_utc=due.now + off) == "trusted"
    for off in (two + TICK, -two - TICK):
        assert said(due, untrusted(due), robot_utc=due.now + off) == "disagrees"


def test_a_clock_may_be_two_minutes_before_what_a_trusted_one_has_dated_and_no_more(due: PureHome) -> None:
    for ahead, expected in ((2 * MINUTE, "trusted"), (2 * MINUTE + TICK, "behind_journal")):
        assert said(due, replace(untrusted(due), trusted_at=due.now + ahead)) == expected
    assert said(due, replace(untrusted(due), trusted_at=None)) == "trusted"


def test_a_comparison_proves_something_for_ten_seconds(due: PureHome) -> None:
    """An older one waited behind a slow commit, or the clock was set since."""
    for old, expected in ((10, "trusted"), (-10, "trusted"), (10.001, ""), (-10.001, "")):
        read = due.now - timedelta(seconds=old)
        assert said(due, untrusted(due), box_utc=read, robot_utc=read) == expected


def test_each_robot_vouches_once(due: PureHome) -> None:
    trusted = replace(due.world, clock=ClockState(trusted=True, vouched=frozenset({OTHER})))
    assert said(due, trusted) == "trusted", "a second witness"
    assert said(due, replace(trusted, clock=replace(trusted.clock, vouched=frozenset({ROBOT})))) == ""
    assert said(due, replace(trusted, clock=replace(trusted.clock, trusted=False))) == "trusted"


def test_a_doubt_is_told_once_while_nothing_stands_against_it(due: PureHome) -> None:
    told = {"battery_ok": False}
    assert said(due, untrusted(due), **told) == "battery_gap"
    assert said(due, untrusted(due, robot="drift"), **told) == "battery_gap", "another reason"
    assert said(due, untrusted(due, robot="battery_gap"), **told) == ""
    clock = ClockState(trusted=True, vouched=frozenset({OTHER}), doubts={ROBOT: "battery_gap"})
    assert said(due, replace(due.world, clock=clock), **told) == "", "another robot vouches"
    alone = replace(clock, vouched=frozenset({ROBOT}))
    assert said(due, replace(due.world, clock=alone), **told) == "battery_gap", "it was the only one"


LATER = timedelta(hours=20)


def test_nothing_began_after_a_clock_was_set_right(due: PureHome) -> None:
    """A clock that was a day ahead leaves "since tomorrow": alarms and retries go by the earlier."""
    now, ahead, before = due.now, due.now + LATER, due.now - MINUTE
    order = OpenOrder(order=some_order(due), issued=ahead, session="s1")
    robot = replace(
        due.world.robot(ROBOT), since=ahead, spent_at=ahead, magazine_since=ahead,
        mains_lost=MainsLost(ahead, 80), battery_read=ahead,
    )  # fmt: skip
    dose = replace(due.dose("morning"), presented=ahead, away_tried=ahead, order=order)
    world = replace(
        due.world,
        clock=ClockState(trusted=True, since=ahead),
        robots={ROBOT: robot, OTHER: replace(robot, since=before, mains_lost=None, spent_at=None)},
        receipts={"i": Receipt(2, ahead), "j": Receipt(1, before)},
        doses={dose.dose_id: dose},
    )
    after = set_back(world, now)
    robot, other = after.robots[ROBOT], after.robots[OTHER]
    assert after.clock == ClockState(trusted=True, since=now)
    assert (robot.since, robot.spent_at, robot.magazine_since, robot.battery_read) == (now, now, now, now)
    assert robot.mains_lost == MainsLost(now, 80)
    assert (other.since, other.spent_at, other.mains_lost) == (before, None, None)
    assert after.receipts == {"i": Receipt(2, now), "j": Receipt(1, before)}
    dose = after.doses[dose.dose_id]
    assert (dose.presented, dose.away_tried, dose.order) == (now, now, replace(order, issued=now))
    assert set_back(after, now + LATER) == after, "only ever earlier"


def some_order(home: PureHome) -> ev.Order:
    home.press()
    under_way = home.world.order_under_way()
    assert under_way is not None
    return under_way.order


def test_the_first_witness_makes_a_clock_trusted_and_takes_its_doubt_back(due: PureHome) -> None:
    clock = ClockState(False, "drift", due.now - MINUTE, doubts={ROBOT: "drift", OTHER: "battery_gap"})
    event = ev.ClockTrusted(due.now, f"robot:{ROBOT}")
    first = vouched(replace(due.world, clock=clock), event).clock
    assert first == ClockState(True, "", due.now, frozenset({ROBOT}), {OTHER: "battery_gap"})
    second = vouched(
        replace(due.world, clock=first), ev.ClockTrusted(due.now + MINUTE, f"robot:{OTHER}")
    ).clock
    assert second == ClockState(True, "", due.now, frozenset({ROBOT, OTHER}), {})


def doubt(due: PureHome, clock: ClockState, reason: str, robot: str = ROBOT) -> ClockState:
    return doubted(replace(due.world, clock=clock), ev.ClockDoubted(due.now, reason, robot)).clock


def test_a_doubt_takes_the_trust_and_the_time_of_it_is_when_the_trust_ended(due: PureHome) -> None:
    since = due.now - MINUTE
    trusted = ClockState(True, "", since, frozenset({ROBOT}))
    assert doubt(due, trusted, "drift") == ClockState(False, "drift", due.now, doubts={ROBOT: "drift"})
    doubted_before = ClockState(False, "drift", since, doubts={OTHER: "drift"})
    both = {OTHER: "drift", ROBOT: "battery_gap"}
    assert doubt(due, doubted_before, "battery_gap") == ClockState(False, "battery_gap", since, doubts=both)
    assert doubt(due, ClockState(), "drift").since == due.now
    assert doubt(due, trusted, "set_back", robot="") == ClockState(False, "set_back", due.now)


def test_what_one_robot_says_of_its_own_clock_leaves_the_trust_that_another_has_vouched_for(
    due: PureHome,
) -> None:
    clock = ClockState(True, "", due.now - MINUTE, frozenset({ROBOT, OTHER}))
    after = doubt(due, clock, "battery_gap")
    assert after == replace(clock, vouched=frozenset({OTHER}), doubts={ROBOT: "battery_gap"})
    away = doubt(due, clock, "disagrees")
    assert not away.trusted, "and one of ours only while that other one is there to contradict it"
    there = replace(due.world.robot(ROBOT), serial=OTHER, state=RobotState.READY)
    due.world = replace(due.world, robots={**due.world.robots, OTHER: there})
    assert doubt(due, clock, "disagrees").trusted


def test_after_a_start_nobody_has_vouched_and_the_time_of_a_doubt_stays(due: PureHome) -> None:
    since = due.now - MINUTE
    trusted = ClockState(True, "", since, frozenset({ROBOT}), {OTHER: "drift"})
    assert restarted(trusted, due.now) == ClockState(False, since=due.now)
    assert restarted(ClockState(False, "drift", since), due.now) == ClockState(False, since=since)
    assert restarted(ClockState(), due.now) == ClockState(False, since=due.now)


def test_what_a_wrong_clock_dated_counts_as_had_when_a_right_one_is_back(due: PureHome) -> None:
    """S2: in between somebody may have had it at this very moment."""

    def counted(lifted: datetime | None, **changed: object) -> Dose:
        dose = replace(due.dose("morning"), stage=Stage.LIFTED, lifted=lifted)
        dose = replace(dose, **changed)  # type: ignore[arg-type]
        world = replace(due.world, doses={dose.dose_id: dose})
        return trusted_again(world, due.now).doses[dose.dose_id]

    untimed = counted(due.now - LATER, untimed=True)
    assert (untimed.had_at, untimed.had_before, untimed.untimed) == (due.now, due.now, False)
    assert counted(due.now + LATER).had_at == due.now, "had tomorrow"
    assert counted(due.now).had_before is None and counted(due.now - LATER).had_before is None
    assert counted(None, untimed=True, stage=Stage.DUE).had_before is None, "nobody had it"
