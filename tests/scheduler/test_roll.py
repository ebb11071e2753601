"""S3: is the sachet whose label was read the one we expect? Each reason why not, in both kinds of strip."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from scheduler.plan import Content
from scheduler.roll import Roll, Sachet, holder, misfit, misfit_as_needed, sachet_for
from tests.support.pure_home import FIRST_DAY

EIGHT = datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(hours=8)
PILL = Content("N02BE01", "500 mg", Decimal(1), "tablet")
MINE = frozenset({PILL})


def roll(resident: str, *labels: str, as_needed: bool = False) -> Roll:
    """A sachet every four hours from eight on."""
    sachets = tuple(
        Sachet(number, label, EIGHT + timedelta(hours=4 * (number - 1)), MINE)
        for number, label in enumerate(labels, 1)
    )
    return Roll(f"ROLL-{resident}", resident, 1, sachets, as_needed)


ROLLS = {"a": roll("a", "A1", "A2"), "b": roll("b", "B1")}
STRIPS = {"a": roll("a", "A1", as_needed=True), "b": roll("b", "B1", as_needed=True)}


@pytest.mark.parametrize(
    ("resident", "label", "reason"),
    [
        ("a", "A1", ""),
        ("a", "A2", "label_mismatch"),  # of another slot
        ("a", "B1", "wrong_resident"),
        ("a", "X1", "label_unknown"),
        ("a", "", "label_unreadable"),
        ("c", "A1", "wrong_resident"),
        ("c", "X1", "no_manifest"),
    ],
)
def test_each_reason_why_a_sachet_is_not_the_one_of_this_slot(resident: str, label: str, reason: str) -> None:
    assert misfit(ROLLS, resident, FIRST_DAY, EIGHT, MINE, label) == reason


@pytest.mark.parametrize(
    ("resident", "label", "reason"),
    [
        ("a", "A1", ""),
        ("a", "B1", "wrong_resident"),
        ("a", "X1", "label_unknown"),
        ("a", "", "label_unreadable"),
        ("c", "A1", "wrong_resident"),
        ("c", "X1", "no_manifest"),
    ],
)
def test_each_reason_why_a_sachet_is_not_what_was_asked_for(resident: str, label: str, reason: str) -> None:
    assert misfit_as_needed(STRIPS, resident, MINE, label) == reason


def test_a_strip_of_the_other_kind_serves_neither() -> None:
    assert misfit(STRIPS, "a", FIRST_DAY, EIGHT, MINE, "A1") == "other_strip"
    assert misfit_as_needed(ROLLS, "a", MINE, "A1") == "other_strip"


@pytest.mark.parametrize("changed", [{"drug": "C07AB02"}, {"strength": "1 g"}, {"quantity": Decimal(2)}])
def test_other_medicine_under_the_right_label_is_not_given(changed: dict[str, object]) -> None:
    other = frozenset({replace(PILL, **changed)})  # type: ignore[arg-type]
    assert misfit(ROLLS, "a", FIRST_DAY, EIGHT, other, "A1") == "content_mismatch"
    assert misfit_as_needed(STRIPS, "a", other, "A1") == "content_mismatch"


def test_a_pharmacy_may_pack_for_times_of_its_own_up_to_two_hours_away() -> None:
    one = roll("a", "A1")
    for apart in (timedelta(hours=2), timedelta(hours=-2), timedelta(0)):
        assert sachet_for(one, FIRST_DAY, EIGHT + apart) == one.sachets[0]
    assert sachet_for(one, FIRST_DAY, EIGHT + timedelta(hours=2, seconds=1)) is None
    assert sachet_for(one, FIRST_DAY + timedelta(days=1), EIGHT) is None
    assert sachet_for(STRIPS["a"], FIRST_DAY, EIGHT) is None
    both = ROLLS["a"]
    assert sachet_for(both, FIRST_DAY, EIGHT + timedelta(hours=2, minutes=1)) == both.sachets[1], (
        "the nearest"
    )


def test_whose_sachet_carries_a_label() -> None:
    assert [holder(ROLLS, label) for label in ("A2", "B1", "X1", "")] == ["a", "b", "", ""]
