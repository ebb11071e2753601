"""The reliable link: one message in flight each way, acknowledged, retransmitted, inside a session.

Knows frame headers, sessions, sequence numbers and timeouts (SPEC.md, section 5). Does not know ports,
clocks or what a message means: bytes and times come in as arguments, bytes and events go out. Called by
`drivers.robot` (as HOST) and `simulator.server` (as ROBOT).

The two rules of this file:
1. `_REACTIONS` is the only place that says what a frame does in a state; what it does not list is dropped,
   counted, and changes nothing.
2. `receive` and `tick` never raise: what the peer did wrong is a counted drop or `LinkLost`. The rest raises
   LocalProtocolError, which is our own bug.

An acknowledgement says that a message arrived whole. It never says that an order was accepted or done (P2).
The link is not authenticated in this version (S6 is not in force here): hello says `auth=none`.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum, IntEnum, StrEnum
from struct import Struct

from protocol.wire import codec, limits
from protocol.wire.errors import LocalProtocolError, RemoteProtocolError
from protocol.wire.fields import Fault
from protocol.wire.framing import FrameDecoder, encode_frame
from protocol.wire.messages import PROTOCOL_VERSION, Error, Message, Reply, Request, RobotEvent


class Role(StrEnum):
    HOST = "host"
    ROBOT = "robot"


class FrameType(IntEnum):
    OPEN = 1  # host: start this session
    OPENED = 2  # robot: this session runs
    DATA = 3  # either: one message
    ACK = 4  # either: this DATA arrived whole
    RESET = 5  # robot: this session does not run here; the body is one byte, an Error


class State(StrEnum):
    CLOSED = "closed"
    OPENING = "opening"  # host only: OPEN sent, not answered
    OPEN = "open"


class _Reaction(Enum):
    START = "start"  # robot: a new session, whatever ran before
    ANSWER = "answer"  # robot: OPENED again, nothing else changes
    RESET = "reset"  # robot: this session does not run here
    ESTABLISH = "establish"  # host: the session runs
    LOSE = "lose"
    DELIVER = "deliver"
    ACKNOWLEDGED = "acknowledged"


_OURS, _FOREIGN = True, False
"""Whether a frame names our session: the one that runs, or in CLOSED the one that ended last."""

_REACTIONS: dict[tuple[Role, State, FrameType, bool], _Reaction] = {
    (Role.HOST, State.OPENING, FrameType.OPENED, _OURS): _Reaction.ESTABLISH,
    (Role.HOST, State.OPENING, FrameType.RESET, _OURS): _Reaction.LOSE,
    (Role.HOST, State.OPEN, FrameType.DATA, _OURS): _Reaction.DELIVER,
    (Role.HOST, State.OPEN, FrameType.ACK, _OURS): _Reaction.ACKNOWLEDGED,
    (Role.HOST, State.OPEN, FrameType.RESET, _OURS): _Reaction.LOSE,
    # An ended session never starts again: its sequence numbers are used up.
    (Role.ROBOT, State.CLOSED, FrameType.OPEN, _OURS): _Reaction.RESET,
    (Role.ROBOT, State.CLOSED, FrameType.OPEN, _FOREIGN): _Reaction.START,
    (Role.ROBOT, State.CLOSED, FrameType.DATA, _OURS): _Reaction.RESET,
    (Role.ROBOT, State.CLOSED, FrameType.DATA, _FOREIGN): _Reaction.RESET,
    # OPENED was lost and OPEN came again: the sequence numbers go on.
    (Role.ROBOT, State.OPEN, FrameType.OPEN, _OURS): _Reaction.ANSWER,
    (Role.ROBOT, State.OPEN, FrameType.OPEN, _FOREIGN): _Reaction.START,
    (Role.ROBOT, State.OPEN, FrameType.DATA, _OURS): _Reaction.DELIVER,
    (Role.ROBOT, State.OPEN, FrameType.DATA, _FOREIGN): _Reaction.RESET,
    (Role.ROBOT, State.OPEN, FrameType.ACK, _OURS): _Reaction.ACKNOWLEDGED,
}


class LostReason(StrEnum):
    NO_ANSWER = "no_answer"  # to OPEN
    NO_ACKNOWLEDGEMENT = "no_acknowledgement"  # of a DATA, after every retransmit
    RESET = "reset"  # the robot does not run this session; `detail` says why
    MALFORMED = "malformed"  # a whole frame with a message that isn't one; `detail` says why
    UNSUPPORTED_VERSION = "unsupported_version"
    OUT_OF_SEQUENCE = "out_of_sequence"  # a message is missing in between: the peer's state isn't ours
    SEQUENCE_EXHAUSTED = "sequence_exhausted"


class Dropped(StrEnum):
    """Why a frame that arrived whole did nothing (framing counts the others itself)."""

    SHORT_HEADER = "short_header"
    UNKNOWN_FRAME_TYPE = "unknown_frame_type"
    BAD_HEADER = "bad_header"  # session 0, or a sequence or body that this frame type can't have
    OTHER_VERSION = "other_version"
    OTHER_SESSION = "other_session"
    UNEXPECTED = "unexpected"  # this role does not expect it in this state
    DUPLICATE = "duplicate"  # acknowledged again, not delivered again
    STRAY_ACK = "stray_ack"
    UNWRITTEN = "unwritten"  # ours: the outgoing bytes were not collected in time


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """At the robot also a fresh start: what the old session had queued is gone, hello is due."""

    session: int


@dataclass(frozen=True, slots=True)
class MessageReceived:
    message: Message


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The session is over; what was queued or in flight may or may not have arrived."""

    reason: str  # LostReason
    detail: str = ""


