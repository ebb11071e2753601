"""The state machines of one dose beside its own (`dose`), each as one table: its order to the robot, who may
give it, its outcome, what the resident said of it, what the display asks.

Knows the words of events. Where a world keeps a machine's state in fields of its own, `standing` reads it
from there. docs/machines.md shows them as diagrams, tests/scheduler/test_machines.py asserts every cell.
"""

from __future__ import annotations

from enum import StrEnum

from scheduler.events import Outcome
from scheduler.table import Table

# --- the order to a robot ---------------------------------------------------------------------------


class OrderState(StrEnum):
    """Of a dose: which order of it waits for a result."""

    NONE = "none"
    ISSUED = "issued"
    ACCEPTED = "accepted"
    STARTED = "started"
    IN_DOUBT = "in_doubt"  # ended without a result that anybody knows (P2)


class OrderInput(StrEnum):
    ISSUED = "issued"
    REVOKED = "revoked"  # never sent
    ACCEPTED = "accepted"  # these two: the robot's log
    STARTED = "started"
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    LIFTED = "lifted"  # the lift is the end of whatever order there was
    FOUND = "found"  # a person's finding


_O, _OI = OrderState, OrderInput
_IN_FLIGHT = (_O.ISSUED, _O.ACCEPTED, _O.STARTED)
_UNPROVEN = (*_IN_FLIGHT, _O.IN_DOUBT)

ORDER = Table(
    "order",
    "The order of one dose to its robot (P1-P9). A dose in doubt may be put away, never offered.",
    OrderState,
    OrderInput,
    {
        (_O.NONE, _OI.ISSUED): _O.ISSUED,
        (_O.IN_DOUBT, _OI.ISSUED): _O.ISSUED,
        (_O.ISSUED, _OI.REVOKED): _O.NONE,
        **{(state, _OI.ACCEPTED): state for state in OrderState},
        (_O.ISSUED, _OI.ACCEPTED): _O.ACCEPTED,
        **{(state, _OI.STARTED): state for state in OrderState},
        **{(state, _OI.STARTED): _O.STARTED for state in _IN_FLIGHT},
        **{(state, _OI.DONE): _O.NONE for state in _UNPROVEN},
        **{(state, _OI.REFUSED): _O.NONE for state in _UNPROVEN},
        **{(state, _OI.UNKNOWN): _O.IN_DOUBT for state in _UNPROVEN},
        **{(state, _OI.LIFTED): _O.NONE for state in OrderState},
        (_O.NONE, _OI.FOUND): _O.NONE,
        (_O.IN_DOUBT, _OI.FOUND): _O.NONE,
    },
)


# --- a held sachet ----------------------------------------------------------------------------------


class Hold(StrEnum):
    """Of a dose's sachet."""

    FREE = "free"
    HELD = "held"
    ONE_WORD = "one_word"  # one person has said that it may go: nothing has changed
    LET_GO = "let_go"  # by two


class HoldInput(StrEnum):
    HELD = "held"
    FIRST = "first"  # word of two
    SECOND = "second"  # another person's, about the same sachet, in time
    CHECKED = "checked"  # one person looked, and it fits by now


_H, _HI = Hold, HoldInput

HOLD = Table(
    "hold",
    "A held sachet (rule 3): let go by one where it fits by now, else by two. Held again, two again.",
    Hold,
    HoldInput,
    {
        (_H.FREE, _HI.HELD): _H.HELD,
        (_H.LET_GO, _HI.HELD): _H.HELD,
        (_H.HELD, _HI.FIRST): _H.ONE_WORD,
        (_H.ONE_WORD, _HI.FIRST): _H.ONE_WORD,  # the one before came too long ago, or of another sachet
        (_H.ONE_WORD, _HI.SECOND): _H.LET_GO,
        (_H.HELD, _HI.CHECKED): _H.FREE,
        (_H.ONE_WORD, _HI.CHECKED): _H.FREE,
    },
)


# --- who may give a dose, and what became of it -----------------------------------------------------


class Token(StrEnum):
    ROBOT = "robot"
    PERSON = "person"


class TokenInput(StrEnum):
    PASSED = "passed"
    RETURNED = "returned"


TOKEN = Table(
    "token",
    "Who may give a dose (rule 5): one of the two, never both, and from one person never to another.",
    Token,
    TokenInput,
    {
        (Token.ROBOT, TokenInput.PASSED): Token.PERSON,
        (Token.PERSON, TokenInput.RETURNED): Token.ROBOT,
    },
)


class Fate(StrEnum):
    """What is written of a dose: nothing yet, or an outcome."""

    OPEN = "open"
    RETRIEVED = Outcome.RETRIEVED.value
    CONFIRMED = Outcome.CONFIRMED.value
    WITNESSED = Outcome.WITNESSED.value
    MISSED = Outcome.MISSED.value
    GIVEN_BY_STAFF = Outcome.GIVEN_BY_STAFF.value
    TAKEN_ALONG = Outcome.TAKEN_ALONG.value
    REFUSED = Outcome.REFUSED.value
    WITHHELD = Outcome.WITHHELD.value
    FAILED = Outcome.FAILED.value
    UNCERTAIN = Outcome.UNCERTAIN.value


