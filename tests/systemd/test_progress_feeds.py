"""The watchdog is fed for proofs and for nothing else; lag is measured on a loop that is really late."""

from __future__ import annotations

import asyncio
import io
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from dispenserd import logs
from dispenserd.clock import SystemClock
from dispenserd.notify import Supervisor
from dispenserd.progress import LAG_KEPT_S, LAG_WARNED_S, WARN_EVERY_S, Lag, Progress
from tests.support.loops import beside

WATCHDOG_S = 1.5
"""A third of it is one look."""


@pytest.fixture
def line(tmp_path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    line.bind(str(tmp_path / "notify"))
    line.setblocking(False)
    return line


async def answers() -> None:
    return None


async def hangs() -> None:
    await asyncio.Event().wait()


def progress(
    line: socket.socket, answer: Callable[[], Awaitable[object]], turned: Callable[[], float]
) -> Progress:
    told = Supervisor(line.getsockname(), WATCHDOG_S)
    return Progress(told, SystemClock().monotonic, lambda: "Serving.", answer, (turned,))


def heard(line: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(line.recv(4096).decode())
        except BlockingIOError:
            return found


async def test_it_is_fed_as_long_as_every_part_proves_that_it_goes_on(line: socket.socket) -> None:
    with line:
        async with beside(progress(line, answers, time.monotonic).run()):
            await asyncio.sleep(3 * WATCHDOG_S)
        told = heard(line)
    assert told[:2] == ["READY=1", "STATUS=Serving."]
    assert 5 <= told.count("WATCHDOG=1") <= 9
    assert len(told) == 2 + told.count("WATCHDOG=1"), "the same line is said once"


@pytest.mark.parametrize("part", ["the one that is asked", "the one that turns"])
async def test_one_part_that_hangs_is_enough_to_starve_it(line: socket.socket, part: str) -> None:
    began_s = time.monotonic()
    asked = part == "the one that is asked"
    hung = progress(line, hangs if asked else answers, time.monotonic if asked else lambda: began_s)
    with line:
        async with beside(hung.run()):
            await asyncio.sleep(2 * WATCHDOG_S)
            assert not hung.within(WATCHDOG_S), "nor may the heartbeat speak for it"
        assert heard(line) == ["READY=1", "STATUS=Serving."]


async def test_a_proof_from_before_the_last_feed_is_not_counted_twice(line: socket.socket) -> None:
    proven_s = [time.monotonic()]
    with line:
        async with beside(progress(line, answers, lambda: proven_s[0]).run()):
            await asyncio.sleep(0.2)
            proven_s[0] = time.monotonic()
            await asyncio.sleep(2 * WATCHDOG_S)
        assert heard(line).count("WATCHDOG=1") == 1


@pytest.mark.parametrize(("interval_s", "feeds"), [(9.0, 1), (None, 0)])
async def test_it_is_fed_a_third_of_the_interval_apart_and_where_there_is_one(
    line: socket.socket, interval_s: float | None, feeds: int
) -> None:
    told = Supervisor(line.getsockname(), interval_s)
    calm = Progress(told, SystemClock().monotonic, lambda: "Serving.", answers)
    with line:
        async with beside(calm.run()):
            await asyncio.sleep(4.5)
        assert heard(line).count("WATCHDOG=1") == feeds


async def test_a_ready_that_was_not_heard_is_said_again(tmp_path: Path) -> None:
    address = str(tmp_path / "late")
    late = Progress(Supervisor(address, WATCHDOG_S), SystemClock().monotonic, lambda: "Serving.", answers, ())
    async with beside(late.run()):
        await asyncio.sleep(0.1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.bind(address)
            line.setblocking(False)
            await asyncio.sleep(1.2)
            assert {"READY=1", "STATUS=Serving."} <= set(heard(line))


async def test_a_loop_that_was_held_up_says_by_how_much(line: socket.socket) -> None:
    written = io.StringIO()
    logs.configure("text", "info", stream=written)
    busy = progress(line, answers, time.monotonic)
    with line:
        async with beside(busy.run()):
            await asyncio.sleep(0.6)
            assert busy.lag.in_ms()["max"] < 500
            time.sleep(1.2)  # noqa: ASYNC251 - somebody blocks the loop: that is what is measured
            await asyncio.sleep(0.7)
    assert 600 <= busy.lag.in_ms()["max"] <= 1500
    assert busy.lag.in_ms()["newest"] < busy.lag.in_ms()["max"]
    (said,) = [each for each in written.getvalue().splitlines() if "loop lags" in each]
    assert "level='warning'" in said and "milliseconds=" in said and "withheld" not in said


def test_lag_is_forgotten_after_a_minute_and_told_once_a_minute() -> None:
    lag = Lag()
    assert lag.in_ms() == {"newest": 0, "max": 0}
    assert lag.saw(2.0, now_s=1000.0)
    assert not lag.saw(3.0, now_s=1001.0), "said a second ago"
    assert lag.in_ms() == {"newest": 3000, "max": 3000}
    assert not lag.saw(LAG_WARNED_S, now_s=1000.0 + WARN_EVERY_S)
    assert lag.in_ms() == {"newest": 500, "max": 3000}
    assert not lag.saw(0.0, now_s=1001.0 + LAG_KEPT_S)
    assert lag.in_ms() == {"newest": 0, "max": 500}
    assert lag.saw(0.6, now_s=1002.0 + WARN_EVERY_S)
