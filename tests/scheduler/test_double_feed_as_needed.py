"""Rule 7 on a strip of medicine as needed: what lay beside has no dose, and counts all the same."""

from __future__ import annotations

import copy
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.as_needed_limits import Had, _had
from scheduler.dosage import Limit
from scheduler.dose import Stage
from scheduler.record import from_plain, to_plain
from scheduler.remembered import DOUBLE_FEED
from scheduler.roll import Beside, following, following_as_needed
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
from tests.scheduler.test_custody import ask, bundle, move_in, move_out, new_home
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
    assert dose.beside_it == {Beside("P002", strip().sachets[1].content)}


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
    assert following_as_needed({RESIDENT: free}, "P001") == {Beside("P002", free.sachets[1].content)}
    of_nothing = following_as_needed({RESIDENT: replace(free, sachets=(first, second))}, "P001")
    assert of_nothing == {Beside("P002", frozenset())}
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
    second = strip().sachets[1]
    assert [each.beside_it for each in moved.carried.doses] == [{Beside(second.label, second.content)}]
    plain = to_plain(moved)
    assert from_plain(plain) == moved


def in_store(home: PureHome) -> None:
    """The first one was put away from the tray, and somebody found it: the other may have been had."""
    home.until("08:30")
    home.move()
    assert home.decide(doses(home)[0], ev.Verdict.NOT_GIVEN, "Anna").accepted
    cleared(home)
    home.until("08:36")
    home.move()
    assert doses(home)[0].stage is Stage.IN_STORE


def test_a_move_keeps_that_it_was_within_reach(home: PureHome) -> None:
    """Without that the new home would let out one more than may be had."""
    in_store(home)
    known = had(home)
    assert len(known) == 1
    end(home)
    home.until("08:40")
    new = new_home(home.now)
    assert ask(new).accepted
    assert move_out(home).accepted
    assert move_in(new, bundle(home)).accepted
    assert had(new) == known


def had(home: PureHome) -> list[Had]:
    return list(_had(home.world, RESIDENT, "p-pain", ""))


def test_a_bundle_of_before_kept_the_content_alone(home: PureHome) -> None:
    home.lift()
    cleared(home)
    end(home)
    assert move_out(home).accepted
    plain: dict[str, Any] = copy.deepcopy(to_plain(bundle(home)))
    (dose,) = plain["carried"]["doses"]
    dose["beside_it"] = dose["beside_it"][0]["content"]
    del dose["presented"], dose["double_looked_into"]
    read = from_plain(plain)
    assert isinstance(read, ev.ResidentMovedOut)
    assert read.carried.doses[0].beside_it == {Beside("", strip().sachets[1].content)}


# --- two of them beside one dose ------------------------------------------------------------------------


def fed_twice() -> PureHome:
    """A release that nobody saw the end of, found in the magazine after all: the next one, of what lies
    there now, was fed double, too."""
    home = asked()
    home.lost()
    home.robot.labels = home.robot.labels[2:]
    home.robot.holding, home.robot.fault, home.robot.log, home.robot.log_id = "P001", DOUBLE_FEED, [], "log-2"
    home.connect()
    entry = home.robot.write(
        home.now,
        "ended",
        order_kind="release",
        dose_id=doses(home)[0].dose_id,
        label="P003",
        result="unclear",
    )
    home.give(replace(entry, detail=DOUBLE_FEED))
    return home


def test_two_that_hold_the_same_count_twice() -> None:
    dose = doses(fed_twice())[0]
    assert {each.label for each in dose.beside_it} == {"P002", "P004"}
    assert sum(each.quantity for each in had(fed_twice())) == 3, "the one that was meant, and two beside it"


def test_the_same_one_seen_twice_counts_once(home: PureHome) -> None:
    """In the release and in the present."""
    before = doses(home)[0].beside_it
    entry = home.robot.write(
        home.now, "ended", order_kind="retract", dose_id=doses(home)[0].dose_id, label="P001", result="done"
    )
    home.give(replace(entry, detail=DOUBLE_FEED))
    assert doses(home)[0].beside_it == before
    assert len(before) == 1


# --- put away, and not looked into ----------------------------------------------------------------------


def test_nobody_closes_it_while_what_is_in_doubt_goes_to_the_store(home: PureHome) -> None:
    """The record of that motion can't tell which of the two it was: closed by then, nobody would be asked."""
    home.until("08:30")
    home.move()
    assert doses(home)[0].stage is Stage.DOUBT
    home.robot.fault = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    home.until("08:36")
    (dose,) = doses(home)
    assert (dose.stage, dose.rest) == (Stage.DIVERTING, Stage.DOUBT)
    incident = next(one for one in home.open_incidents() if one.kind is ev.Kind.DOUBLE_FEED)
    assert home.take(incident, "Anna").accepted
    incident = home.world.incidents[incident.incident_id]
    assert home.close(incident, "Anna", "looked into").reason == "in_doubt"
    home.move()
    assert doses(home)[0].stage is Stage.DOUBT
    assert sum(each.quantity for each in had(home)) == 2


def test_nobody_closes_it_while_the_second_one_lies_in_the_way(home: PureHome) -> None:
    """They had the right one, and the robot put the other one into the holding place: it is no dose's, and
    staff would hear of it by nothing else (S8)."""
    home.until("08:30")
    home.move()
    home.robot.fault = ""
    home.robot.holding = "P002"
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert home.decide(doses(home)[0], ev.Verdict.HAD_IT, "Anna").accepted
    assert doses(home)[0].stage is Stage.LIFTED
    incident = next(one for one in home.open_incidents() if one.kind is ev.Kind.DOUBLE_FEED)
    assert home.take(incident, "Anna").accepted
    incident = home.world.incidents[incident.incident_id]
    assert home.close(incident, "Anna", "looked into").reason == "holding_occupied"
    home.robot.holding = ""
    home.give(ev.RobotReported(home.now, home.robot.status()))
    assert home.close(incident, "Anna", "looked into").accepted
    at(home, "13:00")
    has_one(home)


def test_what_lies_there_for_its_own_dose_keeps_nobody_from_closing() -> None:
    home = asked()
    fed(home)
    assert doses(home)[0].stage is Stage.HOLDING
    cleared(home)
    assert home.open_incidents() == []
