"""The world as the journal tells it: what `evolve` folds events into and `decide` looks at.

Immutable. Holds no configuration (that is `Setting`) and no time of its own but what events carried.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.custody import Count, Custody
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.events import (
    AsNeededRefused,
    CertificateFound,
    Incident,
    JournalFoundBehind,
    Order,
    OutcomeRecorded,
    Pressed,
    RobotLogged,
    RobotStatus,
)
from scheduler.expand import Catalogue, DayClock
from scheduler.habits import Habits
from scheduler.kept import kept
from scheduler.let_go import LetGo
from scheduler.limits import Limits
from scheduler.machines_of_home import RobotState as RobotState
from scheduler.permit import Permit
from scheduler.plan import Asks, DosePlan, Plan
from scheduler.regime import ORDINARY, Regime
from scheduler.remembered import AlarmTest, Asked, ChoreRun, DoubleFeed, Elsewhere, Planned, Receipt
from scheduler.roll import Beside, Roll
from scheduler.roll_look import Compared
from scheduler.window import LocalTime


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who lives in this home."""

    key: str  # permanent resident key
    robot: str  # serial number of the robot that holds their roll; "" = none
    tags: frozenset[str] = frozenset()  # what they show at a robot, as its reader tells it
    reminder_only: bool = False  # no medicine of theirs lies in a roll
    moves_in: bool = False  # they come from another home: nothing is done for them before it let them go
    as_needed_robot: str = ""  # serial of another robot, for their medicine as needed; "" = `robot` alone


@dataclass(frozen=True, slots=True)
class StaffKey:
    """What a member of staff shows at a robot (rule 5)."""

    name: str  # as they sign everything else
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who presses for residents, by a tag of their own (rule 2)."""

    name: str
    residents: tuple[str, ...]  # keys of those they may act for
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the configuration says; the same for every event of a run."""

    box: str
    residents: tuple[Resident, ...]
    robots: tuple[str, ...]  # serial numbers
    local: LocalTime
    clock: DayClock
    catalogue: Catalogue
    limits: Limits
    staff_phone: str
    staff: tuple[StaffKey, ...] = ()
    helpers: tuple[Helper, ...] = ()
    served: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)
    """Serial -> the residents whose rolls or medicine as needed it holds, in their order."""
    _robots: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _as_needed: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        served = {
            robot: tuple(one.key for one in self.residents if robot in (one.robot, one.as_needed_robot))
            for robot in self.robots
        }
        object.__setattr__(self, "served", served)
        object.__setattr__(self, "_robots", {resident.key: resident.robot for resident in self.residents})
        beside = {one.key: one.as_needed_robot or one.robot for one in self.residents}
        object.__setattr__(self, "_as_needed", beside)

    def lives_here(self, resident: str) -> bool:
        return resident in self._robots

    def robot_of(self, resident: str) -> str:
        """Serial of the robot that holds this resident's roll; "" = none, or nobody of ours."""
        return self._robots.get(resident, "")

    def robot_for(self, resident: str, *, as_needed: bool) -> str:
        """Serial of the robot that holds this resident's strip of medicine as needed, or else their roll."""
        return (self._as_needed if as_needed else self._robots).get(resident, "")

    def has_two(self, resident: str) -> bool:
        """Whether one robot has this resident's roll, and another their medicine as needed."""
        return self.robot_of(resident) != self.robot_for(resident, as_needed=True)

    def reminder_only(self, resident: str) -> bool:
        """Whether no medicine of theirs lies in a roll."""
        return any(one.reminder_only for one in self.residents if one.key == resident)


@dataclass(frozen=True, slots=True)
class MainsLost:
    at: datetime
    percent: int  # of the battery, then


