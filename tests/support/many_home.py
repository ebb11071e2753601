"""A home of several residents and robots without machines: the pure core, and a robot of paper for each.

Grows out of `pure_home`: each robot keeps its own log, session and sachets. A strip that several share holds
their sachets in the order of time, those of one time in the order of the residents; labels begin with the
letter of their owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import next_wakeup, settle
from scheduler.dosage import DayPart, Dosage, Intake, cycle
from scheduler.evolve import evolve
from scheduler.gate import why_not_send
from scheduler.invariants import broken
from scheduler.outgoing import changes
from scheduler.plan import Content, Prescription
from scheduler.roll import Roll, Sachet
from scheduler.world import Dose, Resident, Setting, World
from tests.support.pure_home import DRUGS, FIRST_DAY, PARTS, PaperRobot, setting, utc

KEYS = {name: f"{number:032x}" for number, name in enumerate("ABC", 0xA)}
"""Three people by a letter."""

TAGS = {name: f"tag-{name}" for name in KEYS}


def home_setting(lives: Mapping[str, str], **limits: timedelta) -> Setting:
    """`lives`: person -> serial of the robot that serves them."""
    residents = tuple(Resident(KEYS[name], robot, frozenset({TAGS[name]})) for name, robot in lives.items())
    return replace(setting(**limits), residents=residents, robots=tuple(dict.fromkeys(lives.values())))


def card(slots: Sequence[str]) -> tuple[Prescription, ...]:
    """Every card numbers its prescriptions alike: p-1, p-2, ..."""
    return tuple(
        Prescription(
            f"p-{number}",
            DRUGS[slot],
            "10 mg",
            Dosage("tablet", (cycle(FIRST_DAY, None, 1, (Intake(Decimal(1), part=DayPart(slot)),)),)),
        )
        for number, slot in enumerate(slots, 1)
    )


class ManyHome:
    """`slots`: person -> their parts of the day."""

    buttons = False  # whether its robots have one for each answer, and let several out before a leave

    def __init__(
        self,
        lives: Mapping[str, str],
        slots: Mapping[str, Sequence[str]],
        start: datetime | None = None,
        days: int = 5,
        **limits: timedelta,
    ) -> None:
        self.setting = home_setting(lives, **limits)
        self.lives, self.slots, self.days = lives, slots, days
        self.now = start or utc("06:30")
        self.world = World()
        self.journal: list[ev.Event] = []
        self.robots = {
            serial: PaperRobot(
                [sachet.label for sachet in self.strip(serial)], f"ROLL-{serial}", log_id=serial
            )
            for serial in self.setting.robots
        }
        self.commands = 0

    # --- papers ---

    def strip(self, serial: str) -> list[Sachet]:
        """Everything in this robot's magazine."""
        found: list[tuple[datetime, str, str]] = []
        for person, robot in self.lives.items():
            if robot != serial:
                continue
            for day in range(self.days):
                for slot in self.slots[person]:
                    local = datetime.combine(FIRST_DAY + timedelta(days=day), PARTS[DayPart(slot)])
                    found.append((local, person, slot))
        return [
            Sachet(
                n, f"{person}{n:03}", local, frozenset({Content(DRUGS[slot], "10 mg", Decimal(1), "tablet")})
            )
            for n, (local, person, slot) in enumerate(sorted(found), 1)
        ]

    def roll(self, person: str) -> Roll:
        serial = self.lives[person]
        mine = tuple(sachet for sachet in self.strip(serial) if sachet.label.startswith(person))
        return Roll(f"ROLL-{serial}", KEYS[person], 1, mine)

    # --- the world outside ---

    def start(self) -> None:
        self.give(ev.DaemonStarted(at=self.now, version="test", box="box-0001", epoch=1))
        for serial in self.setting.robots:
            self.connect(serial)
        for person in self.lives:
            self.give(cmd.OfferPlan(KEYS[person], 1, card(self.slots[person]), f"f-{person}"))
            self.give(cmd.LoadRoll(self.roll(person), "technician"))

    def connect(self, serial: str) -> None:
        robot = self.robots[serial]
        robot.session += 1
        read = self.world.robot(serial).log_read
        known = [replace(entry, at=self.now) for entry in robot.log if entry.index >= read]
        self.give(
            ev.RobotIdentified(
                self.now,
                serial,
                self.session(serial),
                "1.0",
                "none",
                f"boot-{robot.boot}",
                robot.log_id,
                1,
                len(robot.log),
                0,
                "",
                self.buttons,
                self.buttons,
            ),
            self.clock(serial),
            ev.RobotReported(self.now, robot.status(), serial),
            *known,
            ev.RobotCaughtUp(self.now, serial, self.session(serial)),
        )

    def session(self, serial: str) -> str:
        return f"{serial}-s{self.robots[serial].session}"

    def clock(self, serial: str, off: timedelta = timedelta(0), battery: bool = True) -> cmd.ReportClock:
        return cmd.ReportClock(
            serial, self.now + off, self.now, True, battery, self.now - timedelta(days=30), 20
        )

    def lost(self, serial: str) -> None:
        self.give(ev.RobotLost(self.now, "unplugged", serial))

    def press(self, serial: str, tag: str = "") -> list[ev.Event]:
        return self.give(ev.Pressed(self.now, serial, self.session(serial), 100, tag=tag))

    def move(self, serial: str, entries: str = "accepted started ended", result: str = "done") -> ev.Order:
        """The robot carries out the order under way, as far as `entries` says."""
        under_way = self.world.order_under_way(serial)
        assert under_way is not None, "nothing was ordered"
        order, robot = under_way.order, self.robots[serial]
        assert order.robot == serial
        assert why_not_send(self.world, self.setting, order, self.now) == ""
        about = {"order_id": order.order_id, "order_kind": order.kind.value, "dose_id": order.dose_id}
        logged: list[cmd.Fact] = []
        for entry in entries.split():
            extra = {"result": result, "label": order.label} if entry == "ended" else {}
            if entry == "ended" and result == "done":
                robot.carry_out(order)
            logged.append(robot.write(self.now, entry, robot=serial, **about, **extra))
        self.give(*logged, self.report(serial))
        return order

    def lift(self, serial: str) -> None:
        robot = self.robots[serial]
        robot.lifted.append(robot.tray)
        robot.tray = ""
        entry = robot.write(self.now, "lifted", robot=serial, dose_id=robot.in_tray_dose)
        self.give(entry, self.report(serial))

    def report(self, serial: str) -> ev.RobotReported:
        return ev.RobotReported(self.now, self.robots[serial].status(), serial)

    def take_dose(self, person: str) -> str:
        """The label that this person lifts."""
        serial = self.lives[person]
        self.press(serial, TAGS[person])
        self.move(serial)
        self.move(serial)
        self.lift(serial)
        return self.robots[serial].lifted[-1]

    def ask(self, command: cmd.Command) -> ev.CommandAnswered:
        (answer,) = [event for event in self.give(command) if isinstance(event, ev.CommandAnswered)]
        return answer

    def decide(self, dose: Dose, verdict: ev.Verdict, by: str) -> ev.CommandAnswered:
        self.commands += 1
        return self.ask(
            cmd.DecideDose(f"c{self.commands}", dose.dose_id, verdict, by, "seen", "home", "", 0, self.soon())
        )

    def take(self, incident: ev.Incident, by: str) -> ev.CommandAnswered:
        self.commands += 1
        return self.ask(
            cmd.TakeIncident(f"c{self.commands}", incident.incident_id, incident.revision, by, self.soon())
        )

    def soon(self) -> datetime:
        return self.now + timedelta(minutes=10)

    # --- time and the core ---

    def give(self, *facts: cmd.Fact) -> list[ev.Event]:
        world, events = settle(self.world, self.setting, facts, self.now)
        replayed = self.world
        for event in events:
            replayed = evolve(replayed, event)
        assert replayed == world, "replay gives another world"
        assert broken(self.world, world, events, changes(self.world, world, events)) == ""
        self.world = world
        self.journal += events
        return list(events)

    def until(self, local: str, day: int = 1) -> None:
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

    def dose(self, person: str, slot: str, day: int = 1) -> Dose:
        return self.world.doses[f"{KEYS[person]}/{FIRST_DAY + timedelta(days=day - 1)}/{slot}/1"]

    def outcome(self, person: str, slot: str, day: int = 1) -> str:
        outcome = self.dose(person, slot, day).outcome
        return "" if outcome is None else outcome.outcome.value

    def incident(self, person: str, slot: str, day: int = 1) -> ev.Incident | None:
        return self.world.incident_about(f"dose:{self.dose(person, slot, day).dose_id}")

    def about(self, subject: str) -> ev.Incident | None:
        """The open incident of this subject."""
        incident = self.world.incident_about(subject)
        return incident if incident is not None and incident.state is not ev.State.CLOSED else None


def spent(events: Sequence[ev.Event]) -> str:
    """Why a press led to nothing; "" = it led to something."""
    return next((event.reason for event in events if isinstance(event, ev.PressSpent)), "")
