"""A named person's word about a dose (rules 3, 5, 6): what is taken, what it becomes, each reason why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.evolve_press import with_robot
from scheduler.receive_command import decide_dose
from scheduler.world import Dose, SideDose, World
from tests.support.pure_home import ROBOT, PureHome, utc

V, Had = ev.Verdict, ev.Outcome
TICK = timedelta(milliseconds=1)
Changed = dict[str, Any]
IN_DOUBT: Changed = {"stage": Stage.DOUBT}
IN_STORE: Changed = {"stage": Stage.IN_STORE}
LIFTED: Changed = {"stage": Stage.LIFTED}
TOKEN: Changed = {"token": "Anna"}


@pytest.fixture
def due(home: PureHome) -> PureHome:
    """09:30, in the morning's window and beyond its half."""
    home.until("09:30")
    return home


def outcome(home: PureHome, name: ev.Outcome, at: datetime | None = None) -> ev.OutcomeRecorded:
    return ev.OutcomeRecorded(home.now, home.dose("morning").dose_id, 2, name, False, "", "x", at or home.now)


def with_dose(home: PureHome, name: ev.Outcome | None = None, **changed: Any) -> World:
    told = None if name is None else outcome(home, name, utc("08:10"))
    dose = replace(home.dose("morning"), outcome=told, **changed)
    return replace(home.world, doses={**home.world.doses, dose.dose_id: dose})


def word(
    home: PureHome, world: World, verdict: ev.Verdict, dose_id: str = "", **changed: Any
) -> list[ev.Event]:
    dose_id = dose_id or home.dose("morning").dose_id
    fact = cmd.DecideDose("c", dose_id, verdict, "Anna", "seen", "home", "", 0, home.soon())
    events = list(decide_dose(world, home.setting, replace(fact, **changed), home.now))
    answered = events[-1]
    assert isinstance(answered, ev.CommandAnswered)
    assert answered.accepted is (answered.reason == "done") is (len(events) > 1)
    return events


def said(home: PureHome, world: World, verdict: ev.Verdict, dose_id: str = "", **changed: Any) -> str:
    """ "" = taken."""
    answered = word(home, world, verdict, dose_id, **changed)[-1]
    assert isinstance(answered, ev.CommandAnswered)
    return "" if answered.accepted else answered.reason


def becomes(
    home: PureHome, world: World, verdict: ev.Verdict, dose_id: str = ""
) -> tuple[str, bool, datetime, int]:
    """Outcome, whether late, when it happened, revision."""
    made, told, _ = word(home, world, verdict, dose_id)
    assert made == ev.DecisionMade(
        home.now, "c", dose_id or home.dose("morning").dose_id, verdict, "Anna", "seen", "home"
    )
    assert isinstance(told, ev.OutcomeRecorded)
    assert (told.at, told.by, told.reason) == (home.now, "Anna", "seen")
    return told.outcome.value, told.late, told.happened, told.revision


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        (None, TOKEN, ""),
        (Had.MISSED, TOKEN | IN_STORE, ""),
        (Had.REFUSED, TOKEN | IN_STORE, ""),
        (Had.FAILED, TOKEN, ""),
        (Had.WITHHELD, TOKEN | IN_STORE, ""),
        (Had.UNCERTAIN, TOKEN, ""),
        *((name, TOKEN, "already_settled") for name in (
            Had.RETRIEVED, Had.CONFIRMED, Had.WITNESSED, Had.GIVEN_BY_STAFF, Had.TAKEN_ALONG,
        )),
        (None, {}, "no_token"),
        (None, {"token": "Bo"}, "no_token"),
        (None, TOKEN | IN_DOUBT, "in_doubt"),
        (None, TOKEN | LIFTED, "double_dose"),
        (None, TOKEN | {"stage": Stage.IN_TRAY}, "double_dose"),
    ],
)  # fmt: skip
def test_that_they_gave_it(due: PureHome, name: ev.Outcome | None, changed: Changed, reason: str) -> None:
    world = with_dose(due, name, **changed)
    assert said(due, world, V.GIVEN) == reason
    if not reason:
        revision = 1 if name is None else 3
        assert becomes(due, world, V.GIVEN) == ("given_by_staff", True, due.now, revision)


def test_that_they_gave_it_before_its_time_is_not_taken(home: PureHome) -> None:
    """S2."""
    opens = home.dose("morning").plan.opens
    for now, reason in ((opens - TICK, "too_early"), (opens, "")):
        home.now = now
        assert said(home, with_dose(home, **TOKEN), V.GIVEN) == reason


