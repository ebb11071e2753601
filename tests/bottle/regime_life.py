"""What people decide about modes and pauses in one history: at any time, gladly in the middle of a window.

From a terminal in the home, again until the home has answered. Some forget the word of the nurse, and one
without a name tries: the home must refuse both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.dose import Stage
from tests.bottle.company_papers import Person

if TYPE_CHECKING:
    from tests.bottle.company import Company

A_DAY = 0.35
"""Changes of a mode or a pause for one person; more often than in life."""

AGAIN_S = 400.0
NURSE = "Anna"
TRIES_MAX = 200


class RegimeLife:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._chance = company.chance
        self._numbers = 0

    def start(self) -> None:
        for person in self._company.persons:
            self._later(person)

    def committed(self, events: Sequence[ev.Event]) -> None:
        """Whoever saw the resident have it says so, most of the time."""
        for event in events:
            if isinstance(event, ev.RobotLogged) and event.entry == "lifted":
                state = self._company.witness.regimes.state(event.dose_id[:32])
                if state == "witnessed" and self._chance.random() < 0.6:
                    self._company.bottle.after(
                        self._chance.uniform(5, 1500), partial(self._saw, event.dose_id)
                    )

    def plan_dose(self, dose: str) -> None:
        """In the middle of its window somebody changes something."""
        person = self._company.papers.owners[dose[:32]]
        if self._chance.random() < A_DAY / 3:
            at = self._company.papers.opens(dose)[0] + timedelta(minutes=self._chance.uniform(-5, 115))
            self._company.bottle.at(at, lambda: self._change(person))

    def _later(self, person: Person) -> None:
        after_s = self._chance.expovariate(A_DAY / 86_400)
        self._company.bottle.after(after_s, lambda: self._change_and_go_on(person))

    def _change_and_go_on(self, person: Person) -> None:
        self._change(person)
        self._later(person)

    def _change(self, person: Person) -> None:
        if self._company.ended:
            return
        chance, regimes = self._chance, self._company.witness.regimes
        state = regimes.state(person.key)
        if chance.random() < 0.1:
            self._nobody(person)
        if state == "paused":
            self._say(person, "resume" if chance.random() < 0.8 else "review")
        elif state != "normal":
            self._say(person, chance.choice(("normal", "normal", "normal", "pause", "assisted", "witnessed")))
        else:
            word = chance.choices(("pause", "assisted", "witnessed", "suspended"), (40, 20, 20, 20))[0]
            self._say(person, word)

    def _nobody(self, person: Person) -> None:
        """Without a name, and a nurse who has not reconciled: nothing may come of either."""
        now = self._company.bottle.times.true
        soon = now + timedelta(minutes=10)
        by = self._chance.choice(("", NURSE))
        fact = cmd.ResumeResident(self._number(), person.key, by == "", by, "home again", "home", 0, soon)
        mode = cmd.SetMode(
            self._number(), person.key, ev.Mode.NORMAL, None, " ", "nobody's word", "home", 0, soon
        )
        self._company.bottle.box.hand_in(fact, mode)

    def _say(self, person: Person, word: str, tries: int = 0) -> None:
        """Until the home took it down, or the weather is over."""
        company = self._company
        if tries > TRIES_MAX or company.ended:
            return
        regimes = company.witness.regimes
        done = {"pause": "paused", "resume": None, "review": None}.get(word, word)
        state = regimes.state(person.key)
        if tries and (state == done or (word in ("resume", "review") and state != "paused")):
            return
        if tries and word == "review":
            return
        company.bottle.say(f"{word} of {person.letter}")
        company.count(f"word: {word}")
        regimes.said.add((person.key, word))
        company.bottle.box.hand_in(self._fact(person, word))
        company.bottle.after(AGAIN_S, lambda: self._say(person, word, tries + 1))

    def _fact(self, person: Person, word: str) -> cmd.Command:
        chance, number = self._chance, self._number()
        now = self._company.bottle.times.true
        expires = now + timedelta(minutes=10)
        match word:
            case "pause":
                kind = chance.choice((ev.PauseKind.HOSPITAL, ev.PauseKind.AWAY))
                until = now + timedelta(minutes=chance.randint(120, 3600)) if chance.random() < 0.5 else None
                return cmd.PauseResident(number, person.key, kind, until, NURSE, "away", "home", 0, expires)
            case "review":
                return cmd.ReviewPause(number, person.key, NURSE, "still away", "home", 0, expires)
            case "resume":
                return cmd.ResumeResident(number, person.key, True, NURSE, "home again", "home", 0, expires)
            case _:
                mode = ev.Mode(word)
                review = (
                    None if mode is ev.Mode.NORMAL else now + timedelta(minutes=chance.randint(300, 28_000))
                )
                return cmd.SetMode(number, person.key, mode, review, NURSE, "asked for", "home", 0, expires)

    def _saw(self, dose: str) -> None:
        bottle = self._company.bottle
        known = bottle.disk.replayed().doses.get(dose)
        if known is None or known.stage is not Stage.LIFTED:
            return
        soon = bottle.times.true + timedelta(minutes=10)
        verdict = ev.Verdict.WITNESSED
        bottle.box.hand_in(cmd.DecideDose(self._number(), dose, verdict, NURSE, "seen", "home", "", 0, soon))

    def _number(self) -> str:
        self._numbers += 1
        return f"word-{self._numbers}"
