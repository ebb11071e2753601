"""Our side of one robot: identify it, read its log to the head, then pass orders and facts. Pure.

Knows the order of a conversation: one request at a time, each answered or the session is given up. Bytes,
times and wishes come in; bytes and facts go out. Knows no port and no clock (`connection` has them), and
no doses: what a fact means is the dosing core's to say.

The rules of this file:
1. `states.TRANSITIONS` is the only place that says which state follows which.
2. All that belongs to one session lives in one `Session`, dropped as a whole: nothing of it outlives it.
3. Nothing that a robot sends raises out of here: it ends the session with a code, once told, and the last
   messages are handed to whoever keeps them.
4. An order is sent once per call of `send_order`; nothing here sends it again (P8).
Sessions are not authenticated in this version of the wire (S6 is not in force here): such a robot is
accepted only where the configuration says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from drivers import log_position, sachet_roll, translate
from drivers.line import LineQuality, LineWatch
from drivers.misbehaviour import RobotMisbehaved
from drivers.recorder import Recorder
from drivers.session import Asked, Polling, Session, Wishes
from drivers.states import Absent, CatchingUp, Faulted, Identifying, Ready, Signal, State, follow
from drivers.translate import Uptime
from protocol.wire import messages as wire
from protocol.wire.link import Link, LinkEvent, LinkLost, LostReason, MessageReceived, Role, SessionOpened
from scheduler import events
from scheduler.commands import Fact, ReportClock

FACTS_MAX = 1024
"""Facts that nobody has fetched: far above what one read of the port can hold of an honest robot's."""


@dataclass(frozen=True, slots=True)
class RobotExpectation:
    """Which robot the configuration names."""

    serial: str
    family: str
    accept_unauthenticated: bool


KnownLog = Callable[[str], int | None]
"""log id -> index of the newest entry journalled; None: nothing is known of that log."""

Position = Callable[[], tuple[int, str]]
"""(epoch, chain hash in hex) of the journal's head."""

Dump = Callable[[str, tuple[str, ...]], None]
"""Why a session ended, and the last messages in words."""


