"""What the display asks the resident, the answers it offers, and which of them somebody should read.

Answering is optional, costs nothing and is never asked for twice (S7). Neutral words, no drug, no name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from scheduler.events import Answer, Priority, Question

KEYS = (Answer.FIRST, Answer.SECOND, Answer.THIRD)
"""The buttons 1 to 3, in the order of the answers."""

UNWELL, NO_HELP = "unwell", "no_help"


@dataclass(frozen=True, slots=True)
class Wording:
    """`lines` as shown; `answers`: a code for each of `KEYS`; `shown`: how long it stays."""

    lines: tuple[str, ...]
    answers: tuple[str, ...]
    shown: timedelta


QUESTIONS: Mapping[Question, Wording] = {
    Question.WHY_NOT: Wording(
        ("Helt i orden. Vil du sige hvorfor?", "1 utilpas   2 ikke brug for den", "3 andet"),
        (UNWELL, "not_needed", "other"),
        timedelta(minutes=2),
    ),
    Question.WHAT_FOR: Wording(
        ("Hvad er det for?", "1 smerter   2 uro   3 andet", "Eller tryk bare på knappen."),
        ("pain", "unrest", "other"),
        timedelta(minutes=1),
    ),
    Question.EFFECT: Wording(
        ("Hjalp medicinen?", "1 ja   2 nej   3 jeg er utilpas"),
        ("helped", NO_HELP, UNWELL),
        timedelta(minutes=30),
    ),
}

FLAGGED: Mapping[tuple[Question, str], Priority] = {
    (Question.WHY_NOT, UNWELL): Priority.MEDIUM,
    (Question.EFFECT, NO_HELP): Priority.LOW,
    (Question.EFFECT, UNWELL): Priority.MEDIUM,
}
"""Answers that staff read as an incident, and how soon (alarm catalogue: resident's answer flagged)."""


def answer_of(question: Question, key: Answer) -> str:
    """The code that a button stands for while this question is shown; "" = for none."""
    answers = QUESTIONS[question].answers
    at = KEYS.index(key) if key in KEYS else len(answers)
    return answers[at] if at < len(answers) else ""
