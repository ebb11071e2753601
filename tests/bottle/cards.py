"""Cards that change what a sachet should hold, while the roll with the old content lies in the robot.

A doctor writes another strength for one part of the day, gladly in the middle of its window, and takes it
back some time later. Staff at the robot decide about each sachet that the home holds for it: one may discard
it (`people`), two may let it go; some say it alone, some say it twice, some of one that nobody can read.
Draws from a stream of its own; `cards_witness` judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from tests.bottle.cards_witness import CardsWitness

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

A_HISTORY = 0.3
CHANGED, OFTEN = 0.08, 0.5
"""Of all doses, in such a history: more often than in life; and where a bug needs it."""

LET_GO = 0.8
"""Of all held sachets: as many somebody would let go."""


class Cards:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        self._bottle = bottle
        chance = self._chance = Random(f"the cards of {seed}")
        self._often = OFTEN if bias == "cards" else CHANGED if chance.random() < A_HISTORY else 0.0
        self.witness = CardsWitness(bottle)
        self.changes = 0

    def plan_day(self, day: date) -> None:
        chance, bottle = self._chance, self._bottle
        for slot in bottle.papers.slots if self._often else ():
            if chance.random() < self._often:
                at = bottle.papers.opens(day, slot)[0] + timedelta(minutes=chance.uniform(-90, 118))
                bottle.at(at, partial(self._changes, slot))
                bottle.at(at + timedelta(hours=chance.uniform(0.2, 20)), self._taken_back)

    def in_tray(self, slot: str) -> None:
        """Gladly while it lies within reach."""
        chance = self._chance
        if self._often and chance.random() < self._often:
            self._bottle.after(chance.uniform(0, 60), partial(self._changes, slot))
            self._bottle.after(chance.uniform(2, 20) * 3600, self._taken_back)

    def _changes(self, slot: str) -> None:
        papers = self._bottle.papers
        if not self._bottle.weather.ended:
            newest = max(papers.cards)
            self.changes += 1
            stronger = papers.stronger.get(newest, frozenset()) | {slot}
            self._bottle.faraway.sends(papers.cards[newest], stronger)

    def _taken_back(self) -> None:
        papers = self._bottle.papers
        newest = max(papers.cards)
        if not self._bottle.weather.ended and papers.stronger.get(newest):
            self._bottle.faraway.sends(papers.cards[newest], frozenset())

    # --- staff at the robot ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        self.witness.committed(events)
        if not self._often:
            return
        for event in events:
            if isinstance(event, ev.DoseHeld) and self._chance.random() < LET_GO:
                self._look_at(event.dose_id)

    def _look_at(self, dose: str) -> None:
        """Of the dose's own sachet two people may say so; of another, or of one that can't be read, somebody
        may by mistake, and the home must not let it go."""
        bottle, chance = self._bottle, self._chance
        if self._sees_another(dose):
            return
        first_s = chance.uniform(5, 600)
        bottle.after(first_s, partial(self._says, dose, "Anna"))
        second = chance.choices(("Berit", " anna", "Anna", ""), (55, 20, 15, 10))[0]
        if second:
            second_s = first_s + chance.choice((chance.uniform(5, 400), chance.uniform(5, 4000)))
            bottle.after(second_s, partial(self._says, dose, second))
            bottle.after(second_s + chance.uniform(5, 400), bottle.pressed)
        bottle.after(first_s + chance.uniform(1, 400), bottle.pressed)

    def _sees_another(self, dose: str) -> bool:
        """Another dose's sachet lies there, or none: a magazine may have been changed since it was held."""
        mouth = next(iter(self._bottle.matter.magazine), None)
        return mouth is None or (mouth.readable and self.witness.label(dose) != mouth.label)

    def _says(self, dose: str, by: str) -> None:
        if self._sees_another(dose):
            return
        terminal = self._bottle.deeds.terminal
        words = (ev.Verdict.LET_GO, by, "looked", "home", "", 0, terminal.minute() + timedelta(minutes=10))
        fact = cmd.DecideDose(terminal.name(), dose, *words)
        terminal.says(fact, partial(self.witness.said, fact), tries=5)

    # --- what others ask ---

    def fits(self, dose: str, what: str) -> None:
        """AssertionError where its sachet moves, or is about to, and a card in force asks for another one."""
        self.witness.fits(dose, what)

    def leaves_alone(self, dose: str) -> bool:
        """Whether every card so far says the same of this dose."""
        return self.witness.leaves_alone(dose)