def test_that_they_gave_what_the_robot_was_putting_away_is_news(due: PureHome) -> None:
    due.press()
    under_way = due.dose("morning").order
    assert under_way is not None
    away = replace(under_way.order, kind=ev.OrderKind.DIVERT)
    assert said(due, with_dose(due, doubted=away, order=None, **TOKEN, **IN_DOUBT), V.GIVEN) == ""
    towards = with_dose(due, doubted=under_way.order, order=None, **TOKEN, **IN_DOUBT)
    assert said(due, towards, V.GIVEN) == "in_doubt"
    another = with_dose(due, doubted=away, order=None, token="Bo", **IN_DOUBT)
    assert said(due, another, V.GIVEN) == "in_doubt"


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        (Had.RETRIEVED, LIFTED, ""),
        (Had.CONFIRMED, LIFTED, "already_settled"),
        (None, LIFTED, "already_settled"),
        (None, {}, "contradicts_record"),
        (Had.MISSED, IN_STORE, "contradicts_record"),
        (None, IN_DOUBT, ""),
        (Had.UNCERTAIN, IN_DOUBT, ""),
    ],
)
def test_that_the_resident_had_it(
    due: PureHome, name: ev.Outcome | None, changed: Changed, reason: str
) -> None:
    world = with_dose(due, name, **changed)
    assert said(due, world, V.HAD_IT) == reason
    if not reason:
        assert becomes(due, world, V.HAD_IT) == ("confirmed", True, due.now, 1 if name is None else 3)


def test_that_they_had_what_was_given_before_is_a_doubt_that_stays_in_sight(due: PureHome) -> None:
    """Rule 6: nothing is recorded anew of a possible double dose."""
    made, answered = word(due, with_dose(due, Had.GIVEN_BY_STAFF, **IN_DOUBT), V.HAD_IT)
    assert isinstance(made, ev.DecisionMade) and isinstance(answered, ev.CommandAnswered)


def test_what_was_taken_along_was_had_at_its_time_and_not_before(home: PureHome) -> None:
    opens = home.dose("morning").plan.opens
    home.now = opens - TICK
    assert said(home, with_dose(home, Had.TAKEN_ALONG, **LIFTED), V.HAD_IT) == "too_early"
    home.now = opens
    assert said(home, with_dose(home, Had.TAKEN_ALONG, **LIFTED), V.HAD_IT) == ""
    home.now = utc("11:00")
    told = becomes(home, with_dose(home, Had.TAKEN_ALONG, **LIFTED), V.HAD_IT)
    assert told == ("confirmed", False, opens, 3)


@pytest.mark.parametrize(
    ("name", "changed", "reason"),
    [
        (None, TOKEN, ""),
        (Had.MISSED, TOKEN | IN_STORE, ""),
        (None, {"token": "Bo"}, "not_owner"),
        (Had.GIVEN_BY_STAFF, TOKEN, "already_settled"),
        (Had.MISSED, IN_STORE, "already_settled"),
        (None, {}, "not_in_doubt"),
    ],
)
def test_that_they_did_not_give_it(
    due: PureHome, name: ev.Outcome | None, changed: Changed, reason: str
) -> None:
    world = with_dose(due, name, **changed)
    assert said(due, world, V.NOT_GIVEN) == reason
    if not reason:
        _, returned, _ = word(due, world, V.NOT_GIVEN)
        assert returned == ev.TokenReturned(due.now, due.dose("morning").dose_id, "Anna")


def found(due: PureHome, world: World) -> str:
    made, *_ = word(due, world, V.NOT_GIVEN)
    return made.found if isinstance(made, ev.DecisionMade) else said(due, world, V.NOT_GIVEN)


def test_where_it_is_then_the_robots_sensors_say(due: PureHome) -> None:
    """Nobody had it, and it was in doubt."""
    world = with_dose(due, **IN_DOUBT)
    robot = world.robot(ROBOT)
    assert robot.status is not None

    def seen(there: World = world, **status: Any) -> str:
        assert robot.status is not None
        return found(due, with_robot(there, ROBOT, replace(robot, status=replace(robot.status, **status))))

    assert seen() == "found_in_magazine"
    assert seen(holding=True) == "found_in_holding"
    assert seen(mouth_label="L002") == seen(mouth_label="") == "found_out"
    assert seen(tray=True) == "tray_occupied"
    noon = replace(due.dose("noon"), stage=Stage.HOLDING)
    another = replace(world, doses={**world.doses, noon.dose_id: noon})
    assert seen(another, holding=True, mouth_label="L002") == "found_out", "that one is another's"
    beside = [
        seen(with_dose(due, **{**IN_DOUBT, "beside": fed_with, "offered": offered}))
        for fed_with in ("", "x/2026-11-02/noon/1")
        for offered in (False, True)
    ]
    assert beside == ["found_in_magazine", "found_in_magazine", "found_untouched", "found_in_magazine"]
    due.lost()
    gone = with_dose(due, **IN_DOUBT)
    assert said(due, gone, V.NOT_GIVEN) == "robot_not_ready"


DISCARDED = {Stage.PLANNED, Stage.DUE, Stage.HELD, Stage.FAILED, Stage.HOLDING, Stage.DOUBT}


@pytest.mark.parametrize("stage", Stage)
def test_only_what_is_in_the_robot_is_thrown_away_by_it(due: PureHome, stage: Stage) -> None:
    expected = "" if stage in DISCARDED else "not_in_robot"
    assert said(due, with_dose(due, stage=stage), V.DISCARD) == expected


