"""`oncall run`: one session with the broker, what homes say in, decisions out. On-call's composition root.

Not in force yet: rule 27's alarms at the receiver. A silent home is shown as unknown by `list`, and nobody is
called; that comes with escalation. Nor does on-call ask a home for all incidents when the digests disagree.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

import structlog

from dispenserd.clock import Clock
from dispenserd.mqtt.session import BackOff, Broker, Session, SessionState
from dispenserd.notify import NOBODY, Supervisor
from dispenserd.oncall.database import Database
from dispenserd.oncall.keys import SigningKey
from dispenserd.oncall.limits import OncallLimits
from dispenserd.oncall.pulse import beat
from dispenserd.oncall.receiver import SUBSCRIPTIONS, Receiver
from dispenserd.oncall.sender import DecisionSender
from dispenserd.progress import Progress


async def serve(
    database: Database,
    key: SigningKey,
    broker: Broker,
    clock: Clock,
    tell: Callable[[SessionState], None] = lambda state: None,
    back_off: BackOff | None = None,
    supervised: Supervisor = NOBODY,
) -> None:
    """Until cancelled. `tell` hears how the session stands whenever that changes."""
    limits = OncallLimits().stretched(clock.rate)
    session = Session(broker, client_id(key), SUBSCRIPTIONS, back_off=back_off)
    receiver = Receiver(database, session, key.private, limits, clock.now)
    sender = DecisionSender(database, session, key.private, clock.now)

    async def answered() -> None:
        """Neither hangs in what it has under way, and the database can be read."""
        for part in (receiver, sender):
            async with part.turn:
                pass
        database.answers()

    progress = Progress(supervised, clock.monotonic, lambda: _line(session), answered)
    structlog.get_logger().info("on-call starts")
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(session.run())
            tasks.create_task(receiver.run())
            tasks.create_task(sender.run())
            tasks.create_task(_tell(session, tell))
            tasks.create_task(progress.run())
            tasks.create_task(beat(database.path, lambda: session.state.connected, clock.monotonic))
    finally:
        supervised.tell("STOPPING=1")


def client_id(key: SigningKey) -> str:
    """One per on-call service: the broker keeps its undelivered messages under this name."""
    return "oncall-" + hashlib.sha256(key.public).hexdigest()[:16]


def _line(session: Session) -> str:
    """For `systemctl status`."""
    return f"Receiving; {'connected to' if session.state.connected else 'without'} the broker."


async def _tell(session: Session, tell: Callable[[SessionState], None]) -> None:
    changed = session.watch()
    while True:
        await changed.wait()
        changed.clear()
        tell(session.state)
