"""Double feeds in one history: two sachets leave the strip at once, and the robot suspects it (rule 7).

In the release or not before the tray; some residents take both. Whoever clears the fault takes the second one
out. The witness knows from matter which sachet went along: high at once, and its dose is given by nobody
before somebody has said what became of it. A stream of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from protocol.wire.messages import DOUBLE_FEED
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.world import Dose
from simulator.mechanics import DoubleFeed, Moved, Place
from tests.bottle.now_and_then import now_and_then
from tests.bottle.papers import dose_id
from tests.support.pure_home import ROBOT

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle
    from tests.bottle.robot_end import RobotEnd

A_HISTORY = 0.1
A_DAY, OFTEN_A_DAY = 0.2, 1.5
TAKES_BOTH = 0.3
TOLD_WITHIN_S = 900.0
SUBJECT = f"feed:{ROBOT}"


def take_out(end: RobotEnd, along: Collection[str], doses: Iterable[Dose]) -> None:
    """Whoever comes to close it, and is told that something lies in the holding place that is no dose's: they
    take it out."""
    held = end.mechanics.holding
    known = any(dose.stage is Stage.HOLDING or dose.order is not None for dose in doses)
    if held is not None and held.label in along and not known and end.robot.due_ms is None:
        end.mechanics.holding, end.mechanics.beside[Place.HOLDING] = None, held
        end.mechanics.take_out_beside(end.times.true_ms)
        end.sense()


class Feeds:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        self._bottle = bottle
        chance = self._chance = Random(f"the double feeds of {seed}")
        drawn = A_DAY if chance.random() < A_HISTORY else 0.0
        self._a_day = OFTEN_A_DAY if bias == "feeds" else drawn
        self.along: set[str] = set()  # labels of sachets that went along with another
        self.told: set[str] = set()  # of them: the robot has told; where power failed in each motion it can't
        self.doubted: set[str] = set()  # doses that a person must find out about, of either sachet
        self._newest = ""  # of them
        self._open = ""  # the incident about one that nobody has closed
        self.fed = self.looks = self.doubts = 0

    def start(self) -> None:
        now_and_then(self._bottle, self._chance, self._a_day, self._comes)

    def _comes(self) -> None:
        bottle = self._bottle
        if bottle.end.robot.due_ms is None:
            bottle.matter.faults.double_next = DoubleFeed(at_once=self._chance.random() < 0.6)

    def mend(self) -> None:
        self._bottle.matter.faults.double_next = None

    def taken_out(self) -> None:
        bottle = self._bottle
        doses = bottle.disk.replayed().doses.items()
        take_out(bottle.end, self.along, [dose for key, dose in doses if not bottle.company.has(key)])

    def moves_along(self, moved: Moved) -> bool:
        """Whether this one went along with another, which is what was ordered."""
        matter = self._bottle.matter
        second = moved.target in matter.beside and matter.beside[moved.target] is moved.sachet
        if not second and not (moved.sachet.label in self.along and moved.target is Place.STORE):
            return False
        if moved.origin is Place.MAGAZINE:
            self.fed += 1
            self._newest = moved.sachet.label
            self.along.add(self._newest)
        elif moved.target is Place.TRAY and self._chance.random() < TAKES_BOTH:
            self._bottle.after(self._chance.uniform(1, 300), self._takes_both)
        return True

    def _takes_both(self) -> None:
        """The display says otherwise, and not everybody reads it."""
        bottle = self._bottle
        if not self.told.issuperset(each.label for each in bottle.matter.beside.values()):
            return  # nobody could know: that is for no core to mend
        for _ in range(len(bottle.matter.beside) + 1):
            if bottle.end.robot.due_ms is None and bottle.matter.sensors().tray:
                bottle.end.lift()

    # --- who watches ---

    @property
    def any(self) -> bool:
        return self.fed > 0

    def committed(self, own: Sequence[ev.Event]) -> None:
        for event in own:
            match event:
                case ev.RobotLogged(entry="ended", detail=detail) if detail == DOUBLE_FEED:
                    self.told.add(self._newest)
                    look = partial(self._look_told, self._newest, self._bottle.weather.total)
                    self._bottle.after(TOLD_WITHIN_S, look)
                case ev.DoseDoubted():
                    self.doubts += 1
                    self.doubted |= {event.dose_id, event.beside}
                case ev.IncidentRaised() if event.incident.subject == SUBJECT:
                    self._open = event.incident.incident_id
                case ev.IncidentClosed() if event.incident_id == self._open:
                    self._open = ""
                case ev.OrderIssued() if event.order.kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT):
                    assert not self._open, f"rule 7: {event.order.kind} before anybody looked at two sachets"
                case _:
                    pass

    def _look_told(self, label: str, troubles: int) -> None:
        """On-call was reachable for all of that time, and the home knew the strip."""
        bottle = self._bottle
        if not bottle.liveness.settled() or bottle.weather.total != troubles:
            return
        self.looks += 1
        told = [each for each in bottle.oncall.told.values() if each["kind"] == "double_feed"]
        high = any(each["priority"] == "high" for each in told)
        assert high, "rule 7: two sachets moved at once, and nobody was told"
        dose = dose_id(*bottle.papers.labels[label])
        known = bottle.disk.replayed().doses.get(dose)
        if known is not None and bottle.technician.typed:
            assert known.beside, f"rule 7: {dose[33:]} lay beside another sachet, and was never in doubt"
