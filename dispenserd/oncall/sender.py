"""Sends queued decisions, signed, until the home answers or they expire. The database is the queue.

A decision goes out as it was made: same id, same revision, same bytes each time, for Ed25519 always signs the
same way. Terminal commands write rows from other processes, so the sender looks for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import assert_never

import structlog
from sqlalchemy import select, update

from dispenserd.mqtt.session import BrokerRefused, BrokerTook, ConnectionLost, Message, Session
from dispenserd.oncall.database import Database, DatabaseFault, decisions
from dispenserd.oncall.view import AnyRow
from protocol.mqtt.instants import to_text
from protocol.mqtt.payloads import read_decision, to_bytes
from protocol.mqtt.signatures import seal
from protocol.mqtt.topics import Channel, topic

LOOK_S = 0.1
"""How long a new decision waits at most: a person doesn't notice it, and an idle look costs about 1 ms."""
RESEND_LOOKS = 200
"""20 s without an answer, then the decision is sent again: the home may have been restarted meanwhile."""


class DecisionSender:
    def __init__(
        self,
        database: Database,
        session: Session,
        private_key: bytes,
        now: Callable[[], datetime],
        resend_looks: int = RESEND_LOOKS,
    ) -> None:
        self._database = database
        self._session = session
        self._key = private_key
        self._now = now
        self._resend_looks = resend_looks
        self._sent: dict[str, int] = {}  # decision id -> looks since it was sent on this connection
        self._connection = 0
        self.turn = asyncio.Lock()
        """Held while it looks and sends: whoever gets it knows that no look takes for ever."""

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            async with self.turn:
                with suppress(DatabaseFault):  # what can't be read now is read at a later look
                    await self._look()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        rows = self._queued()
        state = self._session.state
        if state.connection != self._connection:
            self._connection = state.connection
            self._sent.clear()
        waiting = {row.decision_id for row in rows}
        self._sent = {key: looks + 1 for key, looks in self._sent.items() if key in waiting}
        if not state.connected:
            return
        for row in rows:
            if self._sent.get(row.decision_id, self._resend_looks) >= self._resend_looks:
                await self._send(row)

    def _queued(self) -> list[AnyRow]:
        """Unanswered and alive, in the order they were made; what has expired is noted as such."""
        query = select(decisions).where(decisions.c.state == "queued").order_by(decisions.c.number)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        now = to_text(self._now())
        if any(row.expires <= now for row in rows):
            with suppress(DatabaseFault), self._database.writing() as connection:  # noted at a later look
                connection.execute(
                    update(decisions)
                    .where(decisions.c.state == "queued", decisions.c.expires <= now)
                    .values(state="expired", reason="no_answer")
                )
        return [row for row in rows if row.expires > now]

    async def _send(self, row: AnyRow) -> None:
        signed = seal(read_decision(row.body.encode()), self._key)
        end = await self._session.publish(Message(topic(row.home, Channel.DECISION), to_bytes(signed)))
        match end:
            case BrokerTook():
                self._sent[row.decision_id] = 0
                if end.nobody_listens:
                    structlog.get_logger().warning("nobody listens to decisions", home=row.home)
            case BrokerRefused():
                structlog.get_logger().error(
                    "broker refused a decision", home=row.home, reason_code=end.code, peer=end.reason
                )
                self._sent[row.decision_id] = 0
            case ConnectionLost():
                pass  # the next connection sends it again
            case _:
                assert_never(end)
