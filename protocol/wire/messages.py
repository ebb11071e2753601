"""What host and robot say to each other: one frozen dataclass a message.

Knows the fields, their units and their limits (SPEC.md, section 4). Knows nothing of frames, sequence
numbers, doses or time. `codec` turns a message into canonical CBOR and back; `drivers.translate` and
`simulator.firmware` are the only callers that give the fields a meaning.

Host -> robot messages are requests; robot -> host messages are replies (they carry the request's
`ref`) or events (they carry none).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

PROTOCOL_VERSION = 1
"""Version of this document and of every body below; a peer with another one is refused (W-HELLO-2)."""

ID_BYTES = 16
"""Order ids, log ids, boot ids and resident keys are 128 bits: no counter that a reset could repeat."""


class OrderKind(StrEnum):
    """What the host may tell the robot to do with medicine."""

    RELEASE = "release"  # magazine -> holding place, after the label at the mouth was read
    PRESENT = "present"  # holding place -> tray
    RETRACT = "retract"  # tray -> holding place
    DIVERT = "divert"  # magazine or holding place -> locked store, never through the tray


class EntryKind(StrEnum):
    """What the robot's non-volatile log records."""

    ACCEPTED = "accepted"  # order taken in; nothing has moved
    STARTED = "started"  # written before the motor turns
    ENDED = "ended"  # written after it: result and sensors
    CANCELLED = "cancelled"  # accepted, never started, dropped by a later hello or a boot
    LIFTED = "lifted"  # a sachet was lifted out of the tray
    LOADED = "loaded"  # a magazine was put in: production id read
    CLEARED = "cleared"  # a person cleared a fault at the robot
    OPENED = "opened"  # lid or store opened


class MotionResult(StrEnum):
    """How a started motion ended, by the robot's own sensors."""

    DONE = "done"
    NOT_MOVED = "not_moved"  # the sensors prove that the sachet stayed where it was
    UNCLEAR = "unclear"  # the sensors contradict each other: the host treats it as Unknown


DOUBLE_FEED = "double_feed"
"""Fault, and detail of an `ended` entry: the sensors suspect that more than the one sachet moved
(W-ORDER-28)."""


class Source(StrEnum):
    """Where a divert takes its sachet from."""

    MAGAZINE = "magazine"
    HOLDING = "holding"


class Light(StrEnum):
    OFF = "off"
    STEADY = "steady"
    PULSE = "pulse"
    ALERT = "alert"


class Sound(StrEnum):
    NONE = "none"
    SOFT = "soft"
    LOUD = "loud"


class Answer(StrEnum):
    """What the resident said with a press. A robot with one button says `take`."""

    TAKE = "take"
    LATER = "later"
    NO_THANKS = "no_thanks"
    HELP = "help"
    AS_NEEDED = "as_needed"  # asks for medicine as needed
    FIRST = "first"  # of the answers that the display offers to a question
    SECOND = "second"
    THIRD = "third"


class Auth(StrEnum):
    """How the session is authenticated. Version 1 of the protocol defines only `none`."""

    NONE = "none"


class Error(IntEnum):
    """Why the robot refused a request (SPEC.md, section 8). Numbers are stable for ever."""

    UNSUPPORTED_VERSION = 1
    MALFORMED = 2
    UNKNOWN_MESSAGE = 3
    NOT_GREETED = 4  # no hello in this session yet
    BUSY = 5  # an order is in flight
    EXPIRED = 6
    ALREADY_RELEASED = 7
    OLD_PLAN = 8
    TOO_SOON = 9  # minimum time since this resident's last release of another slot
    TOO_MANY = 10  # maximum of releases for this resident in 24 h of uptime
    LABEL_MISMATCH = 11
    LABEL_UNREADABLE = 12
    PLACE_OCCUPIED = 13  # holding place or tray not proven empty
    PLACE_EMPTY = 14  # nothing there to present, retract or divert
    STORE_FULL = 15
    FAULTED = 16  # a person must clear a fault first
    NO_MAGAZINE = 17
    LOG_FULL = 18  # the release ring has no room before the host confirms
    CLOCK_REFUSED = 19  # over 2 min or backwards, without a person's key
    LIMIT = 20  # a field exceeds the limits table
    LID_OPEN = 21


# --- host -> robot ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """First message of a session. Cancels what was accepted and not started; shows the host's position."""

    ref: int
    protocol: int
    host_epoch: int  # journal epoch of the host
    host_head: bytes  # chain hash of the host's journal head, 32 bytes, empty if none


@dataclass(frozen=True, slots=True)
class ReadClock:
    ref: int


@dataclass(frozen=True, slots=True)
class SetClock:
    """Refused when over 2 min away or backwards (CLOCK_REFUSED) once the clock is commissioned."""

    ref: int
    utc_ms: int


@dataclass(frozen=True, slots=True)
class ReadStatus:
    ref: int


