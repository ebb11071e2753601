"""What the robot's log says and what its matter did, over power cuts, re-sent orders and a host that is away
(rules 10, 12 and 13 in docs/safety.md)."""

from __future__ import annotations

import pytest

from protocol.wire import messages as m
from simulator.mechanics import Place, PlannedCut, Sachet
from simulator.memory import LOG_RESERVE, ORDER_ENTRIES, Memory
from tests.simulator.robot_bench import HOUR_S, Bench, divert, present, release, retract

IN_MOTION_S = 1.0
"""The label has been read again by then, and no motion is over."""


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet()
    return bench


def prepared(kind: m.OrderKind) -> tuple[Bench, m.Order]:
    """A robot in which this order can be carried out."""
    bench = Bench()
    bench.greet()
    if kind is m.OrderKind.RELEASE:
        return bench, release(1)
    bench.done(release(1))
    if kind is m.OrderKind.PRESENT:
        return bench, present(1)
    if kind is m.OrderKind.DIVERT:
        return bench, divert(1)
    bench.done(present(1))
    return bench, retract(1)


KINDS = list(m.OrderKind)


# --- every state of an order x a power cut ---


@pytest.mark.parametrize("kind", KINDS)
def test_power_cut_after_accepted_cancels_the_order_and_nothing_moves(kind: m.OrderKind) -> None:
    bench, order = prepared(kind)
    moves = len(bench.mechanics.trace)
    assert bench.send(order).accepted
    bench.cut()
    bench.wait(HOUR_S)
    assert bench.kinds(order.order_id)[-2:] == ["accepted", "cancelled"]
    assert bench.last(m.EntryKind.CANCELLED).detail == "boot"
    assert len(bench.mechanics.trace) == moves


