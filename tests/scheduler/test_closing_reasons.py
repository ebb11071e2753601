"""What becomes of a dose, and why, when its window closes (rules 3, 8, 18, 22, 23); what the robot puts away
for which reason (rules 4, 11)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.closing import cleared_away, settled
from scheduler.dose import Stage
from scheduler.evolve_press import with_robot
from scheduler.regime import Pause, Regime
from scheduler.world import ClockState, Dose, RobotState, World
from tests.support.one_dose import status, with_dose
from tests.support.pure_home import RESIDENT, ROBOT, PureHome, utc

Had = ev.Outcome
TICK = timedelta(milliseconds=1)
Changed = dict[str, Any]
PAUSED = Regime(pause=Pause(ev.PauseKind.HOSPITAL, utc("07:00"), "Anna", None, utc("07:00")))


def told(home: PureHome, world: World, now: datetime) -> tuple[str, str, bool, datetime] | None:
    """Outcome, why, whether late, and when it happened."""
    events = settled(world, home.setting, now)
    if not events:
        return None
    (event,) = events
    assert isinstance(event, ev.OutcomeRecorded)
    (dose,) = [one for one in world.doses.values() if one.dose_id == event.dose_id]
    assert event.revision == (dose.outcome.revision + 1 if dose.outcome else 1)
    assert (event.at, event.by) == (now, "")
    return event.outcome.value, event.reason, event.late, event.happened


CLOSES = utc("10:00")
AT_EIGHT = utc("08:05")


@pytest.mark.parametrize(
    ("changed", "outcome", "reason"),
    [
        ({}, "missed", "never_left"),
        ({"stage": Stage.IN_STORE}, "missed", "in_store"),
        ({"stage": Stage.OUT}, "missed", "never_left"),
        ({"stage": Stage.PLANNED, "offered": False}, "failed", "not_offered"),
        ({"failure": "motor_stall"}, "failed", "motor_stall"),
        ({"held": "label_mismatch", "stage": Stage.HELD}, "withheld", "label_mismatch"),
        ({"token": "Anna"}, "uncertain", "with_staff"),
        ({"stage": Stage.DOUBT}, "uncertain", "doubt"),
        ({"lost": True}, "uncertain", "journal_behind"),
    ],
)
def test_what_becomes_of_what_was_not_had(due: PureHome, changed: Changed, outcome: str, reason: str) -> None:
    world = with_dose(due, **changed)
    assert told(due, world, CLOSES - TICK) is None
    assert told(due, world, CLOSES) == (outcome, reason, False, CLOSES)
    assert told(due, replace(world, clock=ClockState()), CLOSES) is None, "rule 18"


def test_no_thanks_is_an_outcome_of_its_own_from_when_it_was_said(due: PureHome) -> None:
    """S7."""
    world = with_dose(due, declined=AT_EIGHT)
    assert told(due, world, CLOSES) == ("refused", "no_thanks", False, AT_EIGHT)
    why = with_dose(due, declined=AT_EIGHT, said="nausea", stage=Stage.IN_STORE)
    assert told(due, why, CLOSES) == ("refused", "nausea", False, AT_EIGHT)


def test_what_was_asked_for_and_left_is_refused_and_never_missed(due: PureHome) -> None:
    """Rule 8."""
    plan = replace(due.dose("morning").plan, slot="pn-1")
    for stage in (Stage.IN_STORE, Stage.OUT):
        assert told(due, with_dose(due, plan=plan, stage=stage), CLOSES) == (
            "refused", "not_lifted", False, CLOSES,
        )  # fmt: skip
    assert told(due, with_dose(due, plan=plan), CLOSES) == ("failed", "not_offered", False, CLOSES)


@pytest.mark.parametrize(
    "kind", [ev.Kind.DOSE_BLOCKED, ev.Kind.ROBOT_UNREACHABLE, ev.Kind.RELEASE_FAILED, ev.Kind.ORDER_UNKNOWN]
)
def test_what_a_lock_kept_back_was_not_missed_by_the_resident(due: PureHome, kind: ev.Kind) -> None:
    dose = due.dose("morning")
    incident = ev.Incident("i", f"dose:{dose.dose_id}", kind, ev.Priority.LOW, dose.dose_id, due.now, due.now)
    world = replace(with_dose(due), incidents={"i": incident}, subjects={incident.subject: ("i", 1)})
    assert told(due, world, CLOSES) == ("failed", kind.value, False, CLOSES)
    for over in ({"cleared": True}, {"kind": ev.Kind.ABOUT_TO_MISS}):
        gone = replace(world, incidents={"i": replace(incident, **over)})
        assert told(due, gone, CLOSES) == ("missed", "never_left", False, CLOSES)


def test_while_they_are_away_it_is_withheld_unless_a_record_could_say_otherwise(due: PureHome) -> None:
    """Rule 22."""
    away = replace(with_dose(due), regimes={RESIDENT: PAUSED})
    assert told(due, away, CLOSES) == ("withheld", "paused", False, CLOSES)
    held = replace(with_dose(due, stage=Stage.HELD, held="label_mismatch"), regimes={RESIDENT: PAUSED})
    assert told(due, held, CLOSES) == ("withheld", "label_mismatch", False, CLOSES)
    gone = with_robot(away, ROBOT, replace(away.robot(ROBOT), state=RobotState.ABSENT, since=AT_EIGHT))
    assert told(due, gone, CLOSES) == ("withheld", "paused", False, CLOSES)
    released = with_dose(due, releases=1)
    released = replace(released, regimes={RESIDENT: PAUSED}, robots=gone.robots)
    assert told(due, released, CLOSES) is None, "the robot's log may tell of it"


def absent(world: World, since: datetime) -> World:
    return with_robot(world, ROBOT, replace(world.robot(ROBOT), state=RobotState.ABSENT, since=since))


@pytest.mark.parametrize(
    ("changed", "outcome", "reason", "happened"),
    [
        ({}, "failed", "robot_unreachable", CLOSES),
        ({"declined": AT_EIGHT}, "refused", "no_thanks", AT_EIGHT),
        ({"releases": 1}, "uncertain", "robot_unreachable", CLOSES),
        ({"releases": 1, "declined": AT_EIGHT}, "uncertain", "robot_unreachable", CLOSES),
    ],
)
def test_at_a_robot_that_cannot_be_read_it_is_settled_after_two_minutes(
    due: PureHome, changed: Changed, outcome: str, reason: str, happened: datetime
) -> None:
    """Rule 3."""
    world, gone = with_dose(due, **changed), timedelta(minutes=2)
    expected = (outcome, reason, False, happened)
    long_gone = absent(world, AT_EIGHT)
    assert told(due, long_gone, CLOSES + gone - TICK) is None
    assert told(due, long_gone, CLOSES + gone) == expected
    just_gone = absent(world, CLOSES + timedelta(minutes=1))
    assert told(due, just_gone, CLOSES + timedelta(minutes=3) - TICK) is None
    assert told(due, just_gone, CLOSES + timedelta(minutes=3)) == expected


def lifted(home: PureHome, at: datetime, name: ev.Outcome | None = None, **changed: Any) -> World:
    before = None
    if name is not None:
        before = ev.OutcomeRecorded(at, home.dose("morning").dose_id, 2, name, False, "", "x", at)
    return with_dose(home, **{"stage": Stage.LIFTED, "lifted": at, "outcome": before, **changed})


def test_a_lift_settles_it_and_is_late_after_the_half_window(due: PureHome) -> None:
    half = due.dose("morning").plan.half
    for at, late in ((half, False), (half + TICK, True)):
        assert told(due, lifted(due, at), at) == ("retrieved", "lifted", late, at)
    along = lifted(due, half + TICK, along=True)
    assert told(due, along, half + TICK) == ("taken_along", "lifted", False, half + TICK)
    plan = replace(due.dose("morning").plan, slot="pn-1")
    asked = lifted(due, half + TICK, plan=plan)
    assert told(due, asked, half + TICK) == ("retrieved", "lifted", False, half + TICK)


@pytest.mark.parametrize("name", ev.Outcome)
def test_a_lift_corrects_what_was_recorded_before_unless_somebody_had_it_then(
    due: PureHome, name: ev.Outcome
) -> None:
    corrected = name in (Had.MISSED, Had.REFUSED, Had.FAILED, Had.WITHHELD, Had.UNCERTAIN)
    assert (told(due, lifted(due, AT_EIGHT, name), CLOSES) is not None) is corrected


# --- put away -----------------------------------------------------------------------------------------


def away(home: PureHome, world: World, now: datetime | None = None) -> tuple[str, str] | None:
    """Kind and ground of the order that takes a sachet out of reach."""
    events = cleared_away(world, home.setting, now or home.now)
    if not events:
        return None
    (event,) = events
    assert isinstance(event, ev.OrderIssued)
    return event.order.kind.value, event.order.ground


IN_TRAY: Changed = {"stage": Stage.IN_TRAY, "label": "L001", "presented": AT_EIGHT}


@pytest.mark.parametrize(
    ("changed", "ground"),
    [
        ({}, ""),
        ({"put_off": AT_EIGHT}, "later"),
        ({"declined": AT_EIGHT}, "no_thanks"),
        ({"discard": "Anna"}, "discard"),
        ({"discard": "Anna", "declined": AT_EIGHT}, "discard"),
    ],
)
def test_a_sachet_is_taken_back_from_the_tray_for_a_reason(
    due: PureHome, changed: Changed, ground: str
) -> None:
    world = status(with_dose(due, **IN_TRAY, **changed), tray=True)
    assert away(due, world) == (("retract", ground) if ground else None)
    assert away(due, world, CLOSES - TICK) == (("retract", ground) if ground else None)
    assert away(due, world, CLOSES) == ("retract", "closing")
    assert away(due, status(world, lid_open=True), CLOSES) is None
    assert away(due, status(world, fault="motor_stall"), CLOSES) == ("retract", "closing"), "rule 4"
    blind = replace(world, clock=ClockState())
    assert away(due, blind, CLOSES) == (("retract", ground) if ground else None), "rule 18"


def test_controlled_medicine_lies_in_the_tray_for_five_minutes(due: PureHome) -> None:
    plan = replace(due.dose("morning").plan, controlled=True)
    world = status(with_dose(due, **IN_TRAY, plan=plan), tray=True)
    assert away(due, world, AT_EIGHT + timedelta(minutes=5) - TICK) is None
    assert away(due, world, AT_EIGHT + timedelta(minutes=5)) == ("retract", "left")


def test_a_stopped_plan_and_a_pause_take_it_back_and_a_retract_that_failed_waits(due: PureHome) -> None:
    world = status(with_dose(due, **IN_TRAY), tray=True)
    assert away(due, replace(world, plans={})) == ("retract", "plan")
    assert away(due, replace(world, regimes={RESIDENT: PAUSED})) == ("retract", "paused")
    tried = status(with_dose(due, **IN_TRAY, away_tried=CLOSES), tray=True)
    assert away(due, tried, CLOSES + timedelta(minutes=5) - TICK) is None
    assert away(due, tried, CLOSES + timedelta(minutes=5)) == ("retract", "closing")


def test_what_is_in_doubt_and_may_lie_in_the_tray_is_taken_back_at_closing(due: PureHome) -> None:
    world = with_dose(due, stage=Stage.DOUBT, doubted=None)
    assert away(due, status(world, tray=True), CLOSES) == ("retract", "closing")
    assert away(due, status(world, tray=True), CLOSES - TICK) is None
    noon: Dose = replace(due.dose("noon"), stage=Stage.IN_TRAY)
    theirs = replace(world, doses={**world.doses, noon.dose_id: noon})
    assert away(due, status(theirs, tray=True), CLOSES) is None, "it is that one"


def test_a_sachet_is_put_away_at_closing_or_when_it_stands_in_the_way(due: PureHome) -> None:
    """Rule 11: one ground only."""
    assert away(due, with_dose(due), CLOSES - TICK) is None
    assert away(due, with_dose(due), CLOSES) == ("divert", "closing")
    assert away(due, with_dose(due, discard="Anna")) == ("divert", "discard")
    assert away(due, with_dose(due, stage=Stage.HELD, held_label="L001"), CLOSES) is None
    full = status(with_dose(due), store_count=60)
    assert away(due, full, CLOSES) is None
    assert away(due, status(with_dose(due), store_count=59), CLOSES) == ("divert", "closing")
    assert away(due, status(with_dose(due), fault="motor_stall"), CLOSES) is None
    assert away(due, status(with_dose(due), mouth_label="L002"), CLOSES) is None, "not ours"
    plan = replace(due.dose("morning").plan, slot="pn-1")
    assert away(due, with_dose(due, plan=plan), CLOSES) is None, "it is for the next time"
    behind = (ev.JournalFoundBehind(due.now, "robot", 1, "h"),)
    assert away(due, replace(with_dose(due), behind=behind), CLOSES) is None, "rule 23"


def test_a_settled_sachet_goes_when_a_dose_behind_it_is_open(due: PureHome) -> None:
    told = ev.OutcomeRecorded(due.now, "d", 1, Had.REFUSED, False, "", "x", due.now)
    world = with_dose(due, outcome=told, plan=replace(due.dose("morning").plan, closes=utc("13:00")))
    noon = due.dose("noon")
    world = replace(world, doses={**world.doses, noon.dose_id: noon})
    assert away(due, world, noon.plan.opens - TICK) is None
    assert away(due, world, noon.plan.opens) == ("divert", "settled")
    assert away(due, replace(world, clock=ClockState()), noon.plan.opens) is None


def test_no_thanks_makes_way_for_the_next_and_a_pause_for_other_people_only(due: PureHome) -> None:
    noon, at_noon = due.dose("noon"), utc("12:00")
    wide = replace(due.dose("morning").plan, closes=utc("13:00"))

    def in_the_way(other: Dose, **changed: Any) -> tuple[str, str, bool, datetime] | None:
        world = with_dose(due, plan=wide, **changed)
        return told(due, replace(world, doses={**world.doses, other.dose_id: other}), at_noon)

    refused = ("refused", "no_thanks", False, AT_EIGHT)
    assert in_the_way(noon, declined=AT_EIGHT) == refused
    assert in_the_way(noon) is None
    for nobody_waits in (
        {"declined": AT_EIGHT},
        {"stage": Stage.IN_STORE},
        {"outcome": ev.OutcomeRecorded(due.now, noon.dose_id, 1, Had.CONFIRMED, False, "", "x", due.now)},
    ):
        assert in_the_way(replace(noon, **nobody_waits), declined=AT_EIGHT) is None
    theirs = replace(noon, plan=replace(noon.plan, resident="b" * 32))
    due.world = replace(due.world, regimes={RESIDENT: PAUSED})
    assert in_the_way(noon) is None, "their own can wait"
    setting = due.setting
    other = replace(setting.residents[0], key="b" * 32)
    due.setting = replace(setting, residents=(*setting.residents, other))
    assert in_the_way(theirs) == ("withheld", "paused", False, at_noon)
