"""On-call's own incidents: raised, risen and ended by evidence; taken and closed by staff, at once.

They stand in the same tables as those of homes, with the origin `oncall`. One row an occurrence of a cause:
as long as it lasts, the row is not `cleared`, also when a person closed it meanwhile; so it is never doubled,
survives restarts, and is reopened with its own deadline when it rises (rule 26).

Database logic without a network. Every function takes an open writing transaction.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, Update, insert, select, update

from dispenserd.oncall.database import ONCALL, decisions, incidents, revisions
from dispenserd.oncall.roster import PRIORITIES, Deadlines, Priority
from dispenserd.oncall.view import AnyRow
from protocol.mqtt.instants import to_text

Kind = Literal[
    "home_silent",
    "nobody_on_call",
    "notice_failed",
    "digest_disagrees",
    "test_alarm_missing",
    "broker_lost",
    "home_unlisted",
    "home_list_empty",
    "file_refused",
    "store_refuses",
]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong now. `at`: since when at this priority; `since`: since when at all."""

    home: str  # "" = on-call itself
    kind: Kind
    priority: Priority
    at: datetime
    since: datetime
    detail: str = ""
    about: str = ""  # one occurrence a cause: several people may be out of reach

    @property
    def cause(self) -> str:
        return f"{self.kind}/{self.about}" if self.about else self.kind


def keep_own(connection: Connection, wrong: Wrong, deadlines: Deadlines) -> bool:
    """Whether anything changed: raised it, or let it rise."""
    known = _occurrence(connection, wrong.home, wrong.cause)
    if known is None:
        _raise(connection, wrong, deadlines)
        return True
    if PRIORITIES.index(wrong.priority) <= PRIORITIES.index(known.priority):
        return False
    changes = {
        "priority": wrong.priority,
        "state": "raised",
        "owner": "",
        "resolution": "",
        "detail": wrong.detail,
        "deadline": to_text(wrong.at + deadlines.of(wrong.priority)),
    }
    _change(connection, known, changes, wrong.at)
    return True


def needs_keeping(wrong: Wrong, ongoing: Mapping[tuple[str, str], AnyRow]) -> bool:
    """Whether `keep_own` would change anything; `ongoing` by (home, cause)."""
    known = ongoing.get((wrong.home, wrong.cause))
    return known is None or PRIORITIES.index(wrong.priority) > PRIORITIES.index(known.priority)


def ongoing(connection: Connection) -> dict[tuple[str, str], AnyRow]:
    """The causes that last, by (home, cause)."""
    return {(row.home, row.cause): row for row in connection.execute(_LASTING)}


_LASTING = select(incidents).where(incidents.c.origin == ONCALL, incidents.c.cleared.is_(False))


def clear_own(connection: Connection, home: str, cause: str, now: datetime) -> None:
    """The evidence is there that it is over."""
    known = _occurrence(connection, home, cause)
    if known is None:
        return
    if known.state == "closed":
        connection.execute(_here(known).values(cleared=True))
    else:
        changes = {"state": "closed", "cleared": True, "resolution": known.resolution or "cleared"}
        _change(connection, known, changes, now)


def take_own(connection: Connection, row: AnyRow, by: str, now: datetime) -> str:
    """`by` owns it; the id of the decision. The caller has seen that nobody else does."""
    if row.owner != by:
        _change(connection, row, {"owner": by, "state": "acknowledged"}, now)
    return _decided(connection, row, "take", by, now)


def close_own(connection: Connection, row: AnyRow, by: str, resolution: str, now: datetime) -> str:
    _change(connection, row, {"state": "closed", "resolution": resolution}, now)
    return _decided(connection, row, "close", by, now)


def _occurrence(connection: Connection, home: str, cause: str) -> AnyRow | None:
    return connection.execute(
        select(incidents).where(
            incidents.c.home == home, incidents.c.cause == cause, incidents.c.cleared.is_(False)
        )
    ).first()


def _raise(connection: Connection, wrong: Wrong, deadlines: Deadlines) -> None:
    at = to_text(wrong.at)
    incident = hashlib.sha256(f"{wrong.cause}/{wrong.home}/{at}".encode()).hexdigest()[:32]
    if connection.execute(
        select(incidents.c.incident).where(incidents.c.home == wrong.home, incidents.c.incident == incident)
    ).first():  # ended and back in the same millisecond, as after a clock set back
        incident = secrets.token_hex(16)
    connection.execute(
        insert(incidents).values(
            home=wrong.home,
            incident=incident,
            event_id="",
            epoch=0,
            revision=1,
            subject="oncall",
            dose="",
            kind=wrong.kind,
            priority=wrong.priority,
            state="raised",
            raised=at,
            deadline=to_text(wrong.at + deadlines.of(wrong.priority)),
            owner="",
            holds_token=False,
            resolution="",
            cleared=False,
            undelivered=False,
            receipted=True,
            detail=wrong.detail,
            origin=ONCALL,
            cause=wrong.cause,
            since=to_text(wrong.since),
        )
    )
    _revised(connection, wrong.home, incident, at)


def _change(connection: Connection, row: AnyRow, changes: Mapping[str, object], at: datetime) -> None:
    connection.execute(_here(row).values(revision=row.revision + 1, **changes))
    _revised(connection, row.home, row.incident, to_text(at))


def _revised(connection: Connection, home: str, incident: str, at: str) -> None:
    row = connection.execute(
        select(incidents).where(incidents.c.home == home, incidents.c.incident == incident)
    ).one()
    connection.execute(
        insert(revisions).values(
            home=home,
            event_id=f"own-{incident}-{row.revision}",
            incident=incident,
            epoch=0,
            revision=row.revision,
            kind=row.kind,
            priority=row.priority,
            state=row.state,
            at=at,
            received=at,
            detail=row.detail,
            owner=row.owner,
        )
    )


def _decided(connection: Connection, row: AnyRow, action: str, by: str, now: datetime) -> str:
    """Nobody else has to confirm it, so it is answered as it is made."""
    decision_id = secrets.token_hex(16)
    connection.execute(
        insert(decisions).values(
            decision_id=decision_id,
            home=row.home,
            epoch=row.epoch,
            incident=row.incident,
            revision=row.revision,
            action=action,
            by=by,
            verdict="",
            body="",
            issued=to_text(now),
            expires=to_text(now),
            state="accepted",
            reason="done",
        )
    )
    return decision_id


def _here(row: AnyRow) -> Update:
    return update(incidents).where(incidents.c.home == row.home, incidents.c.incident == row.incident)
