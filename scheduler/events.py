"""What happened: the closed union `Event`. A journal row, a line on the terminal and a test's assertion
are all one of these.

Every event is a frozen dataclass in the past tense with `at`, the home's civil instant in UTC (whole
milliseconds). `record` turns one into plain JSON data and back; `world.evolve` is total over them. What
leaves the house is translated at the door (`dispenserd.mqtt`, `dispenserd.fagsystem`), never stored
differently.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from scheduler.plan import DosePlan, Plan
from scheduler.roll import Roll


class OrderKind(StrEnum):
    RELEASE = "release"  # magazine -> holding place; once per dose id, ever
    PRESENT = "present"  # holding place -> tray; repeatable until diverted
    RETRACT = "retract"  # tray -> holding place
    DIVERT = "divert"  # magazine or holding place -> locked store; final


class Result(StrEnum):
    """Of an order. Unknown is a value, not an error: only the robot's record or a person clears it (P2)."""

    DONE = "done"
    REFUSED = "refused"  # the robot's record proves that nothing moved
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """The fate of a dose: exactly one, with numbered corrections. Never `taken`: a robot can't know."""

    RETRIEVED = "retrieved"
    CONFIRMED = "confirmed"  # the resident had it, by a person's word
    MISSED = "missed"
    GIVEN_BY_STAFF = "given_by_staff"
    WITHHELD = "withheld"  # held, or no longer on the plan
    FAILED = "failed"  # robot or system at fault, no release was ever sent or none left the magazine
    UNCERTAIN = "uncertain"


class Priority(IntEnum):
    """After the logic of IEC 60601-1-8. Info never leaves the house and raises no incident."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Kind(StrEnum):
    """What an incident is about (the alarm catalogue in docs/safety.md)."""

    ABOUT_TO_MISS = "about_to_miss"
    LEFT_IN_TRAY = "left_in_tray"
    DOSE_MISSED = "dose_missed"
    RELEASE_FAILED = "release_failed"
    SACHET_MISMATCH = "sachet_mismatch"
    SACHET_UNREADABLE = "sachet_unreadable"
    ORDER_UNKNOWN = "order_unknown"  # dose in doubt
    DOSE_BLOCKED = "dose_blocked"  # a lock keeps this dose from being offered
    RECORD_CONTRADICTS = "record_contradicts"  # robot's record against a person's finding or the journal
    ROBOT_UNREACHABLE = "robot_unreachable"
    ROBOT_REFUSED = "robot_refused"  # wrong robot, protocol or authentication class
    ROBOT_FAULT = "robot_fault"
    CLOCK_UNTRUSTED = "clock_untrusted"
    PLAN_REFUSED = "plan_refused"
    ROLL_CONFLICT = "roll_conflict"  # magazine and manifest disagree, or nobody put in a manifest
    ROLL_EMPTY = "roll_empty"
    COMMAND_REFUSED = "command_refused"  # a forged, replayed or expired command arrived


class State(StrEnum):
    """Of an incident. Undelivered is a flag of it, not a state of its own."""

    RAISED = "raised"
    PUBLISHED = "published"  # the broker has it: paces us, proves nothing
    DELIVERED = "delivered"  # on-call's signed receipt
    ACKNOWLEDGED = "acknowledged"  # a person owns it
    HANDLED = "handled"  # a person gave a resolution
    CLOSED = "closed"


class Verdict(StrEnum):
    """What a named person decided about a dose."""

    GIVEN = "given"  # they gave it by hand; needs the token
    HAD_IT = "had_it"  # the resident had it
    NOT_GIVEN = "not_given"  # nobody had it: settles Unknown, or returns the token
    DISCARD = "discard"  # divert the sachet


@dataclass(frozen=True, slots=True)
class Order:
    """An order to the robot. `label` is what its reader must see first; empty where there is none."""

    order_id: str
    kind: OrderKind
    robot: str
    resident: str
    dose_id: str
    plan_version: int
    attempt: int
    source: str  # "magazine" | "holding" | "tray"
    label: str
    expires: datetime
    ground: str  # why: "press", "closing", "settled", "discard", "left"


@dataclass(frozen=True, slots=True)
class RobotStatus:
    """The robot's sensors, as it reported them."""

    production_id: str
    mouth_label: str
    sachets_left: int
    holding: bool
    tray: bool
    store_count: int
    store_max: int
    lid_open: bool
    mains: bool
    battery_percent: int
    fault: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One cause about one dose, robot or plan, as the staff sees it at `revision`."""

    incident_id: str
    subject: str  # "dose:<id>", "robot:<serial>", "plan:<resident>", "roll:<resident>", "home"
    kind: Kind
    priority: Priority
    dose_id: str  # empty unless the subject is a dose
    raised: datetime
    deadline: datetime  # acknowledge by
    detail: str = ""  # a code, never a name or a drug
    revision: int = 1
    state: State = State.RAISED
    undelivered: bool = False
    owner: str = ""
    holds_token: bool = False  # the owner may give the dose by hand: the home has confirmed it
    resolution: str = ""
    cleared: bool = False  # the cause is gone
    changed: datetime | None = None  # of the newest revision


# --- the home ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DaemonStarted:
    at: datetime
    version: str
    box: str
    epoch: int


@dataclass(frozen=True, slots=True)
class ProofCommitted:
    """An idle home proves that its store still commits (rule 27)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class ClockTrusted:
    at: datetime
    source: str  # "robot:<serial>"


