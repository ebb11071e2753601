"""A home that keeps its outbox in a list: enough of `dispenserd.home.Home` for what travels over MQTT.

It decides nothing. What was handed in is in `facts`; a receipt answers its row, as the engine would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from dispenserd.home import Head, OutboxRow, Position
from scheduler.commands import Fact, TakeReceipt
from scheduler.events import Event, Incident, Kind, Priority, State
from scheduler.outbox import OutboxName
from scheduler.world import World

F = TypeVar("F")
BOX = "box-7"
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DOSE = "0123456789abcdef0123456789abcdef/2026-11-02/night/1"


class PaperHome:
    def __init__(self, epoch: int = 3) -> None:
        self.facts: list[Fact] = []
        self.rows: list[OutboxRow] = []
        self.put: list[OutboxRow] = []  # answered or not
        self.incidents: dict[str, Incident] = {}
        self.epoch = epoch
        self.run = "0" * 64
        self.lost: set[Head] = set()  # heads that its journal doesn't hold
        self._watchers: list[asyncio.Event] = []
        self._count = 0

    @property
    def world(self) -> World:
        return World(incidents=self.incidents)

    @property
    def head(self) -> tuple[int, str]:
        return self.epoch, f"{self._count:064x}"

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.run, self._count, self.head[1])

    async def missing(self, heads: Sequence[Head]) -> Sequence[Head]:
        return [head for head in heads if head in self.lost]

    async def submit(self, *facts: Fact, arrived_s: float | None = None) -> Sequence[Event]:
        for fact in facts:
            self.facts.append(fact)
            if isinstance(fact, TakeReceipt):
                answer = fact.incident_id.startswith("answer/")
                key = fact.incident_id if answer else f"{fact.incident_id}/{fact.revision}"
                self.rows = [row for row in self.rows if row.key != key]
        self._committed()
        return []

    async def unanswered(self, outbox: OutboxName) -> Sequence[OutboxRow]:
        return [row for row in self.rows if row.outbox == outbox]

    async def kept(self, outbox: OutboxName, keys: Sequence[str]) -> Sequence[OutboxRow]:
        return [row for row in self.put if row.outbox == outbox and row.key in keys]

    def watch(self) -> asyncio.Event:
        event = asyncio.Event()
        self._watchers.append(event)
        return event

    def raise_incident(self, incident: str, revision: int = 1, **changes: object) -> OutboxRow:
        """`incident` is one hex character, repeated."""
        body = {
            "type": "incident",
            "incident_id": incident * 32,
            "subject": f"dose:{DOSE}",
            "kind": "dose_missed",
            "priority": "medium",
            "dose_id": DOSE,
            "raised": "2026-11-02T12:00:00.000Z",
            "deadline": "2026-11-02T12:30:00.000Z",
            "detail": "",
            "revision": revision,
            "state": "raised",
            "undelivered": False,
            "owner": "",
            "holds_token": False,
            "resolution": "",
            "cleared": False,
            "changed": "2026-11-02T12:00:00.000Z",
            **changes,
        }
        self.incidents[incident * 32] = Incident(
            incident_id=incident * 32,
            subject=f"dose:{DOSE}",
            kind=Kind.DOSE_MISSED,
            priority=Priority.MEDIUM,
            dose_id=DOSE,
            raised=NOON,
            deadline=NOON + timedelta(minutes=30),
            revision=revision,
            state=State(str(body["state"])),
        )
        return self._put(f"{incident * 32}/{revision}", body)

    def answer(self, command_id: str, accepted: bool, reason: str, incident: str) -> OutboxRow:
        body = {
            "type": "answer",
            "command_id": command_id,
            "accepted": accepted,
            "reason": reason,
            "incident_id": incident,
        }
        return self._put(f"answer/{command_id}", body)

    def of(self, kind: type[F]) -> list[F]:
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def _put(self, key: str, body: dict[str, object]) -> OutboxRow:
        self._count += 1
        row = OutboxRow("incident", key, f"{self.epoch}-{self._count:064x}", body)  # type: ignore[arg-type]
        self.rows.append(row)
        self.put.append(row)
        self._committed()
        return row

    def _committed(self) -> None:
        for event in self._watchers:
            event.set()


def noon() -> datetime:
    return NOON


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


async def eventually(holds: Callable[[], bool], what: str, within_s: float = 8.0) -> None:
    """Looks until it holds; the test fails, naming it, when it doesn't in time."""
    for _ in range(int(within_s / 0.02)):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {within_s} s: {what}")
