"""Which answered outbox rows are old enough to go (rule 31), and the going. Journal rows never do.

A row keeps its key from being put twice, so it outlives what could ask for it again: the roll, and all that
the robot's log still holds, by 28 days each. How old a row is, only instants that a trusted clock dated can
say (rule 18): rows before the newest such instant are older than it, whatever they say themselves.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, func, select

from dispenserd.store.schema import JOURNAL, OUTBOX
from scheduler.instant import from_iso, iso

ROLL_MAX = timedelta(days=28)
"""Fourteen days, and exceptionally fourteen more."""

BEYOND = timedelta(days=28)
"""Rule 31: by which rows outlive the roll and the robot's horizon."""

PRUNED_ROWS_MAX = 2_000
"""At one time: a home that never pruned has a year of some 20 000, and ten nights are soon enough."""

BATCH_ROWS = 200
"""Deleted in one commit, so that an alarm never waits long behind it."""

_CLOCK = ("ClockTrusted", "ClockDoubted", "DaemonStarted")


def prunable(connection: Connection, now: datetime) -> list[int]:
    """Ids of the oldest rows that may go, by a trusted `now`; at most PRUNED_ROWS_MAX."""
    upto = _dated_before(connection, now - ROLL_MAX - BEYOND)
    horizon = _robot_horizon(connection)
    if horizon is not None:
        sequence, at = horizon
        upto = min(upto, sequence - 1, _dated_before(connection, min(at, now) - BEYOND))
    old = select(OUTBOX.c.id).where(OUTBOX.c.answered_sequence <= upto).order_by(OUTBOX.c.id)
    return list(connection.execute(old.limit(PRUNED_ROWS_MAX)).scalars())


def prune(connection: Connection, ids: Sequence[int]) -> int:
    """Rows deleted. One without an answer stays, whatever was asked."""
    return connection.execute(_DELETE, {"ids": list(ids)}).rowcount


_DELETE = delete(OUTBOX).where(
    OUTBOX.c.id.in_(bindparam("ids", expanding=True)), OUTBOX.c.answered_sequence.is_not(None)
)


def _dated_before(connection: Connection, bound: datetime) -> int:
    """The newest row that a trusted clock dated before `bound`; 0 = none."""
    marks = select(JOURNAL.c.sequence, JOURNAL.c.kind).where(JOURNAL.c.kind.in_(_CLOCK))
    after = None  # where the following stretch without trust begins
    for mark in connection.execute(marks.order_by(JOURNAL.c.sequence.desc())).all():
        if mark.kind == "ClockTrusted":
            stretch = [JOURNAL.c.sequence >= mark.sequence, JOURNAL.c.at < iso(bound)]
            if after is not None:
                stretch.append(JOURNAL.c.sequence < after)
            newest = connection.execute(select(func.max(JOURNAL.c.sequence)).where(*stretch)).scalar_one()
            if newest is not None:
                return int(newest)
        else:
            after = mark.sequence
    return 0


def _robot_horizon(connection: Connection) -> tuple[int, datetime] | None:
    """The journal row, and its instant, of the oldest entry that the robot's log still holds; None where the
    robot has no entry that we know."""
    newest = select(JOURNAL.c.body).order_by(JOURNAL.c.sequence.desc()).limit(1)
    hello = connection.execute(newest.where(JOURNAL.c.kind == "RobotIdentified")).scalar_one_or_none()
    if hello is None:
        return None
    said = json.loads(hello)
    index, log_id = (
        func.json_extract(JOURNAL.c.body, "$.index"),
        func.json_extract(JOURNAL.c.body, "$.log_id"),
    )
    oldest = (
        select(JOURNAL.c.sequence, JOURNAL.c.at)
        .where(JOURNAL.c.kind == "RobotLogged", log_id == said["log_id"], index >= said["log_horizon"])
        .order_by(JOURNAL.c.sequence)
        .limit(1)
    )
    row = connection.execute(oldest).one_or_none()
    return None if row is None else (row.sequence, from_iso(row.at))
