"""Outcomes go back to the fagsystem: the right status, whole files, once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from dispenserd.fagsystem.administration import administration, file
from dispenserd.fagsystem.mapping import ResidentIdentity
from scheduler.events import Outcome
from scheduler.ids import administration_id, dose_id
from scheduler.outbox import Plain
from scheduler.window import LocalTime

RESIDENT = ResidentIdentity("0123456789abcdef0123456789abcdef", "urn:example:person", "invented-1")
LOCAL = LocalTime("Europe/Copenhagen")
ROOT = Path(__file__).parents[2]


def body(**changes: Any) -> Plain:
    dose = f"{RESIDENT.key}/2026-11-02/morning/1"
    revision = changes.get("revision", 1)
    return {
        "administration_id": administration_id(dose, "paracetamol-1", revision),
        "dose_id": dose,
        "prescription_id": "paracetamol-1",
        "revision": 1,
        "outcome": "retrieved",
        "late": False,
        "happened": "2026-11-02T07:03:12.000Z",
        "by": "",
        "drug": "N02BE01",
        "strength": "500 mg",
        "quantity": "0.5",
        "unit": "tablet",
        "reason": "",
        **changes,
    }


def told(**changes: Any) -> dict[str, Any]:
    return administration(body(**changes), RESIDENT, LOCAL)


def files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / RESIDENT.key / "administrations").iterdir())


def test_a_retrieved_dose_is_completed_and_says_that_it_was_only_lifted() -> None:
    row = body()
    assert administration(row, RESIDENT, LOCAL) == {
        "resourceType": "MedicationAdministration",
        "id": row["administration_id"],
        "extension": [
            {"url": "urn:dispenserd:extension:outcome", "valueCode": "retrieved"},
            {"url": "urn:dispenserd:extension:late", "valueBoolean": False},
            {"url": "urn:dispenserd:extension:dose", "valueString": row["dose_id"]},
            {"url": "urn:dispenserd:extension:revision", "valuePositiveInt": 1},
        ],
        "identifier": [{"system": "urn:dispenserd:administration", "value": row["administration_id"]}],
        "status": "completed",
        "medicationCodeableConcept": {
            "coding": [{"system": "http://www.whocc.no/atc", "code": "N02BE01"}],
            "text": "N02BE01 500 mg",
        },
        "subject": {
            "type": "Patient",
            "identifier": {"system": "urn:example:person", "value": "invented-1"},
        },
        "effectiveDateTime": "2026-11-02T08:03:12.000+01:00",
        "request": {"reference": "MedicationRequest/paracetamol-1"},
        "dosage": {"dose": {"value": 0.5, "unit": "tablet"}},
    }


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_was_handed_over_is_completed_and_doubt_is_no_denial(outcome: Outcome) -> None:
    one = told(outcome=outcome.value)
    match outcome:
        case Outcome.RETRIEVED | Outcome.CONFIRMED | Outcome.WITNESSED | Outcome.GIVEN_BY_STAFF:
            assert (one["status"], "statusReason" in one, "dosage" in one) == ("completed", False, True)
        case Outcome.TAKEN_ALONG:
            assert (one["status"], "statusReason" in one, "dosage" in one) == ("in-progress", False, True)
        case Outcome.UNCERTAIN:
            assert (one["status"], "statusReason" in one, "dosage" in one) == ("unknown", False, False)
        case _:
            assert (one["status"], "dosage" in one) == ("not-done", False)
            assert one["statusReason"] == [
                {"coding": [{"system": "urn:dispenserd:outcome", "code": outcome.value}]}
            ]


def test_a_persons_word_names_the_person_and_the_reason() -> None:
    one = told(outcome="given_by_staff", by="Bo Opdigtet", reason="stalled motor", quantity="2")
    assert one["performer"] == [{"actor": {"display": "Bo Opdigtet"}}]
    assert one["note"] == [{"text": "stalled motor"}]
    assert one["dosage"]["dose"]["value"] == 2


def test_both_half_past_twos_of_the_autumn_night_have_their_own_offset() -> None:
    assert told(happened="2026-10-25T00:30:00.000Z")["effectiveDateTime"] == "2026-10-25T02:30:00.000+02:00"
    assert told(happened="2026-10-25T01:30:00.000Z")["effectiveDateTime"] == "2026-10-25T02:30:00.000+01:00"


def test_a_body_that_is_not_ours_is_a_bug_and_writes_nothing(tmp_path: Path) -> None:
    for wrong in ({"administration_id": "../../escape"}, {"outcome": "taken"}, {"extra": "x"}):
        with pytest.raises(ValidationError):
            file(tmp_path, RESIDENT, LOCAL, body(**wrong))
    assert list(tmp_path.iterdir()) == []


def test_filing_writes_what_reading_gives_back_and_twice_is_once(tmp_path: Path) -> None:
    path = file(tmp_path, RESIDENT, LOCAL, body(reason="spist på café"))
    assert json.loads(path.read_text(encoding="utf-8")) == told(reason="spist på café")
    first = path.read_bytes()
    assert file(tmp_path, RESIDENT, LOCAL, body(reason="spist på café")) == path
    assert path.read_bytes() == first
    assert files(tmp_path) == [f"{body()['administration_id']}.json"]


def test_a_correction_is_a_file_of_its_own(tmp_path: Path) -> None:
    first = file(tmp_path, RESIDENT, LOCAL, body(outcome="uncertain"))
    kept = first.read_bytes()
    file(tmp_path, RESIDENT, LOCAL, body(outcome="retrieved", revision=2))
    assert len(files(tmp_path)) == 2
    assert first.read_bytes() == kept


def test_a_crash_before_the_rename_leaves_no_half_file_and_the_next_attempt_heals(tmp_path: Path) -> None:
    # A power cut between writing and rename leaves the part under its other name.
    name = f"{body()['administration_id']}.json"
    folder = tmp_path / RESIDENT.key / "administrations"
    folder.mkdir(parents=True)
    (folder / f".{body()['administration_id']}.part").write_bytes(b'{"resourceType": "Medic')
    file(tmp_path, RESIDENT, LOCAL, body())
    assert files(tmp_path) == [name]
    assert json.loads((folder / name).read_bytes()) == told()


WRITER = """
import json, sys
from pathlib import Path
from dispenserd.fagsystem.administration import file
from dispenserd.fagsystem.mapping import ResidentIdentity
from scheduler.window import LocalTime
root, rows = Path(sys.argv[1]), json.loads(sys.argv[2])
resident = ResidentIdentity(*json.loads(sys.argv[3]))
print("ready", flush=True)
while True:
    for row in rows:
        file(root, resident, LocalTime("Europe/Copenhagen"), row)
