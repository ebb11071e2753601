"""All that belongs to one session with the robot, and is dropped with it.

Knows the one open request, what is due, how far the log is read and which order is in flight. Knows no
states and no expectations: `robot` asks it what to say next and hands it the replies that fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from drivers import translate
from drivers.log_position import LogPosition
from drivers.misbehaviour import RobotMisbehaved
from drivers.translate import Uptime
from protocol.wire import messages as wire
from protocol.wire.limits import LOG_ENTRIES_PER_PAGE_MAX
from protocol.wire.link import Link
from scheduler import events

REPLY_TIMEOUT_S = 10.0
"""The link gives up a message of ours after 6 s; the rest is for the robot's own message and its flash."""

STATUS_EVERY_S = 8.0
"""Inside the wire's keepalive of 10 s (W-LINK-15): silence is known within half a minute."""

CLOCK_EVERY_S = 600.0
"""A battery clock drifts by milliseconds in this time; a step of our own clock shows soon enough."""

MOTION_S = 60.0
"""A motion takes 30 s at most (W-ORDER-6), with a label read before it; twice that. Then the session is begun
anew, so that the robot's log says what happened."""

PRESS_AHEAD_MS_MAX = 2_000
"""A robot's uptime may run 100 ppm fast (W-MSG-14): a millisecond since the reply that we count from. A far
poorer crystal stays inside this as well, and a press just made is not lost. What it costs: a press may count
that is so much older than rule 2 allows."""

SAYS_NOTHING = frozenset(
    {
        wire.Error.NOT_GREETED,
        wire.Error.MALFORMED,
        wire.Error.UNKNOWN_MESSAGE,
        wire.Error.UNSUPPORTED_VERSION,
    }
)
"""Refusals of the message, not of the order: a robot may say so of an order it carried out before. They
prove nothing (P2)."""


@dataclass(frozen=True, slots=True)
class Polling:
    """How often a quiet robot is asked for its sensors and its clock."""

    status_every_s: float = STATUS_EVERY_S
    clock_every_s: float = CLOCK_EVERY_S


