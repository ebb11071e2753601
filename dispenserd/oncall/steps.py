"""The journal of the ladder: each step written before anything is sent, and what came of it after.

The unique key (incident, alarm, step) keeps a step from being told twice, whoever looks and however often.
Database logic without a network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from dispenserd.oncall.database import incidents, steps
from dispenserd.oncall.ladder import Step, Told
from dispenserd.oncall.view import AnyRow
from protocol.mqtt.instants import from_text, to_text

TRAIL_MAX = 250
"""Steps looked back upon when one failed: more than a roster has people, so a whole round."""

Key = tuple[str, str, str]
"""(home, incident, alarm)."""
StepKey = tuple[str, str, str, int]
"""And which step of it."""
UNWRITTEN = 0
"""The number of a step that stands in no row yet (see `unwritten`); rows are counted from 1."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A step whose person is to be told, with what the notice says: no dose, no person of the home."""

    number: int
    home: str  # "" = on-call itself
    incident: str
    step: int
    kind: str
    why: str
    priority: str
    person: str
    deadline: datetime  # when the next person is told
    since: datetime | None
    attempts: int
    alarm: str = ""

    @property
    def name(self) -> str:
        """The same whenever this very step is told."""
        if self.number == UNWRITTEN:
            return f"{self.incident[:8]}-u{self.step}"
        return f"{self.incident[:8]}-{self.number}"

    @property
    def key(self) -> StepKey:
        return self.home, self.incident, self.alarm, self.step


def told_so_far(connection: Connection) -> Mapping[Key, Sequence[Told]]:
    """The newest step of each alarm of an open incident; where it failed, with those before it, in order.

    Not all of them: an incident that nobody takes has a hundred and forty a day.
    """
    found: dict[Key, list[Told]] = {}
    for row in connection.execute(_NEWEST):
        key = (row.home, row.incident, row.alarm)
        found[key] = _with_those_before(connection, key) if row.state == "failed" else [_told(row)]
    return found


def _newest_of_open() -> Select[Any]:
    newest = (
        select(steps.c.home, steps.c.incident, steps.c.alarm, func.max(steps.c.step).label("step"))
        .group_by(steps.c.home, steps.c.incident, steps.c.alarm)
        .subquery()
    )
    same = and_(*(steps.c[name] == newest.c[name] for name in ("home", "incident", "alarm", "step")))
    return select(steps).join(newest, same).join(incidents, _OF_INCIDENT).where(incidents.c.state != "closed")


_OF_INCIDENT = and_(steps.c.home == incidents.c.home, steps.c.incident == incidents.c.incident)

# Built once: they are asked twice a second.
_NEWEST = _newest_of_open()
_QUEUED = (
    select(steps, incidents.c.kind, incidents.c.since)
    .join(incidents, _OF_INCIDENT)
    .where(steps.c.state == "queued")
    .order_by(steps.c.number)
)


def _with_those_before(connection: Connection, key: Key) -> list[Told]:
    home, incident, alarm = key
    rows = connection.execute(
        select(steps)
        .where(steps.c.home == home, steps.c.incident == incident, steps.c.alarm == alarm)
        .order_by(steps.c.step.desc())
        .limit(TRAIL_MAX)
    ).all()
    return [_told(row) for row in reversed(rows)]


def journal(connection: Connection, key: Key, step: Step, now: datetime) -> bool:
    """Whether it was new; then its notice is queued, or known to reach nobody."""
    home, incident, alarm = key
    values: dict[str, Any] = {
        "home": home,
        "incident": incident,
        "alarm": alarm,
        "step": step.step,
        "why": step.why,
        "priority": step.priority,
        "person": step.person,
        "is_manager": step.is_manager,
        "due": to_text(step.due),
        "next_due": to_text(step.next_due),
        "at": to_text(now),
        "state": "queued" if step.person else "nobody",
        "attempts": 0,
        "settled": None if step.person else to_text(now),
        "result": "" if step.person else "nobody",
    }
    new = upsert(steps).values(**values).on_conflict_do_nothing().returning(steps.c.number)
    return connection.execute(new).first() is not None


def queued(connection: Connection) -> list[Notice]:
    """Notices to be sent or to be tried again, oldest first."""
    rows = connection.execute(_QUEUED)
    return [
        Notice(
            number=row.number,
            home=row.home,
            incident=row.incident,
            step=row.step,
            kind=row.kind,
            why=row.why,
            priority=row.priority,
            person=row.person,
            deadline=from_text(row.next_due),
            since=from_text(row.since) if row.since else None,
            attempts=row.attempts,
            alarm=row.alarm,
        )
        for row in rows
    ]


def note_attempt(connection: Connection, step: StepKey) -> None:
    """Before it: a process that dies in the attempt has used it up."""
    connection.execute(update(steps).where(_is(step)).values(attempts=steps.c.attempts + 1))


def note_result(
    connection: Connection, step: StepKey, state: Literal["told", "failed"], result: str, now: datetime
) -> None:
    connection.execute(
        update(steps)
        .where(_is(step), steps.c.state == "queued")
        .values(state=state, result=result, settled=to_text(now))
    )


def _is(step: StepKey) -> ColumnElement[bool]:
    home, incident, alarm, number = step
    return and_(
        steps.c.home == home,
        steps.c.incident == incident,
        steps.c.alarm == alarm,
        steps.c.step == number,
    )


def _told(row: AnyRow) -> Told:
    step = Step(
        step=row.step,
        why=row.why,
        priority=row.priority,
        person=row.person,
        is_manager=row.is_manager,
        due=from_text(row.due),
        next_due=from_text(row.next_due),
    )
    state = cast(Literal["queued", "told", "failed", "nobody"], row.state)
    return Told(step, state, from_text(row.settled) if row.settled else None)
