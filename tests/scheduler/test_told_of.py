"""Who hears what of one dose and its robot: kind, priority, detail, from which instant on (S8, rule 11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.causes import causes
from scheduler.dose import Stage
from scheduler.regime import Regime
from scheduler.world import ClockState, RobotState, World
from tests.support.one_dose import status, with_dose, with_state
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, utc

TICK, MINUTE, HOUR = timedelta(milliseconds=1), timedelta(minutes=1), timedelta(hours=1)
LOW, MEDIUM, HIGH = "low", "medium", "high"
OPENS, HALF, CLOSES = utc("08:00"), utc("09:00"), utc("10:00")
Told = tuple[str, str, str]
Changed = dict[str, Any]


def outcome(name: ev.Outcome, reason: str = "x") -> ev.OutcomeRecorded:
    return ev.OutcomeRecorded(OPENS, "d", 1, name, False, "", reason, OPENS)


def the_dose(home: PureHome, critical: bool = False, **changed: Any) -> World:
    """The morning's alone."""
    dose = home.dose("morning")
    return with_dose(home, plan=replace(changed.pop("plan", dose.plan), critical=critical), **changed)


def about(home: PureHome, world: World, now: datetime, subject: str = "") -> Told | None:
    """Kind, priority, detail of what is wrong with the morning's dose, or with this subject."""
    dose_id = home.dose("morning").dose_id
    cause = causes(world, home.setting, now).get(subject or f"dose:{dose_id}")
    if cause is None:
        return None
    if not subject:
        assert (cause.dose_id, cause.before) == (dose_id, CLOSES)
    return cause.kind.value, ev.Priority(cause.priority).name.lower(), cause.detail


NOON = utc("12:00")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, None),
        ({"contradicted": True}, ("record_contradicts", HIGH, "possible_double_dose")),
        ({"stage": Stage.LIFTED, "token": "Anna"}, ("record_contradicts", HIGH, "possible_double_dose")),
        ({"stage": Stage.LIFTED, "outcome": outcome(ev.Outcome.GIVEN_BY_STAFF)},
            ("record_contradicts", HIGH, "possible_double_dose")),
        ({"stage": Stage.DOUBT}, ("order_unknown", MEDIUM, "in_doubt")),
        ({"stage": Stage.DOUBT, "outcome": outcome(ev.Outcome.UNCERTAIN)},
            ("order_unknown", MEDIUM, "in_doubt")),
        ({"outcome": outcome(ev.Outcome.UNCERTAIN)}, ("order_unknown", MEDIUM, "uncertain")),
        ({"outcome": outcome(ev.Outcome.MISSED)}, ("dose_missed", MEDIUM, "")),
        ({"outcome": outcome(ev.Outcome.FAILED, "not_offered")}, ("dose_blocked", MEDIUM, "not_offered")),
        ({"outcome": outcome(ev.Outcome.FAILED, "stall"), "failure": "stall"},
            ("release_failed", MEDIUM, "stall")),
        ({"outcome": outcome(ev.Outcome.WITHHELD, "label_mismatch"), "held": "label_mismatch"},
            ("sachet_mismatch", HIGH, "label_mismatch")),
        ({"outcome": outcome(ev.Outcome.WITHHELD, "paused")}, None),
        ({"stage": Stage.HELD, "held": "label_unreadable"},
            ("sachet_unreadable", MEDIUM, "label_unreadable")),
        ({"stage": Stage.HELD, "held": "label_mismatch"}, ("sachet_mismatch", HIGH, "label_mismatch")),
        ({"stage": Stage.FAILED, "failure": "stall"}, ("release_failed", MEDIUM, "stall")),
        ({"stage": Stage.HOLDING, "label": "L001", "failure": "stall"}, ("release_failed", MEDIUM, "stall")),
        ({"stage": Stage.IN_STORE}, ("dose_blocked", MEDIUM, "not_in_robot")),
        ({"stage": Stage.OUT}, ("dose_blocked", MEDIUM, "not_in_robot")),
        ({"anonymous": True}, ("dose_blocked", MEDIUM, "personal_action")),
        ({"stage": Stage.LIFTED, "outcome": outcome(ev.Outcome.RETRIEVED)}, None),
        ({"stage": Stage.LIFTED, "outcome": outcome(ev.Outcome.RETRIEVED), "changed": 2},
            ("call_resident", HIGH, "card_changed")),
        ({"token": "Anna"}, ("dose_blocked", MEDIUM, "")),
    ],
)  # fmt: skip
def test_what_is_told_of_a_dose_in_its_window_and_one_higher_of_a_critical_one(
    due: PureHome, changed: Changed, told: Told | None
) -> None:
    assert about(due, the_dose(due, **changed), due.now) == told
    if told is not None:
        kind, priority, detail = told
        higher = {MEDIUM: HIGH, HIGH: HIGH}[priority]
        assert about(due, the_dose(due, critical=True, **changed), due.now) == (kind, higher, detail)


