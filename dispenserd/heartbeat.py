"""The home's sign of life (rule 27): at every connect, then at most 60 s apart, only while it is true.

Knows a session and a summary; asks `healthy` whether the engine turned and the store answered. A home that
can't say so stays silent, and the silence alarms at the receiver. Intervals are machine time.

Not in force yet: rule 28's per-home counter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from dispenserd.clock import set_or_due
from dispenserd.home import Home
from dispenserd.mqtt.session import Session
from dispenserd.mqtt.translate import heartbeat
from scheduler.summary import Summary

HEARTBEAT_EVERY_S = 30.0
"""Half of rule 27's 60 s: one lost beat leaves no gap that is longer."""

BEAT_AFTER_CONNECT_S = 0.2
"""Incidents go first. A broker that drops the connection at each beat (its access list denies the topic) gets
the next one later and later, up to HEARTBEAT_EVERY_S: an alarm is worth more than a sign of life."""


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
        self._connection = 0
        self._beats = 0  # sent on this connection
        self._first_pause_s = BEAT_AFTER_CONNECT_S

    async def run(self) -> None:
        """Until cancelled."""
        changed = self._session.watch()
        while True:
            changed.clear()
            pause_s = self._every_s
            if self._session.state.connection != self._connection:
                pause_s = min(self._new_connection(), self._every_s)
            else:
                self._beat()
            await set_or_due(changed, pause_s)

    def _new_connection(self) -> float:
        """How long to leave the line to the incidents first."""
        dropped_at_the_beat = self._beats == 1
        self._first_pause_s = self._first_pause_s * 2 if dropped_at_the_beat else BEAT_AFTER_CONNECT_S
        self._connection, self._beats = self._session.state.connection, 0
        return self._first_pause_s

    def _beat(self) -> None:
        if not self._session.state.connected:
            return
        if not self._healthy():
            structlog.get_logger().error("heartbeat withheld")
            return
        beat = heartbeat(self._box, self._now(), self._home.position, self._summary())
        self._beats += self._session.send(beat)
