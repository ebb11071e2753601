"""To the instant: which leave and which authorised release is taken, and each reason why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import Display, display
from scheduler.dose import Stage
from scheduler.leave import INCOMPLETE_LEAD, leave_causes
from scheduler.permit import Leave, Permit
from scheduler.receive_leave import (
    leave_events,
    taken_along,
    why_not_authorise,
    why_not_end,
    why_not_leave,
)
from scheduler.regime import Regime
from scheduler.world import Dose, World
from tests.scheduler.test_leave import packed
from tests.support.pure_home import FIRST_DAY, RESIDENT, ROBOT, PureHome, utc

TICK, HOUR, DAY = timedelta(milliseconds=1), timedelta(hours=1), timedelta(days=1)


def plan(home: PureHome, **changed: object) -> cmd.PlanLeave:
    """Noon and evening, handed out from eight on, away at ten, back in the night."""
    one = cmd.PlanLeave(
        command_id="c",
        resident=RESIDENT,
        first=utc("11:00"),
        last=utc("20:00"),
        hand_out=utc("08:00"),
        departs=utc("10:00"),
        back=utc("21:00"),
        by="Anna",
        reason="family",
        via="home",
        revision=0,
        expires=home.soon(),
    )
    return replace(one, **changed)  # type: ignore[arg-type]


def test_who_planned_it_why_and_from_where_is_written_down(home: PureHome) -> None:
    (event,) = leave_events(home.world, plan(home), home.now)
    assert isinstance(event, ev.LeavePlanned)
    assert (event.by, event.reason, event.via) == ("Anna", "family", "home")
    times = (event.first, event.last, event.hand_out, event.departs, event.back)
    assert times == (utc("11:00"), utc("20:00"), utc("08:00"), utc("10:00"), utc("21:00"))


def leave_said(home: PureHome, world: World | None = None, **changed: object) -> str:
    return why_not_leave(world or home.world, plan(home, **changed), home.now)


def test_the_times_of_a_leave_are_in_order(home: PureHome) -> None:
    first, departs, hand_out = utc("11:00"), utc("10:00"), utc("08:00")
    assert leave_said(home) == ""
    assert leave_said(home, last=first) == leave_said(home, hand_out=departs) == "times_not_in_order"
    assert leave_said(home, back=departs - TICK) == "times_not_in_order"
    assert leave_said(home, last=first + TICK, hand_out=departs - TICK, back=departs) == ""
    before = home.now - HOUR
    assert leave_said(home, hand_out=before, departs=home.now) == "until_is_past"
    assert leave_said(home, hand_out=before, departs=home.now + TICK) == ""
    assert leave_said(home, hand_out=hand_out - 22 * HOUR) == ""
    assert leave_said(home, hand_out=hand_out - 22 * HOUR - TICK) == "hand_out_too_early"


def test_a_leave_is_as_long_as_a_roll_and_no_longer(home: PureHome) -> None:
    assert leave_said(home, last=utc("11:00") + 14 * DAY, back=utc("10:00") + 14 * DAY) == ""
    assert leave_said(home, last=utc("11:00") + 14 * DAY + TICK) == "leave_too_long"
    assert leave_said(home, back=utc("10:00") + 14 * DAY + TICK) == "leave_too_long"


def along(home: PureHome) -> World:
    """A leave over noon, and noon's sachet was taken along."""
    noon = home.dose("noon")
    told = ev.OutcomeRecorded(
        home.now, noon.dose_id, 3, ev.Outcome.TAKEN_ALONG, False, "", "lifted", home.now
    )
    out = replace(noon, stage=Stage.LIFTED, along=True, lifted=home.now, outcome=told)
    leave = Leave(utc("11:00"), utc("13:00"), utc("08:00"), utc("10:00"), utc("14:00"), "Anna")
    regimes = {RESIDENT: Regime(leave=leave)}
    return replace(home.world, regimes=regimes, doses={**home.world.doses, out.dose_id: out})


def test_what_was_taken_along_is_counted_before_a_leave_that_does_not_cover_it(home: PureHome) -> None:
    world, opens = along(home), utc("12:00")
    assert leave_said(home, world) == leave_said(home, world, first=opens, last=opens + TICK) == ""
    assert leave_said(home, world, first=opens + TICK) == leave_said(home, world, last=opens) == "not_counted"
    assert leave_said(home, first=opens + TICK) == ""


