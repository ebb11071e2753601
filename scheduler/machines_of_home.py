"""The state machines of a home, each as one table: incidents and their delivery, modes and pauses, robots,
the clock, the test alarm.

Knows the words of events. Where a world keeps a machine's state in fields of its own, `standing` reads it
from there. docs/machines.md shows them as diagrams, tests/scheduler/test_machines.py asserts every cell.
"""

from __future__ import annotations

from enum import StrEnum

from scheduler.events import Mode, State
from scheduler.table import Table

# --- an incident, and whether on-call has it --------------------------------------------------------


class IncidentInput(StrEnum):
    CHANGED = "changed"  # other words, or more urgent without being told anew
    REOPENED = "reopened"
    CLEARED = "cleared"  # by evidence
    TAKEN = "taken"
    HANDLED = "handled"
    CLOSED = "closed"
    PUBLISHED = "published"  # these three are told by the way to on-call
    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"


_S, _II = State, IncidentInput
_UNOWNED = (_S.RAISED, _S.PUBLISHED, _S.DELIVERED)
_OPEN = (*_UNOWNED, _S.ACKNOWLEDGED)

INCIDENT = Table(
    "incident",
    "One cause, until evidence clears it or its owner closes it (S4). Handled and closed come together.",
    State,
    IncidentInput,
    {
        **{(state, _II.CHANGED): state for state in _OPEN},
        **{(state, _II.REOPENED): _S.RAISED for state in (*_OPEN, _S.CLOSED)},
        **{(state, _II.CLEARED): _S.CLOSED for state in (*_OPEN, _S.CLOSED)},
        **{(state, _II.TAKEN): _S.ACKNOWLEDGED for state in _OPEN},
        (_S.ACKNOWLEDGED, _II.HANDLED): _S.HANDLED,
        (_S.HANDLED, _II.CLOSED): _S.CLOSED,
        **{(state, _II.PUBLISHED): state for state in State},
        (_S.RAISED, _II.PUBLISHED): _S.PUBLISHED,
        **{(state, _II.UNDELIVERED): state for state in State},
        **{(state, _II.DELIVERED): state for state in State},
        (_S.RAISED, _II.DELIVERED): _S.DELIVERED,
        (_S.PUBLISHED, _II.DELIVERED): _S.DELIVERED,
    },
)


class Delivery(StrEnum):
    """Of an incident's newest revision."""

    OWED = "owed"
    UNDELIVERED = "undelivered"  # owed for too long: the robot shows it
    RECEIPTED = "receipted"  # on-call's signed receipt


class DeliveryInput(StrEnum):
    REVISED = "revised"
    TOO_LONG = "too_long"
    RECEIPT = "receipt"
    OLD_RECEIPT = "old_receipt"  # of a revision before the newest


_D, _DI = Delivery, DeliveryInput

DELIVERY = Table(
    "delivery",
    "Whether on-call has an incident's newest revision (S4). A new revision does not end the wait.",
    Delivery,
    DeliveryInput,
    {
        (_D.OWED, _DI.REVISED): _D.OWED,
        (_D.UNDELIVERED, _DI.REVISED): _D.UNDELIVERED,
        (_D.RECEIPTED, _DI.REVISED): _D.OWED,
        (_D.OWED, _DI.TOO_LONG): _D.UNDELIVERED,
        **{(state, _DI.RECEIPT): _D.RECEIPTED for state in Delivery},
        **{(state, _DI.OLD_RECEIPT): state for state in Delivery},
    },
)


# --- how a resident gets their medicine for now -----------------------------------------------------

MODE = Table(
    "mode",
    "How much the robot does for a resident (rule 22). Every way is a person's word; no way is time's.",
    Mode,
    Mode,
    {(mode, wanted): wanted for mode in Mode for wanted in Mode},
)


class Paused(StrEnum):
    NO = "no"
    YES = "yes"
    ACTED = "acted"  # somebody pressed meanwhile, and nobody has looked into it


class PauseInput(StrEnum):
    BEGUN = "begun"
    REVIEWED = "reviewed"
    ENDED = "ended"
    ACTION = "action"
    REVIEW_CLOSED = "review_closed"  # a person closed the incident: it stays as it is
    ACTION_CLOSED = "action_closed"


_P, _PI = Paused, PauseInput

