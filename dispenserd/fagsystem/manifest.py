"""The manifest of a dose-packed roll: what the pharmacy says is in which sachet.

It knows the file. Whether the roll in the magazine is this one, and whether a sachet is the dose that is due,
is judged where the robot's labels are read (S3). Format and reason codes: docs/fagsystem.md.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from dispenserd.fagsystem.fhir import Element, Number, parse_json, shaped
from dispenserd.fagsystem.fmk import exact
from dispenserd.fagsystem.mapping import ATC_CODE
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import SACHET_UNITS, sound_quantity
from scheduler.plan import Content
from scheduler.roll import Roll, Sachet

SACHETS_MAX = 400
"""14 days with a sachet an hour, and some."""
SPAN_DAYS_MAX = 14
"""A roll lasts at most 14 days; the exceptional 14 more are not in force yet."""
UNIT_DEFAULT = "tablet"
"""What a sachet's quantity counts where the manifest names no unit."""

LOCAL_MINUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9](:00)?")

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]
"""Production ids and labels: what a reader prints and a wire carries."""
Strength = Annotated[str, StringConstraints(pattern=r"^\S(.{0,78}\S)?$")]


class ManifestReason(StrEnum):
    """Why a manifest is refused, beside the reasons every file can have."""

    WRONG_RESIDENT = "wrong_resident"
    DRUG_CODE = "drug_code"
    QUANTITY = "quantity"
    UNIT_UNKNOWN = "unit_unknown"
    DUPLICATE_CONTENT = "duplicate_content"
    DUPLICATE_LABEL = "duplicate_label"
    NUMBERS = "numbers"
    LOCAL_TIME = "local_time"
    TIMES_NOT_ASCENDING = "times_not_ascending"
    TOO_MANY_DAYS = "too_many_days"


class ManifestError(ValueError):
    """The manifest is refused whole. `path` names elements, never values."""

    def __init__(self, reason: ManifestReason | Reason, path: str) -> None:
        super().__init__(f"{reason} at {path}")
        self.reason = reason
        self.path = path


class _Content(Element):
    drug: str
    strength: Strength
    quantity: Number
    unit: str = UNIT_DEFAULT


class _Sachet(Element):
    n: int
    label: Code
    local: str
    contents: list[_Content] = Field(min_length=1)


class _Manifest(Element):
    production_id: Code
    resident: str
    shared: bool = False
    card_version: int = Field(ge=1, lt=10**15)
    as_needed: bool = False
    sachets: list[_Sachet] = Field(min_length=1, max_length=SACHETS_MAX)


def read_manifest(raw: bytes, residents: Collection[str]) -> Roll:
    """The roll in these bytes; ManifestError if they hold no whole and sound one for one of these residents.
    `shared`: of a strip that holds others' sachets as well, so that numbers and times only rise."""
    root = "manifest"
    try:
        manifest = shaped(_Manifest, parse_json(raw, root), root)
    except Refused as refused:
        raise ManifestError(refused.reason, refused.path) from None
    if manifest.resident not in residents:
        raise ManifestError(ManifestReason.WRONG_RESIDENT, f"{root}.resident")
    sachets = tuple(_sachet(one, f"{root}.sachets[{index}]") for index, one in enumerate(manifest.sachets))
    _must_be_a_strip(sachets, f"{root}.sachets", manifest.as_needed, manifest.shared)
    return Roll(manifest.production_id, manifest.resident, manifest.card_version, sachets, manifest.as_needed)


def _must_be_a_strip(sachets: Sequence[Sachet], path: str, as_needed: bool, shared: bool) -> None:
    """All of a strip, or of a shared one those of one resident. Medicine as needed is bound to no time: its
    sachets may all have been packed for the same."""
    labels: set[str] = set()
    for index, sachet in enumerate(sachets):
        before = sachets[index - 1].number if index else 0
        if sachet.number <= before or (sachet.number != index + 1 and not shared):
            raise ManifestError(ManifestReason.NUMBERS, f"{path}[{index}].n")
        if sachet.label in labels:
            raise ManifestError(ManifestReason.DUPLICATE_LABEL, f"{path}[{index}].label")
        if not as_needed and index and sachet.local <= sachets[index - 1].local:
            raise ManifestError(ManifestReason.TIMES_NOT_ASCENDING, f"{path}[{index}].local")
        labels.add(sachet.label)
    if not as_needed and sachets[-1].local - sachets[0].local >= timedelta(days=SPAN_DAYS_MAX):
        raise ManifestError(ManifestReason.TOO_MANY_DAYS, path)


def _sachet(one: _Sachet, path: str) -> Sachet:
    contents = [_content(item, f"{path}.contents[{index}]") for index, item in enumerate(one.contents)]
    if len({(item.drug, item.strength, item.unit) for item in contents}) != len(contents):
        raise ManifestError(ManifestReason.DUPLICATE_CONTENT, f"{path}.contents")
    return Sachet(one.n, one.label, _local(one.local, f"{path}.local"), frozenset(contents))


def _content(item: _Content, path: str) -> Content:
    if not ATC_CODE.fullmatch(item.drug):
        raise ManifestError(ManifestReason.DRUG_CODE, f"{path}.drug")
    if not sound_quantity(item.quantity):
        raise ManifestError(ManifestReason.QUANTITY, f"{path}.quantity")
    if item.unit not in SACHET_UNITS:
        raise ManifestError(ManifestReason.UNIT_UNKNOWN, f"{path}.unit")
    return Content(item.drug, item.strength, exact(Decimal(item.quantity)), SACHET_UNITS[item.unit])


def _local(text: str, path: str) -> datetime:
    """Naive local civil time, as packed."""
    if not LOCAL_MINUTE.fullmatch(text):
        raise ManifestError(ManifestReason.LOCAL_TIME, path)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ManifestError(ManifestReason.LOCAL_TIME, path) from None
