"""Who else lives in the home of one history: one or two persons at a second robot, and what goes wrong there.

Each seed draws them from a stream of random numbers of its own, so that what else it decides stays. They
press with their own tag, with none, with another's; modes and pauses change in the middle of a window; one
asks for medicine as needed. `company_witness` and `company_looks` judge. What some of them have besides is
told in `additions`, `as_needed_robot` and `others`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from protocol.wire.messages import Answer
from scheduler import commands as cmd
from scheduler import events as ev
from scheduler.world import Setting
from simulator.line import Badness
from simulator.mechanics import Mechanics, Moved, Place, PlannedCut, Sachet
from simulator.memory import BatteryClock, Memory
from simulator.refusals import FirmwareLimits
from tests.bottle.additions import Additions
from tests.bottle.as_needed_life import AsNeededLife
from tests.bottle.as_needed_robot import AsNeededRobot
from tests.bottle.box import Served
from tests.bottle.company_looks import CompanyLooks
from tests.bottle.company_papers import (
    ALSO,
    ALSO_CHANCE,
    KINDS,
    SERIAL,
    WEIGHTS,
    CompanyPapers,
    Person,
)
from tests.bottle.company_witness import CompanyWitness, is_about
from tests.bottle.hands import Hands
from tests.bottle.oncall import Payload
from tests.bottle.others import Others
from tests.bottle.papers import SPARE_DAYS
from tests.bottle.people import Staff
from tests.bottle.regime_witness import Party
from tests.bottle.robot_end import GOOD, RobotEnd

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle
    from tests.bottle.weather import Severity

TYPED_S = (1.0, 60.0, 300.0)
CARD_READ_S = 6 * 3600.0
"""So often the folder's card is found to be the same."""

FOLDER_DEAD = 0.1
"""Of all histories: in as many the folder is read no more after a few days."""

SHARE = 0.5
"""Of the first robot's weather: so much blows at the second."""

WRONG_TAG = "tag-of-nobody"
STUCK = timedelta(hours=1)


