"""On-call that can't write still calls somebody: a real full disk, a real read-only one, real gateways."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from dispenserd.clock import SystemClock
from dispenserd.mqtt.session import Broker, Session
from dispenserd.oncall import keys, refusing
from dispenserd.oncall.database import Database, DatabaseFault
from dispenserd.oncall.marks import Marks
from dispenserd.oncall.notices import Sent
from dispenserd.oncall.notifier import Notifier
from dispenserd.oncall.refusing import Refusing
from dispenserd.oncall.roster import Roster
from dispenserd.oncall.sender import DecisionSender
from dispenserd.oncall.steps import queued
from dispenserd.oncall.unwritten import Unwritten
from tests.storage.small_disk import on_small_disk
from tests.support.paper_home import NOON
from tests.support.watched_office import ANNA, A, Office

DISK_KB = 600


@pytest.mark.timeout(150)
@pytest.mark.parametrize("story", ["fills", "begins", "read_only", "unreached", "quiet", "locked"])
def test_people_are_told_once_and_nothing_known_is_lost(tmp_path: Path, story: str) -> None:
    command = [sys.executable, "-m", "tests.oncall.refusing_office", story, str(tmp_path)]
    on_small_disk(tmp_path, DISK_KB, command, within_s=120)


def test_what_fails_for_a_moment_is_not_held_and_what_goes_on_failing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusing, "HELD_S", 0.0)
    office = Office(tmp_path / "o.db")
    office.incident()
    office.look(0)
    with office.database.reading() as connection:
        (notice,) = queued(connection)
    again: list[int] = []
    database, unwritten, marks = office.database, Unwritten(), Marks(tmp_path / "o.db")
    notifier = Notifier(database, Roster((ANNA,)), SystemClock(), unwritten=unwritten, marks=marks)
    watched = Refusing(database, notifier, unwritten, marks, SystemClock(), lambda: again.append(1))
    fault = DatabaseFault("no room", "disk_full")
    database.failed = fault
    watched.look()
    assert not (database.held or again) and database.failed is None
    monkeypatch.setattr(refusing, "REFUSES_S", 0.0)
    database.failed = fault
    watched.look()
    assert _held(database) == "disk_full"
    with pytest.raises(DatabaseFault), database.writing():
        pass
    unwritten.settle(notice, Sent(("refused",)), NOON)
    watched.look()
    assert (_held(database), again) == (None, [1]), "homes have the time of one beat"
    assert [row["detail"] for row in office.own("store_refuses")] == ["disk_full"]
    (row,) = [row for row in office.rows() if row["incident"] == A]
    assert [(step["state"], step["result"]) for step in row["told"]] == [("failed", "refused")]


def test_a_decision_that_expires_while_nothing_can_be_written_ends_nothing(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path / "o.db")
    office.incident()
    office.desk.take(A, "Anna", NOON)
    key = keys.load_or_create(tmp_path / "key").private
    later = NOON + timedelta(hours=1)
    sender = DecisionSender(office.database, Session(Broker("127.0.0.1", 9), "oncall"), key, lambda: later)
    office.database.held = "disk_full"
    asyncio.run(sender._look())
    office.database.held = None
    assert office.rows(60)[0]["decision"]["reason"] == "no_answer"


def _held(database: Database) -> str | None:
    return database.held
