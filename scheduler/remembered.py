"""What a world keeps beside doses, robots and incidents: receipts owed, the test alarm, chores, questions,
how far it has planned. Immutable, and changed by events alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from scheduler.events import ElsewhereSaid, GivenElsewhere, Question
from scheduler.roll import Roll, Sachet, following


@dataclass(frozen=True, slots=True)
class Receipt:
    """The newest revision of an incident that on-call has not receipted, and since when one is missing."""

    revision: int
    since: datetime


DOUBLE_FEED = "double_feed"
"""What a robot calls it, in its log and as its fault; and our reason code."""


@dataclass(frozen=True, slots=True)
class DoubleFeed:
    """A robot suspects that another sachet moved with this dose's (rule 7)."""

    dose_id: str
    label: str  # of the sachet that was to move
    resident: str = ""  # whose sachet came next on the strip; "" = nobody's
    follows: Sachet | None = None  # that one: it may lie beside


def double_feed(rolls: Mapping[str, Roll], dose_id: str, label: str) -> DoubleFeed:
    """With what came next on the strip then: that may leave the robot before its dose is planned."""
    resident, follows = following(rolls, label) or ("", None)
    return DoubleFeed(dose_id, label, resident, follows)


FEEDS_MAX = 8
"""P12: closed ones that are remembered for a dose that is yet to be planned."""


@dataclass(frozen=True, slots=True)
class AlarmTest:
    """The newest test alarm. `since`: of its state."""

    begun: datetime
    by: str
    since: datetime
    incident_id: str = ""  # "" until its incident is raised
    state: str = "under_way"  # "under_way", "passed", "failed": a receipt that comes late leaves it failed
    receipted: datetime | None = None  # while under way: on-call had it, as its receipt came in


@dataclass(frozen=True, slots=True)
class ChoreRun:
    """The newest run of a chore."""

    at: datetime
    result: str
    detail: str
    failures: int  # in a row


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What was given elsewhere of late; nothing is known of what came after `known_to` (rule 8)."""

    known_to: datetime
    given: tuple[GivenElsewhere, ...]
    asked: datetime | None = None  # until when a person has said that nothing more was had, here or elsewhere
    said: tuple[ElsewhereSaid, ...] = ()  # the newest word about each of these that may be either
    either: frozenset[GivenElsewhere] = (
        frozenset()
    )  # of medicine that a card had as needed, too, as it was told
    read: datetime | None = None  # the newest report reached to here; a person's word may reach further


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on the display, until it is answered or its time is over."""

    question: Question
    dose_id: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """How far one resident's doses have been planned, and by which version of their plan."""

    to: date
    version: int
    since: datetime | None = None  # of their first plan here; None: they came from another home
