"""One table, one order: every combination of circumstances, for every kind (rule 26)."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from scheduler.events import Kind, Priority
from scheduler.modifiers import AFTER_AN_OUTAGE, DOSE_KINDS, MODIFIERS, NOBODY_WAITS, Circumstances, modified

NAMES = ("critical", "two_in_a_row", "unusual", "away", "outage")
COMBINATIONS = [
    dict(zip(NAMES, each, strict=True)) for each in itertools.product((False, True), repeat=len(NAMES))
]
SAFETY = Path(__file__).resolve().parents[2] / "docs/safety.md"


def by_hand(kind: Kind, base: int, so: dict[str, bool]) -> int:
    """The rule as docs/safety.md says it, in other words than the table's."""
    steps = base
    if kind in DOSE_KINDS:
        steps += so["critical"]
    if kind in (Kind.ABOUT_TO_MISS, Kind.DOSE_MISSED):
        steps = min(steps, 3) + so["two_in_a_row"]
        steps = min(steps, 3) + so["unusual"]
    steps = min(steps, 3)
    quiet = (Kind.DOSE_DUE, Kind.ABOUT_TO_MISS, Kind.DOSE_MISSED, Kind.DOSE_BLOCKED, Kind.ROBOT_UNREACHABLE)
    if so["away"] and kind in quiet:
        steps = 0
    told = (
        Kind.ABOUT_TO_MISS,
        Kind.DOSE_MISSED,
        Kind.LEFT_IN_TRAY,
        Kind.RELEASE_FAILED,
        Kind.ORDER_UNKNOWN,
    )
    if so["outage"] and kind in told:
        steps += 1
    return min(steps, 3)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("base", list(Priority))
def test_every_combination(kind: Kind, base: Priority) -> None:
    for so in COMBINATIONS:
        priority, by = modified(kind, base, Circumstances(**so))
        assert priority == by_hand(kind, base, so), (kind, base, so)
        assert set(by) <= {name for name, is_so in so.items() if is_so}


def test_they_apply_in_the_order_that_is_stated() -> None:
    assert tuple(modifier.name for modifier in MODIFIERS) == NAMES
    text = SAFETY.read_text()
    stated = text[text.index("Modifiers, applied in this order") :].partition("\n\n")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", stated, re.MULTILINE) == list(NAMES)


@pytest.mark.parametrize(
    "kind",
    [
        Kind.RECORD_CONTRADICTS,
        Kind.ROBOT_FAULT,
        Kind.SACHET_MISMATCH,
        Kind.ORDER_UNKNOWN,
        Kind.RELEASE_FAILED,
        Kind.PAUSED_ACTION,
        Kind.LEFT_IN_TRAY,
    ],
)
def test_away_covers_no_robot_no_tamper_and_no_duplicate(kind: Kind) -> None:
    """Rule 22."""
    assert kind not in NOBODY_WAITS
    assert modified(kind, Priority.HIGH, Circumstances(away=True))[0] is Priority.HIGH


def test_the_care_incidents_that_are_the_outage_keep_the_doses_own_priority() -> None:
    assert not {Kind.ROBOT_UNREACHABLE, Kind.DOSE_BLOCKED} & AFTER_AN_OUTAGE
