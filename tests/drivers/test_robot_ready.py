"""A ready robot: orders one at a time, presses by their age, polls, wishes, and every way to lose it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drivers.session import MOTION_S, PRESS_AHEAD_MS_MAX, STATUS_EVERY_S
from drivers.states import Ready
from protocol.wire import messages as wire
from protocol.wire.limits import KEEPALIVE_S
from protocol.wire.messages import EntryKind
from scheduler.commands import ReportClock
from scheduler.events import OrderEnded, Pressed, Result, RobotLogged, RobotLost, RobotReported
from tests.drivers.scripted_robot import (
    HEAD,
    LABEL,
    LOG_ID,
    SERIAL,
    START,
    Bench,
    ScriptedRobot,
    entry,
    in_order,
    order,
)


@pytest.fixture
def bench() -> Bench:
    ready = Bench().connect()
    ready.drained()
    return ready


# --- orders ---


def test_an_order_reaches_the_robot_whole_and_its_end_comes_from_the_log(bench: Bench) -> None:
    assert bench.send(order(1))
    bench.settle()

    (sent,) = bench.robot.of(wire.Order)
    assert isinstance(sent, wire.Order)
    assert sent.order_id.hex() == order(1).order_id
    assert (sent.kind, sent.label, sent.source) == (wire.OrderKind.RELEASE, LABEL, wire.Source.MAGAZINE)
    assert sent.expires_in_ms == 120_000
    bench.robot.append(EntryKind.STARTED, order(1).order_id)
    bench.robot.append(EntryKind.ENDED, order(1).order_id)
    bench.settle()
    told = [fact.entry for fact in bench.facts if isinstance(fact, RobotLogged)]
    assert told == ["accepted", "started", "ended"]


def test_an_order_decided_in_an_earlier_session_does_not_leave(bench: Bench) -> None:
    """The new session's log proved that the robot never had it: sent now, it would be done unseen."""
    earlier = bench.session
    bench.unplug()
    bench.connect()
    assert isinstance(bench.state, Ready)
    assert not bench.machine.send_order(order(1), earlier)
    bench.settle()
    assert bench.robot.of(wire.Order) == []
    assert bench.send(order(2))


def test_one_order_is_in_flight_until_its_end_was_read(bench: Bench) -> None:
    assert bench.send(order(1))
    assert not bench.send(order(2))
    bench.settle()
    assert not bench.send(order(2))
    bench.robot.append(EntryKind.STARTED, order(1).order_id)
    bench.settle()
    assert not bench.send(order(2))

    bench.robot.append(EntryKind.ENDED, order(1).order_id)
    bench.settle()

    assert bench.send(order(2))
    bench.settle()
    assert len(bench.robot.of(wire.Order)) == 2


def test_a_cancelled_order_makes_room_for_the_next(bench: Bench) -> None:
    bench.send(order(1))
    bench.settle()
    bench.robot.append(EntryKind.CANCELLED, order(1).order_id)
    bench.settle()

    assert bench.send(order(2))


def test_a_refusal_is_the_orders_result_with_the_robots_reason(bench: Bench) -> None:
    bench.robot.answers[wire.Order] = lambda sent: wire.OrderReply(
        sent.ref if isinstance(sent, wire.Order) else 0,
        bytes.fromhex(order(1).order_id),
        False,
        0,
        int(wire.Error.LABEL_MISMATCH),
    )
    bench.send(order(1))
    bench.settle()

    assert bench.facts == [
        OrderEnded(
            at=START,
            order_id=order(1).order_id,
            dose_id=order(1).dose_id,
            kind=order(1).kind,
            result=Result.REFUSED,
            reason="label_mismatch",
        )
    ]
    assert bench.send(order(2))


