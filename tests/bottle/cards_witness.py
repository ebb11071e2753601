"""What becomes of sachets whose content a newer card changed, by papers, matter and the words of people.

Such a sachet goes to nobody unless two people have let it go (S3, rule 3); no other is held for it (S8). One
in the tray goes back (rule 11), one that was discarded is passed over, and whoever has the old one in their
hands is called (rule 22).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev
from tests.bottle.papers import WINDOW, dose_id

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

TOGETHER_WITHIN = timedelta(minutes=30)
TOLD_WITHIN_S, TAKEN_BACK_S = 240.0, 60.0
"""Until on-call has it, and for a motor; in times in which neither fails."""

PASSED_WITHIN_S = 400.0
"""One that came to nothing waits five minutes."""

EDGE = timedelta(minutes=6)
"""Before a window ends: what is said of it then need not be said any more."""

OF_CONTENT = ("content_mismatch", "card_changed")


class CardsWitness:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle
        self._words: list[tuple[str, str, datetime]] = []  # dose, who, and when the home had it
        self._let_go: dict[str, str] = {}  # dose -> label that two people have let go for it
        self._held: dict[str, str] = {}  # dose -> label
        self.held = self.let_go = self.calls = self.passed = 0

    # --- commits ---

    def said(self, fact: cmd.DecideDose, answer: ev.CommandAnswered) -> None:
        if answer.accepted:
            self._words.append((fact.dose_id, _plain(fact.by), self._bottle.times.true))

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            match event:
                case ev.DoseHeld():
                    self._is_held(event)
                case ev.HoldLetGo():
                    self._is_let_go(event)
                case ev.DecisionMade(verdict=ev.Verdict.DISCARD) if event.dose_id in self._held:
                    later = partial(self._look_passed, self._held[event.dose_id], self._bottle.weather.total)
                    self._bottle.after(PASSED_WITHIN_S, later)
                case ev.PlanAccepted():
                    self._accepted(event.plan.card_version)

    def _is_held(self, event: ev.DoseHeld) -> None:
        self._held[event.dose_id] = event.label
        if event.reason in OF_CONTENT:
            self.held += 1
            changed = not self.leaves_alone(event.dose_id)
            assert changed, f"S8: {event.dose_id[33:]} is held, and no card has changed it"

    def _is_let_go(self, event: ev.HoldLetGo) -> None:
        """Rule 3: two people, each of whom said so lately; one alone only of what fits by now."""
        dose, now = event.dose_id, self._bottle.times.true
        since = now - TOGETHER_WITHIN - self._bottle.witnesses.apart
        heard = {by for about, by, at in self._words if about == dose and at >= since}
        names = {_plain(by) for by in event.by}
        assert names <= heard, f"rule 3: {dose[33:]} let go by somebody who has not said so"
        assert event.label == self.label(dose), f"S3: {event.label} let go for {dose[33:]}"
        if event.until is not None:
            return
        assert len(names) == 2 or self._in_force_fits(dose), f"rule 3: {dose[33:]} let go by one person"
        self.let_go += 1
        self._let_go[dose] = event.label

    def _accepted(self, version: int) -> None:
        bottle, papers = self._bottle, self._bottle.papers
        before = [known for _, known in bottle.witnesses.card_since if known != version][-1:]
        old = papers.stronger.get(before[0], frozenset()) if before else frozenset()
        changed = papers.stronger.get(version, frozenset()) - old
        if not changed:
            return
        troubles = bottle.weather.total
        bottle.after(TAKEN_BACK_S, partial(self._look_tray, version, changed, troubles))
        had = dict(bottle.witnesses.had)
        for label in had:
            if label in papers.labels and papers.labels[label][1] in changed:
                bottle.after(TOLD_WITHIN_S, partial(self._look_called, label, bottle.times.true, troubles))

    # --- orders and matter ---

    def fits(self, dose: str, what: str) -> None:
        fits = self._in_force_fits(dose) or dose in self._let_go
        assert fits, f"{what} of {dose[33:]}, and the card asks for another strength"

    def _in_force_fits(self, dose: str) -> bool:
        bottle, slot = self._bottle, dose.split("/")[2]
        in_force = bottle.witnesses.in_force(bottle.times.true)
        return not in_force or any(slot not in bottle.papers.stronger.get(each, ()) for each in in_force)

    # --- looks ---

    def _look_tray(self, version: int, changed: frozenset[str], troubles: int) -> None:
        """In calm times what the card changed is out of their reach."""
        bottle = self._bottle
        tray = bottle.matter.tray
        if tray is None or tray.label not in bottle.papers.labels or not self._calm(troubles):
            return
        day, slot = bottle.papers.labels[tray.label]
        if slot not in changed or version != max(bottle.papers.cards) or dose_id(day, slot) in self._let_go:
            return
        raise AssertionError(f"rule 11: {tray.label} still lies in the tray, and the card has changed it")

    def _look_called(self, label: str, changed: datetime, troubles: int) -> None:
        """In calm times somebody is told to call whoever has the old one and may not have had it yet."""
        bottle = self._bottle
        day, slot = bottle.papers.labels[label]
        dose, now = dose_id(day, slot), bottle.times.true
        had = bottle.witnesses.had.get(label)
        over = now > min(bottle.papers.opens(day, slot)) + WINDOW - EDGE
        if had is None or had > changed - EDGE or over or dose in self._let_go or not self._calm(troubles):
            return
        if bottle.regimes.was_seen(dose) or bottle.witnesses.journal.outcomes.get(dose) is None:
            return
        self.calls += 1
        told = [each for each in bottle.oncall.told.values() if each["dose"] == dose]
        called = any(each["kind"] == "call_resident" and each["priority"] == "high" for each in told)
        assert called, f"rule 22: {dose[33:]} is in their hands, the card has changed it, and nobody calls"

    def _look_passed(self, label: str, troubles: int) -> None:
        """In calm times a discarded sachet is out of the way."""
        mouth = next(iter(self._bottle.matter.magazine), None)
        if self._calm(troubles) and label:
            self.passed += 1
            there = mouth is not None and mouth.label == label
            assert not there, f"S8: {label} was discarded, and still lies before the next one"

    def _calm(self, troubles: int) -> bool:
        bottle = self._bottle
        settled = bottle.liveness.settled() and bottle.liveness.robot_here()
        return settled and bottle.weather.total == troubles and not bottle.witnesses.in_doubt

    # --- papers ---

    def label(self, dose: str) -> str:
        _, day, slot, _ = dose.split("/")
        return self._bottle.papers.label_of.get((date.fromisoformat(day), slot), "")

    def leaves_alone(self, dose: str) -> bool:
        """Whether every card so far says the same of this dose. One that stops the noon dose takes what all
        of them share from whichever is next, where that one stands already (S1)."""
        papers, slot = self._bottle.papers, dose.split("/")[2]
        hours = set(papers.cards.values())
        same_hours = None not in hours and (slot != "noon" or len(hours) == 1)
        return same_hours and not papers.moved and all(slot not in each for each in papers.stronger.values())


def _plain(name: str) -> str:
    return name.strip().casefold()