def test_nothing_is_thrown_away_while_the_robot_moves_it(due: PureHome) -> None:
    due.press()
    world = with_dose(due, stage=Stage.DUE)
    assert said(due, world, V.DISCARD) == "not_in_robot"


@pytest.mark.parametrize("name", [*ev.Outcome, None])
def test_that_they_saw_it_had_is_taken_of_what_was_had(due: PureHome, name: ev.Outcome | None) -> None:
    world = with_dose(due, name, **LIFTED)
    if name in (Had.RETRIEVED, Had.CONFIRMED):
        assert becomes(due, world, V.WITNESSED) == ("witnessed", False, utc("08:10"), 3), (
            "when: the record's word"
        )
        return
    known = name in (Had.WITNESSED, Had.GIVEN_BY_STAFF, Had.TAKEN_ALONG)
    assert said(due, world, V.WITNESSED) == ("already_settled" if known else "nothing_to_witness")


def beside(home: PureHome, name: ev.Outcome | None = None) -> World:
    plan = replace(home.dose("morning").plan, dose_id="beside")
    return replace(
        home.world, sides={"beside": SideDose(plan, outcome=None if name is None else outcome(home, name))}
    )


@pytest.mark.parametrize("name", [*ev.Outcome, None])
def test_what_they_say_of_medicine_beside_the_robot(due: PureHome, name: ev.Outcome | None) -> None:
    untreated = name in (Had.MISSED, Had.REFUSED, Had.FAILED, Had.WITHHELD, Had.UNCERTAIN)
    open_still = name is None

    def expected(*, taken: bool, else_: str) -> str:
        if not untreated and not open_still:
            return "" if taken and name is Had.CONFIRMED else "already_settled"
        return "" if taken else else_

    world = beside(due, name)
    assert said(due, world, V.WITNESSED, "beside") == expected(taken=True, else_="")
    assert said(due, world, V.DISCARD, "beside") == expected(taken=False, else_="not_in_robot")
    assert said(due, world, V.NOT_GIVEN, "beside") == expected(taken=False, else_="not_in_doubt")
    assert said(due, world, V.LET_GO, "beside") == expected(taken=False, else_="not_held")
    had = "" if untreated or open_still else "already_settled"
    assert said(due, world, V.HAD_IT, "beside") == had
    given = "side_open" if open_still else "" if untreated else "already_settled"
    assert said(due, world, V.GIVEN, "beside") == given


def test_what_is_beside_the_robot_is_had_from_its_time_on(home: PureHome) -> None:
    opens = home.dose("morning").plan.opens
    for now, reason in ((opens - TICK, "too_early"), (opens, "")):
        home.now = now
        assert {said(home, beside(home), verdict, "beside") for verdict in (V.HAD_IT, V.WITNESSED)} == {
            reason
        }
    home.now = utc("09:30")
    assert becomes(home, beside(home), V.HAD_IT, "beside") == ("confirmed", True, home.now, 1)
    assert becomes(home, beside(home, Had.CONFIRMED), V.WITNESSED, "beside") == (
        "witnessed",
        True,
        home.now,
        3,
    )


def test_from_on_call_they_decide_on_what_they_saw(due: PureHome) -> None:
    """Rule 28: the incident of this dose, at the revision they were shown."""
    dose: Dose = due.dose("morning")
    incident = ev.Incident(
        "i", f"dose:{dose.dose_id}", ev.Kind.DOSE_BLOCKED, ev.Priority.LOW, dose.dose_id, due.now, due.now,
        revision=3,
    )  # fmt: skip
    world = replace(
        with_dose(due, **TOKEN), incidents={"i": incident, "j": replace(incident, dose_id="another")}
    )

    def from_oncall(incident_id: str, revision: int) -> str:
        told = word(due, world, V.GIVEN, via="oncall", incident_id=incident_id, revision=revision)[-1]
        assert isinstance(told, ev.CommandAnswered) and told.incident_id == incident_id
        return "" if told.accepted else told.reason

    assert from_oncall("i", 3) == ""
    assert from_oncall("i", 2) == "stale"
    assert from_oncall("j", 3) == from_oncall("k", 3) == "unknown_incident"


def test_a_word_about_no_dose_of_ours_and_one_heard_before_change_nothing(due: PureHome) -> None:
    world = with_dose(due, **TOKEN)
    assert said(due, world, V.GIVEN, "unknown") == "unknown_dose"
    heard = replace(world, answered={"c": due.now})
    fact = cmd.DecideDose(
        "c", due.dose("morning").dose_id, V.GIVEN, "Anna", "seen", "home", "", 0, due.soon()
    )
    assert decide_dose(heard, due.setting, fact, due.now) == []


def test_of_a_closed_incident_nobody_takes_or_closes_anything(due: PureHome) -> None:
    due.until("10:00")
    due.move()
    missed = due.incident("morning")
    assert missed is not None
    due.take(missed, "Anna")
    assert due.decide(due.dose("morning"), V.GIVEN, "Anna").accepted
    closed = due.world.incidents[missed.incident_id]
    assert due.take(closed, "Berit").reason == "closed"
    assert due.close(closed, "Anna", "again").reason == "closed"
