"""Runs the home's chores: when each is due, what came of it, and that a chore which fails harms nobody.

APScheduler has the timers and lets one run of a chore never meet another. No dose depends on any of this: it
slept on through a step of the clock when it was tried for that. So every due instant is worked out anew, from
the journal and the home's own clock, with each commit that moves it and each step that the engine reports;
between those a timer counts real seconds.

Knows no chore's inside. A StoreError ends the home as at its start; any other failure is logged and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from dispenserd.chore_times import Rhythm, due, last_run, share
from dispenserd.clock import Clock
from dispenserd.home import Home
from dispenserd.store.errors import StoreError
from scheduler.events import ChoreEnded

LATE_FIRST_S = 60.0
LATE_SPREAD_S = 540.0
"""Real seconds from finding a chore overdue to running it: a home that starts has better things to do, and
the boxes of a street that got their power back do not ring as one."""

AGAIN_MIN_S = 0.05
"""A timer that is not ahead would run a chore for ever."""

DONE, SKIPPED, FAILED = "done", "skipped", "failed"


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a run: `detail` is a code, never a value. `told`: the journal says so already."""

    result: str = DONE
    detail: str = ""
    told: bool = False


@dataclass(frozen=True, slots=True)
class Chore:
    name: str
    rhythm: Rhythm
    act: Callable[[], Awaitable[Ran]]


class _Planned(NamedTuple):
    """What a timer was set by; another one is set when this changes."""

    at: datetime | None
    steps: int


class Wakeups:
    def __init__(
        self,
        home: Home,
        chores: Sequence[Chore],
        clock: Clock,
        box: str,
        steps: Callable[[], int],
        late_s: tuple[float, float] = (LATE_FIRST_S, LATE_SPREAD_S),
    ) -> None:
        """`steps`: how many steps of the clock the engine has seen."""
        self._home = home
        self._chores = chores
        self._clock = clock
        self._steps = steps
        self._late_s = {each.name: late_s[0] + share(box, "late", each.name) * late_s[1] for each in chores}
        self._late: dict[str, float] = {}  # overdue since, by the monotonic clock
        self._blind: dict[str, float] = {}  # the civil clock can't say when it is due, since
        self._planned: dict[str, _Planned] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._wake = home.watch()
        self._broken: StoreError | None = None

    async def run(self) -> None:
        """Until cancelled; StoreError where a chore found the store to be no good."""
        scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )
        scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        for each in self._chores:
            self._planned[each.name] = self._plan(each)
            timer = _Timer(self._wait_s, each)
            scheduler.add_job(self._carry_out, timer, args=[each], id=each.name, name=each.name)
        scheduler.start()
        try:
            while self._broken is None:
                self._wake.clear()
                for each in self._chores:
                    self._replan(scheduler, each)
                await self._wake.wait()
            raise self._broken
        finally:
            scheduler.shutdown(wait=False)
            await self._give_up()

    # --- when ---

    def _plan(self, chore: Chore) -> _Planned:
        world = self._home.world
        return _Planned(due(chore.rhythm, last_run(world, chore.name), self._clock.now()), self._steps())

    def _replan(self, scheduler: AsyncIOScheduler, chore: Chore) -> None:
        planned = self._plan(chore)
        if planned != self._planned[chore.name]:
            if planned.at != self._planned[chore.name].at:
                self._late.pop(chore.name, None)
                self._blind.pop(chore.name, None)
            self._planned[chore.name] = planned
            scheduler.reschedule_job(chore.name, trigger=_Timer(self._wait_s, chore))

    def _wait_s(self, chore: Chore, fired: bool) -> float:
        """Real seconds until the chore shall run; `fired`: it is being started at this moment."""
        name, now, now_s = chore.name, self._clock.now(), self._clock.monotonic()
        at = due(chore.rhythm, last_run(self._home.world, name), now)
        if fired:
            self._late.pop(name, None)
            self._blind.pop(name, None)
        if at is None:
            period_s = chore.rhythm.every.total_seconds() / self._clock.rate
            return max(self._blind.setdefault(name, now_s) + period_s - now_s, AGAIN_MIN_S)
        if at > now:
            return max((at - now).total_seconds() / self._clock.rate, AGAIN_MIN_S)
        return max(self._late.setdefault(name, now_s) + self._late_s[name] - now_s, AGAIN_MIN_S)

    # --- what came of it ---

    async def _carry_out(self, chore: Chore) -> None:
        """Whatever it raises but a StoreError, APScheduler hands to `_failed`."""
        running = asyncio.current_task()
        assert running is not None
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        try:
            ran = await chore.act()
            if not ran.told:
                await self._home.submit(ChoreEnded(self._clock.now(), chore.name, ran.result, ran.detail))
        except StoreError as fault:
            self._broken = fault
            self._wake.set()
        except asyncio.CancelledError:
            return  # by us, because the home ends: no failure

    def _failed(self, event: JobExecutionEvent) -> None:
        error = type(event.exception).__name__
        structlog.get_logger().error("chore failed", call=event.job_id, error=error)
        ended = ChoreEnded(self._clock.now(), event.job_id, FAILED, error)
        telling = asyncio.get_running_loop().create_task(self._tell(ended))
        self._running.add(telling)
        telling.add_done_callback(self._running.discard)

    async def _tell(self, ended: ChoreEnded) -> None:
        await self._home.submit(ended)

    async def _give_up(self) -> None:
        for each in self._running:
            each.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


class _Timer(BaseTrigger):  # type: ignore[misc]  # the library ships no types
    """Fires after so many real seconds from now, whatever the system's clock shows; never in the past."""

    def __init__(self, wait_s: Callable[[Chore, bool], float], chore: Chore) -> None:
        self._wait_s = wait_s
        self._chore = chore

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        wait_s = self._wait_s(self._chore, previous_fire_time is not None)
        return now + timedelta(seconds=wait_s)
