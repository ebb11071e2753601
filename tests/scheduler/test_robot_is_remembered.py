"""What the world keeps of a robot that comes, goes and tells its log, and of an order on its way (P4, P7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.evolve import evolve
from scheduler.evolve_press import with_robot
from scheduler.evolve_robot import restarted
from scheduler.machines_of_dose import OrderState
from scheduler.standing import order_of
from scheduler.world import NO_ROBOT_YET, Dose, MainsLost, Robot, RobotState, World, robot_of
from tests.support.attack_moves import resolve
from tests.support.pure_home import ROBOT, PureHome

TICK, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
OTHER = "SIM-0002"


def hello(home: PureHome, **changed: Any) -> ev.RobotIdentified:
    one = ev.RobotIdentified(home.now, ROBOT, "s9", "1.0", "none", "boot-2", "log-1", 1, 9, 0, "", True, True)
    return replace(one, **changed)


def with_state(home: PureHome, **changed: Any) -> World:
    return with_robot(home.world, ROBOT, replace(home.world.robot(ROBOT), **changed))


def test_a_hello_begins_a_session_and_its_log_goes_on_where_it_was_read(due: PureHome) -> None:
    before = with_state(due, log_read=5, reason="unplugged", log_broken="gap", state=RobotState.ABSENT)
    entry = before.robot(ROBOT).last_entry
    after = evolve(before, hello(due)).robot(ROBOT)
    assert (after.session, after.serial, after.boot_id, after.auth) == ("s9", ROBOT, "boot-2", "none")
    assert (after.log_id, after.log_read, after.last_entry) == ("log-1", 5, entry)
    assert (after.reason, after.log_broken, after.answers, after.take_along) == ("", "", True, True)


def test_another_log_is_read_from_its_beginning(due: PureHome) -> None:
    entry = due.robot.write(due.now, "cleared")
    before = with_state(due, log_read=5, last_entry=entry)
    after = evolve(before, hello(due, log_id="log-2")).robot(ROBOT)
    assert (after.log_id, after.log_read, after.last_entry) == ("log-2", 0, None)


@pytest.mark.parametrize("event", [ev.RobotLost, ev.RobotRejected])
def test_since_when_it_is_gone_is_no_younger_by_another_try(due: PureHome, event: type) -> None:
    gone = evolve(due.world, event(due.now, "unplugged", ROBOT))
    robot = gone.robot(ROBOT)
    assert (robot.since, robot.reason, robot.session) == (due.now, "unplugged", "")
    assert robot.state is not RobotState.READY
    again = evolve(
        evolve(gone, hello(due, at=due.now + MINUTE)), event(due.now + 2 * MINUTE, "wrong_serial", ROBOT)
    )
    assert (again.robot(ROBOT).since, again.robot(ROBOT).reason) == (due.now, "wrong_serial")


def test_the_same_robot_is_rejected_once_for_one_reason_and_again_for_another(due: PureHome) -> None:
    wrong = ev.RobotRejected(due.now, "wrong_serial", ROBOT)
    assert wrong in due.give(wrong)
    assert wrong not in due.give(wrong)
    other = replace(wrong, reason="version")
    assert other in due.give(other)


def test_a_press_at_a_robot_that_went_away_is_history_there_and_nowhere_else(due: PureHome) -> None:
    """Rule 2."""
    press = ev.Pressed(due.now, ROBOT, "s1", 100)
    morning, noon = due.dose("morning"), due.dose("noon")
    until = due.now + MINUTE
    doses = [
        replace(morning, robot=ROBOT, wanted_until=until),
        replace(noon, robot=OTHER, wanted_until=until),
        replace(due.dose("evening"), robot=ROBOT),
    ]
    world = replace(with_state(due, press=press), doses={dose.dose_id: dose for dose in doses})
    after = evolve(world, ev.RobotLost(due.now, "unplugged", ROBOT))
    assert after.robot(ROBOT).press is None
    assert [after.doses[dose.dose_id].wanted_until for dose in doses] == [None, until, None]


def test_a_start_of_the_home_leaves_every_robot_to_say_hello_again(due: PureHome) -> None:
    press = ev.Pressed(due.now, ROBOT, "s1", 100)
    world = with_state(due, press=press, spent="busy", spent_by="somebody")
    after = restarted(world, due.now)[ROBOT]
    assert (after.reason, after.session, after.press, after.spent, after.spent_by) == (
        "starting",
        "",
        None,
        "",
        "",
    )
    assert after.since == due.now and after.state is RobotState.ABSENT
    long_gone = with_state(due, state=RobotState.ABSENT, since=due.now - MINUTE)
    assert restarted(long_gone, due.now)[ROBOT].since == due.now - MINUTE
    unknown = restarted(World(), due.now)
    assert unknown == {"": Robot(state=RobotState.ABSENT, since=due.now, reason="starting")}


def reported(home: PureHome, world: World, **changed: Any) -> Robot:
    event = ev.RobotReported(home.now, replace(home.robot.status(), **changed), ROBOT)
    return evolve(world, event).robot(ROBOT)


def test_since_when_a_magazine_is_in_changes_with_the_magazine_alone(due: PureHome) -> None:
    before = with_state(due, magazine_since=due.now - MINUTE)
    assert reported(due, before).magazine_since == due.now - MINUTE
    assert reported(due, before, sachets_left=3, tray=True).magazine_since == due.now - MINUTE
    assert reported(due, before, production_id="ROLL-2").magazine_since == due.now
    assert reported(due, replace(before, robots={}), tray=True).magazine_since == due.now


def test_since_when_the_mains_are_gone_and_when_the_battery_was_read(due: PureHome) -> None:
    before = with_state(due, battery_read=due.now - MINUTE, mains_lost=None)
    assert reported(due, before).battery_read == due.now - MINUTE, "nothing new"
    lost = reported(due, before, mains=False, battery_percent=90)
    assert (lost.mains_lost, lost.battery_read) == (MainsLost(due.now, 90), due.now)
    still = with_robot(before, ROBOT, replace(lost, mains_lost=MainsLost(due.now - MINUTE, 95)))
    lower = reported(due, still, mains=False, battery_percent=80)
    assert (lower.mains_lost, lower.battery_read) == (MainsLost(due.now - MINUTE, 95), due.now)
    assert reported(due, still).mains_lost is None


def logged(home: PureHome, world: World, entry: str, **fields: Any) -> World:
    return evolve(
        world, ev.RobotLogged(home.now, "log-1", 7, entry, home.now, "boot-1", robot=ROBOT, **fields)
    )


def test_the_sachet_that_left_last_is_known_by_its_label(due: PureHome) -> None:
    """A status that still shows it at the mouth is older than that."""
    before = with_state(due, gone_label="L009")
    for kind in (ev.OrderKind.RELEASE, ev.OrderKind.DIVERT):
        left = logged(due, before, "ended", order_kind=kind.value, label="L001", result="done")
        assert left.robot(ROBOT).gone_label == "L001"
    for fields in (
        {"order_kind": "present", "label": "L001", "result": "done"},
        {"order_kind": "release", "label": "L001", "result": "not_moved"},
        {"order_kind": "release", "label": "", "result": "done"},
    ):
        assert logged(due, before, "ended", **fields).robot(ROBOT).gone_label == "L009"
    assert left.robot(ROBOT).log_read == 7
    read = with_state(due, log_read=9)
    assert logged(due, read, "cleared").robot(ROBOT).log_read == 9, "what was read stays read"


# --- an order on its way ------------------------------------------------------------------------------


@pytest.fixture
def ordered(due: PureHome) -> PureHome:
    due.press()
    return due


def dose_after(home: PureHome, event: ev.Event, **changed: Any) -> Dose:
    dose = replace(home.dose("morning"), **changed)
    world = replace(home.world, doses={**home.world.doses, dose.dose_id: dose})
    return evolve(world, event).doses[dose.dose_id]


def ended(home: PureHome, result: ev.Result, reason: str = "log", detail: str = "") -> ev.OrderEnded:
    under_way = home.world.order_under_way()
    assert under_way is not None
    order = under_way.order
    return ev.OrderEnded(home.now, order.order_id, order.dose_id, order.kind, result, reason, detail)


def test_an_order_that_is_done_leaves_no_doubt_and_no_failure(ordered: PureHome) -> None:
    before = {"failure": "stall", "away_tried": ordered.now, "doubted": None, "presented": None}
    after = dose_after(ordered, ended(ordered, ev.Result.DONE), **before)
    assert (after.stage, after.order, after.failure, after.away_tried) == (Stage.HOLDING, None, "", None)
    assert after.presented is None, "a release puts nothing into the tray"
    ordered.move()
    done = ended(ordered, ev.Result.DONE)
    presented = dose_after(ordered, done, doubted=ordered.world.order_under_way().order)  # type: ignore[union-attr]
    assert (presented.stage, presented.presented, presented.doubted) == (Stage.IN_TRAY, ordered.now, None)


def test_a_failure_is_told_in_the_robots_own_code_and_what_was_not_tried_is_none(ordered: PureHome) -> None:
    """S8."""
    order = ordered.dose("morning").order
    assert order is not None

    def failure(reason: str, detail: str = "") -> str:
        after = dose_after(ordered, ended(ordered, ev.Result.REFUSED, reason, detail), failure="before")
        assert (after.order, after.doubted, after.wanted_until) == (None, None, None)
        return after.failure

    assert failure("not_moved", "motor_stall") == "motor_stall"
    assert failure("busy") == "busy"
    assert [failure(reason, "x") for reason in ("never_seen", "cancelled", "lifted")] == ["before"] * 3
    unknown = dose_after(ordered, ended(ordered, ev.Result.UNKNOWN))
    assert (unknown.stage, unknown.doubted, unknown.order) == (Stage.DOUBT, order.order, None)


def test_an_order_that_the_robot_accepted_is_an_accepted_one(due: PureHome) -> None:
    """What was accepted is revoked no more (P1)."""
    due.press()
    assert order_of(due.dose("morning")) is OrderState.ISSUED
    due.move("accepted")
    assert order_of(due.dose("morning")) is OrderState.ACCEPTED
    due.lost()


def test_a_sachet_is_where_it_was_moved_and_else_where_the_roll_is(due: PureHome) -> None:
    setting, morning = replace(due.setting, robots=(ROBOT, OTHER)), due.dose("morning")
    moved = replace(morning, robot=OTHER)
    assert robot_of(setting, moved) == ROBOT, "in the magazine it goes with the roll"
    assert robot_of(setting, replace(moved, stage=Stage.HOLDING)) == OTHER
    assert robot_of(due.setting, replace(moved, stage=Stage.HOLDING)) == ROBOT, "that one is served no more"
    due.press()
    ordered = due.dose("morning")
    assert ordered.order is not None
    assert robot_of(setting, replace(moved, order=ordered.order)) == OTHER
    assert robot_of(setting, replace(moved, plan=replace(moved.plan, loose=True))) == ""
    assert World().serial("") == NO_ROBOT_YET


def test_a_release_that_was_never_ordered_counts_as_one(due: PureHome) -> None:
    """Rule 16: once per dose id, ever."""
    event = ev.MotionAdopted(due.now, due.dose("morning").dose_id, ev.OrderKind.RELEASE, 4, "L001", OTHER)
    after = dose_after(due, event, releases=1)
    assert (after.stage, after.releases, after.label, after.robot) == (Stage.HOLDING, 2, "L001", OTHER)
    assert dose_after(due, replace(event, robot=""), robot=ROBOT).robot == ROBOT


def test_an_order_towards_the_resident_is_wanted_as_long_as_its_press_and_one_away_is_not(
    due: PureHome,
) -> None:
    (issued,) = [event for event in due.press() if isinstance(event, ev.OrderIssued)]
    due.world = evolve(due.world, ev.OrderRevoked(due.now, issued.order.order_id, "expired"))
    assert due.dose("morning").stage is Stage.DUE and due.dose("morning").wanted_until is None
    wanted = due.now + MINUTE

    def after(kind: ev.OrderKind, ground: str, **changed: Any) -> Dose:
        order = replace(issued.order, kind=kind, ground=ground)
        start = {
            "wanted_until": wanted,
            "stage": Stage.HOLDING,
            "label": "L001",
            "attempts": 3,
            "releases": 1,
        }
        return dose_after(due, replace(issued, order=order), **{**start, **changed})

    presented = after(ev.OrderKind.PRESENT, "press", anonymous=True)
    assert (presented.wanted_until, presented.anonymous) == (issued.order.expires, False)
    assert after(ev.OrderKind.PRESENT, "hand_out", anonymous=True).anonymous
    assert after(ev.OrderKind.PRESENT, "hand_out").wanted_until == wanted
    diverted = after(ev.OrderKind.DIVERT, "closing")
    assert (diverted.wanted_until, diverted.away_tried, diverted.attempts) == (None, due.now, 4)
    assert (presented.away_tried, presented.releases, presented.label) == (None, 1, "L001")
    released = after(ev.OrderKind.RELEASE, "press", stage=Stage.DUE, releases=0)
    assert (released.releases, released.label, released.rest) == (1, issued.order.label, Stage.DUE)
    controlled = replace(due.dose("morning").plan, controlled=True)
    in_tray: dict[str, Any] = {"stage": Stage.IN_TRAY}
    assert after(ev.OrderKind.RETRACT, "left", plan=controlled, **in_tray).left
    assert not after(ev.OrderKind.RETRACT, "left", **in_tray).left
    assert not after(ev.OrderKind.RETRACT, "later", plan=controlled, **in_tray).left
    assert after(ev.OrderKind.RETRACT, "later", left=True, **in_tray).left


def test_a_word_about_a_doubt_says_what_was_found(due: PureHome) -> None:
    about: dict[str, Any] = {"stage": Stage.DOUBT, "had_before": due.now, "untimed": True}
    had_it = ev.DecisionMade(
        due.now, "d", due.dose("morning").dose_id, ev.Verdict.HAD_IT, "Anna", "seen", "home"
    )
    after = dose_after(due, had_it, **about)
    assert (after.stage, after.found, after.lifted) == (Stage.LIFTED, "resident_had_it", due.now)
    assert (after.had_before, after.untimed) == (None, False)
    in_holding = replace(had_it, verdict=ev.Verdict.NOT_GIVEN, found="found_in_holding")
    after = dose_after(due, in_holding, **about)
    assert (after.stage, after.found, after.lifted) == (Stage.HOLDING, "found_in_holding", None)


def test_what_is_told_of_when_it_was_had_is_dated_by_the_clock_of_now(due: PureHome) -> None:
    told = ev.OutcomeRecorded(
        due.now, due.dose("morning").dose_id, 1, ev.Outcome.GIVEN_BY_STAFF, False, "Anna", "seen", due.now
    )
    before: dict[str, Any] = {"had_before": due.now - MINUTE, "untimed": True}
    after = dose_after(due, told, **before)
    assert (after.had_before, after.untimed) == (None, False)
    lifted = dose_after(due, told, **before, lifted=due.now, stage=Stage.LIFTED)
    assert (lifted.had_before, lifted.untimed) == (due.now - MINUTE, True), "its lift was dated before"
    due.world = replace(due.world, clock=replace(due.world.clock, trusted=False))
    assert dose_after(due, told).untimed


def test_what_is_about_nothing_of_ours_changes_nothing(due: PureHome) -> None:
    assert evolve(due.world, ev.OrderRevoked(due.now, "unknown", "expired")).doses == due.world.doses
    assert evolve(due.world, ev.TokenPassed(due.now, "unknown", "Anna", "i")).doses == due.world.doses


def test_a_new_press_forgets_why_the_last_one_led_to_nothing_and_whose_it_was(due: PureHome) -> None:
    turned_away = with_state(due, spent="who", spent_by="b" * 32, spent_at=due.now)
    after = evolve(turned_away, ev.Pressed(due.now, ROBOT, "s1", 100)).robot(ROBOT)
    assert (after.press is not None, after.spent, after.spent_by) == (True, "", "")


def test_a_log_that_began_anew_is_told_until_a_person_has_looked_into_it(due: PureHome) -> None:
    due.world = with_state(due, log_alarm="formatted")
    due.give()
    told = due.world.incident_about(f"robot:{ROBOT}")
    assert told is not None
    assert (told.kind, told.detail) == (ev.Kind.RECORD_CONTRADICTS, "formatted")
    due.until("09:30")
    resolve(due, due.world.incidents[told.incident_id])
    assert due.world.robot(ROBOT).log_alarm == ""
    due.take_dose()
    due.until("10:30")
    due.lost()
    due.until("10:45")
    gone = due.world.incident_about(f"robot:{ROBOT}")
    assert gone is not None
    assert (gone.kind, gone.state) == (ev.Kind.ROBOT_UNREACHABLE, ev.State.RAISED), "told of what comes next"


def test_that_a_robot_was_refused_is_no_word_about_its_log(due: PureHome) -> None:
    """The one hides the other: what nobody was told of, nobody has looked into."""
    due.world = with_state(due, log_alarm="formatted", state=RobotState.REJECTED, reason="wrong_serial")
    due.give()
    refused = due.world.incident_about(f"robot:{ROBOT}")
    assert refused is not None and refused.kind is ev.Kind.ROBOT_REFUSED
    resolve(due, refused)
    assert due.world.robot(ROBOT).log_alarm == "formatted"
