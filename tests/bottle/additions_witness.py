"""Medicine that a card added after its sachet was packed, by papers, matter and the hands of people (rule 1).

Such medicine is a part of its own: a person hears of it and gives it, once, and the sachet that was packed
before goes out beside it. Nobody has it twice, from a sachet and by hand, and none of it is lost. Knows what
each card named and what lies in each sachet; never what the home makes of them. Times are true ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from scheduler import events as ev
from tests.bottle.company_papers import SERIAL, added_to
from tests.bottle.liveness import EDGE, LOOK_AFTER, LOOKS_MAX, SETTLE_S
from tests.bottle.witnesses import MOTION

if TYPE_CHECKING:
    from tests.bottle.company import Company

TOLD_AFTER = timedelta(minutes=12)
OF_CONTENT = ("content_mismatch", "card_changed")


@dataclass(frozen=True)
class Expected:
    """Of a dose whose window opened in clear circumstances: what its sachet holds, what else is asked."""

    packed: bool  # the added medicine lies in the sachet, and a card asks for it
    loose: bool  # a card asks for it, and it lies in none


class AdditionsWitness:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._bottle = company.bottle
        self._papers = company.papers
        self._cards: list[tuple[datetime, int]] = []  # when the home accepted which
        self._strips: list[tuple[datetime, int]] = []  # when a strip came, and the card it was packed by
        self._inside: set[str] = set()  # labels of sachets with the added medicine
        self._holds: dict[str, frozenset[str]] = {}  # dose -> prescriptions, as the home has told last
        self._had: dict[tuple[str, str], str] = {}  # date and slot, prescription -> how
        self._newest: dict[str, tuple[datetime, datetime]] = {}  # prescription -> planned for, and had at
        self._expected: dict[str, Expected] = {}
        self.beside = self.by_hand = self.looks = self.checked = 0

    # --- what happened ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        if not self._company.adding.here:
            return
        for event in events:
            match event:
                case ev.PlanAccepted():
                    self._cards.append((self._bottle.times.true, event.plan.card_version))
                case ev.DosePlanned():
                    self._holds[event.dose.dose_id] = event.dose.prescriptions
                case ev.DoseWithdrawn():
                    self._holds.pop(event.dose_id, None)
                case ev.DoseHeld() if event.reason in OF_CONTENT:
                    self._is_held(event)
                case ev.OutcomeRecorded() if self.is_part(event.dose_id):
                    missed = event.outcome is ev.Outcome.MISSED
                    assert not missed, f"rule 1: {event.dose_id[33:]} missed, and no robot could offer it"

    def packed(self, labels: Sequence[str]) -> None:
        """A strip goes into the robot."""
        by = self._papers.cards[self._papers.packed_by]
        self._strips.append((self._bottle.times.true, self._papers.packed_by))
        for label in labels:
            slot = self._papers.dose_of[label].split("/")[2]
            (self._inside.add if slot in by else self._inside.discard)(label)

    def moves(self, label: str, now: datetime) -> None:
        """Towards the resident."""
        if label in self._inside:
            dose = self._papers.dose_of[label]
            slot, expected = dose.split("/")[2], self._expected.get(dose)
            beside = expected is not None and expected.loose
            assert not beside, f"S1: {label} moves with {added_to(slot)}, which a person is to give"
            since = [card for at, card in self._cards if at > now - MOTION]
            before = [card for at, card in self._cards if at <= now - MOTION][-1:]
            asked = any(slot in self._papers.cards[card] for card in (*before, *since))
            assert asked, f"S3: {label} moves, and holds what no card in force asks for"

    def lifted(self, label: str) -> None:
        dose = self._papers.dose_of.get(label, "")
        if not self._company.adding.here or not dose:
            return
        slot = dose.split("/")[2]
        self._has(dose, added_to(slot) if label in self._inside else "", "from a sachet")
        expected = self._expected.get(dose)
        self.beside += expected is not None and expected.loose

    def gave_by_hand(self, dose: str) -> None:
        """What the home said that this dose is."""
        if self._company.adding.here:
            added = added_to(dose.split("/")[2])
            self._has(dose, added if added in self._holds.get(dose, ()) else "", "by hand")

    def _has(self, dose: str, added: str, how: str) -> None:
        if not added:
            return
        before = self._had.get((_when(dose), added))
        assert before is None, f"S1: {added} of {_when(dose)} had {before}, and now {how}"
        self._had[_when(dose), added] = how
        self._newest[added] = self._papers.opens(dose)[0], self._bottle.times.true
        self.by_hand += how == "by hand"

    def is_part(self, dose: str) -> bool:
        """Whether it may be what a card added beside a sachet's dose: it holds that, and nothing else."""
        holds = self._holds.get(dose, frozenset({added_to(dose.split("/")[2])}))
        return dose not in self._papers.label_of and holds == {added_to(dose.split("/")[2])}

    @property
    def accepted_versions(self) -> frozenset[int]:
        return frozenset(card for _, card in self._cards)

    # --- what must become of it ---

    def plan_dose(self, dose: str) -> None:
        opens, closes = self._papers.opens(dose)[0], self._papers.closes(dose)
        self._bottle.at(opens, partial(self._opens, dose))
        self._bottle.at(opens + TOLD_AFTER, partial(self._look_told, dose))
        self._bottle.at(closes + LOOK_AFTER, partial(self._look, dose, 0))

    def _opens(self, dose: str) -> None:
        """What stands from now on: a card or a strip that comes later changes nothing of it."""
        slot, label = dose.split("/")[2], self._papers.label_of[dose]
        if not self._cards or self._bottle.times.wall_off or self._changed_lately():
            return
        asked, packed = slot in self._papers.cards[self._cards[-1][1]], label in self._inside
        self._expected[dose] = Expected(asked and packed, asked and not packed and self._is_new(slot))
        if asked is not packed and not self._expected[dose].loose:
            del self._expected[dose]  # the pharmacy's mistake, or a card's that takes it back: it is held

    def _changed_lately(self) -> bool:
        """Cards, strips, or what the home knows of them: nobody can say what it goes by."""
        now = self._bottle.times.true
        lately = [at for at, _ in (*self._cards, *self._strips) if at > now - 2 * EDGE]
        roll = self._bottle.disk.replayed().robot(SERIAL).rolls.get(self._papers.persons[0].key)
        number = len(self._strips) + 1
        return bool(lately) or roll is None or roll.production_id != f"STRIP-{number}"

    def _is_new(self, slot: str) -> bool:
        """Whether some card since the strip's own did not name it: of the first one nobody knows that."""
        by = self._strips[-1][1] if self._strips else 1
        run = 0
        for place, (_, card) in enumerate(self._cards):
            named = slot in self._papers.cards[card]
            run = (run or (card if place else -1)) if named else 0
        return run > by

    def _is_held(self, event: ev.DoseHeld) -> None:
        """S8: the sachet goes on, whatever was added beside it."""
        dose, slot = event.dose_id, event.dose_id.split("/")[2]
        expected, label = self._expected.get(dose), self._papers.label_of.get(dose, "")
        if expected is None or event.label != label or not self._cards:
            return
        stands = expected.packed is (label in self._inside)
        asked = expected.loose or (slot in self._papers.cards[self._cards[-1][1]]) is expected.packed
        assert not (stands and asked), f"S8: {dose[33:]} is held, and its sachet is as the card has it"

    # --- looks ---

    def _look_told(self, dose: str) -> None:
        """In calm times a person knows of what no sachet holds, and of nothing else by its name."""
        expected, bottle = self._expected.get(dose), self._bottle
        opens = self._papers.opens(dose)[0]
        if expected is None or not expected.loose or not self._company.looks.settled():
            return
        changed = [at for at, _ in (*self._cards, *self._strips) if at > opens - EDGE]
        if changed or bottle.regimes.state(dose[:32]) != "normal":
            return
        planned, had = self._newest.get(added_to(dose.split("/")[2]), (opens, opens))
        if had + (opens - planned) / 2 > opens:
            return  # S2: had late, and nobody may give it again yet
        self.looks += 1
        self._is_told(dose)

    def _look(self, dose: str, looks: int) -> None:
        """None of it is lost: had, or somebody was told of the dose that holds it."""
        if not self._company.looks.settled():
            if looks < LOOKS_MAX:
                self._bottle.after(SETTLE_S, partial(self._look, dose, looks + 1))
            return
        opens, closes = self._papers.opens(dose)[0], self._papers.closes(dose)
        expected, changed = self._expected.get(dose), [at for at, _ in self._cards if opens <= at <= closes]
        if expected is None or not expected.loose or changed:
            return
        state = self._bottle.regimes.withheld_throughout(dose[:32], opens - EDGE, closes + EDGE)
        if not state:
            self.checked += 1
            self._is_told(dose)

    def _is_told(self, dose: str) -> None:
        added = added_to(dose.split("/")[2])
        parts = [key for key in self._holds if _when(key) == _when(dose) and added in self._holds[key]]
        assert parts, f"S4: {added} of {_when(dose)} is on the card, and no dose holds it"
        told = {payload["dose"] for payload in self._bottle.oncall.told.values()}
        known = (_when(dose), added) in self._had or any(part in told for part in parts)
        assert known, f"rule 1: {added} of {_when(dose)} lies in no sachet, and nobody was told"


def _when(dose: str) -> str:
    """Date and slot, whichever part of it."""
    return dose[33:].rpartition("/")[0]
