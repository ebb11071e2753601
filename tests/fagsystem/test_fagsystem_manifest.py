"""A roll's manifest: read whole, or refused with one stable reason."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispenserd.fagsystem.fhir import FILE_BYTES_MAX
from dispenserd.fagsystem.manifest import ManifestError, ManifestReason, read_manifest
from dispenserd.fagsystem.reasons import Reason
from scheduler.plan import Content
from scheduler.roll import Roll, Sachet

DOCUMENT = (Path(__file__).parents[2] / "docs" / "fagsystem.md").read_text(encoding="utf-8")
EXAMPLE = json.loads(re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)[1])
KEY = "0123456789abcdef0123456789abcdef"

Change = Callable[[dict[str, Any]], object]


def raw(change: Change = lambda _: None) -> bytes:
    manifest = copy.deepcopy(EXAMPLE)
    change(manifest)
    return json.dumps(manifest).encode()


def strip(count: int, every: timedelta) -> list[dict[str, Any]]:
    first = datetime.fromisoformat("2026-11-02T08:00")
    contents = EXAMPLE["sachets"][0]["contents"]
    return [
        {"n": n + 1, "label": f"L{n}", "local": f"{first + n * every:%Y-%m-%dT%H:%M}", "contents": contents}
        for n in range(count)
    ]


def test_the_documents_example_is_a_roll() -> None:
    content = frozenset({Content("N02BE01", "500 mg", Decimal(2), "tablet")})
    assert read_manifest(raw(), [KEY]) == Roll(
        "P-1001",
        KEY,
        7,
        (
            Sachet(1, "L-0001", datetime.fromisoformat("2026-11-02T08:00"), content),
            Sachet(2, "L-0002", datetime.fromisoformat("2026-11-02T18:00"), content),
        ),
    )


def test_a_roll_of_fourteen_days_four_times_a_day_is_a_roll() -> None:
    roll = read_manifest(raw(lambda m: m.update(sachets=strip(56, timedelta(hours=6)))), [KEY])
    assert len(roll.sachets) == 56


def test_a_quantity_reads_alike_however_it_is_written() -> None:
    roll = read_manifest(raw().replace(b'"quantity": 2', b'"quantity": 2.0'), [KEY])
    assert {str(item.quantity) for sachet in roll.sachets for item in sachet.content} == {"2"}


def sachet(index: int, **elements: object) -> Change:
    return lambda manifest: manifest["sachets"][index].update(elements)


def content(**elements: object) -> Change:
    return lambda manifest: manifest["sachets"][0]["contents"][0].update(elements)


REFUSALS: list[tuple[ManifestReason | Reason, str, Change]] = [
    (ManifestReason.WRONG_RESIDENT, "manifest.resident", lambda m: m.update(resident="f" * 32)),
    (ManifestReason.DRUG_CODE, "manifest.sachets[0].contents[0].drug", content(drug="paracetamol")),
    (ManifestReason.QUANTITY, "manifest.sachets[0].contents[0].quantity", content(quantity=0)),
    (ManifestReason.QUANTITY, "manifest.sachets[0].contents[0].quantity", content(quantity=-1)),
    (ManifestReason.QUANTITY, "manifest.sachets[0].contents[0].quantity", content(quantity=1e9)),
    (ManifestReason.UNIT_UNKNOWN, "manifest.sachets[0].contents[0].unit", content(unit="ml")),
    (
        ManifestReason.DUPLICATE_CONTENT,
        "manifest.sachets[0].contents",
        lambda m: m["sachets"][0]["contents"].append(
            {"drug": "N02BE01", "strength": "500 mg", "quantity": 1}
        ),
    ),
    (ManifestReason.DUPLICATE_LABEL, "manifest.sachets[1].label", sachet(1, label="L-0001")),
    (ManifestReason.NUMBERS, "manifest.sachets[1].n", sachet(1, n=3)),
    (ManifestReason.NUMBERS, "manifest.sachets[1].n", sachet(1, n=1)),
    (ManifestReason.NUMBERS, "manifest.sachets[0].n", sachet(0, n=0)),
    (ManifestReason.LOCAL_TIME, "manifest.sachets[0].local", sachet(0, local="2026-11-02T08:00Z")),
    (ManifestReason.LOCAL_TIME, "manifest.sachets[0].local", sachet(0, local="2026-11-31T08:00")),
    (ManifestReason.LOCAL_TIME, "manifest.sachets[0].local", sachet(0, local="2026-11-02T08:00:01")),
    (ManifestReason.TIMES_NOT_ASCENDING, "manifest.sachets[1].local", sachet(1, local="2026-11-02T08:00")),
    (ManifestReason.TOO_MANY_DAYS, "manifest.sachets", sachet(1, local="2026-11-16T08:00")),
    (Reason.WRONG_SHAPE, "manifest.sachets", lambda m: m.update(sachets=[])),
    (
        Reason.WRONG_SHAPE,
        "manifest.sachets",
        lambda m: m.update(sachets=strip(401, timedelta(minutes=30))),
    ),
    (Reason.WRONG_SHAPE, "manifest.sachets[0].contents", sachet(0, contents=[])),
    (Reason.WRONG_SHAPE, "manifest.sachets[0].label", sachet(0, label="x" * 65)),
    (Reason.WRONG_SHAPE, "manifest.sachets[0].label", sachet(0, label="Ane Opdigtet")),
    (Reason.WRONG_SHAPE, "manifest.card_version", lambda m: m.update(card_version=0)),
    (Reason.WRONG_SHAPE, "manifest.card_version", lambda m: m.update(card_version="7")),
    (Reason.WRONG_SHAPE, "manifest.sachets[0].contents[0].quantity", content(quantity="2")),
    (Reason.WRONG_SHAPE, "manifest.sachets[0].contents[0].strength", content(strength=" 500 mg")),
    (Reason.UNKNOWN_ELEMENT, "manifest.sachets[0].hold", sachet(0, hold=True)),
    (Reason.MISSING_ELEMENT, "manifest.production_id", lambda m: m.pop("production_id")),
]


@pytest.mark.parametrize(("reason", "path", "change"), REFUSALS)
def test_a_manifest_that_is_not_sound_is_refused_with_its_reason_and_path(
    reason: ManifestReason | Reason, path: str, change: Change
) -> None:
    with pytest.raises(ManifestError) as refused:
        read_manifest(raw(change), [KEY])
    assert (refused.value.reason, refused.value.path) == (reason, path)


@pytest.mark.parametrize(
    ("reason", "broken"),
    [
        (Reason.JSON_BROKEN, raw()[:-1]),
        (Reason.DUPLICATE_KEY, raw().replace(b'"n": 1', b'"n": 1, "n": 2')),
        (Reason.NOT_A_NUMBER, raw().replace(b'"quantity": 2', b'"quantity": NaN')),
        (Reason.NULL_VALUE, raw().replace(b'"quantity": 2', b'"quantity": null')),
        (Reason.TOO_LARGE, raw() + b" " * FILE_BYTES_MAX),
    ],
)
def test_bytes_that_are_no_manifest_are_refused(reason: Reason, broken: bytes) -> None:
    with pytest.raises(ManifestError) as refused:
        read_manifest(broken, [KEY])
    assert refused.value.reason is reason


def test_every_reason_has_a_test_and_a_line_in_the_document() -> None:
    assert {reason for reason, *_ in REFUSALS} >= set(ManifestReason)
    manifest_part = DOCUMENT.partition("## The manifest")[2]
    assert [reason for reason in ManifestReason if f"| `{reason}` |" not in manifest_part] == []


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 500), garbage=st.binary(max_size=6), length=st.integers(0, 6))
def test_damaged_bytes_never_crash_the_reader(cut: int, garbage: bytes, length: int) -> None:
    damaged = raw()[:cut] + garbage + raw()[cut + length :]
    try:
        roll = read_manifest(damaged, [KEY])
    except ManifestError:
        return
    assert [one.number for one in roll.sachets] == list(range(1, len(roll.sachets) + 1))
