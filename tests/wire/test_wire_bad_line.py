"""Two links over a bad line, in virtual time: every message once and in order, or the link is lost."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.wire import limits
from protocol.wire import messages as m
from protocol.wire.link import Link, LinkLost, LostReason, MessageReceived, Role, SessionOpened

MESSAGES_EACH_WAY = 20


@dataclass(frozen=True)
class Fault:
    """Chances for each burst of bytes that is written."""

    lost: float = 0.0
    repeated: float = 0.0
    bit_flipped: float = 0.0
    cut: float = 0.0
    delay_s: float = 0.0
    piece_bytes: int = 0  # 0: whole bursts


@dataclass
class Line:
    """One direction. Bytes never overtake each other."""

    fault: Fault
    random: Random
    free_s: float = 0.0

    def carry(self, data: bytes, now_s: float) -> list[tuple[float, bytes]]:
        """(arrival, bytes) of what comes out for what goes in."""
        chance, fault = self.random.random, self.fault
        if not data or chance() < fault.lost:
            return []
        if chance() < fault.cut:
            data = data[: self.random.randrange(len(data))]
        if data and chance() < fault.bit_flipped:
            at = self.random.randrange(len(data))
            data = data[:at] + bytes((data[at] ^ 1 << self.random.randrange(8),)) + data[at + 1 :]
        if chance() < fault.repeated:
            data += data
        self.free_s = max(self.free_s, now_s + chance() * fault.delay_s)
        size = fault.piece_bytes or max(len(data), 1)
        return [(self.free_s, data[at : at + size]) for at in range(0, len(data), size)]


@dataclass
class Ends:
    fault: Fault
    seed: int
    host: Link = field(default_factory=lambda: Link(Role.HOST))
    robot: Link = field(default_factory=lambda: Link(Role.ROBOT))
    heard: dict[Role, list[m.Message]] = field(default_factory=lambda: {Role.HOST: [], Role.ROBOT: []})
    sessions: dict[Role, int] = field(default_factory=lambda: {Role.HOST: 0, Role.ROBOT: 0})
    lost: list[tuple[Role, str]] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        random = Random(self.seed)
        self._lines = {role: Line(self.fault, random) for role in Role}  # by sender
        self._under_way: list[tuple[float, int, Role, bytes]] = []
        self._count = itertools.count()

    def run_until_quiet(self, until_s: float = 10_000.0) -> None:
        """Deliver and tick until nothing is under way and nobody waits."""
        while True:
            self._write()
            instants = [self._under_way[0][0]] if self._under_way else []
            instants += [
                t for t in (self.host.next_timeout_s(), self.robot.next_timeout_s()) if t is not None
            ]
            if not instants or self.lost or min(instants) > until_s:
                return
            self.now_s = max(self.now_s, min(instants))
            self._deliver()
            for role, link in self._links():
                self._note(role, link.tick(self.now_s))

    def _links(self) -> tuple[tuple[Role, Link], ...]:
        return (Role.HOST, self.host), (Role.ROBOT, self.robot)

    def _write(self) -> None:
        for role, link in self._links():
            target = Role.ROBOT if role is Role.HOST else Role.HOST
            for arrival_s, piece in self._lines[role].carry(link.outgoing(), self.now_s):
                heapq.heappush(self._under_way, (arrival_s, next(self._count), target, piece))

    def _deliver(self) -> None:
        while self._under_way and self._under_way[0][0] <= self.now_s:
            _, _, role, piece = heapq.heappop(self._under_way)
            link = self.host if role is Role.HOST else self.robot
            self._note(role, link.receive(piece, self.now_s))

    def _note(self, role: Role, events: list[SessionOpened | MessageReceived | LinkLost]) -> None:
        for event in events:
            match event:
                case MessageReceived(message):
                    self.heard[role].append(message)
                case LinkLost(reason):
                    self.lost.append((role, reason))
                case SessionOpened():
                    self.sessions[role] += 1
                    if role is Role.ROBOT:
                        for message in EVENTS:
                            self.robot.send(message, self.now_s)


REQUESTS: list[m.Message] = [m.ReadStatus(n) for n in range(1, MESSAGES_EACH_WAY + 1)]
EVENTS: list[m.Message] = [m.LogGrew(n) for n in range(1, MESSAGES_EACH_WAY + 1)]


def talk(fault: Fault, seed: int) -> Ends:
    ends = Ends(fault, seed)
    ends.host.open(seed + 1, 0.0)
    for message in REQUESTS:
        ends.host.send(message, 0.0)
    ends.run_until_quiet()
    return ends


LINES = {
    "clean": Fault(),
    "byte by byte": Fault(piece_bytes=1),
    "lossy": Fault(lost=0.15),
    "repeating": Fault(repeated=0.5),
    "flipping bits": Fault(bit_flipped=0.15),
    "cutting": Fault(cut=0.15, piece_bytes=7),
    "slow": Fault(delay_s=0.4),
    "slower than the timeout": Fault(delay_s=2.5),
    "all at once": Fault(0.05, 0.2, 0.05, 0.05, 0.5, 3),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("seed", range(6))
def test_every_message_arrives_once_and_in_order_over_a_line_that_is(name: str, seed: int) -> None:
    ends = talk(LINES[name], seed)
    assert ends.lost == []
    assert ends.heard == {Role.ROBOT: REQUESTS, Role.HOST: EVENTS}
    assert ends.sessions == {Role.HOST: 1, Role.ROBOT: 1}


chances = st.floats(0.0, 0.7)


@settings(max_examples=80, deadline=None)
@given(
    st.builds(Fault, chances, chances, chances, chances, st.floats(0.0, 8.0), st.integers(0, 9)),
    st.integers(0, 999),
)
def test_over_any_line_what_arrives_is_a_beginning_of_what_was_sent_and_all_of_it_unless_lost(
    fault: Fault, seed: int
) -> None:
    ends = talk(fault, seed)
    for role, sent in ((Role.ROBOT, REQUESTS), (Role.HOST, EVENTS)):
        heard = ends.heard[role]
        assert heard == sent[: len(heard)]
        assert len(heard) == len(sent) or ends.lost
    assert ends.sessions[Role.ROBOT] <= 1


def test_a_dead_line_is_noticed_in_bounded_time() -> None:
    ends = Ends(Fault(lost=1.0), seed=1)
    ends.host.open(1, 0.0)
    ends.run_until_quiet()
    assert ends.lost == [(Role.HOST, LostReason.NO_ANSWER)]
    assert ends.now_s == pytest.approx(limits.ACK_TIMEOUT_S * (limits.RETRANSMITS_MAX + 1))


def test_after_a_lost_link_a_new_session_starts_from_one_and_hears_nothing_of_the_old() -> None:
    ends = Ends(Fault(delay_s=3.0), seed=3)
    ends.host.open(11, 0.0)
    ends.host.send(m.ReadStatus(99), 0.0)
    ends.run_until_quiet(until_s=1.5)  # frames of the old session are still under way
    ends.host.open(12, ends.now_s)
    for message in REQUESTS:
        ends.host.send(message, ends.now_s)
    ends.run_until_quiet()
    new = [message for message in ends.heard[Role.ROBOT] if message != m.ReadStatus(99)]
    assert new == REQUESTS
    assert ends.heard[Role.HOST][-len(EVENTS) :] == EVENTS
    assert ends.lost == []


def test_the_largest_page_crosses_a_bad_line_whole() -> None:
    entry = m.LogEntry(
        1, m.EntryKind.STARTED, b"b" * 16, 1, 1, b"o" * 16, "release", b"r" * 16, "d" * 80, 1, "l" * 64
    )
    entries = tuple(
        m.LogEntry(
            n,
            entry.kind,
            entry.boot_id,
            n,
            n,
            entry.order_id,
            "release",
            entry.resident,
            "d" * 80,
            1,
            "l" * 64,
        )
        for n in range(1, 17)
    )
    page = m.LogPage(1, 1, 16, entries)
    ends = Ends(Fault(bit_flipped=0.3, piece_bytes=11), seed=5)
    ends.host.open(1, 0.0)
    ends.run_until_quiet()
    ends.robot.send(page, ends.now_s)
    ends.run_until_quiet()
    assert ends.heard[Role.HOST] == [*EVENTS, page]