@dataclass(frozen=True, slots=True)
class ClockDoubted:
    at: datetime
    reason: str  # "disagrees", "not_commissioned", "battery_gap", "drift", "behind_journal", "stepped"


# --- plan and roll ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlanAccepted:
    at: datetime
    plan: Plan


@dataclass(frozen=True, slots=True)
class PlanRefused:
    """A bundle was refused whole; the accepted plan stays. `path` points into it, never quotes it."""

    at: datetime
    resident: str
    reason: str
    path: str
    fingerprint: str  # SHA-256 of the file: the same broken file is refused once


@dataclass(frozen=True, slots=True)
class DosePlanned:
    """A dose entered the plan, or its time or content changed while its window was not open."""

    at: datetime
    dose: DosePlan


@dataclass(frozen=True, slots=True)
class DoseWithdrawn:
    """A newer plan no longer asks for this dose."""

    at: datetime
    dose_id: str
    plan_version: int


@dataclass(frozen=True, slots=True)
class DayPlanned:
    """Every dose of this resident up to and including this date has been planned."""

    at: datetime
    resident: str
    day: str  # ISO date
    plan_version: int


@dataclass(frozen=True, slots=True)
class RollLoaded:
    at: datetime
    roll: Roll
    by: str


@dataclass(frozen=True, slots=True)
class RollRefused:
    at: datetime
    reason: str  # "robot_unreachable", "wrong_production_id", "wrong_resident"


# --- the robot --------------------------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class RobotLogBroken:
    """The robot's log does not continue what we knew of it: absence proves nothing until it does (P7)."""

    at: datetime
    reason: str  # "formatted", "gap", "shorter", "rewritten"


@dataclass(frozen=True, slots=True)
class RobotRejected:
    """What answered on the port is not the robot we serve; nothing is sent to it."""

    at: datetime
    reason: str  # "wrong_serial", "wrong_family", "wrong_protocol", "auth_class"


@dataclass(frozen=True, slots=True)
class RobotReported:
    at: datetime
    status: RobotStatus


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


@dataclass(frozen=True, slots=True)
class RobotDumped:
    """The last messages before a session ended in a fault, in words; kept encrypted (rule 25)."""

    at: datetime
    reason: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A press at the robot in this session; `age_ms` by the robot's own uptime when it reached us."""

    at: datetime
    robot: str
    session: str
    age_ms: int


@dataclass(frozen=True, slots=True)
class PressSpent:
    """The press led to no order; the display says why."""

    at: datetime
    reason: str  # "nothing_due", "blocked", "held", "too_soon", "old", "clock", "with_staff"


# --- orders -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderIssued:
    """Committed before its first byte leaves (P1)."""

    at: datetime
    order: Order


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


# --- doses ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DoseDue:
    at: datetime
    dose_id: str


@dataclass(frozen=True, slots=True)
class ReminderGiven:
    at: datetime
    dose_id: str
    number: int  # from 1


@dataclass(frozen=True, slots=True)
class DoseHeld:
    """The sachet must not be released until a person decided."""

    at: datetime
    dose_id: str
    reason: (
        str  # "label_mismatch", "label_unreadable", "no_manifest", "wrong_production_id", "wrong_resident"
    )
    label: str  # as read; empty = none


