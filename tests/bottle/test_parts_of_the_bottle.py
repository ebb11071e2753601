"""The bottle's own parts that could lie: what dies, what a memory keeps, what time it is, what a wire loses.

A fuse that never burns or a network that loses nothing would make every history pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from dispenserd.mqtt.session import BrokerTook, ConnectionLost, Message
from simulator.line import BadLine, Badness
from simulator.memory import Memory
from tests.bottle.fuse import Died, Fuse
from tests.bottle.network import BottleSession, Manners, Network
from tests.bottle.robot_end import SLOTS, Flash, PowerFailed
from tests.bottle.times import Times
from tests.bottle.virtual_loop import VirtualLoop

START = datetime(2026, 11, 2, 7, tzinfo=UTC)

# --- fuse -------------------------------------------------------------------------------------------


def test_a_fuse_that_is_not_lit_never_burns_and_counts_what_passed() -> None:
    fuse = Fuse()
    for _ in range(100):
        fuse.passed("commit")
    assert (fuse.dead, fuse.passed_points["commit"]) == (False, 100)


@pytest.mark.parametrize("left", [1, 2, 5])
def test_a_lit_fuse_burns_at_its_point_and_at_every_one_after_it(left: int) -> None:
    fuse = Fuse(left=left)
    for number in range(1, left):
        fuse.passed(f"point {number}")
    assert not fuse.dead
    with pytest.raises(Died):
        fuse.passed("the last")
    assert (fuse.dead, fuse.at) == (True, "the last")
    with pytest.raises(Died):
        fuse.passed("after it")
    assert fuse.at == "the last"


def test_no_code_that_catches_exceptions_survives_a_fuse() -> None:
    assert not issubclass(Died, Exception)


# --- flash ------------------------------------------------------------------------------------------


def written(memory: Memory, number: int) -> None:
    """One change and its write, as the firmware does it."""
    memory.orders[bytes([number])] = number  # type: ignore[assignment]
    memory.operating_ms = number
    memory.keep()


def held(memory: Memory) -> dict[str, object]:
    return {name: repr(getattr(memory, name)) for name in SLOTS}


@pytest.mark.parametrize("write", [1, 2, 4])
@pytest.mark.parametrize("kept", [True, False])
def test_a_power_failure_at_a_write_keeps_all_before_it_and_it_if_it_was_finished(
    write: int, kept: bool
) -> None:
    memory = Memory()
    flash = Flash(memory)
    written(memory, 100)
    flash.fail_at(write, kept=kept)
    states = [held(memory)]
    for number in range(1, write):
        written(memory, number)
        states.append(held(memory))
    with pytest.raises(PowerFailed) as failed:
        written(memory, write)
    assert failed.value.kept is kept
    states.append(held(memory))
    memory.fault = "set after the write, and never written"
    flash.restore()
    assert held(memory) == states[-1 if kept else -2]


def test_after_the_failure_and_when_mended_every_write_is_kept() -> None:
    memory = Memory()
    flash = Flash(memory)
    flash.fail_at(1, kept=False)
    with pytest.raises(PowerFailed):
        written(memory, 1)
    flash.restore()
    written(memory, 2)
    flash.fail_at(1, kept=True)
    flash.mend()
    written(memory, 3)
    assert memory.operating_ms == 3


def test_a_restored_memory_shares_nothing_with_what_was_kept() -> None:
    """Else a second failure would restore what the first life went on to write."""
    memory = Memory()
    flash = Flash(memory)
    flash.fail_at(2, kept=False)
    written(memory, 1)
    with pytest.raises(PowerFailed):
        written(memory, 2)
    flash.restore()
    memory.orders[b"later"] = 9  # type: ignore[assignment]
    flash.restore()
    assert list(memory.orders) == [b"\x01"]


# --- loop -------------------------------------------------------------------------------------------


class Timed:
    """A loop and its time."""

    def __init__(self) -> None:
        self.times = Times(START)
        self.loop = VirtualLoop(self.times.seconds)
        self.done: list[tuple[str, float]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def start(self, run: Coroutine[Any, Any, None]) -> None:
        self.tasks.append(self.loop.create_task(run))

    def at(self, now_s: float) -> None:
        self.times.now_s = now_s
        self.loop.run_due()

    async def waits(self, name: str, *pauses_s: float) -> None:
        for pause_s in pauses_s:
            await asyncio.sleep(pause_s)
            self.done.append((name, self.times.now_s))


def test_timers_run_at_their_instant_in_order_and_nothing_runs_before() -> None:
    timed = Timed()
    timed.start(timed.waits("late", 5.0))
    timed.start(timed.waits("early", 2.0, 2.0))
    timed.at(0.0)
    assert (timed.loop.due_s, timed.done) == (2.0, [])
    timed.at(1.999)
    assert timed.done == []
    timed.at(2.0)
    assert (timed.done, timed.loop.due_s) == ([("early", 2.0)], 4.0)
    timed.at(4.0)
    timed.at(5.0)
    assert timed.done == [("early", 2.0), ("early", 4.0), ("late", 5.0)]
    assert timed.loop.due_s is None
    timed.loop.bury()


def test_what_becomes_ready_now_runs_now_and_a_cancelled_timer_is_never_due() -> None:
    timed = Timed()
    gate = asyncio.Event()

    async def opens() -> None:
        gate.set()

    async def passes() -> None:
        await gate.wait()
        timed.done.append(("passed", timed.times.now_s))

    timed.start(timed.waits("never", 50.0))
    timed.start(passes())
    timed.at(0.0)
    timed.start(opens())
    assert timed.loop.due_s == 0.0
    timed.at(0.0)
    assert timed.done == [("passed", 0.0)]
    timed.tasks[0].cancel()
    timed.at(1.0)
    assert timed.loop.due_s is None
    timed.loop.bury()


def test_a_buried_loop_runs_no_timer_any_more_and_leaves_no_task_even_where_one_resists() -> None:
    timed = Timed()
    ended: list[str] = []

    async def resists() -> None:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            try:
                await asyncio.sleep(10)
            finally:
                ended.append("resisted once")

    timed.start(timed.waits("timer", 1.0))
    timed.start(resists())
    timed.at(0.0)
    timed.times.now_s = 100.0
    timed.loop.bury()
    assert timed.loop.is_closed()
    assert all(task.done() for task in timed.tasks)
    assert (timed.done, ended) == ([], ["resisted once"])


# --- network ----------------------------------------------------------------------------------------


class Wired:
    """A home's session, and what on-call was handed."""

    def __init__(self) -> None:
        self.times = Times(START)
        self.loop = VirtualLoop(self.times.seconds)
        self.taken: list[bytes] = []
        self.answers: Callable[[], bool] = lambda: True
        self.network = Network(self.times, Random(1), self._take)
        self.fuse = Fuse()
        self.session = BottleSession(self.network, self.fuse)
        self.ends: list[object] = []
        self.arrived: list[bytes] = []
        self.acknowledges = True
        self.network.attach(self.session)
        self.tasks = [self.loop.create_task(self._receive())]
        self.until(1.0)

    def _take(self, topic: str, payload: bytes) -> bool:
        self.taken.append(payload)
        return self.answers()

    async def _receive(self) -> None:
        while True:
            arrived = await self.session.receive()
            self.arrived.append(arrived.payload)
            if self.acknowledges:
                self.session.acknowledge(arrived)

    async def _publish(self, payload: bytes) -> None:
        self.ends.append(await self.session.publish(Message("topic", payload)))

    def publish(self, payload: bytes) -> None:
        self.tasks.append(self.loop.create_task(self._publish(payload)))
        self.loop.run_due()

    def until(self, now_s: float) -> None:
        while self.network.due_s is not None and self.network.due_s <= now_s:
            self.times.now_s = max(self.times.now_s, self.network.due_s)
            self.network.turn()
            self.loop.run_due()
        self.times.now_s = now_s
        self.loop.run_due()


