"""What staff do, on a real database file: who owns what, what is refused, and what the list says."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dispenserd.oncall import database as db
from dispenserd.oncall.desk import Desk, DeskRefused, RefusedForSafety, await_answer
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.received import (
    keep_answer,
    keep_heartbeat,
    keep_incident,
    keep_status,
    note_receipted,
)
from protocol.mqtt import payloads as p
from tests.support.paper_home import BOX, DOSE, NOON, at

A, B = "a" * 32, "b" * 32
BO, IDA = "Bo Prøve", "Ida Prøve"
LIMITS = OncallLimits()


class Office:
    """A desk, and what the home says put straight into its database."""

    def __init__(self, path: Path) -> None:
        self.database = db.create(path)
        self.desk = Desk(self.database, LIMITS)
        self.count = 0

    def incident(self, incident: str = A, revision: int = 1, epoch: int = 3, **changes: object) -> bool:
        fields: dict[str, object] = {
            "schema": p.INCIDENT,
            "home": BOX,
            "epoch": epoch,
            "event_id": self._event(),
            "incident": incident,
            "revision": revision,
            "subject": "dose",
            "dose": DOSE,
            "kind": "release_failed",
            "priority": "high",
            "state": "raised",
            "raised": NOON,
            "changed": at(revision),
            "deadline": at(10),
            "owner": "",
            "holds_token": False,
            "resolution": "",
            "cleared": False,
            "undelivered": False,
            "detail": "",
        }
        payload = p.IncidentPayload.model_validate(fields | changes)
        with self.database.writing() as connection:
            new = keep_incident(connection, payload, at(0))
            note_receipted(connection, payload)
        return new

    def answer(self, command_id: str, accepted: bool, reason: str = "done") -> None:
        payload = p.AnswerPayload(
            schema=p.ANSWER,
            home=BOX,
            epoch=3,
            event_id=self._event(),
            command_id=command_id,
            accepted=accepted,
            reason=reason,
            incident=A,
        )
        with self.database.writing() as connection:
            keep_answer(connection, payload, at(0))

    def heartbeat(self, now: datetime) -> None:
        payload = p.HeartbeatPayload(
            schema=p.HEARTBEAT,
            home=BOX,
            at=now,
            epoch=3,
            head="0" * 64,
            clock="trusted",
            robot="ready",
            plan_version=1,
            next_window=None,
            window_open=False,
            incidents=0,
            digest="0" * 64,
        )
        with self.database.writing() as connection:
            keep_heartbeat(connection, payload, now, LIMITS.home_silent)

    def offline(self, now: datetime) -> None:
        payload = p.StatusPayload(schema=p.STATUS, home=BOX, epoch=3, state="offline")
        with self.database.writing() as connection:
            keep_status(connection, payload, now)

    def shown(self, minutes: float = 1, everything: bool = False) -> dict[str, object]:
        (entry,) = self.desk.list_incidents(at(minutes), everything)["incidents"]
        return dict(entry)

    def home(self, now: datetime) -> dict[str, str]:
        """Whether it is heard; what it said of robot and window is in `entry`."""
        entry = self.entry(now)
        return {name: entry[name] for name in ("home", "state", "since")}

    def entry(self, now: datetime) -> dict[str, Any]:
        (entry,) = self.desk.list_incidents(now)["homes"]
        assert entry["last_test"] is None
        return dict(entry)

    def _event(self) -> str:
        self.count += 1
        return f"3-{self.count:064x}"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "oncall.db")


def test_the_list_says_age_deadline_owner_token_and_history(office: Office) -> None:
    office.incident()
    office.incident(revision=2, kind="dose_missed", priority="medium", detail="two_in_a_row")
    shown = office.shown(minutes=11)
    decision = shown.pop("decision")
    assert decision is None
    assert {key: shown.pop(key) for key in ("origin", "since", "urgency", "told", "outcome_by")} == {
        "origin": "home",
        "since": None,
        "urgency": "medium",
        "told": [],
        "outcome_by": None,
    }
    assert shown == {
        "incident": A,
        "home": BOX,
        "dose": DOSE,
        "kind": "dose_missed",
        "detail": "two_in_a_row",
        "priority": "medium",
        "state": "delivered",
        "revision": 2,
        "raised": "2026-11-02T12:00:00.000Z",
        "deadline": "2026-11-02T12:10:00.000Z",
        "age_s": 660,
        "overdue": True,
        "owner": "",
        "token": "none",
        "undelivered": False,
        "resolution": "",
        "history": [
            {
                "revision": 1,
                "kind": "release_failed",
                "detail": "",
                "priority": "high",
                "state": "raised",
                "at": "2026-11-02T12:01:00.000Z",
            },
            {
                "revision": 2,
                "kind": "dose_missed",
                "detail": "two_in_a_row",
                "priority": "medium",
                "state": "raised",
                "at": "2026-11-02T12:02:00.000Z",
            },
        ],
    }


def test_closed_incidents_are_shown_only_when_asked_for(office: Office) -> None:
    office.incident(state="closed")
    assert office.desk.list_incidents(at(1))["incidents"] == []
    assert office.shown(everything=True)["state"] == "closed"


def test_a_take_owns_at_once_and_the_token_waits_for_the_home(office: Office) -> None:
    office.incident()
    queued = office.desk.take(A[:6], BO, at(1))
    assert (office.shown()["owner"], office.shown()["token"]) == (BO, "asked")
    office.incident(revision=2, state="acknowledged", owner=BO)
    office.incident(revision=3, state="acknowledged", owner=BO, holds_token=True)
    office.answer(queued.decision_id, True)
    assert (office.shown()["owner"], office.shown()["token"]) == (BO, "confirmed")
    assert not office.shown(minutes=60)["overdue"]


def test_the_second_who_takes_is_told_who_has_it(office: Office) -> None:
    office.incident()
    office.desk.take(A, BO, at(1))
    with pytest.raises(DeskRefused) as refused:
        office.desk.take(A, IDA, at(1))
    assert (refused.value.code, refused.value.who) == ("taken_by_other", BO)


def test_two_processes_take_at_once_and_one_wins(office: Office) -> None:
    office.incident()
    names = ["Bo", "Ida"]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.oncall_process", "take", office.database.path, A, name],
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    said = [process.communicate(timeout=30)[0].strip() for process in started]
    assert sorted(said) in (["done", "taken_by_other Bo"], ["done", "taken_by_other Ida"])
    assert said[names.index(str(office.shown()["owner"]))] == "done"


def test_taking_twice_is_one_wish(office: Office) -> None:
    office.incident()
    assert office.desk.take(A, BO, at(1)) == office.desk.take(A, BO, at(2))


def test_a_refused_take_is_shown_and_may_be_repeated_with_the_new_revision(office: Office) -> None:
    office.incident()
    first = office.desk.take(A, BO, at(1))
    office.incident(revision=2, kind="dose_missed")
    assert office.shown()["owner"] == BO  # still asked
    decision = office.shown()["decision"]
    assert isinstance(decision, dict)
    assert decision["revision"] == 1  # what the person saw, though the incident has risen
    office.answer(first.decision_id, False, "stale")
    shown = office.shown()
    assert (shown["owner"], shown["token"]) == ("", "none")
    decision = shown["decision"]
    assert isinstance(decision, dict)
    assert (decision["state"], decision["reason"], decision["by"]) == ("refused", "stale", BO)
    again = office.desk.take(A, BO, at(2))
    assert again.revision == 2
    assert again.decision_id != first.decision_id


def test_an_unanswered_take_lapses_and_frees_the_incident(office: Office) -> None:
    office.incident()
    office.desk.take(A, BO, at(1))
    assert office.shown(minutes=10.9)["owner"] == BO
    shown = office.shown(minutes=11.1)
    assert shown["owner"] == ""
    decision = shown["decision"]
    assert isinstance(decision, dict)
    assert (decision["state"], decision["reason"]) == ("expired", "no_answer")
    office.desk.take(A, IDA, at(12))
    assert office.shown(minutes=12)["owner"] == IDA


def test_a_reopened_incident_has_no_owner(office: Office) -> None:
    office.incident()
    queued = office.desk.take(A, BO, at(1))
    office.incident(revision=2, state="acknowledged", owner=BO)
    office.answer(queued.decision_id, True)
    office.incident(revision=3, kind="dose_missed", state="raised", owner="")
    assert office.shown()["owner"] == ""
    assert office.desk.take(A, IDA, at(2)).revision == 3


def test_a_take_of_what_was_seen_earlier_is_stale(office: Office) -> None:
    office.incident()
    office.incident(revision=2)
    with pytest.raises(DeskRefused, match="stale"):
        office.desk.take(A, BO, at(1), seen=1)


def test_giving_without_the_confirmed_token_is_refused_for_safety(office: Office) -> None:
    office.incident()
    for _ in range(2):  # nobody's; then taken, and not yet confirmed
        with pytest.raises(RefusedForSafety, match="no_token"):
            office.desk.decide(DOSE, "given", BO, "fra lager", at(1))
        office.desk.take(A, BO, at(1))
    office.incident(revision=2, state="acknowledged", owner=BO)  # owned, and still without the token
    with pytest.raises(RefusedForSafety, match="no_token"):
        office.desk.decide(DOSE, "given", BO, "fra lager", at(1))
    office.incident(revision=3, state="acknowledged", owner=BO, holds_token=True)
    with pytest.raises(RefusedForSafety) as refused:
        office.desk.decide(DOSE, "given", IDA, "fra lager", at(1))
    assert refused.value.who == BO
    assert office.desk.decide("2026-11-02/night/1", "given", BO, "fra lager", at(1)).revision == 3


def test_who_took_it_before_it_rose_can_still_say_that_they_gave_it(office: Office) -> None:
    """A colleague owns it now, and the right to give went to nobody else: its holder must be heard."""
    office.incident()
    taken = office.desk.take(A, BO, at(1))
    office.incident(revision=3, state="acknowledged", owner=BO, holds_token=True)
    office.answer(taken.decision_id, True)
    for revision, owner in ((4, ""), (5, IDA)):
        office.incident(revision=revision, kind="order_unknown", state="acknowledged", owner=owner)
        said = office.desk.decide(A, "given", BO, "fra lager", at(2))
        assert said.revision == revision
        office.answer(said.decision_id, False, "in_doubt")
    with pytest.raises(RefusedForSafety, match="no_token"):
        office.desk.decide(A, "given", IDA, "fra lager", at(2))


def test_a_second_verdict_waits_for_the_first(office: Office) -> None:
    office.incident()
    first = office.desk.decide(A, "not_given", BO, "lå i magasinet", at(1))
    assert office.desk.decide(A, "not_given", BO, "lå i magasinet", at(1)) == first
    with pytest.raises(DeskRefused, match="decision_waits"):
        office.desk.decide(A, "had_it", BO, "siger borgeren", at(1))
    office.answer(first.decision_id, False, "not_in_doubt")
    office.desk.decide(A, "had_it", BO, "siger borgeren", at(2))


def test_only_the_confirmed_owner_closes(office: Office) -> None:
    office.incident()
    with pytest.raises(DeskRefused, match="not_owner"):
        office.desk.close(A, BO, "called_resident", at(1))
    office.desk.take(A, BO, at(1))
    with pytest.raises(DeskRefused, match="not_confirmed"):
        office.desk.close(A, BO, "called_resident", at(1))
    office.incident(revision=2, state="acknowledged", owner=BO)
    with pytest.raises(DeskRefused, match="taken_by_other"):
        office.desk.close(A, IDA, "called_resident", at(1))
    with pytest.raises(DeskRefused, match="bad_resolution"):
        office.desk.close(A, BO, "Ringede til Oda", at(1))
    assert office.desk.close(A, BO, "called_resident", at(1)).revision == 2


@pytest.mark.parametrize(
    ("target", "code"),
    [("", "unknown_incident"), ("f", "unknown_incident"), ("%", "unknown_incident"), ("c", "closed")],
)
def test_what_can_not_be_taken_says_why(office: Office, target: str, code: str) -> None:
    office.incident(A)
    office.incident(B)
    office.incident("c" * 32, state="closed")
    with pytest.raises(DeskRefused, match=code):
        office.desk.take(target, BO, at(1))


def test_an_ambiguous_beginning_is_refused(office: Office) -> None:
    office.incident("ab" * 16)
    office.incident("ac" * 16)
    with pytest.raises(DeskRefused, match="ambiguous"):
        office.desk.take("a", BO, at(1))
    office.desk.take("ab", BO, at(1))


def test_a_home_that_uses_anothers_id_hides_nothing_of_it(office: Office) -> None:
    office.incident(A)
    office.incident(A, home="box-8")
    with pytest.raises(DeskRefused, match="ambiguous"):
        office.desk.take(A, BO, at(1))
    assert office.desk.take(f"{BOX}/{A}", BO, at(1)).home == BOX
    assert office.desk.decide(f"box-8/{A[:4]}", "had_it", BO, "asked", at(1)).home == "box-8"


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "Bo\nPrøve", "\x1b[2J", "\ud800"])
def test_a_name_must_be_readable(office: Office, name: str) -> None:
    office.incident()
    with pytest.raises(DeskRefused, match="bad_name"):
        office.desk.take(A, name, at(1))


def test_an_older_revision_that_comes_late_is_history_only(office: Office) -> None:
    office.incident(revision=3, kind="dose_missed")
    assert office.incident(revision=2, kind="about_to_miss")
    shown = office.shown()
    assert (shown["revision"], shown["kind"]) == (3, "dose_missed")
    history = shown["history"]
    assert isinstance(history, list)
    assert [each["revision"] for each in history] == [2, 3]


def test_a_restored_home_counts_from_its_new_epoch(office: Office) -> None:
    office.incident(revision=5, epoch=3)
    office.incident(revision=1, epoch=4)
    assert office.shown()["revision"] == 1
    with office.database.writing() as connection:
        epochs = connection.execute(db.homes.select()).one().epoch
    assert epochs == 4


def test_a_home_is_alive_until_it_was_silent_too_long(office: Office) -> None:
    for minute in range(4):
        office.heartbeat(at(minute))
    alive = {"home": BOX, "state": "alive", "since": "2026-11-02T12:00:00.000Z"}
    assert office.home(at(8)) == alive
    assert office.home(at(8.1)) == {"home": BOX, "state": "unknown", "since": "2026-11-02T12:03:00.000Z"}
    office.heartbeat(at(20))
    assert office.home(at(20)) == {"home": BOX, "state": "alive", "since": "2026-11-02T12:20:00.000Z"}


def test_a_home_whose_will_came_is_unknown_until_its_next_heartbeat(office: Office) -> None:
    office.heartbeat(at(0))
    office.offline(at(1))
    office.offline(at(2))
    assert office.home(at(2)) == {"home": BOX, "state": "unknown", "since": "2026-11-02T12:01:00.000Z"}
    office.heartbeat(at(3))
    assert office.home(at(3)) == {"home": BOX, "state": "alive", "since": "2026-11-02T12:03:00.000Z"}


def test_a_home_shows_what_its_newest_heartbeat_said(office: Office) -> None:
    office.offline(at(0))
    assert office.entry(at(0))["robot"] == ""
    office.heartbeat(at(1))
    said = office.entry(at(1))
    assert (said["robot"], said["clock"], said["heard"]) == ("ready", "trusted", "2026-11-02T12:01:00.000Z")
    assert said["next_window"] is None
    assert said["window_open"] is False


def test_a_rehearsal_stretches_the_silence(office: Office) -> None:
    office.heartbeat(at(0))
    fast = Desk(office.database, LIMITS.stretched(600))
    assert fast.list_incidents(at(600))["homes"][0]["state"] == "alive"
    assert office.home(at(600))["state"] == "unknown"


async def test_waiting_for_an_answer_ends_with_it_or_with_the_time(office: Office) -> None:
    office.incident()
    queued = office.desk.take(A, BO, at(1))
    waiting = await await_answer(office.desk, queued.decision_id, lambda: at(1), 0.15)
    assert (waiting.state, waiting.reason) == ("waiting", "no_answer")
    office.answer(queued.decision_id, True)
    answered = await await_answer(office.desk, queued.decision_id, lambda: at(1), 5)
    assert (answered.state, answered.reason) == ("accepted", "done")


def test_the_database_is_its_users_alone_and_missing_is_said(tmp_path: Path, office: Office) -> None:
    assert office.database.path.stat().st_mode & 0o077 == 0
    with pytest.raises(db.DatabaseFault, match="no on-call database"):
        db.open_existing(tmp_path / "elsewhere.db")
    (tmp_path / "noise.db").write_bytes(b"this is no database at all" * 100)
    with pytest.raises(db.DatabaseFault):
        db.create(tmp_path / "noise.db")
    with pytest.raises(db.DatabaseFault):
        db.open_existing(tmp_path / "noise.db")


def test_a_database_of_another_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "newer.db"
    with db.create(path).writing() as connection:
        connection.exec_driver_sql("PRAGMA user_version = 9")
    for opened in (db.create, db.open_existing):
        with pytest.raises(db.DatabaseFault, match="version 9"):
            opened(path)


def test_an_incident_says_why_and_its_history_what_it_said_before(office: Office) -> None:
    office.incident(revision=2, detail="lid_open")
    office.incident(revision=3, detail="motor_stall")
    office.incident(revision=1, detail="late_copy")  # history alone
    shown = office.shown()
    assert shown["detail"] == "motor_stall"
    history = shown["history"]
    assert isinstance(history, list)
    assert sorted((each["revision"], each["detail"]) for each in history) == [
        (1, "late_copy"),
        (2, "lid_open"),
        (3, "motor_stall"),
    ]


def test_limits_stretch_alike() -> None:
    fast = LIMITS.stretched(2)
    assert (fast.home_silent, fast.command_life) == (timedelta(minutes=10), timedelta(minutes=20))
    assert (fast.outcome_due, fast.test_missed) == (LIMITS.outcome_due, LIMITS.test_missed)  # people's