@pytest.mark.parametrize("error", [wire.Error.NOT_GREETED, wire.Error.MALFORMED])
def test_a_refusal_of_the_message_proves_nothing_of_the_order(bench: Bench, error: wire.Error) -> None:
    bench.robot.answers[wire.Order] = lambda sent: wire.OrderReply(
        sent.ref if isinstance(sent, wire.Order) else 0,
        bytes.fromhex(order(1).order_id),
        False,
        0,
        int(error),
    )
    bench.send(order(1))
    bench.settle()

    assert bench.facts == [RobotLost(at=START, reason="order_unanswered", robot=SERIAL)]


def test_an_answer_about_another_order_ends_the_session(bench: Bench) -> None:
    bench.robot.answers[wire.Order] = lambda sent: wire.OrderReply(
        sent.ref if isinstance(sent, wire.Order) else 0, bytes(16), True, 1, 0
    )
    bench.send(order(1))
    bench.settle()

    assert bench.reason == "unexpected_reply"


def test_an_order_that_the_robot_knew_before_is_not_waited_for() -> None:
    robot = ScriptedRobot()
    robot.log = [
        entry(1, EntryKind.ACCEPTED, order(1).order_id),
        entry(2, EntryKind.ENDED, order(1).order_id),
    ]
    bench = Bench(robot).connect()
    robot.answers[wire.Order] = lambda sent: wire.OrderReply(
        sent.ref if isinstance(sent, wire.Order) else 0, bytes.fromhex(order(1).order_id), True, 1, 0
    )
    robot.silent_to.add(wire.LogPage)
    bench.send(order(1))
    bench.settle()
    robot.log = robot.log[:2]

    bench.advance(MOTION_S + 5)

    assert isinstance(bench.state, Ready)


def test_an_accepted_order_without_an_end_within_a_minute_begins_the_session_anew(bench: Bench) -> None:
    bench.send(order(1))
    bench.settle()

    bench.advance(MOTION_S - 1)
    assert isinstance(bench.state, Ready)
    bench.advance(2)

    assert bench.reason == "motion_overdue"
    assert isinstance(bench.facts[-1], RobotLost)


def test_an_order_that_has_expired_goes_out_without_life_so_that_the_robot_refuses_it(bench: Bench) -> None:
    bench.send(order(1, life=timedelta(seconds=-5)))
    bench.settle()

    (sent,) = bench.robot.of(wire.Order)
    assert isinstance(sent, wire.Order)
    assert sent.expires_in_ms == 0


def test_in_a_rehearsal_the_robot_counts_the_orders_life_in_real_time() -> None:
    bench = Bench(rate=60.0).connect()
    bench.send(order(1, life=timedelta(minutes=120)))
    bench.settle()

    (sent,) = bench.robot.of(wire.Order)
    assert isinstance(sent, wire.Order)
    assert sent.expires_in_ms == 120_000


# --- presses ---


def test_a_press_is_told_with_its_age_by_the_robots_uptime(bench: Bench) -> None:
    bench.robot.press()
    bench.settle()

    assert bench.facts == [Pressed(at=START, robot=SERIAL, session=f"{1:016x}", age_ms=0)]


def test_a_press_from_before_the_session_is_history(bench: Bench) -> None:
    bench.advance(5)
    bench.drained()
    bench.robot.press(ago_ms=5_001)
    bench.settle()

    assert bench.facts == []


def test_a_press_inside_the_session_keeps_its_age(bench: Bench) -> None:
    bench.advance(90)
    bench.drained()
    bench.robot.press(ago_ms=61_000)
    bench.settle()

    (press,) = bench.facts
    assert isinstance(press, Pressed)
    assert press.age_ms == 61_000


@pytest.mark.parametrize("ahead_ms", [1, PRESS_AHEAD_MS_MAX])
def test_a_press_of_a_robot_whose_uptime_runs_a_little_fast_is_new(bench: Bench, ahead_ms: int) -> None:
    bench.robot.press(ago_ms=-ahead_ms)
    bench.settle()

    assert bench.facts == [Pressed(at=START, robot=SERIAL, session=f"{1:016x}", age_ms=0)]