@pytest.fixture
def wired() -> Any:
    wired = Wired()
    yield wired
    wired.loop.bury()


def test_a_message_arrives_once_and_the_broker_says_so(wired: Wired) -> None:
    wired.publish(b"a")
    assert wired.taken == []
    wired.until(2.0)
    assert (wired.taken, wired.ends) == ([b"a"], [BrokerTook(nobody_listens=False)])


def test_what_on_call_does_not_commit_comes_again_when_it_is_back(wired: Wired) -> None:
    wired.answers = lambda: False
    wired.publish(b"a")
    wired.until(2.0)
    wired.answers = lambda: True
    wired.network.deliver_to_oncall()
    wired.until(3.0)
    wired.network.deliver_to_oncall()
    wired.until(4.0)
    assert wired.taken == [b"a", b"a"]


@pytest.mark.parametrize(("loses", "arrives"), [(True, []), (False, [b"to home"])])
def test_a_broker_that_loses_its_state_loses_what_it_kept_and_else_nothing(
    wired: Wired, loses: bool, arrives: list[bytes]
) -> None:
    wired.answers = lambda: False
    wired.publish(b"to oncall")
    wired.until(2.0)
    wired.taken.clear()
    wired.network.to_home("topic", b"to home")
    wired.network.fail(loses_state=loses)
    assert not wired.network.connected
    wired.answers = lambda: True
    wired.until(10.0)
    assert wired.arrived == []
    wired.network.recover()
    wired.until(20.0)
    assert wired.arrived == arrives
    assert wired.taken == ([] if loses else [b"to oncall"])


