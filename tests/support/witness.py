"""What must hold on every random day, told from matter, people and the journal; never from the core's rules.

Each check names the invariant of docs/safety.md it stands for. `sees` is called with every commit, `starts`
before a motor turns, `rested` when the core has come to rest, `ends` after the last day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from scheduler import events as ev
from scheduler.outbox import Change, Put
from scheduler.record import from_plain, to_plain
from scheduler.world import RobotState, World
from tests.support.pure_home import ROBOT

ZONE = ZoneInfo("Europe/Copenhagen")
WINDOW = timedelta(hours=2)
GONE = timedelta(minutes=2)
RECEIPT = timedelta(seconds=30)
PRESS_AGE = timedelta(seconds=60)
UNTREATED = {"missed", "refused", "failed", "withheld", "uncertain"}
REVISIONS_MAX = 60
"""Of one incident in a few wild days: more is a flap."""


class Matter(Protocol):
    """What a witness asks of matter: where a label is, what hands took, and what a motor is doing."""

    def where(self, label: str) -> str: ...

    @property
    def hands(self) -> Mapping[str, datetime]: ...

    @property
    def motion(self) -> MotionUnderWay | None: ...


class MotionUnderWay(Protocol):
    @property
    def order(self) -> OrderAbout: ...


class OrderAbout(Protocol):
    @property
    def dose_id(self) -> str: ...


class Witness:
    def __init__(self, labels: dict[tuple[date, str], str], revisions_max: int = REVISIONS_MAX) -> None:
        self.labels = labels  # what the pharmacy packed for whom
        self.revisions_max = revisions_max
        self.hours: dict[str, list[int]] = {}  # slot -> local hours that any accepted card asked for
        self.asked: dict[str, bool] = {}  # slot -> whether the card in force asks for it
        self.shared: set[str] = set()  # slots that hold the shared prescription
        self.given: dict[str, datetime] = {}  # dose id -> when a person really gave it
        self.outcomes: dict[str, ev.OutcomeRecorded] = {}
        self.planned: set[str] = set()
        self.tokens: dict[str, str] = {}
        self.priority: dict[str, tuple[int, bool]] = {}  # incident -> (priority, open)
        self.revisions: Counter[str] = Counter()
        self.subjects: dict[str, set[str]] = {}
        self.by_person: set[str] = set()  # incidents that a person closed
        self.keys: set[tuple[str, str]] = set()
        self.owed: dict[str, datetime] = {}
        self.newest: dict[str, int] = {}
        self.issued: dict[str, int] = {}
        self.trusted = False
        self.unusable_since: datetime | None = None
        self.locked = False  # by the robot's own last word
        self.press: datetime | None = None
        self.unmet: dict[str, datetime] = {}  # dose -> since when somebody should have been told
        self.journal: list[ev.Event] = []

    # --- matter ---

    def label(self, dose_id: str) -> str:
        _, day, slot, _ = dose_id.split("/")
        return self.labels[date.fromisoformat(day), slot]

    def opens(self, dose_id: str) -> list[datetime]:
        _, day, slot, _ = dose_id.split("/")
        midnight = datetime.fromisoformat(day)
        return [midnight.replace(hour=hour, tzinfo=ZONE) for hour in self.hours[slot]]

    def sends(self, order: ev.Order) -> None:
        """Rule 18, at the last moment at which an order can be kept back."""
        if order.kind is ev.OrderKind.DIVERT:
            assert self.trusted or order.ground == "discard", "diverted on an untrusted clock"
        if order.kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT):
            assert self.trusted, f"{order.kind} on an untrusted clock"
            assert not self.locked, f"{order.kind} under a lock"

    def starts(self, matter: Matter, order: ev.Order, label: str, now: datetime) -> None:
        """S1-S3 and rule 5, at the last moment at which they can be broken."""
        dose, kind = order.dose_id, order.kind
        if kind not in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT):
            return
        assert label == self.label(dose), f"{kind} of another sachet than the dose's"  # S3
        assert any(opens <= now < opens + WINDOW for opens in self.opens(dose)), f"{kind} outside the window"
        assert self.asked[dose.split("/")[2]], f"{kind} of what the card no longer asks for"
        assert dose not in self.given, f"{kind} of a dose that was given by hand"  # S1
        assert dose not in self.tokens, f"{kind} while {self.tokens[dose]} has the token"
        assert dose not in self.outcomes, f"{kind} of a settled dose"
        self._apart(matter, dose, now)

    def _apart(self, matter: Matter, dose: str, now: datetime) -> None:
        """S2: half the planned gap between two doses that share a prescription."""
        if dose.split("/")[2] not in self.shared:
            return
        had = dict(self.given)
        had |= {other: matter.hands[self.label(other)] for other in self.planned if self._had(matter, other)}
        for other, at in had.items():
            if other == dose or other.split("/")[2] not in self.shared:
                continue
            gap = min(abs(a - b) for a in self.opens(dose) for b in self.opens(other))
            assert now >= at + gap / 2, "two doses of a prescription too close"

    def _had(self, matter: Matter, dose: str) -> bool:
        return self.label(dose) in matter.hands

    # --- the journal ---

    def sees(self, events: Sequence[ev.Event], changes: Sequence[Change], matter: Matter) -> None:
        for change in changes:
            if isinstance(change, Put):
                assert (change.outbox, change.key) not in self.keys, f"{change.key} put twice"  # S5
                self.keys.add((change.outbox, change.key))
                if change.outbox == "incident" and not change.key.startswith("answer/"):
                    incident, _, revision = change.key.partition("/")
                    self.newest[incident] = int(revision)
                    self.owed.setdefault(incident, events[-1].at)
        for event in events:
            self._event(event, matter)
        self.journal += events

    def _event(self, event: ev.Event, matter: Matter) -> None:
        if "/surplus-" in getattr(event, "dose_id", ""):
            return  # a sachet, and nobody's dose
        match event:
            case ev.DosePlanned():
                self.planned.add(event.dose.dose_id)
            case ev.DoseWithdrawn():
                self.planned.discard(event.dose_id)
                assert event.dose_id not in self.tokens, "withdrawn from under the person who gives it"
                assert event.dose_id not in self.outcomes, "withdrawn after its outcome"
            case ev.OutcomeRecorded():
                self._outcome(event, matter)
            case ev.TokenPassed():
                self._token(event, matter)
            case ev.TokenReturned():
                assert self.tokens.pop(event.dose_id) == event.by, "the token came back by another's word"
            case ev.Pressed():
                self.press = event.at
            case ev.OrderIssued():
                if event.order.kind is ev.OrderKind.RELEASE:
                    fresh = self.press is not None and event.at - self.press <= PRESS_AGE
                    assert fresh, "rule 2: a release without a fresh press"
                    self.press = None
                attempt = event.order.attempt
                assert attempt == self.issued.get(event.order.dose_id, 0) + 1, "an attempt skipped or reused"
                self.issued[event.order.dose_id] = attempt
            case ev.RobotReported():
                self.locked = bool(event.status.fault) or event.status.lid_open
            case ev.OrderEnded() if event.result is ev.Result.REFUSED:
                where = matter.where(self.label(event.dose_id))
                stayed = {ev.OrderKind.RELEASE: "magazine", ev.OrderKind.PRESENT: "holding"}
                assert stayed.get(event.kind, where) == where, f"{event.kind} refused, and it is in {where}"
            case ev.IncidentRaised():
                incident = event.incident
                assert incident.incident_id not in self.priority, "an incident id used again"
                self.priority[incident.incident_id] = (incident.priority, True)
                self.subjects.setdefault(incident.subject, set()).add(incident.incident_id)
            case ev.IncidentChanged():
                self._changed(event)
            case ev.IncidentClosed():
                self.by_person.add(event.incident_id)
                self.priority[event.incident_id] = (self.priority[event.incident_id][0], False)
            case ev.IncidentCleared():
                self._cleared(event)
            case ev.IncidentDelivered():
                if event.revision == self.newest[event.incident_id]:
                    self.owed.pop(event.incident_id, None)
            case _:
                pass

    def _outcome(self, event: ev.OutcomeRecorded, matter: Matter) -> None:
        before = self.outcomes.get(event.dose_id)
        assert event.revision == (before.revision + 1 if before else 1), "a revision skipped or repeated"
        assert before is None or before.outcome is not event.outcome, "the same outcome twice"
        where = matter.where(self.label(event.dose_id))
        if event.outcome in (ev.Outcome.MISSED, ev.Outcome.REFUSED):
            away = where in ("store", "magazine") or (
                event.outcome is ev.Outcome.REFUSED and where == "holding"
            )
            assert away, f"{event.outcome}, and the sachet is in the {where}"  # rule 3
        if event.outcome in (ev.Outcome.RETRIEVED, ev.Outcome.TAKEN_ALONG):
            assert where == "hands", f"retrieved, and the sachet is in the {where}"
        if event.outcome is ev.Outcome.FAILED:
            assert where != "hands", "failed, and the resident had it"
        self.outcomes[event.dose_id] = event

    def _token(self, event: ev.TokenPassed, matter: Matter) -> None:
        """Rule 5."""
        where = matter.where(self.label(event.dose_id))
        assert where not in ("tray", "hands"), f"the token passed with the sachet in the {where}"
        motion = matter.motion
        assert motion is None or motion.order.dose_id != event.dose_id, "the token passed during a motion"
        assert event.dose_id not in self.tokens, "two persons may give one dose"
        self.tokens[event.dose_id] = event.to

    def _changed(self, event: ev.IncidentChanged) -> None:
        priority, was_open = self.priority[event.incident_id]
        assert event.priority >= priority or not was_open, "an open incident lost priority"
        assert was_open or event.reopened
        self.priority[event.incident_id] = (event.priority, True)
        self.by_person.discard(event.incident_id)
        self.revisions[event.incident_id] += 1
        assert self.revisions[event.incident_id] < self.revisions_max, "an incident that never comes to rest"

    def _cleared(self, event: ev.IncidentCleared) -> None:
        if event.incident_id in self.by_person:
            return
        for subject, ids in self.subjects.items():
            if event.incident_id in ids and subject.startswith("dose:"):
                outcome = self.outcomes.get(subject.removeprefix("dose:"))
                away = outcome is not None and (outcome.outcome.value, outcome.reason) == (
                    "withheld",
                    "paused",
                )
                treated = outcome is None or away or outcome.outcome not in UNTREATED
                assert treated, "nobody had it, nobody told"  # S4; rule 22: of who is away nobody need hear
        self.priority[event.incident_id] = (self.priority[event.incident_id][0], False)

    # --- at rest ---

    def rested(self, world: World, matter: Matter, now: datetime, connected: bool) -> None:
        usable = connected and world.robot(ROBOT).state is RobotState.READY
        self.unusable_since = None if usable else self.unusable_since or now
        for incident, since in self.owed.items():
            if now >= since + RECEIPT:
                assert world.incidents[incident].undelivered, "undelivered, and nobody says so"  # S4
        for dose in self.planned:
            self._nobody_is_forgotten(world, matter, dose, now)
        assert len(world.incidents) < 400 and len(world.doses) < 80

    def _nobody_is_forgotten(self, world: World, matter: Matter, dose: str, now: datetime) -> None:
        """S4 and S8."""
        known = world.doses.get(dose)
        if known is None:
            return
        closes = known.plan.closes
        outcome = self.outcomes.get(dose)
        settled = outcome is not None and outcome.outcome not in UNTREATED
        long_closed = now > closes + GONE + timedelta(seconds=1)
        resolved = any(one in self.by_person for one in self._about(dose))
        if not long_closed or settled or resolved or self._open(dose):
            self.unmet.pop(dose, None)
        else:  # an order may be on its way to prove what became of it
            since = self.unmet.setdefault(dose, now)
            assert now <= since + 2 * GONE, f"closed at {closes}, and nobody is told"
        if not known.plan.opens <= now < closes or outcome is not None or dose in self.tokens:
            return
        gone = self.unusable_since is not None and now > max(self.unusable_since, known.plan.opens) + GONE
        stopped = self.unusable_since is None and world.order_under_way() is None
        locked = stopped and (self.locked or not self.trusted)
        presented = matter.where(self.label(dose)) in ("tray", "hands")
        if (gone or locked) and not presented:
            assert self._open(dose), "locked, and nobody is told of the dose"

    def _about(self, dose: str) -> set[str]:
        return self.subjects.get(f"dose:{dose}", set())

    def _open(self, dose: str) -> bool:
        return any(self.priority[incident][1] for incident in self._about(dose))

    # --- at the end ---

    def ends(self, world: World, matter: Matter, now: datetime, replayed: World) -> None:
        assert replayed == world, "the journal tells another story"
        assert [from_plain(to_plain(event)) for event in self.journal] == self.journal
        for dose in self.planned:
            had, given = self.label(dose) in matter.hands, dose in self.given
            assert not (had and given), f"{dose}: from the robot and by hand"  # S1
            if now > max(self.opens(dose)) + WINDOW + timedelta(minutes=20):
                outcome = self.outcomes.get(dose)
                assert outcome is not None, f"{dose} has no outcome"  # S4
                if had:
                    told = outcome.outcome.value in ("retrieved", "confirmed", "uncertain", "taken_along")
                    assert told, f"{dose}: had, told as {outcome.outcome}"
