"""`dosage explain`: what it prints, for scripts and for a nurse, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from dispenserd.cli.entry import carry_out
from tests.support.dosage_papers import day, dose, fhir, fmk, raw, structure, xml_146

DATES = ("--from", "2026-11-02", "--to", "2026-11-03")
FIELDS = ["kind", "automatic", "refused", "doses", "daily_dose", "text"]


def told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], paper: object, *options: str
) -> tuple[int, dict[str, Any]]:
    file = tmp_path / "dosage"
    file.write_bytes(raw(paper))
    code = carry_out(["dosage", "explain", str(file), *(options or DATES), "--json"])
    captured = capsys.readouterr()
    assert captured.err == ""
    return code, json.loads(captured.out)


def test_it_prints_exactly_the_six_fields(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = told(tmp_path, capsys, fmk(structure(day(1, dose("Morning", 1.5), dose("Night")))))
    assert code == 0
    assert list(found) == FIELDS
    assert found == {
        "kind": "fixed",
        "automatic": True,
        "refused": [],
        "doses": [
            {"at": f"2026-11-0{d}T{hour}:00:00+01:00", "slot": slot, "quantity": quantity, "unit": "tablet"}
            for d in (2, 3)
            for hour, slot, quantity in (("08", "morning", "1.5"), ("22", "night", "1"))
        ],
        "daily_dose": 2.5,
        "text": "1,5 tabletter morgen og 1 tablet nat hver dag fra 2. november 2026",
    }


def test_what_is_refused_is_explained_and_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = told(tmp_path, capsys, {**fhir(when=["MORN"]), "modifierExtension": [{"url": "urn:x"}]})
    assert code == 0
    assert found["automatic"] is False
    assert [(each["reason"], each["path"]) for each in found["refused"]] == [
        ("modifier_element", "Dosage.modifierExtension")
    ]
    assert found["doses"] == []


def test_zone_and_clock_are_the_homes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = "morning=07:15,noon=12:00,evening=18:00,night=23:30"
    options = (*DATES, "--zone", "America/Nuuk", "--clock", clock)
    _, found = told(tmp_path, capsys, fhir(when=["MORN"]), *options)
    assert [each["at"] for each in found["doses"]] == [
        "2026-11-02T07:15:00-02:00",
        "2026-11-03T07:15:00-02:00",
    ]


@pytest.mark.parametrize(
    ("paper", "word"),
    [
        (b"{", "json_broken"),
        (b"", "json_broken"),
        (b"<Dosage", "xml_broken"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "xml_declarations"),
        (b"[" * 10_000_000, "too_large"),
        (b'{"a": 1}', "format_unknown"),
        (b'{"resourceType": "Patient"}', "wrong_resource"),
        (b"<a>" * 5000, "too_deep"),
    ],
)
def test_a_file_without_a_dosage_is_an_error_that_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], paper: bytes, word: str
) -> None:
    code, found = told(tmp_path, capsys, paper)
    assert code == 1
    assert list(found) == FIELDS, "also for other suites"
    assert (found["kind"], found["automatic"], found["doses"], found["daily_dose"]) == (
        "none",
        False,
        [],
        None,
    )
    assert [each["reason"] for each in found["refused"]] == [word]
    assert carry_out(["dosage", "explain", str(tmp_path / "dosage"), *DATES]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"({word})" in captured.err
    assert "docs/dosage.md" in captured.err


def test_a_file_that_is_not_there_or_no_file_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none", tmp_path, tmp_path / "pipe", tmp_path / "nul\0"):
        assert carry_out(["dosage", "explain", str(path), *DATES, "--json"]) in (1, 2)
        assert json.loads(capsys.readouterr().out)["schema"] == "dispenserd/error/1"


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "2026-11-03", "--to", "2026-11-02"),
        ("--from", "2. november", "--to", "2026-11-02"),
        ("--from", "1026-11-02", "--to", "2026-11-02"),
        ("--from", "2000-01-01", "--to", "2026-11-02"),
        (*DATES, "--zone", "Mars/Olympus"),
        (*DATES, "--clock", "morning=08:00"),
        (*DATES, "--clock", "morning=08:00,noon=12:00,evening=18:00,night=25:00"),
        (*DATES, "--clock", "morning=08:00,morning=09:00,noon=12:00,evening=18:00,night=22:00"),
        ("--to", "2026-11-02"),
    ],
)
def test_what_was_typed_wrongly_is_a_usage_error(
    options: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = told(tmp_path, capsys, fhir(when=["MORN"]), *options)
    assert (code, found["code"]) == (2, "usage")


def test_a_nurse_reads_a_sentence_and_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "dosage.json"
    file.write_bytes(raw(fhir(0.5, when=["MORN"], frequency=1, period=2, periodUnit="d")))
    assert carry_out(["dosage", "explain", str(file), *DATES]) == 0
    shown = capsys.readouterr().out
    assert "0,5 tablet morgen hver 2. dag fra 2. november 2026" in shown
    assert "A machine may carry it out." in shown
    assert "Mon 02 Nov 2026" in shown
    assert "0,5 tablet " in shown
    assert "Tue 03" not in shown
    file.write_bytes(raw(fhir(2, when=["MORN"])))
    assert carry_out(["dosage", "explain", str(file), *DATES]) == 0
    assert "2 tabletter \n" in capsys.readouterr().out
    file.write_bytes(xml_146("<m:FreeText><m:Text>\x7f kun hvis svimmel</m:Text></m:FreeText>", ""))
    assert carry_out(["dosage", "explain", str(file), *DATES]) == 0
    shown = capsys.readouterr().out
    assert "kun hvis svimmel" in shown
    assert "No machine may carry it out" in shown
    assert "Doseringen er fritekst" in shown
