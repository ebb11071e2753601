"""Cards that add medicine while the roll that was packed before lies in the second robot (rule 1).

A doctor adds something in one part of the day, gladly in the middle of its window, and takes it back some
time later. The pharmacy packs by the newest card, or still by an older one, and its strip comes at any time,
also with the sachet of a dose that is due. Draws from a stream of its own; `additions_witness` judges.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from simulator.mechanics import Sachet
from tests.bottle.additions_witness import AdditionsWitness
from tests.bottle.company_papers import ADDED_TO

if TYPE_CHECKING:
    from tests.bottle.company import Company

CHANGED = 0.3
"""Of all doses: as often a card adds to one, or takes that back; more often than in life."""

ALREADY = 0.4
"""Of all histories: in as many something was added on the first day to every part of the day."""

NEW_STRIP = 0.5
"""Of all cards: after as many the pharmacy sends a strip."""

BY_THE_NEWEST = 0.75
READ_AGAIN_S = 300.0


class Additions:
    def __init__(self, company: Company, seed: int) -> None:
        self._company = company
        self._bottle = company.bottle
        self._papers = company.papers
        self._chance = Random(f"what is added to a card in {seed}")
        self.here = company.kind == ADDED_TO
        self.witness = AdditionsWitness(company)
        self.cards = self.strips = 0

    def start(self) -> None:
        if self.here and self._chance.random() < ALREADY:
            slots = frozenset(self._papers.persons[0].slots)
            self._bottle.after(1100, partial(self._sends, slots))

    def plan_dose(self, dose: str) -> None:
        if not self.here:
            return
        self.witness.plan_dose(dose)
        chance = self._chance
        if chance.random() < CHANGED:
            early = chance.uniform(-600, -10)
            minutes = chance.choice((early, early, chance.uniform(-4, 4), chance.uniform(0, 118)))
            at = self._papers.opens(dose)[0] + timedelta(minutes=minutes)
            self._bottle.at(at, partial(self._changes, dose.split("/")[2]))

    def packs(self) -> None:
        """The pharmacy looks at a card."""
        if self.here:
            known = sorted(self.witness.accepted_versions) or [1]
            newest = self._chance.random() < BY_THE_NEWEST
            self._papers.packed_by = known[-1] if newest else self._chance.choice(known)

    def packed(self, sachets: Sequence[Sachet]) -> None:
        """Of the strip that goes into the robot."""
        if self.here:
            self.witness.packed([each.label for each in sachets])

    # --- cards and strips ---

    def _changes(self, slot: str) -> None:
        if self._company.ended or not self._company.has_card():
            return
        self._sends(self._papers.cards[max(self._papers.cards)] ^ {slot})
        if self._chance.random() < NEW_STRIP:
            self._bottle.after(self._chance.choice((400.0, 2000.0, 40_000.0)), self._strip_comes)

    def _sends(self, added: frozenset[str]) -> None:
        version = self._papers.newer(added)
        self.cards += 1
        self._bottle.say(f"card {version} of the second robot: added in {sorted(added)}")
        self._offer(version)

    def _offer(self, version: int) -> None:
        """The folder is read again until the home has it, or a newer one lies there."""
        newest = version == max(self._papers.cards)
        if newest and version not in self.witness.accepted_versions and not self._company.ended:
            if self._company.has_card():
                self._bottle.box.hand_in(self._papers.offer(self._papers.persons[0], version))
            self._bottle.after(READ_AGAIN_S, partial(self._offer, version))

    def _strip_comes(self) -> None:
        end = self._company.end
        quiet = end.robot.due_ms is None and end.robot.powered and end.mechanics.holding is None
        if self._company.ended or not quiet or end.mechanics.tray is not None:
            return
        self.strips += 1
        self._company.change_strip(self._since())

    def _since(self) -> datetime:
        """With the sachet of whatever is due and still lies in the magazine."""
        now, papers = self._bottle.times.true, self._papers
        due = [dose for dose in papers.label_of if papers.opens(dose)[0] <= now < papers.closes(dose)]
        if due and all(self._bottle.where(dose) == "magazine" for dose in due):
            return min(papers.opens(dose)[0] for dose in due) - timedelta(seconds=1)
        return now
