"""Double feeds at a robot with medicine as needed: a second sachet leaves the strip with the first (rule 7).

Suspected in the release, or not before the tray; where power fails in each motion, never: then nobody could
know. No dose waits for the second one. The witness keeps a book of its own, of matter and hands: what came
within reach beside another one counts against gap and most from then on, wherever it went, and between a
double feed and the closing of its incident nothing is let out. What a person has discarded nobody gets. A
stream of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from protocol.wire.messages import DOUBLE_FEED, Answer
from scheduler import events as ev
from simulator.mechanics import DoubleFeed, Moved, Place
from tests.bottle.as_needed_times import DAY_MOST, GAP
from tests.bottle.as_needed_witness import DAY, MOTION
from tests.bottle.company_papers import SERIAL
from tests.bottle.feeds import A_DAY, A_HISTORY, TAKES_BOTH, TOLD_WITHIN_S, take_out
from tests.bottle.now_and_then import now_and_then

if TYPE_CHECKING:
    from tests.bottle.company import Company

BIAS = "feeds as needed"
OFTEN_A_DAY, MOSTLY = 2.0, 0.5
WAITS_S = 1150.0
"""Of the twenty minutes for which it can be had."""

SEEN = 0.3
SUBJECT = f"feed:{SERIAL}"
TOWARDS = (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT)


class FeedsAsNeeded:
    def __init__(self, company: Company, seed: int, bias: str = "") -> None:
        self._company, self._bottle = company, company.bottle
        chance = self._chance = Random(f"the double feeds as needed of {seed}")
        drawn = A_DAY if chance.random() < A_HISTORY else 0.0
        self._a_day = OFTEN_A_DAY if bias == BIAS else drawn
        self._takes_both = MOSTLY if bias == BIAS else TAKES_BOTH
        self.along: dict[str, datetime] = {}  # label of a sachet that went along with another -> when it left
        self.told: set[str] = set()  # of them: the home has read so
        self.reached: dict[str, datetime] = {}  # of them: when somebody could take it
        self.doubted: set[str] = set()  # doses whose sachet moved with another one
        self._discarded: set[str] = set()  # labels
        self._open = ""  # the incident about one that nobody has closed
        self._locked = False  # the home has read of one, and nobody has closed that
        self._newest = ""  # of `along`
        self.looks = self.checked = self.both = 0

    def start(self) -> None:
        if self._company.papers.as_needed:
            now_and_then(self._bottle, self._chance, self._a_day, self._comes)

    def _comes(self) -> None:
        if self._company.end.robot.due_ms is None:
            at_once = self._chance.random() < 0.5
            self._company.end.mechanics.faults.double_next = DoubleFeed(at_once)

    def mend(self) -> None:
        if self._company.persons:
            self._company.end.mechanics.faults.double_next = None

    # --- matter and hands ---

    def moves_along(self, moved: Moved) -> bool:
        """Whether this is the second one, and not what was ordered."""
        matter, label = self._company.end.mechanics, moved.sachet.label
        second = matter.beside.get(moved.target) is moved.sachet
        if not second and label not in self.along:
            return False
        now = self._bottle.times.true
        if moved.origin is Place.MAGAZINE and second:
            self.along[label] = now
            self._newest = label
            for _ in range(self._chance.randint(0, 4)):
                self._bottle.after(self._chance.uniform(20, WAITS_S), self._waits)
        elif moved.target is Place.TRAY:
            self.reached[label] = now
            if self._chance.random() < self._takes_both:
                self._bottle.after(self._chance.uniform(1, 300), self._take_both)
        elif moved.target is Place.HANDS:
            self.reached[label] = now
            self.both += 1
        return True

    @property
    def unseen(self) -> bool:
        """Two lie in the tray, and no sensor has said so: what is taken of them no core could know."""
        beside = self._company.end.mechanics.beside.get(Place.TRAY)
        return beside is not None and beside.label not in self.told

    def _take_both(self) -> None:
        """The display says otherwise, and not everybody reads it."""
        end = self._company.end
        for _ in range(2):
            if not self.unseen and end.robot.due_ms is None and end.mechanics.sensors().tray:
                end.lift()

    def _waits(self) -> None:
        """It does not come, and they press again."""
        if not self._company.ended:
            self._company.press(self._company.persons[0].tag, Answer.TAKE)

    def looked_into(self) -> None:
        """Whoever clears one takes the second sachet out; some see it, too, where it lies alone by now."""
        end = self._company.end
        matter = end.mechanics
        held, seen = matter.holding, self._chance.random() < SEEN
        if end.memory.fault == DOUBLE_FEED and held is not None and held.label in self.along and seen:
            matter.holding, matter.beside[Place.HOLDING] = None, held

    def taken_out(self) -> None:
        company = self._company
        doses = self._bottle.disk.replayed().doses.items()
        take_out(company.end, self.along, [dose for key, dose in doses if company.has(key)])

    # --- who watches ---

    @property
    def fed(self) -> int:
        return len(self.along)

    def lately(self, now: datetime) -> bool:
        """Whether any may keep others back: one went along, or somebody is still to look."""
        return self._locked or any(now < left + DAY + 2 * GAP for left in self.along.values())

    def committed(self, events: Sequence[ev.Event]) -> None:
        """All of the home's."""
        for event in events:
            match event:
                case ev.RobotLogged(entry="ended", detail=detail) if detail == DOUBLE_FEED:
                    self._is_told(event)
                case ev.IncidentRaised() if event.incident.subject == SUBJECT:
                    self._open = event.incident.incident_id
                case ev.IncidentClosed() if event.incident_id == self._open:
                    self._is_closed()
                case ev.DecisionMade(verdict=ev.Verdict.DISCARD) if self._company.has(event.dose_id):
                    self._is_discarded(event.dose_id)
                case ev.OrderIssued() if event.order.robot == SERIAL and event.order.kind in TOWARDS:
                    kind, label = event.order.kind, event.order.label
                    assert not self._locked, f"rule 7: {kind} as needed before anybody looked at two sachets"
                    gone = label in self._discarded
                    assert not gone, f"rule 7: {kind} of {label}, which a person has discarded"
                case _:
                    pass

    def _is_closed(self) -> None:
        """By somebody who was at the robot, and who leaves nothing in the way that no dose tells of."""
        memory, held = self._company.end.memory, self._company.end.mechanics.holding
        assert memory.fault != DOUBLE_FEED, "rule 7: closed as looked into, and nobody was at the robot"
        in_the_way = held is not None and held.label in self.along
        assert not in_the_way, "S8: closed, and what lay beside another sachet lies in the way of each one"
        self._open, self._locked = "", False

    def _is_told(self, event: ev.RobotLogged) -> None:
        if event.robot != SERIAL or not self._newest:
            return
        self.told.add(self._newest)
        self.doubted.add(event.dose_id)
        self._locked = True
        look = partial(self._look_told, self._company.end.failures, self._company.disturbed_s)
        self._bottle.after(TOLD_WITHIN_S, look)

    def _is_discarded(self, dose: str) -> None:
        """Of what was held for it, or else of what was released."""
        papers, witness = self._company.papers, self._company.witness
        label = witness.held.get(dose) or papers.label_of.get(dose, "")
        if label and papers.dose_of.get(label, dose) == dose:
            self._discarded.add(label)

    def leaves(self, label: str, now: datetime, apart: timedelta) -> None:
        """A sachet leaves the strip as ordered: with what came within reach beside others it is not too much,
        nor too soon. What nobody was told of no core could know."""
        before = [at for other, at in self.reached.items() if other in self.told and other != label]
        if not before:
            return
        self.checked += 1
        edge = now + apart + MOTION
        gap = (now - max(before)) / timedelta(minutes=1)
        assert edge >= max(before) + GAP, f"rule 7: as needed {gap:.0f} minutes after one that lay beside"
        amount = self._company.witness.as_needed.amount(edge, besides=label) + 1
        amount += sum(at > edge - DAY for at in before)
        assert amount <= DAY_MOST, f"rule 7: {amount} as needed within 24 h, with what lay beside"

    def _look_told(self, failures: int, disturbed_s: float) -> None:
        """On-call was reachable for all of that time, and the home knew the strip."""
        company, bottle = self._company, self._bottle
        calm = company.end.failures == failures and company.disturbed_s == disturbed_s
        if not calm or not bottle.liveness.settled():
            return
        self.looks += 1
        told = [each for each in bottle.oncall.told.values() if each["kind"] == "double_feed"]
        high = any(each["priority"] == "high" and each["robot"] == SERIAL for each in told)
        assert high, "rule 7: two sachets as needed moved at once, and nobody was told"
