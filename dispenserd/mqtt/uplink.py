"""Brings the home's incident outbox to on-call: incidents and answers to commands, oldest first, QoS 1.

A row leaves the outbox only on on-call's receipt, which the downlink brings. Here the broker's word decides
what to do next, never what is done: `BrokerTook` is told to the home as IncidentPublished, `BrokerRefused` as
IncidentUndelivered, once each. A row is sent again after a reconnect, or when no receipt came for a while.

mosquitto drops the connection after a publish it refuses. So a refused row goes last, alone, and waits longer
after each refusal: it neither blocks the rows behind it nor makes the connection flap (rule 27).

When on-call asks (rule 27), the newest rows of all open incidents go out once more, answered or not. One that
is lost on that way is asked for again; however often on-call asks, there is a pause between two offers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

import structlog

from dispenserd.home import Home, OutboxRow
from dispenserd.mqtt.session import (
    IN_FLIGHT_MAX,
    BrokerRefused,
    BrokerTook,
    ConnectionLost,
    PublishEnd,
    Session,
)
from dispenserd.mqtt.translate import row_message, row_name
from scheduler.events import IncidentPublished, IncidentUndelivered
from scheduler.summary import open_incidents

RESEND_S = 20.0
"""Machine time without a receipt until a row is sent again: shorter than the receipt limit of 30 s, so that
one lost message doesn't make an incident undelivered."""
RESEND_LOOKS = 4
"""Looks in that time. A row that nobody listened to is sent again at the next one: the broker keeps nothing
for an on-call that has never subscribed."""
OFFER_PAUSE_LOOKS = 6
"""30 s between two offers of everything: on-call asks at most once a minute, whoever else may ask."""
REFUSAL_PAUSE_FIRST_S = 5.0
REFUSAL_PAUSE_LONGEST_S = 600.0
"""A refused row is an access list that a person must mend; each try costs a connection."""


@dataclass(slots=True)
class _Sent:
    """What this process did with the unanswered rows; the committed rows are the truth."""

    waiting: dict[str, int] = field(default_factory=dict)  # sent on this connection: looks until again
    refused: set[str] = field(default_factory=set)  # dead-lettered
    told: set[tuple[str, str]] = field(default_factory=set)  # (key, what) the home was told

    def keep_only(self, keys: set[str]) -> None:
        self.waiting = {key: looks for key, looks in self.waiting.items() if key in keys}
        self.refused &= keys
        self.told = {(key, what) for key, what in self.told if key in keys}