def test_what_a_lock_keeps_back_is_told_by_its_name_and_only_while_it_can_be_offered(due: PureHome) -> None:
    """S8."""
    open_lid = status(the_dose(due), lid_open=True)
    blocked = ("dose_blocked", MEDIUM, "lid_open")
    assert [about(due, open_lid, now) for now in (OPENS - TICK, OPENS, CLOSES - TICK, CLOSES)] == [
        None, blocked, blocked, None,
    ]  # fmt: skip
    in_holding = the_dose(due, stage=Stage.HOLDING, label="")
    assert about(due, in_holding, due.now) == ("dose_blocked", MEDIUM, "label_unknown")


def test_what_is_not_settled_two_minutes_after_its_closing_is_told(due: PureHome) -> None:
    world, late = the_dose(due), CLOSES + 2 * MINUTE
    assert about(due, world, late - TICK) is None
    assert about(due, world, late) == ("dose_blocked", MEDIUM, "not_settled")


def test_a_robot_that_is_gone_is_a_care_incident_half_an_hour_before_the_window(due: PureHome) -> None:
    world = with_state(the_dose(due), state=RobotState.ABSENT, since=utc("06:00"), reason="unplugged")
    told = ("robot_unreachable", MEDIUM, "unplugged")
    lead = OPENS - 30 * MINUTE
    assert [about(due, world, now) for now in (lead - TICK, lead, CLOSES - TICK, CLOSES, CLOSES + HOUR)] == [
        None, told, told, told, told,
    ]  # fmt: skip
    just_gone = with_state(world, since=due.now - 2 * MINUTE)
    assert about(due, just_gone, due.now) == told
    assert about(due, just_gone, due.now - TICK) is None


def test_who_did_not_come_by_half_the_window_is_about_to_miss_it(due: PureHome) -> None:
    soon = ("about_to_miss", LOW, "")
    for stage, label in ((Stage.DUE, ""), (Stage.HOLDING, "L001")):
        world = the_dose(due, stage=stage, label=label)
        assert [about(due, world, now) for now in (HALF - TICK, HALF, CLOSES - TICK, CLOSES)] == [
            None, soon, soon, None,
        ]  # fmt: skip


def test_what_was_not_lifted_for_a_quarter_of_an_hour_is_told_and_so_is_what_was_taken_back(
    due: PureHome,
) -> None:
    world = the_dose(due, stage=Stage.IN_TRAY, presented=due.now)
    left = ("left_in_tray", MEDIUM, "")
    assert about(due, world, due.now + 15 * MINUTE - TICK) is None
    assert about(due, world, due.now + 15 * MINUTE) == left
    back = the_dose(due, stage=Stage.HOLDING, label="L001", left=True)
    assert about(due, back, due.now) == ("left_in_tray", MEDIUM, "taken_back")


def test_where_staff_remind_they_hear_that_it_is_due_and_where_they_witness_that_nobody_saw_it(
    due: PureHome,
) -> None:
    assisted = replace(the_dose(due), regimes={RESIDENT: Regime(mode=ev.Mode.ASSISTED)})
    assert about(due, assisted, OPENS) == ("dose_due", LOW, "")
    told = replace(outcome(ev.Outcome.RETRIEVED), at=due.now)
    world = the_dose(due, stage=Stage.LIFTED, outcome=told, to_witness=True)
    assert about(due, world, due.now + 15 * MINUTE - TICK) is None
    assert about(due, world, due.now + 15 * MINUTE) == ("not_witnessed", LOW, "")


def test_a_doubt_is_as_urgent_as_the_most_urgent_dose_it_blocks_within_a_day(due: PureHome) -> None:
    """Rule 11."""
    world = the_dose(due, stage=Stage.DOUBT)
    night = due.dose("night")

    def urgency(opens: datetime, **changed: Any) -> str:
        plan = replace(night.plan, critical=True, opens=opens, half=opens + HOUR, closes=opens + 2 * HOUR)
        other = replace(night, plan=plan)
        other = replace(other, **changed)
        told = about(due, replace(world, doses={**world.doses, other.dose_id: other}), due.now)
        assert told is not None and told[0] == "order_unknown"
        return told[1]

    day = timedelta(hours=24)
    assert urgency(due.now + day) == HIGH and urgency(due.now + day + TICK) == MEDIUM
    assert urgency(due.now - 2 * HOUR + TICK) == HIGH and urgency(due.now - 2 * HOUR) == MEDIUM
    assert urgency(due.now, outcome=outcome(ev.Outcome.CONFIRMED)) == MEDIUM


def incident(home: PureHome, **changed: Any) -> ev.Incident:
    dose_id = home.dose("morning").dose_id
    one = ev.Incident(
        "i", f"dose:{dose_id}", ev.Kind.DOSE_MISSED, ev.Priority.LOW, dose_id, OPENS, OPENS, "as_told"
    )
    return replace(one, **changed)