@dataclass(frozen=True, slots=True)
class Order:
    """One order. `label`: what the reader must see before anything moves; empty where there is none to
    read (a retract, or a divert of what a person has found unreadable)."""

    ref: int
    order_id: bytes  # 16 bytes
    kind: OrderKind
    resident: bytes  # 16 bytes, permanent resident key
    dose_id: str
    plan_version: int
    label: str
    source: Source  # of a divert; MAGAZINE for a release, HOLDING for a present
    expires_in_ms: int  # counted by the robot's uptime from the arrival of this message
    take_along: bool = False  # of several that leave at once, before a leave (W-ORDER-27)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the robot shows until the next prompt. At most 4 lines of 40 characters."""

    ref: int
    light: Light
    sound: Sound
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadLog:
    ref: int
    first: int  # index of the first entry wanted
    count_max: int  # at most 16


@dataclass(frozen=True, slots=True)
class ConfirmLog:
    """The host has committed every entry up to and including `upto`; the robot keeps (epoch, head)."""

    ref: int
    upto: int
    host_epoch: int
    host_head: bytes


# --- robot -> host, replies ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HelloReply:
    ref: int
    protocol: int
    serial: str
    family: str  # "sachet_roll"
    firmware: str
    capabilities: tuple[str, ...]
    auth: Auth
    boot_id: bytes  # random at every boot
    log_id: bytes  # random at every format of the log
    log_horizon: int  # index of the oldest entry still held
    log_head: int  # index of the newest entry; horizon - 1 when the log is empty
    host_epoch: int  # highest (epoch, head) a host has confirmed here; 0 and empty if none
    host_head: bytes
    uptime_ms: int


@dataclass(frozen=True, slots=True)
class Clock:
    ref: int
    utc_ms: int
    uptime_ms: int
    commissioned: bool  # set by a person, or in a trusted session since
    battery_ok: bool  # the battery clock has run without a gap since it was set
    set_utc_ms: int  # when it was last set (its drift bound counts from here)
    drift_ppm_max: int


@dataclass(frozen=True, slots=True)
class Status:
    """Also sent unasked with ref 0 whenever a field other than uptime or battery changes."""

    ref: int
    uptime_ms: int
    production_id: str  # of the magazine, as read; empty = none in place or unreadable
    mouth_label: str  # label at the magazine's mouth; empty = none or unreadable
    sachets_left: int  # by the robot's own count
    holding: bool  # a sachet is in the holding place
    tray: bool
    store_count: int
    store_max: int
    lid_open: bool
    mains: bool
    battery_percent: int
    fault: str  # empty, or a short code such as "motor_stall" or `DOUBLE_FEED` that a person must clear


@dataclass(frozen=True, slots=True)
class OrderReply:
    """The order is in the log as accepted (index), or refused with an error and nothing logged."""

    ref: int
    order_id: bytes
    accepted: bool
    log_index: int  # of the accepted entry; 0 when refused
    error: int  # Error, 0 when accepted


@dataclass(frozen=True, slots=True)
class Done:
    """Answer to Prompt, SetClock and ConfirmLog."""

    ref: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer to any request but Order that can't be met."""

    ref: int
    error: int


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry of the non-volatile log. Fields that a kind does not use are empty or zero."""

    index: int
    kind: EntryKind
    boot_id: bytes
    uptime_ms: int
    utc_ms: int  # the battery clock's
    order_id: bytes = b""
    order_kind: str = ""  # OrderKind
    resident: bytes = b""
    dose_id: str = ""
    plan_version: int = 0
    label: str = ""  # as read at the mouth or in the holding place
    result: str = ""  # MotionResult
    detail: str = ""  # sensor code such as "motor_stall" or `DOUBLE_FEED`, or a production id


@dataclass(frozen=True, slots=True)
class LogPage:
    ref: int
    horizon: int
    head: int
    entries: tuple[LogEntry, ...]


# --- robot -> host, events -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button was pressed. Not logged: a press nobody answered in this session is history."""

    uptime_ms: int
    answer: Answer = Answer.TAKE  # left out on the wire where it is `take` (W-EVENT-7)


@dataclass(frozen=True, slots=True)
class PersonalPress:
    """The button was pressed by somebody who showed a tag or typed a code (W-EVENT-9). Not logged."""

    uptime_ms: int
    tag: str  # as the reader told it, or as typed: whose it is, the robot does not know
    answer: Answer = Answer.TAKE  # as in Pressed


@dataclass(frozen=True, slots=True)
class Lifted:
    """The tray became empty by hand; the log holds the entry `log_index`."""

    uptime_ms: int
    log_index: int


@dataclass(frozen=True, slots=True)
class LabelRead:
    uptime_ms: int
    place: str  # "mouth" | "holding"
    label: str  # empty = unreadable


@dataclass(frozen=True, slots=True)
class LogGrew:
    """There are entries up to `head` to read."""

    head: int


Request = Hello | ReadClock | SetClock | ReadStatus | Order | Prompt | ReadLog | ConfirmLog
Reply = HelloReply | Clock | Status | OrderReply | Done | Refused | LogPage
RobotEvent = Pressed | Lifted | LabelRead | LogGrew | PersonalPress
Message = Request | Reply | RobotEvent