@pytest.mark.parametrize("lands", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_power_cut_after_started_leaves_the_end_open_and_resumes_nothing(
    kind: m.OrderKind, lands: bool
) -> None:
    bench, order = prepared(kind)
    moves = len(bench.mechanics.trace)
    bench.send(order)
    bench.wait(IN_MOTION_S)
    bench.cut(lands=lands)
    bench.wait(HOUR_S)
    assert bench.kinds(order.order_id)[-2:] == ["accepted", "started"], "the robot does not claim an end"
    assert len(bench.mechanics.trace) == moves + lands, "the matter knows, the log does not"
    lifted = [entry for entry in bench.memory.log if entry.kind is m.EntryKind.LIFTED]
    assert not lifted, "an empty tray after a cut-off motion proves no hand"
    assert bench.mechanics.conserved()


@pytest.mark.parametrize("kind", KINDS)
def test_power_cut_after_ended_changes_nothing(kind: m.OrderKind) -> None:
    bench, order = prepared(kind)
    bench.done(order)
    log, there = list(bench.memory.log), bench.mechanics.whereabouts()
    bench.cut()
    bench.wait(HOUR_S)
    assert bench.memory.log == log
    assert bench.kinds(order.order_id)[-1] == "ended"
    assert bench.mechanics.whereabouts() == there


@pytest.mark.parametrize("lands", [True, False])
def test_a_planned_power_cut_in_a_release_comes_back_by_itself_with_the_dose_in_doubt(
    bench: Bench, lands: bool
) -> None:
    bench.mechanics.faults.cut_next = PlannedCut(off_ms=60_000, lands=lands)
    bench.send(release(1))
    bench.wait(10)
    assert not bench.robot.powered
    bench.wait(60)
    assert bench.robot.powered
    bench.greet()
    assert bench.kinds(release(1).order_id) == ["accepted", "started"]
    assert bench.mechanics.whereabouts()[Place.HOLDING] == lands
    again = bench.done(release(1, attempt=2))
    assert again.error == m.Error.ALREADY_RELEASED, "in doubt counts as given"
    assert bench.done(present(1)).accepted is lands, "what is there can be presented"


def test_two_boots_have_different_boot_ids_and_the_same_log_id(bench: Bench) -> None:
    before = bench.greet()
    bench.cut()
    after = bench.greet()
    assert before.boot_id != after.boot_id
    assert before.log_id == after.log_id
    assert after.uptime_ms < before.uptime_ms + 2000


def test_a_sachet_lifted_without_power_is_logged_at_the_boot(bench: Bench) -> None:
    bench.done(release(1))
    bench.done(present(1))
    bench.robot.power_off(bench.moment, 5000)
    bench.lift()
    bench.wait(10)
    entry = bench.last(m.EntryKind.LIFTED)
    assert (entry.dose_id, entry.detail) == (release(1).dose_id, "power_off")


def test_a_lift_between_acceptance_and_a_power_cut_does_not_keep_the_order_from_being_cancelled() -> None:
    bench, order = prepared(m.OrderKind.RETRACT)
    bench.send(order)
    bench.lift()
    bench.cut()
    assert bench.kinds(order.order_id) == ["accepted", "cancelled"]
    assert bench.last(m.EntryKind.CANCELLED).detail == "boot"


def test_while_the_newest_motion_is_in_doubt_no_boot_claims_a_hand_whatever_came_after_it() -> None:
    bench, order = prepared(m.OrderKind.RETRACT)
    bench.send(order)
    bench.wait(IN_MOTION_S)
    bench.cut()
    assert bench.send(retract(1, attempt=2)).accepted
    bench.robot.power_off(bench.moment, 5000)
    bench.lift()
    bench.wait(10)
    assert bench.kinds(order.order_id) == ["accepted", "started"]
    assert bench.memory.log[-1].kind is m.EntryKind.CANCELLED


def test_at_boot_the_entries_come_in_their_order(bench: Bench) -> None:
    bench.done(release(1))
    bench.done(divert(1))
    bench.wait(HOUR_S)
    bench.done(release(2))
    bench.done(present(2))
    assert bench.send(retract(2)).accepted
    head = bench.memory.head
    bench.robot.power_off(bench.moment, 5000)
    bench.lift()
    bench.mechanics.empty_store(0)
    bench.mechanics.lid_open = True
    bench.mechanics.load("ROLL-2", [Sachet(1, "M1")], 0)
    bench.wait(10)
    told = [(entry.kind.value, entry.detail) for entry in bench.memory.log if entry.index > head]
    assert told == [
        ("cancelled", "boot"),
        ("loaded", "ROLL-2"),
        ("opened", "lid"),
        ("opened", "store"),
        ("lifted", "power_off"),
    ]


# --- the same order again ---


@pytest.mark.parametrize("pause_s", [0.0, 1.0, 30.0])
def test_the_same_order_id_is_answered_from_the_record_and_never_done_twice(
    bench: Bench, pause_s: float
) -> None:
    first = bench.send(release(1))
    for _ in range(3):
        bench.wait(pause_s)
        again = bench.send(release(1))
        assert (again.accepted, again.log_index) == (True, first.log_index)
    bench.wait()
    assert bench.kinds(release(1).order_id) == ["accepted", "started", "ended"]
    assert len(bench.out_of_magazine()) == 1


def test_a_re_sent_present_does_not_present_a_second_time(bench: Bench) -> None:
    bench.done(release(1))
    bench.done(present(1))
    bench.done(retract(1))
    assert bench.done(present(1)).accepted
    assert bench.mechanics.whereabouts()[Place.HOLDING] == 1
    assert bench.done(present(1, attempt=2)).accepted
    assert bench.mechanics.whereabouts()[Place.TRAY] == 1


def test_the_same_order_id_is_remembered_over_a_boot_and_a_cancelled_one_stays_cancelled(
    bench: Bench,
) -> None:
    bench.send(release(1))
    bench.cut()
    assert bench.done(release(1)).accepted
    assert bench.kinds(release(1).order_id) == ["accepted", "cancelled"]
    assert not bench.mechanics.trace


def test_an_order_id_used_for_something_else_is_malformed(bench: Bench) -> None:
    bench.done(release(1))
    other = release(1, dose_id="somebody/else/entirely/1")
    assert bench.send(other).error == m.Error.MALFORMED


# --- hello ---


def test_hello_cancels_what_was_accepted_and_not_started(bench: Bench) -> None:
    bench.send(release(1))
    reply = bench.greet()
    bench.wait()
    assert bench.kinds(release(1).order_id) == ["accepted", "cancelled"]
    assert bench.last(m.EntryKind.CANCELLED).detail == "hello"
    assert reply.log_head == bench.memory.head, "the stated head holds the cancelling"
    assert not bench.mechanics.trace


def test_hello_does_not_stop_a_motor_that_turns(bench: Bench) -> None:
    bench.send(release(1))
    bench.wait(IN_MOTION_S)
    bench.greet()
    said = bench.wait()
    assert bench.kinds(release(1).order_id) == ["accepted", "started", "ended"]
    assert m.LogGrew(bench.memory.head) in said


def test_the_robot_keeps_the_highest_position_that_a_host_confirmed(bench: Bench) -> None:
    bench.ask(m.ConfirmLog(1, bench.memory.head, 3, b"c" * 32))
    bench.ask(m.ConfirmLog(1, bench.memory.head, 2, b"b" * 32))
    bench.cut()
    reply = bench.greet()
    assert (reply.host_epoch, reply.host_head) == (3, b"c" * 32)


# --- how motions end ---


def test_a_stall_is_not_moved_by_the_sensors_and_the_dose_may_be_tried_again_after_clearing(
    bench: Bench,
) -> None:
    bench.mechanics.faults.stall_next = True
    bench.done(release(1))
    ended = bench.last(m.EntryKind.ENDED)
    assert (ended.result, ended.detail, bench.memory.fault) == ("not_moved", "motor_stall", "motor_stall")
    assert not bench.mechanics.trace
    bench.robot.clear_fault(bench.moment)
    assert bench.done(release(1, attempt=2)).accepted
    assert bench.last(m.EntryKind.ENDED).result == "done"


def test_sensors_that_contradict_each_other_are_unclear_and_the_dose_stays_in_doubt(bench: Bench) -> None:
    bench.mechanics.faults.stuck[Place.HOLDING] = False
    bench.done(release(1))
    assert bench.last(m.EntryKind.ENDED).result == "unclear"
    assert bench.memory.fault == "sensor_contradiction"
    bench.mechanics.faults.stuck.clear()
    bench.robot.clear_fault(bench.moment)
    assert bench.send(release(1, attempt=2)).error == m.Error.ALREADY_RELEASED


def test_a_second_sachet_jams_before_a_place_that_a_blind_sensor_calls_empty() -> None:
    bench = Bench()
    bench.greet()
    bench.mechanics.faults.stuck[Place.HOLDING] = False
    bench.done(release(1))
    bench.robot.clear_fault(bench.moment)
    bench.wait(HOUR_S)
    bench.done(release(2))
    assert bench.last(m.EntryKind.ENDED).result == "not_moved"
    assert bench.mechanics.conserved()


@pytest.mark.parametrize("shows", [True, False])
def test_a_motor_stopped_after_thirty_seconds_says_nothing_and_the_sensors_judge(
    bench: Bench, shows: bool
) -> None:
    bench.mechanics.faults.slow_next_ms = 120_000
    bench.send(release(1))
    bench.wait(1)
    if shows:
        bench.mechanics.faults.stuck[Place.HOLDING] = True
    bench.wait(31)
    result = "unclear" if shows else "not_moved"
    assert bench.last(m.EntryKind.ENDED).result == result
    bench.robot.clear_fault(bench.moment)
    bench.mechanics.faults.stuck.clear()
    again = bench.send(release(1, attempt=2))
    assert again.accepted is not shows


def test_a_lid_opened_in_a_motion_stops_the_motor_for_good(bench: Bench) -> None:
    bench.send(release(1))
    bench.wait(IN_MOTION_S)
    for lid_open in (True, False):
        bench.mechanics.lid_open = lid_open
        bench.robot.sense(bench.moment)
    bench.wait(HOUR_S)
    assert (bench.last(m.EntryKind.ENDED).result, bench.memory.fault) == ("not_moved", "motor_stall")
    assert not bench.mechanics.trace


# --- a hand races a retract ---


def test_a_hand_before_a_retract_starts_cancels_it_and_sets_no_fault() -> None:
    bench, order = prepared(m.OrderKind.RETRACT)
    bench.send(order)
    bench.lift()
    bench.wait()
    assert bench.kinds(order.order_id) == ["accepted", "cancelled"]
    assert bench.last(m.EntryKind.CANCELLED).detail == "place_empty"
    assert (bench.memory.log[-2].kind, bench.memory.fault) == (m.EntryKind.LIFTED, "")
    bench.wait(HOUR_S)
    assert bench.done(release(2)).accepted, "the robot serves on"


def test_a_hand_during_a_retract_is_lifted_and_the_order_ends_by_its_sensors() -> None:
    bench, order = prepared(m.OrderKind.RETRACT)
    bench.send(order)
    bench.wait(IN_MOTION_S)
    said = bench.lift()
    bench.wait()
    lifted = bench.last(m.EntryKind.LIFTED)
    ended = bench.last(m.EntryKind.ENDED)
    assert said[0] == m.Lifted(int(bench.seconds * 1000 - 30_000), lifted.index)
    assert (ended.index, ended.result) == (lifted.index + 1, "unclear"), "it left and did not arrive"
    assert bench.mechanics.whereabouts()[Place.HANDS] == 1


def test_a_motor_that_turns_for_thirty_seconds_is_stopped_and_is_a_stall(bench: Bench) -> None:
    bench.mechanics.faults.slow_next_ms = 120_000
    bench.send(release(1))
    bench.wait(29)
    assert bench.kinds(release(1).order_id)[-1] == "started"
    bench.wait(2)
    assert (bench.last(m.EntryKind.ENDED).result, bench.memory.fault) == ("not_moved", "motor_stall")
    bench.wait(HOUR_S)
    assert not bench.mechanics.trace


def test_started_is_kept_before_the_motor_turns(bench: Bench) -> None:
    kept: list[tuple[str, int]] = []
    bench.memory.keep = lambda: kept.append((bench.memory.log[-1].kind.value, bench.mechanics.due_ms or 0))
    bench.send(release(1))
    accepted_due_ms = bench.mechanics.due_ms
    assert ("accepted", 0) in kept
    bench.wait(IN_MOTION_S)
    assert ("started", 0) in kept, "kept while nothing was turning"
    assert bench.mechanics.due_ms != accepted_due_ms


# --- events ---


def test_a_lift_is_an_event_and_an_entry_that_name_the_dose(bench: Bench) -> None:
    bench.done(release(1))
    bench.done(present(1))
    said = bench.lift()
    entry = bench.last(m.EntryKind.LIFTED)
    assert isinstance(said[0], m.Lifted)
    assert said[0].log_index == entry.index
    assert (entry.dose_id, entry.order_id, entry.label) == (release(1).dose_id, present(1).order_id, "L1")
    assert bench.lift() == [], "nothing is lifted out of an empty tray"


def test_status_and_labels_are_told_unasked_when_they_change(bench: Bench) -> None:
    bench.send(release(1))
    said = bench.wait()
    labels = [(event.place, event.label) for event in said if isinstance(event, m.LabelRead)]
    assert labels == [("mouth", "L2"), ("holding", "L1")]
    told = [event for event in said if isinstance(event, m.Status)]
    assert [(status.ref, status.holding, status.sachets_left) for status in told] == [(0, True, 5)]
    assert bench.wait(HOUR_S) == [], "and only then"


def test_after_hello_the_label_in_the_holding_place_is_told_again(bench: Bench) -> None:
    bench.done(release(1))
    bench.greet()
    assert [event.label for event in bench.heard[-1:] if isinstance(event, m.LabelRead)] == ["L1"]


def test_the_display_shows_the_newest_prompt_and_is_dark_without_power(bench: Bench) -> None:
    bench.ask(m.Prompt(1, m.Light.PULSE, m.Sound.SOFT, ("Tid til medicin",)))
    assert bench.robot.display.lines == ("Tid til medicin",)
    bench.robot.press(bench.moment)
    assert bench.robot.display.sound is m.Sound.NONE, "a press ends the sound"
    bench.robot.power_off(bench.moment, None)
    assert bench.robot.display.light is m.Light.OFF


def test_a_tenth_of_the_battery_is_news_and_a_percent_is_not(bench: Bench) -> None:
    bench.mechanics.battery_percent = 99
    assert [type(news) for news in bench.robot.sense(bench.moment)] == [m.Status]  # from a full 100
    bench.mechanics.battery_percent = 91
    assert bench.robot.sense(bench.moment) == []


# --- the log's room ---


def fill(bench: Bench) -> None:
    """Release and divert until the robot refuses."""
    for number in range(1, 100):
        if bench.done(divert(number, source=m.Source.MAGAZINE)).error:
            return
        bench.wait(HOUR_S)


def test_a_log_that_no_host_confirms_fills_up_and_refuses_orders_until_it_is_confirmed() -> None:
    bench = Bench(sachets=20, entries_max=LOG_RESERVE + ORDER_ENTRIES * 5)
    bench.greet()
    fill(bench)
    blocked = divert(50, source=m.Source.MAGAZINE, label=bench.mechanics.magazine[0].label)
    assert bench.send(blocked).error == m.Error.LOG_FULL
    assert bench.memory.horizon == 1, "nothing unconfirmed was overwritten"
    bench.ask(m.ConfirmLog(1, bench.memory.head, 1, b""))
    assert bench.done(blocked).accepted
    assert bench.kinds(blocked.order_id) == ["accepted", "started", "ended"]


def test_confirmed_entries_make_room_and_the_horizon_rises_with_an_unbroken_page() -> None:
    bench = Bench(sachets=30, entries_max=LOG_RESERVE + ORDER_ENTRIES * 4)
    bench.greet()
    for number in range(1, 28):
        assert bench.done(divert(number, source=m.Source.MAGAZINE)).accepted
        bench.ask(m.ConfirmLog(1, bench.memory.head, 1, b""))
    assert bench.memory.horizon > 1
    assert len(bench.memory.log) <= bench.memory.entries_max
    page = bench.ask(m.ReadLog(1, 1, 16))[0]
    assert isinstance(page, m.LogPage)
    assert [entry.index for entry in page.entries] == list(range(page.horizon, page.horizon + 16))
    assert page.head == bench.memory.head


def test_what_happens_by_itself_and_finds_no_room_becomes_a_fault_and_overwrites_nothing() -> None:
    bench = Bench(sachets=20, entries_max=LOG_RESERVE + ORDER_ENTRIES * 3)
    bench.greet()
    fill(bench)
    for _ in range(LOG_RESERVE + 5):
        for open_now in (True, False):
            bench.mechanics.lid_open = open_now
            bench.robot.sense(bench.moment)
    assert bench.memory.fault == "log_lost"
    assert bench.memory.horizon == 1
    assert len(bench.memory.log) <= bench.memory.entries_max


def test_memory_itself_never_drops_an_entry_that_no_host_has_confirmed() -> None:
    memory = Memory(entries_max=4)
    for index in range(1, 10):
        memory.append(m.LogEntry(index, m.EntryKind.OPENED, b"b" * 16, 0, 0))
    assert (memory.horizon, memory.head) == (1, 9)
    memory.confirm(7, 1, b"")
    memory.append(m.LogEntry(10, m.EntryKind.OPENED, b"b" * 16, 0, 0))
    assert (memory.horizon, memory.head) == (7, 10)


def test_reading_beyond_the_head_gives_an_empty_page(bench: Bench) -> None:
    page = bench.ask(m.ReadLog(1, bench.memory.head + 1, 16))[0]
    assert isinstance(page, m.LogPage)
    assert page.entries == ()


def test_a_new_magazine_is_logged_with_its_production_id(bench: Bench) -> None:
    bench.robot.load("ROLL-2", [Sachet(1, "M1")], bench.moment)
    assert bench.last(m.EntryKind.LOADED).detail == "ROLL-2"
    assert bench.mechanics.whereabouts()[Place.REMOVED] == 6
    assert bench.mechanics.conserved()
