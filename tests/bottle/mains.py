"""The robot's mains in one history: somebody pulls the plug, and its battery runs down until it is put back.

The robot goes on meanwhile, and so must the home. The witness knows plug and charge from matter and when the
next dose is from papers: staff hear that there is no mains, and high where what is left of the battery will
not see that dose through (the alarm catalogue: four hours, unless it has shown more). A stream of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from tests.bottle.now_and_then import now_and_then
from tests.bottle.oncall import Payload
from tests.bottle.papers import dose_id
from tests.support.pure_home import RESIDENT

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

A_DAY, OFTEN_A_DAY = 0.08, 2.0
FULL_H = (3.5, 6.0, 12.0)
"""What a full battery lasts, in true hours; the home takes each for four until it has shown more."""

TAKEN_FOR, WHOLE_WINDOW = timedelta(hours=4), timedelta(hours=2)
SHOWN_PERCENT = 20
TOLD_WITHIN_S = 300.0 + 240.0
"""Five minutes of no mains are nobody's business; then it travels."""

EDGE = timedelta(minutes=20)
LATEST = timedelta(hours=6)
"""From its planned time, where somebody has said that it may be had for longer."""

STEP = 10
LOW_MOST = 20
"""Somebody puts it back before the battery is empty: a robot without power is another story."""


class Mains:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        self._bottle = bottle
        self._chance = Random(f"the mains of {seed}")
        self._a_day = OFTEN_A_DAY if bias == "mains" else A_DAY
        self._lost: datetime | None = None
        self._read = bottle.times.true  # when the robot showed its newest tenth
        self.failures = self.looks = self.short_looks = 0

    def start(self) -> None:
        now_and_then(self._bottle, self._chance, self._a_day, self._fails)

    def restore(self) -> None:
        matter = self._bottle.matter
        if not matter.mains:
            self._bottle.say("mains back")
            self._lost = None
            matter.mains, matter.battery_percent = True, 100
            self._bottle.end.sense()

    def _fails(self) -> None:
        bottle, chance = self._bottle, self._chance
        if self._lost is not None:
            return
        full_s = chance.choice(FULL_H) * 3600
        bottle.say("mains lost")
        self._lost = self._read = bottle.times.true
        self.failures += 1
        bottle.matter.mains = False
        bottle.end.sense()
        back_s = min(chance.choice((120.0, 1200.0, 5000.0, 20_000.0)), full_s * (100 - LOW_MOST) / 100)
        since = self._lost
        for step in range(1, 10):
            bottle.after(full_s * step * STEP / 100, partial(self._drains, since, 100 - step * STEP))
        for wait_s in (TOLD_WITHIN_S, 3000.0, 9000.0):
            bottle.after(wait_s, partial(self._look, since, bottle.weather.total))
        bottle.after(back_s, partial(self._back, since))

    def _drains(self, since: datetime, percent: int) -> None:
        if self._lost == since:
            self._bottle.matter.battery_percent, self._read = percent, self._bottle.times.true
            self._bottle.end.sense()

    def _back(self, since: datetime) -> None:
        if self._lost == since:
            self.restore()

    # --- who watches ---

    def _look(self, since: datetime, troubles: int) -> None:
        """In calm times, some minutes after the plug was pulled."""
        bottle = self._bottle
        calm = bottle.liveness.settled() and bottle.liveness.robot_here() and bottle.weather.total == troubles
        if self._lost != since or not calm:
            return
        self.looks += 1
        told = list(self._told())
        assert told, "S8: no mains, and nobody was told"
        percent = bottle.matter.battery_percent
        until = self._read + TAKEN_FOR * percent / 100
        following, now = self._following(), bottle.times.true
        shown = 100 - percent
        if following is None or shown >= SHOWN_PERCENT or bottle.regimes.state(RESIDENT) == "paused":
            return
        if until < max(following, now) + WHOLE_WINDOW - EDGE:
            self.short_looks += 1
            high = any(each["kind"] == "battery_short" and each["priority"] == "high" for each in told)
            assert high, "S8: the battery won't see the next dose through, and that is not high"

    def _told(self) -> Iterator[Payload]:
        for payload in self._bottle.oncall.told.values():
            about_power = payload["kind"] in ("mains_lost", "battery_short")
            first = self._bottle.oncall.first_told[payload["incident"]]
            if about_power and (payload["state"] != "closed" or first > (self._lost or first)):
                yield payload

    def _following(self) -> datetime | None:
        """When the next dose opens that is certain: no card moved or stopped it, and nobody had it. One whose
        window is open comes first, and needs less."""
        bottle, papers, now = self._bottle, self._bottle.papers, self._bottle.times.true
        found: list[tuple[datetime, bool]] = []
        for (day, slot), label in papers.label_of.items():
            opens = papers.opens(day, slot)
            had = dose_id(day, slot) in bottle.given or label in bottle.witnesses.had
            if had or not min(opens) - EDGE < now + timedelta(hours=30):
                continue
            if now < max(opens) + LATEST and min(opens) - EDGE < now:
                return None
            found.append((min(opens), slot != "noon" and len(opens) == 1))
        at, certain = min(((at, known) for at, known in found if at > now), default=(now, False))
        return at if certain else None
