"""What became of doses: due, held, settled, given; and people's words about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.events.words import Outcome, Verdict


@dataclass(frozen=True, slots=True)
class DoseDue:
    at: datetime
    dose_id: str
    outage: bool = False  # the home could not offer it when its window opened


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
class HoldLetGo:
    """Named persons say that what lies at the mouth is this dose's after all (rule 3). With `until`: the
    first of two, and nothing has changed. Without: the hold is over; by one alone where it fits by now."""

    at: datetime
    dose_id: str
    by: tuple[str, ...]
    label: str
    production_id: str
    plan_version: int
    until: datetime | None


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
    helper: str | None = None  # whose press brought it about: a named helper's, for the resident


@dataclass(frozen=True, slots=True)
class FindingContradicted:
    """The robot's record came in after a person had settled the doubt, and says otherwise (rule 6)."""

    at: datetime
    dose_id: str
    log_index: int


@dataclass(frozen=True, slots=True)
class DoseDoubted:
    """Its sachet may have left the strip together with another one (rule 7)."""

    at: datetime
    dose_id: str
    robot: str
    label: str  # of its sachet
    beside: str  # dose id of the one that was to move


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


@dataclass(frozen=True, slots=True)
class AdministrationFiled:
    """The fagsystem holds this administration."""

    at: datetime
    administration_id: str
