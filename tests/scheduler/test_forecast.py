"""Forecasts: the roll that ends before the plan, and a battery that will not see the next dose through."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import next_wakeup
from scheduler.dosage import DayPart
from scheduler.expand import DayClock
from scheduler.forecast import BATTERY_FULL, battery_until, power, refills, sachets_left
from tests.scheduler.test_upkeep import ending, offer, told
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, roll, utc

ROLL, POWER = f"roll:{RESIDENT}", f"power:{ROBOT}"

H = timedelta(hours=1)


def strip(home: PureHome, days: int, production_id: str) -> None:
    """A shorter roll of the same days is put in."""
    put = roll(days, production_id)
    home.robot.labels = [sachet.label for sachet in put.sachets]
    home.robot.production_id = production_id
    home.give(ev.RobotReported(home.now, home.robot.status()), cmd.LoadRoll(put, "technician"))


def first_without(home: PureHome) -> str:
    (found,) = refills(home.world, home.setting, ROBOT)
    return found.dose.dose_id


def test_the_first_dose_without_a_sachet_is_told_three_times_and_then_the_roll_is_empty(
    home: PureHome,
) -> None:
    assert first_without(home) == f"{RESIDENT}/{FIRST_DAY + timedelta(days=7)}/morning/1"
    empty = utc("08:00", 8)
    seen: list[tuple[datetime, tuple[str, str] | None]] = []
    for before in (72 * H + timedelta(seconds=1), 72 * H, 48 * H, 24 * H):
        home.until_at(empty - before)
        seen.append((empty - before, told(home, ROLL)))
    assert [cause for _, cause in seen] == [
        None,
        ("LOW", "within_72_h"),
        ("LOW", "within_48_h"),
        ("MEDIUM", "within_24_h"),
    ]
    raised = [e for e in home.journal if isinstance(e, ev.IncidentRaised) and e.incident.subject == ROLL]
    assert len(raised) == 1  # one thing to mend is one incident
    home.until_at(empty - H)
    home.robot.labels = []
    home.give(ev.RobotReported(home.now, home.robot.status()))
    incident = home.world.incident_about(ROLL)
    assert incident is not None
    assert (incident.kind, incident.priority) == (ev.Kind.ROLL_EMPTY, ev.Priority.HIGH)


def test_the_first_dose_without_a_sachet_is_told_by_the_clock_times_in_force(home: PureHome) -> None:
    """One person's change of the times is refused, and the configuration says it all the same."""
    home.give(cmd.OfferClockTimes(home.setting.clock))
    times = {**home.setting.clock.times, DayPart.MORNING: time(11)}
    home.setting = replace(home.setting, clock=DayClock(2, times, ("Anna",)))
    home.give(cmd.OfferClockTimes(home.setting.clock))
    (found,) = refills(home.world, home.setting, ROBOT)
    assert found.dose.opens == utc("08:00", 8)


def test_a_new_roll_clears_it(home: PureHome) -> None:
    home.until_at(utc("08:00", 8) - 40 * H)
    assert told(home, ROLL) == ("LOW", "within_48_h")
    put = roll(21, "ROLL-2")
    home.robot.labels = [sachet.label for sachet in put.sachets]
    home.robot.production_id = "ROLL-2"
    home.give(ev.RobotReported(home.now, home.robot.status()), cmd.LoadRoll(put, "technician"))
    home.until_at(home.now + timedelta(minutes=5))
    assert told(home, ROLL) is None


def test_a_plan_that_ends_with_the_roll_asks_for_no_refill(home: PureHome) -> None:
    offer(home, 2, ending(FIRST_DAY + timedelta(days=6)))
    assert not refills(home.world, home.setting, ROBOT)
    home.until_at(utc("08:00", 8) - 10 * H)
    assert told(home, ROLL) is None


def test_what_the_robot_counts_is_believed_before_the_manifest(home: PureHome) -> None:
    """A strip that was cut: the manifest knows seven days, and five are there."""
    home.robot.labels = home.robot.labels[:20]
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert first_without(home) == f"{RESIDENT}/{FIRST_DAY + timedelta(days=5)}/morning/1"


def test_a_dose_in_the_middle_of_the_strip_is_no_refill(home: PureHome) -> None:
    """What lies before the strip's end has its own causes."""
    strip(home, 5, "ROLL-5")
    assert first_without(home) == f"{RESIDENT}/{FIRST_DAY + timedelta(days=5)}/morning/1"


