"""Whatever the robot sends, in whatever chunks: nothing raises, nothing grows, facts stay in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.recorder import MESSAGES_MAX
from drivers.robot import FACTS_MAX
from drivers.states import Faulted
from protocol.wire import messages as wire
from protocol.wire.codec import encode
from protocol.wire.framing import encode_frame
from protocol.wire.limits import FRAME_BYTES_MAX, OUTGOING_BYTES_MAX
from tests.drivers.scripted_robot import LOG_ID, Bench, ScriptedRobot, entry, in_order, order

BYTES = st.lists(st.binary(max_size=200), max_size=20)

REFS = st.integers(1, 8)
INDEXES = st.integers(1, 40)


def page(ref: int, first: int, count: int, beyond: int) -> wire.LogPage:
    entries = tuple(entry(index) for index in range(first, first + count))
    return wire.LogPage(ref, 1, first + count + beyond, entries)


MESSAGES: st.SearchStrategy[wire.Message] = st.one_of(
    st.builds(wire.Pressed, st.integers(0, 2**53 - 1)),
    st.builds(wire.LogGrew, st.integers(1, 2**32 - 1)),
    st.builds(wire.Lifted, st.integers(0, 2**53 - 1), st.integers(1, 50)),
    st.builds(wire.Done, REFS),
    st.builds(wire.Refused, REFS, st.integers(1, 255)),
    st.builds(page, REFS, INDEXES, st.integers(0, 16), st.integers(0, 3)),
    st.builds(
        wire.OrderReply,
        REFS,
        st.just(bytes.fromhex(order(1).order_id)),
        st.just(True),
        INDEXES,
        st.just(0),
    ),
    st.builds(
        wire.Clock,
        REFS,
        st.integers(0, 2**53 - 1),
        st.integers(0, 2**53 - 1),
        st.booleans(),
        st.booleans(),
        st.integers(0, 2**53 - 1),
        st.integers(0, 10_000),
    ),
    st.builds(
        lambda ref, uptime, tray: replace(ScriptedRobot().status, ref=ref, uptime_ms=uptime, tray=tray),
        st.integers(0, 8),
        st.integers(0, 2**53 - 1),
        st.booleans(),
    ),
    st.builds(
        lambda ref, horizon, length: replace(
            ScriptedRobot().hello, ref=ref, log_horizon=horizon, log_head=horizon + length - 1
        ),
        REFS,
        INDEXES,
        st.integers(0, 20),
    ),
)


class Liar(ScriptedRobot):
    """Before some of its answers it says something else, as scripted."""

    def __init__(self, lies: Sequence[Sequence[wire.Message]]) -> None:
        super().__init__()
        self.log = [entry(index) for index in range(1, 20)]
        self._lies = list(lies)

    def _answer(self, message: wire.Message) -> None:
        for lie in self._lies.pop(0) if self._lies else ():
            self.say(lie)
        super()._answer(message)


def data_frame(session: int, sequence: int, message: wire.Message) -> bytes:
    header = bytes((wire.PROTOCOL_VERSION, 3)) + session.to_bytes(8, "big") + sequence.to_bytes(4, "big")
    return encode_frame(header + encode(message))


def test_what_comes_in_one_read_behind_a_broken_rule_is_not_believed() -> None:
    bench = Bench().connect()
    bench.drained()
    bench.robot.silent_to.add(wire.ReadLog)
    bench.robot.append(wire.EntryKind.OPENED)
    bench.settle()
    (asked,) = bench.robot.of(wire.ReadLog)
    assert isinstance(asked, wire.ReadLog)
    nonsense, sound = wire.Done(77), wire.LogPage(asked.ref, 1, 1, (entry(1),))
    said = bench.robot.said

    bench.machine.received(
        data_frame(1, said + 1, nonsense) + data_frame(1, said + 2, sound), bench.now_s, bench.now
    )

    assert [type(fact).__name__ for fact in bench.machine.facts()] == ["RobotLost"]


@settings(max_examples=60, deadline=None)
@given(BYTES)
def test_any_bytes_before_identification_are_dropped(chunks: list[bytes]) -> None:
    bench = Bench()
    bench.wired = False
    bench.connect()
    for chunk in chunks:
        bench.machine.received(chunk, bench.now_s, bench.now)

    assert bench.machine.facts() == []


@settings(max_examples=60, deadline=None)
@given(BYTES)
def test_any_bytes_to_a_ready_robots_host_change_nothing(chunks: list[bytes]) -> None:
    bench = Bench().connect()
    bench.drained()
    for chunk in chunks:
        bench.machine.received(chunk, bench.now_s, bench.now)

    assert bench.machine.facts() == []
    bench.machine.received(b"\x00", bench.now_s, bench.now)
    bench.advance(20)
    assert not isinstance(bench.state, Faulted)


@settings(max_examples=70, deadline=None)
@given(st.lists(st.lists(MESSAGES, max_size=3), max_size=12), st.booleans())
def test_any_messages_at_any_time_leave_facts_in_order_and_raise_nothing(
    lies: list[list[wire.Message]], known: bool
) -> None:
    bench = Bench(Liar(lies))
    if known:
        bench.known[LOG_ID.hex()] = 7
    for _ in range(3):
        bench.connect()
        bench.send(order(1))
        bench.settle().advance(9)

    assert in_order(bench.facts)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 40), st.integers(0, 2**32))
def test_the_same_conversation_in_any_chunks_tells_the_same(size: int, seed: int) -> None:
    whole, pieces = Bench(Liar(())), Bench(Liar(()))
    whole.connect()
    receive = pieces.machine.received

    def in_pieces(data: bytes, now_s: float, now: object) -> None:
        cut = 1 + seed % size
        for start in range(0, len(data), cut):
            receive(data[start : start + cut], now_s, pieces.now)

    pieces.machine.received = in_pieces  # type: ignore[method-assign]
    pieces.connect()

    assert pieces.facts == whole.facts


def test_a_robot_that_floods_is_given_up_and_nothing_grows() -> None:
    bench = Bench().connect()
    bench.drained()
    for number in range(FACTS_MAX + 300):
        status = replace(bench.robot.status, ref=0, uptime_ms=number, sachets_left=number % 2)
        bench.robot.say(status)
        bench.machine.received(bench.robot.link.outgoing(), bench.now_s, bench.now)
        if isinstance(bench.state, Faulted):
            break
        bench.robot.receive(bench.machine.outgoing(), bench.now_s)  # acknowledges, so that it can go on

    facts = bench.machine.facts()
    assert bench.reason == "flooded"
    assert len(facts) <= FACTS_MAX + 2


def test_what_is_kept_of_an_endless_stream_is_bounded() -> None:
    bench = Bench().connect()
    for number in range(3 * MESSAGES_MAX):
        bench.hear(wire.LabelRead(number, "mouth", "S-0001-4711"))
    for _ in range(50):
        bench.machine.received(b"\x07" * FRAME_BYTES_MAX, bench.now_s, bench.now)
    assert len(bench.machine.outgoing()) <= OUTGOING_BYTES_MAX

    bench.unplug()

    assert len(bench.dumps[0].lines) <= 3 * MESSAGES_MAX
    assert sum("LabelRead" in line for line in bench.dumps[0].lines) == MESSAGES_MAX
