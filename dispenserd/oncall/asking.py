"""Whether on-call holds what a home says is open, and whether to ask for all of it now (rule 27).

Asking is bounded: at most once in `ask_every`, and rarely once it has not helped ASKS_MAX times in a row;
then it is an incident of on-call's own. A heartbeat that agrees begins anew.

Database logic without a network.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, update

from dispenserd.oncall.database import HOME, homes, incidents
from dispenserd.oncall.limits import OncallLimits
from protocol.mqtt.instants import from_text, to_text
from protocol.mqtt.payloads import HeartbeatPayload

ASKS_MAX = 5
"""Minutes in which what the home offers again has arrived, or never will."""


def held(connection: Connection, home: str) -> tuple[int, str]:
    """Number and digest of its open incidents above info, as the home itself computes them."""
    rows = connection.execute(
        select(incidents.c.incident, incidents.c.revision).where(
            incidents.c.home == home,
            incidents.c.origin == HOME,
            incidents.c.state != "closed",
            incidents.c.priority != "info",
        )
    ).all()
    lines = sorted(f"{row.incident}:{row.revision}" for row in rows)
    return len(rows), hashlib.sha256("\n".join(lines).encode()).hexdigest()


def note_whether_to_ask(
    connection: Connection, payload: HeartbeatPayload, now: datetime, limits: OncallLimits
) -> bool:
    """Whether the home is to be asked now; if so that is noted. After `keep_heartbeat`."""
    home = connection.execute(select(homes).where(homes.c.home == payload.home)).one()
    same = held(connection, payload.home) == (payload.incidents, payload.digest)
    if same and not _of_an_earlier_epoch(connection, payload):
        if home.asks:
            _note(connection, payload.home, asks=0)
        return False
    pause = limits.ask_every if home.asks < ASKS_MAX else limits.ask_rarely
    if home.asked is not None and now < from_text(home.asked) + pause:
        return False
    _note(connection, payload.home, asked=to_text(now), asks=home.asks + 1)
    return True


def _of_an_earlier_epoch(connection: Connection, payload: HeartbeatPayload) -> bool:
    """Rule 23: a restored home takes no decision about what it said in the life before, so whoever is to take
    one must hear it anew."""
    there = and_(incidents.c.home == payload.home, incidents.c.origin == HOME)
    older = and_(there, incidents.c.state != "closed", incidents.c.epoch < payload.epoch)
    return connection.execute(select(incidents.c.incident).where(older).limit(1)).first() is not None


def _note(connection: Connection, home: str, **values: Any) -> None:
    connection.execute(update(homes).where(homes.c.home == home).values(**values))
