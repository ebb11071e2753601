"""Two homes, one resident, and a bag between them: moves, counts and a key at the robot, by chance.

A small bottle of its own, over two pure cores (`PureHome`), with a stream of random numbers of its own. It
judges by matter: what the resident had from a robot, from the bag with the old strip, or from a hand, for
each date and slot; and which sachets are in the bag. Papers get lost, are read twice, late, and in any
order; both boxes are restarted at any moment; the resident presses at both robots.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.care import not_ours, uncounted
from scheduler.decide import next_wakeup
from scheduler.world import Resident, StaffKey
from tests.support.pure_home import (
    FIRST_DAY,
    PARTS,
    RESIDENT,
    ROBOT,
    PureHome,
    prescriptions,
    roll,
    setting,
    utc,
)

DAYS = 5
NURSE, KEY = "Nina Nurse", "key-n"
BOXES = ("box-0001", "box-0002")

Slot = tuple[int, str]
"""Day from 1, and day part."""

LABELS = {sachet.label: sachet for sachet in roll(DAYS + 2).sachets}
SLOT_OF: dict[str, Slot] = {
    sachet.label: ((sachet.local.date() - FIRST_DAY).days + 1, part.value)
    for sachet in roll(DAYS + 4).sachets
    for part, clock in PARTS.items()
    if sachet.local.time() == clock
}


ALL = [sachet.label for sachet in roll(DAYS + 4).sachets]
"""Also of the days that no strip reaches."""


@dataclass
class TwoHomes:
    seed: int
    had: Counter[Slot] = field(default_factory=Counter)
    bag: set[str] = field(default_factory=set)  # sachets of strips that were taken out, by label
    requests: list[tuple[int, str]] = field(default_factory=list)  # who asked, and the move
    bundles: list[ev.ResidentMovedOut] = field(default_factory=list)
    moves: int = 0
    rolls: int = 1
    deeds: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.chance = Random(f"two homes {self.seed}")
        self.given = False  # by the nurse at a robot, who has not said it yet
        self.locked: PureHome | None = None  # where she stands
        keys = (StaffKey(NURSE, frozenset({KEY})),)
        self.homes = []
        for number, box in enumerate(BOXES):
            lives = Resident(RESIDENT, ROBOT, moves_in=bool(number))
            home = PureHome(utc("07:00"), replace(setting(), box=box, residents=(lives,), staff=keys))
            home.robot.labels = list(LABELS) if number == 0 else []
            home.daemon()
            home.connect()
            self.homes.append(home)
        self.homes[0].give(cmd.OfferPlan(RESIDENT, 1, prescriptions(), "f1"))
        self.homes[0].give(cmd.LoadRoll(roll(DAYS + 2), "technician"))

    def play(self) -> None:
        for day in range(1, DAYS + 1):
            for part, clock in PARTS.items():
                opens = utc(clock.isoformat(), day)
                self._until(opens - timedelta(minutes=40))
                for _ in range(self.chance.randrange(7)):
                    self._paper()
                self._until(opens + timedelta(minutes=self.chance.randrange(3, 90)))
                self._dose_time((day, part.value))
                self._until(opens + timedelta(hours=2, minutes=3))
                self.looks()

    def looks(self) -> None:
        """The oracles: medicine, custody, and what is on the list of the uncounted."""
        for slot, times in self.had.items():
            assert times <= 1, f"S1: {slot} was had {times} times"
        ours = [home for home in self.homes if not not_ours(home.world, home.setting, RESIDENT)]
        assert len(ours) <= 1, "rule 24: two homes have the resident in their care"
        for home in self.homes:
            giving = [d for d in home.world.doses.values() if d.outcome is None]
            assert not giving or home in ours, "rule 24: a home without custody waits to give a dose"
        for home in ours:
            listed = {each.label for each in uncounted(home.world, RESIDENT)}
            due = {label for label in self.bag if utc_of(label) > home.now}
            assert due <= listed, "rule 24: a sachet is in a bag and on no list"
            self._told_of_the_end(home)

    def _told_of_the_end(self, home: PureHome) -> None:
        """By matter: the sachet that lies last on the strip, and four doses a day without an end."""
        strip = home.robot.labels
        world, since = home.world, home.world.robot(ROBOT).magazine_since
        if not strip or RESIDENT not in world.robot(ROBOT).rolls or since is None:
            return
        after = min(at for at in (utc_of(label) for label in ALL) if at > utc_of(strip[-1]))
        settled = home.now > since + timedelta(minutes=10)
        if settled and after - timedelta(hours=71) < home.now < after:
            told = world.incident_about(f"roll:{RESIDENT}")
            assert told is not None, "S4: nobody is told that the roll ends"
            assert not told.cleared, "S4: nobody is told that the roll ends"

    # --- papers ---

    def _paper(self) -> None:
        deed = self.chance.choices(
            ("ask", "out", "in", "count", "restart", "an old request", "an old bundle"), (3, 3, 3, 3, 1, 1, 2)
        )[0]
        self.deeds[deed] += 1
        number = self.chance.randrange(2)
        home = self.homes[number]
        match deed:
            case "ask":
                self.moves += 1
                move = f"move-{self.moves}"
                if home.ask(cmd.AskMove(home.nonce(), RESIDENT, move, "technician", home.soon())).accepted:
                    self.requests.append((number, move))
            case "out" | "an old request" if self.requests:
                asked = self.requests[-1] if deed == "out" else self.chance.choice(self.requests)
                self._out(*asked)
            case "in" | "an old bundle" if self.bundles:
                bundle = self.bundles[-1] if deed == "in" else self.chance.choice(self.bundles)
                named = self.homes[BOXES.index(bundle.to_box)]
                self._in(named if self.chance.random() < 0.8 else home, bundle)
            case "count":
                self._count(home)
            case "restart":
                home.daemon()
                home.connect()
            case _:
                pass

    def _out(self, asked: int, move: str) -> None:
        old, to = self.homes[1 - asked], BOXES[asked]
        before = old.world.custody.get(RESIDENT)
        wish = cmd.MoveOut(old.nonce(), RESIDENT, move, to, "nurse", "moves", old.soon())
        answer = old.ask(wish)
        self.deeds[f"out: {answer.reason}"] += 1
        if not answer.accepted:
            return
        moved = old.world.custody[RESIDENT].moved
        assert moved is not None
        if before is None or before.moved is None:
            self.deeds["moved out"] += 1
            self.bag |= set(old.robot.labels)
            old.robot.labels, old.robot.production_id = [], ""
            old.give(ev.RobotReported(old.now, old.robot.status()))
        if self.chance.random() < 0.8:  # else the file is lost
            self.bundles.append(moved)

    def _in(self, new: PureHome, bundle: ev.ResidentMovedOut) -> None:
        answer = new.ask(cmd.MoveIn(new.nonce(), bundle, "technician", new.soon()))
        self.deeds[f"in: {answer.reason}"] += 1
        if not answer.accepted:
            return
        self.deeds["moved in"] += 1
        self.rolls += 1
        coming = [label for label in LABELS if utc_of(label) > new.now and label not in new.robot.lifted]
        put = roll(DAYS + 2, f"ROLL-{self.rolls}")
        new.robot.labels, new.robot.production_id = coming, put.production_id
        new.give(ev.RobotReported(new.now, new.robot.status()), cmd.LoadRoll(put, "technician"))

    def _count(self, home: PureHome) -> None:
        """By a technician with the bag: what is in it goes to the waste, what is not is missing."""
        listed = [each.label for each in uncounted(home.world, RESIDENT)]
        some = self.chance.sample(listed, self.chance.randrange(len(listed) + 1))
        for place, labels in (
            ("waste", [label for label in some if label in self.bag]),
            ("missing", [label for label in some if label not in self.bag]),
        ):
            wish = cmd.CountSachets(home.nonce(), RESIDENT, tuple(labels), place, "technician", home.soon())
            if labels and home.ask(wish).accepted:
                self.deeds[f"counted {place}"] += 1
                self.bag -= set(labels)

    # --- the resident and the staff ---

    def _dose_time(self, slot: Slot) -> None:
        if self.chance.random() < 0.3:
            self._from_the_bag(slot)
        nurse = self.chance.choice((None, None, *self.homes))
        if nurse is not None:
            self._at_the_robot(nurse, slot)
        for home in self.chance.sample(self.homes, 2):
            self._press(home)
        if nurse is not None:
            self._says(nurse, slot)

    def _from_the_bag(self, slot: Slot) -> None:
        label = next((label for label in self.bag if SLOT_OF[label] == slot), "")
        if label:
            self.deeds["from the bag"] += 1
            self.bag.discard(label)
            self.had[slot] += 1

    def _press(self, home: PureHome) -> None:
        home.press()
        while (under_way := home.world.order_under_way()) is not None:
            towards = under_way.order.kind in (ev.OrderKind.RELEASE, ev.OrderKind.PRESENT)
            assert not (towards and home is self.locked), "rule 5: a robot gave behind a lock of the staff"
            home.move()
        if home.robot.tray:
            self.had[SLOT_OF[home.robot.tray]] += 1
            self.deeds["from a robot"] += 1
            home.lift()

    def _at_the_robot(self, home: PureHome, slot: Slot) -> None:
        """A nurse locks it, and gives at once where the home gave her the right and the resident had none."""
        self.given, self.locked = False, home
        home.give(ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 100, tag=KEY))
        dose = home.world.doses.get(dose_id(slot))
        if dose is not None and dose.token == NURSE and not self.had[slot]:
            self.deeds["by hand"] += 1
            self.given = True
            self.had[slot] += 1

    def _says(self, home: PureHome, slot: Slot) -> None:
        """What she did; then the robot is open again."""
        dose = home.world.doses.get(dose_id(slot))
        if dose is not None and dose.token == NURSE:
            said = ev.Verdict.GIVEN if self.given else ev.Verdict.NOT_GIVEN
            home.decide(dose, said, NURSE)
        home.give(ev.Pressed(home.now, ROBOT, f"s{home.robot.session}", 100, tag=KEY))
        self.locked = None
        assert not home.world.robot(ROBOT).locked_by, "rule 5: the lock did not end by a person's word"

    def _until(self, at: datetime) -> None:
        """Wake by wake, and a robot does what it is ordered."""
        for home in self.homes:
            while home.now < at:
                due = next_wakeup(home.world, home.setting, home.now)
                home.now = at if due is None else min(at, due)
                home.give()
                while home.world.order_under_way() is not None:
                    home.move()


def dose_id(slot: Slot) -> str:
    day, part = slot
    return f"{RESIDENT}/{FIRST_DAY + timedelta(days=day - 1)}/{part}/1"


def utc_of(label: str) -> datetime:
    day, part = SLOT_OF[label]
    return utc(PARTS_BY_NAME[part], day)


PARTS_BY_NAME = {part.value: clock.isoformat() for part, clock in PARTS.items()}
