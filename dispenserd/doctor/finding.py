"""What a check comes to: one of four results, with what was found, what it means and what to do next.

Judges make findings, the runner names them, the command line shows them. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DEMO_CLASS = "demo_class"
"""In a finding's facts: a setting for demonstrations and trials, which protects nobody (rule 25)."""


class Result(StrEnum):
    OK = "ok"
    WARNING = "warning"  # somebody should see to it; nothing is broken yet
    WRONG = "wrong"
    UNKNOWN = "unknown"  # not checked, with why


@dataclass(frozen=True, slots=True)
class Finding:
    """`what`: what was looked at and found. `facts`: the same as JSON data, without secrets or persons."""

    result: Result
    what: str
    meaning: str
    next_step: str
    facts: Mapping[str, Any]


def ok(what: str, meaning: str, **facts: Any) -> Finding:
    return Finding(Result.OK, what, meaning, "Nothing.", facts)


def warning(what: str, meaning: str, next_step: str, **facts: Any) -> Finding:
    return Finding(Result.WARNING, what, meaning, next_step, facts)


def wrong(what: str, meaning: str, next_step: str, **facts: Any) -> Finding:
    return Finding(Result.WRONG, what, meaning, next_step, facts)


def unknown(why: str, next_step: str, **facts: Any) -> Finding:
    """`why` it was not checked."""
    return Finding(
        Result.UNKNOWN, why, "Nothing is known about this; it may be well or not.", next_step, facts
    )


def demo_class(demo: bool, what: str, meaning: str, next_step: str, **facts: Any) -> Finding:
    """Named always; wrong only where the configuration does not say that this is a demo."""
    return (warning if demo else wrong)(what, meaning, next_step, **{DEMO_CLASS: True}, **facts)
