"""The world in a bottle: one home, its people and its weather in virtual time. One seed is one history.

The real core, engine, courier, driver, uplink and downlink against the real simulated firmware; everything
else is here. Time leaps over what is quiet: to the next thing that somebody does, breaks or wants.
"""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from random import Random

import structlog

from scheduler.events import Event, TokenPassed
from scheduler.outbox import Change
from scheduler.world import Setting
from simulator.line import Badness
from simulator.mechanics import Mechanics, Moved, Place
from tests.bottle.alarm_tests import AlarmTests
from tests.bottle.box import Box, Folder
from tests.bottle.clocks import Clocks
from tests.bottle.company import Company
from tests.bottle.deeds import Deeds
from tests.bottle.faraway import Faraway
from tests.bottle.first_robot import first_robot
from tests.bottle.fuse import Fuse
from tests.bottle.journal import Disk
from tests.bottle.keys import with_keys
from tests.bottle.leaves import Leaves
from tests.bottle.liveness import Liveness
from tests.bottle.network import Network
from tests.bottle.oncall import OnCall, Payload
from tests.bottle.papers import FOREIGN, WINDOW, ZONE, Papers, dose_id
from tests.bottle.peace import at_peace, make_peace
from tests.bottle.people import Resident, Staff
from tests.bottle.recipe import EVERY, Recipe
from tests.bottle.regime_life import RegimeLife
from tests.bottle.regime_witness import Party, RegimeWitness
from tests.bottle.siege import SIEGE, Siege
from tests.bottle.technician import Technician
from tests.bottle.times import EPOCH, Times
from tests.bottle.voices import Voices
from tests.bottle.weather import SEVERITIES, Weather
from tests.bottle.witnesses import Witnesses
from tests.support.pure_home import DRUGS, RESIDENT, ROBOT, setting

QUIET = structlog.make_filtering_bound_logger(logging.CRITICAL)

FIRST_DAYS = (
    date(2026, 11, 2),
    date(2026, 10, 20),  # summer time ends
    date(2027, 3, 22),  # summer time begins
    date(2026, 12, 24),  # a year ends
    date(2028, 2, 24),  # a leap day
)
STEPS_MAX = 4_000_000
"""Of one history: more is a loop that does not rest."""

HUNG_S = 60.0
"""A commit that takes longer is a home that does nothing meanwhile."""

PEACE_DAYS = 1
LOAD_EARLY_S = 900.0


