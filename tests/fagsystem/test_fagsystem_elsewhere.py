"""What was given elsewhere: read strictly or not at all, and counted once (rule 8)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dispenserd.fagsystem.elsewhere import ELSEWHERE_NAME, ElsewhereFile, read_elsewhere
from dispenserd.fagsystem.mapping import ResidentIdentity
from dispenserd.fagsystem.reasons import Refused
from scheduler.events import GivenElsewhere

RESIDENT = ResidentIdentity("5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64", "urn:example:person", "invented-1")


def given(**change: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "subject": {"identifier": {"system": RESIDENT.system, "value": RESIDENT.value}},
        "effectiveDateTime": "2026-11-02T09:00:00+01:00",
        "request": {"reference": "MedicationRequest/p-pain"},
        "dosage": {"dose": {"value": 2, "unit": "tablet"}},
        **change,
    }


def bundle(*entries: dict[str, Any], **change: Any) -> bytes:
    plain = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": "2026-11-02T10:00:00+01:00",
        "entry": [{"resource": each} for each in entries],
        **change,
    }
    return json.dumps(plain).encode()


def test_what_others_gave_is_read_with_the_instant_until_which_it_is_known() -> None:
    read = read_elsewhere(bundle(given()), RESIDENT)
    assert read.known_to == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert read.given == (GivenElsewhere("p-pain", datetime(2026, 11, 2, 8, tzinfo=UTC), Decimal(2)),)


@pytest.mark.parametrize(
    "left_out",
    [
        given(status="not-done"),
        given(status="entered-in-error"),
        given(identifier=[{"system": "urn:dispenserd:administration", "value": "a" * 32}]),
    ],
)
def test_what_was_not_given_or_is_our_own_does_not_count(left_out: dict[str, Any]) -> None:
    assert read_elsewhere(bundle(left_out), RESIDENT).given == ()


@pytest.mark.parametrize(
    "raw",
    [
        bundle(given(status="in-progress")),
        bundle(given(subject={"identifier": {"system": RESIDENT.system, "value": "somebody-else"}})),
        bundle(given(subject={"reference": "Patient/1"})),
        bundle(given(dosage={"dose": {"value": 0, "unit": "tablet"}})),
        bundle(given(dosage={"dose": {"unit": "tablet"}})),
        bundle({key: value for key, value in given().items() if key != "dosage"}),
        bundle(given(request={"reference": "Medication/1"})),
        bundle(given(effectiveDateTime="2026-11-02")),
        bundle(given(modifierExtension=[{"url": "urn:example:not-given"}])),
        bundle(given(note=[{"text": "twice as much"}])),
        bundle(given(), timestamp="yesterday"),
        bundle(given(), type="searchset"),
        b"{",
        b"[]",
    ],
)
def test_what_is_not_understood_refuses_the_file_whole(raw: bytes) -> None:
    with pytest.raises(Refused):
        read_elsewhere(raw, RESIDENT)


def test_a_file_is_told_once_for_each_content_and_a_broken_one_never(tmp_path: Path) -> None:
    file, polled = tmp_path / RESIDENT.key / ELSEWHERE_NAME, ElsewhereFile(tmp_path, RESIDENT)
    assert polled.poll() is None
    file.parent.mkdir()
    file.write_bytes(bundle(given()))
    assert polled.poll() is not None
    assert polled.poll() is None
    file.write_bytes(b"{")
    assert polled.poll() is None
    file.write_bytes(bundle(timestamp="2026-11-02T11:00:00+01:00"))
    told = polled.poll()
    assert told is not None
    assert told.given == ()
