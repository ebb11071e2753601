"""Doses that a person lets out before or after their window, in one history (S2).

A named person at the terminal authorises one dose: early, or for longer. Some ask for what must be refused:
too early, for too long, into the next dose's time, without a name. The resident comes for it, some when it is
over. Its witness goes by the words that were said, and by papers. Draws from a stream of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from tests.bottle.papers import WINDOW, dose_id
from tests.support.pure_home import RESIDENT

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

AUTHORISED = 0.06
OFTEN = 0.6
"""Of all doses: more often than in life; and where a bug needs it."""

EARLY_MOST, LATE_MOST = timedelta(hours=5), timedelta(hours=4)
MOTION = timedelta(seconds=50)
NAMES = ("Anna", "Berit", "Berit", " ")


@dataclass(frozen=True)
class Permitted:
    dose: str
    since: datetime  # true times
    until: datetime
    early: bool


class Permits:
    def __init__(self, bottle: Bottle, seed: int, bias: str = "") -> None:
        self._bottle = bottle
        self._chance = Random(f"early and late in {seed}")
        self._often = OFTEN if bias == "permits" else AUTHORISED
        self._given: list[Permitted] = []
        self._fresh: list[str] = []  # doses whose word was accepted in the commit that is looked at
        self.said = self.early = self.late = self.refused = 0

    def plan_day(self, day: date) -> None:
        chance = self._chance
        for slot in self._bottle.papers.slots:
            if chance.random() < self._often:
                self._plan_dose(dose_id(day, slot), self._bottle.papers.opens(day, slot)[0])

    def _plan_dose(self, dose: str, opens: datetime) -> None:
        bottle, chance = self._bottle, self._chance
        if chance.random() < 0.5:
            at = opens - timedelta(minutes=chance.choice((20, 90, 200, 290, 330, 500)) - chance.uniform(0, 9))
            bottle.at(at, partial(self._says, dose, None))
            comes = at + timedelta(minutes=chance.uniform(0.1, 60))
        else:
            at = opens + WINDOW - timedelta(minutes=chance.uniform(1, 70))
            longer = chance.choice((20, 60, 110, 230, 260, 500))
            until = (opens + WINDOW + timedelta(minutes=longer)).replace(second=0, microsecond=0)
            bottle.at(at, partial(self._says, dose, until))
            comes = opens + WINDOW + timedelta(minutes=chance.uniform(-5, min(longer, 240) + 5))
        for seconds in (0.0, chance.uniform(30, 200)):
            bottle.at(comes + timedelta(seconds=seconds), bottle.pressed)

    def _says(self, dose: str, until: datetime | None) -> None:
        bottle, terminal = self._bottle, self._bottle.deeds.terminal
        if bottle.weather.ended:
            return
        by = self._chance.choice(NAMES)
        self.said += 1
        words = (by, "as agreed", "home", 0, terminal.minute() + timedelta(minutes=10))
        fact = cmd.AuthoriseRelease(terminal.name(), RESIDENT, dose, until, *words)
        terminal.says(fact, partial(self._answered, fact), tries=10)

    # --- who watches ---

    def _answered(self, fact: cmd.AuthoriseRelease, answer: ev.CommandAnswered) -> None:
        if not answer.accepted:
            self.refused += 1
            return
        bottle, now = self._bottle, self._bottle.times.true
        dose, opens = fact.dose_id, self._bottle.opens(fact.dose_id)
        slack = bottle.witnesses.apart
        assert fact.by.strip(), f"S2: {dose[33:]} authorised by nobody"
        assert dose not in bottle.given, f"S1: {dose[33:]} authorised, and somebody gave it by hand"
        if fact.until is None:
            ahead = min(opens) - now
            assert ahead <= EARLY_MOST + slack, f"S2: {dose[33:]} authorised {ahead} before its time"
            self.early += 1
            self._given.append(Permitted(dose, now, max(opens), early=True))
        else:
            assert fact.until <= max(opens) + WINDOW + LATE_MOST, f"S2: {dose[33:]} authorised for too long"
            following = self._following(dose)
            assert following is None or fact.until <= following, f"S2: {dose[33:]} reaches into the next dose"
            self.late += 1
            self._given.append(Permitted(dose, now, fact.until, early=False))
        self._fresh.append(dose)

    def committed(self, events: Sequence[ev.Event]) -> None:
        """After the terminal has heard its answers."""
        for event in events:
            if isinstance(event, ev.ReleaseAuthorised):
                known = event.dose_id in self._fresh
                assert known, f"S2: {event.dose_id[33:]} authorised, and nobody has said so"
        self._fresh.clear()

    def allows(self, dose: str, now: datetime) -> bool:
        """Whether a person's word that was recorded before lets this dose out now, beside its window."""
        slack = self._bottle.witnesses.apart
        return any(
            each.dose == dose and each.since <= now < each.until + slack + MOTION for each in self._given
        )

    def until(self, dose: str) -> datetime | None:
        """Until when its window goes on by a person's word."""
        return max((each.until for each in self._given if each.dose == dose and not each.early), default=None)

    def _following(self, dose: str) -> datetime | None:
        """When the next of the strip is due for certain: no card ever moved or stopped that one."""
        opens, papers = max(self._bottle.opens(dose)), self._bottle.papers
        day = date.fromisoformat(dose.split("/")[1])
        found = [
            papers.opens(each, slot)[0]
            for each in (day, day + timedelta(days=1))
            for slot in papers.slots
            if papers.is_due(each) and slot != "noon"
        ]
        return min((each for each in found if each > opens), default=None)
