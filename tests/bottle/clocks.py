"""What goes wrong with the clocks of one history: the box's wall clock, and the robot's on its battery."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.bottle.box import LOOK_S

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle


class Clocks:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle

    def drift(self, by: timedelta) -> None:
        """So little that nobody looks up."""
        bottle = self._bottle
        if bottle.box.alive and not bottle.end.memory.clock.offset_ms:
            bottle.times.set_wall(bottle.times.wall_off + by)
            bottle.liveness.disturbed()

    def step(self, off: timedelta) -> None:
        bottle = self._bottle
        if off and (bottle.end.memory.clock.offset_ms or not bottle.box.alive):
            return
        if bottle.times.wall_off == off:
            return
        bottle.say(f"wall clock: {off} ahead")
        bottle.times.set_wall(off)
        bottle.liveness.disturbed()
        bottle.after(bottle.chance.random() * LOOK_S, lambda: None)  # the process looks at its clock
        for seconds in (31.0, 62.0):
            bottle.after(seconds, lambda: None)  # and at the robot's twice a minute while it trusts none

    def battery(self, offset_ms: int) -> None:
        bottle = self._bottle
        if offset_ms and bottle.times.wall_off:
            return
        clock = bottle.end.memory.clock
        if clock.offset_ms != offset_ms:
            bottle.liveness.disturbed()
            bottle.end.set_clock(replace(clock, offset_ms=offset_ms, battery_ok=not offset_ms))
