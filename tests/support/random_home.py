"""A pure home under attack: every commit is witnessed, replayed, and followed by the courier's one look.

The moves of the random days. Nothing here knows what the core should do.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import decide, next_wakeup, settle
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.evolve import evolve
from scheduler.gate import why_not_send
from scheduler.outgoing import changes
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll, Sachet
from scheduler.window import LocalTime
from scheduler.world import Setting, World
from tests.support.matter import Matter
from tests.support.pure_home import DRUGS, PARTS, RESIDENT, ROBOT, setting
from tests.support.witness import Witness

LOCAL = LocalTime("Europe/Copenhagen")
STAFF = ("Anna", "Berit")
SHARED = "N02BE01"
TRACE = bool(os.environ.get("RANDOM_DAYS_TRACE"))


def card(first: date, noon: int | None) -> tuple[Prescription, ...]:
    """Four times a day of one medicine and one of another each; the noon ones at `noon`, or stopped."""

    def intake(slot: str) -> Intake | None:
        if slot != "noon" or noon == 12:
            return Intake(Decimal(1), part=DayPart(slot))
        return Intake(Decimal(1), clock=time(noon)) if noon else None

    intakes = {slot: one for slot in DRUGS if (one := intake(slot)) is not None}
    own = [
        Prescription(f"p-{slot}", DRUGS[slot], "10 mg", Dosage("tablet", (cycle(first, None, 1, (one,)),)))
        for slot, one in intakes.items()
    ]
    often = Dosage("tablet", (cycle(first, None, 1, tuple(intakes.values())),))
    return (*own, Prescription("p-shared", SHARED, "5 mg", often))


def strip(first: date, days: int) -> Roll:
    sachets: list[Sachet] = []
    for day in range(days):
        for part, clock in PARTS.items():
            content = {
                Content(DRUGS[part.value], "10 mg", Decimal(1), "tablet"),
                Content(SHARED, "5 mg", Decimal(1), "tablet"),
            }
            number = len(sachets) + 1
            local = datetime.combine(first + timedelta(days=day), clock)
            sachets.append(Sachet(number, f"L{number:03}", local, frozenset(content)))
    return Roll("ROLL-1", RESIDENT, 1, tuple(sachets))


class RandomHome:
    def __init__(self, seed: int, first: date, days: int, settings: Setting | None = None) -> None:
        self.chance = Random(seed)
        self.setting = settings or setting()
        self.first, self.days = first, days
        self.now = LOCAL.instant(first, time(7, 40)).astimezone(UTC)
        self.world = World()
        self.replayed = World()
        self.roll = strip(first, days + 8)
        labels = {
            (first + timedelta(days=i // 4), list(DRUGS)[i % 4]): sachet.label
            for i, sachet in enumerate(self.roll.sachets)
        }
        self.witness = Witness(labels)
        self.witness.hours = {slot: [PARTS[DayPart(slot)].hour] for slot in DRUGS}
        self.witness.asked = dict.fromkeys(DRUGS, True)
        self.witness.shared = set(DRUGS)
        self.matter = Matter([s.label for s in self.roll.sachets], self._starts)
        self.session = 0
        self.connected = False
        self.handled = ""
        self.read = 0  # log entries told in this session
        self.clock_off = timedelta(0)
        self.version = 1
        self.commands = 0
        self.trouble = 0.0  # how often something happens in the middle of a dose
        self.hands_full: dict[str, str] = {}  # dose -> who gave it and has not said so yet
        self.plans = {1: 12}

    def start(self) -> None:
        self.give(ev.DaemonStarted(self.now, "test", "box-0001", 1))
        while not self.connected:
            self.connect()
        self.give(cmd.OfferPlan(RESIDENT, 1, card(self.first, 12), "f1"))
        self.give(cmd.LoadRoll(self.roll, "technician"))

    # --- the core and its courier ---

    def give(self, *facts: cmd.Fact) -> list[ev.Event]:
        before = self.world
        self.world, events = settle(before, self.setting, facts, self.now)
        for event in events:
            self.replayed = evolve(self.replayed, event)
            self.witness.trusted = self.world.clock.trusted
            if TRACE:
                print(self.now.astimezone().isoformat()[5:19], event)
        assert self.replayed == self.world, "replay gives another world"
        self.witness.sees(events, changes(before, self.world, events), self.matter)
        self.witness.rested(self.world, self.matter, self.now, self.connected)
        return list(events)

    def _starts(self, order: ev.Order, label: str) -> None:
        if TRACE:
            print("    START", order.kind, order.dose_id, label)
        self.witness.starts(self.matter, order, label, self.now)

    def courier(self) -> None:
        under_way = self.world.order_under_way()
        if under_way is None or under_way.order.order_id == self.handled or not self.connected:
            return
        if under_way.session != self.world.robot(ROBOT).session:
            return
        self.handled = under_way.order.order_id
        reason = why_not_send(self.world, self.setting, under_way.order, self.now)
        if reason:
            self.give(ev.OrderRevoked(self.now, under_way.order.order_id, reason))
        elif self.matter.motion is not None:
            self.refuse(under_way.order, "busy")
        else:
            self.witness.sends(under_way.order)
            self.matter.accept(under_way.order, self.now)

    def refuse(self, order: ev.Order, reason: str) -> None:
        self.give(ev.OrderEnded(self.now, order.order_id, "", order.kind, ev.Result.REFUSED, reason))

    # --- time ---

    def wait(self, span: timedelta) -> None:
        """Sleeps as the engine does; in between, the core must have nothing to say."""
        until = self.now + span
        while self.now < until:
            due = next_wakeup(self.world, self.setting, self.now)
            target = min(due, until) if due is not None else until
            between = self.now + (target - self.now) * self.chance.random()
            between = between.replace(microsecond=between.microsecond // 1000 * 1000)
            if self.now < between < target:
                said = decide(self.world, self.setting, between)
                assert not said, f"asleep until {target}, and at {between} there is {said}"
            self.now = target
            self.give()
            if self.chance.random() < 0.9:
                self.courier()

    # --- the robot's line ---

    def tell(self) -> None:
        """Sensors first, then the log, as the driver does."""
        if not self.connected:
            return
        self.give(ev.RobotReported(self.now, self.matter.status()))
        news = [replace(entry, at=self.now) for entry in self.matter.log[self.read :]]
        self.read = len(self.matter.log)
        if news and self.chance.random() < 0.3:
            for entry in news:
                self.give(entry)
        else:
            self.give(*news)

    def connect(self) -> None:
        if not self.matter.powered:
            return
        self.session += 1
        self.matter.hello(self.now)
        known = [e for e in self.matter.log if e.index >= max(self.world.robot(ROBOT).log_read, 1)]
        if self.world.robot(ROBOT).log_id != self.matter.log_id:
            known = list(self.matter.log)
        session, boot, head = f"s{self.session}", f"boot-{self.matter.boot}", len(self.matter.log)
        facts: list[cmd.Fact] = [
            ev.RobotIdentified(
                self.now, ROBOT, session, "1", "none", boot, self.matter.log_id, 1, head, 0, ""
            ),
            self.clock_report(),
            ev.RobotReported(self.now, self.matter.status()),
            *[replace(entry, at=self.now) for entry in known],
            ev.RobotCaughtUp(self.now, ROBOT, session),
        ]
        if self.chance.random() < 0.15:  # the line breaks while catching up
            for fact in facts[: self.chance.randrange(len(facts))]:
                self.give(fact)
            self.give(ev.RobotLost(self.now, "unplugged"))
            self.connected = False
            return
        self.connected = True
        self.read = head
        self.give(*facts)

    def lose(self) -> None:
        self.connected = False
        self.give(ev.RobotLost(self.now, self.chance.choice(["unplugged", "no_reply"])))

    def crash(self) -> None:
        self.connected = False
        self.handled = ""
        self.give(ev.DaemonStarted(self.now, "test", "box-0001", 1))

    def clock_report(self) -> cmd.ReportClock:
        set_at = self.now - timedelta(days=30)
        return cmd.ReportClock(ROBOT, self.now + self.clock_off, self.now, True, True, set_at, 20)

    # --- people ---

    def nonce(self) -> str:
        self.commands += 1
        return f"command-{self.commands}"

    def soon(self) -> datetime:
        return self.now + timedelta(minutes=10)

    def take(self, incident: ev.Incident, by: str) -> None:
        self.give(cmd.TakeIncident(self.nonce(), incident.incident_id, incident.revision, by, self.soon()))

    def close(self, incident: ev.Incident) -> None:
        self.give(
            cmd.CloseIncident(
                self.nonce(), incident.incident_id, incident.revision, incident.owner, "done", self.soon()
            )
        )

    def decide(self, dose_id: str, verdict: ev.Verdict, by: str) -> bool:
        events = self.give(
            cmd.DecideDose(self.nonce(), dose_id, verdict, by, "seen", "home", "", 0, self.soon())
        )
        return any(isinstance(event, ev.CommandAnswered) and event.accepted for event in events)

    def receipts(self, share: float = 1.0) -> None:
        for incident, revision in list(self.witness.newest.items()):
            if incident in self.witness.owed and self.chance.random() < share:
                self.give(cmd.TakeReceipt(incident, revision))

    def offer(self, noon: int | None) -> None:
        self.version += 1
        if noon is not None and noon not in self.witness.hours["noon"]:
            self.witness.hours["noon"].append(noon)
        self.witness.asked["noon"] = noon is not None
        self.give(cmd.OfferPlan(RESIDENT, self.version, card(self.first, noon), f"f{self.version}"))