LinkEvent = SessionOpened | MessageReceived | LinkLost

_SENDS = {Role.HOST: Request, Role.ROBOT: Reply | RobotEvent}
_HEARS = {Role.HOST: Reply | RobotEvent, Role.ROBOT: Request}
_RECEIVES_FRAME_BYTES_MAX = {Role.HOST: limits.FRAME_BYTES_MAX, Role.ROBOT: limits.HOST_FRAME_BYTES_MAX}
_NO_SEQUENCE = 0
_FRAME_TYPES = {int(kind): kind for kind in FrameType}
_HEADER = Struct(">BBQI")
"""Version, frame type, session, sequence; most significant byte first."""

_RESET_OF_FAULT = {Fault.UNKNOWN_MESSAGE: Error.UNKNOWN_MESSAGE, Fault.LIMIT: Error.LIMIT}


@dataclass(frozen=True, slots=True)
class Frame:
    """A payload of `framing`: header and body."""

    kind: FrameType
    session: int
    sequence: int = _NO_SEQUENCE
    body: bytes = b""

    def to_bytes(self) -> bytes:
        return _HEADER.pack(PROTOCOL_VERSION, self.kind, self.session, self.sequence) + self.body


class Link:
    """One end of the link. Times are seconds of any clock that never goes backwards."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._state = State.CLOSED
        self._session = 0
        self._decoder = FrameDecoder(_RECEIVES_FRAME_BYTES_MAX[role])
        self._dropped: Counter[str] = Counter()
        self._outgoing = bytearray()
        self._queue: deque[bytes] = deque()
        self._in_flight: Frame | None = None  # the OPEN or DATA that waits for its answer
        self._retransmits = 0
        self._deadline_s: float | None = None
        self._sent = 0  # sequence number of the newest DATA sent in this session
        self._received = 0  # and of the newest one received
        self.frames_written = 0  # since the start, repeated ones too
        self.frames_read = 0  # whole ones, whatever became of them
        self.frames_repeated = 0

    @property
    def state(self) -> State:
        return self._state

    @property
    def session(self) -> int | None:
        """The session that runs or is being opened."""
        return None if self._state is State.CLOSED else self._session

    @property
    def idle(self) -> bool:
        """Nothing waits for an answer and nothing is queued."""
        return self._in_flight is None and not self._queue

    @property
    def dropped(self) -> dict[str, int]:
        """How often each reason made bytes or a frame do nothing, since the start."""
        return {**{str(reason): n for reason, n in self._decoder.dropped.items()}, **self._dropped}

    def open(self, session: int, now_s: float) -> None:
        """Host only: start a session. `session` is random, never 0 and never used before."""
        if self._role is not Role.HOST:
            raise LocalProtocolError("only a host opens a session")
        if not 0 < session <= limits.SESSION_MAX or session == self._session:
            raise LocalProtocolError("a session is a fresh number of 64 bits, not 0")
        self._begin(session, State.OPENING)
        self._put_in_flight(Frame(FrameType.OPEN, session), now_s)

    def send(self, message: Message, now_s: float) -> None:
        """Queue a message; it is on its way once `outgoing` has been written, there once acknowledged."""
        if self._state is State.CLOSED:
            raise LocalProtocolError("no session")
        if not isinstance(message, _SENDS[self._role]):
            raise LocalProtocolError(f"a {self._role} does not send {type(message).__name__}")
        if len(self._queue) >= limits.QUEUE_MESSAGES_MAX:
            raise LocalProtocolError("queue full")
        self._queue.append(codec.encode(message))
        self._send_next(now_s)

    def give_up(self) -> None:
        """Robot only: the session ends here, the host is told and may not open it again (W-LINK-8, 21)."""
        if self._state is State.OPEN:
            self._break(LostReason.RESET, "", Error.NOT_GREETED)

    def receive(self, data: bytes, now_s: float) -> list[LinkEvent]:
        """Take bytes in any chunking; never raises."""
        events: list[LinkEvent] = []
        for payload in self._decoder.feed(data):
            events += self._on_payload(payload, now_s)
        return events

    def tick(self, now_s: float) -> list[LinkEvent]:
        """Retransmit or give up, if it is time; harmless when called early or often."""
        if self._in_flight is None or self._deadline_s is None or now_s < self._deadline_s:
            return []
        if self._retransmits == limits.RETRANSMITS_MAX:
            opening = self._state is State.OPENING
            reason = LostReason.NO_ANSWER if opening else LostReason.NO_ACKNOWLEDGEMENT
            return self._break(reason, "", Error.NOT_GREETED)
        self._retransmits += 1
        self.frames_repeated += 1
        self._deadline_s = now_s + limits.ACK_TIMEOUT_S
        self._write(self._in_flight)
        return []

    def next_timeout_s(self) -> float | None:
        """The instant, on the caller's clock, at which `tick` has something to do; None: nothing waits."""
        return self._deadline_s

    def outgoing(self) -> bytes:
        """The bytes to write now; each is handed out once."""
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    # --- frames in ---------------------------------------------------------------------------------

    def _on_payload(self, payload: bytes, now_s: float) -> list[LinkEvent]:
        self.frames_read += 1
        if len(payload) < limits.HEADER_BYTES:
            return self._drop(Dropped.SHORT_HEADER)
        version, number, session, sequence = _HEADER.unpack_from(payload)
        if version != PROTOCOL_VERSION:
            return self._on_other_version(session)
        kind = _FRAME_TYPES.get(number)
        if kind is None:
            return self._drop(Dropped.UNKNOWN_FRAME_TYPE)
        frame = Frame(kind, session, sequence, payload[limits.HEADER_BYTES :])
        return self._on_frame(frame, now_s) if _is_plausible(frame) else self._drop(Dropped.BAD_HEADER)

    def _on_other_version(self, session: int) -> list[LinkEvent]:
        """The first ten bytes of a header are the same in every version, so we can say no in ours."""
        self._drop(Dropped.OTHER_VERSION)
        if self._role is Role.ROBOT:
            self._write_reset(session, Error.UNSUPPORTED_VERSION)
        return self._lose(LostReason.UNSUPPORTED_VERSION) if self._state is not State.CLOSED else []

    def _on_frame(self, frame: Frame, now_s: float) -> list[LinkEvent]:
        ours = frame.session == self._session
        match _REACTIONS.get((self._role, self._state, frame.kind, ours)):
            case _Reaction.START:
                self._begin(frame.session, State.OPEN)
                self._write(Frame(FrameType.OPENED, frame.session))
                return [SessionOpened(frame.session)]
            case _Reaction.ANSWER:
                self._write(Frame(FrameType.OPENED, frame.session))
                return self._drop(Dropped.DUPLICATE)
            case _Reaction.RESET:
                self._write_reset(frame.session, Error.NOT_GREETED)
                return self._drop(Dropped.OTHER_SESSION)
            case _Reaction.ESTABLISH:
                self._state = State.OPEN
                self._settle(now_s)
                return [SessionOpened(frame.session)]
            case _Reaction.LOSE:
                return self._lose(LostReason.RESET, _name_of(frame.body[0]))
            case _Reaction.DELIVER:
                return self._on_data(frame)
            case _Reaction.ACKNOWLEDGED:
                return self._on_ack(frame, now_s)
            case None:
                return self._drop(Dropped.UNEXPECTED if ours else Dropped.OTHER_SESSION)

    def _on_data(self, frame: Frame) -> list[LinkEvent]:
        if frame.sequence > self._received + 1:
            return self._break(LostReason.OUT_OF_SEQUENCE, "", Error.MALFORMED)
        if frame.sequence <= self._received:
            self._write(Frame(FrameType.ACK, frame.session, frame.sequence))
            return self._drop(Dropped.DUPLICATE)
        try:
            message = codec.decode(frame.body)
        except RemoteProtocolError as error:
            answer = _RESET_OF_FAULT.get(Fault(error.reason), Error.MALFORMED)
            return self._break(LostReason.MALFORMED, str(error), answer)
        if not isinstance(message, _HEARS[self._role]):
            return self._break(LostReason.MALFORMED, "wrong_direction", Error.UNKNOWN_MESSAGE)
        self._received = frame.sequence
        self._write(Frame(FrameType.ACK, frame.session, frame.sequence))
        return [MessageReceived(message)]

    def _on_ack(self, frame: Frame, now_s: float) -> list[LinkEvent]:
        if self._in_flight is None or frame.sequence != self._in_flight.sequence:
            return self._drop(Dropped.STRAY_ACK)
        if self._sent == limits.SEQUENCE_MAX:
            return self._lose(LostReason.SEQUENCE_EXHAUSTED)
        self._settle(now_s)
        return []

    # --- session and flight ------------------------------------------------------------------------

    def _begin(self, session: int, state: State) -> None:
        self._forget_flight()
        self._session, self._state = session, state
        self._sent = self._received = 0

    def _break(self, reason: LostReason, detail: str, answer: Error) -> list[LinkEvent]:
        """We end the session: a robot tells the host why, a host just opens another one."""
        if self._role is Role.ROBOT:
            self._write_reset(self._session, answer)
        return self._lose(reason, detail)

    def _lose(self, reason: LostReason, detail: str = "") -> list[LinkEvent]:
        self._forget_flight()
        self._state = State.CLOSED
        return [LinkLost(reason, detail)]

    def _forget_flight(self) -> None:
        self._queue.clear()
        self._in_flight = self._deadline_s = None

    def _settle(self, now_s: float) -> None:
        self._in_flight = self._deadline_s = None
        self._send_next(now_s)

    def _send_next(self, now_s: float) -> None:
        if self._in_flight is None and self._queue:
            self._sent += 1
            self._put_in_flight(
                Frame(FrameType.DATA, self._session, self._sent, self._queue.popleft()), now_s
            )

    def _put_in_flight(self, frame: Frame, now_s: float) -> None:
        self._in_flight = frame
        self._retransmits = 0
        self._deadline_s = now_s + limits.ACK_TIMEOUT_S
        self._write(frame)

    # --- bytes out ---------------------------------------------------------------------------------

    def _write_reset(self, session: int, why: Error) -> None:
        self._write(Frame(FrameType.RESET, session, body=bytes((why,))))

    def _write(self, frame: Frame) -> None:
        data = encode_frame(frame.to_bytes())
        if len(self._outgoing) + len(data) > limits.OUTGOING_BYTES_MAX:
            self._drop(Dropped.UNWRITTEN)
        else:
            self._outgoing += data
            self.frames_written += 1

    def _drop(self, reason: Dropped) -> list[LinkEvent]:
        self._dropped[reason] += 1
        return []


def _is_plausible(frame: Frame) -> bool:
    if frame.session == 0:
        return False
    match frame.kind:
        case FrameType.OPEN | FrameType.OPENED:
            return frame.sequence == _NO_SEQUENCE and not frame.body
        case FrameType.DATA:
            return frame.sequence != _NO_SEQUENCE
        case FrameType.ACK:
            return frame.sequence != _NO_SEQUENCE and not frame.body
        case FrameType.RESET:
            return frame.sequence == _NO_SEQUENCE and len(frame.body) == 1


def _name_of(error: int) -> str:
    return Error(error).name.lower() if error in set(Error) else f"error_{error}"
