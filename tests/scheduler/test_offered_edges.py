"""To the instant and the word: what becomes due, is held, reminded of or ordered by a press, of one robot."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.evolve_press import with_robot
from scheduler.offering import held_at, issue, opened, presented, pressed_at, reminded
from scheduler.regime import Pause, Regime
from scheduler.world import ClockState, Dose, RobotState, World
from tests.support.many_home import KEYS, ManyHome
from tests.support.one_dose import status, with_dose, with_state
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, utc

TICK, MINUTE = timedelta(milliseconds=1), timedelta(minutes=1)
OPENS, CLOSES = utc("08:00"), utc("10:00")


# --- due ----------------------------------------------------------------------------------------------


def outage(home: PureHome, now: datetime, world: World | None = None) -> bool | None:
    """Whether the dose that becomes due was kept back by the home; None: none becomes due."""
    events = opened(world or with_dose(home), home.setting, now)
    if not events:
        return None
    (event,) = events
    assert isinstance(event, ev.DoseDue)
    return event.outage


def test_a_dose_is_due_inside_its_window_and_by_a_trusted_clock(home: PureHome) -> None:
    assert outage(home, OPENS - TICK) is None and outage(home, CLOSES) is None
    assert outage(home, OPENS) is False and outage(home, CLOSES - TICK) is True
    assert outage(home, OPENS, replace(with_dose(home), clock=ClockState())) is None
    assert outage(home, OPENS, with_dose(home, stage=Stage.DUE)) is None
    told = ev.OutcomeRecorded(home.now, "d", 1, ev.Outcome.CONFIRMED, False, "", "x", home.now)
    assert outage(home, OPENS, with_dose(home, outcome=told)) is None


def test_a_home_that_was_down_or_had_no_robot_says_so_of_what_it_could_not_offer(home: PureHome) -> None:
    two = 2 * MINUTE
    assert outage(home, OPENS + two - TICK) is False and outage(home, OPENS + two) is True
    late = with_dose(home, known=OPENS + TICK)
    assert outage(home, OPENS + two, late) is False, "the card came after its time"
    assert outage(home, OPENS + two, with_dose(home, known=OPENS)) is True
    assert outage(home, OPENS + two, with_dose(home, known=None)) is False
    for since, expected in ((OPENS - two, True), (OPENS - two + TICK, False), (None, True)):
        gone = with_state(with_dose(home), state=RobotState.ABSENT, since=since)
        assert outage(home, OPENS, gone) is expected


# --- held ---------------------------------------------------------------------------------------------


def held(home: PureHome, world: World) -> str:
    """Why the morning's dose is held now."""
    events = held_at(world, home.setting, ROBOT, home.now)
    if not events:
        return ""
    *_, event = events
    label = world.robot(ROBOT).status
    assert isinstance(event, ev.DoseHeld) and label is not None
    assert (event.dose_id, event.label) == (home.dose("morning").dose_id, label.mouth_label)
    return event.reason


def test_what_was_read_at_the_mouth_holds_the_dose_that_is_due(due: PureHome) -> None:
    """S3."""
    world = with_dose(due)
    assert held(due, world) == ""
    assert held(due, status(world, mouth_label="L002")) == "label_mismatch"
    assert held(due, status(world, mouth_label="X")) == "label_unknown"
    assert held(due, status(world, mouth_label="")) == "label_unreadable"
    assert held(due, status(with_dose(due, stage=Stage.FAILED), mouth_label="X")) == "label_unknown"
    newer = replace(due.world.plans[RESIDENT], plan_version=2, prescriptions=())
    assert held(due, replace(world, plans={RESIDENT: newer})) == "card_changed"


@pytest.mark.parametrize(
    "changed",
    [
        {"stage": Stage.PLANNED}, {"stage": Stage.HOLDING}, {"stage": Stage.HELD}, {"lost": True},
        {"uncounted": "uncounted"},
    ],
)  # fmt: skip
def test_the_mouth_says_nothing_of_a_dose_that_is_not_offered_from_it(
    due: PureHome, changed: dict[str, Any]
) -> None:
    assert held(due, status(with_dose(due, **changed), mouth_label="X")) == ""