PAUSE = Table(
    "pause",
    "A resident who is away (rule 22). Only a named person begins, reviews or ends it.",
    Paused,
    PauseInput,
    {
        (_P.NO, _PI.BEGUN): _P.YES,
        (_P.YES, _PI.BEGUN): _P.YES,  # with another end
        (_P.ACTED, _PI.BEGUN): _P.ACTED,
        (_P.YES, _PI.REVIEWED): _P.YES,
        (_P.ACTED, _PI.REVIEWED): _P.ACTED,
        (_P.YES, _PI.ENDED): _P.NO,
        (_P.ACTED, _PI.ENDED): _P.NO,
        (_P.YES, _PI.ACTION): _P.ACTED,
        **{(state, _PI.REVIEW_CLOSED): state for state in Paused},
        **{(state, _PI.ACTION_CLOSED): state for state in Paused},
        (_P.ACTED, _PI.ACTION_CLOSED): _P.YES,
    },
)


# --- the home ---------------------------------------------------------------------------------------


class RobotState(StrEnum):
    """What a robot is to this home."""

    ABSENT = "absent"
    IDENTIFIED = "identified"  # catching up: nothing may be ordered
    READY = "ready"
    REJECTED = "rejected"  # something answers, but it is not the robot we serve


class RobotInput(StrEnum):
    IDENTIFIED = "identified"
    CAUGHT_UP = "caught_up"
    LOST = "lost"
    REJECTED = "rejected"
    RESTARTED = "restarted"  # the home


LINK = Table(
    "robot",
    "The session with a robot (P5). Nothing is ordered before its log has been read to the end.",
    RobotState,
    RobotInput,
    {
        **{(state, RobotInput.IDENTIFIED): RobotState.IDENTIFIED for state in RobotState},
        (RobotState.IDENTIFIED, RobotInput.CAUGHT_UP): RobotState.READY,
        (RobotState.READY, RobotInput.CAUGHT_UP): RobotState.READY,
        **{(state, RobotInput.LOST): RobotState.ABSENT for state in RobotState},
        **{(state, RobotInput.REJECTED): RobotState.REJECTED for state in RobotState},
        **{(state, RobotInput.RESTARTED): RobotState.ABSENT for state in RobotState},
    },
)


class ClockTrust(StrEnum):
    UNTRUSTED = "untrusted"
    TRUSTED = "trusted"


class ClockInput(StrEnum):
    VOUCHED = "vouched"  # a robot's clock agrees
    DOUBTED = "doubted"
    OUTVOTED = "outvoted"  # doubted by one robot, and another one's clock still vouches
    RESTARTED = "restarted"


CLOCK = Table(
    "clock",
    "Whether the home's clock decides anything (rules 17 and 18, P10).",
    ClockTrust,
    ClockInput,
    {
        **{(state, ClockInput.VOUCHED): ClockTrust.TRUSTED for state in ClockTrust},
        **{(state, ClockInput.DOUBTED): ClockTrust.UNTRUSTED for state in ClockTrust},
        (ClockTrust.TRUSTED, ClockInput.OUTVOTED): ClockTrust.TRUSTED,
        **{(state, ClockInput.RESTARTED): ClockTrust.UNTRUSTED for state in ClockTrust},
    },
)


class AlarmTestState(StrEnum):
    """Of the newest test alarm. A receipt that comes late leaves it failed."""

    NONE = "none"
    BEGUN = "begun"
    UNDER_WAY = "under_way"
    PASSED = "passed"
    FAILED = "failed"


class AlarmTestInput(StrEnum):
    BEGUN = "begun"
    RAISED = "raised"  # as an incident at info
    FAILED = "failed"  # no receipt in time: the incident is told to people
    RECEIPTED = "receipted"
    CLEARED = "cleared"


_A, _AI = AlarmTestState, AlarmTestInput

ALARM_TEST = Table(
    "test alarm",
    "The weekly test of the way to on-call (rule 27). One at a time; only a receipt in time passes it.",
    AlarmTestState,
    AlarmTestInput,
    {
        **{(state, _AI.BEGUN): _A.BEGUN for state in (_A.NONE, _A.PASSED, _A.FAILED)},
        (_A.BEGUN, _AI.RAISED): _A.UNDER_WAY,
        (_A.UNDER_WAY, _AI.FAILED): _A.FAILED,
        (_A.FAILED, _AI.FAILED): _A.FAILED,
        **{(state, _AI.RECEIPTED): state for state in AlarmTestState},
        (_A.UNDER_WAY, _AI.CLEARED): _A.PASSED,
        (_A.FAILED, _AI.CLEARED): _A.FAILED,
    },
)