"""


def test_a_writer_killed_at_any_moment_leaves_only_whole_files(tmp_path: Path) -> None:
    rows = [body(revision=n, reason="x" * 4000) for n in range(1, 6)]
    identity = json.dumps([RESIDENT.key, RESIDENT.system, RESIDENT.value])
    for patience_s in (0.01, 0.02, 0.035):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), json.dumps(rows), identity],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        with writer.stdout:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(patience_s)
            os.kill(writer.pid, signal.SIGKILL)
            writer.wait()
        for path in (tmp_path / RESIDENT.key / "administrations").glob("*.json"):
            assert len(json.loads(path.read_bytes())["note"][0]["text"]) == 4000


def test_a_folder_that_cannot_be_written_is_an_error_and_no_silence(tmp_path: Path) -> None:
    (tmp_path / RESIDENT.key).write_text("a file in the folder's place")
    with pytest.raises(OSError, match=r"exists|directory"):
        file(tmp_path, RESIDENT, LOCAL, body())


def test_ids_differ_by_dose_prescription_and_revision() -> None:
    doses = [dose_id(RESIDENT.key, date(2026, 11, 2), slot) for slot in ("morning", "noon")]
    ids = {administration_id(dose, name, n) for dose in doses for name in "ab" for n in (1, 2)}
    assert len(ids) == 8


@pytest.mark.parametrize("outcome", ["retrieved", "refused"])
def test_a_named_helper_who_pressed_is_a_performer_and_said_to_be_one(outcome: str) -> None:
    """Rule 2: neither the resident nor a member of staff."""
    function = {"coding": [{"system": "urn:dispenserd:performer", "code": "helper"}]}
    helper = {"function": function, "actor": {"display": "Mads Holm"}}
    assert told(outcome=outcome, helper="Mads Holm")["performer"] == [helper]
    both = told(outcome=outcome, helper="Mads Holm", by="Bo Opdigtet")
    assert both["performer"] == [{"actor": {"display": "Bo Opdigtet"}}, helper]
    assert "performer" not in told(outcome=outcome, helper=None)
    assert "performer" not in told(outcome=outcome), "a row that waits since before 2026-11-24"
