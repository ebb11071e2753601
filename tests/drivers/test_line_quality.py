"""What is counted of the serial line: frames, damage, repeats and round trips, over all sessions."""

from __future__ import annotations

from drivers.line import ROUND_TRIPS_KEPT, LineWatch
from protocol.wire import messages as m
from protocol.wire.limits import ACK_TIMEOUT_S
from protocol.wire.link import Link, Role

ENOUGH_S = ACK_TIMEOUT_S + 0.1


def pair() -> tuple[Link, Link]:
    """Host and robot in an open session."""
    host, robot = Link(Role.HOST), Link(Role.ROBOT)
    host.open(7, 0.0)
    robot.receive(host.outgoing(), 0.0)
    host.receive(robot.outgoing(), 0.0)
    return host, robot


def test_frames_of_both_ways_are_counted() -> None:
    host, robot = pair()
    host.send(m.ReadStatus(ref=1), 0.0)
    robot.receive(host.outgoing(), 0.0)
    host.receive(robot.outgoing(), 0.0)
    quality = LineWatch().quality(host)
    assert (quality.sessions, quality.frames_written, quality.frames_read) == (1, 2, 2)
    assert (quality.frames_repeated, quality.dropped) == (0, {})


def test_a_frame_that_was_damaged_and_its_repeat_are_counted() -> None:
    host, robot = pair()
    host.send(m.ReadStatus(ref=1), 0.0)
    robot.receive(host.outgoing(), 0.0)
    damaged = bytearray(robot.outgoing())
    damaged[5] ^= 0x55
    host.receive(bytes(damaged), 0.0)
    host.tick(ENOUGH_S)
    quality = LineWatch().quality(host)
    assert quality.frames_repeated == 1
    assert sum(quality.dropped.values()) == 1
    assert set(quality.dropped) <= {"bad_crc", "bad_cobs"}


def test_what_earlier_sessions_counted_is_kept() -> None:
    watch = LineWatch()
    for _ in range(3):
        watch.ended(pair()[0])
    running, _ = pair()
    quality = watch.quality(running)
    assert (quality.sessions, quality.frames_written, quality.frames_read) == (4, 4, 4)
    assert watch.quality(None).sessions == 3


def test_only_the_newest_round_trips_are_kept() -> None:
    watch = LineWatch()
    for milliseconds in range(ROUND_TRIPS_KEPT + 10):
        watch.answered(milliseconds / 1000)
    trips = watch.quality(None).round_trips_ms
    assert (len(trips), trips[0], trips[-1]) == (ROUND_TRIPS_KEPT, 10, ROUND_TRIPS_KEPT + 9)