_F = Fate
_NOT_HAD = (_F.MISSED, _F.REFUSED, _F.WITHHELD, _F.FAILED)
_HAD_AFTER_ALL = (_F.RETRIEVED, _F.CONFIRMED, _F.WITNESSED, _F.GIVEN_BY_STAFF, _F.TAKEN_ALONG)

OUTCOME = Table(
    "outcome",
    "The outcome of a dose and its corrections (rule 3). What was had is never unsaid; who saw it says more.",
    Fate,
    Outcome,
    {
        **{(_F.OPEN, outcome): Fate(outcome.value) for outcome in Outcome},
        **{(fate, Outcome(had.value)): had for fate in (*_NOT_HAD, _F.UNCERTAIN) for had in _HAD_AFTER_ALL},
        **{(_F.UNCERTAIN, Outcome(fate.value)): fate for fate in _NOT_HAD},
        (_F.TAKEN_ALONG, Outcome.CONFIRMED): _F.CONFIRMED,
        (_F.TAKEN_ALONG, Outcome.MISSED): _F.MISSED,  # these two: it came back
        (_F.TAKEN_ALONG, Outcome.FAILED): _F.FAILED,
        (_F.RETRIEVED, Outcome.CONFIRMED): _F.CONFIRMED,
        (_F.RETRIEVED, Outcome.WITNESSED): _F.WITNESSED,
        (_F.CONFIRMED, Outcome.WITNESSED): _F.WITNESSED,
    },
)


class Side(StrEnum):
    """A dose beside the robot."""

    PLANNED = "planned"
    DUE = "due"
    SETTLED = "settled"


class SideInput(StrEnum):
    REPLANNED = "replanned"
    WITHDRAWN = "withdrawn"
    DUE = "due"
    OUTCOME = "outcome"


SIDE = Table(
    "side dose",
    "Medicine beside the robot. What was due is neither moved nor taken back by a newer card.",
    Side,
    SideInput,
    {
        (Side.PLANNED, SideInput.REPLANNED): Side.PLANNED,
        (Side.PLANNED, SideInput.WITHDRAWN): Side.PLANNED,
        (Side.PLANNED, SideInput.DUE): Side.DUE,
        **{(state, SideInput.OUTCOME): Side.SETTLED for state in Side},
    },
)


class Loss(StrEnum):
    """Whether the part of the journal that was lost may tell of a dose (rule 23)."""

    KNOWN = "known"
    LOST = "lost"


class LossInput(StrEnum):
    HAD = "had"  # these two: a named person's word about this one dose
    NOT_HAD = "not_had"


LOSS = Table(
    "lost dose",
    "After a restore each dose is in doubt by itself, until the robot's record or a person settles it.",
    Loss,
    LossInput,
    {(Loss.LOST, given): Loss.KNOWN for given in LossInput},
)


class Call(StrEnum):
    """Of what lies in the resident's hands."""

    NONE = "none"
    TO_CALL = "to_call"
    CALLED = "called"  # a person closed it


class CallInput(StrEnum):
    CHANGED = "changed"  # a newer card asks for something else than it did
    CLOSED = "closed"


CALL = Table(
    "call",
    "The resident is called about medicine in their hands that was changed, and again if it is again.",
    Call,
    CallInput,
    {
        **{(state, CallInput.CHANGED): Call.TO_CALL for state in Call},
        (Call.TO_CALL, CallInput.CLOSED): Call.CALLED,
    },
)


# --- the resident's word ----------------------------------------------------------------------------


class Wish(StrEnum):
    """What the resident last said of a dose, until they press for it."""

    NOTHING = "nothing"
    LATER = "later"
    NO_THANKS = "no_thanks"


class WishInput(StrEnum):
    LATER = "later"
    NO_THANKS = "no_thanks"
    TAKEN_BACK = "taken_back"  # while it still lies in the tray
    ORDERED = "ordered"  # a press led to an order


WISH = Table(
    "wish",
    "What the resident said of a dose (S7). Each word stands until the next; a press of take ends it.",
    Wish,
    WishInput,
    {
        **{(state, WishInput.LATER): Wish.LATER for state in Wish},
        **{(state, WishInput.NO_THANKS): Wish.NO_THANKS for state in Wish},
        (Wish.LATER, WishInput.TAKEN_BACK): Wish.NOTHING,
        (Wish.NO_THANKS, WishInput.TAKEN_BACK): Wish.NOTHING,
        **{(state, WishInput.ORDERED): Wish.NOTHING for state in Wish},
    },
)


class Asking(StrEnum):
    """What the display asks one resident."""

    NOTHING = "nothing"
    QUESTION = "question"


class AskingInput(StrEnum):
    ASKED = "asked"
    ANSWERED = "answered"
    LEFT_OPEN = "left_open"


ASKING = Table(
    "question",
    "What the display asks a resident. A newer question takes the place of the one before.",
    Asking,
    AskingInput,
    {
        **{(state, AskingInput.ASKED): Asking.QUESTION for state in Asking},
        (Asking.QUESTION, AskingInput.ANSWERED): Asking.NOTHING,
        (Asking.QUESTION, AskingInput.LEFT_OPEN): Asking.NOTHING,
    },
)
