"""Whether this process gets on with its work (rule 31): lag of the loop, proofs of its parts, the watchdog.

A proof is an answer or a turn that only a working part can give: the engine came round, the store's thread
read its file. The watchdog is fed for proofs and for nothing else, so that whoever hangs is started again.
Knows no engine and no store; the roots pass in what proves. All of it is machine time.

Not in force yet: lag is a warning in the log and a field of `status`, and no incident.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from dispenserd.notify import Supervisor

LOOK_S = 0.5
"""How often the loop is measured and the proofs are looked at: two short wake-ups a second."""

ASK_EVERY_S = 5.0
"""Longest between two questions; an answer of the store costs a tenth of a millisecond of a quiet box."""

FEEDS_PER_INTERVAL = 3
"""One of three may be late or get lost before the watchdog bites."""

LAG_WARNED_S = 0.5
"""Half of what the robot's link waits for an acknowledgement: more, and frames are sent twice."""

WARN_EVERY_S = 60.0
"""A box that is always late says so once a minute."""

LAG_KEPT_S = 60.0
"""How far back the worst lag is told."""


class Lag:
    """How much later than asked the loop came back, over the last minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque([(0.0, 0.0)])  # (when, lag) in seconds, oldest first
        self._warned_s: float | None = None

    def saw(self, lag_s: float, now_s: float) -> bool:
        """Whether somebody should hear of it."""
        self._seen.append((now_s, max(0.0, lag_s)))
        while self._seen[0][0] <= now_s - LAG_KEPT_S and len(self._seen) > 1:
            self._seen.popleft()
        quiet = self._warned_s is None or now_s >= self._warned_s + WARN_EVERY_S
        if lag_s <= LAG_WARNED_S or not quiet:
            return False
        self._warned_s = now_s
        return True

    def in_ms(self) -> dict[str, int]:
        """`newest` and the `max` of the last minute."""
        return {
            "newest": round(self._seen[-1][1] * 1000),
            "max": round(max(lag_s for _, lag_s in self._seen) * 1000),
        }


class Progress:
    """`turned`: when each part that turns by itself last came round, by `monotonic`. `answer`: returns once
    every part that has to be asked has answered. `status`: one line for people."""

    def __init__(
        self,
        supervisor: Supervisor,
        monotonic: Callable[[], float],
        status: Callable[[], str],
        answer: Callable[[], Awaitable[object]],
        turned: Sequence[Callable[[], float]] = (),
    ) -> None:
        self._supervisor = supervisor
        self._monotonic = monotonic
        self._status = status
        self._answer = answer
        self._turned = turned
        self._answered_s = monotonic()
        self._said = ""
        self.lag = Lag()

    async def run(self) -> None:
        """Ready from here on, until cancelled. Raises what `answer` raises: a part that can't is no part."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ask())
            tasks.create_task(self._look())

    def within(self, seconds: float) -> bool:
        """Whether every part gave a proof in the last so many seconds."""
        return self._monotonic() - self._proven_s() < seconds

    def _proven_s(self) -> float:
        """Since when nothing is proven: the part that said so longest ago."""
        return min([self._answered_s, *(turned() for turned in self._turned)])

    async def _ask(self) -> None:
        interval_s = self._supervisor.watchdog_s or math.inf
        pause_s = min(ASK_EVERY_S, interval_s / FEEDS_PER_INTERVAL / 2)  # an answer for each feed, in time
        while True:
            await self._answer()
            self._answered_s = self._monotonic()
            await asyncio.sleep(pause_s)

    async def _look(self) -> None:
        ready = self._supervisor.tell("READY=1")
        fed_s = self._monotonic()
        while True:
            self._tell_status()
            before_s = self._monotonic()
            await asyncio.sleep(LOOK_S)
            now_s = self._monotonic()
            lag_s = now_s - before_s - LOOK_S
            if self.lag.saw(lag_s, now_s):
                structlog.get_logger().warning("loop lags", milliseconds=round(lag_s * 1000))
            ready = ready or self._supervisor.tell("READY=1")
            if (
                self._hungry(fed_s, now_s)
                and self._proven_s() > fed_s
                and self._supervisor.tell("WATCHDOG=1")
            ):
                fed_s = now_s

    def _hungry(self, fed_s: float, now_s: float) -> bool:
        interval_s = self._supervisor.watchdog_s
        return interval_s is not None and now_s >= fed_s + interval_s / FEEDS_PER_INTERVAL

    def _tell_status(self) -> None:
        status = self._status()
        if status != self._said and self._supervisor.tell(f"STATUS={status}"):
            self._said = status
