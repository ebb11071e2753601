"""Two sachets leave at once (W-ORDER-28): what the robot says of it, and where they really are."""

from __future__ import annotations

from pathlib import Path

import pytest

from protocol.wire import messages as m
from simulator.mechanics import DoubleFeed, Mechanics, Place
from simulator.memory import Memory
from simulator.memory_file import load, save
from simulator.script import ScriptError, parse_script
from tests.simulator.robot_bench import Bench, divert, present, release, retract


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet()
    return bench


@pytest.fixture
def fed(bench: Bench) -> Bench:
    """Two in the holding place, and the robot knows."""
    bench.mechanics.faults.double_next = DoubleFeed()
    bench.done(release(1))
    return bench


@pytest.fixture
def unseen(bench: Bench) -> Bench:
    """Two in the tray: nothing showed it before."""
    bench.mechanics.faults.double_next = DoubleFeed(at_once=False)
    bench.done(release(1))
    assert (bench.last(m.EntryKind.ENDED).detail, bench.memory.fault) == ("", "")
    bench.done(present(1))
    return bench


def test_two_sachets_really_leave_and_the_robot_says_so(fed: Bench) -> None:
    ended = fed.last(m.EntryKind.ENDED)
    assert (ended.result, ended.detail, ended.label) == ("done", m.DOUBLE_FEED, "L1")
    assert fed.memory.fault == m.DOUBLE_FEED
    places = fed.mechanics.whereabouts()
    assert (places[Place.MAGAZINE], places[Place.HOLDING]) == (4, 2)
    assert [moved.sachet.label for moved in fed.out_of_magazine()] == ["L1", "L2"]
    assert fed.mechanics.conserved()


def test_nothing_but_a_retract_is_accepted_until_a_person_cleared_it(fed: Bench) -> None:
    for order in (present(1), divert(1), release(3)):
        assert fed.send(order).error == m.Error.FAULTED
    fed.cut()
    assert fed.memory.fault == m.DOUBLE_FEED, "power off and on does not clear it"
    fed.robot.clear_fault(fed.moment)
    assert fed.last(m.EntryKind.CLEARED).detail == m.DOUBLE_FEED
    assert fed.done(present(1)).accepted
    assert (fed.last(m.EntryKind.ENDED).detail, fed.memory.fault) == ("", "")
    assert fed.mechanics.whereabouts()[Place.REMOVED] == 1, "whoever cleared it took the second one out"
    assert fed.mechanics.conserved()


def test_what_nothing_showed_before_is_suspected_in_the_tray(unseen: Bench) -> None:
    ended = unseen.last(m.EntryKind.ENDED)
    assert (ended.order_kind, ended.result, ended.detail) == ("present", "done", m.DOUBLE_FEED)
    assert unseen.memory.fault == m.DOUBLE_FEED
    assert unseen.mechanics.whereabouts()[Place.TRAY] == 2


def test_a_tray_with_one_of_two_left_in_it_is_not_empty(unseen: Bench) -> None:
    lifts = [entry.kind for entry in unseen.memory.log].count(m.EntryKind.LIFTED)
    unseen.lift()
    assert [sachet.label for sachet in unseen.mechanics.hands] == ["L1"], "the one that was meant"
    assert [entry.kind for entry in unseen.memory.log].count(m.EntryKind.LIFTED) == lifts
    assert unseen.mechanics.sensors().tray
    unseen.robot.clear_fault(unseen.moment)
    assert not unseen.mechanics.sensors().tray
    assert unseen.last(m.EntryKind.LIFTED).label == "L1"
    assert unseen.mechanics.conserved()


def test_both_go_back_together_and_both_into_the_store(unseen: Bench) -> None:
    assert unseen.done(retract(1)).accepted, "rule 4"
    assert unseen.mechanics.whereabouts()[Place.HOLDING] == 2
    assert unseen.last(m.EntryKind.ENDED).detail == "", "told once: in a release or a present"
    unseen.memory.fault = ""
    assert unseen.done(divert(1)).accepted
    assert unseen.mechanics.whereabouts()[Place.STORE] == 2
    assert unseen.mechanics.conserved()


def test_what_is_left_of_two_in_the_tray_goes_back_alone(unseen: Bench) -> None:
    unseen.lift()
    unseen.done(retract(1))
    assert unseen.mechanics.holding is not None and unseen.mechanics.holding.label == "L2"
    assert unseen.mechanics.conserved()


def test_the_last_sachet_of_a_strip_leaves_alone() -> None:
    bench = Bench(sachets=1)
    bench.greet()
    bench.mechanics.faults.double_next = DoubleFeed()
    bench.done(release(1))
    assert (bench.last(m.EntryKind.ENDED).detail, bench.memory.fault) == ("", "")


def test_power_that_fails_in_the_motion_leaves_both_where_they_fell(bench: Bench) -> None:
    bench.mechanics.faults.double_next = DoubleFeed()
    bench.send(release(1))
    bench.wait(1.0)
    bench.cut(lands=True)
    assert bench.mechanics.whereabouts()[Place.HOLDING] == 2
    assert bench.mechanics.conserved()


def test_what_lies_beside_is_kept_over_a_restart(fed: Bench, tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    save(path, fed.memory, fed.mechanics)
    memory, mechanics = Memory(), Mechanics()
    assert load(path, memory, mechanics)
    assert mechanics.whereabouts() == fed.mechanics.whereabouts()
    assert mechanics.conserved()
    assert memory.fault == m.DOUBLE_FEED


def test_a_script_may_ask_for_one() -> None:
    row = {"at": "2026-11-02T07:00:00Z", "do": "double_feed", "at_once": False}
    (deed,) = parse_script({"schema": "simulator/script/1", "deeds": [row]})
    assert deed.at_once is False  # type: ignore[union-attr]
    with pytest.raises(ScriptError, match="at_once is not of type bool"):
        parse_script({"schema": "simulator/script/1", "deeds": [{**row, "at_once": 1}]})
