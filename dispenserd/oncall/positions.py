"""What on-call keeps of each home's journal, so that a home which lost some of it can be told (rule 23).

One row a run of the home's process, with the highest position heard in it: only within a run is a higher
sequence proven to be newer, for a home restored from an older copy counts on from there. So neither a late
copy nor another life of the home can push out what was known before. Database logic without a network;
on-call has no chain, so the home itself compares.
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, delete, insert, select, update

from dispenserd.oncall.database import positions
from protocol.mqtt.payloads import HEADS_MAX, AnswerPayload, HeartbeatPayload, IncidentPayload


def keep_position(
    connection: Connection, payload: HeartbeatPayload | IncidentPayload | AnswerPayload
) -> bool:
    """Whether its run was new. Of a home that names no run nothing is kept."""
    if not payload.run or not payload.head:
        return False
    here = and_(positions.c.home == payload.home, positions.c.run == payload.run)
    position = {"epoch": payload.epoch, "sequence": payload.sequence, "head": payload.head}
    if connection.execute(select(positions.c.number).where(here)).first() is not None:
        newer = positions.c.sequence < payload.sequence
        connection.execute(update(positions).where(here, newer).values(**position))
        return False
    connection.execute(insert(positions).values(home=payload.home, run=payload.run, **position))
    newest = select(positions.c.number).where(positions.c.home == payload.home)
    kept = newest.order_by(positions.c.number.desc()).limit(HEADS_MAX)
    connection.execute(
        delete(positions).where(positions.c.home == payload.home, positions.c.number.not_in(kept))
    )
    return True


def kept_heads(connection: Connection, home: str) -> tuple[str, ...]:
    """As event ids, newest run first; empty for a home that was never heard."""
    rows = connection.execute(
        select(positions.c.epoch, positions.c.head)
        .where(positions.c.home == home)
        .order_by(positions.c.number.desc())
    )
    return tuple(f"{row.epoch}-{row.head}" for row in rows)
