"""A home in which one person has two robots: one with their roll, the other with their medicine as needed.

Grows out of `many_home`. A's morning and noon doses lie in `ROLL_ROBOT`, what they ask for in `PN_ROBOT`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.display import display
from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Dosage, Intake, Limit, Period, cycle
from scheduler.dose import Stage
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll, Sachet
from scheduler.world import Dose, Setting
from tests.support.many_home import KEYS, ManyHome, card
from tests.support.pure_home import FIRST_DAY, PaperRobot, utc

ROLL_ROBOT, PN_ROBOT = "SIM-0001", "SIM-0002"
DRUG = "N02BE01"
"""As needed, and packed for noon."""

LIMIT = Limit(gap_min=240, per_day=Decimal(4), times=3)
A = KEYS["A"]


def as_needed(limit: Limit = LIMIT, noon: bool = False) -> Prescription:
    """`noon`: the same prescription asks for a fixed dose at noon."""
    intake = Intake(Decimal(1), as_needed=True)
    free = Period(date(1900, 1, 1), None, NOT_ITERATED, (Day(ANY_DAY, (intake,)),), limit)
    fixed = cycle(FIRST_DAY, None, 1, (Intake(Decimal(1), part=DayPart.NOON),))
    periods = (free, fixed) if noon else (free,)
    return Prescription("p-2" if noon else "p-pain", DRUG, "10 mg", Dosage("tablet", periods))


def pn_strip(person: str = "A", production_id: str = "PN-1", letter: str = "P", count: int = 30) -> Roll:
    content = frozenset({Content(DRUG, "10 mg", Decimal(1), "tablet")})
    packed = datetime.combine(FIRST_DAY, time(12))
    sachets = tuple(Sachet(n, f"{letter}{n:03}", packed, content) for n in range(1, count + 1))
    return Roll(production_id, KEYS[person], 1, sachets, as_needed=True)


class TwoRobotsHome(ManyHome):
    """`shared`: noon's medicine and that as needed are one prescription."""

    buttons = True

    def __init__(self, shared: bool = False, limit: Limit = LIMIT) -> None:
        super().__init__({"A": ROLL_ROBOT}, {"A": ("morning", "noon")})
        one = replace(self.setting.residents[0], as_needed_robot=PN_ROBOT)
        self.setting: Setting = replace(self.setting, residents=(one,), robots=(ROLL_ROBOT, PN_ROBOT))
        self.pn = pn_strip()
        labels = [sachet.label for sachet in self.pn.sachets]
        self.robots[PN_ROBOT] = PaperRobot(labels, "PN-1", log_id=PN_ROBOT)
        morning, noon = card(("morning", "noon"))
        asked = as_needed(limit, noon=shared)
        self.card: tuple[Prescription, ...] = (morning, asked) if shared else (morning, noon, asked)

    def start(self, *beside: Prescription) -> None:
        self.give(ev.DaemonStarted(at=self.now, version="test", box="box-0001", epoch=1))
        for serial in self.setting.robots:
            self.connect(serial)
        self.give(cmd.OfferPlan(A, 1, (*self.card, *beside), "f-A"))
        self.give(cmd.LoadRoll(self.roll("A"), "technician"))
        self.give(cmd.LoadRoll(self.pn, "technician"))
        self.know()

    def know(self) -> None:
        """Nothing was given elsewhere until now (rule 8)."""
        self.give(cmd.ReportElsewhere(A, self.now, ()))

    def at(self, local: str, day: int = 1) -> None:
        self.until(local, day)
        self.know()

    def says(self, serial: str, answer: ev.Answer, tag: str = "") -> list[ev.Event]:
        return self.give(ev.Pressed(self.now, serial, self.session(serial), 100, answer, tag=tag))

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.give()

    def asks(self, tag: str = "") -> None:
        """Two presses at the robot with medicine as needed: the request, and what it is for."""
        self.press(PN_ROBOT, tag)
        self.says(PN_ROBOT, ev.Answer.FIRST, tag)

    def out(self, serial: str) -> None:
        """What was released lies in the tray."""
        self.move(serial)
        self.move(serial)

    def has_one(self) -> None:
        self.asks()
        self.out(PN_ROBOT)
        self.lift(PN_ROBOT)

    def asked_for(self) -> list[Dose]:
        return [dose for dose in self.world.doses.values() if dose.plan.as_needed]

    def refused(self) -> str:
        told = [event for event in self.journal if isinstance(event, ev.AsNeededRefused)]
        return told[-1].reason if told else ""

    def orders(self) -> list[tuple[str, str, str]]:
        """(robot, kind, slot) of every order issued."""
        issued = [event.order for event in self.journal if isinstance(event, ev.OrderIssued)]
        return [(order.robot, order.kind.value, order.dose_id.split("/")[2]) for order in issued]

    def lines(self, serial: str) -> Sequence[str]:
        return display(self.world, self.setting, serial, self.now).lines

    def kinds(self) -> dict[str, str]:
        """Of every open incident: its subject, without the person, and its kind."""
        shown = [each for each in self.world.incidents.values() if each.state is not ev.State.CLOSED]
        return {each.subject.replace(A, "A"): each.kind.value for each in shown}


def started(*beside: Prescription, shared: bool = False, at: str = "07:50") -> TwoRobotsHome:
    home = TwoRobotsHome(shared)
    home.now = utc(at)
    home.start(*beside)
    return home


def asked_before_noon() -> TwoRobotsHome:
    """A may have one every 5 min, and asks for one 10 min before noon's dose is due."""
    home = TwoRobotsHome(shared=True, limit=Limit(gap_min=5, per_day=Decimal(4), times=4))
    home.now = utc("07:50")
    home.start()
    home.at("08:05")
    home.take_dose("A")
    home.at("11:50")
    home.asks()
    return home


def nearly_noon() -> TwoRobotsHome:
    """It lies in the tray as noon's dose is due."""
    home = asked_before_noon()
    home.out(PN_ROBOT)
    home.until("12:01")
    assert home.asked_for()[0].stage is Stage.IN_TRAY
    return home
