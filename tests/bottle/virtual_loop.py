"""An asyncio loop whose time is an argument: runs what is due, never waits.

One loop is one life of a process. When the process is killed nothing more of it may run; what its `finally`
blocks still try to do is the business of those they do it to.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import base_events, events
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

BURIALS_MAX = 10
"""A task may swallow one cancellation (a timeout that struck at the same instant), not many."""

SCHEDULED_MIN = 100
"""Fewer timers than this are not worth tidying up."""


class _NoSelector:
    """There is nothing to wait for: the bottle's wires call back."""

    def select(self, timeout: float | None) -> list[Any]:
        return []

    def close(self) -> None:
        pass


class VirtualLoop(base_events.BaseEventLoop):
    """`now_s` says what time it is whenever the loop asks."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        super().__init__()
        self._timer_cancelled_count: int  # the base class counts
        self._now_s = now_s
        self._tasks: WeakSet[asyncio.Task[Any]] = (
            WeakSet()
        )  # asyncio's own list is of all loops that ever were
        self._selector = _NoSelector()
        self._clock_resolution = 0.0
        self.set_exception_handler(
            lambda _loop, _context: None
        )  # what fails ends the root task, and is read there

    def create_task(self, *arguments: Any, **named: Any) -> asyncio.Task[Any]:
        task = super().create_task(*arguments, **named)
        self._tasks.add(task)
        return task

    def time(self) -> float:
        return self._now_s()

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    @property
    def ready(self) -> bool:
        return bool(self._ready)  # type: ignore[attr-defined]

    @property
    def due_s(self) -> float | None:
        """When the next timer is due; now, if something can run at once."""
        if self._ready:  # type: ignore[attr-defined]
            return self._now_s()
        self._forget_cancelled()
        scheduled = self._scheduled  # type: ignore[attr-defined]
        return scheduled[0]._when if scheduled else None

    def _is_due(self, now_s: float) -> bool:
        if self._ready:  # type: ignore[attr-defined]
            return True
        self._forget_cancelled()
        scheduled = self._scheduled  # type: ignore[attr-defined]
        return bool(scheduled) and scheduled[0]._when <= now_s

    def run_due(self) -> None:
        """Until nothing is ready and no timer is due."""
        now_s = self._now_s()
        if not self._is_due(now_s):
            return
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            while self._is_due(now_s):
                self._run_round(now_s)
        finally:
            events._set_running_loop(before)

    def bury(self) -> None:
        """Cancel what is left and let it end; call when nothing that it does has an effect any more."""
        for _ in range(BURIALS_MAX):
            left = [task for task in self._tasks if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            self.run_ready()
        self.close()

    def run_ready(self) -> None:
        """Without timers: for a process that is being buried."""
        before = events._get_running_loop()
        events._set_running_loop(self)
        try:
            while self._ready:  # type: ignore[attr-defined]
                self._run_round(self._now_s())
        finally:
            events._set_running_loop(before)

    def _run_round(self, end_s: float) -> None:
        """What asyncio's own loop does in one round, without a selector to ask."""
        self._forget_cancelled()
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        while scheduled and scheduled[0]._when <= end_s:  # a hair too early, and two would wake for ever
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _forget_cancelled(self) -> None:
        """At the front always, elsewhere once they are most of what is scheduled."""
        scheduled = self._scheduled  # type: ignore[attr-defined]
        if len(scheduled) > SCHEDULED_MIN and self._timer_cancelled_count > len(scheduled) / 2:
            for timer in scheduled:
                timer._scheduled = not timer._cancelled
            scheduled[:] = [timer for timer in scheduled if not timer._cancelled]
            heapq.heapify(scheduled)
            self._timer_cancelled_count = 0
            return
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
            self._timer_cancelled_count -= 1