class Uplink:
    def __init__(
        self,
        home: Home,
        session: Session,
        box: str,
        now: Callable[[], datetime],
        resend_s: float = RESEND_S,
        refusal_pause_s: float = REFUSAL_PAUSE_FIRST_S,
    ) -> None:
        self._home = home
        self._session = session
        self._box = box
        self._now = now
        self._resend_s = resend_s
        self._refusal_pause_first_s = refusal_pause_s
        self._refusal_pause_s = refusal_pause_s
        self._refused_may_go = True
        self._connection = 0
        self._sent = _Sent()
        self._asked = False  # on-call wants all open incidents
        self._offer_pause = 0  # looks until they may be offered again
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pass_on(self._home.watch()))
            tasks.create_task(self._pass_on(self._session.watch()))
            tasks.create_task(self._resend_now_and_then())
            while True:
                self._wake.clear()
                refused = self._session.state.connected and await self._send_all()
                if refused and self._refused_may_go:
                    self._refused_may_go = False
                    tasks.create_task(self._pause_refused())
                await self._wake.wait()

    def offer_all(self) -> None:
        """On-call counts other open incidents than the home: it gets all of them, soon."""
        self._asked = True
        self._wake.set()

    async def _send_all(self) -> bool:
        """One pass over the outbox, refused rows last; whether the broker refused a row in it."""
        self._notice_new_connection()
        rows = await self._home.unanswered("incident")
        self._sent.keep_only({row.key for row in rows})
        due = [row for row in rows if row.key not in self._sent.waiting.keys() | self._sent.refused]
        if await self._send(due):
            return True
        if self._asked and self._offer_pause == 0:
            self._asked, self._offer_pause = False, OFFER_PAUSE_LOOKS
            if await self._offer_all_open({row.key for row in rows}):
                return True
        if self._refused_may_go:
            return await self._offer_again([row for row in rows if row.key in self._sent.refused])
        return False

    async def _offer_all_open(self, waiting: Set[str]) -> bool:
        """Open incidents above info as they stand, but for what waits for its receipt and goes by itself."""
        open_ones = [f"{each.incident_id}/{each.revision}" for each in open_incidents(self._home.world)]
        rows = await self._home.kept("incident", [key for key in open_ones if key not in waiting])
        structlog.get_logger().info("open incidents offered again", count=len(rows))
        return await self._publish(rows)

    async def _offer_again(self, refused: Sequence[OutboxRow]) -> bool:
        """One at a time: the first that is refused again ends it, and the connection with it."""
        for row in refused:
            if await self._send([row]):
                return True
        if not self._sent.refused:
            self._refusal_pause_s = self._refusal_pause_first_s
        return False

    async def _send(self, rows: Sequence[OutboxRow]) -> bool:
        """Sends in order, many in flight, until the connection ends; whether one was refused."""
        return await self._publish(rows, self._note)

    async def _publish(
        self,
        rows: Sequence[OutboxRow],
        note: Callable[[OutboxRow, PublishEnd], Awaitable[None]] | None = None,
    ) -> bool:
        for start in range(0, len(rows), IN_FLIGHT_MAX):
            batch = rows[start : start + IN_FLIGHT_MAX]
            position = self._home.position
            ends = await asyncio.gather(
                *(self._session.publish(row_message(self._box, position, row)) for row in batch)
            )
            for row, end in zip(batch, ends, strict=True):
                if note is not None:
                    await note(row, end)
            if any(isinstance(end, BrokerRefused) for end in ends):
                return True
            if not self._session.state.connected:
                break
        return False

    async def _note(self, row: OutboxRow, end: PublishEnd) -> None:
        name = row_name(row.key)
        match end:
            case BrokerTook():
                self._sent.refused.discard(row.key)
                self._sent.waiting[row.key] = 1 if end.nobody_listens else RESEND_LOOKS + 1
                if end.nobody_listens:
                    structlog.get_logger().warning("nobody listens to incidents", key=row.key)
                if name.revision and self._first(row.key, "published"):
                    await self._home.submit(IncidentPublished(self._now(), name.incident_id, name.revision))
            case BrokerRefused():
                self._sent.refused.add(row.key)
                structlog.get_logger().error(
                    "broker refused an incident", key=row.key, reason_code=end.code, peer=end.reason
                )
                if name.revision and self._first(row.key, "refused"):
                    await self._home.submit(
                        IncidentUndelivered(self._now(), name.incident_id, name.revision, "refused")
                    )
            case ConnectionLost():
                pass  # the next connection sends it again
            case _:
                assert_never(end)

    def _first(self, key: str, what: str) -> bool:
        before = len(self._sent.told)
        self._sent.told.add((key, what))
        return len(self._sent.told) > before

    def _notice_new_connection(self) -> None:
        if self._session.state.connection != self._connection:
            self._connection = self._session.state.connection
            self._sent.waiting.clear()

    async def _pause_refused(self) -> None:
        pause_s = self._refusal_pause_s
        self._refusal_pause_s = min(pause_s * 2, REFUSAL_PAUSE_LONGEST_S)
        await asyncio.sleep(pause_s)
        self._refused_may_go = True
        self._wake.set()

    async def _resend_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self._resend_s / RESEND_LOOKS)
            self._offer_pause = max(0, self._offer_pause - 1)
            self._sent.waiting = {key: looks - 1 for key, looks in self._sent.waiting.items() if looks > 1}
            self._wake.set()

    async def _pass_on(self, changed: asyncio.Event) -> None:
        while True:
            await changed.wait()
            changed.clear()
            self._wake.set()
