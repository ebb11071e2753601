"""A home without machines: the pure core, and a robot that is nothing but its log and its sensors.

For tests of the dosing core. The robot carries out an order when told to (`move`), so that a test can stop
between any two steps; it keeps its own account of sachets, and asserts what matter can't do twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import next_wakeup, settle
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.expand import Catalogue, DayClock
from scheduler.gate import why_not_send
from scheduler.invariants import broken
from scheduler.limits import Limits
from scheduler.outgoing import changes
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll, Sachet
from scheduler.window import LocalTime
from scheduler.world import Dose, Resident, Setting, World
from tests.support.machine_states import evolved

RESIDENT = "5f0c7a3e9b1d4c6f8a2e7d9c0b3f1a64"
ROBOT = "SIM-0001"
FIRST_DAY = date(2026, 11, 2)
PARTS = {
    DayPart.MORNING: time(8),
    DayPart.NOON: time(12),
    DayPart.EVENING: time(18),
    DayPart.NIGHT: time(22),
}
DRUGS = {"morning": "C07AB02", "noon": "N02BE01", "evening": "C10AA01", "night": "N03AX09"}
CRITICAL = "N03AX09"


def setting(**limits: timedelta) -> Setting:
    return Setting(
        box="box-0001",
        residents=(Resident(RESIDENT, ROBOT),),
        robots=(ROBOT,),
        local=LocalTime("Europe/Copenhagen"),
        clock=DayClock(version=1, times=PARTS),
        catalogue=Catalogue(known=frozenset(DRUGS.values()), critical=frozenset({CRITICAL})),
        limits=replace(Limits(), **limits),  # type: ignore[arg-type]  # durations only
        staff_phone="70 00 00 00",
    )


def prescriptions(first: date = FIRST_DAY) -> tuple[Prescription, ...]:
    """One prescription a day part."""
    return tuple(
        Prescription(
            prescription_id=f"p-{slot}",
            drug=drug,
            strength="10 mg",
            dosage=Dosage("tablet", (cycle(first, None, 1, (Intake(Decimal(1), part=DayPart(slot)),)),)),
        )
        for slot, drug in DRUGS.items()
    )


def roll(days: int = 7, production_id: str = "ROLL-1", first: date = FIRST_DAY) -> Roll:
    sachets: list[Sachet] = []
    for day in range(days):
        for part, clock in PARTS.items():
            content = Content(DRUGS[part.value], "10 mg", Decimal(1), "tablet")
            local = datetime.combine(first + timedelta(days=day), clock)
            number = len(sachets) + 1
            sachets.append(Sachet(number, f"L{number:03}", local, frozenset({content})))
    return Roll(production_id, RESIDENT, 1, tuple(sachets))


@dataclass
class PaperRobot:
    """Where the sachets are, and the log that says so."""

    labels: list[str]
    production_id: str = "ROLL-1"
    log: list[ev.RobotLogged] = field(default_factory=list)
    log_id: str = "log-1"
    boot: int = 1
    session: int = 0
    holding: str = ""
    tray: str = ""
    store: list[str] = field(default_factory=list)
    lifted: list[str] = field(default_factory=list)
    fault: str = ""
    in_tray_dose: str = ""

    def status(self) -> ev.RobotStatus:
        return ev.RobotStatus(
            production_id=self.production_id,
            mouth_label=self.labels[0] if self.labels else "",
            sachets_left=len(self.labels),
            holding=bool(self.holding),
            tray=bool(self.tray),
            store_count=len(self.store),
            store_max=60,
            lid_open=False,
            mains=True,
            battery_percent=100,
            fault=self.fault,
        )

    def write(self, at: datetime, entry: str, **fields: str) -> ev.RobotLogged:
        logged = ev.RobotLogged(
            at=at,
            log_id=self.log_id,
            index=len(self.log) + 1,
            entry=entry,
            robot_at=at,
            boot_id=f"boot-{self.boot}",
            **fields,
        )
        self.log.append(logged)
        return logged

    def carry_out(self, order: ev.Order) -> None:
        """What the motor does to the sachet."""
        match order.kind:
            case ev.OrderKind.RELEASE:
                assert not self.holding, "two sachets in the holding place"
                assert not self.tray, "released beside a full tray"
                self.holding = self.labels.pop(0)
            case ev.OrderKind.PRESENT:
                assert not self.tray, "two sachets in the tray"
                assert self.holding == order.label, "presented another sachet than was meant"
                self.tray, self.holding, self.in_tray_dose = self.holding, "", order.dose_id
            case ev.OrderKind.RETRACT:
                self.holding, self.tray = self.tray, ""
            case ev.OrderKind.DIVERT if order.source == "magazine":
                assert self.labels[0] == order.label, "diverted another sachet than was meant"
                self.store.append(self.labels.pop(0))
            case ev.OrderKind.DIVERT:
                self.store.append(self.holding)
                self.holding = ""


class PureHome:
    """The core with its journal as a list; every commit is replayed and must give the same world."""

    def __init__(self, start: datetime, settings: Setting | None = None, days: int = 7) -> None:
        self.setting = settings or setting()
        self.now = start
        self.world = World()
        self.journal: list[ev.Event] = []
        self.robot = PaperRobot([sachet.label for sachet in roll(days).sachets])
        self.commands = 0

    # --- the world outside ---

    def start(self) -> None:
        """Daemon up, robot caught up, plan and roll in."""
        self.daemon()
        self.connect()
        self.give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1"))
        self.give(cmd.LoadRoll(roll(), "technician"))

    def daemon(self) -> None:
        self.give(ev.DaemonStarted(at=self.now, version="test", box="box-0001", epoch=1))

    def connect(self) -> None:
        robot = self.robot
        robot.session += 1
        known = [entry for entry in robot.log if entry.index >= self.world.robot(ROBOT).log_read]
        session, boot = f"s{robot.session}", f"boot-{robot.boot}"
        self.give(
            ev.RobotIdentified(
                self.now,
                ROBOT,
                session,
                "1.0",
                "none",
                boot,
                robot.log_id,
                1,
                len(robot.log),
                0,
                "",
                True,
                True,
            ),
            self.clock_report(),
            ev.RobotReported(self.now, robot.status()),
            *[replace(entry, at=self.now) for entry in known],
            ev.RobotCaughtUp(self.now, ROBOT, session),
        )

    def clock_report(
        self, off: timedelta = timedelta(0), commissioned: bool = True, battery: bool = True
    ) -> cmd.ReportClock:
        at = self.now
        return cmd.ReportClock(ROBOT, at + off, at, commissioned, battery, at - timedelta(days=30), 20)

    def lost(self) -> None:
        self.give(ev.RobotLost(self.now, "unplugged"))

    def press(
        self, age_ms: int = 100, answer: ev.Answer = ev.Answer.TAKE, resident: str = ""
    ) -> list[ev.Event]:
        session = f"s{self.robot.session}"
        return self.give(ev.Pressed(self.now, ROBOT, session, age_ms, answer, resident))

    def says(self, answer: ev.Answer) -> list[ev.Event]:
        """The resident presses another button than take."""
        return self.press(answer=answer)

    def move(self, entries: str = "accepted started ended", result: str = "done", detail: str = "") -> None:
        """The robot carries out the order under way, as far as `entries` says."""
        under_way = self.world.order_under_way()
        assert under_way is not None, "nothing was ordered"
        order = under_way.order
        assert why_not_send(self.world, self.setting, order, self.now) == ""
        about = {"order_id": order.order_id, "order_kind": order.kind.value, "dose_id": order.dose_id}
        logged: list[cmd.Fact] = []
        for entry in entries.split():
            ended = {"result": result, "detail": detail, "label": order.label}
            extra = ended if entry == "ended" else {}
            if entry == "ended" and result == "done":
                self.robot.carry_out(order)
            logged.append(self.robot.write(self.now, entry, **about, **extra))
        self.give(*logged, ev.RobotReported(self.now, self.robot.status()))

    def lift(self) -> None:
        robot = self.robot
        robot.lifted.append(robot.tray)
        robot.tray = ""
        entry = robot.write(self.now, "lifted", dose_id=robot.in_tray_dose)
        self.give(entry, ev.RobotReported(self.now, robot.status()))

    def take_dose(self, resident: str = "") -> None:
        """The resident presses, the robot releases and presents, the resident lifts."""
        self.press(resident=resident)
        self.move()
        self.move()
        self.lift()

    # --- people ---

    def take(self, incident: ev.Incident, by: str) -> ev.CommandAnswered:
        return self.ask(
            cmd.TakeIncident(self.nonce(), incident.incident_id, incident.revision, by, self.soon())
        )

    def close(self, incident: ev.Incident, by: str, resolution: str) -> ev.CommandAnswered:
        return self.ask(
            cmd.CloseIncident(
                self.nonce(), incident.incident_id, incident.revision, by, resolution, self.soon()
            )
        )

    def decide(self, dose: Dose, verdict: ev.Verdict, by: str) -> ev.CommandAnswered:
        return self.ask(
            cmd.DecideDose(self.nonce(), dose.dose_id, verdict, by, "seen", "home", "", 0, self.soon())
        )

    def ask(self, command: cmd.Command) -> ev.CommandAnswered:
        answers = [event for event in self.give(command) if isinstance(event, ev.CommandAnswered)]
        assert len(answers) == 1
        return answers[0]

    def nonce(self) -> str:
        self.commands += 1
        return f"command-{self.commands}"

    def soon(self) -> datetime:
        return self.now + timedelta(minutes=10)

    # --- time and the core ---

    def give(self, *facts: cmd.Fact) -> list[ev.Event]:
        world, events = settle(self.world, self.setting, facts, self.now)
        replayed = self.world
        for event in events:
            replayed = evolved(replayed, event)
        assert replayed == world, "replay gives another world"
        assert broken(self.world, world, events, changes(self.world, world, events)) == ""
        self.world = world
        self.journal += events
        return list(events)

    def until(self, local: str, day: int = 1) -> None:
        """Let time pass to `local` (HH:MM[:SS], day 1 = the first), waking only when the core wants to."""
        self.until_at(utc(local, day))

    def until_at(self, target: datetime) -> None:
        while True:
            due = next_wakeup(self.world, self.setting, self.now)
            if due is None or due >= target:
                break
            self.now = due
            self.give()
        self.now = target
        self.give()

    # --- looking ---

    def dose(self, slot: str, day: int = 1) -> Dose:
        return self.world.doses[f"{RESIDENT}/{FIRST_DAY + timedelta(days=day - 1)}/{slot}/1"]

    def outcome(self, slot: str, day: int = 1) -> tuple[str, bool] | None:
        outcome = self.dose(slot, day).outcome
        return (outcome.outcome.value, outcome.late) if outcome else None

    def incident(self, slot: str, day: int = 1) -> ev.Incident | None:
        return self.world.incident_about(f"dose:{self.dose(slot, day).dose_id}")

    def open_incidents(self) -> list[ev.Incident]:
        return [i for i in self.world.incidents.values() if i.state is not ev.State.CLOSED]

    def orders(self) -> list[tuple[str, str]]:
        """(kind, slot) of every order issued."""
        issued = [event.order for event in self.journal if isinstance(event, ev.OrderIssued)]
        return [(order.kind.value, order.dose_id.split("/")[2]) for order in issued]


def utc(local: str, day: int = 1) -> datetime:
    date_ = FIRST_DAY + timedelta(days=day - 1)
    return LocalTime("Europe/Copenhagen").instant(date_, time.fromisoformat(local)).astimezone(UTC)
