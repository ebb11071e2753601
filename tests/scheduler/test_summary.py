"""The home in one line: what a heartbeat says of it, and what changes that."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

from scheduler import events as ev
from scheduler.evolve_press import with_robot
from scheduler.regime import Pause, Regime
from scheduler.summary import ResidentSummary, robot_word, summarise
from scheduler.world import ClockState, Robot, RobotState, SideDose, World
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, utc

EMPTY = hashlib.sha256(b"").hexdigest()


def incident(home: PureHome, name: str, **changed: object) -> ev.Incident:
    one = ev.Incident(
        name, f"s:{name}", ev.Kind.DOSE_MISSED, ev.Priority.LOW, "", home.now, home.now, revision=2
    )
    return replace(one, **changed)  # type: ignore[arg-type]


def test_a_home_that_waits_for_its_next_dose(home: PureHome) -> None:
    told = summarise(home.world, home.setting, home.now)
    opens = utc("08:00")
    assert (told.clock, told.robot, told.robots) == ("trusted", "ready", ((ROBOT, "ready"),))
    assert (told.plan_version, told.next_window, told.window_open) == (1, opens, False)
    assert (told.incidents, told.digest) == (0, EMPTY)
    assert told.residents == (ResidentSummary(RESIDENT, 1, opens),)


def test_inside_a_window_the_next_one_is_this_one_until_the_dose_is_settled(home: PureHome) -> None:
    home.until("08:05")
    told = summarise(home.world, home.setting, home.now)
    assert (told.next_window, told.window_open) == (utc("08:00"), True)
    home.take_dose()
    told = summarise(home.world, home.setting, home.now)
    assert (told.next_window, told.window_open) == (utc("12:00"), False)
    assert told.residents[0].next_window == utc("12:00")


def test_what_is_beside_the_robot_is_waited_for_too_and_nothing_while_they_are_away(home: PureHome) -> None:
    plan = replace(home.dose("morning").plan, dose_id="beside", opens=utc("07:55"))
    world = replace(home.world, sides={"beside": SideDose(plan)})
    told = summarise(world, home.setting, home.now)
    assert told.next_window == told.residents[0].next_window == utc("07:55")
    pause = Pause(ev.PauseKind.HOSPITAL, home.now, "Anna", None, home.now)
    away = summarise(replace(world, regimes={RESIDENT: Regime(pause=pause)}), home.setting, home.now)
    assert (away.next_window, away.window_open, away.residents[0].next_window) == (None, False, None)


def test_a_home_that_has_nothing_yet(home: PureHome) -> None:
    told = summarise(World(clock=ClockState(reason="battery_gap")), home.setting, home.now)
    assert (told.clock, told.robot, told.plan_version) == ("untrusted: battery_gap", "absent", 0)
    assert (told.next_window, told.window_open) == (None, False)
    assert told.residents == (ResidentSummary(RESIDENT, 0, None),)
    nobody = replace(home.setting, robots=(), residents=())
    assert summarise(World(), nobody, home.now).robot == "none"


def test_of_several_robots_the_worst_off_is_told(home: PureHome) -> None:
    both = replace(home.setting, robots=(ROBOT, "SIM-0002"))
    there = with_robot(home.world, "SIM-0002", replace(home.world.robot(ROBOT), state=RobotState.REJECTED))
    told = summarise(there, both, home.now)
    assert (told.robot, told.robots) == ("rejected", ((ROBOT, "ready"), ("SIM-0002", "rejected")))


def test_a_ready_robot_with_a_fault_is_faulted_and_an_absent_one_absent(home: PureHome) -> None:
    robot = home.world.robot(ROBOT)
    assert robot.status is not None
    faulted = replace(robot, status=replace(robot.status, fault="motor_stall"))
    assert [robot_word(one) for one in (robot, faulted)] == ["ready", "faulted"]
    assert robot_word(replace(faulted, state=RobotState.ABSENT)) == "absent"
    assert robot_word(Robot(state=RobotState.READY)) == "ready"


def test_open_incidents_are_counted_and_their_digest_changes_with_each_revision(home: PureHome) -> None:
    """On-call holds it against its own list."""
    one, two = incident(home, "b"), incident(home, "a", raised=home.now + timedelta(minutes=1))
    closed = incident(home, "c", state=ev.State.CLOSED)
    info = incident(home, "d", priority=ev.Priority.INFO)
    world = replace(home.world, incidents={each.incident_id: each for each in (one, two, closed, info)})
    told = summarise(world, home.setting, home.now)
    assert (told.incidents, told.digest) == (2, hashlib.sha256(b"a:2\nb:2").hexdigest())
