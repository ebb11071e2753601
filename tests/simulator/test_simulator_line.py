"""Wires in virtual time: the paced one keeps its rate, a robot behind the bad one keeps its word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from protocol.wire import messages as m
from protocol.wire.link import Link, LinkLost, MessageReceived, Role, SessionOpened
from simulator.line import WAITING_BYTES_MAX, BadLine, Badness, PacedLine
from tests.simulator.robot_bench import Bench, release


def arrival_s(line: PacedLine, data: bytes) -> float:
    """When the last byte is there."""
    line.push(data, 0.0)
    last_s = 0.0
    while line.due_s is not None:
        last_s = line.due_s
        line.pull(last_s)
    return last_s


@pytest.mark.parametrize("baud", [9600, 115_200])
def test_a_byte_takes_ten_bit_times(baud: int) -> None:
    assert arrival_s(PacedLine(baud), bytes(1000)) == pytest.approx(10_000 / baud)


def test_bytes_arrive_in_order_and_not_before_their_time() -> None:
    line = PacedLine(115_200)
    data = bytes(range(256))
    line.push(data[:100], 0.0)
    line.push(data[100:], 0.0)
    assert line.pull(0.001) == b""
    assert line.pull(0.011) + line.pull(1.0) == data
    assert line.waiting_bytes == 0


def test_a_line_that_nobody_reads_is_bounded() -> None:
    line = PacedLine(115_200)
    for _ in range(100):
        line.push(bytes(1000), 0.0)
    assert line.waiting_bytes == WAITING_BYTES_MAX


def test_a_cut_line_delivers_nothing_any_more() -> None:
    line = PacedLine(115_200)
    line.push(b"abc", 0.0)
    line.cut()
    assert line.pull(10.0) == b""


class Wired:
    """A host's link and a robot's, with a bad line each way, in virtual time."""

    def __init__(self, badness: Badness, seed: int) -> None:
        self.bench = Bench()
        self.host, self.robot = Link(role=Role.HOST), Link(role=Role.ROBOT)
        self.to_robot, self.to_host = BadLine(badness, seed), BadLine(badness, seed + 1)
        self.heard: list[m.Message] = []
        self.session, self.open = seed * 1000, False

    def pass_time(self, seconds: float, step_s: float = 0.05) -> None:
        for _ in range(int(seconds / step_s)):
            self._at_robot(self.bench.wait(step_s))
            now_s = self.bench.seconds
            for event in [
                *self.robot.receive(self.to_robot.pull(now_s), now_s),
                *self.robot.tick(now_s),
            ]:
                if isinstance(event, SessionOpened):
                    self.bench.robot.open_session()
                elif isinstance(event, MessageReceived):
                    self._at_robot(self.bench.robot.receive(event.message, self.bench.moment))
            for event in [*self.host.receive(self.to_host.pull(now_s), now_s), *self.host.tick(now_s)]:
                if isinstance(event, SessionOpened):
                    self.open = True
                elif isinstance(event, LinkLost):
                    self.open = False
                elif isinstance(event, MessageReceived):
                    self.heard.append(event.message)
            self.to_robot.push(self.host.outgoing(), now_s)
            self.to_host.push(self.robot.outgoing(), now_s)

    def connect(self) -> None:
        while not self.open:
            self.session += 1
            self.host.open(self.session, self.bench.seconds)
            self.pass_time(8)
        self.ask(m.Hello(1, m.PROTOCOL_VERSION, 0, b""))

    def ask(self, request: m.Request) -> None:
        if self.open:
            self.host.send(request, self.bench.seconds)
        self.pass_time(8)

    def _at_robot(self, messages: list[m.Message]) -> None:
        for message in messages:
            if self.robot.session is not None:
                self.robot.send(message, self.bench.seconds)


@pytest.mark.parametrize("seed", range(1, 7))
def test_over_a_bad_line_an_order_sent_again_and_again_moves_one_sachet(seed: int) -> None:
    wired = Wired(Badness(loss=0.2, doubling=0.2, bit_flip=0.0005, delay_s_max=0.3), seed)
    wired.connect()
    for ref in range(2, 8):
        if not wired.open:
            wired.connect()
        wired.ask(replace(release(1), ref=ref))
    wired.pass_time(30)
    assert len(wired.bench.out_of_magazine()) <= 1
    kinds = wired.bench.kinds(release(1).order_id)
    assert kinds in (["accepted", "started", "ended"], ["accepted", "cancelled"])
    answers = [message for message in wired.heard if isinstance(message, m.OrderReply)]
    assert answers
    assert {answer.log_index for answer in answers} == {answers[0].log_index}
