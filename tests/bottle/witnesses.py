"""What must hold at every move of a sachet and at every commit, told from matter, people and papers.

Each check names the invariant of docs/safety.md that it stands for. Times are true ones: the home may believe
what it likes. `SLACK` is what a trusted clock may be wrong by (rule 17), and a motion on its way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from protocol.wire.messages import EntryKind, LogEntry, OrderKind
from scheduler import events as ev
from scheduler.events import Event
from scheduler.outbox import Change
from simulator.mechanics import Moved, Place
from tests.bottle.papers import FOREIGN, WINDOW, dose_id
from tests.bottle.trust import Trust
from tests.support.witness import Witness

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

CLOCKS_APART = timedelta(minutes=2, seconds=5)
PRESS_AGE = timedelta(seconds=62)
"""Rule 2, and what a line may delay."""

ORDER_LIFE = timedelta(minutes=2)

PERSONS = frozenset({"Anna", " anna", "Berit", "Nina", "Otto", "technician", ""})
"""Who may act in this home; a name from elsewhere came in by a forged command."""

MOTION = timedelta(seconds=50)
"""A slow motor is stopped after 30 s, a label read before it; an order just sent may be on its way."""

REVISIONS_MAX = 2_000
"""Of one incident in a wild fortnight: a robot that comes and goes all day reopens one."""


@dataclass(frozen=True)
class MotionUnderWay:
    order: LogEntry


class Matter:
    """The places of sachets, for a witness that asks by label."""

    def __init__(self, witnesses: Witnesses) -> None:
        self._witnesses = witnesses

    def where(self, label: str) -> str:
        return self._witnesses.where(label)

    @property
    def motion(self) -> MotionUnderWay | None:
        return self._witnesses.motion

    @property
    def hands(self) -> dict[str, datetime]:
        return self._witnesses.had


class Witnesses:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle
        papers = bottle.papers
        self.journal = Witness(papers.label_of, REVISIONS_MAX)
        self.matter = Matter(self)
        self.had: dict[str, datetime] = {}  # label -> when a hand lifted it
        self.left: dict[str, datetime] = {}  # label -> when it left the magazine for the resident
        self.trace: list[Moved] = []
        self.ordered: set[str] = set()  # order ids that were committed
        self.out: set[str] = set()  # doses whose sachet is not in the robot, by what a person found
        self.discards: set[str] = set()  # doses whose sachet a person let go
        self.card_since: list[tuple[datetime, int]] = []  # when the home accepted which card version
        self.moves = 0
        self.holds: dict[str, frozenset[str]] = {}  # dose -> its prescriptions, as planned last
        self.trusted = Trust()
        self.apart = CLOCKS_APART
        self.surplus: dict[str, str] = {}  # hold of a sachet that no dose waits for -> its label
        self.in_doubt: dict[str, str] = {}  # dose -> its order that ended Unknown and that nothing settled
        self.newest_order: ev.Order | None = None
        self.pressed = bottle.times.true  # the press behind the newest release or present

    # --- commits ---

    def committed(self, events: Sequence[Event], changes: Sequence[Change]) -> None:
        for event in events:
            self.trusted.sees(event)
            match event:
                case ev.OrderIssued():
                    assert event.order.order_id not in self.ordered, "P5: an order id issued twice"
                    self.ordered.add(event.order.order_id)
                    self._bottle.orders += 1
                    self._issued(event.order, event.at)
                case ev.DosePlanned():
                    opens = self._bottle.opens(event.dose.dose_id)
                    self.holds[event.dose.dose_id] = frozenset(p.prescription_id for p in event.dose.portions)
                    assert event.dose.opens in opens, f"S2: {event.dose.dose_id[33:]} planned at another time"
                case ev.SurplusHeld():
                    self._surplus(event)
                case ev.OrderEnded():
                    self._ended(event)
                case ev.DoseDoubted():
                    self.in_doubt[event.dose_id] = event.beside
                case ev.RobotLogged(entry="lifted") | ev.MotionAdopted():
                    self.in_doubt.pop(event.dose_id, None)
                case ev.DecisionMade():
                    assert event.by in PERSONS, "S6: a decision by nobody of ours"
                    if event.verdict is ev.Verdict.DISCARD:
                        self.discards.add(event.dose_id)
                    else:
                        self.in_doubt.pop(event.dose_id, None)
                    if event.found == "found_out":
                        self.out.add(event.dose_id)
                case ev.IncidentTaken() | ev.TokenPassed():
                    by = event.by if isinstance(event, ev.IncidentTaken) else event.to
                    assert by in PERSONS, "S6: taken by nobody of ours"
                case ev.PlanAccepted():
                    newest = max((version for _, version in self.card_since), default=0)
                    assert event.plan.card_version >= newest, "rule 19: an older card was accepted"
                    self.card_since.append((self._bottle.times.true, event.plan.card_version))
        self._bottle.leaves.committed(events)
        self.journal.sees(events, changes, self.matter)
        self._bottle.voices.committed(events)

    def _issued(self, order: ev.Order, at: datetime) -> None:
        """Rules 2 and 18, and P3, for the moment `at` of the decision, by the home's trusted clock."""
        self.newest_order = order
        if order.kind not in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT):
            return
        assert not self.in_doubt, f"P3: {order.kind} while {min(self.in_doubt)[33:]} is in doubt"
        assert self.trusted, f"rule 18: {order.kind} on an untrusted clock"
        decided = self._bottle.times.true_of(at)
        pressed = max((each for each in self._bottle.presses if each <= decided), default=None)
        assert pressed is not None, f"rule 2: {order.kind} without a press"
        limit = PRESS_AGE if order.kind is ev.OrderKind.RELEASE else PRESS_AGE + ORDER_LIFE
        age = decided - pressed
        assert age <= limit, f"rule 2: {order.kind} on a press {age.total_seconds():.0f} s old"
        self.pressed = pressed

    def _surplus(self, event: ev.SurplusHeld) -> None:
        """By matter and papers: it lies at the mouth, and its dose is had, put away, or on no card now; or
        another sachet of it lies between magazine and hand."""
        dose = dose_id(*self._bottle.papers.labels[event.label])
        self.surplus[event.dose.dose_id] = event.label
        again = event.label in self.had or any(
            move.sachet.label == event.label and move.target is Place.STORE for move in self.trace
        )
        matter = self._bottle.matter
        there = (matter.holding, matter.tray, *matter.beside.values())
        between = [each.label for each in there if each is not None]
        newest = self._bottle.papers.cards[self.card_since[-1][1]]  # in force from its commit on
        again = again or event.label in self._bottle.deeds.feeds.along  # a person said where the first one is
        again = again or dose in self.out
        stopped = dose.split("/")[2] == "noon" and newest is None
        gone = self._bottle.times.true > max(self._bottle.opens(dose), default=self._bottle.times.true)
        assert again or stopped or gone or event.label in between, (
            f"S8: {dose[33:]} is asked for, and its sachet held as nobody's"
        )

    def _ended(self, event: ev.OrderEnded) -> None:
        """What the robot would not do with a sachet in doubt leaves it there."""
        doubted = self.in_doubt.get(event.dose_id)
        if event.result is ev.Result.UNKNOWN:
            self.in_doubt[event.dose_id] = doubted or event.order_id
        elif event.result is ev.Result.DONE or event.order_id == doubted:
            self.in_doubt.pop(event.dose_id, None)

    def sending(self) -> None:
        """Rule 11: the last moment at which an order can be kept back."""
        order = self.newest_order
        assert order is not None, "P1: sent, and none was committed"
        self._bottle.voices.sending(order)
        self._bottle.regimes.sending(order)
        self._bottle.deeds.keys.sending(order)
        if order.kind is ev.OrderKind.RETRACT:
            return
        assert self.trusted or order.ground == "discard", "rule 18: sent on an untrusted clock"
        if order.kind is ev.OrderKind.DIVERT:
            return
        now = self._bottle.box.clock.now()
        assert now < order.expires, f"rule 11: {order.kind} sent after it expired"
        assert order.dose_id not in self.journal.tokens, (
            f"rule 11: {order.kind} sent while a person may give it"
        )
        assert order.dose_id not in self.journal.outcomes, f"rule 11: {order.kind} of a settled dose sent"
        assert self._asked(order.dose_id, self._bottle.times.true), (
            f"rule 11: {order.kind} of stopped medicine"
        )
        self._bottle.deeds.cards.fits(order.dose_id, f"rule 11: {order.kind} sent")

    def sent(self) -> None:
        """The driver has taken it."""
        order = self.newest_order
        if order is not None and order.kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT):
            greeted = self._bottle.end.session_since
            assert greeted <= self.pressed, f"rule 2: {order.kind} sent in another session than its press"

    def gave_by_hand(self, dose: str) -> None:
        """S1, at the moment the medicine changes hands: staff did only what the home had confirmed."""
        label = self._label(dose)
        assert label not in self.had, f"S1: {dose[33:]}: had from the robot, and now by hand"
        assert self.where(label) != "tray", f"S1: {dose[33:]}: by hand, and it lies in the tray"
        asked = self._asked(dose, self._bottle.times.true - timedelta(minutes=10))
        self._bottle.deeds.swaps.gave_by_hand(dose, label)
        told = self._bottle.liveness.settled()
        assert asked or not told, f"S1: {dose[33:]}: by hand, and no card in force asks for it"
        self._apart(dose, label)

    # --- moves ---

    def moved(self, moved: Moved) -> None:
        self.moves += 1
        self.trace.append(moved)
        label = moved.sachet.label
        if label.startswith(FOREIGN):
            assert moved.target in (Place.STORE, Place.REMOVED), (
                "S3: a sachet of nobody's moved to the resident"
            )
            return
        day, slot = self._bottle.papers.labels[label]
        dose = dose_id(day, slot)
        assert self._bottle.matter.conserved(), "a sachet is nowhere, or twice"
        if self._bottle.deeds.feeds.moves_along(moved):
            return
        if moved.target in (Place.HOLDING, Place.TRAY) and moved.origin is not Place.TRAY:
            self._towards_resident(moved, dose, label)
        elif moved.target is Place.HANDS:
            self.had[label] = self._bottle.times.true
            assert dose not in self._bottle.given, f"S1: {dose[33:]}: given by hand, and now lifted"
        elif moved.target is Place.STORE:
            self._diverted(moved, dose)

    def _towards_resident(self, moved: Moved, dose: str, label: str) -> None:
        order = self._started()
        kind = OrderKind.RELEASE if moved.origin is Place.MAGAZINE else OrderKind.PRESENT
        assert order.order_kind == kind.value, f"a {order.order_kind} moved a sachet to the {moved.target}"
        assert order.order_id.hex() in self.ordered, "P1: moved by an order that was never committed"
        assert order.dose_id == dose, f"S3: {label} moved for {order.dose_id[33:]}"
        now = self._bottle.times.true
        opens = self._bottle.opens(dose)
        inside = any(at - self.apart <= now < at + WINDOW + self.apart + MOTION for at in opens)
        away = self._bottle.leaves.allows(dose, now)
        permitted = self._bottle.deeds.permits.allows(dose, now)
        assert inside or away or permitted, f"S2: {kind.value} of {dose[33:]} outside its window"
        assert self._asked(dose, now), f"S3: {kind.value} of {dose[33:]}, which no card in force asks for"
        self._bottle.regimes.moves(dose, MOTION)
        self._bottle.deeds.keys.moves(dose)
        self._bottle.deeds.swaps.moves(label)
        self._bottle.deeds.cards.fits(dose, f"S3: {kind.value}")
        assert dose not in self._bottle.given, f"S1: {kind.value} of {dose[33:]}, which was given by hand"
        assert dose not in self.journal.tokens, f"rule 5: {kind.value} while a person has the token"
        assert label not in self.had, f"S1: {label} moves again after a hand took it"
        if moved.origin is Place.MAGAZINE:
            if inside or permitted:  # what is taken along is had at its own time
                self._apart(dose, label)
                self._bottle.company.at_their_robot.fixed_leaves(dose)
            self.left[label] = now

    def _diverted(self, moved: Moved, dose: str) -> None:
        order = self._started()
        assert order.order_kind == OrderKind.DIVERT.value, f"a {order.order_kind} moved a sachet away"
        assert order.order_id.hex() in self.ordered, "P1: moved by an order that was never committed"
        closed = self._bottle.times.true >= min(self._bottle.opens(dose)) + WINDOW - self.apart
        ground = order.dose_id in self.discards or order.dose_id in self.journal.outcomes
        assert closed or ground, f"rule 11: {dose[33:]} diverted in its window without a ground"

    def _asked(self, dose: str, now: datetime) -> bool:
        """By the card in force, or by the one before it if that changed while the order was on its way."""
        slot = dose.split("/")[2]
        if slot != "noon":
            return True
        return any(self._bottle.papers.cards[version] is not None for version in self.in_force(now))

    def in_force(self, now: datetime) -> list[int]:
        """Versions of the card: the newest, and those before it for as long as a motion may take."""
        old = [version for at, version in self.card_since if at <= now - MOTION][-1:]
        return old + [version for at, version in self.card_since if at > now - MOTION]

    def _apart(self, dose: str, label: str) -> None:
        """S2: half the planned gap to the dose next to it on the other's side, as planned last."""
        now = self._bottle.times.true
        along = self._bottle.leaves.along
        others = {
            self._dose(other): along.get(other, at)
            for other, at in self.had.items()
            if other != label and along.get(other, now) <= now
        }
        others |= {other: at for other, at in self._bottle.given.items() if other != dose}
        for other, at in others.items():
            if abs(now - at) > timedelta(hours=13):
                continue
            for prescription in self.holds.get(dose, frozenset()) & self.holds.get(other, frozenset()):
                gap = min(self._gaps(dose, other, prescription))
                assert now >= at + gap / 2 - self.apart, f"S2: {dose[33:]} too soon after {other[33:]}"

    def _gaps(self, dose: str, other: str, prescription: str) -> Iterator[timedelta]:
        """To the other, and to every one between them with the same prescription."""
        for opens in self._bottle.opens(dose):
            for far in self._bottle.opens(other):
                yield abs(far - opens)
                early, late = sorted((far, opens))
                for between, holds in self.holds.items():
                    if prescription in holds and between not in (dose, other):
                        at = self._bottle.opens(between)
                        yield from (abs(one - opens) for one in at if early < one < late)

    # --- looking ---

    def where(self, label: str) -> str:
        """magazine, holding, tray, store or hands. What a technician took out stays where it came from."""
        matter = self._bottle.matter
        if label in self.had:
            return "hands"
        if label in self._bottle.leaves.waste:
            return "store"
        if matter.holding is not None and matter.holding.label == label:
            return "holding"
        if matter.tray is not None and matter.tray.label == label:
            return "tray"
        for place, sachet in matter.beside.items():
            if sachet.label == label and label in self._bottle.deeds.feeds.told:
                return place.value
        if any(sachet.label == label for sachet in matter.magazine):
            return "magazine"  # also one packed anew, after the first went to the store
        if any(move.sachet.label == label and move.target is Place.STORE for move in self.trace):
            return "store"
        return "magazine"

    @property
    def motion(self) -> MotionUnderWay | None:
        return MotionUnderWay(self._started()) if self._bottle.end.robot.turning else None

    def _started(self) -> LogEntry:
        log = self._bottle.end.memory.log
        return next(entry for entry in reversed(log) if entry.kind is EntryKind.STARTED)

    def _label(self, dose: str) -> str:
        _, day, slot, _ = dose.split("/")
        return self._bottle.papers.label_of[date.fromisoformat(day), slot]

    def _dose(self, label: str) -> str:
        return dose_id(*self._bottle.papers.labels[label])