def test_nothing_is_held_by_a_robot_that_has_not_read_what_lies_there(due: PureHome) -> None:
    wrong = status(with_dose(due), mouth_label="X")
    assert held(due, wrong) == "label_unknown"
    assert held(due, with_state(wrong, gone_label="X")) == "", "that one has just left"
    for changed in ({"fault": "stall"}, {"lid_open": True}, {"sachets_left": 0}, {"production_id": ""}):
        assert held(due, status(wrong, **changed)) == ""
    assert held(due, status(wrong, production_id="ROLL-2")) == ""
    assert held(due, with_state(wrong, state=RobotState.ABSENT)) == ""
    assert held(due, with_state(wrong, rolls={})) == ""
    doubt = replace(due.dose("night"), stage=Stage.DOUBT, robot=ROBOT)
    assert held(due, replace(wrong, doses={**wrong.doses, doubt.dose_id: doubt})) == ""


def family() -> ManyHome:
    """A and B at one robot, both at eight: A's sachet lies first."""
    home = ManyHome({"A": ROBOT, "B": ROBOT}, {"A": ("morning",), "B": ("morning",)})
    home.start()
    home.until("08:05")
    return home


def test_of_two_doses_of_one_time_either_may_lie_first() -> None:
    home = family()
    world = home.world

    def holds(**of_a: Any) -> list[str]:
        dose: Dose = replace(home.dose("A", "morning"), **of_a)
        there = replace(world, doses={**world.doses, dose.dose_id: dose})
        found = held_at(there, home.setting, ROBOT, home.now)
        return [event.dose_id for event in found if isinstance(event, ev.DoseHeld)]

    a_s, b_s = home.dose("A", "morning").dose_id, home.dose("B", "morning").dose_id
    assert holds() == [], "B's is no stranger behind A's"
    assert holds(stage=Stage.HELD, held="x", held_label="A001") == [], "a person decides of that one first"
    assert holds(stage=Stage.IN_STORE) == [b_s], "nobody's sachet lies there any more"
    robot = world.robot(ROBOT)
    alone = with_robot(world, ROBOT, replace(robot, rolls={KEYS["B"]: robot.rolls[KEYS["B"]]}))
    found = held_at(alone, home.setting, ROBOT, home.now)
    assert [event.dose_id for event in found if isinstance(event, ev.DoseHeld)] == [b_s]
    assert a_s not in {event.dose_id for event in found if isinstance(event, ev.DoseHeld)}


# --- reminded -----------------------------------------------------------------------------------------


def reminders(home: PureHome, world: World, now: datetime) -> list[int]:
    found = reminded(world, home.setting, now)
    assert all(isinstance(event, ev.ReminderGiven) and event.at == now for event in found)
    return [event.number for event in found if isinstance(event, ev.ReminderGiven)]


def test_every_quarter_of_an_hour_inside_the_window_and_none_is_made_up_for(due: PureHome) -> None:
    world = with_dose(due)
    assert reminders(due, world, OPENS + 15 * MINUTE - TICK) == []
    assert reminders(due, world, OPENS + 15 * MINUTE) == [1]
    assert reminders(due, world, OPENS + 46 * MINUTE) == [3]
    assert reminders(due, with_dose(due, reminders=3), OPENS + 46 * MINUTE) == []
    assert reminders(due, world, CLOSES - TICK) == [7] and reminders(due, world, CLOSES) == []


@pytest.mark.parametrize("stage", Stage)
def test_only_of_what_the_resident_can_still_come_for(due: PureHome, stage: Stage) -> None:
    waits = stage in (Stage.DUE, Stage.FAILED, Stage.HOLDING, Stage.IN_TRAY)
    assert reminders(due, with_dose(due, stage=stage), OPENS + 15 * MINUTE) == ([1] if waits else [])


def test_nobody_is_reminded_of_what_they_declined_had_or_are_given(due: PureHome) -> None:
    told = ev.OutcomeRecorded(due.now, "d", 1, ev.Outcome.CONFIRMED, False, "", "x", due.now)
    plan = replace(due.dose("morning").plan, slot="pn-1")
    for changed in ({"declined": due.now}, {"token": "Anna"}, {"outcome": told}, {"plan": plan}):
        assert reminders(due, with_dose(due, **changed), OPENS + 15 * MINUTE) == []
    pause = Pause(ev.PauseKind.HOSPITAL, due.now, "Anna", None, due.now)
    for regime in (Regime(pause=pause), Regime(mode=ev.Mode.ASSISTED)):
        world = replace(with_dose(due), regimes={RESIDENT: regime})
        assert reminders(due, world, OPENS + 15 * MINUTE) == []


# --- a press ------------------------------------------------------------------------------------------