@pytest.mark.parametrize("ahead_ms", [PRESS_AHEAD_MS_MAX + 1, 60_000])
def test_a_press_that_the_robot_dates_in_the_future_is_dropped_and_noted(bench: Bench, ahead_ms: int) -> None:
    bench.robot.press(ago_ms=-ahead_ms)
    bench.settle()

    assert bench.facts == []
    bench.unplug()
    assert any(line.endswith("-- dropped: press_in_future") for line in bench.dumps[-1].lines)


def test_a_press_while_catching_up_is_history() -> None:
    robot = ScriptedRobot()
    robot.log = [entry(1)]
    robot.silent_to.add(wire.ReadLog)
    bench = Bench(robot).connect()

    bench.robot.press()
    bench.settle()

    assert not any(isinstance(fact, Pressed) for fact in bench.facts)


# --- polls ---


def test_a_ready_robot_is_asked_for_its_status_inside_the_keepalive(bench: Bench) -> None:
    before = len(bench.robot.of(wire.ReadStatus))
    bench.advance(STATUS_EVERY_S * 5 + 1)

    assert STATUS_EVERY_S < KEEPALIVE_S
    assert len(bench.robot.of(wire.ReadStatus)) == before + 5
    assert bench.facts == []


def test_a_changed_status_is_told_once_asked_or_unasked(bench: Bench) -> None:
    bench.robot.status = replace(bench.robot.status, tray=True)
    bench.hear(replace(bench.robot.status, uptime_ms=bench.robot.uptime_ms))
    bench.advance(STATUS_EVERY_S * 2)

    (told,) = bench.facts
    assert isinstance(told, RobotReported)
    assert told.status.tray


def test_the_clock_is_compared_every_ten_minutes(bench: Bench) -> None:
    bench.advance(1801)

    assert len([fact for fact in bench.facts if isinstance(fact, ReportClock)]) == 3


def test_a_robot_that_stops_answering_is_lost(bench: Bench) -> None:
    bench.wired = False
    bench.advance(30)

    assert bench.reason == "no_acknowledgement"
    assert [type(fact) for fact in bench.facts] == [RobotLost]


def test_a_robot_that_acknowledges_and_does_not_reply_is_lost(bench: Bench) -> None:
    bench.robot.silent_to.add(wire.ReadStatus)
    bench.advance(30)

    assert bench.reason == "no_reply"


def test_a_robot_that_booted_does_not_run_our_session(bench: Bench) -> None:
    bench.robot.reboot()
    bench.advance(STATUS_EVERY_S + 1)

    assert bench.reason == "reset"


def test_an_uptime_that_goes_back_is_a_robot_that_booted(bench: Bench) -> None:
    bench.robot.answers[wire.ReadStatus] = lambda asked: replace(
        bench.robot.status, ref=asked.ref if isinstance(asked, wire.ReadStatus) else 0, uptime_ms=5
    )
    bench.advance(STATUS_EVERY_S + 1)

    assert bench.reason == "robot_rebooted"


# --- wishes ---


def test_what_the_home_wants_shown_is_shown_once_and_again_in_every_session(bench: Bench) -> None:
    bench.machine.show("pulse", "soft", ("Morgenmedicin", "Tryk på knappen"))
    bench.settle()
    bench.machine.show("pulse", "soft", ("Morgenmedicin", "Tryk på knappen"))
    bench.settle()
    assert len(bench.robot.of(wire.Prompt)) == 1

    bench.unplug().connect()

    prompts = bench.robot.of(wire.Prompt)
    assert len(prompts) == 2
    assert isinstance(prompts[1], wire.Prompt)
    assert prompts[1].lines == ("Morgenmedicin", "Tryk på knappen")


