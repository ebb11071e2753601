"""Puts what comes from several processes into the order in which it happened.

The robot is heard at once, the journal when it is next looked at: each thing is held back for as long as that
may take, then told in the order of its own instant. Pure; the caller says what time it is.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime


class OrderOfTime:
    def __init__(self) -> None:
        self._held: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = 0

    def hold(self, at: datetime, tell: Callable[[], None]) -> None:
        """Of two things at the same instant the first to come is told first."""
        self._count += 1
        heapq.heappush(self._held, (at, self._count, tell))

    def tell_until(self, instant: datetime) -> None:
        """Tells all that happened up to then; what comes too late for its place is told next."""
        while self._held and self._held[0][0] <= instant:
            heapq.heappop(self._held)[2]()
