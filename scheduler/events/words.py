"""The words that events are made of; each has one meaning (docs/safety.md).

States, kinds, verdicts, and the three things that events carry whole: an order, the robot's sensors, an
incident.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum


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
    WITNESSED = "witnessed"  # a named member of staff saw it
    MISSED = "missed"
    GIVEN_BY_STAFF = "given_by_staff"
    TAKEN_ALONG = "taken_along"  # handed out before a leave, to be had at its time
    REFUSED = "refused"  # the resident said no thanks
    WITHHELD = "withheld"  # held, paused, suspended, or no longer on the plan
    FAILED = "failed"  # robot or system at fault, no release was ever sent or none left the magazine
    UNCERTAIN = "uncertain"


class Priority(IntEnum):
    """After the logic of IEC 60601-1-8. Info stays in the house and raises no incident; a test alarm alone is
    told to on-call at info, where nobody is disturbed by it."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Kind(StrEnum):
    """What an incident is about (the alarm catalogue in docs/safety.md)."""

    DOSE_DUE = "dose_due"  # of a resident whom staff remind, not the robot
    ABOUT_TO_MISS = "about_to_miss"
    LEFT_IN_TRAY = "left_in_tray"
    DOSE_MISSED = "dose_missed"
    DOSE_REFUSED = "dose_refused"  # the resident said no thanks
    AS_NEEDED_LIMIT = "as_needed_limit"  # asked for beyond the most that may be had
    AS_NEEDED_UNSURE = "as_needed_unsure"  # nobody knows lately enough what was given elsewhere
    SIDE_UNCONFIRMED = "side_unconfirmed"  # medicine beside the robot that nobody confirmed
    HELP_ASKED = "help_asked"  # a wish to be called back: no emergency call
    ANSWER_FLAGGED = "answer_flagged"  # the resident answered a question so that somebody should read it
    NOT_WITNESSED = "not_witnessed"  # lifted, and no member of staff has said that they saw it
    RELEASE_FAILED = "release_failed"
    SACHET_MISMATCH = "sachet_mismatch"
    SACHET_UNREADABLE = "sachet_unreadable"
    ORDER_UNKNOWN = "order_unknown"  # dose in doubt
    DOSE_BLOCKED = "dose_blocked"  # a lock keeps this dose from being offered
    RECORD_CONTRADICTS = "record_contradicts"  # robot's record against a person's finding or the journal
    ROBOT_UNREACHABLE = "robot_unreachable"
    ROBOT_REFUSED = "robot_refused"  # wrong robot, protocol or authentication class
    ROBOT_FAULT = "robot_fault"
    DOUBLE_FEED = "double_feed"  # more than the one sachet may have moved
    CLOCK_UNTRUSTED = "clock_untrusted"
    JOURNAL_BEHIND = "journal_behind"  # robot or on-call know more of this journal than it holds
    PLAN_REFUSED = "plan_refused"
    ROLL_CONFLICT = "roll_conflict"  # magazine, manifest and plan disagree, or nobody put in a manifest
    REFILL_DUE = "refill_due"  # the roll ends before the plan does
    REFILL_WRONG = "refill_wrong"  # sachets are missing, for another time, or for doses that were had
    ROLL_EMPTY = "roll_empty"
    SACHETS_UNCOUNTED = "sachets_uncounted"  # a magazine left its robot, and some of it is nowhere yet
    MAINS_LOST = "mains_lost"
    BATTERY_SHORT = "battery_short"  # it does not last to the end of the next dose
    STORE_FAILED = "store_failed"  # disk full, database broken: the home stopped and was started again
    COMMAND_REFUSED = "command_refused"  # a forged, replayed or expired command arrived
    ATTEMPT_BLOCKED = "attempt_blocked"  # a press at a robot for what is not that person's
    TEST_ALARM = "test_alarm"  # from here to on-call and back; info under way, high where it got no receipt
    PLAN_ENDS = "plan_ends"  # little is left of the plan, or nothing stands in it
    CERTIFICATE_EXPIRES = "certificate_expires"  # of the way to the broker
    CHORE_FAILED = "chore_failed"  # several times in a row
    MODE_REVIEW = "mode_review"  # a restrictive mode: does it still fit?
    PAUSE_REVIEW = "pause_review"  # a pause without an end: is the resident still away?
    PAUSE_OVER = "pause_over"  # past its end, and nobody resumed
    PAUSED_ACTION = "paused_action"  # somebody pressed for a resident who is not there
    TAKE_ALONG_INCOMPLETE = "take_along_incomplete"  # the resident leaves, and not all is handed out
    TAKE_ALONG_OVERDUE = "take_along_overdue"  # what came back is not counted
    CALL_RESIDENT = "call_resident"  # medicine that they have in their hands was changed
    LIST_REFUSED = "list_refused"  # of critical and controlled medicine: the one before stays in force
    CLOCK_TIMES_REFUSED = "clock_times_refused"  # when morning is: the times before stay in force


class State(StrEnum):
    """Of an incident. Undelivered is a flag of it, not a state of its own."""

    RAISED = "raised"
    PUBLISHED = "published"  # the broker has it: paces us, proves nothing
    DELIVERED = "delivered"  # on-call's signed receipt
    ACKNOWLEDGED = "acknowledged"  # a person owns it
    HANDLED = "handled"  # a person gave a resolution
    CLOSED = "closed"


class Answer(StrEnum):
    """What the resident said with a press."""

    TAKE = "take"
    LATER = "later"
    NO_THANKS = "no_thanks"
    HELP = "help"
    AS_NEEDED = "as_needed"
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"


class Question(StrEnum):
    """What the display may ask; `scheduler.questions` has the answers to each."""

    WHY_NOT = "why_not"  # after no thanks; optional
    WHAT_FOR = "what_for"  # of medicine as needed
    EFFECT = "effect"  # whether it helped


class Verdict(StrEnum):
    """What a named person decided about a dose."""

    GIVEN = "given"  # they gave it by hand; needs the token
    HAD_IT = "had_it"  # the resident had it
    NOT_GIVEN = "not_given"  # nobody had it: settles Unknown, or returns the token
    DISCARD = "discard"  # divert the sachet
    WITNESSED = "witnessed"  # they saw the resident take what the robot handed out
    LET_GO = "let_go"  # the held sachet is this dose's after all; counts with a second person's word


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
    ground: str  # why: "press", "closing", "settled", "discard", "left", "plan", "paused", "suspended", ...
    take_along: bool = False  # before a leave: the robot's least time between two releases does not count


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
    subject: str
    """What it is about: "dose:<id>"; "robot:", "press:", "clock:", "power:", "feed:" and a serial; "plan:",
    "roll:", "strip:", "horizon:", "count:", "mode:", "pause:", "paused:", "leave:", "back:", "as_needed:" and
    a resident key; "help:" and either; or one of the home's."""
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