def test_only_the_newest_text_waits_for_a_robot_that_is_away(bench: Bench) -> None:
    bench.unplug()
    for minute in range(30):
        bench.machine.show("steady", "none", (f"Om {minute} min",))
    bench.connect()

    assert len(bench.robot.of(wire.Prompt)) == 1


def test_a_text_that_the_robot_refuses_does_not_lock_it(bench: Bench) -> None:
    bench.robot.answers[wire.Prompt] = lambda shown: wire.Refused(
        shown.ref if isinstance(shown, wire.Prompt) else 0, int(wire.Error.LIMIT)
    )
    bench.machine.show("pulse", "soft", ("x",))
    bench.settle()

    assert isinstance(bench.state, Ready)
    assert len(bench.robot.of(wire.Prompt)) == 1


def test_the_journals_head_is_confirmed_to_the_robot_once(bench: Bench) -> None:
    bench.robot.append(EntryKind.OPENED)
    bench.settle()
    bench.machine.confirm(LOG_ID.hex(), 1, 3, HEAD)
    bench.settle().settle()

    (confirmed,) = bench.robot.of(wire.ConfirmLog)
    assert isinstance(confirmed, wire.ConfirmLog)
    assert (confirmed.upto, confirmed.host_epoch, confirmed.host_head.hex()) == (1, 3, HEAD)


def test_an_entry_that_was_not_read_in_this_session_is_not_confirmed(bench: Bench) -> None:
    bench.machine.confirm(LOG_ID.hex(), 5, 3, HEAD)
    bench.settle()

    assert bench.robot.of(wire.ConfirmLog) == []


def test_what_the_journal_holds_of_an_older_log_confirms_nothing_of_the_present_one(bench: Bench) -> None:
    """A slow commit ends after the robot came back with another log: its entries are not on disk yet."""
    bench.unplug()
    bench.robot.hello = replace(bench.robot.hello, log_id=bytes(reversed(LOG_ID)))
    bench.robot.append(EntryKind.OPENED)
    bench.connect()
    bench.machine.confirm(LOG_ID.hex(), 1, 3, HEAD)
    bench.settle()
    assert bench.robot.of(wire.ConfirmLog) == []


def test_a_confirmation_of_an_older_log_is_dropped_when_the_log_was_formatted(bench: Bench) -> None:
    bench.robot.append(EntryKind.OPENED)
    bench.settle().unplug()
    bench.machine.confirm(LOG_ID.hex(), 1, 3, HEAD)
    bench.robot.hello = replace(bench.robot.hello, log_id=bytes(reversed(LOG_ID)))
    bench.connect()

    assert bench.robot.of(wire.ConfirmLog) == []


# --- the end of a session ---


def test_nothing_of_a_session_outlives_it(bench: Bench) -> None:
    bench.send(order(1))
    bench.robot.press()
    late = bench.robot.link.outgoing()
    bench.machine.disconnected("unplugged", bench.now_s, bench.now)
    bench.machine.received(late, bench.now_s, bench.now)
    bench.machine.tick(bench.now_s + 100, bench.now)

    assert bench.machine.facts() == [RobotLost(at=START, reason="unplugged", robot=SERIAL)]
    assert bench.machine.outgoing() == b""
    assert bench.machine.next_timeout_s() is None


def test_a_loss_hands_over_the_last_messages(bench: Bench) -> None:
    bench.unplug()

    (dumped,) = bench.dumps
    assert dumped.reason == "unplugged"
    assert any("HelloReply" in line for line in dumped.lines)


def test_connecting_again_without_a_loss_ends_the_old_session_first(bench: Bench) -> None:
    bench.connect()

    assert bench.facts[0] == RobotLost(at=START, reason="reconnected", robot=SERIAL)
    assert in_order(bench.facts)


def test_the_same_loss_after_a_new_identification_is_told_again(bench: Bench) -> None:
    bench.unplug().connect().unplug()

    assert [fact.reason for fact in bench.facts if isinstance(fact, RobotLost)] == ["unplugged", "unplugged"]