@dataclass(frozen=True, slots=True)
class Robot:
    state: RobotState = RobotState.ABSENT
    since: datetime | None = None  # of the state
    reason: str = ""  # why absent or rejected
    session: str = ""
    serial: str = ""
    auth: str = ""
    boot_id: str = ""
    log_id: str = ""
    log_read: int = 0  # index of the newest entry journalled; entries count from 1
    last_entry: RobotLogged | None = None
    log_broken: str = ""  # why its log, at this hello, does not continue what we knew; "" = it does
    log_alarm: str = ""  # the same, until a person closed the incident about it
    status: RobotStatus | None = None
    gone_label: str = ""  # of the sachet that left the magazine last: a status that shows it there is older
    magazine_since: datetime | None = None  # production id last changed
    double_feed: DoubleFeed | None = None  # until a person closed the incident about it
    fed: tuple[DoubleFeed, ...] = ()  # closed ones whose next dose was not planned yet
    mains_lost: MainsLost | None = None  # None: it has mains, or never said otherwise
    battery_read: datetime | None = None  # when it last told its charge
    answers: bool = False  # it has a button for each answer
    take_along: bool = False  # it lets several doses out at once, before a leave
    rolls: Mapping[str, Roll] = field(default_factory=dict)  # by resident: several may share one strip
    press: Pressed | None = None
    spent: str = ""  # why the last press led to nothing, until the next one
    spent_at: datetime | None = None
    spent_by: str = ""  # whose press that was: a resident key; "" = nobody said
    locked_by: str = ""  # who of the staff locked it where it stands (rule 5)
    attempt: str = ""  # why a press was an attempt at what is not theirs, until a person closed the incident


@dataclass(frozen=True, slots=True)
class ClockState:
    trusted: bool = False
    reason: str = "not_compared"
    since: datetime | None = None
    vouched: frozenset[str] = frozenset()  # robots whose own clocks have agreed since it is trusted
    doubts: Mapping[str, str] = field(default_factory=dict)  # robot -> what was wrong when it last compared


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order without a result. `accepted` and `started` are what the robot's log said so far."""

    order: Order
    issued: datetime
    session: str
    accepted: bool = False
    started: bool = False
    boot_id: str = ""  # of the boot that started it
    unprovable: str = ""  # why its absence from the robot's log proves nothing (P7)


@dataclass(frozen=True, slots=True)
class Dose:
    plan: DosePlan
    robot: str = ""  # serial of the robot that its newest order or motion was of; "" = none yet
    stage: Stage = Stage.PLANNED
    rest: Stage = Stage.PLANNED  # the stage that the newest order left from
    offered: bool = False  # its window opened while the home was up
    order: OpenOrder | None = None
    doubted: Order | None = None  # the order behind a DOUBT, also after a person settled it
    found: str = ""  # the finding that settled it
    beside: str = ""  # dose id: its sachet may have left the strip beside that one's (rule 7)
    beside_it: frozenset[Beside] = frozenset()  # as needed, and may have left the strip beside it (rule 7)
    contradicted: bool = False  # the robot's record says otherwise than that finding
    attempts: int = 0  # orders issued for this dose
    releases: int = 0  # releases that may have been sent
    failure: str = ""  # why the newest release or present came to nothing, in the robot's code
    held: str = ""
    held_label: str = ""
    let_go: LetGo | None = None  # of this hold: what people said of its sachet
    label: str = ""  # on its sachet, by the release that moved it: what the holding place must show
    token: str = ""  # who may give it by hand; "" = the robot
    handed_back: str = ""  # who had that right last and said that they did not give it
    discard: str = ""  # who decided that its sachet goes to the locked store
    wanted_until: datetime | None = None  # a press asked for it: present without another one until then
    away_tried: datetime | None = None  # the newest retract or divert that did not succeed
    presented: datetime | None = None
    lifted: datetime | None = None
    had_before: datetime | None = None  # a trusted clock's word, where another had dated it
    untimed: bool = False  # what was had is dated by a clock that nobody trusted then
    reminders: int = 0
    outcome: OutcomeRecorded | None = None
    put_off: datetime | None = None  # when the resident last said later, until they want it again
    declined: datetime | None = None  # when they said no thanks, likewise
    said: str = ""  # why no thanks, if they said so
    helper: str | None = None  # who brought it out or declined it last, where a named helper did
    purpose: str = ""  # what it is for, of medicine as needed, if they said so
    effect: str = ""  # of medicine as needed: "asked", "left_open", or what they answered
    lost: bool = False  # what became of it may stand in a part of the journal that was lost (rule 23)
    uncounted: str = ""  # why it is in doubt where its sachet is (rule 24): a code of `custody`
    resolved: bool = False  # a person closed its incident at the home that it came from
    left_to_others: bool = False  # and did so because others had given it
    known: datetime | None = None  # since when it is planned
    outage: bool = False  # its window opened while the home could not offer it
    anonymous: bool = False  # pressed for by nobody in person, and it needs that (rule 2)
    left: bool = False  # lay in the tray for too long, and was taken back
    to_witness: bool = False  # had in the mode `witnessed`, and nobody has said that they saw it
    permit: Permit | None = None  # what a person has authorised beside its window
    late: Permit | None = None  # its window goes on by a person's word: `plan.closes` says so, too
    along: bool = False  # its newest release or present was for a leave
    changed: int = 0  # the plan version that asks for other medicine than was handed out
    changed_to: Asks | None = None  # what that asks for
    changes: int = 0  # how many such have come since the resident was called
    called: int = 0  # the one of them that they were called about
    double_looked_into: bool = False  # a person closed the incident of a possible double dose

    @property
    def dose_id(self) -> str:
        return self.plan.dose_id

    @property
    def loose(self) -> bool:
        """Rule 1: no sachet holds it, and none was found to: a person gives it."""
        return self.plan.loose and self.stage in IN_MAGAZINE

    @property
    def had_at(self) -> datetime:
        """When it counts as had (S2), if it does; where only an untrusted clock dated it, when a trusted one
        first vouched that it was over."""
        if self.along and self.lifted is not None:
            return self.plan.opens  # handed out to be had at its time
        if self.had_before is not None:
            return self.had_before
        if self.lifted is not None:
            return self.lifted
        if self.outcome is not None:
            return self.outcome.happened
        return self.plan.closes if self.lost else self.plan.opens

    def open_at(self, now: datetime) -> bool:
        """Whether it may be had now: its window is open, or a person has authorised it (S2)."""
        return self.plan.opens <= now < self.plan.closes or self.ahead_at(now)

    def ahead_at(self, now: datetime) -> bool:
        """Whether it may be had now by a person's word alone, before its own window."""
        return self.permit is not None and now < self.plan.opens and self.permit.holds_at(now)

    def along_at(self, now: datetime) -> bool:
        """Whether a press now is for taking it along."""
        return self.permit is not None and self.permit.along and self.ahead_at(now)

    def until_at(self, now: datetime) -> datetime:
        """When what is open now closes."""
        return self.permit.closes if self.permit is not None and self.ahead_at(now) else self.plan.closes


