"""The folder as a fagsystem sees it: whole files, each content once, no withdrawal by vanishing."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispenserd.fagsystem.fhir import FILE_BYTES_MAX
from dispenserd.fagsystem.folder import PlanFolder
from dispenserd.fagsystem.mapping import ResidentIdentity
from scheduler.commands import OfferPlan
from scheduler.events import PlanRefused
from scheduler.window import LocalTime

LOCAL = LocalTime("Europe/Copenhagen")
NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
RESIDENT = ResidentIdentity("0123456789abcdef0123456789abcdef", "urn:example:person", "invented-1")
DOCUMENT = Path(__file__).parents[2] / "docs" / "fagsystem.md"
CARD = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[0].encode()


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / RESIDENT.key / "plan.json"
    path.parent.mkdir()
    return path


def by_rename(plan: Path, content: bytes) -> None:
    part = plan.with_name(".plan.json.part")
    part.write_bytes(content)
    part.replace(plan)


def refused(fact: object) -> str:
    assert isinstance(fact, PlanRefused), fact
    assert (fact.at, fact.resident) == (NOW, RESIDENT.key)
    return fact.reason


def test_a_card_is_offered_once_for_each_content(plan: Path, tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path, RESIDENT, LOCAL)
    assert folder.poll(NOW) is None
    by_rename(plan, CARD)
    offer = folder.poll(NOW)
    assert isinstance(offer, OfferPlan)
    assert offer.card_version == 7
    assert folder.poll(NOW) is None
    by_rename(plan, CARD)
    assert folder.poll(NOW) is None
    by_rename(plan, CARD.replace(b'"value": "7"', b'"value": "8"'))
    newer = folder.poll(NOW)
    assert isinstance(newer, OfferPlan)
    assert newer.card_version == 8


def test_a_new_process_offers_the_card_again(plan: Path, tmp_path: Path) -> None:
    by_rename(plan, CARD)
    assert (
        PlanFolder(tmp_path, RESIDENT, LOCAL).poll(NOW)
        == PlanFolder(tmp_path, RESIDENT, LOCAL).poll(NOW)
        is not None
    )


def test_a_card_that_is_still_being_written_is_not_read(plan: Path, tmp_path: Path) -> None:
    for name in (".plan.json.part", "plan.json.tmp", "plan.json~"):
        plan.with_name(name).write_bytes(CARD[:100])
    assert PlanFolder(tmp_path, RESIDENT, LOCAL).poll(NOW) is None


def test_a_file_that_vanishes_withdraws_nothing(plan: Path, tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path, RESIDENT, LOCAL)
    by_rename(plan, CARD)
    folder.poll(NOW)
    plan.unlink()
    assert folder.poll(NOW) is None
    plan.parent.rmdir()
    assert folder.poll(NOW) is None


def test_another_residents_folder_is_never_read(plan: Path, tmp_path: Path) -> None:
    by_rename(plan, CARD)
    other = ResidentIdentity("f" * 32, "urn:example:person", "invented-2")
    assert PlanFolder(tmp_path, other, LOCAL).poll(NOW) is None


def test_another_persons_card_in_the_folder_is_refused_once_without_quoting_it(
    plan: Path, tmp_path: Path
) -> None:
    folder = PlanFolder(tmp_path, RESIDENT, LOCAL)
    by_rename(plan, CARD.replace(b"invented-1", b"invented-2"))
    fact = folder.poll(NOW)
    assert refused(fact) == "wrong_person"
    assert "invented" not in repr(fact)
    assert folder.poll(NOW) is None


def test_a_broken_card_is_refused_and_the_repaired_one_offered(plan: Path, tmp_path: Path) -> None:
    folder = PlanFolder(tmp_path, RESIDENT, LOCAL)
    by_rename(plan, CARD[:-20])
    assert refused(folder.poll(NOW)) == "json_broken"
    by_rename(plan, CARD)
    assert isinstance(folder.poll(NOW), OfferPlan)


def test_a_file_too_large_is_refused_without_reading_it_all(plan: Path, tmp_path: Path) -> None:
    plan.touch()
    os.truncate(plan, 50 * FILE_BYTES_MAX)
    assert refused(PlanFolder(tmp_path, RESIDENT, LOCAL).poll(NOW)) == "too_large"


def test_a_folder_in_the_files_place_is_unreadable_and_said_once(plan: Path, tmp_path: Path) -> None:
    plan.mkdir()
    folder = PlanFolder(tmp_path, RESIDENT, LOCAL)
    assert refused(folder.poll(NOW)) == "file_unreadable"
    assert folder.poll(NOW) is None
    plan.rmdir()
    by_rename(plan, CARD)
    assert isinstance(folder.poll(NOW), OfferPlan)


@pytest.mark.timeout(5)
def test_a_pipe_in_the_files_place_does_not_hold_the_poll(plan: Path, tmp_path: Path) -> None:
    os.mkfifo(plan)
    assert refused(PlanFolder(tmp_path, RESIDENT, LOCAL).poll(NOW)) == "file_unreadable"
