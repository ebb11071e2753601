"""A person who asks for medicine as needed when they please, and the fagsystem that hears of what was given
elsewhere: fresh at times, days old at others.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from protocol.wire.messages import Answer
from scheduler import commands as cmd
from scheduler import events as ev

if TYPE_CHECKING:
    from tests.bottle.company import Company

ASKED_A_DAY = 7.0
ELSEWHERE_A_DAY = 0.7
READ_S = 2 * 3600.0
STALE = 0.12
"""Of all readings: as many are the last for a while."""

KNOWN = timedelta(hours=72)


class AsNeededLife:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._chance = company.chance
        self.given: list[datetime] = []  # elsewhere, by whoever
        self.asked = 0

    def start(self) -> None:
        self._read()
        self._ask_later()
        self._elsewhere_later()

    def _ask_later(self) -> None:
        self._company.bottle.after(self._chance.expovariate(ASKED_A_DAY / 86_400), self._ask)

    def _ask(self) -> None:
        if self._company.ended:
            return
        chance, company = self._chance, self._company
        self.asked += 1
        tag = company.persons[0].tag if chance.random() < 0.5 else ""
        company.press(tag, Answer.AS_NEEDED)
        answer = chance.choices((Answer.FIRST, Answer.TAKE, Answer.NO_THANKS, None), (70, 15, 10, 5))[0]
        if answer is not None:
            company.bottle.after(chance.uniform(2, 45), lambda: company.press(tag, answer))
        if chance.random() < 0.2:
            company.bottle.after(chance.uniform(60, 4000), self._ask_now)
        self._ask_later()

    def _ask_now(self) -> None:
        """Impatient: again at once."""
        company = self._company
        if not company.ended:
            company.press("", Answer.AS_NEEDED)
            company.bottle.after(3.0, lambda: company.press("", Answer.FIRST))

    def _elsewhere_later(self) -> None:
        self._company.bottle.after(self._chance.expovariate(ELSEWHERE_A_DAY / 86_400), self._elsewhere)

    def _elsewhere(self) -> None:
        self.given.append(self._company.bottle.times.true)
        self._elsewhere_later()

    def _read(self) -> None:
        company, now = self._company, self._company.bottle.times.true
        person = company.persons[0]
        given = tuple(ev.GivenElsewhere("p-1", at, Decimal(1)) for at in self.given if at > now - KNOWN)
        company.witness.as_needed.known_to = now
        company.bottle.box.hand_in(cmd.ReportElsewhere(person.key, now, given))
        stale = self._chance.random() < STALE
        company.bottle.after(self._chance.uniform(5, 40) * 3600 if stale else READ_S, self._read)