@dataclass(frozen=True, slots=True)
class SideDose:
    """Medicine beside the robot, at one time; what the resident said of it."""

    plan: DosePlan
    due: bool = False  # its window opened while the home was up
    reminders: int = 0
    put_off: datetime | None = None
    declined: datetime | None = None
    said: str = ""
    helper: str | None = None
    outcome: OutcomeRecorded | None = None

    @property
    def dose_id(self) -> str:
        return self.plan.dose_id

    def open_at(self, now: datetime) -> bool:
        """Whether its window is open."""
        return self.plan.opens <= now < self.plan.closes


def by_opening(doses: Iterable[Dose]) -> dict[str, Dose]:
    """By dose id, in the order in which the strip holds them. `evolve` keeps a world's doses so."""
    ordered = sorted(doses, key=lambda dose: (dose.plan.opens, dose.dose_id))
    return {dose.dose_id: dose for dose in ordered}


NO_ROBOT_YET = ""
"""In `World.robots`: what is known of each robot that has said nothing yet."""


@dataclass(frozen=True, slots=True)
class World:
    epoch: int = 0
    last_at: datetime | None = None  # of the newest event, by the clock of that moment
    trusted_at: datetime | None = None  # the newest instant that an event was given by a trusted clock
    clock: ClockState = field(default_factory=ClockState)
    plans: Mapping[str, Plan] = field(default_factory=dict)
    refused_plans: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Resident -> (fingerprint, "reason path") of the newest refusal, until a card is accepted."""
    planned: Mapping[str, Planned] = field(default_factory=dict)  # by resident
    named: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Resident -> prescription on their card -> the card version that named it first; 0: it was on the first
    card that this home accepted."""
    doses: Mapping[str, Dose] = field(default_factory=dict)  # in the order of `by_opening`
    sides: Mapping[str, SideDose] = field(default_factory=dict)  # by dose id, in the order of their windows
    robots: Mapping[str, Robot] = field(default_factory=dict)  # by serial, the newest identified last
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    subjects: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # newest incident id, ordinal
    receipts: Mapping[str, Receipt] = field(default_factory=dict)
    answered: Mapping[str, datetime] = field(default_factory=dict)  # command id -> forget after
    store_stopped: tuple[str, datetime] | None = None  # why and when, until a person closed the incident
    forged: str = ""  # why the newest forged command failed at the door, until a person closed the incident
    behind: tuple[JournalFoundBehind, ...] = ()  # what robot and on-call know and we don't: a lock
    looked_into: tuple[tuple[int, str], ...] = ()  # (epoch, head) of such a loss that a person has closed
    lost_before: datetime | None = None  # doses due before it may have been given in the part that was lost
    began: datetime | None = None  # the first start; by a trusted clock as soon as there was one
    alarm_test: AlarmTest | None = None
    certificates: tuple[CertificateFound, ...] = ()
    chores: Mapping[str, ChoreRun] = field(default_factory=dict)  # by the chore's name
    asked: Mapping[str, Asked] = field(default_factory=dict)  # by resident
    refusals: Mapping[str, AsNeededRefused] = field(default_factory=dict)  # the newest, by resident
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)  # by resident
    help: Mapping[str, datetime] = field(default_factory=dict)
    """Since when somebody waits to be called back: by resident, or by robot where nobody said who."""
    regimes: Mapping[str, Regime] = field(default_factory=dict)  # by resident; none = `ORDINARY`
    habits: Mapping[str, Habits] = field(default_factory=dict)  # by resident
    confirmed: Mapping[str, datetime] = field(default_factory=dict)
    """Resident -> when their card was last read at its source."""
    compared: Mapping[str, Compared] = field(default_factory=dict)  # by resident
    custody: Mapping[str, Custody] = field(default_factory=dict)  # by resident; none: they never moved
    counts: Mapping[str, tuple[Count, ...]] = field(default_factory=dict)  # by resident (rule 24)
    medicine: Catalogue | None = None  # the list in force; None: as configured, before the home adopted one
    refused_list: str = ""  # why the configured list is not in force
    mapping: DayClock | None = None  # when the parts of the day are; None as for `medicine`
    refused_times: str = ""  # why the configured times are not in force

    def regime(self, resident: str) -> Regime:
        return self.regimes.get(resident, ORDINARY)

    def catalogue(self, setting: Setting) -> Catalogue:
        return self.medicine or setting.catalogue

    def day_clock(self, setting: Setting) -> DayClock:
        return self.mapping or setting.clock

    def incident_about(self, subject: str) -> Incident | None:
        """The newest incident of this cause, open or closed."""
        known = self.subjects.get(subject)
        return self.incidents.get(known[0]) if known else None

    def robot(self, serial: str) -> Robot:
        return self.robots.get(serial) or self.robots.get(NO_ROBOT_YET) or Robot()

    def serial(self, named: str) -> str:
        """Which robot an event is about: journals of homes with one robot name none in some of theirs."""
        return named or next(reversed(list(self.robots)), NO_ROBOT_YET)

    def order_under_way(self, robot: str | None = None) -> OpenOrder | None:
        """P6: one order in flight per robot; None = of any."""
        for under_way in _under_way(self.doses):
            if robot in (None, under_way.order.robot):
                return under_way
        return None


