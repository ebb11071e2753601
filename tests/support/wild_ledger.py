"""What must hold in the wild town, told from matter, from people and from what was recorded; never from the
core's rules. Each check names what it stands for in docs/safety.md."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.world import Dose
from tests.support.matter import Matter
from tests.support.pure_home import FIRST_DAY, PARTS
from tests.support.wild_box import Box
from tests.support.wild_papers import (
    KEYS,
    NAMES,
    NARROW,
    NOON,
    PN_GAP,
    PN_TIMES,
    SHARING,
    WINDOW,
    instant,
    label_of,
)

UNTREATED = {"missed", "refused", "failed", "withheld", "uncertain"}
TOWARDS = (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT)
A_WHILE = timedelta(minutes=6)


class Ledger:
    def __init__(self) -> None:
        self.now = instant(FIRST_DAY, time(7))
        self.matters: list[Matter] = []
        self.custody: dict[str, str] = dict.fromkeys("ABCD", "box-1")  # name -> box; "" = on the way
        self.noons: dict[str, list[time]] = {name: [NOON] for name in "ABCD"}
        self.rights: dict[str, str] = {}  # dose -> who has been told that they may give it
        self.by_hand: dict[str, datetime] = {}  # dose -> when it was really given
        self.permits: dict[str, list[tuple[datetime, datetime]]] = {}
        self.leaves: dict[str, ev.LeavePlanned] = {}
        self.withheld: dict[str, set[str]] = {name: set() for name in "ABCD"}
        self.spots: set[str] = set()
        self.uncounted: set[str] = set()
        self.outcomes: dict[str, ev.OutcomeRecorded] = {}
        self.discarded: set[str] = set()
        self.closed: set[str] = set()  # doses whose incident a person closed
        self.others: dict[str, tuple[ev.GivenElsewhere, ...]] = {}  # dose -> what others gave of it

    # --- what was recorded ---

    def sees(self, box: Box, events: list[ev.Event]) -> None:
        for event in events:
            self._of_people(box, event)
            match event:
                case ev.OutcomeRecorded():
                    self.outcomes[event.dose_id] = event
                case ev.ReleaseAuthorised():
                    self.permits.setdefault(event.dose_id, []).append((event.opens, event.closes))
                case ev.MagazineTakenOut():
                    self.uncounted |= {sachet.label for sachet in event.magazine.left}
                case ev.SachetsCounted():
                    gone = set(event.labels)
                    self.uncounted = (
                        self.uncounted | gone if event.place == "missing" else self.uncounted - gone
                    )
                case ev.DecisionMade(verdict=ev.Verdict.DISCARD):
                    self.discarded.add(event.dose_id)
                case ev.LockedOnTheSpot():
                    self.spots.add(event.robot)
                case ev.UnlockedOnTheSpot():
                    self.spots.discard(event.robot)
                case _:
                    pass
        self._nobody_is_forgotten(box)

    def _of_people(self, box: Box, event: ev.Event) -> None:
        match event:
            case ev.TokenPassed():
                assert not self._by_others(box, event.dose_id), "S1: by hand what others have given"
                assert self.rights.setdefault(event.dose_id, event.to) == event.to, "rule 5: two may give it"
            case ev.TokenReturned():
                self.rights.pop(event.dose_id, None)
            case ev.LeavePlanned():
                self.leaves[event.resident] = event
            case ev.LeaveEnded():
                self.leaves.pop(event.resident, None)
            case ev.PauseBegun():
                self.withheld[NAMES[event.resident]].add("pause")
            case ev.PauseEnded():
                self.withheld[NAMES[event.resident]].discard("pause")
            case ev.ModeSet():
                stopped = self.withheld[NAMES[event.resident]]
                (stopped.add if event.mode is ev.Mode.SUSPENDED else stopped.discard)("mode")
            case ev.ResidentMovedOut():
                self.custody[NAMES[event.resident]] = ""
            case ev.ResidentMovedIn():
                self.custody[NAMES[event.resident]] = box.name
            case ev.IncidentClosed():
                self.closed.add(box.world.incidents[event.incident_id].dose_id)
            case _:
                pass

    # --- before a robot moves, and before a person gives ---

    def allowed(self, box: Box, order: ev.Order) -> None:
        """The last moment at which an order can be kept back (rule 11)."""
        if order.kind not in TOWARDS:
            return
        name = NAMES[order.resident]
        assert self.custody[name] == box.name, "S1: a home gives to somebody in another's care"
        assert not self.withheld[name], "rule 22: given while paused or suspended"
        assert order.robot not in self.spots, "rule 5: given while staff give at that robot"
        assert box.world.clock.trusted and not box.skew, "rule 18: given by a wrong clock"
        label = label_of(order.dose_id)
        assert not label or order.label.rstrip("+") == label, "S3: another sachet was asked for"
        assert order.label not in self.uncounted, "rule 24: an uncounted sachet was given"
        assert not self._by_others(box, order.dose_id), "S1: what others have given, and said so"

    def _by_others(self, box: Box, dose: str) -> bool:
        """Whether others gave any of it, and this box has heard so."""
        known = box.world.elsewhere.get(dose.split("/")[0])
        return known is not None and any(given in known.given for given in self.others.get(dose, ()))

    def starts(self, order: ev.Order, label: str) -> None:
        """The motor turns."""
        if order.kind not in TOWARDS:
            return
        dose = order.dose_id
        name = NAMES[order.resident]
        assert label[:1] == name, f"S3: {name} gets {label}"
        assert dose not in self.by_hand, "S1: a dose that was given by hand"
        assert dose not in self.rights, f"S1: {order.kind} of a dose that {self.rights[dose]} may be giving"
        assert dose not in self.outcomes, "S1: a settled dose"
        if name == "D":
            self._from_one_at_a_time(label)
        if dose.split("/")[2].startswith("pn-"):
            self._as_needed(order)
            return
        assert label.rstrip("+") == label_of(dose), f"S3: {label} as {dose}"
        assert not self._hands(dose), "S1: a second sachet of the same dose"
        assert any(opens <= self.now < closes for opens, closes in self._windows(dose)), (
            "S2: outside the window"
        )
        self._apart(dose)

    def may_be_given(self, dose: str) -> None:
        """A person who was told that they may give it does."""
        assert not self._hands(dose), "S1: by hand what the resident had from the robot"
        assert dose not in self.by_hand, "S1: by hand twice"
        reach = {matter.tray.rstrip("+") for matter in self.matters}
        assert label_of(dose) not in reach - {""}, "S1: by hand while the sachet is in reach"

    def _from_one_at_a_time(self, label: str) -> None:
        """Of D's two robots, whose sachets are of one prescription."""
        out = {each for matter in self.matters for each in (matter.tray, matter.holding) if each}
        assert not any(each[0] == "D" and each != label for each in out), "S2: out of two robots at once"

    def _as_needed(self, order: ev.Order) -> None:
        if order.kind is ev.OrderKind.PRESENT:
            return
        had = [at for matter in self.matters for label, at in matter.hands.items() if label[0] == "D"]
        fixed = [at for dose, at in self.by_hand.items() if NAMES[dose.split("/")[0]] == "D"]
        assert all(self.now >= at + PN_GAP for at in had + fixed), "rule 8: as needed too soon"
        asked = [m.hands[label] for m in self.matters for label in m.hands if label[:4] == "D/pn"]
        lately = [at for at in asked if at > self.now - timedelta(hours=24)]
        assert len(lately) < PN_TIMES, "rule 8: more than a day's most"

    def _hands(self, dose: str) -> list[datetime]:
        label = label_of(dose)
        return [
            at
            for matter in self.matters
            for key, at in matter.hands.items()
            if label and key.rstrip("+") == label
        ]

    def _opens(self, dose: str) -> list[datetime]:
        key, day, slot, _ = dose.split("/")
        slot = slot.split("-")[0]
        hours = (
            self.noons[NAMES[key]]
            if slot == "noon"
            else [PARTS[part] for part in PARTS if part.value == slot]
        )
        return [instant(date.fromisoformat(day), hour) for hour in hours]

    def _windows(self, dose: str) -> list[tuple[datetime, datetime]]:
        key, _, slot, _ = dose.split("/")
        narrow = (NAMES[key], slot) == ("C", "evening")
        opens = self._opens(dose)
        found = [(at, at + (NARROW if narrow else WINDOW)) for at in opens] + self.permits.get(dose, [])
        leave = self.leaves.get(key)
        if leave is not None and not narrow and any(leave.first <= at < leave.last for at in opens):
            found.append((leave.hand_out, leave.departs))
        return found

    def _apart(self, dose: str) -> None:
        """S2: half the gap, as near as any card ever had them, between two that share a prescription."""
        key, _, slot, _ = dose.split("/")
        if NAMES[key] != "A" or slot.split("-")[0] not in SHARING:
            return
        for other in self.outcomes.keys() | self.by_hand.keys():
            if other == dose or not other.startswith(key) or other.split("/")[2].split("-")[0] not in SHARING:
                continue
            gap = min(abs(a - b) for a in self._opens(dose) for b in self._opens(other))
            along = other in self.outcomes and self.outcomes[other].outcome is ev.Outcome.TAKEN_ALONG
            leave = key in self.leaves and self.leaves[key].hand_out <= self.now < self.leaves[key].departs
            for at in [] if along or leave else [*self._hands(other), *self._when(other)]:
                assert self.now >= at + gap / 2, f"S2: {dose} too soon after {other}"

    def _when(self, dose: str) -> list[datetime]:
        return [self.by_hand[dose]] if dose in self.by_hand else []

    # --- S4 ---

    def _nobody_is_forgotten(self, box: Box) -> None:
        for dose in box.world.doses.values():
            if dose.plan.as_needed or dose.plan.surplus:
                continue
            said = dose.outcome.outcome.value if dose.outcome is not None else ""
            if said in UNTREATED and not self._told(box, dose):
                reason = dose.outcome.reason if dose.outcome is not None else ""
                away = said == "withheld" and reason == "paused"
                assert away or dose.dose_id in self.closed, f"S4: {dose.dose_id} {said} and nobody told"
            until = dose.plan.closes + A_WHILE  # then its sachet is put away, and it has its outcome
            away = "pause" in self.withheld[NAMES[dose.plan.resident]] and box.now < until
            since = max(dose.plan.half, dose.known or dose.plan.half)
            overdue = box.now > since + A_WHILE and dose.outcome is None and box.world.clock.trusted
            if (
                overdue
                and not away
                and dose.stage is not Stage.LIFTED
                and self.now - self.asleep_until > A_WHILE
            ):
                assert self._told(box, dose), f"S4: {dose.dose_id} is late and nobody was told"

    asleep_until = datetime(2026, 1, 1, tzinfo=UTC)
    """The newest instant at which some box was down or without a clock."""

    @staticmethod
    def _told(box: Box, dose: Dose) -> bool:
        incident = box.world.incident_about(f"dose:{dose.dose_id}")
        return incident is not None and incident.state is not ev.State.CLOSED

    def everybody(self, last: date) -> None:
        """After all is in order: each dose of the papers has its outcome, in whichever home."""
        for name, slots in {
            "A": ("evening", "night"),
            "B": ("morning", "evening"),
            "C": ("evening",),
        }.items():
            for number in range((last - FIRST_DAY).days):
                for slot in slots:
                    dose = f"{KEYS[name]}/{FIRST_DAY + timedelta(days=number)}/{slot}/1"
                    assert dose in self.outcomes, f"S4: {dose} was forgotten"
