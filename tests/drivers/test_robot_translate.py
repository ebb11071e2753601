"""The robot's words and the dosing core's: each stands for exactly one of the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drivers import translate
from drivers.log_position import LogPosition, start
from drivers.misbehaviour import RobotMisbehaved
from drivers.sachet_roll import REQUIRED_CAPABILITIES, missing_capabilities
from drivers.translate import Uptime
from protocol.wire import messages as wire
from protocol.wire.codec import encode
from protocol.wire.limits import UTC_MS_MAX
from scheduler import events
from scheduler.instant import iso
from tests.drivers.scripted_robot import HELLO_REPLY, SERIAL, START, STATUS, entry, order


@pytest.mark.parametrize("kind", events.OrderKind)
def test_every_kind_of_order_becomes_a_message_that_the_wire_accepts(kind: events.OrderKind) -> None:
    source = {"release": "magazine", "present": "holding", "retract": "tray", "divert": "holding"}[kind]
    message = translate.order(1, replace(order(), kind=kind, source=source), START, 1.0)

    assert message.kind.value == kind.value
    assert encode(message)


@pytest.mark.parametrize(
    ("life", "rate", "expires_in_ms"),
    [
        (timedelta(seconds=90), 1.0, 90_000),
        (timedelta(minutes=90), 60.0, 90_000),
        (timedelta(hours=9), 1.0, 120_000),
        (timedelta(0), 1.0, 0),
        (timedelta(seconds=-1), 1.0, 0),
    ],
)
def test_an_orders_life_is_real_time_never_negative_and_at_most_two_minutes(
    life: timedelta, rate: float, expires_in_ms: int
) -> None:
    assert translate.order(1, order(1, life), START, rate).expires_in_ms == expires_in_ms


def test_a_text_too_long_for_the_display_is_cut_so_that_the_wire_accepts_it() -> None:
    message = translate.show(1, "alert", "loud", tuple("æ" * 60 for _ in range(6)))

    assert message.lines == ("æ" * 40,) * 4
    assert encode(message)


def test_every_error_has_its_name_in_lower_case_and_an_unknown_one_its_number() -> None:
    assert translate.error_code(wire.Error.LABEL_UNREADABLE) == "label_unreadable"
    assert translate.error_code(200) == "error_200"


def test_every_sensor_of_a_status_is_reported() -> None:
    reported = translate.reported(STATUS)

    for name in ("production_id", "mouth_label", "sachets_left", "holding", "tray", "store_count", "fault"):
        assert getattr(reported, name) == getattr(STATUS, name)


def test_a_log_entry_keeps_index_kind_order_and_result() -> None:
    logged = translate.logged(entry(9, wire.EntryKind.ENDED, order(1).order_id), "SIM-1", "ab", START)

    assert (logged.log_id, logged.index, logged.entry, logged.result) == ("ab", 9, "ended", "done")
    assert (logged.order_id, logged.robot_at) == (order(1).order_id, START)


def test_the_box_clock_is_taken_at_the_middle_of_the_exchange_in_whole_milliseconds() -> None:
    clock = wire.Clock(1, int(START.timestamp() * 1000), 5, True, True, 0, 20)
    report = translate.clock_report(SERIAL, clock, START, START + timedelta(milliseconds=33))

    assert report.box_utc == START + timedelta(milliseconds=16)
    assert report.robot_utc == START


def test_a_clock_that_means_no_instant_is_the_robots_fault() -> None:
    clock = wire.Clock(1, UTC_MS_MAX + 1, 5, True, True, 0, 20)
    with pytest.raises(RobotMisbehaved):
        translate.clock_report(SERIAL, clock, START, START)


@pytest.mark.parametrize("utc_ms", [UTC_MS_MAX, UTC_MS_MAX + 1, 2**53 - 1])
def test_an_entry_that_means_no_instant_gets_the_last_one_there_is(utc_ms: int) -> None:
    logged = translate.logged(replace(entry(1), utc_ms=utc_ms), "SIM-1", "ab", START)

    assert iso(logged.robot_at)[:19] == "9999-12-31T23:59:59"


def test_an_age_is_counted_from_when_we_asked_so_that_it_is_never_too_short() -> None:
    uptime = Uptime(asked_s=10.0, uptime_ms=50_000)

    assert uptime.age_ms(48_000, now_s=10.5) == 2_500


def test_a_log_is_begun_at_the_last_entry_known_or_at_the_horizon() -> None:
    reply = replace(HELLO_REPLY, log_horizon=10, log_head=30)

    assert start(reply, None).next == 10
    assert start(reply, -1).next == 10
    assert start(reply, 20).next == 20
    assert start(reply, 5).next == 10
    assert start(replace(reply, log_horizon=1, log_head=0), None) == LogPosition(reply.log_id.hex(), 1, 0)


def test_news_that_was_overtaken_does_not_make_the_log_shorter() -> None:
    assert LogPosition("ab", next=3, head=9).told(5).head == 9
    assert LogPosition("ab", next=3, head=9).told(11).head == 11


def test_a_robot_of_the_family_names_everything_that_a_dose_needs() -> None:
    assert missing_capabilities(HELLO_REPLY.capabilities) == frozenset()
    assert missing_capabilities(()) == REQUIRED_CAPABILITIES