@kept(4)
def _under_way(doses: Mapping[str, Dose]) -> tuple[OpenOrder, ...]:
    return tuple(dose.order for dose in doses.values() if dose.order is not None)


def robot_of(setting: Setting, dose: Dose) -> str:
    """The robot that has this dose's sachet; "" = none has. One that left the magazine, or may have, is where
    its newest order was; the others are where the resident's roll is, or their medicine as needed. A robot
    that the home serves no more fences the resident's present one."""
    if dose.loose:
        return ""
    left = dose.order is not None or dose.stage not in IN_MAGAZINE
    if left and dose.robot in setting.robots:
        return dose.robot
    return setting.robot_for(dose.plan.resident, as_needed=dose.plan.as_needed)


def left_behind(setting: Setting, dose: Dose) -> bool:
    """Whether its sachet is out of the magazine of a robot that the home serves no more: `robot_of` names
    another one then, which has no such sachet to move."""
    return dose.stage not in IN_MAGAZINE and dose.robot not in ("", robot_of(setting, dose))


LOSSES_MAX = 64
"""P12: heads of lost journals remembered. One forgotten would only lock the robot once more."""

TOKENS_AHEAD = timedelta(minutes=30)
"""So long before its window staff may have taken a dose that the robot could not offer (rule 5)."""

KEEP_SETTLED = timedelta(days=3)
"""A settled dose leaves the world after this; the journal keeps it. Longer than any offline correction of a
robot's log by the same session, shorter than a roll: the world stays small."""

FORGERIES = frozenset(
    {"bad_signature", "other_home", "other_epoch", "unreadable", "lives_too_long", "from_the_future"},
)
"""Reasons for which somebody should look at who sends commands to this home."""