def end(home: PureHome, *came_back: str) -> cmd.EndLeave:
    return cmd.EndLeave("c", RESIDENT, came_back, "Anna", "back", "home", 1, home.soon())


def test_only_what_went_along_comes_back_and_is_told_once(home: PureHome) -> None:
    world, noon = along(home), home.dose("noon").dose_id
    assert [dose.dose_id for dose in taken_along(world, RESIDENT)] == [noon]
    assert taken_along(world, "b" * 32) == []
    assert why_not_end(home.world, end(home)) == "no_leave"
    assert why_not_end(world, end(home)) == why_not_end(world, end(home, noon)) == ""
    assert why_not_end(world, end(home, noon, home.dose("evening").dose_id)) == "not_taken_along"
    back, told, ended = leave_events(world, end(home, noon, noon), home.now)
    assert back == ev.SachetCameBack(home.now, noon, "Anna")
    assert ended == ev.LeaveEnded(home.now, RESIDENT, 1, "Anna", "back", "home")
    assert told == ev.OutcomeRecorded(
        home.now, noon, 4, ev.Outcome.FAILED, False, "Anna", "came_back", home.now
    )


@pytest.mark.parametrize(
    ("local", "outcome"), [("13:59:59", "failed"), ("14:00", "missed"), ("15:00", "missed")]
)
def test_what_came_back_may_still_be_had_until_its_window_closes(
    home: PureHome, local: str, outcome: str
) -> None:
    now = utc(local)
    _, told, _ = leave_events(along(home), end(home, home.dose("noon").dose_id), now)
    assert isinstance(told, ev.OutcomeRecorded)
    assert (told.outcome.value, told.happened) == (outcome, min(now, utc("14:00")))


def authorise(home: PureHome, until: str | None = None, **changed: object) -> str:
    """Of noon's dose, which `changed` says more of."""
    dose = replace(home.dose("noon"), **changed)  # type: ignore[arg-type]
    return said_of(home, dose, until)


def said_of(home: PureHome, dose: Dose, until: str | None = None) -> str:
    fact = cmd.AuthoriseRelease(
        "c",
        RESIDENT,
        dose.dose_id,
        None if until is None else utc(until),
        "Anna",
        "r",
        "home",
        0,
        home.soon(),
    )
    world = replace(home.world, doses={**home.world.doses, dose.dose_id: dose})
    return why_not_authorise(world, home.setting, fact, home.now)


def test_what_is_settled_gone_or_with_a_person_is_not_offered_again(home: PureHome) -> None:
    assert authorise(home) == ""
    told = ev.OutcomeRecorded(home.now, "d", 1, ev.Outcome.MISSED, False, "", "x", home.now)
    assert authorise(home, outcome=told) == "already_settled"
    assert authorise(home, token="Anna") == "with_staff"
    assert authorise(home, plan=replace(home.dose("noon").plan, controlled=True)) == "controlled"
    for plan in ({"slot": "pn-1"}, {"resident": "b" * 32}):
        assert authorise(home, plan=replace(home.dose("noon").plan, **plan)) == "unknown_dose"  # type: ignore[arg-type]
    home.until("08:05")
    home.press()
    order = home.dose("morning").order
    assert authorise(home, discard="Anna") == authorise(home, order=order) == "not_in_robot"


HERE = {Stage.PLANNED, Stage.DUE, Stage.HELD, Stage.FAILED, Stage.HOLDING, Stage.IN_TRAY}


@pytest.mark.parametrize("stage", Stage)
def test_only_a_sachet_that_still_stands_in_the_robot_is_authorised(home: PureHome, stage: Stage) -> None:
    assert authorise(home, stage=stage) == ("" if stage in HERE else "not_in_robot")


