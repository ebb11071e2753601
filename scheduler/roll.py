"""The loaded roll: which sachet holds what, and whether a label read is the sachet we expect (S3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from scheduler.kept import kept
from scheduler.plan import Content


@dataclass(frozen=True, slots=True)
class Sachet:
    number: int  # position in the strip, from 1; on a strip that several share, others lie between
    label: str  # code printed on it
    local: datetime  # naive local civil time it was packed for
    content: frozenset[Content]


@dataclass(frozen=True, slots=True)
class Beside:
    """A sachet as needed that may have left the strip with another one (rule 7). The label tells two of the
    same content apart; "" where an earlier version did not keep it."""

    label: str
    content: frozenset[Content]


@dataclass(frozen=True, slots=True)
class Roll:
    production_id: str
    resident: str
    card_version: int
    sachets: tuple[Sachet, ...]
    as_needed: bool = False  # a strip of its own: its sachets are bound to no date and slot


def sachet_for(roll: Roll, day: date, local: datetime) -> Sachet | None:
    """The sachet packed for this date nearest to this local time, at most `PACKED_APART_MAX` away."""
    if roll.as_needed:
        return None
    same_day = _by_date(roll).get(day, ())
    nearest = min(same_day, key=lambda sachet: abs(sachet.local - local), default=None)
    if nearest is None or abs(nearest.local - local) > PACKED_APART_MAX:
        return None
    return nearest


PACKED_APART_MAX = timedelta(hours=2)
"""A pharmacy packs for its own clock times; further away it is another slot's sachet."""


def holder(rolls: Mapping[str, Roll], label: str) -> str:
    """The resident whose sachet carries this label; "" = nobody's that these manifests know."""
    return next((key for key, roll in rolls.items() if label in _by_label(roll)), "")


def following(rolls: Mapping[str, Roll], label: str) -> tuple[str, Sachet] | None:
    """Whose sachet comes next on the strip after the one with this label, and which; None = none that is
    bound to a date and slot, or the label is on no strip."""
    follows = _next_on_strip(rolls, label)
    return None if follows is None or rolls[follows[0]].as_needed else follows


def following_as_needed(rolls: Mapping[str, Roll], label: str) -> frozenset[Beside]:
    """The next sachet on the strip, where that is medicine as needed; else none."""
    follows = _next_on_strip(rolls, label)
    if follows is None or not rolls[follows[0]].as_needed:
        return frozenset()
    return frozenset({Beside(follows[1].label, follows[1].content)})


def _next_on_strip(rolls: Mapping[str, Roll], label: str) -> tuple[str, Sachet] | None:
    production_id = next((r.production_id for r in rolls.values() if label in _by_label(r)), None)
    strip = [
        (key, one)
        for key, roll in rolls.items()
        if roll.production_id == production_id
        for one in roll.sachets
    ]
    strip.sort(key=lambda each: each[1].number)
    at = next((place for place, (_, one) in enumerate(strip) if one.label == label), len(strip))
    return strip[at + 1] if at + 1 < len(strip) else None


def misfit(
    rolls: Mapping[str, Roll],
    resident: str,
    day: date,
    local: datetime,
    content: frozenset[Content],
    label: str,
) -> str:
    """Why the sachet with this label is not this dose (S3), or "" when it is.

    `rolls`: of the strip, by resident. `local` is the dose's local planned time. Compares drug code, strength
    and quantity as a set.
    """
    roll = rolls.get(resident)
    if roll is None:
        return "wrong_resident" if holder(rolls, label) else "no_manifest"
    if roll.as_needed:
        return "other_strip"
    if not label:
        return "label_unreadable"
    read = _by_label(roll).get(label)
    if read is None:
        return "wrong_resident" if holder(rolls, label) else "label_unknown"
    if read != sachet_for(roll, day, local):
        return "label_mismatch"
    if not same_medicine(read.content, content):
        return "content_mismatch"
    return ""


def misfit_as_needed(
    rolls: Mapping[str, Roll], resident: str, content: frozenset[Content], label: str
) -> str:
    """The same of medicine as needed: any sachet of the resident's strip that holds exactly this."""
    roll = rolls.get(resident)
    if roll is None:
        return "wrong_resident" if holder(rolls, label) else "no_manifest"
    if not roll.as_needed:
        return "other_strip"
    if not label:
        return "label_unreadable"
    read = _by_label(roll).get(label)
    if read is None:
        return "wrong_resident" if holder(rolls, label) else "label_unknown"
    return "" if same_medicine(read.content, content) else "content_mismatch"


def same_medicine(one: frozenset[Content], other: frozenset[Content]) -> bool:
    """S3: the same drugs in the same strengths and quantities."""
    return _medicine(one) == _medicine(other)


@kept(32)
def _by_date(roll: Roll) -> Mapping[date, list[Sachet]]:
    found: dict[date, list[Sachet]] = {}
    for sachet in roll.sachets:
        found.setdefault(sachet.local.date(), []).append(sachet)
    return found


@kept(32)
def _by_label(roll: Roll) -> Mapping[str, Sachet]:
    """The first of each label."""
    return {sachet.label: sachet for sachet in reversed(roll.sachets)}


def _medicine(content: frozenset[Content]) -> frozenset[tuple[str, str, Decimal]]:
    return frozenset((item.drug, item.strength, item.quantity) for item in content)