class Company:
    """`end`, `witness`, `looks` and `staff` are there where anybody is."""

    end: RobotEnd
    witness: CompanyWitness
    looks: CompanyLooks
    staff: Staff

    def __init__(self, bottle: Bottle, seed: int, kind: str | None) -> None:
        self.bottle = bottle
        self.chance = Random(f"who else lives here, in {seed}")
        drawn = self.chance.choices(KINDS, WEIGHTS)[0]
        also = Random(f"and what is asked of a second robot in {seed}")
        if drawn == "nobody" and also.random() < ALSO_CHANCE:
            drawn = also.choice(ALSO)
        self.kind = drawn if kind is None else kind
        papers, days = bottle.papers, bottle.papers.days + SPARE_DAYS * bottle.papers.every
        self.papers = CompanyPapers(self.kind, self.chance, papers.first, days, papers.every)
        self.papers.mixes(papers, self.chance)
        self.persons = self.papers.persons
        self.served: tuple[Served, ...] = ()
        self.adding, self.at_their_robot = Additions(self, seed), AsNeededRobot(self, seed)
        self.others, self.hands = Others(self, seed), Hands(self, seed)
        self.counts: dict[str, int] = {}
        self.ended = False
        self.disturbed_s = 0.0
        self._production = 1
        self._since: datetime | None = None  # the strip holds what opens after it

    def moved_in(self, setting: Setting) -> Setting:
        return self.hands.moved_in(self.papers.moved_in(setting))

    def settle_in(self, severity: Severity) -> None:
        """Their robot, their staff and their witnesses; before the first box starts."""
        self.severity = severity
        if not self.persons:
            return
        bottle, chance = self.bottle, self.chance
        memory, matter = Memory(), Mechanics()
        memory.clock = BatteryClock(set_utc_ms=bottle.times.true_ms - 30 * 86_400_000)
        memory.entries_max = 2048
        limits = FirmwareLimits(gap_ms=0, per_day_max=10_000)
        self.end = RobotEnd(bottle.times, chance, memory, matter, limits, SERIAL)
        matter.load(self._production_id, self._packed(), bottle.times.true_ms)
        matter.witness = self._moved
        self.end.off_s = lambda: chance.choice((0.3, 2.0, 10.0, 60.0, 400.0))
        self.end.booted = self.disturbed
        self.witness = CompanyWitness(self)
        self.looks = CompanyLooks(self)
        self.staff = Staff(
            bottle,
            chance,
            lambda: bool(memory.fault),
            self.repair,
            lambda dose: dose in self.witness.in_doubt or dose in bottle.deeds.feeds_as_needed.doubted,
        )
        self.asking = AsNeededLife(self)
        for person in () if self.papers.own_robot else self.persons:
            bottle.regime_life.joins(self._party(person), always=True)
        self.end.power_on()
        self.served = (
            Served(SERIAL, self.end, Random(f"{chance.random()}"), self.witness.sending, self.witness.sent),
        )

    # --- what the bottle asks ---

    def has(self, dose: str) -> bool:
        return self.papers.has(dose)

    def concerns(self, incident: Payload) -> bool:
        """Whether it is for those who look after the second robot."""
        fed = incident["kind"] == "double_feed" and incident["robot"] == SERIAL
        return self.has(incident["dose"]) or fed

    def has_card(self) -> bool:
        """Whether the home has their first one."""
        plans = self.bottle.disk.replayed().plans
        return all(person.key in plans for person in self.persons)

    def is_about(self, event: ev.Event) -> bool:
        return bool(self.persons) and is_about(event, self.papers)

    def committed(self, events: Sequence[ev.Event]) -> None:
        self.hands.committed(events)
        if self.persons:
            always = ev.ClockTrusted | ev.ClockDoubted | ev.DaemonStarted | ev.ElsewhereRead
            theirs = [event for event in events if self.is_about(event) or isinstance(event, always)]
            self.witness.committed(theirs)

    @property
    def due_s(self) -> float | None:
        return self.end.due_s if self.persons else None

    def turn(self) -> None:
        if self.persons:
            self.end.turn()

    def gave_by_hand(self, dose: str) -> None:
        now = self.bottle.times.true
        self.bottle.given[dose] = now
        self.witness.gave_by_hand(dose, now)

    # --- a history ---

    def start(self) -> None:
        if not self.persons:
            return
        for person in () if self.papers.own_robot else self.persons:
            self.bottle.after(90, partial(self._offer, person))
        self.bottle.after(960, self._type_manifests)
        self.bottle.after(1000, self._blow_later)
        dead = self.chance.random() < FOLDER_DEAD
        self._folder_until_s = self.chance.uniform(1, 5) * 86_400 if dead else 1e12
        self.bottle.after(CARD_READ_S, self._read_cards)
        if self.papers.as_needed:
            self.bottle.after(1000, self.asking.start)
        self.adding.start()
        self.others.start()
        for hour in range(3, 24 * self.bottle.days, 4):
            self.bottle.after(hour * 3600.0, self.round)

    def plan_day(self, day: date) -> None:
        self.at_their_robot.plan_day(day)
        for person in self.persons:
            for slot in person.slots:
                dose = f"{person.key}/{day}/{slot}/1"
                self._plan_dose(person, dose)
                self.looks.plan_dose(dose)
                self.bottle.regime_life.plan_dose(dose)
                self.adding.plan_dose(dose)
                self.others.plan_dose(dose)
                self.hands.plan_dose(person, dose)

    def _plan_dose(self, person: Person, dose: str) -> None:
        chance, bottle = self.chance, self.bottle
        opens, closes = self.papers.opens(dose)[0], self.papers.closes(dose)
        length_s = (closes - opens).total_seconds()
        manner = chance.choices(("on time", "late", "never", "twice", "last second"), (70, 12, 7, 8, 3))[0]
        if manner == "never":
            return
        after_s = {
            "on time": chance.uniform(0, 0.3) * length_s,
            "late": chance.uniform(0.4, 0.97) * length_s,
            "twice": chance.uniform(-0.1, 0.8) * length_s,
            "last second": length_s + chance.uniform(-12, 2),
        }[manner]
        for time in range(1 + (manner == "twice")):
            at = opens + timedelta(seconds=after_s + time * chance.uniform(0.1, 90))
            bottle.at(at, partial(self._comes, person))

    def _comes(self, person: Person) -> None:
        """Most show their tag; some forget it and come back, some show another's."""
        chance = self.chance
        others = [one.tag for one in self.persons if one is not person] or [WRONG_TAG]
        tag = chance.choices((person.tag, "", chance.choice(others), WRONG_TAG), (76, 16, 6, 2))[0]
        self.press(tag)
        if tag != person.tag and chance.random() < 0.8:
            self.bottle.after(chance.uniform(20, 200), partial(self.press, person.tag))

    def press(self, tag: str, answer: Answer = Answer.TAKE) -> None:
        bottle = self.bottle
        bottle.say(f"at the second robot: {answer.value} by {tag or 'somebody'}")
        if answer is not Answer.AS_NEEDED:
            self.witness.presses.append((bottle.times.true, tag))
        self.hands.shows(SERIAL, tag, answer)
        self._aim()
        self.looks.pressed(tag, answer)
        self.witness.as_needed.pressed(bottle.times.true, take=answer is Answer.TAKE)
        for person in self.persons:
            theirs = tag == person.tag or (not tag and len(self.persons) == 1)
            theirs = theirs or self.hands.surely(tag, person.key)
            if theirs and (self.looks.settled() or not self.papers.own_robot):
                bottle.regimes.pressed(person.key)
        self.end.press(answer, tag)

    def lift(self) -> None:
        if self.end.mechanics.tray is not None and not self.bottle.deeds.feeds_as_needed.unseen:
            self.bottle.say("lift at the second robot")
            self.end.lift()

    def _moved(self, moved: Moved) -> None:
        self.bottle.say(f"  moved {moved.sachet.label}: {moved.origin} -> {moved.target}")
        self.end.lands = self.chance.random() < 0.5
        self.witness.moved(moved)
        if moved.target is Place.TRAY and moved.sachet is self.end.mechanics.tray:
            after_s = self.chance.choices((self.chance.uniform(0.5, 60), 500.0, 4000.0, 1e9), (88, 4, 4, 4))[
                0
            ]
            self.bottle.after(after_s, self.lift)

    # --- papers and the people who carry them ---

    @property
    def _production_id(self) -> str:
        return f"STRIP-{self._production}"

    def _packed(self) -> list[Sachet]:
        if self.papers.as_needed:
            roll = self.papers.roll(self.persons[0], self._production_id)
            return [Sachet(each.number, each.label) for each in roll.sachets]
        return [Sachet(each.number, each.label) for _, each in self.papers.strip(self._since)]

    def _offer(self, person: Person) -> None:
        """The folder is read again until the home has it."""
        if self.bottle.disk.replayed().plans.get(person.key) is None:
            self.bottle.box.hand_in(self.papers.offer(person))
            self.bottle.after(120, partial(self._offer, person))

    def _type_manifests(self) -> None:
        missing = False
        for person in self.persons:
            roll = self.papers.roll(person, self._production_id, self._since)
            if self.bottle.disk.replayed().robot(SERIAL).rolls.get(person.key) != roll:
                self.bottle.box.hand_in(cmd.LoadRoll(roll, "technician"))
                missing = True
        if missing:
            self.disturbed()
            self.bottle.after(TYPED_S[-1], self._type_manifests)

    def _read_cards(self) -> None:
        if self.bottle.times.now_s < self._folder_until_s:
            self.bottle.box.hand_in(*(cmd.ConfirmPlan(person.key) for person in self.persons))
            self.bottle.after(CARD_READ_S, self._read_cards)

    def round(self) -> None:
        """Somebody looks at the robot: a fault, a full store, a strip that has got stuck."""
        end, matter = self.end, self.end.mechanics
        if end.memory.fault or matter.lid_open:
            self.repair()
        if end.robot.due_ms is not None or not end.robot.powered:
            return
        if len(matter.store) > 18:
            matter.empty_store(self.bottle.times.true_ms)
            end.sense()
        if not matter.magazine or self.papers.as_needed:
            return
        dose = self.papers.dose_of[matter.magazine[0].label]
        if self.bottle.times.true > self.papers.closes(dose) + STUCK:
            self.change_strip(self.bottle.times.true)

    def change_strip(self, since: datetime) -> None:
        """Packed anew with what opens after that."""
        self._production += 1
        self._since = since
        self.adding.packs()
        self.bottle.say(f"new strip {self._production_id}")
        self.disturbed()
        packed = self._packed()
        self.adding.packed(packed)
        self.end.load(self._production_id, packed)
        self.bottle.after(self.chance.choice(TYPED_S), self._type_manifests)

    def repair(self) -> None:
        self.disturbed()
        self.end.mechanics.lid_open = False
        self.bottle.deeds.feeds_as_needed.looked_into()
        self.end.sense()
        self.end.clear_fault()

    def _party(self, person: Person) -> Party:
        def in_tray() -> bool:
            tray = self.end.mechanics.tray
            return tray is not None and tray.label.startswith(person.letter)

        return Party(
            person.key,
            calm=self.looks.settled,
            in_tray=in_tray,
            disturbed=self.disturbed,
            troubles=lambda: (self.disturbed_s, self.end.failures),
        )

    # --- weather ---

    def disturbed(self) -> None:
        self.disturbed_s = self.bottle.times.now_s

    def mend(self) -> None:
        """After the weather."""
        self.ended = True
        if not self.persons:
            return
        end, faults = self.end, self.end.mechanics.faults
        end.flash.mend()
        end.plug_in()
        self._line(GOOD)
        faults.cut_next, faults.stall_next, faults.slow_next_ms = None, False, 0
        if not end.robot.powered:
            end.power_on()
        self.repair()
        self.round()
        self.bottle.after(31, self.staff.look_at_all)

    def at_peace(self) -> None:
        if self.persons:
            self.looks.at_peace()

    def _blow_later(self) -> None:
        self.bottle.after(self.chance.expovariate(self.severity.a_day * SHARE / 86_400), self._blow)

    def _blow(self) -> None:
        if not self.ended:
            self._strike()
            self._blow_later()

    def _aim(self) -> None:
        if not self.ended and self.chance.random() < self.severity.aimed * SHARE:
            if self.chance.random() < 0.4:
                self.end.flash.fail_at(self.chance.randint(1, 9), kept=self.chance.random() < 0.5)
                self.count("flash at the second robot")
                self.disturbed()
            else:
                self.bottle.after(self.chance.uniform(0, 15), self._strike)

    def _strike(self) -> None:
        if self.ended:
            return
        chance, end, faults = self.chance, self.end, self.end.mechanics.faults
        name = chance.choices(
            ("power", "cut", "cable", "line", "lid", "stall", "slow"), (6, 4, 5, 3, 2, 2, 1)
        )[0]
        self.count(f"{name} at the second robot")
        self.disturbed()
        for_s = chance.choice((0.5, 15.0, 200.0, 900.0, 5_000.0))
        match name:
            case "power":
                end.power_off()
            case "cut":
                faults.cut_next = PlannedCut(int(self.end.off_s() * 1000), chance.random() < 0.5)
            case "cable":
                end.unplug()
                self.bottle.after(for_s, self._plug_in)
            case "line":
                self._line(Badness(loss=chance.choice((0.05, 0.3)), delay_s_max=chance.choice((0.05, 3.0))))
                self.bottle.after(min(for_s, 200.0), partial(self._line, GOOD))
            case "lid":
                end.mechanics.lid_open = True
                end.sense()
                self.bottle.after(for_s, self.repair)
            case "stall":
                faults.stall_next = True
            case _:
                faults.slow_next_ms = chance.choice((12_000, 29_000, 45_000))

    def _plug_in(self) -> None:
        self.disturbed()
        self.end.plug_in()

    def _line(self, badness: Badness) -> None:
        self.disturbed()
        self.end.inward.badness = self.end.outward.badness = badness

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1