class RobotMachine:
    """One robot, over all its connections. `now_s` is monotonic, `now` the home's civil instant in UTC."""

    def __init__(
        self,
        expected: RobotExpectation,
        known_log: KnownLog,
        position: Position,
        dump: Dump,
        rate: float = 1.0,
        polling: Polling | None = None,
    ) -> None:
        self._polling = polling or Polling()
        self._expected = expected
        self._known_log = known_log
        self._position = position
        self._dump = dump
        self._rate = rate
        self._state: State = Absent("")
        self._session: Session | None = None
        self._recorder = Recorder()
        self._facts: list[Fact] = []
        self._told: tuple[type[Fact], str] | None = None  # last loss or rejection since an identification
        self._wishes = Wishes()
        self._line = LineWatch()
        self.identified: events.RobotIdentified | None = None  # the newest, whatever came after it
        self.clock: ReportClock | None = None  # the newest comparison

    @property
    def state(self) -> State:
        return self._state

    @property
    def line(self) -> LineQuality:
        """Over all sessions so far."""
        return self._line.quality(self._session.link if self._session is not None else None)

    @property
    def busy(self) -> bool:
        """Whether something is under way on the wire: a frame, a question, an order."""
        session = self._session
        if session is None or not isinstance(self._state, Ready):
            return session is not None
        return session.asked is not None or session.order is not None or not session.link.idle

    # --- the port ---

    def connected(self, session: int, now_s: float, now: datetime) -> None:
        """A port was opened. An old session that is still on ends here."""
        if self._session is not None:
            self._line.ended(self._session.link)
            self._tell(events.RobotLost(at=now, reason="reconnected", robot=self._expected.serial))
        self._state = follow(self._state, Signal.CONNECTED, Identifying(session))
        self._session = Session(session, Link(Role.HOST), self._expected.serial, self._polling)
        self._session.link.open(session, now_s)
        self._recorder.noted("connected", now_s)

    def received(self, data: bytes, now_s: float, now: datetime) -> None:
        """Bytes from the port, in any chunking."""
        if self._session is None:
            return
        self._take(self._session, self._session.link.receive(data, now_s), now_s, now)
        if len(self._facts) > FACTS_MAX:
            self._fail("flooded", now_s, now)
        self._move_on(now_s, now)

    def disconnected(self, reason: str, now_s: float, now: datetime) -> None:
        """The port is gone, or could not be opened."""
        lost = events.RobotLost(at=now, reason=reason, robot=self._expected.serial)
        self._end(Signal.DISCONNECTED, Absent(reason), lost, now_s)

    def tick(self, now_s: float, now: datetime) -> None:
        """Do what is due; harmless when called early or often."""
        session = self._session
        if session is None:
            return
        self._take(session, session.link.tick(now_s), now_s, now)
        overdue = session.overdue(now_s)
        if overdue:
            self._fail(overdue, now_s, now)
        self._move_on(now_s, now)

    def next_timeout_s(self) -> float | None:
        """The monotonic instant at which `tick` has something to do; None: nothing waits."""
        polled = isinstance(self._state, CatchingUp | Ready)
        return self._session.due_s(polled) if self._session is not None else None

    def outgoing(self) -> bytes:
        """The bytes to write now; each is handed out once."""
        return self._session.link.outgoing() if self._session is not None else b""

    def facts(self) -> list[Fact]:
        """What happened, in order; each is handed out once."""
        facts, self._facts = self._facts, []
        return facts

    # --- what the home wants; `tick` afterwards puts it on its way ---

    def send_order(self, order: events.Order, decided_in: str) -> bool:
        """Take it if the robot is ready, in the session in which it was decided, and none is under way.
        Else False, and nothing is sent: what a new session's log does not hold counts as never sent."""
        session = self._session
        if session is None or not isinstance(self._state, Ready):
            return False
        if translate.session_name(session.number) != decided_in:
            return False
        if session.order is not None or session.order_waiting is not None:
            return False
        session.order_waiting = order
        return True

    def show(self, light: str, sound: str, lines: tuple[str, ...]) -> None:
        """What the robot shall show, from now and in every later session, until told otherwise."""
        self._wishes = replace(self._wishes, shown=(light, sound, lines))

    def confirm(self, log_id: str, upto: int, epoch: int, head: str) -> None:
        """The journal holds every entry up to `upto` of this log. A robot with another one isn't told."""
        self._wishes = replace(self._wishes, confirmed=(log_id, upto, epoch, head))

    def compare_clock(self) -> None:
        """Read the robot's clock as soon as nothing else is asked."""
        if self._session is not None and isinstance(self._state, Ready):
            self._session.clock_due_s = 0.0

    # --- what the link says ---

    def _take(self, session: Session, heard: list[LinkEvent], now_s: float, now: datetime) -> None:
        for event in heard:
            if self._session is not session:  # given up by an earlier one of them
                return
            match event:
                case SessionOpened():
                    session.opened = True
                case LinkLost(reason=reason, detail=detail):
                    other = LostReason.UNSUPPORTED_VERSION.value
                    if other in (reason, detail):
                        self._reject("wrong_protocol", now_s, now)
                    else:
                        self._fail(str(reason), now_s, now)
                case MessageReceived(message=message):
                    self._recorder.heard(message, now_s)
                    self._hear(session, message, now_s, now)

    def _hear(self, session: Session, message: wire.Message, now_s: float, now: datetime) -> None:
        try:
            match message:
                case wire.Pressed() | wire.PersonalPress():
                    self._press(session, message, now_s, now)
                case wire.LogGrew(head=head) | wire.Lifted(log_index=head):
                    session.log = session.log.told(head)
                case wire.LabelRead():
                    pass  # a status with the same label follows; the log holds what an order read
                case wire.Status(ref=0):
                    self._report(session, message, now)
                case _:
                    asked = session.answered(message)
                    self._line.answered(now_s - asked.at_s)
                    self._reply(session, asked, message, now_s, now)
        except RobotMisbehaved as misbehaved:
            self._fail(misbehaved.reason, now_s, now, misbehaved.lasting)

    def _reply(
        self, session: Session, asked: Asked, message: wire.Message, now_s: float, now: datetime
    ) -> None:
        match asked.request, message:
            case wire.Hello(), wire.HelloReply():
                self._greet(session, asked, message, now_s, now)
            case wire.ReadClock(), wire.Clock():
                session.learn_uptime(asked, message.uptime_ms)
                self.clock = translate.clock_report(self._expected.serial, message, asked.at, now)
                self._facts.append(self.clock)
            case wire.ReadStatus(), wire.Status():
                session.learn_uptime(asked, message.uptime_ms)
                self._report(session, message, now)
            case wire.ReadLog(), wire.LogPage():
                self._facts += session.read(message, now)
                for index in translate.undated(message):
                    self._recorder.noted(f"bad instant in entry {index}", now_s)
            case wire.Order(), wire.OrderReply():
                ended = session.answer(message, now_s, now)
                self._facts += [ended] if ended is not None else []
            case ((wire.Prompt() | wire.ConfirmLog()), (wire.Done() | wire.Refused())):
                pass  # a text or a confirmation that the robot won't have is no reason to lock it
            case wire.ReadClock(), wire.Refused():
                pass  # its clock stays unproven, and with it what needs a trusted one
            case wire.Hello(), wire.Refused(error=wire.Error.UNSUPPORTED_VERSION):
                self._reject("wrong_protocol", now_s, now)
            case _, wire.Refused():
                raise RobotMisbehaved("request_refused")
            case _:
                raise RobotMisbehaved("unexpected_reply")

    # --- what the replies and events mean ---

    def _greet(
        self, session: Session, asked: Asked, reply: wire.HelloReply, now_s: float, now: datetime
    ) -> None:
        wrong = self._misfit(reply)
        if wrong:
            self._reject(wrong, now_s, now)
            return
        # Before anything is told: a log that can't be read on is no robot to count on.
        session.log = log_position.start(reply, self._known_log(reply.log_id.hex()))
        session.began_uptime_ms = reply.uptime_ms
        session.uptime = Uptime(asked.at_s, reply.uptime_ms)
        session.clock_due_s = session.status_due_s = now_s
        self._state = follow(self._state, Signal.GREETED, CatchingUp(session.number, reply.log_head))
        self._told = None
        self.identified = translate.identified(reply, session.number, now)
        self._facts.append(self.identified)

    def _misfit(self, reply: wire.HelloReply) -> str:
        """Why this is not the robot we serve; empty: it is."""
        if reply.protocol != wire.PROTOCOL_VERSION:
            return "wrong_protocol"
        if reply.serial != self._expected.serial:
            return "wrong_serial"
        if reply.family != self._expected.family or reply.family != sachet_roll.FAMILY:
            return "wrong_family"
        if sachet_roll.missing_capabilities(reply.capabilities):
            return "missing_capability"
        if reply.auth is wire.Auth.NONE and not self._expected.accept_unauthenticated:
            return "auth_class"
        return ""

    def _report(self, session: Session, message: wire.Status, now: datetime) -> None:
        """A status says something only once the robot is known, and only when it changed."""
        status = translate.reported(message)
        if isinstance(self._state, CatchingUp | Ready) and status != session.status:
            session.status = status
            serial = self._expected.serial
            self._facts.append(events.RobotReported(at=now, status=status, robot=serial))

    def _press(
        self, session: Session, press: wire.Pressed | wire.PersonalPress, now_s: float, now: datetime
    ) -> None:
        """A press before the log was read is history too: nobody was there to answer it (rule 2)."""
        age_ms = session.press_age_ms(press, now_s)
        if not isinstance(self._state, Ready):
            age_ms = "press_before_ready"
        if isinstance(age_ms, str):
            self._recorder.noted(f"dropped: {age_ms}", now_s)
        else:
            tag = press.tag if isinstance(press, wire.PersonalPress) else ""
            serial = self._expected.serial
            self._facts.append(translate.pressed(serial, session.number, age_ms, now, press.answer, tag))

    # --- what to say next ---

    def _move_on(self, now_s: float, now: datetime) -> None:
        """Ask the next thing, if nothing is asked."""
        session = self._session
        if session is None or session.asked is not None:
            return
        if isinstance(self._state, CatchingUp) and self._has_caught_up(session, self._state, now_s):
            self._state = follow(self._state, Signal.CAUGHT_UP, Ready(session.number))
            name = translate.session_name(session.number)
            self._facts.append(events.RobotCaughtUp(at=now, robot=self._expected.serial, session=name))
        request = self._next_request(session, session.ref + 1, now_s, now)
        if request is not None:
            self._recorder.sent(request, now_s)
            session.ask(request, now_s, now)

    def _has_caught_up(self, session: Session, state: CatchingUp, now_s: float) -> bool:
        """Clock and sensors are told before the robot counts as ready, and the log to the head it stated."""
        told = session.has_asked_clock(now_s) and session.status is not None
        return told and session.log.next > state.stated_head

    def _next_request(self, session: Session, ref: int, now_s: float, now: datetime) -> wire.Request | None:
        match self._state:
            case Identifying() if session.opened:
                epoch, head = self._position()
                return wire.Hello(ref, wire.PROTOCOL_VERSION, epoch, bytes.fromhex(head))
            case CatchingUp():
                return session.poll(ref, now_s) or session.next_page(ref)
            case Ready():
                # The log first: an order follows only from a world that knows all of it (P7).
                return (
                    session.next_page(ref)
                    or session.next_order(ref, now, self._rate)
                    or session.next_wish(ref, self._wishes)
                    or session.poll(ref, now_s)
                )
            case _:
                return None

    # --- the end of a session ---

    def _fail(self, reason: str, now_s: float, now: datetime, lasting: bool = False) -> None:
        if self._session is not None:
            lost = events.RobotLost(at=now, reason=reason, robot=self._expected.serial)
            self._end(Signal.FAILED, Faulted(reason, lasting), lost, now_s)

    def _reject(self, reason: str, now_s: float, now: datetime) -> None:
        rejected = events.RobotRejected(at=now, reason=reason, robot=self._expected.serial)
        self._end(Signal.FAILED, Faulted(reason, lasting=True), rejected, now_s)

    def _end(
        self,
        signal: Signal,
        state: Absent | Faulted,
        fact: events.RobotLost | events.RobotRejected,
        now_s: float,
    ) -> None:
        self._state = follow(self._state, signal, state)
        session, self._session = self._session, None
        if session is not None:
            self._line.ended(session.link)
            dropped = ", ".join(f"{reason} {count}" for reason, count in sorted(session.link.dropped.items()))
            self._recorder.noted(f"ended: {fact.reason}; dropped: {dropped or 'none'}", now_s)
        if self._tell(fact) and session is not None:
            self._dump(fact.reason, self._recorder.lines())

    def _tell(self, fact: events.RobotLost | events.RobotRejected) -> bool:
        """The same loss again and again, at every attempt, is one fact."""
        told = (type(fact), fact.reason)
        if told == self._told:
            return False
        self._told = told
        self._facts.append(fact)
        return True
