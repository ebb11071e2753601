"""The first resident's robot as one history begins: its roll, its memory, and how much of that it goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.mechanics import Mechanics, Sachet
from simulator.memory import BatteryClock, Memory
from simulator.refusals import FirmwareLimits
from tests.bottle.papers import PRODUCTION
from tests.bottle.robot_end import RobotEnd

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

SET_BEFORE_MS = 30 * 86_400_000


class TrustingMemory(Memory):
    """Forgets which doses left and which plan was newest."""

    def remember_gone(self, dose_id: str, order_id: bytes) -> None:
        pass

    def remember_plan(self, resident: bytes, version: int) -> None:
        pass


def first_robot(bottle: Bottle) -> RobotEnd:
    """Switched on, with nobody who watches what it moves."""
    labels = [Sachet(sachet.number, sachet.label) for sachet in bottle.papers.roll().sachets]
    memory = TrustingMemory() if bottle.trusting else Memory()
    memory.clock = BatteryClock(set_utc_ms=bottle.times.true_ms - SET_BEFORE_MS)
    limits = FirmwareLimits(gap_ms=0, per_day_max=10_000) if bottle.trusting else FirmwareLimits()
    matter = Mechanics()
    end = RobotEnd(bottle.times, bottle.chance, memory, matter, limits)
    end.reads_labels, end.trusting = not bottle.trusting, bottle.trusting
    memory.entries_max = bottle.chance.choice((512, 512, 160))
    matter.load(PRODUCTION, labels, bottle.times.true_ms)
    end.power_on()
    return end
