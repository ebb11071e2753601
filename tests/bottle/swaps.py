"""Magazines that are taken out to be swapped, and counted afterwards, sachet by sachet (rule 24).

Somebody says so at the terminal, takes the strip out, loses or spoils one or two of its sachets, and puts the
rest into the robot under a new number. Later they count what lies in the robot, what is waste or missing, and
some count first what is not there. Its witness keeps the book of what nobody has counted: nothing of it moves
towards the resident or is given by hand, and staff hear of it. Draws from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from tests.bottle.now_and_then import now_and_then
from tests.bottle.papers import FOREIGN
from tests.support.pure_home import RESIDENT, ROBOT

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

A_HISTORY = 0.2
A_DAY, OFTEN_A_DAY = 0.1, 1.0
LEFT_MIN = 4
TOLD_WITHIN_S = 1500.0
COUNTS_AGAIN_S = 900.0
COUNTS_MAX = 60
MOTION = timedelta(seconds=50)


class Swaps:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        self._bottle = bottle
        chance = self._chance = Random(f"the swaps of {seed}")
        drawn = A_DAY if chance.random() < A_HISTORY else 0.0
        self._a_day = OFTEN_A_DAY if bias == "swaps" else drawn
        self._uncounted: dict[str, datetime] = {}  # label -> since when
        self._lost: set[str] = set()  # neither in the robot nor in the waste
        self.taken_out = self.counted = self.looks = 0

    def start(self) -> None:
        now_and_then(self._bottle, self._chance, self._a_day, self._comes)

    # --- what they do ---

    def _comes(self) -> None:
        bottle = self._bottle
        foreign = any(each.label.startswith(FOREIGN) for each in bottle.matter.magazine)
        if self._uncounted or not self._still() or foreign or len(bottle.matter.magazine) < LEFT_MIN:
            return
        terminal = bottle.deeds.terminal
        expires = terminal.minute() + timedelta(minutes=10)
        fact = cmd.TakeOutMagazine(terminal.name(), ROBOT, "technician", expires)
        terminal.says(fact, self._may_take_out, tries=3)

    def _still(self) -> bool:
        matter = self._bottle.matter
        return self._bottle.end.robot.due_ms is None and matter.holding is None and matter.tray is None

    def _may_take_out(self, answer: ev.CommandAnswered) -> None:
        """The strip is as it was when the home answered: it has just been read there."""
        if not answer.accepted:
            return
        bottle, chance = self._bottle, self._chance
        labels = [each.label for each in bottle.matter.magazine]
        self.taken_out += 1
        self._uncounted.update(dict.fromkeys(labels, bottle.times.true))
        gone = chance.sample(labels, chance.choice((0, 1, 1, 2)))
        self._lost.update(label for label in gone if chance.random() < 0.5)
        left = set(labels) - set(gone)
        rest = tuple(each for each in bottle.papers.roll().sachets if each.label in left)
        bottle.after(0.01, partial(bottle.technician.put_in, rest))  # in the commit nothing moves
        bottle.after(TOLD_WITHIN_S, partial(self._look_told, len(labels), bottle.weather.total))
        bottle.after(chance.choice((300.0, 2000.0, 9000.0)), partial(self._counts, 0))

    def _counts(self, tries: int) -> None:
        if not self._uncounted or tries > COUNTS_MAX:
            return
        chance, bottle = self._chance, self._bottle
        there = {each.label for each in bottle.matter.magazine}
        left = set(self._uncounted)
        groups = {"robot": left & there, "missing": left & self._lost, "waste": left - there - self._lost}
        if chance.random() < 0.2 and left - there:
            self._says(sorted(left - there), "robot")
        for place, labels in groups.items():
            if labels and chance.random() < 0.7:
                self._says(sorted(labels), place)
        bottle.after(COUNTS_AGAIN_S, partial(self._counts, tries + 1))

    def _says(self, labels: Sequence[str], place: str) -> None:
        terminal = self._bottle.deeds.terminal
        fact = cmd.CountSachets(
            terminal.name(), RESIDENT, tuple(labels), place, "technician", terminal.soon()
        )
        terminal.says(fact, partial(self._answered, fact), tries=3)

    # --- who watches ---

    def _answered(self, fact: cmd.CountSachets, answer: ev.CommandAnswered) -> None:
        if not answer.accepted:
            return
        there = {each.label for each in self._bottle.matter.magazine}
        wrong = [label for label in fact.labels if fact.place == "robot" and label not in there]
        assert not wrong, f"rule 24: {wrong} counted into the robot, and they are not there"
        self.counted += len(fact.labels)
        for label in fact.labels:
            self._uncounted.pop(label, None)

    def moves(self, label: str) -> None:
        """Towards the resident."""
        since = self._uncounted.get(label)
        long = since is not None and since < self._bottle.times.true - MOTION
        assert not long, f"rule 24: {label} moves towards the resident, and nobody has counted it"

    def gave_by_hand(self, dose: str, label: str) -> None:
        unknown = label in self._uncounted
        assert not unknown, f"rule 24: {dose[33:]} by hand, and nobody has counted its sachet"

    @property
    def any(self) -> bool:
        return self.taken_out > 0

    def _look_told(self, count: int, troubles: int) -> None:
        bottle = self._bottle
        calm = bottle.liveness.settled() and bottle.weather.total == troubles
        if calm and len(self._uncounted) == count:
            self.looks += 1
            told = [each for each in bottle.oncall.told.values() if each["kind"] == "sachets_uncounted"]
            high = any(each["priority"] == "high" for each in told)
            assert high, "rule 24: a magazine is out, nobody has counted it, and nobody was told"