def test_a_publish_on_a_line_that_fails_ends_with_the_connection(wired: Wired) -> None:
    wired.publish(b"a")
    wired.network.fail(loses_state=False)
    wired.loop.run_due()
    assert wired.ends == [ConnectionLost()]
    wired.publish(b"b")
    assert wired.ends == [ConnectionLost()] * 2
    wired.until(10.0)
    wired.network.recover()
    wired.until(20.0)
    assert wired.taken == []


def test_without_a_network_nothing_goes_to_the_home(wired: Wired) -> None:
    wired.network.fail(loses_state=False)
    assert not wired.network.to_home("topic", b"x")


def test_an_unacknowledged_message_comes_again_with_the_next_connection(wired: Wired) -> None:
    wired.acknowledges = False
    wired.network.to_home("topic", b"x")
    wired.until(2.0)
    wired.network.fail(loses_state=False)
    wired.acknowledges = True
    wired.network.recover()
    wired.until(10.0)
    wired.network.fail(loses_state=False)
    wired.network.recover()
    wired.until(20.0)
    assert wired.arrived == [b"x", b"x"]


def test_repeats_come_as_often_as_their_chance_in_both_directions(wired: Wired) -> None:
    wired.network.manners = Manners(repeats=1.0)
    wired.network.to_home("topic", b"x")
    wired.publish(b"a")
    wired.until(4000.0)
    assert (wired.arrived, wired.taken) == ([b"x"] * 2, [b"a"] * 2)


# --- bad line ---------------------------------------------------------------------------------------


def flips(chance: float, data: bytes, seed: int = 7) -> list[int]:
    """Which bits arrive turned."""
    line = BadLine(Badness(bit_flip=chance), seed)
    line.push(data, 0.0)
    arrived = line.pull(0.0)
    assert len(arrived) == len(data)
    return [bit for bit in range(len(data) * 8) if (data[bit // 8] ^ arrived[bit // 8]) >> bit % 8 & 1]


@pytest.mark.parametrize("chance", [0.0002, 0.003, 0.05, 0.5, 0.999])
def test_bits_are_turned_at_their_rate_wherever_they_lie(chance: float) -> None:
    size = 30_000
    turned = flips(chance, bytes(size))
    expected = size * 8 * chance
    deviation = (expected * (1 - chance)) ** 0.5
    assert abs(len(turned) - expected) <= 5 * deviation
    halves = sum(bit < size * 4 for bit in turned)
    assert abs(halves - len(turned) / 2) <= 5 * (len(turned) / 4) ** 0.5 + 1
    in_byte = [sum(bit % 8 == place for bit in turned) for place in range(8)]
    assert min(in_byte) > 0
    if chance >= 0.05:
        pairs = sum(later - earlier == 1 for earlier, later in pairwise(turned))
        assert abs(pairs - expected * chance) <= 6 * (expected * chance) ** 0.5


@pytest.mark.parametrize("data", [b"", b"\x00", bytes(range(256))])
def test_a_chance_of_nothing_turns_no_bit_and_of_one_every_bit(data: bytes) -> None:
    assert flips(0.0, data) == []
    assert flips(1.0, data) == list(range(len(data) * 8))
    assert flips(1e-18, data) == []


def test_the_first_and_the_last_bit_are_turned_too() -> None:
    turned = [bit for seed in range(2000) for bit in flips(0.01, b"\x00", seed)]
    assert {0, 7} <= set(turned)


def test_what_a_wall_clock_showed_is_dated_by_what_it_was_then() -> None:
    start = datetime(2026, 11, 2, 8, tzinfo=UTC)
    times = Times(start)
    minute = timedelta(minutes=1)
    for at_s, ahead in ((60.0, 10 * minute), (120.0, timedelta()), (180.0, -3 * minute)):
        times.now_s = at_s
        times.set_wall(ahead)
    times.now_s = 210.0
    assert times.true_of(start + 0.75 * minute) == start + 0.75 * minute, "before anybody moved it"
    assert times.true_of(start + 11.5 * minute) == start + 1.5 * minute, "while it was ahead"
    assert times.true_of(start + 2.5 * minute) == start + 2.5 * minute, "set right in between"
    assert times.true_of(start + 0.25 * minute) == start + 3.25 * minute, "the last time it showed that"