@dataclass(frozen=True, slots=True)
class Asked:
    """The one request that waits for its reply."""

    request: wire.Request
    at_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the home wants of any session: the newest text, and the newest entry that it has journalled."""

    shown: tuple[str, str, tuple[str, ...]] | None = None  # light, sound, lines
    confirmed: tuple[str, int, int, str] | None = None  # log id, newest index, epoch, head in hex


@dataclass(slots=True)
class Session:
    number: int
    link: Link
    robot: str = ""  # serial number
    polling: Polling = field(default_factory=Polling)
    opened: bool = False
    ref: int = 0  # of the newest request
    asked: Asked | None = None
    began_uptime_ms: int = 0  # the robot's, at hello
    uptime: Uptime | None = None
    log: LogPosition = field(default_factory=LogPosition)
    clock_due_s: float = 0.0
    status_due_s: float = 0.0
    status: events.RobotStatus | None = None  # as last reported
    order_waiting: events.Order | None = None  # taken, not sent
    order: events.Order | None = None  # sent, not ended: P6, one in flight
    order_due_s: float | None = None  # accepted: its end must be in the log by then
    done: Wishes = field(default_factory=Wishes)  # told to the robot in this session

    # --- what to say next: a request, or nothing ---

    def ask(self, request: wire.Request, now_s: float, now: datetime) -> None:
        self.ref = request.ref
        self.asked = Asked(request, now_s, now)
        self.link.send(request, now_s)

    def poll(self, ref: int, now_s: float) -> wire.Request | None:
        if now_s >= self.clock_due_s:
            self.clock_due_s = now_s + self.polling.clock_every_s
            return wire.ReadClock(ref)
        if now_s >= self.status_due_s:
            self.status_due_s = now_s + self.polling.status_every_s
            return wire.ReadStatus(ref)
        return None

    def next_page(self, ref: int) -> wire.Request | None:
        return wire.ReadLog(ref, self.log.next, LOG_ENTRIES_PER_PAGE_MAX) if self.log.unread else None

    def next_order(self, ref: int, now: datetime, rate: float) -> wire.Request | None:
        if self.order_waiting is None:
            return None
        self.order, self.order_waiting = self.order_waiting, None
        return translate.order(ref, self.order, now, rate)

    def next_wish(self, ref: int, wishes: Wishes) -> wire.Request | None:
        """Each once a session, and a confirmation only of what this session's log has shown."""
        if wishes.shown is not None and wishes.shown != self.done.shown:
            self.done = Wishes(wishes.shown, self.done.confirmed)
            return translate.show(ref, *wishes.shown)
        if wishes.confirmed is None or wishes.confirmed == self.done.confirmed:
            return None
        log_id, upto, epoch, head = wishes.confirmed
        if log_id != self.log.log_id or upto >= self.log.next:
            return None
        self.done = Wishes(self.done.shown, wishes.confirmed)
        return wire.ConfirmLog(ref, upto, epoch, bytes.fromhex(head))

    # --- what is due ---

    def due_s(self, polled: bool) -> float | None:
        """The monotonic instant at which something must be looked at; `polled`: in this state we poll."""
        instants = [self.link.next_timeout_s(), self.order_due_s]
        if self.asked is not None:
            instants.append(self.asked.at_s + REPLY_TIMEOUT_S)
        elif polled:
            instants += [self.clock_due_s, self.status_due_s]
        return min((instant for instant in instants if instant is not None), default=None)

    def overdue(self, now_s: float) -> str:
        """The code of what did not come in time; empty: nothing."""
        if self.asked is not None and now_s >= self.asked.at_s + REPLY_TIMEOUT_S:
            return "no_reply"
        if self.order_due_s is not None and now_s >= self.order_due_s:
            return "motion_overdue"
        return ""

    def has_asked_clock(self, now_s: float) -> bool:
        return self.clock_due_s > now_s

    # --- what the robot said ---

    def answered(self, message: wire.Message) -> Asked:
        """The request that this replies to."""
        asked = self.asked
        if asked is None or asked.request.ref != getattr(message, "ref", None):
            formatted = isinstance(message, wire.HelloReply) and message.log_id.hex() != self.log.log_id
            raise RobotMisbehaved("log_id_changed" if formatted else "unexpected_reply")
        self.asked = None
        return asked

    def learn_uptime(self, asked: Asked, uptime_ms: int) -> None:
        if self.uptime is not None and uptime_ms < self.uptime.uptime_ms:
            raise RobotMisbehaved("robot_rebooted")
        self.uptime = Uptime(asked.at_s, uptime_ms)

    def read(self, page: wire.LogPage, at: datetime) -> Sequence[events.RobotLogged]:
        self.log = self.log.after(page)
        for entry in page.entries:
            ended = entry.kind in (wire.EntryKind.ENDED, wire.EntryKind.CANCELLED)
            if ended and self.order is not None and entry.order_id.hex() == self.order.order_id:
                self.order = self.order_due_s = None
        return [translate.logged(entry, self.robot, self.log.log_id, at) for entry in page.entries]

    def answer(self, reply: wire.OrderReply, now_s: float, at: datetime) -> events.OrderEnded | None:
        """The robot's word on the order in flight; its result, where that is already one."""
        order = self.order
        if order is None or reply.order_id.hex() != order.order_id:
            raise RobotMisbehaved("unexpected_reply")
        if reply.accepted and reply.log_index >= self.log.next:
            self.order_due_s = now_s + MOTION_S
            return None
        if not reply.accepted and reply.error in SAYS_NOTHING:
            raise RobotMisbehaved("order_unanswered")
        self.order = None
        # Accepted before: the robot knows the id, and the log that we have read says the rest.
        return None if reply.accepted else translate.refused(order, reply, at)

    def press_age_ms(self, press: wire.Pressed | wire.PersonalPress, now_s: float) -> int | str:
        """Rule 2: the age of a press, or the code of why it can't be counted."""
        if self.uptime is None or press.uptime_ms < self.began_uptime_ms:
            return "press_before_session"
        age_ms = self.uptime.age_ms(press.uptime_ms, now_s)
        return max(age_ms, 0) if age_ms >= -PRESS_AHEAD_MS_MAX else "press_in_future"
