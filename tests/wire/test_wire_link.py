"""The link: every cell of its table, its timeouts, and what each kind of bad frame does."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.wire import codec, limits
from protocol.wire import messages as m
from protocol.wire.errors import LocalProtocolError
from protocol.wire.framing import FrameDecoder, encode_frame
from protocol.wire.link import (
    Dropped,
    Frame,
    FrameType,
    Link,
    LinkEvent,
    LinkLost,
    LostReason,
    MessageReceived,
    Role,
    SessionOpened,
    State,
)

OURS, OTHER = 0xA1, 0xB2
HELLO = m.Hello(1, 1, 0, b"")
STATUS_REQUEST = m.ReadStatus(2)
DONE = m.Done(1)
SENT_BY: dict[Role, m.Message] = {Role.HOST: HELLO, Role.ROBOT: DONE}
HEARD_BY: dict[Role, m.Message] = {Role.HOST: DONE, Role.ROBOT: HELLO}


def line(frame: Frame) -> bytes:
    return encode_frame(frame.to_bytes())


def written(link: Link) -> list[tuple[FrameType, int, int, bytes]]:
    payloads = FrameDecoder().feed(link.outgoing())
    return [
        (FrameType(p[1]), int.from_bytes(p[2:10], "big"), int.from_bytes(p[10:14], "big"), p[14:])
        for p in payloads
    ]


def data(session: int, sequence: int, message: m.Message) -> bytes:
    return line(Frame(FrameType.DATA, session, sequence, codec.encode(message)))


def host_opening() -> Link:
    host = Link(Role.HOST)
    host.open(OURS, 0.0)
    host.outgoing()
    return host


def host_open() -> Link:
    host = host_opening()
    host.receive(line(Frame(FrameType.OPENED, OURS)), 0.0)
    return host


def host_closed() -> Link:
    host = host_open()
    host.receive(line(Frame(FrameType.RESET, OURS, body=b"\x04")), 0.0)
    return host


def robot_open() -> Link:
    robot = Link(Role.ROBOT)
    robot.receive(line(Frame(FrameType.OPEN, OURS)), 0.0)
    robot.outgoing()
    return robot


def robot_closed() -> Link:
    robot = robot_open()
    robot.receive(data(OURS, 9, HELLO), 0.0)
    robot.outgoing()
    return robot


def with_data_in_flight(make: Callable[[], Link], role: Role) -> Link:
    link = make()
    link.send(SENT_BY[role], 0.0)
    link.outgoing()
    return link


STATES: dict[tuple[Role, State], Callable[[], Link]] = {
    (Role.HOST, State.CLOSED): host_closed,
    (Role.HOST, State.OPENING): host_opening,
    (Role.HOST, State.OPEN): lambda: with_data_in_flight(host_open, Role.HOST),
    (Role.ROBOT, State.CLOSED): robot_closed,
    (Role.ROBOT, State.OPEN): lambda: with_data_in_flight(robot_open, Role.ROBOT),
}

RESET_BODY = bytes((m.Error.NOT_GREETED,))
H, R, F = Role.HOST, Role.ROBOT, FrameType
CELLS: dict[tuple[Role, State, FrameType, bool], tuple[State, list[type], list[FrameType]]] = {
    (H, State.OPENING, F.OPENED, True): (State.OPEN, [SessionOpened], []),
    (H, State.OPENING, F.RESET, True): (State.CLOSED, [LinkLost], []),
    (H, State.OPEN, F.DATA, True): (State.OPEN, [MessageReceived], [F.ACK]),
    (H, State.OPEN, F.ACK, True): (State.OPEN, [], []),
    (H, State.OPEN, F.RESET, True): (State.CLOSED, [LinkLost], []),
    (R, State.CLOSED, F.OPEN, True): (State.CLOSED, [], [F.RESET]),
    (R, State.CLOSED, F.OPEN, False): (State.OPEN, [SessionOpened], [F.OPENED]),
    (R, State.CLOSED, F.DATA, True): (State.CLOSED, [], [F.RESET]),
    (R, State.CLOSED, F.DATA, False): (State.CLOSED, [], [F.RESET]),
    (R, State.OPEN, F.OPEN, True): (State.OPEN, [], [F.OPENED]),
    (R, State.OPEN, F.OPEN, False): (State.OPEN, [SessionOpened], [F.OPENED]),
    (R, State.OPEN, F.DATA, True): (State.OPEN, [MessageReceived], [F.ACK]),
    (R, State.OPEN, F.DATA, False): (State.OPEN, [], [F.RESET]),
    (R, State.OPEN, F.ACK, True): (State.OPEN, [], []),
}
"""What must happen; a cell that is not here changes nothing and is counted."""

ALL_CELLS = [
    (role, state, kind, ours)
    for (role, state), kind, ours in itertools.product(STATES, FrameType, (True, False))
]


@pytest.mark.parametrize(("role", "state", "kind", "ours"), ALL_CELLS)
def test_every_cell_of_the_table(role: Role, state: State, kind: FrameType, ours: bool) -> None:
    link = STATES[role, state]()
    assert link.state is state
    before = (link.session, link.idle, link.next_timeout_s())
    drops = sum(link.dropped.values())
    session = OURS if ours else OTHER
    bodies = {F.DATA: codec.encode(HEARD_BY[role]), F.RESET: RESET_BODY}
    sequence = 1 if kind in (F.DATA, F.ACK) else 0
    events = link.receive(line(Frame(kind, session, sequence, bodies.get(kind, b""))), 0.5)
    expected = CELLS.get((role, state, kind, ours), (state, [], []))
    frames = written(link)
    assert (link.state, [type(event) for event in events], [frame[0] for frame in frames]) == expected
    assert all(frame[1] == session for frame in frames)
    if not events and (kind, ours) != (F.ACK, True):
        assert (link.session, link.idle, link.next_timeout_s()) == before
        assert sum(link.dropped.values()) == drops + 1


def test_an_acknowledgement_sends_the_next_message() -> None:
    host = host_open()
    host.send(HELLO, 0.0)
    host.send(STATUS_REQUEST, 0.0)
    assert [frame[2] for frame in written(host)] == [1]
    host.receive(line(Frame(F.ACK, OURS, 1)), 0.5)
    assert [frame[2:] for frame in written(host)] == [(2, codec.encode(STATUS_REQUEST))]
    assert host.next_timeout_s() == 0.5 + limits.ACK_TIMEOUT_S
    host.receive(line(Frame(F.ACK, OURS, 2)), 0.6)
    assert host.idle
    assert host.next_timeout_s() is None


def test_messages_sent_while_opening_leave_after_the_session_runs() -> None:
    host = host_opening()
    host.send(HELLO, 0.0)
    assert written(host) == []
    host.receive(line(Frame(F.OPENED, OURS)), 0.1)
    assert [frame[0] for frame in written(host)] == [F.DATA]


def test_a_lost_opened_does_not_start_the_sequence_numbers_again() -> None:
    robot = robot_open()
    robot.receive(data(OURS, 1, HELLO), 0.0)
    robot.send(DONE, 0.0)
    robot.outgoing()
    assert robot.receive(line(Frame(F.OPEN, OURS)), 1.0) == []
    assert written(robot) == [(F.OPENED, OURS, 0, b"")]
    assert robot.receive(data(OURS, 1, HELLO), 1.0) == []  # still a duplicate
    assert [type(event) for event in robot.receive(data(OURS, 2, STATUS_REQUEST), 1.0)] == [MessageReceived]
    robot.outgoing()
    assert robot.receive(line(Frame(F.ACK, OURS, 1)), 1.0) == []
    assert robot.idle


def test_a_new_open_drops_what_the_old_session_had_queued() -> None:
    robot = robot_open()
    for _ in range(3):
        robot.send(DONE, 0.0)
    robot.outgoing()
    assert robot.receive(line(Frame(F.OPEN, OTHER)), 0.5) == [SessionOpened(OTHER)]
    assert robot.idle
    robot.receive(line(Frame(F.ACK, OTHER, 1)), 0.5)
    assert written(robot) == [(F.OPENED, OTHER, 0, b"")]
    robot.send(DONE, 0.6)
    assert [frame[1:3] for frame in written(robot)] == [(OTHER, 1)]


def test_a_duplicate_is_acknowledged_again_and_not_delivered_again() -> None:
    robot = robot_open()
    assert len(robot.receive(data(OURS, 1, HELLO), 0.0)) == 1
    assert robot.receive(data(OURS, 1, HELLO) * 2, 0.0) == []
    assert [frame[0] for frame in written(robot)] == [F.ACK] * 3
    assert robot.dropped == {Dropped.DUPLICATE: 2}


def test_a_message_is_sent_again_after_each_timeout_and_then_the_link_is_lost() -> None:
    host = host_open()
    host.send(HELLO, 0.0)
    first = host.outgoing()
    now_s = 0.0
    for _ in range(limits.RETRANSMITS_MAX):
        assert host.tick(now_s + limits.ACK_TIMEOUT_S - 0.001) == []
        assert host.outgoing() == b""
        now_s = host.next_timeout_s() or 0.0
        assert host.tick(now_s) == []
        assert host.outgoing() == first
    assert host.tick(now_s + limits.ACK_TIMEOUT_S) == [LinkLost(LostReason.NO_ACKNOWLEDGEMENT)]
    assert (host.state, host.session, host.idle, host.next_timeout_s()) == (State.CLOSED, None, True, None)
    assert host.tick(1e9) == []


def test_every_message_has_all_its_retransmits_whatever_the_one_before_needed() -> None:
    host = host_open()
    host.send(HELLO, 0.0)
    host.send(STATUS_REQUEST, 0.0)
    for sequence in (1, 2):
        for _ in range(limits.RETRANSMITS_MAX):
            assert host.tick(host.next_timeout_s() or 0.0) == []
        assert host.receive(line(Frame(F.ACK, OURS, sequence)), 100.0) == []
    assert host.idle


def test_an_open_that_nobody_answers_is_sent_again_and_then_given_up() -> None:
    host = Link(Role.HOST)
    host.open(OURS, 0.0)
    opens, now_s = host.outgoing(), 0.0
    events: list[LinkEvent] = []
    while not events:
        now_s = host.next_timeout_s() or 0.0
        events = host.tick(now_s)
        opens += host.outgoing()
    assert opens == line(Frame(F.OPEN, OURS)) * (1 + limits.RETRANSMITS_MAX)
    assert events == [LinkLost(LostReason.NO_ANSWER)]
    assert now_s == pytest.approx(limits.ACK_TIMEOUT_S * (limits.RETRANSMITS_MAX + 1))


def test_a_robot_that_gives_up_says_so_and_never_starts_that_session_again() -> None:
    robot = robot_open()
    robot.send(DONE, 0.0)
    for now_s in range(1, limits.RETRANSMITS_MAX + 1):
        robot.tick(float(now_s))
    robot.outgoing()
    assert robot.tick(99.0) == [LinkLost(LostReason.NO_ACKNOWLEDGEMENT)]
    assert written(robot) == [(F.RESET, OURS, 0, RESET_BODY)]
    assert robot.receive(line(Frame(F.OPEN, OURS)), 99.0) == []
    assert written(robot) == [(F.RESET, OURS, 0, RESET_BODY)]


def test_a_robot_that_lost_its_memory_resets_the_host_at_once() -> None:
    host, robot = host_open(), Link(Role.ROBOT)
    host.send(HELLO, 0.0)
    robot.receive(host.outgoing(), 0.0)
    assert host.receive(robot.outgoing(), 0.1) == [LinkLost(LostReason.RESET, "not_greeted")]


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        (b"\x80", m.Error.MALFORMED, "bad_type: body"),
        (b"\x82\x18\xc8\x01", m.Error.UNKNOWN_MESSAGE, "unknown_message: body"),
        (b"\x82\x02\x00", m.Error.LIMIT, "limit: ReadClock.ref"),
        (codec.encode(DONE), m.Error.UNKNOWN_MESSAGE, "wrong_direction"),
    ],
)
def test_a_body_that_is_no_message_ends_the_session_and_the_robot_says_why(
    body: bytes, code: m.Error, detail: str
) -> None:
    robot = robot_open()
    events = robot.receive(line(Frame(F.DATA, OURS, 1, body)), 0.0)
    assert events == [LinkLost(LostReason.MALFORMED, detail)]
    assert written(robot) == [(F.RESET, OURS, 0, bytes((code,)))]


def test_a_malformed_body_at_the_host_ends_the_session_without_an_answer() -> None:
    host = host_open()
    events = host.receive(line(Frame(F.DATA, OURS, 1, b"\x81")), 0.0)
    assert events == [LinkLost(LostReason.MALFORMED, "truncated: body")]
    assert host.outgoing() == b""


@pytest.mark.parametrize("role", Role)
def test_a_message_too_far_ahead_proves_that_the_peer_is_in_another_state(role: Role) -> None:
    link = host_open() if role is Role.HOST else robot_open()
    events = link.receive(data(OURS, 2, HEARD_BY[role]), 0.0)
    assert events == [LinkLost(LostReason.OUT_OF_SEQUENCE)]


@pytest.mark.parametrize("kind", FrameType)
def test_another_version_is_told_apart_from_rubbish(kind: FrameType) -> None:
    payload = bytearray(Frame(kind, OURS, 1, b"of another time").to_bytes())
    payload[0] = 2
    for make in (host_opening, host_open):
        host = make()
        assert host.receive(encode_frame(bytes(payload)), 0.0) == [LinkLost(LostReason.UNSUPPORTED_VERSION)]
        assert host.outgoing() == b""
    robot = Link(Role.ROBOT)
    assert robot.receive(encode_frame(bytes(payload)), 0.0) == []
    assert written(robot) == [(F.RESET, OURS, 0, bytes((m.Error.UNSUPPORTED_VERSION,)))]
    assert robot.dropped == {Dropped.OTHER_VERSION: 1}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (Frame(F.OPEN, OURS).to_bytes()[:-1], Dropped.SHORT_HEADER),
        (bytes((1, 0)) + bytes(12), Dropped.UNKNOWN_FRAME_TYPE),
        (bytes((1, 6)) + bytes(12), Dropped.UNKNOWN_FRAME_TYPE),
        (Frame(F.OPEN, 0).to_bytes(), Dropped.BAD_HEADER),
        (Frame(F.OPEN, OTHER, 1).to_bytes(), Dropped.BAD_HEADER),
        (Frame(F.OPEN, OTHER, 0, b"x").to_bytes(), Dropped.BAD_HEADER),
        (Frame(F.DATA, OURS, 0, codec.encode(HELLO)).to_bytes(), Dropped.BAD_HEADER),
        (Frame(F.ACK, OURS, 0).to_bytes(), Dropped.BAD_HEADER),
        (Frame(F.ACK, OURS, 1, b"x").to_bytes(), Dropped.BAD_HEADER),
        (Frame(F.RESET, OURS).to_bytes(), Dropped.BAD_HEADER),
        (Frame(F.ACK, OURS, 1).to_bytes(), Dropped.STRAY_ACK),
    ],
)
def test_a_bad_header_is_counted_and_changes_nothing(payload: bytes, reason: Dropped) -> None:
    robot = robot_open()
    assert robot.receive(encode_frame(payload), 0.0) == []
    assert (robot.dropped, robot.session, robot.outgoing()) == ({reason: 1}, OURS, b"")


def test_an_acknowledgement_of_another_message_does_not_count() -> None:
    host = host_open()
    host.send(HELLO, 0.0)
    host.receive(line(Frame(F.ACK, OURS, 2)), 0.1)
    assert not host.idle
    assert host.dropped == {Dropped.STRAY_ACK: 1}


def test_framing_drops_show_beside_the_links_own() -> None:
    robot = robot_open()
    robot.receive(b"\x00\x07abcdef\x00", 0.0)
    robot.receive(line(Frame(F.ACK, OTHER, 1)), 0.0)
    assert robot.dropped == {"bad_crc": 1, "other_session": 1}


def test_a_robot_receives_frames_as_large_as_a_host_may_send_and_no_larger() -> None:
    prompt = m.Prompt(1, m.Light.STEADY, m.Sound.SOFT, ("\N{GRINNING FACE}" * 40,) * 4)
    assert robot_open().receive(data(OURS, 1, prompt), 0.0) == [MessageReceived(prompt)]
    robot = robot_open()
    assert robot.receive(line(Frame(F.DATA, OURS, 1, b"x" * (limits.HOST_BODY_BYTES_MAX + 30))), 0.0) == []
    assert robot.dropped == {"too_long": 1}


def test_what_is_our_own_bug_is_raised_as_such() -> None:
    with pytest.raises(LocalProtocolError, match="only a host"):
        Link(Role.ROBOT).open(OURS, 0.0)
    with pytest.raises(LocalProtocolError, match="no session"):
        Link(Role.HOST).send(HELLO, 0.0)
    for session in (0, -1, 2**64, OURS):
        with pytest.raises(LocalProtocolError, match="fresh number"):
            host_open().open(session, 0.0)
    with pytest.raises(LocalProtocolError, match="does not send"):
        host_open().send(DONE, 0.0)
    with pytest.raises(LocalProtocolError, match="does not send"):
        robot_open().send(HELLO, 0.0)
    host = host_open()
    with pytest.raises(LocalProtocolError, match="queue full"):
        for _ in range(limits.QUEUE_MESSAGES_MAX + 2):
            host.send(STATUS_REQUEST, 0.0)


def test_bytes_that_nobody_writes_do_not_pile_up() -> None:
    robot = robot_open()
    for _ in range(2000):
        robot.receive(data(OURS, 1, HELLO), 0.0)
    assert robot.dropped[Dropped.UNWRITTEN] > 0
    assert len(robot.outgoing()) <= limits.OUTGOING_BYTES_MAX


def test_outgoing_hands_each_byte_out_once() -> None:
    host = Link(Role.HOST)
    host.open(OURS, 0.0)
    assert host.outgoing() == line(Frame(F.OPEN, OURS))
    assert host.outgoing() == b""


def test_a_sequence_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SEQUENCE_MAX", 2)
    host = host_open()
    host.send(HELLO, 0.0)
    host.send(HELLO, 0.0)
    assert host.receive(line(Frame(F.ACK, OURS, 1)), 0.0) == []
    assert host.receive(line(Frame(F.ACK, OURS, 2)), 0.0) == [LinkLost(LostReason.SEQUENCE_EXHAUSTED)]


FRAMES = st.builds(
    Frame,
    st.sampled_from(FrameType),
    st.sampled_from([0, OURS, OTHER]),
    st.integers(0, 3),
    st.sampled_from([b"", b"\x04", b"\xff", codec.encode(HELLO), codec.encode(DONE)])
    | st.binary(max_size=20),
)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(STATES)),
    st.lists(
        FRAMES.map(line) | st.binary(max_size=30) | st.binary(max_size=30).map(encode_frame), max_size=12
    ),
    st.integers(1, 64),
)
def test_nothing_that_arrives_in_any_chunking_raises(
    where: tuple[Role, State], parts: list[bytes], chunk: int
) -> None:
    link, stream = STATES[where](), b"".join(parts)
    for at in range(0, len(stream), chunk):
        link.receive(stream[at : at + chunk], 0.0)
        link.tick(float(at))
    assert len(link.outgoing()) <= limits.OUTGOING_BYTES_MAX