def known(world: World, incident: ev.Incident) -> World:
    return replace(world, incidents={"i": incident}, subjects={incident.subject: ("i", 1)})


def test_with_a_person_the_story_goes_on_as_it_was_told(due: PureHome) -> None:
    """Rule 5; and once the plan asks for it no more, that is what they must hear."""
    world = known(the_dose(due, token="Anna"), incident(due))
    assert about(due, world, due.now) == ("dose_missed", MEDIUM, "as_told")
    high = known(world, incident(due, priority=ev.Priority.HIGH, detail="no_longer_planned"))
    assert about(due, high, due.now) == ("dose_missed", HIGH, "")
    stopped = replace(world, plans={})
    assert about(due, stopped, due.now) == ("dose_missed", HIGH, "no_longer_planned")
    shut = known(stopped, incident(due, state=ev.State.CLOSED))
    assert about(due, shut, due.now) == ("dose_missed", MEDIUM, "as_told"), "nobody is giving it"


# --- the robot ----------------------------------------------------------------------------------------


def test_a_robot_that_is_gone_is_told_once_by_the_dose_or_by_itself(due: PureHome) -> None:
    gone = with_state(the_dose(due), state=RobotState.ABSENT, since=due.now, reason="unplugged")
    subject = f"robot:{ROBOT}"
    at = due.now + 2 * MINUTE
    assert about(due, gone, at, subject) is None, "the dose's incident says it"
    nobody = replace(gone, doses={})
    assert about(due, nobody, at - TICK, subject) is None
    assert about(due, nobody, at, subject) == ("robot_unreachable", LOW, "unplugged")
    shut = known(gone, incident(due, kind=ev.Kind.ROBOT_UNREACHABLE, state=ev.State.CLOSED))
    assert about(due, shut, at, subject) == ("robot_unreachable", LOW, "unplugged"), "that one was closed"


def test_what_is_wrong_with_a_robot_itself(due: PureHome) -> None:
    subject = f"robot:{ROBOT}"
    world = the_dose(due)
    assert about(due, world, due.now, subject) is None
    rejected = with_state(world, state=RobotState.REJECTED, reason="wrong_serial")
    assert about(due, rejected, due.now, subject) == ("robot_refused", MEDIUM, "wrong_serial")
    formatted = with_state(world, log_alarm="formatted")
    assert about(due, formatted, due.now, subject) == ("record_contradicts", HIGH, "formatted")
    assert about(due, status(world, fault="stall"), due.now, subject) == ("robot_fault", MEDIUM, "stall")
    failed = status(the_dose(due, stage=Stage.FAILED, failure="stall"), fault="stall")
    assert about(due, failed, due.now, subject) is None, "the dose's incident says it"
    attempt = with_state(world, attempt="wrong_tag")
    assert about(due, attempt, due.now, f"press:{ROBOT}") == ("attempt_blocked", LOW, "wrong_tag")
    clock = ClockState(True, vouched=frozenset({"SIM-0002"}), doubts={ROBOT: "battery_gap"})
    doubted = replace(world, clock=clock)
    assert about(due, doubted, due.now, f"clock:{ROBOT}") == ("clock_untrusted", MEDIUM, "battery_gap")
    assert (
        about(due, replace(doubted, clock=replace(clock, trusted=False)), due.now, f"clock:{ROBOT}") is None
    )


def test_a_magazine_that_cannot_serve_the_plan_is_high_within_twelve_hours_of_a_dose(due: PureHome) -> None:
    world, subject = the_dose(due), f"roll:{RESIDENT}"
    since = world.robot(ROBOT).magazine_since
    assert since is not None

    def told(there: World, now: datetime = due.now) -> Told | None:
        return about(due, there, now, subject)

    empty = status(world, sachets_left=0)
    assert told(empty) == told(status(world, production_id="")) == ("roll_empty", HIGH, "")
    assert told(empty, since + 2 * MINUTE - TICK) is None, "somebody is just putting it in"
    assert told(with_state(world, rolls={})) == ("roll_conflict", HIGH, "no_manifest")
    assert told(status(world, production_id="ROLL-2")) == ("roll_conflict", HIGH, "other_roll")
    noon = due.dose("noon")
    for ahead, priority in ((12 * HOUR, HIGH), (12 * HOUR + TICK, MEDIUM)):
        plan = replace(noon.plan, opens=due.now + ahead, closes=due.now + ahead + HOUR)
        assert told(replace(empty, doses={noon.dose_id: replace(noon, plan=plan)})) == (
            "roll_empty",
            priority,
            "",
        )
    for settled in ({"stage": Stage.LIFTED}, {"outcome": outcome(ev.Outcome.CONFIRMED)}):
        gone = status(the_dose(due, **settled), sachets_left=0)
        assert told(gone) == ("roll_empty", MEDIUM, "")
    assert told(replace(empty, doses={})) is None
