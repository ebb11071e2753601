"""The home's sign of life (rule 27): at every connect, then at most 60 s apart, only while it is true.

Knows a session and a summary; asks `healthy` whether the engine turned and the store answered. A home that
can't say so stays silent, and the silence alarms at the receiver. Intervals are machine time.

Not in force yet: rule 28's per-home counter, and on-call asking for all when the digest disagrees.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

import structlog

from dispenserd.home import Home
from dispenserd.mqtt.session import Session
from dispenserd.mqtt.translate import heartbeat
from scheduler.summary import Summary

HEARTBEAT_EVERY_S = 30.0
"""Half of rule 27's 60 s: one lost beat leaves no gap that is longer."""


class Heartbeat:
    def __init__(
        self,
        home: Home,
        session: Session,
        box: str,
        now: Callable[[], datetime],
        healthy: Callable[[], bool],
        summary: Callable[[], Summary],
        every_s: float = HEARTBEAT_EVERY_S,
    ) -> None:
        self._home = home
        self._session = session
        self._box = box
        self._now = now
        self._healthy = healthy
        self._summary = summary
        self._every_s = every_s

    async def run(self) -> None:
        """Until cancelled."""
        changed = self._session.watch()
        while True:
            changed.clear()
            self._beat()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await changed.wait()

    def _beat(self) -> None:
        if not self._session.state.connected:
            return
        if not self._healthy():
            structlog.get_logger().error("heartbeat withheld")
            return
        self._session.send(heartbeat(self._box, self._now(), self._home.head, self._summary()))
