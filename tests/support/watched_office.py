"""On-call's database with what homes say put straight into it, and the watch looking when it is told to.

Real rows on a real file; the clock is a number of minutes after NOON.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from dispenserd.oncall import database as db
from dispenserd.oncall.desk import Desk
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.listing import Relisted, keep_list
from dispenserd.oncall.notices import Result, Sent
from dispenserd.oncall.notifier import settle
from dispenserd.oncall.received import keep_answer, keep_heartbeat, keep_incident
from dispenserd.oncall.roster import Person, Roster
from dispenserd.oncall.silence import Ears
from dispenserd.oncall.steps import queued
from dispenserd.oncall.watch import Watch
from protocol.mqtt import payloads as p
from tests.support.paper_home import BOX, DOSE, NOON, at

A, B = "a" * 32, "b" * 32
ANNA, BO, IDA = (
    Person(name, "en", ("json://127.0.0.1:9/",)) for name in ("Anna Prøve", "Bo Prøve", "Ida Prøve")
)
MERETE = Person("Merete Prøve", "da", ("json://127.0.0.1:9/",))
ROSTER = Roster((ANNA, BO, IDA), MERETE)
LIMITS = OncallLimits()
LONG_AGO = NOON - timedelta(days=1)

Step = tuple[str, str, str, float]
"""(why, person, priority, minutes after NOON at which it was due)."""


class Office:
    def __init__(self, path: Path, roster: Roster = ROSTER) -> None:
        self.database = db.create(path)
        self.desk = Desk(self.database, LIMITS)
        self.ears = Ears(True, LONG_AGO)
        self.watch = Watch(self.database, roster, LIMITS, lambda: self.ears)
        self.count = 0

    def incident(
        self, minutes: float = 0, incident: str = A, revision: int = 1, home: str = BOX, **changes: object
    ) -> None:
        """Arrives `minutes` after NOON; due, unless told otherwise, in 30 minutes from NOON."""
        self.count += 1
        fields: dict[str, object] = {
            "schema": p.INCIDENT,
            "home": home,
            "epoch": 3,
            "event_id": f"3-{self.count:064x}",
            "incident": incident,
            "revision": revision,
            "subject": "dose",
            "dose": DOSE,
            "kind": "dose_missed",
            "priority": "medium",
            "state": "raised",
            "raised": NOON,
            "changed": at(minutes),
            "deadline": at(30),
            "owner": "",
            "holds_token": False,
            "resolution": "",
            "cleared": False,
            "undelivered": False,
            "detail": "",
        }
        with self.database.writing() as connection:
            keep_incident(connection, p.IncidentPayload.model_validate(fields | changes), at(minutes))

    def answer(self, minutes: float, command_id: str, accepted: bool = True) -> None:
        self.count += 1
        payload = p.AnswerPayload(
            schema=p.ANSWER,
            home=BOX,
            epoch=3,
            event_id=f"3-{self.count:064x}",
            command_id=command_id,
            accepted=accepted,
            reason="done",
            incident=A,
        )
        with self.database.writing() as connection:
            keep_answer(connection, payload, at(minutes))

    def heartbeat(self, minutes: float, home: str = BOX, listed: bool = True, **changes: Any) -> None:
        """Of a home that is on the list, unless told otherwise."""
        fields: dict[str, object] = {
            "schema": p.HEARTBEAT,
            "home": home,
            "at": at(minutes),
            "epoch": 3,
            "head": "0" * 64,
            "clock": "trusted",
            "robot": "ready",
            "plan_version": 1,
            "next_window": None,
            "window_open": False,
            "incidents": 0,
            "digest": "0" * 64,
        }
        payload = p.HeartbeatPayload.model_validate(fields | changes)
        with self.database.writing() as connection:
            keep_heartbeat(connection, payload, at(minutes), LIMITS.home_silent)
            if listed:
                on_it = select(db.homes.c.home).where(db.homes.c.listed.is_not(None))
                keep_list(connection, {home, *connection.execute(on_it).scalars()}, at(minutes))

    def list_homes(self, minutes: float, *names: str) -> Relisted:
        """The whole list, as it is read `minutes` after NOON."""
        with self.database.writing() as connection:
            return keep_list(connection, names, at(minutes))

    def look(self, minutes: float) -> float | None:
        """Minutes after NOON at which the next look has something to do."""
        due = self.watch.look(at(minutes))
        return None if due is None else (due - NOON).total_seconds() / 60

    def rows(self, minutes: float = 0, everything: bool = False) -> list[dict[str, Any]]:
        return [dict(row) for row in self.desk.list_incidents(at(minutes), everything)["incidents"]]

    def own(self, kind: str, everything: bool = True) -> list[dict[str, Any]]:
        return [row for row in self.rows(everything=everything) if row["kind"] == kind]

    def told(self, incident: str = A) -> list[Step]:
        (row,) = [row for row in self.rows(everything=True) if row["incident"] == incident]
        return [
            (step["why"], step["person"], step["priority"], _minutes(step["due"])) for step in row["told"]
        ]

    def result(self, minutes: float, reached: bool, result: Result = "refused") -> None:
        """What came of the notices that wait."""
        sent = Sent(("ok",) if reached else (result,))
        with self.database.writing() as connection:
            for notice in queued(connection):
                settle(connection, notice, sent, ROSTER.deadlines, at(minutes))


def _minutes(text: str) -> float:
    return (datetime.fromisoformat(text) - NOON).total_seconds() / 60
