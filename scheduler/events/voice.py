"""What the resident said at the robot, and what was asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.events.words import Question


@dataclass(frozen=True, slots=True)
class DosePutOff:
    """Later: the dose stays on offer until its window closes, and no longer than that."""

    at: datetime
    dose_id: str
    robot: str  # serial, here and below: where it was said


@dataclass(frozen=True, slots=True)
class DoseDeclined:
    """No thanks: the resident's word, which they may take back until the dose has its outcome."""

    at: datetime
    dose_id: str
    robot: str
    helper: str | None = None  # who said it for them, by their own tag


@dataclass(frozen=True, slots=True)
class AnswerTakenBack:
    """Later or no thanks, and now they want what still lies in the tray."""

    at: datetime
    dose_id: str
    robot: str
    helper: str | None = None


@dataclass(frozen=True, slots=True)
class HelpAsked:
    """Possible in every state of the home; never an emergency call."""

    at: datetime
    resident: str  # "" = at a robot of several, and nobody said who
    robot: str


@dataclass(frozen=True, slots=True)
class QuestionAsked:
    """The display offers up to three answers until then; not answering is an answer, too."""

    at: datetime
    resident: str
    question: Question
    dose_id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    at: datetime
    resident: str
    question: Question
    dose_id: str
    answer: str  # a code of `scheduler.questions.ANSWERS`; "" = they left it open
    robot: str = ""  # "" = nobody pressed: its time was over