@dataclass(frozen=True, slots=True)
class OutcomeRecorded:
    at: datetime
    dose_id: str
    revision: int  # 1, then a correction each; earlier ones are never deleted
    outcome: Outcome
    late: bool  # retrieved after the half window
    by: str  # a person, or "" where the robot's record says it
    reason: str
    happened: datetime


@dataclass(frozen=True, slots=True)
class FindingContradicted:
    """The robot's record came in after a person had settled the doubt, and says otherwise (rule 6)."""

    at: datetime
    dose_id: str
    log_index: int


@dataclass(frozen=True, slots=True)
class TokenPassed:
    """The right to give this dose by hand passed from the robot to a named person (rule 5)."""

    at: datetime
    dose_id: str
    to: str
    incident_id: str


@dataclass(frozen=True, slots=True)
class TokenReturned:
    at: datetime
    dose_id: str
    by: str


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """A named person's word about a dose, accepted."""

    at: datetime
    decision_id: str
    dose_id: str
    verdict: Verdict
    by: str
    reason: str
    via: str  # "home" | "oncall"
    found: str = ""  # of not_given in doubt: "found_in_magazine", "found_in_holding", "found_out"


@dataclass(frozen=True, slots=True)
class CommandAnswered:
    """A command from on-call was carried out or refused; the answer travels back. Its nonce is kept."""

    at: datetime
    command_id: str
    accepted: bool
    reason: str  # "done", or why not
    incident_id: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class AnswerDelivered:
    """On-call's receipt for our answer to a command."""

    at: datetime
    command_id: str


# --- incidents --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IncidentRaised:
    at: datetime
    incident: Incident


@dataclass(frozen=True, slots=True)
class IncidentChanged:
    """Kind, priority, deadline or detail of the same cause changed; a higher priority reopens it."""

    at: datetime
    incident_id: str
    revision: int
    kind: Kind
    priority: Priority
    deadline: datetime
    detail: str
    reopened: bool


@dataclass(frozen=True, slots=True)
class IncidentCleared:
    """The cause is gone by evidence; nobody acknowledged it by that."""

    at: datetime
    incident_id: str
    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class IncidentPublished:
    at: datetime
    incident_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class IncidentUndelivered:
    """No receipt in time, or the broker refused it; shown on the robot until a receipt comes."""

    at: datetime
    incident_id: str
    revision: int
    reason: str  # "no_receipt", "refused"


@dataclass(frozen=True, slots=True)
class IncidentDelivered:
    """On-call's signed receipt for this revision."""

    at: datetime
    incident_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class IncidentTaken:
    at: datetime
    incident_id: str
    revision: int
    by: str


@dataclass(frozen=True, slots=True)
class IncidentHandled:
    at: datetime
    incident_id: str
    revision: int
    by: str
    resolution: str


@dataclass(frozen=True, slots=True)
class IncidentClosed:
    at: datetime
    incident_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class AdministrationFiled:
    """The fagsystem holds this administration."""

    at: datetime
    administration_id: str


Event = (
    DaemonStarted
    | ProofCommitted
    | ClockTrusted
    | ClockDoubted
    | PlanAccepted
    | PlanRefused
    | DosePlanned
    | DoseWithdrawn
    | DayPlanned
    | RollLoaded
    | RollRefused
    | RobotIdentified
    | RobotCaughtUp
    | RobotLost
    | RobotLogBroken
    | RobotRejected
    | RobotReported
    | RobotLogged
    | RobotDumped
    | Pressed
    | PressSpent
    | OrderIssued
    | OrderRevoked
    | OrderEnded
    | MotionAdopted
    | DoseDue
    | ReminderGiven
    | DoseHeld
    | OutcomeRecorded
    | FindingContradicted
    | TokenPassed
    | TokenReturned
    | DecisionMade
    | CommandAnswered
    | AnswerDelivered
    | IncidentRaised
    | IncidentChanged
    | IncidentCleared
    | IncidentPublished
    | IncidentUndelivered
    | IncidentDelivered
    | IncidentTaken
    | IncidentHandled
    | IncidentClosed
    | AdministrationFiled
)
