"""The strip of medicine as needed in a robot of its own: refilled, locked, away, swapped, moved, shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispenserd import views
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.events import Answer
from scheduler.evolve_press import with_robot
from scheduler.where_it_lies import where_it_lies
from scheduler.world import StaffKey
from tests.support.many_home import card
from tests.support.pure_home import utc
from tests.support.two_robots_home import (
    PN_ROBOT,
    ROLL_ROBOT,
    A,
    TwoRobotsHome,
    started,
)

# --- the strip ----------------------------------------------------------------------------------------


def empty(home: TwoRobotsHome, serial: str) -> None:
    home.robots[serial].labels.clear()
    home.give(home.report(serial))


def test_an_empty_strip_as_needed_is_told_by_itself_and_ends_no_roll() -> None:
    home = started()
    home.until("08:05")
    empty(home, PN_ROBOT)
    assert home.kinds() == {"strip:A": "roll_empty"}
    assert home.lines(PN_ROBOT) == (), "it offers what it does not have"
    incident = home.about(f"strip:{A}")
    assert incident is not None
    assert (incident.priority, incident.detail) == (ev.Priority.MEDIUM, "as_needed")
    home.lost(ROLL_ROBOT)
    home.robots[PN_ROBOT].labels = [sachet.label for sachet in home.pn.sachets]
    home.give(home.report(PN_ROBOT))
    assert home.about(f"strip:{A}") is None, "only the robot with that strip can show that it is full"


def test_an_empty_roll_is_told_beside_a_full_strip_as_needed() -> None:
    home = started()
    home.until("08:05")
    empty(home, ROLL_ROBOT)
    assert home.kinds() == {"roll:A": "roll_empty", "dose:A/2026-11-02/morning/1": "dose_blocked"}
    home.has_one()


def test_another_strip_than_the_one_put_in_is_told() -> None:
    home = started()
    home.robots[PN_ROBOT].production_id = "PN-9"
    home.give(home.report(PN_ROBOT))
    home.until("08:05")
    assert home.kinds() == {"strip:A": "roll_conflict"}


def test_nobody_is_told_of_an_empty_strip_that_no_card_asks_for() -> None:
    home = TwoRobotsHome()
    home.card = card(("morning", "noon"))
    home.now = utc("07:50")
    home.start()
    empty(home, PN_ROBOT)
    home.until("08:05")
    assert home.kinds() == {}


def test_a_refill_is_forecast_of_the_robot_with_the_roll() -> None:
    home = started()
    home.until("07:00", 5)
    incident = home.about(f"roll:{A}")
    assert incident is not None and incident.kind is ev.Kind.REFILL_DUE
    assert home.about(f"strip:{A}") is None


def test_a_battery_there_need_not_last_to_a_dose_of_the_other_robot() -> None:
    home = started()
    home.until("06:50", 2)
    for serial, percent in ((PN_ROBOT, 100), (PN_ROBOT, 10)):
        status = replace(home.robots[serial].status(), mains=False, battery_percent=percent)
        home.give(ev.RobotReported(home.now, status, serial))
    home.until("07:10", 2)
    assert home.kinds()[f"power:{PN_ROBOT}"] == "mains_lost"


# --- a robot that is away, a person at it, a person who is away ---------------------------------------


@pytest.mark.parametrize("away", [ROLL_ROBOT, PN_ROBOT])
def test_a_robot_that_is_away_blocks_only_its_own(away: str) -> None:
    home = started()
    home.lost(away)
    home.at("08:05")
    if away == PN_ROBOT:
        assert home.take_dose("A") == "A001"
        assert home.incident("A", "morning") is None
    else:
        home.has_one()
        assert home.incident("A", "morning") is not None


def test_a_doubt_at_one_robot_leaves_the_others_medicine_alone() -> None:
    home = started()
    home.at("08:05")
    home.asks()
    home.move(PN_ROBOT, result="unclear")
    assert home.asked_for()[0].stage is Stage.DOUBT
    assert home.take_dose("A") == "A001"


def test_it_lies_in_the_magazine_where_its_very_sachet_does_and_no_other_that_would_fit() -> None:
    home = started()
    home.at("08:05")
    home.asks()
    home.move(PN_ROBOT, result="unclear")
    (dose,) = home.asked_for()
    robot = home.world.robot(PN_ROBOT)
    assert robot.status is not None and dose.doubted is not None

    def found(mouth: str, **changed: Any) -> str:
        status = replace(robot.status, mouth_label=mouth, holding=False)  # type: ignore[type-var]
        world = with_robot(home.world, PN_ROBOT, replace(robot, status=status))
        return where_it_lies(world, home.setting, replace(dose, **changed))[1]

    assert (found("P001", label=""), found("P002", label="")) == ("found_in_magazine", "found_out")
    assert found("P002", doubted=None, label="P002") == "found_in_magazine"
    assert found("P002", doubted=None, label="P001") == "found_out"
    assert found("P002", doubted=None, label="") == "found_in_magazine"


@pytest.mark.parametrize("locked", [ROLL_ROBOT, PN_ROBOT])
def test_staff_lock_the_robot_that_they_stand_at(locked: str) -> None:
    home = started()
    home.setting = replace(home.setting, staff=(StaffKey("N. Nord", frozenset({"tag-staff"})),))
    home.at("08:05")
    home.press(locked, "tag-staff")
    assert home.world.robot(locked).locked_by == "N. Nord"
    if locked == PN_ROBOT:
        assert home.take_dose("A") == "A001"
        home.press(PN_ROBOT)
        assert home.refused() == "staff_lock"
    else:
        assert home.dose("A", "morning").token == "N. Nord"
        home.has_one()


@pytest.mark.parametrize("word", ["paused", "suspended"])
def test_who_is_away_or_suspended_gets_nothing_at_either(word: str) -> None:
    home = started()
    home.at("08:05")
    if word == "paused":
        kind = ev.PauseKind.HOSPITAL
        home.ask(cmd.PauseResident("c-1", A, kind, None, "N. Nord", "ill", "home", 0, home.soon()))
    else:
        review = home.now + timedelta(days=1)
        mode = ev.Mode.SUSPENDED
        home.ask(cmd.SetMode("c-1", A, mode, review, "N. Nord", "why", "home", 0, home.soon()))
    shown = home.lines(PN_ROBOT)
    assert shown and shown == home.lines(ROLL_ROBOT)
    for serial in (ROLL_ROBOT, PN_ROBOT):
        home.press(serial)
        home.says(serial, Answer.FIRST)
    assert (home.orders(), home.world.asked) == ([], {})


def test_as_needed_is_not_taken_along() -> None:
    home = started()
    home.at("08:05")
    home.take_dose("A")
    first, last = utc("11:00"), utc("11:00", 2)
    times = (first, last, utc("08:10"), utc("10:30"), last)
    home.ask(cmd.PlanLeave("c-1", A, *times, "N. Nord", "trip", "home", 0, home.soon()))
    home.at("08:15")
    home.has_one()
    assert home.asked_for()[0].outcome is not None and not home.asked_for()[0].along
    for _ in range(2):
        home.take_dose("A")
        home.until_at(home.now + timedelta(minutes=1))
    assert home.robots[ROLL_ROBOT].lifted == ["A001", "A002", "A003"]
    assert home.outcome("A", "noon") == home.outcome("A", "morning", 2) == "taken_along"
    assert len(home.robots[PN_ROBOT].labels) == 29


# --- moving and swapping (rule 24) --------------------------------------------------------------------


def test_a_swap_of_both_leaves_both_strips_to_be_counted() -> None:
    home = started()
    home.at("08:05")
    one = replace(home.setting.residents[0], robot="SIM-0003", as_needed_robot="SIM-0004")
    home.setting = replace(home.setting, residents=(one,), robots=("SIM-0003", "SIM-0004"))
    home.give()
    left = {count.magazine.robot: len(count.left) for count in home.world.counts[A]}
    assert left == {ROLL_ROBOT: 10, PN_ROBOT: 30}
    assert home.dose("A", "morning").uncounted == "uncounted"


def test_a_swap_of_the_robot_as_needed_keeps_back_that_medicine_alone() -> None:
    home = started()
    home.at("08:05")
    home.ask(cmd.TakeOutMagazine("c-1", PN_ROBOT, "N. Nord", home.soon()))
    assert [count.magazine.production_id for count in home.world.counts[A]] == ["PN-1"]
    assert home.take_dose("A") == "A001"
    home.give(cmd.LoadRoll(home.pn, "technician"))
    home.press(PN_ROBOT)
    assert home.refused() == "uncounted"
    labels = tuple(sachet.label for sachet in home.pn.sachets)
    counted = cmd.CountSachets("c-2", A, labels, "robot", "N. Nord", home.soon())
    assert home.ask(counted).accepted
    home.has_one()


def test_each_sachet_is_counted_into_the_robot_of_its_kind() -> None:
    home = started()
    home.at("08:05")
    for number, serial in enumerate((ROLL_ROBOT, PN_ROBOT)):
        home.ask(cmd.TakeOutMagazine(f"c-{number}", serial, "N. Nord", home.soon()))
    home.give(cmd.LoadRoll(home.roll("A"), "technician"))
    both = ("A001", "P001")
    refused = home.ask(cmd.CountSachets("c-3", A, both, "robot", "N. Nord", home.soon()))
    assert refused.reason == "no_roll", "the strip as needed has not been put in"
    one = home.ask(cmd.CountSachets("c-5", A, ("A001",), "robot", "N. Nord", home.soon()))
    assert one.accepted, "of the strip nothing was counted"
    home.give(cmd.LoadRoll(home.pn, "technician"))
    counted = home.ask(cmd.CountSachets("c-4", A, ("P001",), "robot", "N. Nord", home.soon()))
    assert counted.accepted


def test_a_move_takes_both_strips_along() -> None:
    old, new = started(), TwoRobotsHome()
    old.at("08:05")
    new.now = old.now
    new.setting = replace(
        new.setting, box="box-0002", residents=(replace(new.setting.residents[0], moves_in=True),)
    )
    new.give(ev.DaemonStarted(at=new.now, version="test", box="box-0002", epoch=1))
    for serial in new.setting.robots:
        new.connect(serial)
    new.ask(cmd.AskMove("c-1", A, "m-1", "N. Nord", new.soon()))
    old.ask(cmd.MoveOut("c-1", A, "m-1", "box-0002", "N. Nord", "moves", old.soon()))
    (moved,) = [event for event in old.journal if isinstance(event, ev.ResidentMovedOut)]
    assert all(A not in robot.rolls for robot in old.world.robots.values())
    new.ask(cmd.MoveIn("c-2", moved, "N. Nord", new.soon()))
    left = [(count.magazine.production_id, len(count.left)) for count in new.world.counts[A]]
    assert left == [(f"ROLL-{ROLL_ROBOT}", 10), ("PN-1", 30)]


# --- what people are shown ----------------------------------------------------------------------------


def test_status_and_the_roll_show_both_strips() -> None:
    home = started()
    shown = views.roll(home.world, home.setting, A)
    beside = shown["as_needed"]
    assert (shown["robot"], shown["production_id"], len(shown["sachets"])) == (
        ROLL_ROBOT,
        "ROLL-SIM-0001",
        10,
    )
    assert beside is not None
    assert (beside["robot"], beside["production_id"], beside["left"]) == (PN_ROBOT, "PN-1", 30)
    (resident,) = views.status(home.world, home.setting, (1, "h"), home.now)["residents"]
    assert resident["as_needed"] == {"robot": PN_ROBOT, "production_id": "PN-1", "left": 30}


def test_of_whoever_has_one_robot_nothing_is_shown_beside_it() -> None:
    home = started()
    alone = replace(home.setting.residents[0], as_needed_robot="")
    setting = replace(home.setting, residents=(alone,))
    assert views.roll(home.world, setting, A)["as_needed"] is None
    assert views.status(home.world, setting, (1, "h"), home.now)["residents"][0]["as_needed"] is None
