"""Whoever has one robot for their roll, another for their medicine as needed, and presses at both (rule 8).

At the second robot they ask with either button, gladly around the times that their card names, and some press
twice before they can have read anything; at the first they ask for what lies in the other. Draws from a
stream of its own; `as_needed_witness` judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from protocol.wire.messages import Answer
from scheduler import events as ev
from tests.bottle.as_needed_times import GAP
from tests.bottle.as_needed_witness import DAY
from tests.bottle.liveness import EDGE
from tests.bottle.witnesses import PRESS_AGE
from tests.support.pure_home import RESIDENT

if TYPE_CHECKING:
    from tests.bottle.company import Company

ASKS = 0.6
"""Of all times that the card names, and of as many times of day where it names none."""

HASTY = 0.35
AT_THE_OTHER = 0.25
HOURS = (7, 11, 15, 21)
WORDS = 0.25
"""Of all planned doses: so often they say no, or later, at the robot that has none of it."""


class AsNeededRobot:
    def __init__(self, company: Company, seed: int) -> None:
        self._company = company
        self._chance = Random(f"at a robot of their own in {seed}")
        self.words = self.asked = self.hasty = self.elsewhere = self.answers = self.planned = 0

    def plan_day(self, day: date) -> None:
        company, chance = self._company, self._chance
        if not company.papers.own_robot:
            return
        tied = company.papers.tied
        for opens in tied.opening(day):
            for hour in (0,) if tied.parts else HOURS:
                if chance.random() < ASKS:
                    minutes = chance.choice(
                        (chance.uniform(-60, 1), chance.uniform(0, 119), chance.uniform(118, 240))
                    )
                    company.bottle.at(opens + timedelta(hours=hour, minutes=minutes), self._asks)
            if chance.random() < AT_THE_OTHER:
                minutes = chance.uniform(-30, 150)
                company.bottle.at(opens + timedelta(minutes=minutes), self._asks_at_the_first)
        for slot in company.bottle.papers.slots:
            if chance.random() < WORDS:
                opens = company.bottle.papers.opens(day, slot)[0]
                company.bottle.at(opens + timedelta(minutes=chance.uniform(1, 100)), self._says_no)

    def _says_no(self) -> None:
        """At the second robot, to nothing in particular."""
        if not self._company.ended:
            self.words += 1
            answer = self._chance.choice((Answer.LATER, Answer.NO_THANKS))
            self._company.press(self._chance.choice(("", self._company.persons[0].tag)), answer)

    def _asks(self) -> None:
        company, chance = self._company, self._chance
        if company.ended:
            return
        self.asked += 1
        tag = chance.choice(("", company.persons[0].tag))
        company.press(tag, chance.choice((Answer.TAKE, Answer.TAKE, Answer.AS_NEEDED)))
        again_s = chance.uniform(0.3, 2.5) if chance.random() < HASTY else chance.uniform(3.5, 40)
        self.hasty += again_s < 3
        company.bottle.after(again_s, lambda: company.press(tag, Answer.TAKE))

    def _asks_at_the_first(self) -> None:
        company, chance = self._company, self._chance
        if company.ended:
            return
        self.elsewhere += 1
        company.bottle.say("asks the first robot for what lies in the second")
        company.bottle.end.press(Answer.AS_NEEDED)
        company.bottle.after(chance.uniform(2, 30), lambda: company.bottle.end.press(Answer.FIRST))

    # --- who watches ---

    def issued(self, order: ev.Order, pressed: datetime) -> None:
        """In calm times nobody is given what they can't have read the question about."""
        company = self._company
        first = (
            order.kind is ev.OrderKind.RELEASE and order.attempt == 1
        )  # another one is of what was asked for
        if company.papers.own_robot and first and company.looks.settled():
            self.answers += 1
            hasty = company.witness.as_needed.in_haste(pressed)
            assert not hasty, "rule 8: released by a second press that came before anybody could read"

    def leaves(self, now: datetime) -> None:
        """A sachet as needed, towards the resident."""
        apart = self._company.bottle.witnesses.apart
        self._company.witness.as_needed.fixed_had(now, self._planned_had(), apart)

    def committed(self, own: Sequence[ev.Event]) -> None:
        """Of the first robot. Whoever may give by hand already is not stopped by what others give then."""
        for event in own:
            if isinstance(event, ev.TokenPassed):
                self.fixed_leaves(event.dose_id)
            if isinstance(event, ev.DoseDeclined | ev.DosePutOff) and self._company.papers.own_robot:
                self._is_said(event)

    def _is_said(self, event: ev.DoseDeclined | ev.DosePutOff) -> None:
        """A word at the robot as needed says nothing of what is planned."""
        bottle = self._company.bottle
        no, heard = bottle.voices.newest_no, bottle.times.true_of(event.at)
        said = no is not None and heard - no <= PRESS_AGE
        assert said, f"S7: {event.dose_id[33:]} not wanted, and nobody has said so at its robot"

    def fixed_leaves(self, dose: str) -> None:
        """A planned dose leaves the first robot, or somebody may give it by hand."""
        company = self._company
        if self._is_mixed(dose):
            self.planned += 1
            bottle = company.bottle
            company.witness.as_needed.keeps_gap(dose, bottle.times.true, bottle.witnesses.apart)

    def word_about(self, dose: str) -> str:
        """What a person who has asked around says of a planned dose near which others gave some: they never
        give that, but as needed. "" = there is nothing to ask about."""
        return "not_given" if self._near(dose) else ""

    def _near(self, dose: str) -> list[datetime]:
        """When others gave what the home may take for this planned dose."""
        if not self._is_mixed(dose):
            return []
        opens = self._company.bottle.opens(dose)
        return [at for at in self._company.asking.given if any(abs(at - one) < DAY for one in opens)]

    def had_lately(self, dose: str) -> list[datetime]:
        """What keeps back this planned dose for a while: the same medicine from the second robot, or from
        others, of whom nobody has said yet that it was as needed."""
        company = self._company
        if not self._is_mixed(dose):
            return []
        known = company.bottle.disk.replayed().elsewhere.get(RESIDENT)
        said = {word.given.at for word in known.said} if known is not None else set()
        if not said.issuperset(self._near(dose)):
            return [company.bottle.times.true]
        now, book = company.bottle.times.true, company.witness.as_needed
        if company.bottle.deeds.feeds_as_needed.lately(now):
            return [now]
        newest, doses = book.newest(), company.bottle.disk.replayed().doses
        theirs = [each for key, each in doses.items() if company.has(key)]
        out = any(each.outcome is None or each.token or each.contradicted for each in theirs)
        return [now] if out or company.witness.in_doubt else [newest] if newest is not None else []

    def near_fixed(self, now: datetime) -> bool:
        """Whether a planned dose of the same medicine, or a magazine that was out, may keep this back."""
        bottle = self._company.bottle
        if bottle.deeds.swaps.any:
            return True
        doses = bottle.disk.replayed().doses
        theirs = [each for key, each in doses.items() if self._is_mixed(key)]
        return any(
            each.token
            or each.contradicted
            or each.plan.opens - GAP - EDGE < now < each.plan.closes + GAP + EDGE
            for each in theirs
        ) or any(abs(now - at) < GAP + EDGE for at in self._planned_had())

    def _is_mixed(self, dose: str) -> bool:
        mixed = self._company.papers.mixed
        return bool(mixed) and dose[:32] == RESIDENT and dose.split("/")[2] == mixed

    def _planned_had(self) -> Iterator[datetime]:
        """Planned doses of it: from the first robot or by hand."""
        bottle, mixed = self._company.bottle, self._company.papers.mixed
        along = bottle.leaves.along
        for label, at in bottle.witnesses.had.items():
            if label in bottle.papers.labels and bottle.papers.labels[label][1] == mixed:
                yield along.get(label, at)
        yield from (at for dose, at in bottle.given.items() if self._is_mixed(dose))
