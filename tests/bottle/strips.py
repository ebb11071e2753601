"""Strips that do not fit the plan in one history: one that ends early, one that begins with what was had.

The pharmacy sends them, a technician puts them in, and some hours later the right one. The witness knows
strips and doses from papers and matter: staff hear in time of the first dose that has no sachet, and that a
strip holds what was had already. Nothing of it is ever had twice: that is `witnesses`. A stream of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from scheduler.roll import Sachet
from tests.bottle.now_and_then import now_and_then
from tests.bottle.papers import WINDOW

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

A_DAY, OFTEN_A_DAY = 0.04, 1.0
SHORT_MOST = 3
OLD_MOST = 3
TOLD_WITHIN_S = 1200.0
"""Its manifest is typed in within minutes; a strip is looked at two minutes after it was put in."""

AHEAD = timedelta(hours=23)
"""A dose without a sachet is told of three days before it, at the latest one."""


class Strips:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        self._bottle = bottle
        self._chance = Random(f"the strips of {seed}")
        self._a_day = OFTEN_A_DAY if bias == "strips" else A_DAY
        self.short = self.overlapping = self.short_looks = self.overlap_looks = 0

    def start(self) -> None:
        now_and_then(self._bottle, self._chance, self._a_day, self._comes)

    def _comes(self) -> None:
        bottle, chance = self._bottle, self._chance
        coming = bottle.technician.coming()
        quiet = (
            bottle.end.robot.due_ms is None and bottle.matter.holding is None and bottle.matter.tray is None
        )
        if not quiet or len(coming) < 2 * SHORT_MOST:
            return
        if chance.random() < 0.5:
            self._put_in_short(coming)
        else:
            self._put_in_old(coming)

    def _put_in_short(self, coming: tuple[Sachet, ...]) -> None:
        bottle, chance = self._bottle, self._chance
        left = chance.randint(1, SHORT_MOST)
        self.short += 1
        bottle.technician.put_in(coming[:left])
        number = bottle.technician.roll.production_id
        day, slot = bottle.papers.labels[coming[left].label]
        first = min(bottle.papers.opens(day, slot))
        look = max(bottle.times.true + timedelta(seconds=TOLD_WITHIN_S), first - AHEAD)
        bottle.at(look, partial(self._look_short, number, slot, first))
        back = first - timedelta(hours=chance.uniform(-3, 20))
        bottle.at(max(back, look + timedelta(minutes=5)), partial(self._right_one, number))

    def _put_in_old(self, coming: tuple[Sachet, ...]) -> None:
        """What was due in the last days comes again, before what is still ahead."""
        bottle, chance = self._bottle, self._chance
        papers, now = bottle.papers, bottle.times.true
        old = [
            sachet
            for sachet in papers.roll().sachets
            if max(papers.opens(*papers.labels[sachet.label])) + WINDOW < now
        ][-chance.randint(1, OLD_MOST) :]
        if not old:
            return
        self.overlapping += 1
        bottle.technician.put_in((*old, *coming))
        number = bottle.technician.roll.production_id
        bottle.after(TOLD_WITHIN_S, partial(self._look_old, number, bottle.weather.total))
        bottle.after(chance.uniform(2, 30) * 3600, partial(self._right_one, number))

    def _right_one(self, number: str) -> None:
        bottle = self._bottle
        if bottle.technician.roll.production_id != number:
            return
        if bottle.end.robot.due_ms is None:
            bottle.technician.change_magazine()
        else:
            bottle.after(600, partial(self._right_one, number))

    # --- who watches ---

    def _look_short(self, number: str, slot: str, first: datetime) -> None:
        """The strip has an end, and the first dose after it is near."""
        bottle = self._bottle
        if not self._calm(number) or bottle.times.true >= first or not bottle.matter.magazine:
            return
        if slot == "noon" and None in bottle.papers.cards.values():
            return  # a card stopped it: nothing comes after the strip's last sachet, or later
        self.short_looks += 1
        assert self._heard("refill_due"), "S8: the strip ends before the plan does, and nobody was told"

    def _look_old(self, number: str, troubles: int) -> None:
        bottle = self._bottle
        there = {sachet.label for sachet in bottle.matter.magazine}
        had = [label for label in there if label in bottle.witnesses.had]
        if not self._calm(number) or bottle.weather.total != troubles or not had:
            return
        self.overlap_looks += 1
        assert self._heard("refill_wrong"), "S8: the strip holds what was had already, and nobody was told"

    def _calm(self, number: str) -> bool:
        bottle = self._bottle
        known = bottle.matter.production_id == number and bottle.technician.typed
        return known and bottle.liveness.settled() and bottle.liveness.robot_here()

    def _heard(self, kind: str) -> bool:
        return any(each["kind"] == kind for each in self._bottle.oncall.told.values())
