"""Events that share an id, and a second life of the same home."""

from __future__ import annotations

from pathlib import Path

from dispenserd.oncall import database as db
from dispenserd.oncall.desk import Desk
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.received import keep_answer, keep_incident, note_receipted
from protocol.mqtt import payloads as p
from tests.support.paper_home import BOX, NOON, at

A, B = "a" * 32, "b" * 32


def told(incident: str, event: str, revision: int = 1, **changes: object) -> p.IncidentPayload:
    fields: dict[str, object] = {
        "schema": p.INCIDENT,
        "home": BOX,
        "epoch": 1,
        "event_id": f"1-{event * 64}",
        "incident": incident,
        "revision": revision,
        "subject": "robot",
        "dose": "",
        "kind": "robot_fault",
        "priority": "high",
        "state": "raised",
        "raised": NOON,
        "changed": NOON,
        "deadline": at(10),
        "owner": "",
        "holds_token": False,
        "resolution": "",
        "cleared": False,
        "undelivered": False,
    }
    return p.IncidentPayload.model_validate(fields | changes)


def keep(database: db.Database, payload: p.IncidentPayload, minutes: float = 0, receipt: bool = True) -> None:
    with database.writing() as connection:
        keep_incident(connection, payload, at(minutes))
        if receipt:
            note_receipted(connection, payload)


def test_two_incidents_of_one_commit_each_keep_their_history_and_their_own_receipt(tmp_path: Path) -> None:
    database = db.create(tmp_path / "o.db")
    keep(database, told(A, "1"), receipt=False)
    keep(database, told(B, "1", undelivered=True), receipt=False)  # same commit: the store gives one event id
    with database.writing() as connection:
        note_receipted(connection, told(A, "1"))  # A's alone
    shown = {i["incident"]: i for i in Desk(database, OncallLimits()).list_incidents(at(1))["incidents"]}
    assert len(shown[B]["history"]) == 1
    assert shown[B]["undelivered"], "its receipt never left"


def test_a_home_with_a_new_store_is_shown_and_not_only_receipted(tmp_path: Path) -> None:
    database = db.create(tmp_path / "o.db")
    desk = Desk(database, OncallLimits())
    keep(database, told(A, "1"))
    take = desk.take(A, "Bo", at(1))
    with database.writing() as connection:
        keep_answer(
            connection,
            p.AnswerPayload(
                schema=p.ANSWER,
                home=BOX,
                epoch=1,
                event_id=f"1-{'2' * 64}",
                command_id=take.decision_id,
                accepted=True,
                reason="done",
                incident=A,
            ),
            at(1),
        )
    keep(database, told(A, "2", 2, state="acknowledged", owner="Bo", changed=at(1)))
    keep(database, told(A, "3", 3, state="closed", owner="Bo", changed=at(2)))
    # the card dies; the same box starts on an empty store: epoch 1, ordinal 1, revision 1 again
    new = told(A, "9", 1, raised=at(60), changed=at(60), deadline=at(70))
    keep(database, new, 60)
    (shown,) = desk.list_incidents(at(61))["incidents"]
    assert (shown["revision"], shown["state"], shown["owner"]) == (1, "delivered", "")
    desk.take(A, "Ida", at(61))
    late = told(A, "3", 3, state="closed", owner="Bo", changed=at(2))  # a late copy of the old life
    keep(database, late, 62)
    (shown,) = desk.list_incidents(at(63))["incidents"]
    assert (shown["revision"], shown["owner"]) == (1, "Ida")