def test_what_is_left_is_counted_from_the_mouth_and_where_that_cannot_be_read_from_the_end(
    home: PureHome,
) -> None:
    def left(count: int, mouth: str) -> list[str]:
        status = replace(home.robot.status(), sachets_left=count, mouth_label=mouth)
        home.give(ev.RobotReported(home.now, status))
        return [sachet.label for sachet in sachets_left(home.world.robot(ROBOT))]

    assert left(2, "") == ["L027", "L028"]
    assert left(1, "") == ["L028"]
    assert left(0, "") == left(0, "L004") == []
    assert left(2, "L004") == ["L004", "L005"]
    assert left(1, "L004") == ["L004"]


def test_of_a_strip_that_is_used_up_the_next_dose_is_the_first_without_a_sachet(home: PureHome) -> None:
    strip(home, 1, "ROLL-1D")
    home.robot.labels = []
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert first_without(home) == f"{RESIDENT}/{FIRST_DAY + timedelta(days=1)}/morning/1"


# --- the battery ------------------------------------------------------------------------------------


def on_battery(home: PureHome, percent: int) -> None:
    status = replace(home.robot.status(), mains=False, battery_percent=percent)
    home.give(ev.RobotReported(home.now, status))


def test_mains_lost_is_low_after_five_minutes_and_gone_with_the_plug(home: PureHome) -> None:
    home.until("08:05")
    home.take_dose()
    home.until("12:05")
    home.take_dose()
    home.until("12:30")
    on_battery(home, 100)
    home.until("12:34:59")
    assert told(home, POWER) is None
    home.until("12:35")
    # the next dose is at 18:00, and a full battery is taken for four hours
    assert told(home, POWER) == ("HIGH", "")
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert told(home, POWER) is None


@pytest.mark.parametrize(("percent", "priority"), [(100, "LOW"), (40, "HIGH")])
def test_the_battery_must_last_to_the_next_dose_and_two_hours_beyond(
    home: PureHome, percent: int, priority: str
) -> None:
    home.until("11:00")  # morning missed; noon opens at 12:00 and needs mains or battery until 14:00
    on_battery(home, percent)
    home.until("11:06")
    expected = BATTERY_FULL * percent / 100
    assert battery_until(home.world.robot(ROBOT)) == utc("11:00") + expected
    assert told(home, POWER) == (priority, "")


def test_a_battery_that_has_shown_more_is_believed(home: PureHome) -> None:
    home.until("11:00")
    on_battery(home, 100)
    home.until("13:00")
    on_battery(home, 80)  # two hours for a fifth of it: ten hours in all
    assert battery_until(home.world.robot(ROBOT)) == utc("13:00") + 8 * H
    assert told(home, POWER) == ("LOW", "")


def test_time_alone_makes_it_short(home: PureHome) -> None:
    """Nothing is told by the robot any more, and the next dose comes nearer than its battery lasts."""
    home.until("10:30")
    on_battery(home, 100)  # until 14:30, and the dose of noon is open until 14:00
    tick = timedelta(milliseconds=1)
    home.until_at(utc("12:30"))
    assert told(home, POWER) == ("LOW", "")
    assert next_wakeup(home.world, home.setting, home.now) == utc("12:30") + tick
    home.until_at(utc("12:30") + tick)
    assert told(home, POWER) == ("HIGH", "")


def test_that_a_battery_is_short_is_to_be_mended_before_the_next_dose(home: PureHome) -> None:
    home.until("11:00")
    on_battery(home, 40)
    home.until("11:06")
    cause = power(home.world, home.setting, ROBOT, home.now)
    assert cause is not None
    assert (cause.kind, cause.before) == (ev.Kind.BATTERY_SHORT, utc("12:00"))


def test_a_clock_that_nobody_trusts_clears_neither(home: PureHome) -> None:
    home.until_at(utc("08:00", 8) - 40 * H)
    on_battery(home, 10)
    home.until_at(home.now + timedelta(minutes=6))
    assert told(home, POWER) == ("HIGH", "")
    home.give(cmd.ReportClockStep())
    assert told(home, POWER) == ("HIGH", "")
    assert told(home, ROLL) == ("LOW", "within_48_h")
