"""A person's discard of a sachet as needed at the mouth: that very one goes to the store, and nobody gets it.
Any other one of its strip would fit as well, so that its label alone says which (S3, rule 7)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.gate import why_not_release, why_not_send
from scheduler.own_sachet import awaits_discard
from tests.scheduler.test_as_needed import STRIP, as_needed, asks, at, doses, home_with, refused
from tests.scheduler.test_double_feed_as_needed import THREE_A_DAY
from tests.support.pure_home import ROBOT, PureHome, roll

FULL = ["X"] * 60


def report(home: PureHome) -> None:
    home.give(ev.RobotReported(home.now, home.robot.status()))


@pytest.fixture
def lying() -> PureHome:
    """08:00: nobody knows whether the first one left the strip, and somebody discards it. It lies at the
    mouth still, and the store is full."""
    home = home_with(as_needed(THREE_A_DAY))
    at(home, "08:00")
    asks(home)
    home.lost()
    home.robot.log, home.robot.log_id, home.robot.store = [], "log-2", list(FULL)
    home.connect()
    (dose,) = doses(home)
    assert dose.stage is Stage.DOUBT
    assert home.decide(dose, ev.Verdict.DISCARD, "Anna").accepted
    assert home.decide(doses(home)[0], ev.Verdict.NOT_GIVEN, "Anna").accepted
    (dose,) = doses(home)
    assert (dose.stage, dose.discard) == (Stage.DUE, "Anna")
    return home


def emptied(lying: PureHome) -> None:
    lying.robot.store.clear()
    report(lying)


def test_what_was_discarded_is_handed_to_nobody(lying: PureHome) -> None:
    at(lying, "09:30")
    asks(lying)
    assert lying.orders() == [("release", "pn-1")], "and no second one"
    assert refused(lying) == ("discarded", None)


def test_it_is_said_before_any_question_is_asked(lying: PureHome) -> None:
    at(lying, "09:30")
    lying.says(ev.Answer.AS_NEEDED)
    assert lying.world.asked == {}
    assert refused(lying) == ("discarded", None)


def test_it_goes_to_the_store_as_soon_as_there_is_room_and_the_next_one_comes(lying: PureHome) -> None:
    at(lying, "09:30")
    emptied(lying)
    order = lying.world.order_under_way()
    assert order is not None
    assert (order.order.kind, order.order.label) == (ev.OrderKind.DIVERT, "P001")
    lying.move()
    assert lying.robot.store == ["P001"]
    asks(lying)
    assert lying.orders()[-1] == ("release", "pn-2")


def test_nobody_says_where_it_lies_while_the_lid_is_open() -> None:
    """The mouth is not read then. Taken to be out of the robot it would be handed to whoever asks next."""
    home = home_with(as_needed(THREE_A_DAY))
    at(home, "08:00")
    asks(home)
    home.lost()
    home.robot.log, home.robot.log_id = [], "log-2"
    home.connect()
    assert home.decide(doses(home)[0], ev.Verdict.DISCARD, "Anna").accepted
    closed = home.robot.status()
    home.give(ev.RobotReported(home.now, replace(closed, lid_open=True, mouth_label="")))
    answer = home.decide(doses(home)[0], ev.Verdict.NOT_GIVEN, "Anna")
    assert (answer.accepted, answer.reason) == (False, "lid_open")
    assert doses(home)[0].stage is Stage.DOUBT
    home.give(ev.RobotReported(home.now, closed))
    assert home.decide(doses(home)[0], ev.Verdict.NOT_GIVEN, "Anna").accepted
    home.move()
    assert home.robot.store == ["P001"]


def test_no_other_one_is_put_away_in_its_place(lying: PureHome) -> None:
    """Somebody took it out by hand meanwhile."""
    at(lying, "09:30")
    lying.robot.labels = lying.robot.labels[1:]
    report(lying)
    emptied(lying)
    lying.until("10:30")
    assert lying.world.order_under_way() is None, "P002 is for the next time"
    at(lying, "10:31")
    asks(lying)
    assert lying.orders() == [("release", "pn-1"), ("release", "pn-2")]


def test_it_is_remembered_for_as_long_as_it_lies_there(lying: PureHome) -> None:
    """A settled dose leaves the world after days: nobody would know then which sachet was discarded."""
    at(lying, "08:30")
    for incident in lying.open_incidents():
        assert lying.take(incident, "Anna").accepted
        lying.decide(doses(lying)[0], ev.Verdict.NOT_GIVEN, "Anna")
        assert lying.close(lying.world.incidents[incident.incident_id], "Anna", "looked into").accepted
    at(lying, "09:30", 6)
    asks(lying)
    assert refused(lying) == ("discarded", None)
    emptied(lying)
    lying.move()
    lying.until("01:00", 12)
    assert doses(lying) == [], "and no longer"


def test_a_release_that_was_ordered_before_is_not_sent(lying: PureHome) -> None:
    """Rule 11: the last look."""
    emptied(lying)
    lying.move()
    at(lying, "09:30")
    asks(lying)
    (order,) = [dose.order for dose in doses(lying) if dose.order is not None]
    first, second = doses(lying)
    lies_there = replace(first, stage=Stage.DUE, doubted=None, label="P002")
    world = replace(lying.world, doses={**lying.world.doses, first.dose_id: lies_there})
    assert why_not_send(lying.world, lying.setting, order.order, lying.now) == ""
    assert why_not_send(world, lying.setting, order.order, lying.now) == "discarded"
    decided = replace(world, doses={**world.doses, first.dose_id: replace(lies_there, discard="")})
    assert why_not_send(decided, lying.setting, order.order, lying.now) == ""
    assert second.label == "P002"


def test_planned_medicine_waits_for_no_discard_of_another_one(due: PureHome) -> None:
    """Its sachets are bound to a date: only the own one fits it."""
    noon = due.dose("noon")
    plan = replace(noon.plan, slot="pn-1", dose_id=noon.dose_id.replace("noon", "pn-1"))
    other = replace(noon, plan=plan, discard="Anna", label="L001")
    world = replace(due.world, doses={**due.world.doses, other.dose_id: other})
    assert awaits_discard(world, due.setting, ROBOT) == "discarded"
    unread = replace(due.world.robots[ROBOT].status or due.robot.status(), mouth_label="")
    dark = {ROBOT: replace(due.world.robots[ROBOT], status=unread)}
    nobodys = {**due.world.doses, other.dose_id: replace(other, label="")}
    assert awaits_discard(replace(world, robots=dark, doses=nobodys), due.setting, ROBOT) == ""
    assert due.robot.labels[0] == "L001" == roll(1).sachets[0].label
    assert why_not_release(world, due.setting, due.dose("morning"), due.now) == ""


# --- another label than the one ordered ----------------------------------------------------------------


def test_where_the_robot_put_another_one_away_the_own_one_still_lies_there(lying: PureHome) -> None:
    emptied(lying)
    order = lying.world.order_under_way()
    assert order is not None and order.order.label == "P001"
    about = {"order_id": order.order.order_id, "order_kind": "divert", "dose_id": order.order.dose_id}
    logged: list[cmd.Fact] = [
        lying.robot.write(lying.now, entry, **about) for entry in ("accepted", "started")
    ]
    logged.append(lying.robot.write(lying.now, "ended", **about, result="done", label="P009"))
    lying.robot.store.append(lying.robot.labels.pop(8))
    lying.give(*logged, ev.RobotReported(lying.now, lying.robot.status()))
    (ended,) = [
        one for one in lying.journal if isinstance(one, ev.OrderEnded) and one.reason == "other_label"
    ]
    assert ended.result is ev.Result.REFUSED
    assert doses(lying)[0].stage is Stage.DUE, "it is where it was, and that is no end of it"
    lying.until("08:06")
    again = lying.world.order_under_way()
    assert again is not None and (again.order.label, again.order.attempt) == ("P001", 3)
    lying.move()
    assert doses(lying)[0].stage is Stage.IN_STORE
    assert lying.robot.store == ["P009", "P001"]


@pytest.mark.parametrize("label", ["P001", ""])
def test_the_own_label_or_none_read_is_the_end_of_it(lying: PureHome, label: str) -> None:
    emptied(lying)
    order = lying.world.order_under_way()
    assert order is not None
    about = {"order_id": order.order.order_id, "order_kind": "divert", "dose_id": order.order.dose_id}
    lying.give(lying.robot.write(lying.now, "ended", **about, result="done", label=label))
    assert doses(lying)[0].stage is Stage.IN_STORE
    assert STRIP[0] == "P001"
