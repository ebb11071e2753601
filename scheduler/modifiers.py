"""What makes an event about a dose more urgent than its row of the alarm catalogue says, or less: one table.

Pure, and the only place where a priority is changed after the catalogue gave it. `judged` finds the
circumstances; docs/safety.md has the same table in words.

The order is part of the rule. Whoever is away needs nobody, so `away` takes back what came before it. A dose
that was due inside an outage comes after: while the home saw nothing, nobody could have told it that they
were back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scheduler.events import Kind, Priority


@dataclass(frozen=True, slots=True)
class Circumstances:
    critical: bool = False  # on the list, or on none (rule 9); controlled medicine is critical too
    two_in_a_row: bool = False  # two or more misses in a row, this one counted
    unusual: bool = False  # for this person
    away: bool = False  # paused: in hospital, or with others
    outage: bool = False  # its window opened while the home could not offer it


@dataclass(frozen=True, slots=True)
class Modifier:
    name: str  # of the circumstance, and of the reason that the incident tells
    change: Callable[[Priority], Priority]
    kinds: frozenset[Kind]


def modified(kind: Kind, base: Priority, circumstances: Circumstances) -> tuple[Priority, tuple[str, ...]]:
    """The priority, and by which modifiers it is what it is, in their order."""
    priority = base
    by: list[str] = []
    for modifier in MODIFIERS:
        if kind in modifier.kinds and getattr(circumstances, modifier.name):
            priority = modifier.change(priority)
            by.append(modifier.name)
    return priority, tuple(by)


def _raised(priority: Priority) -> Priority:
    """One higher; high stays high."""
    return Priority(min(priority + 1, Priority.HIGH))


def _to_info(priority: Priority) -> Priority:
    return Priority.INFO


DOSE_KINDS = frozenset(
    {
        Kind.DOSE_DUE,
        Kind.ABOUT_TO_MISS,
        Kind.DOSE_MISSED,
        Kind.NOT_WITNESSED,
        Kind.LEFT_IN_TRAY,
        Kind.RELEASE_FAILED,
        Kind.SACHET_MISMATCH,
        Kind.SACHET_UNREADABLE,
        Kind.ORDER_UNKNOWN,
        Kind.DOSE_BLOCKED,
        Kind.ROBOT_UNREACHABLE,
    }
)

NOT_HAD = frozenset({Kind.ABOUT_TO_MISS, Kind.DOSE_MISSED})
"""What the resident did, or did not do."""

NOBODY_WAITS = frozenset(
    {Kind.DOSE_DUE, Kind.ABOUT_TO_MISS, Kind.DOSE_MISSED, Kind.DOSE_BLOCKED, Kind.ROBOT_UNREACHABLE}
)
"""A dose that is not offered or not fetched. What robot and sachet did, and a possible second dose, is told
of a resident who is away as of any other (rule 22)."""

AFTER_AN_OUTAGE = frozenset(
    {Kind.ABOUT_TO_MISS, Kind.DOSE_MISSED, Kind.LEFT_IN_TRAY, Kind.RELEASE_FAILED, Kind.ORDER_UNKNOWN}
)
"""Not the care incidents that are the outage itself: they have the dose's own priority (S8)."""

MODIFIERS: tuple[Modifier, ...] = (
    Modifier("critical", _raised, DOSE_KINDS),
    Modifier("two_in_a_row", _raised, NOT_HAD),
    Modifier("unusual", _raised, NOT_HAD),
    Modifier("away", _to_info, NOBODY_WAITS),
    Modifier("outage", _raised, AFTER_AN_OUTAGE),
)