class Bottle:
    def __init__(self, recipe: Recipe, trace: Callable[[str], None] | None = None) -> None:
        structlog.configure(wrapper_class=QUIET)
        chance = self.chance = Random(recipe.seed)
        self.trace = trace
        first = chance.choice(FIRST_DAYS)
        slots = tuple(s for s in DRUGS if chance.random() < recipe.slot_chance) or ("noon",)
        every = chance.choices(*zip(*EVERY, strict=True))[0] if recipe.every is None else recipe.every
        self.papers = Papers(first, recipe.days, slots, every)
        self.times = Times(datetime.combine(first, time(6), ZONE).astimezone(UTC))
        self.days = recipe.days
        drawn = chance.choices(SEVERITIES, (12, 7, 1))[0]
        trusting = chance.random() < 0.5
        self.trusting = trusting if recipe.trusting is None else recipe.trusting
        self.company = Company(self, recipe.seed, recipe.company)
        self.setting = self.company.moved_in(with_keys(self._setting()))
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self.disk, self.folder = Disk(), Folder()
        self.oncall = OnCall(self.times, chance)
        self.network = Network(self.times, chance, self.oncall.take)
        self.oncall.send = self.network.to_home
        self.end = first_robot(self)
        self.matter.witness = self._moved
        self.given: dict[str, datetime] = {}
        self.presses: deque[datetime] = deque(maxlen=20)
        self.slow_disk_s = 0.0
        self.commit_s = 0.0  # what the newest commit takes or took, however the disk is by now
        self.box_deaths = 0
        self.deaths_at: dict[str, int] = {}
        self.commits = 0
        self.orders = 0
        self.steps = 0
        self.leaps = 0
        self.witnesses = Witnesses(self)
        self.liveness, self.alarm_tests = Liveness(self), AlarmTests(self, recipe.seed)
        severity = recipe.severity or drawn
        self.weather = Siege(self) if severity == SIEGE else Weather(self, severity, recipe.bias)
        self.end.off_s = self.weather.off_s
        self.regimes, self.regime_life = RegimeWitness(self), RegimeLife(self, recipe.seed, recipe.bias)
        self.regime_life.joins(self._first_resident(), always=False)
        self.company.settle_in(severity)
        self.resident, self.staff, self.technician = Resident(self), Staff(self), Technician(self)
        self.clocks, self.faraway, self.voices = Clocks(self), Faraway(self), Voices(self, recipe.seed)
        self.leaves, self.deeds = Leaves(self, recipe.seed), Deeds(self, recipe.seed, recipe.bias)
        self.oncall.heard = self._heard
        self.end.booted = self.weather.recovering
        self.box_since_s = self.box_down_since_s = 0.0
        self.box = self._new_box()

    # --- a history ---

    def run(self) -> None:
        """All of it; AssertionError is a violation."""
        try:
            self._live()
            at_peace(self)
            self.company.at_peace()
        finally:
            self.box.bury()

    def _live(self) -> None:
        self.after(60, lambda: self.box.hand_in(self.papers.offer(1)))
        self.after(LOAD_EARLY_S, self.technician.types_manifest)
        self.after(LOAD_EARLY_S + 60, self.weather.start)
        self.alarm_tests.plan(self.days)
        self.company.start()
        self.after(1200, self.regime_life.start)
        self.after(1200, self.deeds.start)
        for number in range(self.days):
            day = self.papers.first + timedelta(days=number)
            self._at_local(day, time(0, 30) if number else time(6, 20), partial(self._day, day))
            if number and self.papers.is_due(day):
                self._at_local(day - timedelta(days=1), time(17, 0), partial(self.leaves.plan_day, day))
            for hour in (9, 13, 17, 21):
                self._at_local(day, time(hour, 17), self.technician.round)
        self.until_s((self.days - 1) * 86_400.0 + 18.5 * 3600)
        make_peace(self)

    def _day(self, day: date) -> None:
        if self.papers.is_due(day):
            for slot in self.papers.slots:
                self.regime_life.plan_dose(dose_id(day, slot))
            self.company.plan_day(day)
            self.resident.plan_day(day)
            self.deeds.plan_day(day)
            self.liveness.plan_day(day)

    # --- time ---

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (self.times.now_s + seconds, next(self._numbers), act))

    def at(self, instant: datetime, act: Callable[[], None]) -> None:
        self.after(max(0.0, self.times.at_s(instant) - self.times.now_s), act)

    def _at_local(self, day: date, local: time, act: Callable[[], None]) -> None:
        self.at(datetime.combine(day, local, ZONE), act)

    def until_s(self, end_s: float) -> None:
        while self.times.now_s < end_s:
            self._instant()
            due_s = min(self._due_s(), end_s)
            if due_s > self.times.now_s:
                self.times.now_s = due_s
                self.leaps += 1
            self.steps += 1
            assert self.steps < STEPS_MAX, "the history does not rest"

    def _instant(self) -> None:
        """Everybody whose time has come, until nobody has anything left to do now."""
        now_s = self.times.now_s
        while self._agenda and self._agenda[0][0] <= now_s:
            heapq.heappop(self._agenda)[2]()
        self.network.turn()
        self.end.turn()
        self.company.turn()
        self.box.turn()
        if self.box.fuse.dead or self.box.fault is not None:
            self._box_ended()

    def _due_s(self) -> float:
        dues = [self._agenda[0][0] if self._agenda else None, self.network.due_s, self.end.due_s]
        dues.append(self.company.due_s)
        if self.box.alive:
            dues.append(self._box_due_s())
        return min([due for due in dues if due is not None])

    def _box_due_s(self) -> float | None:
        """The next timer of the process where anything is under way; else what the core said is due."""
        box = self.box
        if box.loop.ready:
            return self.times.now_s
        if not box.ready or box.committing or box.robots_busy or self._delivering() or box.connecting:
            return box.due_s
        due = box.engine.due
        if due is None:
            return None
        due_s = self.times.at_s(due - self.times.wall_off) + 0.001
        return due_s if due_s > self.times.now_s else box.due_s  # it is due: a slow commit is under way

    def _delivering(self) -> bool:
        return self.network.connected and self.oncall.up and bool(self.disk.waiting)

    # --- the box's lives ---

    def _new_box(self) -> Box:
        self.box_since_s = self.times.now_s
        return Box(
            disk=self.disk,
            times=self.times,
            setting=self.setting,
            end=self.end,
            network=self.network,
            folder=self.folder,
            chance=self.chance,
            fuse=Fuse(),
            witness=self,
            beside=self.company.served,
        )

    def kill_box(self, down_s: float | None = None) -> None:
        if self.box.alive:
            self.box.fuse.at = "anywhere"
            self.box.kill()
            self._buried(down_s)

    def _box_ended(self) -> None:
        if self.box.fault is not None:
            if isinstance(self.box.fault, AssertionError):
                raise self.box.fault  # a witness of ours spoke
            raise AssertionError(f"the home ended by itself: {self.box.fault!r}") from self.box.fault
        if not self.box.loop.is_closed():
            self.box.bury()
            self._buried(None)

    def _buried(self, down_s: float | None) -> None:
        at = self.box.fuse.at
        self.box_deaths += 1
        self.box_down_since_s = self.times.now_s
        self.deaths_at[at] = self.deaths_at.get(at, 0) + 1
        self.say(f"the box dies: {at}")
        down = self.weather.down_s() if down_s is None else down_s
        self.liveness.disturbed()
        self.after(down, self.start_box)

    def start_box(self) -> None:
        if self.box.alive:
            return
        if not self.weather.ended and self.chance.random() < 0.05 and not self.times.wall_off:
            self.times.set_wall(EPOCH + timedelta(days=self.chance.randrange(3)) - self.times.true)
            self.after(self.chance.choice((3.0, 40.0, 900.0)), lambda: self.clocks.step(timedelta(0)))
        self.box = self._new_box()
        self.liveness.disturbed()
        self.weather.recovering()
        self.say("the box starts")

    def committed(self, box: Box, events: Sequence[Event], changes: Sequence[Change]) -> None:
        self.commits += 1
        if self.trace:
            for event in events:
                self.say(f"    {event}")
        own = [event for event in events if not self.company.is_about(event)]
        self.deeds.answered(events)
        self.witnesses.committed(own, changes)
        self.deeds.committed(own)
        self.alarm_tests.committed(events)
        self.company.committed(events)
        self.regimes.committed(events)
        self.regime_life.committed(events)
        if any(isinstance(event, TokenPassed) for event in own):
            self.resident.hears_of_help()
        self.end.told(own, ordered=self.box.engine.world.order_under_way(ROBOT) is not None)

    def sending(self) -> None:
        self.witnesses.sending()

    def sent(self) -> None:
        self.witnesses.sent()
        self.weather.sent()

    def fsync_s(self) -> float:
        """How long a commit takes: a worn card may need seconds."""
        slow_s = self.commit_s = self.chance.random() * self.slow_disk_s if self.slow_disk_s else 0.0
        if slow_s > HUNG_S:
            self.liveness.disturbed()
            self.after(slow_s, self.liveness.disturbed)
        return slow_s

    # --- what people and weather do ---

    def pressed(self) -> None:
        self.say("press")
        self.presses.append(self.times.true)
        self.weather.aim()
        self.liveness.pressed()
        self.regimes.pressed(RESIDENT)
        self.end.press(tag=self.company.hands.at_the_first())

    def lift(self) -> None:
        if self.matter.tray is not None:
            self.say("lift")
            self.end.lift()
            self.weather.aim()

    def _heard(self, incident: Payload) -> None:
        self.company.others.witness.heard(incident)
        (self.company.staff if self.company.concerns(incident) else self.staff).told(incident)

    def give_by_hand(self, dose: str) -> None:
        self.say(f"given by hand: {dose[33:]}")
        if self.company.has(dose):
            self.company.gave_by_hand(dose)
            return
        self.given[dose] = self.times.true
        self.resident.hears_of_help()
        self.witnesses.gave_by_hand(dose)

    def repair(self) -> None:
        self.lid(open_=False)
        self.end.clear_fault()

    def lid(self, *, open_: bool) -> None:
        if self.matter.lid_open != open_:
            self.matter.lid_open = open_
            self.end.sense()

    def line(self, badness: Badness) -> None:
        self.end.inward.badness = self.end.outward.badness = badness

    # --- looking ---

    @property
    def matter(self) -> Mechanics:
        return self.end.mechanics

    def opens(self, dose: str) -> list[datetime]:
        if self.company.has(dose):
            return self.company.papers.opens(dose)
        _, day, slot, _ = dose.split("/")
        return self.papers.opens(date.fromisoformat(day), slot)

    def closes(self, dose: str) -> datetime:
        if self.company.has(dose):
            return self.company.papers.closes(dose)
        closes = max(self.opens(dose)) + WINDOW
        return max(closes, self.deeds.permits.until(dose) or closes)

    def where(self, dose: str) -> str:
        if self.company.has(dose):
            return self.company.witness.where_is(dose)
        if dose in self.witnesses.surplus:
            return self.witnesses.where(self.witnesses.surplus[dose])
        _, day, slot, _ = dose.split("/")
        return self.witnesses.where(self.papers.label_of[date.fromisoformat(day), slot])

    def say(self, what: str) -> None:
        if self.trace:
            self.trace(f"{self.times.true.astimezone(ZONE).isoformat()[:23]}  {what}")

    # --- what it is made of ---

    def _setting(self) -> Setting:
        return setting(
            reminder_every=self.chance.choice((timedelta(minutes=15), timedelta(minutes=40))),
            idle_proof=timedelta(hours=1) if self.chance.random() < 0.04 else timedelta(hours=18),
        )

    def _first_resident(self) -> Party:
        return Party(
            RESIDENT,
            calm=lambda: self.liveness.settled() and self.liveness.robot_here(),
            in_tray=lambda: self.matter.tray is not None,
            disturbed=self.liveness.disturbed,
            troubles=lambda: self.weather.total,
        )

    def _moved(self, moved: Moved) -> None:
        self.say(f"  moved {moved.sachet.label}: {moved.origin} -> {moved.target}")
        self.end.lands = self.chance.random() < 0.5
        self.witnesses.moved(moved)
        alone = moved.sachet not in self.matter.beside.values()
        if moved.target is Place.TRAY and alone and not moved.sachet.label.startswith(FOREIGN):
            day, slot = self.papers.labels[moved.sachet.label]
            self.resident.sees_sachet(max(self.papers.opens(day, slot)) + WINDOW)
            self.deeds.cards.in_tray(slot)
            self.staff.hear_of_a_dose()
