"""What others gave, by the fagsystem's word, matter and hands: no second time, and never silently twice (S1).

From the commit in which the home has read it, nothing of such a dose moves towards the resident, nobody gets
the right to give it by hand, and nobody is reminded of it; what lies in the tray goes back. Where it was had
here as well, on-call hears of a possible double dose. Knows which dose each administration was; times are
true ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from scheduler import events as ev
from tests.bottle.oncall import Payload
from tests.bottle.witnesses import MOTION

if TYPE_CHECKING:
    from tests.bottle.company import Company

TOLD_WITHIN_S = 240.0
TAKEN_BACK_S = 60.0
"""Until on-call has it, and for a motor; in times in which neither fails."""

STAFF_TOLD = timedelta(minutes=10)
HAD = ("retrieved", "confirmed", "witnessed", "given_by_staff")
"""The home knows that it was had; of what is uncertain staff hear anyway."""


class OthersWitness:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._bottle = company.bottle
        self._papers = company.papers
        self._since: dict[str, datetime] = {}  # dose that others gave -> since when the home has read so
        self._told: set[tuple[str, str, str]] = set()  # dose, kind and priority, as on-call heard them
        self.known = self.back = self.both = self.again = 0

    def plan_dose(self, dose: str) -> None:
        self._bottle.at(self._papers.closes(dose) + timedelta(minutes=10), partial(self._look_both, dose))

    # --- what happened ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events if self._company.others.here else ():
            match event:
                case ev.ElsewhereRead() if event.resident in self._papers.owners:
                    self._read({self._dose_of(one) for one in event.given})
                case ev.TokenPassed():
                    others = event.dose_id in self._since
                    assert not others, f"S1: {event.dose_id[33:]} for somebody's hands, and others gave it"
                case ev.ReminderGiven():
                    others = event.dose_id in self._since
                    assert not others, f"S7: reminded of {event.dose_id[33:]}, and others gave it"
                case ev.OutcomeRecorded() if event.dose_id in self._since:
                    self._settled(event)

    def _read(self, given: set[str]) -> None:
        now, bottle = self._bottle.times.true, self._bottle
        for dose in sorted(given - self._since.keys()):
            self.known += 1
            self._since[dose] = now
            troubles = self._troubles()
            bottle.after(TAKEN_BACK_S, partial(self._look_tray, dose, troubles))
            bottle.after(TOLD_WITHIN_S, partial(self._look_both, dose))
        for dose in sorted(self._since.keys() - given):
            del self._since[dose]
            self.again += 1

    def _settled(self, event: ev.OutcomeRecorded) -> None:
        """Nobody failed them, where no robot was away either."""
        calm = self._company.looks.settled()
        wrong = event.outcome is ev.Outcome.MISSED or (event.outcome is ev.Outcome.FAILED and calm)
        assert not wrong, f"S4: {event.dose_id[33:]} told as {event.outcome}, and others gave it"

    def _dose_of(self, one: ev.GivenElsewhere) -> str:
        """Planned nearest to it: others give within hours of the time, and the next one is a day later."""
        theirs = [
            dose
            for dose in self._papers.label_of
            if self._papers.prescription_of(dose) == one.prescription_id
        ]
        return min(theirs, key=lambda dose: abs(self._papers.opens(dose)[0] - one.at))

    def heard(self, incident: Payload) -> None:
        """By on-call."""
        self._told.add((incident["dose"], incident["kind"], incident["priority"]))

    # --- orders, matter and hands ---

    def knows(self, dose: str) -> bool:
        """Whether the home has read that others gave it."""
        return dose in self._since

    def sending(self, order: ev.Order) -> None:
        assert order.dose_id not in self._since, f"rule 11: {order.kind} sent of what others gave"

    def moves(self, dose: str) -> None:
        """Towards the resident, by a motor that may have been told to just before."""
        since = self._since.get(dose)
        long = since is not None and since < self._bottle.times.true - MOTION
        assert not long, f"S1: {dose[33:]} moves towards the resident, and others gave it"

    def gave_by_hand(self, dose: str) -> None:
        since = self._since.get(dose)
        long = since is not None and since < self._bottle.times.true - STAFF_TOLD
        settled = self._company.looks.settled()
        assert not (long and settled), f"S1: {dose[33:]} by hand, and others gave it"

    # --- looks ---

    def _look_tray(self, dose: str, troubles: object) -> None:
        """In calm times it is out of their reach."""
        tray = self._company.end.mechanics.tray
        calm = self._troubles() == troubles and self._company.looks.settled()
        if calm and dose in self._since:
            self.back += 1
            there = tray is not None and tray.label == self._papers.label_of[dose]
            assert not there, f"rule 11: {dose[33:]} still lies in the tray, and others gave it"

    def _look_both(self, dose: str) -> None:
        """In calm times on-call has heard that somebody may have had it twice."""
        since, outcome = self._since.get(dose), self._company.witness.outcomes.get(dose)
        lately = self._bottle.times.true - timedelta(seconds=TOLD_WITHIN_S - 1)
        if (
            since is None
            or since > lately
            or outcome is None
            or self._bottle.times.true_of(outcome.at) > lately
        ):
            return
        had = self._bottle.where(dose) == "hands" or dose in self._bottle.given
        if had and outcome.outcome.value in HAD and self._company.looks.settled():
            self.both += 1
            told = (dose, "record_contradicts", "high") in self._told
            assert told, f"rule 6: {dose[33:]} was had here, others gave it too, and nobody was told so"

    def _troubles(self) -> object:
        return self._bottle.weather.total, self._company.disturbed_s, self._company.end.failures
