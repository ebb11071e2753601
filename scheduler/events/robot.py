"""What the robot said, and what was ordered of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.events.words import Answer, Order, OrderKind, Result, RobotStatus


@dataclass(frozen=True, slots=True)
class RobotIdentified:
    """Hello was answered and the identity fits the configuration. Nothing may be ordered yet."""

    at: datetime
    robot: str  # serial number
    session: str
    firmware: str
    auth: str
    boot_id: str
    log_id: str
    log_horizon: int
    log_head: int
    host_epoch: int
    host_head: str
    answers: bool = False  # it has a button for each of `Answer`
    take_along: bool = False  # it lets several doses out at once, before a leave


@dataclass(frozen=True, slots=True)
class RobotCaughtUp:
    """Its log was read to the head stated at hello."""

    at: datetime
    robot: str
    session: str


@dataclass(frozen=True, slots=True)
class RobotLost:
    at: datetime
    reason: str
    robot: str = ""  # serial, here and below; "" in a journal of before 2026-11-23: the one robot


@dataclass(frozen=True, slots=True)
class RobotLogBroken:
    """The robot's log does not continue what we knew of it: absence proves nothing until it does (P7)."""

    at: datetime
    reason: str  # "formatted", "gap", "shorter", "rewritten"
    robot: str = ""


@dataclass(frozen=True, slots=True)
class RobotRejected:
    """What answered on the port is not the robot we serve; nothing is sent to it."""

    at: datetime
    reason: str  # "wrong_serial", "wrong_family", "wrong_protocol", "auth_class"
    robot: str = ""  # the one that was expected there


@dataclass(frozen=True, slots=True)
class RobotReported:
    at: datetime
    status: RobotStatus
    robot: str = ""


@dataclass(frozen=True, slots=True)
class RobotLogged:
    """One entry of the robot's own log, read from it: the only proof of what matter did."""

    at: datetime
    log_id: str
    index: int
    entry: str  # protocol's EntryKind: accepted, started, ended, cancelled, lifted, loaded, cleared, opened
    robot_at: datetime
    boot_id: str
    order_id: str = ""
    order_kind: str = ""
    dose_id: str = ""
    label: str = ""
    result: str = ""  # of "ended": done, not_moved, unclear
    detail: str = ""
    robot: str = ""


@dataclass(frozen=True, slots=True)
class RobotDumped:
    """The last messages before a session ended in a fault, in words; kept encrypted (rule 25)."""

    at: datetime
    reason: str
    lines: tuple[str, ...]
    robot: str = ""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press at the robot in this session; `age_ms` by the robot's own uptime when it reached us."""

    at: datetime
    robot: str
    session: str
    age_ms: int
    answer: Answer = Answer.TAKE
    resident: str = ""  # who pressed, by their tag or code; "" = the robot does not know
    staff: str = ""  # which member of staff pressed, by their personal key
    tag: str = ""  # as read, until `receive` knows whose it is; journalled as "known" or "unknown" only
    helper: str | None = (
        None  # which named helper pressed, for `resident`; "" there: nobody could tell for whom
    )


@dataclass(frozen=True, slots=True)
class LockedOnTheSpot:
    """A member of staff stands at the robot and gives by hand: it offers nothing until they end that."""

    at: datetime
    robot: str
    by: str


@dataclass(frozen=True, slots=True)
class UnlockedOnTheSpot:
    at: datetime
    robot: str
    by: str


@dataclass(frozen=True, slots=True)
class PressSpent:
    """The press led to no order; the display says why."""

    at: datetime
    reason: str  # "nothing_due", "held", "old", "busy", "in_doubt", "who", "whose", or a reason of the gate
    robot: str = ""
    resident: str = ""  # who pressed, where the press said so
    dose_id: str = ""  # the one that needs more than this press: "personal_action"


@dataclass(frozen=True, slots=True)
class AttemptBlocked:
    """Somebody's press was for what is not theirs: nothing moved (S3), and staff hear of it once."""

    at: datetime
    robot: str
    reason: str  # "unknown_tag", "other_robot", "nothing_of_theirs"
    resident: str = ""


@dataclass(frozen=True, slots=True)
class OrderIssued:
    """Committed before its first byte leaves (P1)."""

    at: datetime
    order: Order
    helper: str | None = None  # whose press it answers, where a named helper pressed for the resident


@dataclass(frozen=True, slots=True)
class OrderRevoked:
    """The world changed before the order was sent: it will not be, and may only be proven (rule 11)."""

    at: datetime
    order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderEnded:
    """The order's result, from the robot's answer (a refusal) or its log."""

    at: datetime
    order_id: str
    dose_id: str
    kind: OrderKind
    result: Result
    reason: str  # "log", "not_moved", "never_seen", "cancelled", "started_not_ended", or a refusal code
    detail: str = ""  # the robot's sensor code


@dataclass(frozen=True, slots=True)
class MotionAdopted:
    """The robot's log holds a motion the journal never ordered: a fact about its dose (rule 16)."""

    at: datetime
    dose_id: str
    kind: OrderKind
    log_index: int
    label: str  # that its reader saw
    robot: str = ""
