"""Rule 7 on a strip of medicine as needed: what lay beside has no dose, and counts all the same."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from scheduler import events as ev
from scheduler.dosage import Limit
from scheduler.dose import Stage
from scheduler.record import from_plain, to_plain
from scheduler.remembered import DOUBLE_FEED
from scheduler.roll import following, following_as_needed
from tests.scheduler.test_as_needed import (
    STRIP,
    as_needed,
    asks,
    at,
    doses,
    has_one,
    home_with,
    refused,
    strip,
)
from tests.scheduler.test_custody import bundle, move_out
from tests.scheduler.test_leave import end
from tests.support.pure_home import RESIDENT, PureHome, roll, utc

THREE_A_DAY = Limit(gap_min=60, per_day=Decimal(3))


def cleared(home: PureHome, kind: ev.Kind = ev.Kind.DOUBLE_FEED) -> None:
    """Somebody looked at the robot, and closed the incident."""
    home.robot.fault = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    for incident in [one for one in home.open_incidents() if one.kind is kind]:
        assert home.take(incident, "Anna").accepted
        fresh = home.world.incidents[incident.incident_id]
        assert home.close(fresh, "Anna", "looked into").accepted


def asked() -> PureHome:
    """08:00: of three a day one was asked for, and its release is under way."""
    home = home_with(as_needed(THREE_A_DAY))
    at(home, "08:00")
    asks(home)
    return home


def fed(home: PureHome) -> None:
    """The order under way is carried out, and a second sachet went along."""
    home.robot.fault = DOUBLE_FEED
    home.move(detail=DOUBLE_FEED)
    home.robot.labels = home.robot.labels[1:]


@pytest.fixture
def home() -> PureHome:
    """08:00: of three a day one was asked for and lies in the tray, and another may lie beside it."""
    home = asked()
    home.move()
    fed(home)
    return home


def test_what_lay_beside_in_the_tray_counts_as_had(home: PureHome) -> None:
    home.lift()
    cleared(home)
    at(home, "09:00")
    has_one(home)
    assert len(doses(home)) == 2, "the gap is over"
    at(home, "10:00")
    asks(home)
    assert refused(home) == ("limit_reached", utc("08:00", 2)), "two sachets at eight, one at nine"
    at(home, "08:00", 2)
    has_one(home)


def test_it_counts_too_where_the_first_one_was_not_had(home: PureHome) -> None:
    home.until("08:30")
    home.move()
    (dose,) = doses(home)
    assert dose.stage is Stage.DOUBT, "which of two it put away the robot can't tell"
    assert home.decide(dose, ev.Verdict.NOT_GIVEN, "Anna").accepted
    cleared(home)
    home.until("08:36")
    home.move()
    (dose,) = doses(home)
    assert (dose.stage, dose.lifted) == (Stage.IN_STORE, None)
    at(home, "09:00")
    asks(home)
    assert refused(home) == ("asked_too_soon", utc("09:20")), (
        "the other may have been had until its time was up"
    )


def test_what_nobody_could_reach_counts_for_nothing() -> None:
    """Suspected on the way to the holding place: who clears it takes the second one out."""
    home = asked()
    fed(home)
    assert doses(home)[0].stage is Stage.HOLDING
    cleared(home)
    home.press()
    home.move()
    assert doses(home)[0].stage is Stage.IN_TRAY, "the first one is theirs"
    home.lift()
    assert home.open_incidents() == []


def test_what_went_to_the_store_before_anybody_could_reach_it_counts_for_nothing() -> None:
    home = asked()
    fed(home)
    cleared(home)
    at(home, "08:20")
    home.move()
    assert doses(home)[0].stage is Stage.IN_STORE
    for local in ("08:30", "09:30", "10:30"):
        at(home, local)
        has_one(home)
    assert len(doses(home)) == 4


def test_of_a_log_that_was_lost_the_fault_is_enough() -> None:
    home = asked()
    home.lost()
    home.robot.labels = home.robot.labels[2:]
    home.robot.holding, home.robot.fault, home.robot.log, home.robot.log_id = "P001", DOUBLE_FEED, [], "log-2"
    home.connect()
    (dose,) = doses(home)
    assert dose.stage is Stage.DOUBT
    assert {content.quantity for content in dose.beside_it} == {Decimal(1)}


@pytest.mark.parametrize("fault", ["", "motor_stall"])
def test_a_doubt_without_that_fault_counts_once(fault: str) -> None:
    home = asked()
    home.lost()
    home.robot.fault, home.robot.log, home.robot.log_id = fault, [], "log-2"
    home.connect()
    (dose,) = doses(home)
    assert dose.stage is Stage.DOUBT
    assert not dose.beside_it


def test_only_medicine_that_lies_next_on_that_strip_counts() -> None:
    planned = roll(1)
    assert following_as_needed({RESIDENT: planned}, "L001") == frozenset()
    assert following({RESIDENT: planned}, "L001") == (RESIDENT, planned.sachets[1])
    free = strip()
    first, second = (replace(free.sachets[0]), replace(free.sachets[1], content=frozenset()))
    assert following_as_needed({RESIDENT: free}, "P001") == free.sachets[1].content
    assert following_as_needed({RESIDENT: replace(free, sachets=(first, second))}, "P001") == frozenset()
    assert following_as_needed({RESIDENT: free}, STRIP[-1]) == frozenset(), "the last one"
    assert following({RESIDENT: free}, "P001") is None


def test_other_medicine_beside_it_counts_against_its_own_limits_alone() -> None:
    """A strip may hold two kinds: the other one is on no card here."""
    free = strip()
    others = frozenset({replace(one, drug="N02AA01") for one in free.sachets[1].content})
    mixed = replace(
        free, sachets=(free.sachets[0], replace(free.sachets[1], content=others), *free.sachets[2:])
    )
    home = home_with(as_needed(THREE_A_DAY), mixed)
    at(home, "08:00")
    asks(home)
    home.move()
    fed(home)
    home.lift()
    cleared(home)
    for local in ("09:00", "10:00"):
        at(home, local)
        has_one(home)
    assert len(doses(home)) == 3


def test_a_second_one_forgets_nothing_of_the_first() -> None:
    home = asked()
    fed(home)
    before = doses(home)[0].beside_it
    assert before
    entry = home.robot.write(
        home.now,
        "ended",
        order_kind="retract",
        dose_id=doses(home)[0].dose_id,
        label=STRIP[-1],
        result="done",
    )
    home.give(replace(entry, detail=DOUBLE_FEED))
    assert doses(home)[0].beside_it == before


def test_it_moves_with_its_resident(home: PureHome) -> None:
    home.lift()
    cleared(home)
    end(home)
    assert move_out(home).accepted
    moved = bundle(home)
    assert moved.carried is not None
    assert [each.beside_it for each in moved.carried.doses] == [strip().sachets[1].content]
    plain = to_plain(moved)
    assert from_plain(plain) == moved
