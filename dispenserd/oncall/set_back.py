"""What on-call wrote while its own clock ran ahead, once the clock was set back: nothing was later than now.

Left as it is, a home that dies would be called silent only when the old time has come again, the next person
told only then, and a take that nobody answered own its incident until then. Database logic; called by `watch`
at its first look and after each step of the clock.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from dispenserd.oncall.database import ONCALL, decisions, homes, incidents, revisions, steps
from dispenserd.oncall.roster import PRIORITIES, Deadlines
from protocol.mqtt.instants import to_text

_TIMES = (
    *(
        homes.c[name]
        for name in (
            "first_seen",
            "heard",
            "alive_since",
            "offline_since",
            "asked",
            "last_test",
            "listed",
            "taken_off",
            "missed_from",
        )
    ),
    revisions.c.received,
    steps.c.due,
    steps.c.at,
    steps.c.settled,
)


def set_back(connection: Connection, now: datetime, deadlines: Deadlines, forgiven: timedelta) -> int:
    """How many rows were `forgiven` or more ahead of `now`. Takes an open writing transaction."""
    ahead, here = to_text(now + forgiven), to_text(now)
    found = 0
    for priority in PRIORITIES:  # before the times by which they are known
        latest = to_text(now + deadlines.of(priority))
        of_then = (steps.c.at > ahead, steps.c.priority == priority, steps.c.next_due > latest)
        found += connection.execute(update(steps).where(*of_then).values(next_due=latest)).rowcount
    unanswered = (decisions.c.state == "queued", decisions.c.issued > ahead)
    found += connection.execute(update(decisions).where(*unanswered).values(expires=here)).rowcount
    lasting = (incidents.c.origin == ONCALL, incidents.c.since > ahead)
    found += connection.execute(update(incidents).where(*lasting).values(since=here)).rowcount
    for column in _TIMES:
        of_table = update(column.table).where(column > ahead)
        found += connection.execute(of_table.values({column.name: here})).rowcount
    return found
