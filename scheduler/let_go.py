"""People's words that a held sachet is its dose's after all: let go by two (rule 3, S3).

One person's word changes nothing; a second person's within the time it stands for lets the robot offer what
lies at its mouth, inside the dose's window. Both spoke of one label, one strip and one plan: of anything else
nobody has said a thing. Pure data; who may say it is `receive_let_go`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

TOGETHER = 2
"""Persons. One of them may have misread what the other sees."""


@dataclass(frozen=True, slots=True)
class LetGo:
    """`by` one: the first word, which counts for a second person's until `until`. `by` two: it is let go."""

    by: tuple[str, ...]
    label: str  # at the robot's mouth, as they saw it
    production_id: str
    plan_version: int  # in force then
    until: datetime | None = None

    @property
    def done(self) -> bool:
        return len(self.by) == TOGETHER and self.until is None

    def waits_at(self, now: datetime) -> bool:
        """Whether a second person's word would let it go now."""
        return self.until is not None and now < self.until

    def is_about(self, label: str, production_id: str) -> bool:
        return (self.label, self.production_id) == (label, production_id)


def is_let_go(word: LetGo | None, label: str, production_id: str) -> bool:
    """Whether two people have let this very sachet go."""
    return word is not None and word.done and word.is_about(label, production_id)


def same_person(one: str, other: str) -> bool:
    """A name typed in another way is the same person's."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
