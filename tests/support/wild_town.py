"""Two boxes, four people, their staff, all that can be asked of the core: the moves of wild days.

A move is something that people, wires or motors do. None knows what the core should do; each is told by what
the core answered. Staff say what is true of what they find, and say it late; a count they may get wrong.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from random import Random

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.care import uncounted
from scheduler.dose import Stage
from scheduler.world import Dose
from tests.support.matter import Matter
from tests.support.pure_home import FIRST_DAY
from tests.support.wild_box import Box, Line
from tests.support.wild_ledger import Ledger
from tests.support.wild_papers import (
    AWAY_ROBOT,
    DAYS_PACKED,
    KEYS,
    NAMES,
    NOON,
    SLOTS,
    card,
    instant,
    is_as_needed,
    packed,
    rolls,
    sachet,
    settings,
)

PEOPLE = ("Anna", "Berit", "Nina", "Otto")
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Town:
    """`two`: D has a robot for the noon dose beside the one with medicine as needed."""

    def __init__(self, seed: int, *, two: bool = False) -> None:
        self.chance, self.two = Random(seed), two
        self.ledger = Ledger()
        self.boxes = [
            Box(name, settings(name, two=two), lambda: self.now, self.chance) for name in ("box-1", "box-2")
        ]
        self.versions = dict.fromkeys("ABCD", 1)
        self.strips = packed(two=two)
        self.magazines = 0
        self.unsaid: dict[str, str] = {}  # dose -> who gave it by hand and has not said so
        for box in self.boxes:
            box.seen.append(self.ledger.sees)
            box.allowed = self.ledger.allowed
            box.restart()
            for serial in box.setting.robots:
                self.robot(box, serial)

    @property
    def now(self) -> datetime:
        return self.ledger.now

    def start(self) -> None:
        home = self.boxes[0]
        for serial in home.setting.robots:
            while not home.lines[serial].connected:
                home.connect(serial)
        for name in "ABCD":
            home.give(cmd.OfferPlan(KEYS[name], 1, card(name), f"{name}-1"))
        for serial in home.setting.robots:
            self.magazine(home, serial, self.strips[serial])

    # --- matter ---

    def robot(self, box: Box, serial: str) -> None:
        def starts(order: ev.Order, label: str) -> None:
            self.ledger.starts(order, label)

        matter = Matter([], starts, f"{serial}-empty", log_id=f"log-{serial}")
        self.ledger.matters.append(matter)
        box.lines[serial] = Line(matter)

    def magazine(self, box: Box, serial: str, labels: list[str]) -> None:
        """Other labels lie on the strip from now on, and a technician says which."""
        matter = box.lines[serial].matter
        self.magazines += 1
        matter.strip, matter.production_id = list(labels), f"M{self.magazines}"
        box.tell(serial)
        for roll in rolls(matter.production_id, matter.strip):
            box.give(cmd.LoadRoll(roll, "technician"))

    def had(self, label: str) -> bool:
        return any(label.rstrip("+") in {k.rstrip("+") for k in m.hands} for m in self.ledger.matters)

    def used(self, label: str) -> bool:
        stored = any(label in {each.rstrip("+") for each in m.store} for m in self.ledger.matters)
        return stored or self.had(label)

    def to_come(self, names: str, *, again: bool = False, as_needed: bool = False) -> list[str]:
        """What a pharmacy packs for these people from now on; `again`: the whole day anew."""
        found = []
        for labels in packed(two=self.two).values():
            for label in labels:
                if is_as_needed(label) is not as_needed:
                    continue
                packed_for = sachet(1, label).local
                ahead = (
                    label[2:4] == "pn" or instant(packed_for.date(), packed_for.time()) + 2 * HOUR > self.now
                )
                today = again and packed_for.date() == self.now.date()
                if label[0] in names and (today or (ahead and not self.used(label))):
                    found.append(label + "+" * (1 + self.magazines) if again or label[2:4] == "pn" else label)
        return sorted(found, key=lambda label: (sachet(1, label).local, label))

    def whole(self, box: Box, serial: str) -> str:
        """Whose roll this robot holds, by the configuration."""
        here = box.setting.served[serial]
        return "".join(NAMES[key] for key in here if self.ledger.custody[NAMES[key]] == box.name)

    # --- time ---

    def wait(self, span: timedelta, *, smoothly: bool = False) -> None:
        until = self.now + span
        while self.now < until:
            self.all_motors(smoothly=smoothly)
            dues = [due for box in self.boxes if (due := box.due()) is not None and due > self.now]
            self.ledger.now = min([*dues, until])
            for box in self.boxes:
                if not box.world.clock.trusted:
                    self.ledger.asleep_until = self.now
                box.give()
        self.all_motors(smoothly=smoothly)

    def all_motors(self, *, smoothly: bool) -> None:
        """A robot does what it is told within seconds, as a rule."""
        for box in self.boxes:
            for serial in box.setting.robots:
                for _ in range(6 if smoothly or self.chance.random() < 0.8 else 0):
                    if box.world.order_under_way(serial) is not None:
                        box.work(serial, smoothly=smoothly)

    # --- people ---

    def any_box(self) -> Box:
        return self.chance.choices(self.boxes, [5, 1])[0]

    def line(self, box: Box) -> tuple[str, Line]:
        serial = self.chance.choice(box.setting.robots)
        return serial, box.lines[serial]

    def home_of(self, name: str) -> Box | None:
        return next((box for box in self.boxes if box.name == self.ledger.custody[name]), None)

    def comes(self, name: str, *, smoothly: bool = False) -> None:
        """The resident presses, waits and lifts, as on most days."""
        box = self.home_of(name)
        if box is None:
            return
        asks = name == "D" and (not self.two or (not smoothly and self.chance.random() < 0.6))
        serial = box.setting.robot_for(KEYS[name], as_needed=asks)
        tag = f"tag-{name}" if smoothly or self.chance.random() < 0.8 else ""
        if asks:
            box.press(serial, tag, ev.Answer.AS_NEEDED)
            box.press(serial, tag, ev.Answer.FIRST)
        else:
            box.press(serial, tag)
        for _ in range(6):
            box.work(serial, smoothly=smoothly)
        self.lifts(box, serial)

    def lifts(self, box: Box, serial: str) -> None:
        matter = box.lines[serial].matter
        if matter.tray and matter.motion is None:
            matter.lift(box.now)
            matter.hands[next(reversed(matter.hands))] = self.now
            box.tell(serial)

    def answer(self, box: Box, verdict: ev.Verdict, dose: Dose | str, by: str) -> str:
        about = dose if isinstance(dose, str) else dose.dose_id
        return box.ask(cmd.DecideDose(box.nonce(), about, verdict, by, "seen", "home", "", 0, box.soon()))

    def gives(self) -> None:
        """Whoever was told that they may give a dose does, and may say so later."""
        for dose, by in list(self.ledger.rights.items()):
            box = self.home_of(NAMES[dose.split("/")[0]])
            known = box.world.doses.get(dose) if box is not None else None
            if dose in self.unsaid or self.chance.random() < 0.5:
                continue
            opens = known.plan.opens if known is not None else self.now
            if opens <= self.now < opens + 5 * HOUR and not self.stopped(box, dose):
                self.ledger.may_be_given(dose)
                self.ledger.by_hand[dose] = self.now
                self.unsaid[dose] = by

    def stopped(self, box: Box | None, dose: str) -> bool:
        incident = box.world.incident_about(f"dose:{dose}") if box is not None else None
        return incident is not None and incident.detail == "no_longer_planned"

    def says(self, share: float = 0.6) -> None:
        for dose, by in list(self.unsaid.items()):
            box = self.home_of(NAMES[dose.split("/")[0]])
            if box is None or self.chance.random() >= share:
                continue
            if dose not in box.world.doses or not self.answer(box, ev.Verdict.GIVEN, dose, by):
                del self.unsaid[dose]
                self.ledger.rights.pop(dose, None)

    def gives_back(self, share: float = 0.3) -> None:
        for dose, by in list(self.ledger.rights.items()):
            box = self.home_of(NAMES[dose.split("/")[0]])
            if box is not None and dose not in self.ledger.by_hand and self.chance.random() < share:
                self.answer(box, ev.Verdict.NOT_GIVEN, dose, by)

    def looks(self, box: Box) -> None:
        """Somebody at the robots says truly what they find, and lets go what is held."""
        for serial in box.setting.robots:
            box.tell(serial)
        for dose in list(box.world.doses.values()):
            if dose.stage is Stage.DOUBT:
                had = self.had(dose.label) if dose.label else False
                verdict = ev.Verdict.HAD_IT if had else ev.Verdict.NOT_GIVEN
                self.answer(box, verdict, dose, self.chance.choice(PEOPLE))
            elif dose.stage is Stage.HELD or self.chance.random() < 0.01:
                self.answer(box, ev.Verdict.DISCARD, dose, "Anna")

    def incidents(self, box: Box) -> list[ev.Incident]:
        return [each for each in box.world.incidents.values() if each.state is not ev.State.CLOSED]

    def take(self, box: Box, incident: ev.Incident, by: str) -> str:
        asked = cmd.TakeIncident(box.nonce(), incident.incident_id, incident.revision, by, box.soon())
        return box.ask(asked)

    def close(self, box: Box, incident: ev.Incident) -> str:
        said = ("nothing_elsewhere", "done")[incident.kind is not ev.Kind.AS_NEEDED_UNSURE]
        asked = (box.nonce(), incident.incident_id, incident.revision, incident.owner, said, box.soon())
        return box.ask(cmd.CloseIncident(*asked))

    # --- where medicine lives ---

    def moves(self, *, whole: bool = False) -> None:
        """A moves to the other box, or only part of the way."""
        if not self.ledger.custody["A"]:
            return
        old = self.boxes[self.ledger.custody["A"] == "box-2"]
        new = self.boxes[self.ledger.custody["A"] == "box-1"]
        move = f"move-{new.nonce()}"
        if new.ask(cmd.AskMove(new.nonce(), KEYS["A"], move, "technician", new.soon())):
            return
        if old.ask(cmd.MoveOut(old.nonce(), KEYS["A"], move, new.name, "nurse", "moving", old.soon())):
            return
        moved = old.world.custody[KEYS["A"]].moved
        self.pending = (new, moved) if moved is not None else None
        if self.chance.random() < 0.5:
            self.arrives()

    pending: tuple[Box, ev.ResidentMovedOut] | None = None

    def arrives(self) -> None:
        if self.pending is None:
            return
        box, moved = self.pending
        if box.ask(cmd.MoveIn(box.nonce(), moved, "technician", box.soon())):
            return
        self.pending = None
        serial = box.setting.robot_of(KEYS["A"])
        if serial == AWAY_ROBOT or self.chance.random() < 0.7:
            self.refill(box, serial)

    def refill(self, box: Box, serial: str, *, again: bool | None = None) -> None:
        """Another magazine; nobody needs to have said that the old one goes."""
        line = box.lines[serial]
        if line.matter.motion is None and line.connected:
            anew = self.chance.random() < 0.2 if again is None else again
            as_needed = serial == box.setting.robot_for(KEYS["D"], as_needed=True)
            labels = self.to_come(self.whole(box, serial), again=anew, as_needed=as_needed)
            self.magazine(box, serial, labels)

    def swaps(self, box: Box, serial: str) -> None:
        said = box.ask(cmd.TakeOutMagazine(box.nonce(), serial, "technician", box.soon()))
        if not said and self.chance.random() < 0.8:
            self.refill(box, serial)

    def dies(self, box: Box, serial: str) -> None:
        """The robot is another one from the next start on; whatever lay in it is somebody's to look for."""
        matter = box.lines[serial].matter
        if matter.motion is not None and matter.motion.started:
            return
        new = f"{serial.split('-')[0]}-{box.nonce()}"
        people = tuple(
            replace(
                each,
                robot=new if each.robot == serial else each.robot,
                as_needed_robot=new if each.as_needed_robot == serial else each.as_needed_robot,
            )
            for each in box.setting.residents
        )
        robots = tuple(new if each == serial else each for each in box.setting.robots)
        matter.strip, matter.holding, matter.tray, matter.motion = [], "", "", None
        self.robot(box, new)
        del box.lines[serial]
        box.setting = replace(box.setting, residents=people, robots=robots)
        box.restart()
        box.connect(new)
        self.refill(box, new)

    def counts(self, box: Box, name: str, *, in_order: bool = False) -> None:
        left = [each.label for each in uncounted(box.world, KEYS[name])]
        chosen = left if in_order else [label for label in left if self.chance.random() < 0.5]
        place = "waste" if in_order else self.chance.choice(["robot", "waste", "waste", "missing"])
        there: set[str] = set()
        for serial in {box.setting.robot_for(KEYS[name], as_needed=each) for each in (False, True)} - {""}:
            there |= set(box.lines[serial].matter.strip)
        if place == "robot":
            chosen = [label for label in chosen if label in there or self.chance.random() < 0.2]
        if chosen:
            box.ask(cmd.CountSachets(box.nonce(), KEYS[name], tuple(chosen), place, "technician", box.soon()))


def later(town: Town, hours: float) -> datetime:
    return town.now + timedelta(hours=hours)


def new_card(town: Town, name: str, noon: time | None) -> None:
    box = town.home_of(name)
    town.versions[name] += 1
    if noon is not None and noon not in town.ledger.noons[name]:
        town.ledger.noons[name].append(noon)
    if box is not None and "noon" in SLOTS[name]:
        version = town.versions[name]
        box.give(cmd.OfferPlan(KEYS[name], version, card(name, noon), f"{name}-{version}"))


__all__ = ["DAYS_PACKED", "FIRST_DAY", "NOON", "PEOPLE", "Town", "later", "new_card"]
