"""What on-call forgets: closed incidents, and all that belongs to them, KEPT after their last word.

Answers to commands go at the same age. Homes, positions and open incidents stay. Database logic.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, func, select

from dispenserd.oncall.database import ONCALL, answers, decisions, incidents, revisions, steps
from protocol.mqtt.instants import to_text

KEPT = timedelta(days=400)
"""A year of response times can be compared with the one before; a roll and 28 days are long over (P12)."""
AT_ONCE_MAX = 500
"""Incidents forgotten in one transaction: receiving waits meanwhile."""


def prune(connection: Connection, now: datetime, kept: timedelta = KEPT) -> int:
    """How many incidents were forgotten; the rest of a large number goes the next time."""
    before = to_text(now - kept)
    same = and_(revisions.c.home == incidents.c.home, revisions.c.incident == incidents.c.incident)
    last_word = select(func.max(revisions.c.received)).where(same).scalar_subquery()
    lasting = and_(incidents.c.origin == ONCALL, incidents.c.cleared.is_(False))  # closed, and not over
    old = connection.execute(
        select(incidents.c.home, incidents.c.incident)
        .where(incidents.c.state == "closed", ~lasting, last_word < before)
        .limit(AT_ONCE_MAX)
    ).all()
    for row in old:
        for table in (steps, decisions, revisions, incidents):
            connection.execute(
                delete(table).where(table.c.home == row.home, table.c.incident == row.incident)
            )
    connection.execute(delete(answers).where(answers.c.received < before))
    return len(old)
