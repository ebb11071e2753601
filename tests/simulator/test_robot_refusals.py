"""What the robot refuses by itself (rules 4, 10, 11, 13, 14 and 17 in docs/safety.md): every Error once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from protocol.wire import messages as m
from protocol.wire.limits import UTC_MS_MAX
from simulator.mechanics import Place
from simulator.memory import LOG_RESERVE, ORDER_ENTRIES
from simulator.refusals import FirmwareLimits
from tests.simulator.robot_bench import (
    EPOCH_MS,
    HOUR_S,
    Bench,
    divert,
    present,
    release,
    retract,
)


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.greet()
    return bench


def refused(reply: m.OrderReply, error: m.Error) -> bool:
    return not reply.accepted and reply.error == error and reply.log_index == 0


def test_a_refused_order_moves_nothing_and_leaves_no_trace_in_the_log(bench: Bench) -> None:
    head = bench.memory.head
    assert refused(bench.done(release(label="OTHER")), m.Error.LABEL_MISMATCH)
    assert bench.memory.head == head
    assert not bench.mechanics.trace


def test_another_label_at_the_mouth_is_a_mismatch_and_the_right_order_still_works(bench: Bench) -> None:
    bench.mechanics.spoil_mouth(0, label="FOREIGN")
    assert refused(bench.send(release()), m.Error.LABEL_MISMATCH)
    assert bench.send(release(label="FOREIGN", attempt=2)).accepted


def test_a_label_that_nobody_can_read_is_refused_but_may_be_diverted_by_a_person(bench: Bench) -> None:
    bench.mechanics.spoil_mouth(0, readable=False)
    assert refused(bench.send(release()), m.Error.LABEL_UNREADABLE)
    assert refused(bench.send(divert(source=m.Source.MAGAZINE)), m.Error.LABEL_UNREADABLE)
    assert bench.done(divert(source=m.Source.MAGAZINE, label="", attempt=2)).accepted
    assert bench.mechanics.whereabouts()[Place.STORE] == 1


def test_the_holding_place_is_read_again_before_each_present(bench: Bench) -> None:
    bench.done(release())
    assert refused(bench.send(present(label="OTHER")), m.Error.LABEL_MISMATCH)
    assert bench.done(present(attempt=2)).accepted


def test_a_label_that_changed_between_acceptance_and_start_cancels_the_order(bench: Bench) -> None:
    assert bench.send(release()).accepted
    bench.mechanics.spoil_mouth(0, label="FOREIGN")
    bench.wait()
    assert bench.kinds(release().order_id) == ["accepted", "cancelled"]
    assert bench.last(m.EntryKind.CANCELLED).detail == "label_mismatch"
    assert not bench.mechanics.trace


def test_a_dose_id_is_released_once_ever_whatever_the_order_id(bench: Bench) -> None:
    bench.done(release(1))
    bench.done(divert(1))
    again = release(1, attempt=2, label="L2")
    assert refused(bench.send(again), m.Error.ALREADY_RELEASED)


@pytest.mark.parametrize("stays", [True, False])
def test_a_divert_that_did_not_move_takes_back_nothing_that_another_order_did(
    bench: Bench, stays: bool
) -> None:
    """By mistake of a host: the divert names a dose that has left the magazine before."""
    bench.done(release(1))
    bench.done(present(1))
    bench.lift()
    bench.mechanics.faults.stall_next = stays
    bench.done(divert(1, source=m.Source.MAGAZINE, label="L2"))
    assert bench.last(m.EntryKind.ENDED).result == ("not_moved" if stays else "done")
    bench.robot.clear_fault(bench.moment)
    again = release(1, attempt=2, label=bench.mechanics.magazine[0].label)
    assert refused(bench.send(again), m.Error.ALREADY_RELEASED)
    assert refused(bench.send(release(3, label=again.label)), m.Error.TOO_SOON), "its time counts on"


def test_a_dose_diverted_from_the_magazine_is_never_released_afterwards(bench: Bench) -> None:
    bench.done(divert(1, source=m.Source.MAGAZINE))
    assert refused(bench.send(release(1, label="L2")), m.Error.ALREADY_RELEASED)


def test_an_expired_order_is_refused(bench: Bench) -> None:
    assert refused(bench.send(release(expires_in_ms=0)), m.Error.EXPIRED)


def test_an_order_that_expires_before_its_motor_starts_is_cancelled(bench: Bench) -> None:
    assert bench.send(release(expires_in_ms=100)).accepted
    bench.wait()
    assert bench.kinds(release().order_id) == ["accepted", "cancelled"]
    assert bench.last(m.EntryKind.CANCELLED).detail == "expired"
    assert not bench.mechanics.trace


def test_an_older_plan_is_refused_for_release_and_present_but_not_for_the_way_to_safety(
    bench: Bench,
) -> None:
    bench.done(release(1, plan_version=5))
    assert refused(bench.send(present(1, plan_version=4)), m.Error.OLD_PLAN)
    bench.done(present(1, plan_version=5))
    assert bench.done(retract(1, plan_version=4)).accepted
    assert bench.done(divert(1, plan_version=4)).accepted
    bench.wait(HOUR_S)
    assert refused(bench.send(release(2, plan_version=4)), m.Error.OLD_PLAN)
    other = release(2, plan_version=1, resident=b"s" * 16, attempt=2)
    assert bench.send(other).accepted, "another resident has another plan"


def test_two_slots_of_a_resident_keep_their_minimum_time(bench: Bench) -> None:
    bench.done(release(1))
    bench.done(divert(1))
    assert refused(bench.send(release(2)), m.Error.TOO_SOON)
    bench.wait(1801)
    assert bench.send(release(2)).accepted


def test_the_minimum_time_is_for_another_slot_and_for_the_same_resident(bench: Bench) -> None:
    bench.done(release(1, dose_id="x/2026-11-02/morning/1"))
    bench.done(divert(1))
    second_part = release(2, dose_id="x/2026-11-02/morning/2")
    assert bench.done(second_part).accepted
    bench.done(divert(2))
    assert bench.send(release(3, resident=b"s" * 16)).accepted


def test_no_more_releases_than_the_maximum_in_a_day_of_uptime() -> None:
    bench = Bench(FirmwareLimits(per_day_max=2), sachets=4)
    bench.greet()
    for number in (1, 2):
        assert bench.done(release(number)).accepted
        bench.done(divert(number))
        bench.wait(HOUR_S)
    assert refused(bench.send(release(3)), m.Error.TOO_MANY)
    bench.wait(24 * HOUR_S)
    assert bench.send(release(3, attempt=2)).accepted


def test_before_a_leave_several_slots_leave_at_once_up_to_a_maximum_of_their_own() -> None:
    """W-ORDER-27."""
    bench = Bench(FirmwareLimits(per_day_max=2, take_along_max=4), sachets=6)
    bench.greet()
    for number in (1, 2, 3, 4):
        assert bench.done(replace(release(number), take_along=True)).accepted
        bench.done(divert(number))
    assert refused(bench.send(replace(release(5), take_along=True)), m.Error.TOO_MANY)
    assert refused(bench.send(release(5, attempt=2)), m.Error.TOO_SOON), "they count like every other"


def test_a_boot_does_not_make_the_robot_forget_the_night_since_the_last_release(bench: Bench) -> None:
    """Nothing was logged since; the time is kept all the same (W-ORDER-10)."""
    bench.done(release(1))
    bench.done(divert(1))
    bench.wait(10 * HOUR_S)
    bench.cut(off_s=2.0)
    assert bench.send(release(2)).accepted


def test_limits_of_pace_survive_a_boot_and_time_without_power_counts_zero(bench: Bench) -> None:
    bench.wait(HOUR_S)
    bench.done(release(1))
    bench.done(divert(1))
    bench.cut(off_s=5 * HOUR_S)
    assert refused(bench.send(release(2)), m.Error.TOO_SOON)
    bench.wait(1801)
    assert bench.send(release(2)).accepted


@pytest.mark.parametrize("place", [Place.HOLDING, Place.TRAY])
def test_nothing_is_released_unless_holding_place_and_tray_are_proven_empty(
    bench: Bench, place: Place
) -> None:
    bench.mechanics.faults.stuck[place] = True
    assert refused(bench.send(release()), m.Error.PLACE_OCCUPIED)


def test_nothing_is_presented_unless_the_tray_is_empty(bench: Bench) -> None:
    bench.done(release(1))
    bench.mechanics.faults.stuck[Place.TRAY] = True
    assert refused(bench.send(present(1)), m.Error.PLACE_OCCUPIED)


@pytest.mark.parametrize("order", [present(), retract(), divert()])
def test_an_order_about_an_empty_place_is_refused(bench: Bench, order: m.Order) -> None:
    assert refused(bench.send(order), m.Error.PLACE_EMPTY)


def test_an_empty_magazine_is_refused_for_release_and_divert() -> None:
    bench = Bench(sachets=0)
    bench.greet()
    assert refused(bench.send(release()), m.Error.PLACE_EMPTY)
    assert refused(bench.send(divert(source=m.Source.MAGAZINE)), m.Error.PLACE_EMPTY)


def test_a_full_store_takes_nothing_more() -> None:
    bench = Bench(FirmwareLimits(store_max=1))
    bench.greet()
    bench.done(divert(1, source=m.Source.MAGAZINE))
    assert refused(bench.send(divert(2, source=m.Source.MAGAZINE)), m.Error.STORE_FULL)
    bench.mechanics.empty_store(0)
    bench.robot.sense(bench.moment)
    assert bench.last(m.EntryKind.OPENED).detail == "store"
    assert bench.send(divert(2, source=m.Source.MAGAZINE, attempt=2)).accepted


def test_a_fault_stops_everything_but_a_retract_until_a_person_clears_it(bench: Bench) -> None:
    bench.done(release(1))
    bench.done(present(1))
    bench.memory.fault = "motor_stall"
    assert bench.done(retract(1)).accepted
    assert refused(bench.send(present(1, attempt=2)), m.Error.FAULTED)
    assert refused(bench.send(divert(1)), m.Error.FAULTED)
    bench.robot.clear_fault(bench.moment)
    assert bench.last(m.EntryKind.CLEARED).detail == "motor_stall"
    assert bench.send(divert(1, attempt=2)).accepted


def test_without_a_magazine_there_is_nothing_to_release(bench: Bench) -> None:
    bench.mechanics.load("", [], 0)
    bench.robot.sense(bench.moment)
    assert refused(bench.send(release()), m.Error.NO_MAGAZINE)


def test_an_open_lid_stops_every_motor(bench: Bench) -> None:
    bench.mechanics.lid_open = True
    bench.robot.sense(bench.moment)
    assert bench.last(m.EntryKind.OPENED).detail == "lid"
    for order in (release(), present(), retract(), divert()):
        assert refused(bench.send(order), m.Error.LID_OPEN)


def test_a_lid_opened_between_acceptance_and_start_cancels_the_order(bench: Bench) -> None:
    assert bench.send(release()).accepted
    bench.mechanics.lid_open = True
    bench.wait()
    assert bench.last(m.EntryKind.CANCELLED).detail == "lid_open"
    assert not bench.mechanics.trace


@pytest.mark.parametrize("order", [release(), divert(source=m.Source.MAGAZINE)])
def test_a_lid_opened_and_shut_between_acceptance_and_start_cancels_too(bench: Bench, order: m.Order) -> None:
    assert bench.send(order).accepted
    for lid_open in (True, False):
        bench.mechanics.lid_open = lid_open
        bench.robot.sense(bench.moment)
    bench.wait()
    assert bench.kinds(order.order_id) == ["accepted", "cancelled"]
    assert bench.last(m.EntryKind.CANCELLED).detail == "lid_open"
    assert not bench.mechanics.trace
    again = replace(order, order_id=b"a" * 16)
    assert bench.done(again).accepted, "a lid of before the order does not count"
    assert bench.last(m.EntryKind.ENDED).result == "done"


def test_an_order_accepted_into_the_last_room_of_the_log_is_still_carried_out() -> None:
    bench = Bench(entries_max=LOG_RESERVE + ORDER_ENTRIES + 1)
    bench.greet()
    assert bench.memory.head == 1
    bench.done(release())
    assert bench.last(m.EntryKind.ENDED).result == "done"


@pytest.mark.parametrize(
    ("happens", "detail"),
    [(lambda bench: bench.robot.load("", [], bench.moment), "no_magazine"),
     (lambda bench: bench.mechanics.faults.stuck.update({Place.TRAY: True}), "place_occupied"),
     (lambda bench: setattr(bench.memory, "fault", "log_lost"), "faulted")],
)  # fmt: skip
def test_what_would_have_been_refused_is_cancelled_when_it_happens_before_the_start(
    bench: Bench, happens: Callable[[Bench], None], detail: str
) -> None:
    assert bench.send(release()).accepted
    happens(bench)
    bench.wait()
    assert bench.last(m.EntryKind.CANCELLED).detail == detail
    assert not bench.out_of_magazine() or bench.out_of_magazine()[0].target is Place.REMOVED


def test_one_order_at_a_time(bench: Bench) -> None:
    assert bench.send(release(1)).accepted
    assert refused(bench.send(release(2)), m.Error.BUSY)
    bench.wait(2)
    assert bench.kinds(release(1).order_id)[-1] == "started"
    assert refused(bench.send(divert(1, source=m.Source.MAGAZINE)), m.Error.BUSY)


def test_nothing_is_answered_before_hello_in_this_session(bench: Bench) -> None:
    bench.robot.open_session()
    assert refused(bench.send(release()), m.Error.NOT_GREETED)
    for request in (m.ReadClock(1), m.ReadStatus(1), m.ReadLog(1, 1, 16), m.SetClock(1, 0)):
        assert [type(answer) for answer in bench.ask(request)] == [m.Refused]
        assert bench.heard[-1] == m.Refused(bench.heard[-1].ref, m.Error.NOT_GREETED)  # type: ignore[union-attr]
    assert bench.robot.press(bench.moment) == [], "a press outside a greeted session is history"


def test_another_protocol_version_is_refused_and_greets_nobody(bench: Bench) -> None:
    bench.robot.open_session()
    answer = bench.ask(m.Hello(1, m.PROTOCOL_VERSION + 1, 0, b""))[0]
    assert isinstance(answer, m.Refused)
    assert answer.error == m.Error.UNSUPPORTED_VERSION
    assert refused(bench.send(release()), m.Error.NOT_GREETED)


def test_a_message_that_only_robots_send_is_unknown_to_a_robot(bench: Bench) -> None:
    assert bench.robot.receive(m.Done(7), bench.moment) == [m.Refused(7, m.Error.UNKNOWN_MESSAGE)]
    assert bench.robot.receive(m.Pressed(7), bench.moment) == []


def test_entries_that_do_not_exist_can_not_be_confirmed(bench: Bench) -> None:
    answer = bench.ask(m.ConfirmLog(1, bench.memory.head + 1, 1, b""))[0]
    assert isinstance(answer, m.Refused)
    assert answer.error == m.Error.LIMIT


def test_a_log_whose_index_can_not_rise_any_more_takes_no_order_and_does_not_wrap(bench: Bench) -> None:
    bench.memory.log.clear()
    bench.memory.head = bench.memory.confirmed = 2**32 - 1
    assert refused(bench.send(release()), m.Error.LOG_FULL)
    bench.mechanics.lid_open = True
    bench.robot.sense(bench.moment)
    assert (bench.memory.head, bench.memory.fault) == (2**32 - 1, "log_lost")


@pytest.mark.parametrize("commissioned", [True, False])
def test_a_clock_beyond_the_last_instant_is_refused_and_one_that_reaches_it_stands_still(
    bench: Bench, commissioned: bool
) -> None:
    bench.memory.clock = replace(bench.memory.clock, commissioned=False)
    assert isinstance(bench.ask(m.SetClock(1, UTC_MS_MAX))[0], m.Done)
    bench.memory.clock = replace(bench.memory.clock, commissioned=commissioned)
    refusal = bench.ask(m.SetClock(1, UTC_MS_MAX + 1))[0]
    assert isinstance(refusal, m.Refused)
    assert refusal.error == m.Error.CLOCK_REFUSED
    bench.wait(60)
    bench.done(release())
    clock = bench.ask(m.ReadClock(1))[0]
    assert isinstance(clock, m.Clock)
    assert {clock.utc_ms, clock.set_utc_ms, bench.last(m.EntryKind.ENDED).utc_ms} == {UTC_MS_MAX}


@pytest.mark.parametrize(("step_ms", "taken"), [(0, True), (119_999, True), (120_001, False), (-1, False)])
def test_a_commissioned_clock_is_set_by_no_more_than_two_minutes_and_never_backwards(
    bench: Bench, step_ms: int, taken: bool
) -> None:
    wanted_ms = bench.moment.civil_ms + step_ms
    answer = bench.ask(m.SetClock(1, wanted_ms))[0]
    clock = bench.ask(m.ReadClock(1))[0]
    assert isinstance(clock, m.Clock)
    if taken:
        assert isinstance(answer, m.Done)
        assert (clock.utc_ms, clock.set_utc_ms) == (wanted_ms, wanted_ms)
    else:
        assert isinstance(answer, m.Refused)
        assert answer.error == m.Error.CLOCK_REFUSED
        assert clock.utc_ms == bench.moment.civil_ms


def test_a_clock_that_nobody_commissioned_may_be_set_freely_and_still_says_so(bench: Bench) -> None:
    bench.memory.clock = replace(bench.memory.clock, commissioned=False)
    assert isinstance(bench.ask(m.SetClock(1, EPOCH_MS - 10**9))[0], m.Done)
    clock = bench.ask(m.ReadClock(1))[0]
    assert isinstance(clock, m.Clock)
    assert not clock.commissioned
