"""Others who give planned medicine: a day centre, a hospital, a relative; and the fagsystem that knows of it.

It learns of an administration at once, or hours later; now and then it was written down by mistake and taken
back. Where the card has their medicine as needed, too, it is as often that which they gave; the fagsystem
does not say so, and whoever is asked finds out. The home reads it as often as it does in life, and after each
news. Draws from a stream of its own; `others_witness` judges.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from tests.bottle.company_papers import OTHERS_GIVE, WHICH
from tests.bottle.others_witness import OthersWitness

if TYPE_CHECKING:
    from tests.bottle.company import Company

GIVEN = 0.4
"""Of all doses: more often than in life."""

TAKEN_BACK = 0.2
EITHER_GIVEN = 0.8
FIXED = 0.5
"""Of those that may be either: as many were the planned dose."""

READ_S = 2 * 3600.0
READ_AGAIN_S = (60.0, 900.0)
"""What a dying box missed, the next one reads."""

KNOWN = timedelta(hours=72)


class Others:
    def __init__(self, company: Company, seed: int) -> None:
        self._company = company
        self._bottle = company.bottle
        self._chance = Random(f"what others give in {seed}")
        self._known: dict[str, ev.GivenElsewhere] = {}  # dose -> as the fagsystem has it
        self.here, self.either = company.kind in (OTHERS_GIVE, WHICH), company.kind == WHICH
        self._truth: dict[str, bool] = {}  # dose -> whether it was that which they gave, and not as needed
        self.witness = OthersWitness(company)
        self.given = self.taken_back = 0

    def start(self) -> None:
        if self.here:
            self._read_on()

    def plan_dose(self, dose: str) -> None:
        if not self.here:
            return
        self.witness.plan_dose(dose)
        chance = self._chance
        if chance.random() < (EITHER_GIVEN if self.either else GIVEN):
            early = chance.uniform(-120, 0)
            late = early if self.either else chance.uniform(100, 200)
            minutes = chance.choice((early, chance.uniform(0, 118), late))
            at = self._company.papers.opens(dose)[0] + timedelta(seconds=round(minutes * 60))
            told = at + timedelta(seconds=chance.choice((chance.uniform(1, 60), chance.uniform(60, 12_000))))
            self._bottle.at(told, partial(self._learns, dose, at))

    def word_about(self, dose: str) -> str:
        """What a person who has asked around says of it; "" = there is nothing to ask about."""
        if dose in self._known and self.either:
            return "had_it" if self._truth[dose] else "not_given"
        return self._company.at_their_robot.word_about(dose)

    def _learns(self, dose: str, at: datetime) -> None:
        if self._company.ended:
            return
        self.given += 1
        self._truth[dose] = not self.either or self._chance.random() < FIXED
        self._bottle.say(f"the fagsystem learns that others gave {dose[33:]} at {at}")
        self._known[dose] = ev.GivenElsewhere(self._company.papers.prescription_of(dose), at, Decimal(1))
        self._reads_news()
        if self._chance.random() < TAKEN_BACK:
            after_s = self._chance.uniform(60, 20_000 if self.either else 5000)
            self._bottle.after(after_s, partial(self._takes_back, dose))

    def _takes_back(self, dose: str) -> None:
        if not self._company.ended:
            self.taken_back += 1
            self._bottle.say(f"the fagsystem takes back that others gave {dose[33:]}")
            self._known.pop(dose, None)
            self._reads_news()

    def _reads_news(self) -> None:
        self._read()
        for after_s in READ_AGAIN_S:
            self._bottle.after(after_s, self._read)

    def _read_on(self) -> None:
        self._read()
        self._bottle.after(READ_S, self._read_on)

    def _read(self) -> None:
        now = self._bottle.times.true
        given = tuple(one for one in self._known.values() if one.at > now - KNOWN)
        self._bottle.box.hand_in(cmd.ReportElsewhere(self._company.persons[0].key, now, given))
