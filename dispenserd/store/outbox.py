"""The outbox table: who must still be told. Runs inside a transaction of the store's.

A key keeps its row, so that nothing can be put twice, until nothing could ask for it again (see `pruning`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import assert_never

from sqlalchemy import Connection, bindparam, insert, select, update

from dispenserd.home import OutboxRow
from dispenserd.store.chain import canonical
from dispenserd.store.schema import OUTBOX
from scheduler.outbox import Answer, Change, OutboxName, Put

_UNANSWERED = (
    select(OUTBOX.c.key, OUTBOX.c.event_id, OUTBOX.c.body)
    .where(OUTBOX.c.outbox == bindparam("name"), OUTBOX.c.answered_sequence.is_(None))
    .order_by(OUTBOX.c.id)
)
_KEPT = (
    select(OUTBOX.c.key, OUTBOX.c.event_id, OUTBOX.c.body)
    .where(OUTBOX.c.outbox == bindparam("name"), OUTBOX.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(OUTBOX.c.id)
)
_PUT = insert(OUTBOX)
_ANSWER = (
    update(OUTBOX)
    .where(
        OUTBOX.c.outbox == bindparam("name"),
        OUTBOX.c.key == bindparam("of"),
        OUTBOX.c.answered_sequence.is_(None),
    )
    .values(answered_sequence=bindparam("by"))
)
"""Built once: they run with every commit, between an alarm and those who must hear it."""


def apply(connection: Connection, changes: Iterable[Change], event_id: str, sequence: int) -> None:
    """Puts and answers, in their order, beside the journal row `sequence`."""
    for change in changes:
        match change:
            case Put(outbox, key, body):
                connection.execute(
                    _PUT,
                    {
                        "outbox": outbox,
                        "key": key,
                        "event_id": event_id,
                        "sequence": sequence,
                        "body": canonical(body),
                    },
                )
            case Answer(outbox, key):
                connection.execute(_ANSWER, {"name": outbox, "of": key, "by": sequence})
            case _:
                assert_never(change)


def unanswered(connection: Connection, outbox: OutboxName) -> list[OutboxRow]:
    """Oldest first."""
    found = connection.execute(_UNANSWERED, {"name": outbox})
    return [OutboxRow(outbox, row.key, row.event_id, json.loads(row.body)) for row in found]


def kept(connection: Connection, outbox: OutboxName, keys: Sequence[str]) -> list[OutboxRow]:
    """Answered or not, oldest first."""
    found = connection.execute(_KEPT, {"name": outbox, "keys": list(keys)})
    return [OutboxRow(outbox, row.key, row.event_id, json.loads(row.body)) for row in found]
