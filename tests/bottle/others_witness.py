"""What others gave, by the fagsystem's word, matter and hands: no second time, and never silently twice (S1).

From the commit in which the home has read it, nothing of such a dose moves towards the resident, nobody gets
the right to give it by hand, and nobody is reminded of it; what lies in the tray goes back. Where it was had
here as well, on-call hears of a possible double dose; where it was settled as theirs and taken back, that
nobody gave it. What may have been as needed is such a dose until a person has said that it was; then the dose
keeps the card's gap to it. Knows which dose each administration was; times are true ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from scheduler import events as ev
from tests.bottle.company_papers import EITHER_GAP
from tests.bottle.oncall import Payload
from tests.bottle.witnesses import MOTION

if TYPE_CHECKING:
    from tests.bottle.company import Company

TOLD_WITHIN_S = 240.0
TAKEN_BACK_S = 60.0
"""Until on-call has it, and for a motor; in times in which neither fails."""

REACHES_BACK = timedelta(hours=48)
"""A report says of nothing further back that it was not given."""

STAFF_TOLD = timedelta(minutes=10)
THEIRS = ("given_elsewhere", "perhaps_elsewhere")
HAD = ("retrieved", "confirmed", "witnessed", "given_by_staff")
"""The home knows that it was had; of what is uncertain staff hear anyway."""


class OthersWitness:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._bottle = company.bottle
        self._papers = company.papers
        self._since: dict[str, datetime] = {}  # dose that others gave -> since when the home has read so
        self._told: set[tuple[str, str, str]] = set()  # dose, kind and priority, as on-call heard them
        self._why: set[tuple[str, str]] = set()  # dose and detail, likewise
        self._given: dict[str, ev.GivenElsewhere] = {}  # dose -> what the home knows of it, whatever that was
        self._needed: dict[ev.GivenElsewhere, str] = {}  # said to be as needed -> the dose it was near
        self._had: dict[str, datetime] = {}  # when the home first said that it was
        self._fixed: set[ev.GivenElsewhere] = set()  # said to be the dose
        self.known = self.back = self.both = self.again = self.said = self.nobody = 0

    def plan_dose(self, dose: str) -> None:
        self._bottle.at(self._papers.closes(dose) + timedelta(minutes=10), partial(self._look_both, dose))

    # --- what happened ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events if self._company.others.here else ():
            match event:
                case ev.ElsewhereRead() if event.resident in self._papers.owners:
                    told_of = event.known_to - REACHES_BACK
                    older = [one for one in self._given.values() if one.at < told_of]
                    self._read({self._dose_of(one): one for one in (*older, *event.given)})
                case ev.ElsewhereSaid() if event.resident in self._papers.owners:
                    self._are_told(event)
                case ev.TokenPassed():
                    others = event.dose_id in self._since
                    assert not others, f"S1: {event.dose_id[33:]} for somebody's hands, and others gave it"
                case ev.ReminderGiven():
                    others = event.dose_id in self._since
                    assert not others, f"S7: reminded of {event.dose_id[33:]}, and others gave it"
                case ev.OutcomeRecorded():
                    if event.outcome.value in HAD:
                        self._had.setdefault(event.dose_id, event.happened)
                    if event.dose_id in self._since:
                        self._settled(event)

    def _read(self, given: Mapping[str, ev.GivenElsewhere]) -> None:
        self._needed = {one: dose for one, dose in self._needed.items() if one in given.values()}
        self._fixed &= set(given.values())
        self._given = dict(given)
        theirs = {dose for dose, one in given.items() if one not in self._needed}
        for dose in sorted(theirs - self._since.keys()):
            self.known += 1
            self._is_theirs(dose)
        for dose in sorted(self._since.keys() - given.keys()):
            self.again += 1
            self._is_nobodys(dose)

    def _are_told(self, event: ev.ElsewhereSaid) -> None:
        """By a person, which it was."""
        dose = event.dose_id
        self.said += 1
        if event.which is ev.Which.FIXED:
            self._needed.pop(event.given, None)
            self._fixed.add(event.given)
            if dose not in self._since:
                self._is_theirs(dose)
        else:
            self._fixed.discard(event.given)
            self._needed[event.given] = dose
            if dose in self._since:
                self._is_nobodys(dose)

    def _is_theirs(self, dose: str) -> None:
        self._since[dose] = self._bottle.times.true
        troubles = self._troubles()
        self._bottle.after(TAKEN_BACK_S, partial(self._look_tray, dose, troubles))
        self._bottle.after(TOLD_WITHIN_S, partial(self._look_both, dose))

    def _is_nobodys(self, dose: str) -> None:
        """What was settled as theirs nobody gave, by all that is known now."""
        del self._since[dose]
        outcome = self._company.witness.outcomes.get(dose)
        if outcome is not None and outcome.reason in THEIRS:
            self._bottle.after(TOLD_WITHIN_S, partial(self._look_nobody, dose, self._troubles()))

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
        self._why.add((incident["dose"], incident["detail"]))

    # --- orders, matter and hands ---

    def keeps_back(self, dose: str, now: datetime) -> bool:
        """Whether the home has read that others gave it, or so lately what was as needed."""
        near = [one.at for one, about in self._needed.items() if about == dose]
        return dose in self._since or any(now < at + EITHER_GAP + MOTION for at in near)

    def sending(self, order: ev.Order) -> None:
        assert order.dose_id not in self._since, f"rule 11: {order.kind} sent of what others gave"

    def moves(self, dose: str) -> None:
        """Towards the resident, by a motor that may have been told to just before."""
        since = self._since.get(dose)
        now = self._bottle.times.true
        long = since is not None and since < now - MOTION
        assert not long, f"S1: {dose[33:]} moves towards the resident, and others gave it"
        near = [one.at for one, about in self._needed.items() if about == dose]
        soon = any(at < now - MOTION < at + EITHER_GAP - MOTION for at in near)
        assert not soon, (
            f"S2: {dose[33:]} moves towards the resident so soon after what others gave as needed"
        )

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
        had = had and self._near_enough(dose)
        if had and outcome.outcome.value in HAD and self._company.looks.settled():
            self.both += 1
            told = (dose, "record_contradicts", "high") in self._told
            assert told, f"rule 6: {dose[33:]} was had here, others gave it too, and nobody was told so"

    def _look_nobody(self, dose: str, troubles: object) -> None:
        """In calm times on-call has heard that it was not given after all."""
        outcome = self._company.witness.outcomes.get(dose)
        still = dose not in self._since and outcome is not None and outcome.reason in THEIRS
        calm = self._troubles() == troubles and self._company.looks.settled()
        if still and calm and dose not in self._bottle.given:
            self.nobody += 1
            told = (dose, "not_by_others") in self._why
            assert told, f"S4: {dose[33:]} was not given by others after all, and nobody was told so"

    def _near_enough(self, dose: str) -> bool:
        """Whether what may be either lies so near to what was had here that staff are to hear of it."""
        given = self._given[dose]
        surely = not self._company.others.either or given in self._fixed
        had = self._had.get(dose)
        near = had is not None and abs(given.at - self._bottle.times.true_of(had)) < EITHER_GAP - MOTION
        return surely or near

    def _troubles(self) -> object:
        return self._bottle.weather.total, self._company.disturbed_s, self._company.end.failures
