"""One box of the wild town: the pure core, its courier, and a robot of matter for each serial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.decide import decide, next_wakeup, settle
from scheduler.gate import why_not_send
from scheduler.invariants import broken
from scheduler.outgoing import changes
from scheduler.world import Setting, World
from tests.support.machine_states import evolved
from tests.support.matter import Matter

Seen = Callable[["Box", list[ev.Event]], None]


@dataclass
class Line:
    """A robot, and the wire to it."""

    matter: Matter
    connected: bool = False
    session: int = 0
    read: int = 0  # log entries told
    handled: str = ""  # the newest order that the courier looked at


class Box:
    def __init__(self, name: str, setting: Setting, now: Callable[[], datetime], chance: Random) -> None:
        self.name, self.setting, self.true_now, self.chance = name, setting, now, chance
        self.world = World()
        self.skew = timedelta(0)  # of the box's wall clock
        self.lines: dict[str, Line] = {}
        self.seen: list[Seen] = []
        self.allowed: Callable[[Box, ev.Order], None] = lambda _box, _order: None
        self.commands = 0
        self.trace: Callable[[str], None] | None = None

    @property
    def now(self) -> datetime:
        return self.true_now() + self.skew

    # --- the core ---

    def give(self, *facts: cmd.Fact) -> list[ev.Event]:
        if self.trace is not None:
            for fact in facts:
                self.trace(f"{self.true_now():%d %H:%M:%S} {self.name} < {fact}")
        before = self.world
        world, events = settle(before, self.setting, facts, self.now)
        replayed = before
        for event in events:
            replayed = evolved(replayed, event)
            if self.trace is not None:
                self.trace(f"    {event}")
        assert replayed == world, "replay gives another world"
        fault = broken(before, world, events, changes(before, world, events))
        assert fault == "", f"fail-stop: {fault}"
        self.world = world
        for look in self.seen:
            look(self, list(events))
        return list(events)

    def wake(self, until: datetime) -> None:
        """What the core wants to say before `until` (true time): it sleeps until it said it would wake."""
        due = next_wakeup(self.world, self.setting, self.now)
        assert due is None or due - self.skew > self.true_now(), "woke too late"
        if self.true_now() < until and self.chance.random() < 0.2:
            said = decide(self.world, self.setting, self.now)
            assert not said, f"not at rest: {said}"

    def due(self) -> datetime | None:
        at = next_wakeup(self.world, self.setting, self.now)
        return None if at is None else at - self.skew

    def ask(self, command: cmd.Command) -> str:
        """ "" = accepted; else the refusal."""
        for event in self.give(command):
            if isinstance(event, ev.CommandAnswered):
                return "" if event.accepted else event.reason
        raise AssertionError("not answered")

    def nonce(self) -> str:
        self.commands += 1
        return f"{self.name}-{self.commands}"

    def soon(self) -> datetime:
        return self.now + timedelta(minutes=10)

    # --- robots ---

    def connect(self, serial: str) -> None:
        line = self.lines[serial]
        matter = line.matter
        if not matter.powered or serial not in self.setting.robots:
            return
        line.session += 1
        matter.hello(self.now)
        known = [e for e in matter.log if e.index >= max(self.world.robot(serial).log_read, 1)]
        if self.world.robot(serial).log_id != matter.log_id:
            known = list(matter.log)
        session, head = self.session(serial), len(matter.log)
        hello = ev.RobotIdentified(
            self.now,
            serial,
            session,
            "1",
            "none",
            f"boot-{matter.boot}",
            matter.log_id,
            1,
            head,
            0,
            "",
            True,
            True,
        )
        facts: list[cmd.Fact] = [hello, self.clock(serial), self.report(serial)]
        facts += [replace(entry, at=self.now, robot=serial) for entry in known]
        facts.append(ev.RobotCaughtUp(self.now, serial, session))
        if self.chance.random() < 0.1:  # the line breaks while catching up
            for fact in facts[: self.chance.randrange(len(facts))]:
                self.give(fact)
            self.lose(serial)
            return
        line.connected, line.read = True, head
        self.give(*facts)
        self.courier(serial)

    def lose(self, serial: str) -> None:
        self.lines[serial].connected = False
        self.give(ev.RobotLost(self.now, self.chance.choice(["unplugged", "no_reply"]), serial))

    def session(self, serial: str) -> str:
        return f"{serial}-s{self.lines[serial].session}"

    def clock(self, serial: str) -> cmd.ReportClock:
        true = self.true_now()
        return cmd.ReportClock(serial, true, self.now, True, True, true - timedelta(days=30), 20)

    def report(self, serial: str) -> ev.RobotReported:
        return ev.RobotReported(self.now, self.lines[serial].matter.status(), serial)

    def tell(self, serial: str) -> None:
        line = self.lines[serial]
        if not line.connected:
            return
        self.give(self.report(serial))
        news = [replace(entry, at=self.now, robot=serial) for entry in line.matter.log[line.read :]]
        line.read = len(line.matter.log)
        self.give(*news)
        self.courier(serial)

    def press(self, serial: str, tag: str, answer: ev.Answer = ev.Answer.TAKE) -> list[ev.Event]:
        if not self.lines[serial].connected:
            return []
        age_ms = self.chance.choice([10, 10, 10, 10, 59_000, 61_000])
        events = self.give(ev.Pressed(self.now, serial, self.session(serial), age_ms, answer, tag=tag))
        if self.chance.random() < 0.9:
            self.courier(serial)
        return events

    def courier(self, serial: str) -> None:
        """One look at the order under way: revoked, refused on the spot, or sent."""
        line, under_way = self.lines[serial], self.world.order_under_way(serial)
        if under_way is None or not line.connected or under_way.order.order_id == line.handled:
            return
        if under_way.session != self.world.robot(serial).session:
            return
        line.handled = under_way.order.order_id
        reason = why_not_send(self.world, self.setting, under_way.order, self.now)
        if reason:
            self.give(ev.OrderRevoked(self.now, under_way.order.order_id, reason))
        elif line.matter.motion is not None or self.chance.random() < 0.02:
            self.refuse(under_way.order, "busy")
        elif wrong := unreadable(line.matter, under_way.order):
            self.refuse(under_way.order, wrong)
        else:
            self.allowed(self, under_way.order)
            line.matter.accept(under_way.order, self.now)

    def refuse(self, order: ev.Order, reason: str) -> None:
        self.give(ev.OrderEnded(self.now, order.order_id, "", order.kind, ev.Result.REFUSED, reason))

    def work(self, serial: str, *, smoothly: bool = False) -> None:
        """The motor does the next thing."""
        matter = self.lines[serial].matter
        motion = matter.motion
        if not matter.powered or motion is None:
            self.courier(serial)
            return
        if not motion.started:
            if self.now >= motion.order.expires or (not smoothly and self.chance.random() < 0.05):
                matter.hello(self.now)
            else:
                matter.start(self.now)
        else:
            ways = [("done", True), ("not_moved", False), ("unclear", True), ("unclear", False)]
            result, lands = ways[0] if smoothly else self.chance.choices(ways, [20, 2, 1, 1])[0]
            matter.end(self.now, result, lands)
            if result != "done" and self.chance.random() < 0.3:
                matter.fault = "motor_stall"
        if smoothly or self.chance.random() < 0.9:
            self.tell(serial)

    def restart(self) -> None:
        for line in self.lines.values():
            line.connected, line.handled = False, ""
        self.give(ev.DaemonStarted(self.now, "test", self.name, 1))


def unreadable(matter: Matter, order: ev.Order) -> str:
    """Why the robot itself would not move: it reads the label again before each motion."""
    there = {"magazine": matter.strip[0] if matter.strip else "", "tray": matter.tray}
    found = there.get(order.source, matter.holding)
    if not found:
        return "place_empty"
    return "label_mismatch" if order.label and order.label != found else ""
