"""Never crossed: what the second robot does is for the person whose sachet it is, and at their wish.

Keeps its own books of who pressed, what left the strip and who had what. Times are true ones, as in
`witnesses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from protocol.wire.messages import EntryKind, LogEntry, OrderKind
from scheduler import events as ev
from simulator.mechanics import Moved, Place
from tests.bottle.as_needed_witness import AsNeededWitness
from tests.bottle.company_papers import SERIAL
from tests.bottle.trust import Trust
from tests.bottle.witnesses import MOTION, ORDER_LIFE, PERSONS, PRESS_AGE

if TYPE_CHECKING:
    from tests.bottle.company import Company
    from tests.bottle.company_papers import CompanyPapers

TOWARDS = (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT)


class CompanyWitness:
    def __init__(self, company: Company) -> None:
        self._company = company
        self._papers = company.papers
        self._bottle = company.bottle
        self.as_needed = AsNeededWitness(company.papers)
        self.presses: list[tuple[datetime, str]] = []  # when, and which tag was shown; "" = none
        self.planned: set[str] = set()
        self.outcomes: dict[str, ev.OutcomeRecorded] = {}
        self.tokens: dict[str, str] = {}
        self.discards: set[str] = set()
        self.in_doubt: dict[str, str] = {}  # dose -> its order that ended Unknown
        self.held: dict[str, str] = {}  # dose -> label that somebody must look at for it
        self.ordered: dict[str, str] = {}  # order id -> resident
        self.left: dict[str, datetime] = {}  # label -> when it left the magazine for a resident
        self.had: dict[str, datetime] = {}  # label -> when a hand lifted it
        self.store: set[str] = set()
        self.moves = 0
        self.released: dict[str, int] = {}  # resident key -> sachets
        self.trusted = Trust()
        self._newest: ev.Order | None = None
        self._pressed = self._bottle.times.true  # the press behind it

    # --- commits ---

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            self.trusted.sees(event)
            match event:
                case ev.OrderIssued():
                    self._issued(event, self._bottle.times.true_of(event.at))
                case ev.OrderEnded():
                    self._ended(event)
                case ev.DosePlanned():
                    self._planned(event.dose.dose_id, event.dose.opens)
                case ev.DoseWithdrawn():
                    self.planned.discard(event.dose_id)
                case ev.AsNeededRequested():
                    self._papers.asked[event.dose.dose_id] = self._bottle.times.true_of(event.at)
                case ev.RobotLogged(entry="lifted") | ev.MotionAdopted():
                    self.in_doubt.pop(event.dose_id, None)
                case ev.DoseHeld():
                    self.held[event.dose_id] = event.label
                case ev.DecisionMade():
                    self._decided(event)
                case ev.TokenPassed():
                    assert event.to in PERSONS, "S6: the token went to nobody of ours"
                    assert self.where_is(event.dose_id) not in ("tray", "hands"), "rule 5: it was in reach"
                    self.tokens[event.dose_id] = event.to
                case ev.TokenReturned():
                    self.tokens.pop(event.dose_id, None)
                case ev.OutcomeRecorded():
                    self._outcome(event)
                case _:
                    pass
        self.as_needed.committed(events, self._bottle.times.true)
        self._company.adding.witness.committed(events)
        self._company.others.witness.committed(events)

    def _planned(self, dose: str, opens: datetime) -> None:
        known = dose in self._papers.label_of or self._company.adding.witness.is_part(dose)
        assert known, f"S3: {dose[33:]} planned for {dose[:32]}, whose card has none"
        assert opens in self._papers.opens(dose), f"S2: {dose[33:]} planned at another time"
        self.planned.add(dose)

    def _issued(self, event: ev.OrderIssued, decided: datetime) -> None:
        order = self._newest = event.order
        assert order.order_id not in self.ordered, "P5: an order id issued twice"
        assert order.resident == order.dose_id[:32], "S3: crossed: an order for one, a dose of another"
        self.ordered[order.order_id] = order.resident
        if order.dose_id in self._papers.asked and order.kind is ev.OrderKind.RELEASE:
            assert order.robot == SERIAL, f"rule 8: as needed ordered from {order.robot}, where none lies"
            self._papers.label_of[order.dose_id] = order.label
            self._papers.dose_of[order.label] = order.dose_id
        if order.kind not in TOWARDS:
            return
        assert not self.in_doubt, f"P3: {order.kind} while {min(self.in_doubt)[33:]} is in doubt"
        assert self.trusted, f"rule 18: {order.kind} on an untrusted clock"
        age = decided - self._press_of(order, event.helper, decided)
        limit = PRESS_AGE if order.kind is ev.OrderKind.RELEASE else PRESS_AGE + ORDER_LIFE
        assert age <= limit, f"rule 2: {order.kind} for a person who pressed {age.total_seconds():.0f} s ago"
        self._company.at_their_robot.issued(order, self._pressed)

    def _press_of(self, order: ev.Order, helper: str | None, decided: datetime) -> datetime:
        """The newest press that may have asked for it: by the tag of the helper whose press it was by the
        record, else by the owner's own, or by anybody where the robot serves one person and the medicine is
        not controlled."""
        person = self._papers.owners[order.resident]
        alone = len(self._papers.persons) == 1 and not self._is_controlled(order.dose_id)
        tags = {person.tag, *([""] if alone else [])}
        if helper is not None:
            tags = {*self._company.hands.tags_of(helper)}
        enough = [at for at, tag in self.presses if at <= decided and tag in tags]
        assert enough, f"rule 2: {order.kind} and its owner never pressed"
        self._pressed = enough[-1]
        return enough[-1]

    def _is_controlled(self, dose: str) -> bool:
        return dose not in self._papers.asked and self._papers.is_controlled(dose)

    def _ended(self, event: ev.OrderEnded) -> None:
        doubted = self.in_doubt.get(event.dose_id)
        if event.result is ev.Result.UNKNOWN:
            self.in_doubt[event.dose_id] = doubted or event.order_id
        elif event.result is ev.Result.DONE or event.order_id == doubted:
            self.in_doubt.pop(event.dose_id, None)

    def _decided(self, event: ev.DecisionMade) -> None:
        assert event.by in PERSONS, "S6: a decision by nobody of ours"
        if event.verdict is ev.Verdict.DISCARD:
            self.discards.add(event.dose_id)
        else:
            self.in_doubt.pop(event.dose_id, None)

    def _outcome(self, event: ev.OutcomeRecorded) -> None:
        dose, name = event.dose_id, event.outcome
        self.outcomes[dose] = event
        where = self.where_is(dose)
        assert name is not ev.Outcome.RETRIEVED or where == "hands", (
            f"S4: retrieved, and it is in the {where}"
        )
        assert name is not ev.Outcome.MISSED or where in ("store", "magazine"), (
            f"rule 3: missed, in the {where}"
        )
        as_needed = dose in self._papers.asked
        assert name is not ev.Outcome.MISSED or not as_needed, "rule 8: medicine as needed can't be missed"

    # --- sending ---

    def sending(self) -> None:
        """Rules 11 and 22, at the last moment at which an order can be kept back."""
        order = self._newest
        assert order is not None, "P1: sent, and none was committed"
        if order.kind not in TOWARDS:
            return
        assert self._bottle.box.clock.now() < order.expires, f"rule 11: {order.kind} sent after it expired"
        assert order.dose_id not in self.tokens, f"rule 11: {order.kind} sent while a person may give it"
        assert order.dose_id not in self.outcomes, f"rule 11: {order.kind} of a settled dose sent"
        self._company.others.witness.sending(order)
        self._bottle.regimes.sending(order)

    def sent(self) -> None:
        order = self._newest
        if order is not None and order.kind in TOWARDS:
            greeted = self._company.end.session_since
            assert greeted <= self._pressed, f"rule 2: {order.kind} sent in another session than its press"

    # --- matter ---

    def moved(self, moved: Moved) -> None:
        self.moves += 1
        label, now = moved.sachet.label, self._bottle.times.true
        assert self._company.end.mechanics.conserved(), "a sachet is nowhere, or twice"
        if self._bottle.deeds.feeds_as_needed.moves_along(moved):
            return
        if moved.target in (Place.HOLDING, Place.TRAY) and moved.origin is not Place.TRAY:
            self._towards_resident(moved, label, now)
        elif moved.target is Place.HANDS:
            dose = self._papers.dose_of[label]
            assert dose not in self._bottle.given, f"S1: {dose[33:]}: given by hand, and now lifted"
            self.had[label] = now
            self.as_needed.had(label, now)
            self._company.adding.witness.lifted(label)
        elif moved.target is Place.STORE:
            self._diverted(label, now)

    def _towards_resident(self, moved: Moved, label: str, now: datetime) -> None:
        order = self._started()
        kind = OrderKind.RELEASE if moved.origin is Place.MAGAZINE else OrderKind.PRESENT
        assert order.order_kind == kind.value, f"a {order.order_kind} moved a sachet to the {moved.target}"
        owner = self.ordered.get(order.order_id.hex())
        assert owner is not None, "P1: moved by an order that was never committed"
        letter = self._papers.owners[owner].letter
        assert label.startswith(letter), f"S3: crossed: {label} moved for {letter}"
        dose = order.dose_id
        assert self._papers.label_of.get(dose) == label, f"S3: {label} moved for {dose[33:]}"
        assert dose not in self._bottle.given, f"S1: {kind.value} of {dose[33:]}, which was given by hand"
        assert dose not in self.tokens, f"rule 5: {kind.value} while a person has the token"
        assert label not in self.had, f"S1: {label} moves again after a hand took it"
        apart = self._bottle.witnesses.apart
        opens, closes = self._papers.opens(dose)[0], self._papers.closes(dose)
        assert opens - apart <= now < closes + apart + MOTION, (
            f"S2: {kind.value} of {dose[33:]} outside its window"
        )
        self._bottle.regimes.moves(dose, MOTION)
        self._company.adding.witness.moves(label, now)
        self._company.others.witness.moves(dose)
        if moved.origin is Place.MAGAZINE:
            self.left[label] = now
            self.released[owner] = self.released.get(owner, 0) + 1
            if self._papers.as_needed:
                self._bottle.deeds.feeds_as_needed.leaves(label, now, apart)
                self.as_needed.leaves(label, now, apart)
                self._company.at_their_robot.leaves(now)

    def _diverted(self, label: str, now: datetime) -> None:
        order = self._started()
        self.store.add(label)
        self.as_needed.put_away(label)
        held = order.dose_id if self.held.get(order.dose_id) == label else ""
        dose = self._papers.dose_of.get(label, held)
        assert dose, f"rule 11: {label} diverted for {order.dose_id[33:]}, which never had it"
        closed = now >= self._papers.closes(dose) - self._bottle.witnesses.apart
        ground = order.dose_id in self.discards or order.dose_id in self.outcomes
        assert order.order_kind == OrderKind.DIVERT.value, f"a {order.order_kind} moved a sachet away"
        assert closed or ground, f"rule 11: {dose[33:]} diverted in its window without a ground"

    def gave_by_hand(self, dose: str, now: datetime) -> None:
        label = self._papers.label_of.get(dose, "")
        assert self.where_is(dose) != "hands", f"S1: {dose[33:]}: had from the robot, and now by hand"
        assert self.where_is(dose) != "tray", f"S1: {dose[33:]}: by hand, and it lies in the tray"
        self._company.adding.witness.gave_by_hand(dose)
        self._company.others.witness.gave_by_hand(dose)
        if dose in self._papers.asked:
            self.as_needed.had(label if label in self.left else dose, now)

    # --- looking ---

    def where_is(self, dose: str) -> str:
        """magazine, holding, tray, store or hands."""
        label, matter = self._papers.label_of.get(dose, ""), self._company.end.mechanics
        if self._papers.dose_of.get(label) != dose:
            return "magazine"  # of medicine as needed: it did not move, and another dose got it
        if label in self.had:
            return "hands"
        if matter.holding is not None and matter.holding.label == label:
            return "holding"
        if matter.tray is not None and matter.tray.label == label:
            return "tray"
        return "store" if label in self.store else "magazine"

    def _started(self) -> LogEntry:
        log = self._company.end.memory.log
        return next(entry for entry in reversed(log) if entry.kind is EntryKind.STARTED)


def is_about(event: ev.Event, papers: CompanyPapers) -> bool:
    """Whether an event is about these residents or the second robot. Of the clock all of the home hears."""
    keys = frozenset() if papers.own_robot else papers.owners.keys()
    if isinstance(event, ev.ClockTrusted | ev.ClockDoubted):
        return False
    if getattr(event, "robot", "") == SERIAL or getattr(event, "resident", "") in keys:
        return True
    for within in (event, getattr(event, "dose", None), getattr(event, "order", None)):
        if papers.has(getattr(within, "dose_id", "")):
            return True
    about = getattr(event, "plan", None) or getattr(event, "roll", None)
    return getattr(about, "resident", "") in keys