def answered(home: PureHome, world: World) -> str:
    """What a press leads to: the order's kind and ground, or why it led to nothing."""
    world = with_state(world, press=ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 100))
    events = pressed_at(world, home.setting, ROBOT, home.now)
    *_, event = events
    if isinstance(event, ev.PressSpent):
        return event.reason
    if isinstance(event, ev.AnswerTakenBack):
        assert event.robot == ROBOT
        return "taken_back"
    assert isinstance(event, ev.OrderIssued)
    return f"{event.order.kind.value} {event.order.ground}"


def test_each_thing_a_press_can_lead_to(due: PureHome) -> None:
    assert answered(due, with_dose(due)) == "release press"
    assert answered(due, with_dose(due, stage=Stage.HOLDING, label="L001")) == "present press"
    assert answered(due, with_dose(due, stage=Stage.IN_TRAY, put_off=due.now)) == "taken_back"
    assert answered(due, with_dose(due, stage=Stage.HELD)) == "held"
    assert answered(due, with_dose(due, stage=Stage.DOUBT)) == "in_doubt"
    assert answered(due, with_dose(due, stage=Stage.IN_STORE)) == "nothing_due"
    assert answered(due, with_dose(due, token="Anna")) == "with_staff"
    assert answered(due, status(with_dose(due), lid_open=True)) == "lid_open"
    plan = replace(due.dose("morning").plan, controlled=True)
    confirmed = replace(with_dose(due, plan=plan), confirmed={RESIDENT: due.now})
    assert answered(due, confirmed) == "personal_action"
    due.press()
    assert answered(due, due.world) == "busy"


def test_the_press_that_released_it_also_wants_it_in_the_tray_while_it_is_fresh(due: PureHome) -> None:
    def order(**changed: Any) -> str:
        start = {"stage": Stage.HOLDING, "label": "L001", "wanted_until": due.now + TICK}
        found = presented(with_dose(due, **{**start, **changed}), due.setting, due.now)
        if not found:
            return ""
        (event,) = found
        assert isinstance(event, ev.OrderIssued)
        return f"{event.order.kind.value} {event.order.ground} {event.order.label}"

    assert order() == "present press L001"
    assert order(wanted_until=due.now) == order(wanted_until=None) == order(stage=Stage.DUE) == ""


# --- an order -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "stage", "source", "label"),
    [
        (ev.OrderKind.RELEASE, Stage.DUE, "magazine", "L001"),
        (ev.OrderKind.PRESENT, Stage.HOLDING, "holding", "as released"),
        (ev.OrderKind.RETRACT, Stage.IN_TRAY, "tray", ""),
        (ev.OrderKind.DIVERT, Stage.DUE, "magazine", "L001"),
        (ev.OrderKind.DIVERT, Stage.HELD, "magazine", "as held"),
        (ev.OrderKind.DIVERT, Stage.HOLDING, "holding", ""),
        (ev.OrderKind.DIVERT, Stage.DOUBT, "holding", ""),
    ],
)
def test_where_an_order_takes_a_sachet_from_and_what_must_be_read_first(
    due: PureHome, kind: ev.OrderKind, stage: Stage, source: str, label: str
) -> None:
    changed: dict[str, Any] = {"stage": stage, "label": "as released", "held_label": "as held", "attempts": 4}
    world = with_dose(due, **changed)
    (dose,) = world.doses.values()
    order = issue(world, due.setting, dose, kind, "why", due.now).order
    assert (order.source, order.label, order.attempt, order.ground) == (source, label, 5, "why")
    assert (order.robot, order.resident, order.dose_id, order.plan_version) == (
        ROBOT,
        RESIDENT,
        dose.dose_id,
        1,
    )
    late = issue(world, due.setting, dose, kind, "why", CLOSES - MINUTE).order
    towards = kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT)
    assert late.expires == (CLOSES if towards else CLOSES + MINUTE), "S2: it dies with the window"
    assert order.expires == due.now + 2 * MINUTE


def test_a_sachet_that_no_manifest_names_has_no_label_to_be_read(due: PureHome) -> None:
    world = with_state(with_dose(due), rolls={})
    (dose,) = world.doses.values()
    assert issue(world, due.setting, dose, ev.OrderKind.DIVERT, "why", due.now).order.label == ""
    plan = replace(dose.plan, slot="pn-1")
    as_needed = replace(dose, plan=plan)
    assert issue(world, due.setting, as_needed, ev.OrderKind.RELEASE, "press", due.now).order.label == "L001"
