"""On-call's real database, filled as homes would fill it: by the receiver's own functions, on a real clock.

What a home says is said here by hand: incidents, answers, heartbeats. `alive` writes the sign of life that
`oncall run` writes. Persons are invented.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from dispenserd.clock import SystemClock
from dispenserd.oncall import database as db
from dispenserd.oncall import pulse
from dispenserd.oncall.desk import Desk
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.received import keep_answer, keep_heartbeat, keep_incident, note_receipted
from protocol.mqtt import payloads as p
from tests.support import heartbeats

KEY = "0123456789abcdef0123456789abcdef"
DOSE = f"{KEY}/2026-11-02/evening/1"
HOME = "box-0001"


class OncallOffice:
    def __init__(self, folder: Path, language: str = "da") -> None:
        self.path = folder / "oncall.db"
        self.config = folder / "oncall.toml"
        self.config.write_text(
            '[oncall]\ndatabase = "oncall.db"\nsigning_key_file = "signing.key"\n'
            f'language = "{language}"\n[mqtt]\nhost = "127.0.0.1"\nport = 1\n'
        )
        self.clock = SystemClock()
        self.database = db.create(self.path)
        self.desk = Desk(self.database, OncallLimits())
        self._count = 0

    def alive(self, connected: bool = True, ago_s: float = 0.0, refuses: str = "") -> None:
        """`oncall run` gave a sign of life."""
        pulse._write(pulse.pulse_path(self.path), self.clock.monotonic() - ago_s, connected, refuses)

    def heartbeat(self, home: str = HOME, ago: timedelta = timedelta(), **changes: object) -> None:
        now = self.clock.now()
        ahead: dict[str, object] = {"next_window": now + timedelta(hours=5)}
        payload = heartbeats.heartbeat(home, now, **(ahead | changes))
        with self.database.writing() as connection:
            keep_heartbeat(connection, payload, now - ago, OncallLimits().home_silent)

    def incident(
        self,
        incident: str = "a" * 32,
        revision: int = 1,
        age: timedelta = timedelta(minutes=1),
        left: timedelta = timedelta(minutes=9),
        **changes: object,
    ) -> None:
        """`age` since it was raised, `left` until its deadline."""
        now = self.clock.now()
        fields: dict[str, object] = {
            "schema": p.INCIDENT,
            "home": HOME,
            "epoch": 1,
            "event_id": self._event(),
            "incident": incident,
            "revision": revision,
            "subject": "dose",
            "dose": DOSE,
            "kind": "dose_blocked",
            "priority": "high",
            "state": "published",
            "raised": self._raised(incident, str(changes.get("home", HOME))) or now - age,
            "changed": now,
            "deadline": now + left,
            "owner": "",
            "holds_token": False,
            "resolution": "",
            "cleared": False,
            "undelivered": False,
            "detail": "lid_open",
        }
        payload = p.IncidentPayload.model_validate(fields | changes)
        with self.database.writing() as connection:
            assert keep_incident(connection, payload, now)
            note_receipted(connection, payload)

    def answer(self, accepted: bool = True, reason: str = "done", home: str = HOME) -> None:
        """The home answers the newest decision."""
        with self.database.reading() as connection:
            query = select(db.decisions).order_by(db.decisions.c.number.desc())
            decision = connection.execute(query).first()
        assert decision is not None
        payload = p.AnswerPayload(
            schema=p.ANSWER,
            home=home,
            epoch=1,
            event_id=self._event(),
            command_id=decision.decision_id,
            accepted=accepted,
            reason=reason,
            incident=decision.incident,
        )
        with self.database.writing() as connection:
            keep_answer(connection, payload, self.clock.now())

    def decided(self) -> list[tuple[str, str, str, int]]:
        """(action, verdict, by, revision) of every decision, oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(select(db.decisions).order_by(db.decisions.c.number)).all()
        return [(row.action, row.verdict, row.by, row.revision) for row in rows]

    def _event(self) -> str:
        self._count += 1
        return f"1-{self._count:064x}"

    def _raised(self, incident: str, home: str) -> datetime | None:
        """A later revision keeps the instant of the first one: another would be another life of the home."""
        with self.database.reading() as connection:
            query = select(db.incidents.c.raised).where(
                db.incidents.c.incident == incident, db.incidents.c.home == home
            )
            raised = connection.execute(query).scalar()
        return None if raised is None else datetime.fromisoformat(raised)
