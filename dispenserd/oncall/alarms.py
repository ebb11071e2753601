"""Which open incidents want somebody now, and since when: from committed rows to alarms of the ladder.

Pure but for the rows it reads. Deadlines go back to the home's own (it counts from the raising, not from the
delivery), but a home whose clock runs ahead puts nobody off: never later than on-call itself would have it.
The first notice goes out when on-call has the incident.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import Connection, and_, select

from dispenserd.oncall.database import HOME, decisions, homes, incidents, revisions
from dispenserd.oncall.ladder import Alarm, Told
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.outcome import OutcomeDue, outcome_due
from dispenserd.oncall.own import ongoing
from dispenserd.oncall.roster import PRIORITIES, Deadlines, Priority, Roster
from dispenserd.oncall.steps import Key, told_so_far
from dispenserd.oncall.view import AnyRow, ownership
from protocol.mqtt.instants import from_text

LATEST = Deadlines()
"""As docs/safety.md has them, by on-call's own clock; a roster makes them only shorter."""

_Name = tuple[str, str]

# Built once: twice a second, building one costs as much as asking.
_OPEN = select(incidents).where(incidents.c.state != "closed")
_HOMES = select(homes).order_by(homes.c.home)
_TAKES = (
    select(decisions)
    .join(incidents, and_(decisions.c.home == incidents.c.home, decisions.c.incident == incidents.c.incident))
    .where(incidents.c.state != "closed", decisions.c.action == "take")
    .order_by(decisions.c.number)
)
_REVISIONS = (
    select(revisions)
    .join(incidents, and_(revisions.c.home == incidents.c.home, revisions.c.incident == incidents.c.incident))
    .where(incidents.c.state != "closed")
    .order_by(revisions.c.epoch, revisions.c.revision, revisions.c.received)
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look reads, of one moment."""

    homes: Sequence[AnyRow]
    lasting: Mapping[tuple[str, str], AnyRow]  # causes of on-call's own, by (home, cause)
    alarms: Mapping[Key, Alarm]
    told: Mapping[Key, Sequence[Told]]
    expiring: Sequence[datetime]  # unanswered takes: nobody's again from then on
    troubled: frozenset[str]  # homes with an open incident of their own


def read(connection: Connection, roster: Roster, limits: OncallLimits, now: datetime) -> Seen:
    rows = connection.execute(_OPEN).all()
    takes, history = _takes(connection), _history(connection)
    alarms: dict[Key, Alarm] = {}
    for row in rows:
        name = (row.home, row.incident)
        alarm = alarm_of(row, history[name], takes.get(name, ()), roster, limits, now)
        if alarm is not None:
            alarms[(*name, alarm.key)] = alarm
    waiting = [from_text(take.expires) for each in takes.values() for take in each if take.state == "queued"]
    return Seen(
        homes=connection.execute(_HOMES).all(),
        lasting=ongoing(connection),
        alarms=alarms,
        told=told_so_far(connection),
        expiring=[at for at in waiting if at > now],
        troubled=frozenset(row.home for row in rows if row.origin == HOME),
    )


def alarm_of(
    row: AnyRow,
    history: Sequence[AnyRow],
    takes: Sequence[AnyRow],
    roster: Roster,
    limits: OncallLimits,
    now: datetime,
) -> Alarm | None:
    """None: nobody need do anything, or somebody is about to. `history`: its revisions, oldest first."""
    if row.priority not in PRIORITIES or row.state in ("handled", "closed"):
        return None
    priority = cast(Priority, row.priority)
    if due := outcome_due(row, history, limits):
        return _without_outcome(due, roster)
    if ownership(row, takes, now).owner:
        return None
    received = from_text(history[-1].received)
    return Alarm(
        key=row.deadline,
        why="raised",
        priority=priority,
        begins=received,
        deadline=take_by(row, received),
        only_manager=row.kind == "nobody_on_call",
    )


def take_by(row: AnyRow, received: datetime) -> datetime:
    """When the next person is told if nobody takes it: what calls people and what they are shown.
    `received`: its newest revision, by our clock."""
    own = from_text(row.deadline)
    return min(own, received + LATEST.of(cast(Priority, row.priority))) if row.priority in PRIORITIES else own


def _without_outcome(due: OutcomeDue, roster: Roster) -> Alarm:
    """It is somebody's, and that is not yet an end of it."""
    return Alarm(
        key=f"owned/{due.taken.epoch}/{due.taken.revision}",
        why="no_outcome",
        priority=due.priority,
        begins=due.at,
        deadline=due.at + roster.deadlines.of(due.priority),
        first=due.taken.owner,
    )


def _takes(connection: Connection) -> Mapping[_Name, Sequence[AnyRow]]:
    """Of open incidents, oldest first."""
    found: dict[_Name, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(_TAKES):
        found[(row.home, row.incident)].append(row)
    return found


def _history(connection: Connection) -> Mapping[_Name, Sequence[AnyRow]]:
    """The revisions of open incidents, oldest first."""
    found: dict[_Name, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(_REVISIONS):
        found[(row.home, row.incident)].append(row)
    return found
