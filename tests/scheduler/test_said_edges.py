"""To the instant: what the resident's word is about, how long a question stands, and what becomes of medicine
beside the robot (S7, rules 8, 22)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.dose import Stage
from scheduler.evolve_press import with_robot
from scheduler.plan import DosePlan
from scheduler.regime import Pause, Regime
from scheduler.remembered import Asked
from scheduler.side_doses import confirmed, robot_asks, side_by_side, side_cause, side_instants, together
from scheduler.voice import at_hand, heard, quiet, refusal, unanswered
from scheduler.world import ClockState, RobotState, SideDose, World
from tests.support.one_dose import with_dose
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, utc

TICK, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
OPENS, HALF, CLOSES = utc("08:00"), utc("09:00"), utc("10:00")
PAUSED = Regime(pause=Pause(ev.PauseKind.HOSPITAL, OPENS, "Anna", None, OPENS))


def outcome(name: ev.Outcome, at: datetime = OPENS) -> ev.OutcomeRecorded:
    return ev.OutcomeRecorded(at, "d", 1, name, False, "", "x", at)


def plan_of(home: PureHome, drug: str = "N02BE01", **changed: Any) -> DosePlan:
    plan = home.dose("morning").plan
    portions = tuple(replace(one, content=replace(one.content, drug=drug)) for one in plan.portions)
    return replace(plan, **{"dose_id": "beside", "portions": portions, **changed})


def beside(home: PureHome, *sides: SideDose, **changed: Any) -> World:
    """With nothing in the robot."""
    return replace(home.world, **{"doses": {}, "sides": {side.dose_id: side for side in sides}, **changed})


# --- what a word is about -----------------------------------------------------------------------------


def test_a_word_is_about_the_sachet_nearest_to_the_resident(due: PureHome) -> None:
    def about(*stages: Stage, **changed: Any) -> Stage | None:
        doses = [
            replace(
                due.dose("morning"), stage=stage, plan=replace(due.dose("morning").plan, dose_id=stage.value)
            )
            for stage in stages
        ]
        doses = [replace(dose, **changed) for dose in doses]
        found = at_hand(
            replace(due.world, doses={d.dose_id: d for d in doses}), due.setting, RESIDENT, due.now
        )
        return None if not found else getattr(found[0], "stage", None)

    near = (Stage.IN_TRAY, Stage.PRESENTING, Stage.RELEASING, Stage.HOLDING, Stage.RETRACTING)
    for number, stage in enumerate(near):
        assert about(*reversed(near[number:]), Stage.DUE) is stage
    assert about(Stage.DUE) is Stage.DUE and about(Stage.DOUBT) is Stage.DOUBT
    assert about(Stage.LIFTED) is None and about(Stage.IN_STORE) is None
    assert about(Stage.DUE, token="Anna") is None
    assert about(Stage.DUE, outcome=outcome(ev.Outcome.MISSED)) is None
    assert about(Stage.DUE, declined=due.now) is Stage.DUE, "they may say more of it"


def test_of_two_sachets_that_wait_the_word_is_about_the_one_not_yet_declined(due: PureHome) -> None:
    first = replace(due.dose("morning"), declined=due.now)
    second = replace(due.dose("morning"), plan=replace(due.dose("morning").plan, dose_id="second"))
    world = replace(due.world, doses={first.dose_id: first, "second": second})
    assert at_hand(world, due.setting, RESIDENT, due.now) == [second]


def test_what_stands_still_asks_for_nothing_and_what_is_beside_it_is_meant(due: PureHome) -> None:
    side = SideDose(plan_of(due), due=True)
    world = replace(due.world, sides={"beside": side})
    assert at_hand(world, due.setting, RESIDENT, due.now) == [due.dose("morning")]
    robot = world.robot(ROBOT)
    assert robot.status is not None
    stuck = with_robot(world, ROBOT, replace(robot, status=replace(robot.status, fault="stall")))
    assert at_hand(stuck, due.setting, RESIDENT, due.now) == [side]
    assert not robot_asks(stuck, due.setting, RESIDENT, due.now)


@pytest.mark.parametrize(
    ("changed", "asks"),
    [
        ({}, True), ({"stage": Stage.HOLDING}, True), ({"stage": Stage.IN_TRAY}, True),
        ({"stage": Stage.RELEASING}, True), ({"stage": Stage.HELD}, False),
        ({"stage": Stage.IN_STORE}, False),
        ({"declined": OPENS}, False), ({"declined": OPENS, "stage": Stage.IN_TRAY}, True),
        ({"token": "Anna"}, False), ({"outcome": outcome(ev.Outcome.CONFIRMED)}, False),
    ],
)  # fmt: skip
def test_a_press_of_take_is_about_a_sachet_that_is_on_offer_or_on_its_way(
    due: PureHome, changed: dict[str, Any], asks: bool
) -> None:
    world = with_dose(due, **changed)
    assert robot_asks(world, due.setting, RESIDENT, due.now) is asks
    assert not robot_asks(world, due.setting, "b" * 32, due.now)
    assert not robot_asks(world, due.setting, RESIDENT, CLOSES)
    still = {Stage.IN_TRAY, Stage.RELEASING}
    gone = with_robot(world, ROBOT, replace(world.robot(ROBOT), state=RobotState.ABSENT))
    assert robot_asks(gone, due.setting, RESIDENT, due.now) is (asks and changed.get("stage") in still)


def said(home: PureHome, answer: ev.Answer, world: World) -> list[ev.Event]:
    press = ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 100, answer, RESIDENT)
    pressed = with_robot(world, ROBOT, replace(world.robot(ROBOT), press=press))
    return list(heard(pressed, home.setting, home.now))


def test_no_thanks_is_asked_about_once_where_there_are_buttons_to_answer(due: PureHome) -> None:
    dose_id = due.dose("morning").dose_id
    declined = ev.DoseDeclined(due.now, dose_id, ROBOT)
    why, told = reversed(said(due, ev.Answer.NO_THANKS, with_dose(due)))
    assert told == declined and isinstance(why, ev.QuestionAsked)
    assert (why.question, why.dose_id, why.resident) == (ev.Question.WHY_NOT, dose_id, RESIDENT)
    assert said(due, ev.Answer.NO_THANKS, with_dose(due, declined=due.now)) == [declined], "once"
    world = with_dose(due)
    plain = with_robot(world, ROBOT, replace(world.robot(ROBOT), answers=False))
    assert said(due, ev.Answer.NO_THANKS, plain) == [declined]


def test_a_question_stands_until_the_instant_it_leaves_the_display(due: PureHome) -> None:
    asked = Asked(ev.Question.EFFECT, "d", due.now, due.now + MINUTE)
    world = replace(due.world, asked={RESIDENT: asked})

    def answered(now: datetime) -> bool:
        due.now = now
        (event,) = said(due, ev.Answer.FIRST, world)
        return isinstance(event, ev.QuestionAnswered)

    def left_open(now: datetime) -> bool:
        events = list(unanswered(world, due.setting, now))
        assert events in ([], [ev.QuestionAnswered(now, RESIDENT, asked.question, "d", "")])
        return bool(events)

    for now, stands in (
        (asked.since - TICK, False),
        (asked.since, True),
        (asked.until - TICK, True),
        (asked.until, False),
    ):
        assert (answered(now), left_open(now)) == (stands, not stands)


def test_put_off_is_quiet_until_the_next_reminder(due: PureHome) -> None:
    every = 15 * MINUTE
    dose = due.dose("morning")
    assert not quiet(dose, every)
    later = replace(dose, put_off=OPENS + every)
    assert quiet(later, every) and quiet(replace(later, reminders=1), every)
    assert not quiet(replace(later, reminders=2), every)


def test_a_refusal_is_told_until_when_it_can_still_be_had(due: PureHome) -> None:
    def told(drug_critical: bool = False, **changed: Any) -> Cause | None:
        plan = replace(due.dose("morning").plan, critical=drug_critical)
        world = with_dose(due, **{"plan": plan, **changed})
        (dose,) = world.doses.values()
        return refusal(world, dose)

    dose_id = due.dose("morning").dose_id
    low = Cause(ev.Kind.DOSE_REFUSED, ev.Priority.LOW, "", dose_id, CLOSES)
    assert told() is None
    assert told(declined=due.now) == told(outcome=outcome(ev.Outcome.REFUSED)) == low
    assert told(True, declined=due.now) == replace(low, priority=ev.Priority.MEDIUM)
    assert told(plan=replace(due.dose("morning").plan, slot="pn-1"), declined=due.now) is None


def test_refused_on_the_second_day_is_medium_where_it_is_the_same_medicine(due: PureHome) -> None:
    today = due.dose("morning", day=2)
    no = outcome(ev.Outcome.REFUSED)

    def priority(**of_yesterday: Any) -> str:
        before = replace(due.dose("morning"), **{"outcome": no, **of_yesterday})
        declined = replace(today, declined=due.now)
        world = replace(due.world, doses={before.dose_id: before, declined.dose_id: declined})
        told = refusal(world, declined)
        assert told is not None
        return f"{ev.Priority(told.priority).name.lower()} {told.detail}"

    plan = due.dose("morning").plan
    assert priority() == "medium second_day"
    assert priority(outcome=None) == priority(outcome=outcome(ev.Outcome.MISSED)) == "low "
    assert priority(plan=replace(plan, resident="b" * 32)) == "low "
    assert priority(plan=replace(plan, portions=due.dose("noon").plan.portions)) == "low "
    assert priority(plan=replace(plan, day=plan.day - timedelta(days=1))) == "low "


# --- beside the robot ---------------------------------------------------------------------------------


def by_time(home: PureHome, side: SideDose, now: datetime, **changed: Any) -> str:
    events = side_by_side(beside(home, side, **changed), home.setting, now)
    if not events:
        return ""
    (event,) = events
    if isinstance(event, ev.ReminderGiven):
        return f"reminder {event.number}"
    if isinstance(event, ev.SideDoseDue):
        return "due"
    assert isinstance(event, ev.OutcomeRecorded) and (event.late, event.by, event.revision) == (False, "", 1)
    assert event.happened == (side.declined if event.outcome is ev.Outcome.REFUSED else CLOSES)
    return f"{event.outcome.value} {event.reason}"


def test_what_time_alone_does_to_medicine_beside_the_robot(home: PureHome) -> None:
    side = SideDose(plan_of(home))
    known = replace(side, due=True)
    assert [by_time(home, side, now) for now in (OPENS - TICK, OPENS, CLOSES - TICK)] == ["", "due", "due"]
    assert by_time(home, known, OPENS + 15 * MINUTE - TICK) == ""
    assert by_time(home, known, OPENS + 31 * MINUTE) == "reminder 2"
    assert by_time(home, replace(known, reminders=2), OPENS + 31 * MINUTE) == ""
    assert by_time(home, known, CLOSES) == "missed unconfirmed"
    assert by_time(home, side, CLOSES) == "failed not_offered"
    no = replace(known, declined=HALF)
    assert by_time(home, no, OPENS + 31 * MINUTE) == ""
    assert by_time(home, no, CLOSES) == "refused no_thanks"
    assert by_time(home, replace(no, said="nausea"), CLOSES) == "refused nausea"
    for quiet_one in (PAUSED, Regime(mode=ev.Mode.ASSISTED)):
        assert by_time(home, known, OPENS + 31 * MINUTE, regimes={RESIDENT: quiet_one}) == ""
    assert by_time(home, known, CLOSES, regimes={RESIDENT: PAUSED}) == "withheld paused"
    assert by_time(home, known, CLOSES, clock=ClockState()) == "", "rule 18"
    assert by_time(home, replace(known, outcome=outcome(ev.Outcome.CONFIRMED)), CLOSES) == ""


def test_what_is_due_together_is_confirmed_together_and_what_was_declined_comes_last(home: PureHome) -> None:
    one = SideDose(plan_of(home), due=True)
    two = replace(one, plan=replace(one.plan, dose_id="two"))
    later = replace(one, plan=replace(one.plan, dose_id="later", opens=OPENS + MINUTE))
    now = OPENS + 2 * MINUTE

    def shown(*sides: SideDose) -> list[str]:
        return [side.dose_id for side in together(beside(home, *sides), RESIDENT, now)]

    assert shown(one, two, later) == ["beside", "two"]
    assert shown(replace(one, declined=now), replace(two, declined=now), later) == ["later"]
    assert shown(replace(one, declined=now), replace(two, declined=now)) == ["beside", "two"]
    assert shown(replace(one, due=False), later) == ["later"]
    told = confirmed(beside(home, one, two), RESIDENT, HALF, "Anna")
    outcomes = [event for event in told if isinstance(event, ev.OutcomeRecorded)]
    said = [(event.dose_id, event.late, event.by) for event in outcomes]
    assert said == [("beside", False, "Anna"), ("two", False, "Anna")]
    (late,) = confirmed(beside(home, one), RESIDENT, HALF + TICK)
    assert isinstance(late, ev.OutcomeRecorded) and late.late and late.outcome is ev.Outcome.CONFIRMED


def test_who_hears_of_medicine_beside_the_robot_that_nobody_confirmed(home: PureHome) -> None:
    insulin = "A10AB01"

    def told(now: datetime, drug: str = "N02BE01", critical: bool = False, regime: Regime | None = None,
             **changed: Any) -> str:  # fmt: skip
        side = replace(SideDose(plan_of(home, drug, critical=critical), due=True), **changed)
        world = beside(home, side, regimes={RESIDENT: regime} if regime else {})
        cause = side_cause(world, side, now)
        if cause is None:
            return ""
        assert (cause.dose_id, cause.before) == ("beside", CLOSES)
        return f"{cause.kind.value} {ev.Priority(cause.priority).name.lower()} {cause.detail}".strip()

    assert told(HALF - TICK) == "" and told(HALF) == "side_unconfirmed low"
    assert told(HALF, critical=True) == "side_unconfirmed medium"
    assert told(HALF, insulin) == "side_unconfirmed medium insulin"
    assert told(HALF, insulin, critical=True) == "side_unconfirmed high insulin"
    assert told(HALF, declined=OPENS) == told(HALF, due=False) == ""
    for name in ev.Outcome:
        open_still = name in (ev.Outcome.MISSED, ev.Outcome.FAILED)
        assert (told(HALF, outcome=outcome(name)) != "") is open_still
    assisted = Regime(mode=ev.Mode.ASSISTED)
    assert told(OPENS, regime=assisted) == "dose_due low"
    assert told(OPENS, critical=True, regime=assisted) == "dose_due medium"
    assert told(HALF, regime=PAUSED) == ""
    assert told(HALF, regime=PAUSED, outcome=outcome(ev.Outcome.MISSED)) == "side_unconfirmed low"


def test_when_time_alone_may_change_it(home: PureHome) -> None:
    side = SideDose(plan_of(home), reminders=1)
    expected = [OPENS, HALF, CLOSES, OPENS + 30 * MINUTE]
    assert list(side_instants(beside(home, side), home.setting)) == expected
    settled = replace(side, outcome=outcome(ev.Outcome.CONFIRMED))
    assert list(side_instants(beside(home, settled), home.setting)) == []
