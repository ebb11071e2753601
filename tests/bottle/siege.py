"""The siege: weather in which box and robot die again and again while medicine moves, in recovery too.

From each press on, every start of the box lights the fuse again and every boot of the robot plans its next
power failure, a few points or writes further on, until the siege of that press is over. Then peace, and the
same witnesses. It exists for its density: hundreds of crashes a second of one core.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bottle.weather import Severity, Weather

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

SIEGE = Severity("siege", aimed=1.0, a_day=0.001, again=1.0)

CRASHES_A_PRESS = 120
POINTS_MAX = 10
"""Points of the box until it dies again: a start up to the robot's log passes about thirty."""

WRITES_MAX = 5
POWER_TOO = 0.4
"""Chance that the robot's power is to fail as well."""

DOWN_S = (0.05, 0.2, 0.5)


class Siege(Weather):
    """Nothing but crashes."""

    def __init__(self, bottle: Bottle) -> None:
        super().__init__(bottle, SIEGE)
        self._left = 0

    def aim(self) -> None:
        if not self.ended:
            self._left = CRASHES_A_PRESS
            self._light()

    def recovering(self) -> None:
        if not self.ended and self._left > 0:
            self._left -= 1
            self._light()

    def down_s(self) -> float:
        return self._chance.choice(DOWN_S)

    def off_s(self) -> float:
        return self._chance.choice(DOWN_S)

    def _light(self) -> None:
        chance, fuse = self._chance, self._bottle.box.fuse
        if fuse.left is None:
            fuse.left = chance.randint(1, POINTS_MAX)
        if chance.random() < POWER_TOO:
            self._bottle.end.flash.fail_at(chance.randint(1, WRITES_MAX), kept=chance.random() < 0.5)