def test_early_is_up_to_five_hours_before_the_window_and_not_in_it(home: PureHome) -> None:
    noon = utc("12:00")
    for now, expected in (
        (noon - 5 * HOUR - TICK, "too_early"),
        (noon - 5 * HOUR, ""),
        (noon - TICK, ""),
        (noon, "window_open"),
    ):
        home.now = now
        assert authorise(home) == expected
    home.now = noon - HOUR
    assert authorise(home, permit=Permit(utc("08:00"), utc("13:00"), along=True)) == "on_leave"
    assert authorise(home, permit=Permit(utc("08:00"), utc("13:00"), along=False)) == ""


def test_early_keeps_half_the_planned_gap_to_what_shares_a_prescription(home: PureHome) -> None:
    """S2: two hours between them from what was had at eight."""
    morning = home.dose("morning")
    had = replace(morning, stage=Stage.LIFTED, lifted=utc("08:00"))
    home.world = replace(home.world, doses={**home.world.doses, had.dose_id: had})
    shared = replace(home.dose("noon").plan, portions=morning.plan.portions)
    for local, expected in (("09:59:59", "too_soon"), ("10:00", "")):
        home.now = utc(local)
        assert authorise(home, plan=shared) == expected


def test_late_is_while_it_waits_up_to_four_hours_and_not_into_the_next_ones_time(home: PureHome) -> None:
    home.now = utc("13:00")
    assert authorise(home, "14:00") == "until_is_past"
    assert authorise(home, "14:00:01") == authorise(home, "18:00") == ""
    assert authorise(home, "18:00:01") == "too_late"
    shared = replace(home.dose("noon").plan, closes=utc("15:00"))
    assert authorise(home, "18:00", plan=shared) == "", "the evening's begins then"
    assert authorise(home, "18:00:01", plan=shared) == "next_dose"
    home.now = utc("14:00")
    assert authorise(home, "15:00") == "window_closed"
    home.now -= TICK
    assert authorise(home, "15:00") == ""


def test_the_display_says_that_nothing_can_be_handed_out(home: PureHome) -> None:
    packed(home, 0)
    home.give(ev.RobotReported(home.now, replace(home.robot.status(), lid_open=True)))
    told = {key: replace(each, undelivered=False) for key, each in home.world.incidents.items()}
    shown = display(replace(home.world, incidents=told), home.setting, ROBOT, home.now)
    lines = ("Robotten kan ikke give medicin nu.", "Personalet får besked.")
    assert shown == Display("alert", "none", lines)


def test_a_dose_that_may_be_taken_along_says_who_planned_that_and_why(home: PureHome) -> None:
    home.give(plan(home))
    permit = home.dose("noon").permit
    assert permit is not None
    assert (permit.along, permit.by, permit.reason) == (True, "Anna", "family")


def test_doses_that_nobody_could_plan_are_told_before_departure(home: PureHome) -> None:
    """There is no card, or its days have not been reached."""
    home.give(plan(home, command_id="leave-1"))
    assert home.world.regime(RESIDENT).leave is not None
    ahead = utc("10:00") - INCOMPLETE_LEAD

    def told(at: datetime, world: World) -> list[str]:
        return [cause.detail for cause in leave_causes(world, home.setting, at).values()]

    nothing = replace(home.world, doses={})
    assert told(ahead, nothing) == []
    assert told(ahead, replace(nothing, planned={})) == ["not_planned"]
    short = {RESIDENT: replace(home.world.planned[RESIDENT], to=FIRST_DAY - DAY)}
    assert told(ahead, replace(nothing, planned=short)) == ["not_planned"]
    assert told(ahead - TICK, replace(nothing, planned=short)) == []
    assert told(ahead, home.world) == ["not_handed_out"]


def test_the_home_looks_by_itself_before_they_leave_and_plans_for_all_of_the_leave(home: PureHome) -> None:
    away = {"first": utc("11:30", 4), "last": utc("00:00", 6), "hand_out": utc("09:10", 4)}
    home.give(plan(home, **away, departs=utc("11:10", 4), back=utc("09:00", 6), command_id="leave-1"))
    assert home.world.planned[RESIDENT].to == FIRST_DAY + 4 * DAY, "and no day more"
    home.until("13:00", 4)
    told = [e for e in home.journal if isinstance(e, ev.IncidentRaised) and "leave:" in e.incident.subject]
    assert [e.at for e in told] == [utc("10:10", 4)]
