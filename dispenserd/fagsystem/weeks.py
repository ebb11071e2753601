"""Weekdays as days of a cycle: the canonical dosage counts days, weeks are a sender's way to say it.

Decision (2026-11-23): a cycle of several weeks is anchored at its start date. "The first week" can mean the
calendar week of that date (Monday to Sunday) or the seven days that begin with it. Where the two differ in a
single date the dosage is refused; they agree when the start is a Monday, or when every weekday of it still
lies ahead in the start's calendar week.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

WEEK_DAYS = 7


def number_in_cycle(first: date, weekday: int) -> int:
    """Which day of a cycle of one week, begun on `first`, is this weekday (Monday 0): 1 to 7."""
    return (weekday - first.weekday()) % WEEK_DAYS + 1


def phase_is_clear(first: date, weekdays: Iterable[int]) -> bool:
    """Whether both readings of the first week give the same dates for ever."""
    return all(weekday >= first.weekday() for weekday in weekdays)
