"""Who has a resident in their care, and where the sachets of a magazine that was taken out have gone.

A resident is in the custody of exactly one home. What one home hands to another travels as one event of the
old home (`ResidentMovedOut`), sealed for the one new home that asked, and is taken in there once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from scheduler.events.as_needed import ElsewhereRead, ElsewhereSaid
from scheduler.events.doses import OutcomeRecorded
from scheduler.events.regime import ModeSet, PauseBegun
from scheduler.plan import Content, DosePlan, Plan
from scheduler.roll import Beside


@dataclass(frozen=True, slots=True)
class CarriedDose:
    """One dose as the old home knew it, at rest: nothing of it was moving, in reach or in doubt."""

    plan: DosePlan
    stage: str  # of `dose.Stage`: "planned" where its sachet was still in the magazine, and beside the robot
    offered: bool
    outcome: OutcomeRecorded | None
    lifted: datetime | None
    attempts: int
    releases: int
    discard: str
    lost: bool  # what became of it may stand in a part of the old home's journal that was lost
    resolved: bool  # a person closed its incident there
    along: bool  # it was handed out for a leave
    changed: int  # the plan version that asks for other medicine than was handed out
    contradicted: bool = False  # a robot's record says otherwise than a person's finding
    beside_it: frozenset[Beside] = frozenset()  # as needed, and had with it for all anybody knows (rule 7)
    presented: datetime | None = None  # it was within reach, and so was what lay beside it
    double_looked_into: bool = False  # a person closed the incident of a possible double dose
    left_to_others: bool = False  # they closed it as given by others


@dataclass(frozen=True, slots=True)
class PastDose:
    """What the resident did at an earlier dose: a `habits.Past`."""

    opens: datetime
    dose_id: str
    part: str
    did: str


@dataclass(frozen=True, slots=True)
class NamedSince:
    """Which card version named a prescription first, of those this home or the one before it accepted."""

    prescription_id: str
    card_version: int


@dataclass(frozen=True, slots=True)
class LeftSachet:
    """One sachet of a magazine, and the dose it was packed for."""

    label: str
    day: date
    packed: datetime  # the instant it was packed for
    content: frozenset[Content]
    as_needed: bool = False  # of a strip of medicine as needed: packed for no dose


@dataclass(frozen=True, slots=True)
class Magazine:
    """What was left on one resident's strip when it was taken out; in the order of the strip."""

    robot: str  # serial
    resident: str
    production_id: str
    left: tuple[LeftSachet, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """All that the new home needs to go on where the old one stopped."""

    plan: Plan | None
    confirmed: datetime | None  # when the card was last read at its source
    doses: tuple[CarriedDose, ...]
    sides: tuple[CarriedDose, ...]  # medicine beside the robot
    habits: tuple[PastDose, ...]
    magazine: Magazine | None
    mode: ModeSet | None
    pause: PauseBegun | None
    elsewhere: ElsewhereRead | None
    planned_to: date | None = None  # the newest date that the old home planned
    beside: Magazine | None = (
        None  # of medicine as needed, where another robot than that with the roll had it
    )
    named: tuple[NamedSince, ...] = ()
    said: tuple[ElsewhereSaid, ...] = ()  # what people said of what was given elsewhere


@dataclass(frozen=True, slots=True)
class MoveAsked:
    """The new home asked for a resident: only an answer to the newest asking is taken in."""

    at: datetime
    resident: str
    move: str  # made for this asking alone
    by: str


@dataclass(frozen=True, slots=True)
class ResidentMovedOut:
    """From here on this home gives them nothing, whatever becomes of the bundle."""

    at: datetime
    resident: str
    move: str
    from_box: str
    to_box: str
    number: int  # of this resident's moves: rises with each
    by: str
    reason: str
    carried: Carried


@dataclass(frozen=True, slots=True)
class ResidentMovedIn:
    """From here on this home has them in its care; what it knows of them follows."""

    at: datetime
    resident: str
    move: str
    from_box: str
    number: int
    by: str
    confirmed: datetime | None
    doses: tuple[CarriedDose, ...]
    sides: tuple[CarriedDose, ...]
    habits: tuple[PastDose, ...]
    planned_to: date | None = None
    named: tuple[NamedSince, ...] = ()


@dataclass(frozen=True, slots=True)
class MagazineTakenOut:
    """A strip left its robot with sachets on it: each is in doubt until it is counted (rule 24)."""

    at: datetime
    magazine: Magazine
    why: str  # "swapped" | "moved"
    by: str  # "" = found at a look: the configuration names another robot


@dataclass(frozen=True, slots=True)
class SachetsCounted:
    """A named person says where these sachets are; `missing`: that they looked, and it is nowhere."""

    at: datetime
    resident: str
    labels: tuple[str, ...]
    place: str  # "robot" | "waste" | "missing"
    by: str
