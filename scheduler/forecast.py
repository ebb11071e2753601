"""What will run out, and at which dose: the roll in a robot, and the battery of a robot without mains.

Pure, and part of the alarm catalogue: `causes_robot` asks what is due now, `decide` when to look again, and
whoever shows the home (`status`, `doses`) asks the same functions. The plan's own end is `upkeep`'s.

A roll runs out at the first dose asked for after its last sachet that has none on the strip: told as that
dose, not as a number of sachets, since one a week and four a day are the same number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.expand import Catalogue, DayClock, expand
from scheduler.kept import kept
from scheduler.plan import DosePlan, Plan
from scheduler.roll import Roll, Sachet, sachet_for
from scheduler.side_doses import in_sachets
from scheduler.world import Robot, RobotState, Setting, World

REFILL_STEPS = (
    (timedelta(hours=24), ev.Priority.MEDIUM, "within_24_h"),
    (timedelta(hours=48), ev.Priority.LOW, "within_48_h"),
    (timedelta(hours=72), ev.Priority.LOW, "within_72_h"),
)
"""Before the first dose without a sachet: a pharmacy packs in two days, and a round is planned in one."""

LOOK_DAYS = 31
"""So far beyond its last sachet the first dose without one is looked for: a dosage once a month."""

BATTERY_FULL = timedelta(hours=4)
"""What a full battery is taken for until this one has shown more: the least of those in use (4-18 h)."""

SEEN_ENOUGH_PERCENT = 20
"""So much of it must have gone before what it showed counts: a robot tells each tenth."""

BATTERY_BEYOND = timedelta(hours=2)
"""It must last to the next dose and for its whole window."""

MAINS_LOST = timedelta(minutes=5)
"""A plug that was moved to another socket is nobody's business."""

NEEDS_CLOCK = frozenset({ev.Kind.REFILL_DUE, ev.Kind.MAINS_LOST, ev.Kind.BATTERY_SHORT})
"""A clock nobody trusts neither raises nor clears these."""


@dataclass(frozen=True, slots=True)
class Refill:
    """The first dose of one resident that the roll in the robot has no sachet for."""

    resident: str
    robot: str
    dose: DosePlan


def refills(world: World, setting: Setting, serial: str) -> Sequence[Refill]:
    """Of each resident whose roll is in this robot; none of one whose plan ends before the roll does."""
    robot = world.robot(serial)
    if robot.state is not RobotState.READY or robot.status is None or world.trusted_at is None:
        return ()
    clock, catalogue = world.day_clock(setting), world.catalogue(setting)
    return _refills(setting, clock, catalogue, world.plans, serial, robot.rolls, robot.status)


@kept(8)
def _refills(
    setting: Setting,
    clock: DayClock,
    catalogue: Catalogue,
    plans: Mapping[str, Plan],
    serial: str,
    rolls: Mapping[str, Roll],
    status: ev.RobotStatus,
) -> tuple[Refill, ...]:
    left = _left(rolls, status)
    found = []
    for resident in setting.served[serial]:
        roll, plan = rolls.get(resident), plans.get(resident)
        if roll is None or roll.as_needed or roll.production_id != status.production_id or plan is None:
            continue
        mine = [one for one in left if one in roll.sachets]
        dose = _first_without(setting, clock, catalogue, plan, roll, mine)
        if dose is not None:
            found.append(Refill(resident, serial, dose))
    return tuple(sorted(found, key=lambda one: (one.dose.opens, one.resident)))


def refill_due(refill: Refill, now: datetime) -> Cause | None:
    """What staff hear of it, if it is time."""
    for before, priority, detail in REFILL_STEPS:
        if refill.dose.opens - before <= now < refill.dose.closes:
            return Cause(ev.Kind.REFILL_DUE, priority, detail, before=refill.dose.opens)
    return None


def battery_until(robot: Robot) -> datetime | None:
    """When a robot without mains will be empty, as far as it showed; None = it has mains, or said nothing.

    Counted from when it told its charge: the tenth that it shows began then.
    """
    status, lost = robot.status, robot.mains_lost
    if status is None or status.mains or lost is None or robot.battery_read is None:
        return None
    gone = lost.percent - status.battery_percent
    whole = BATTERY_FULL
    if gone >= SEEN_ENOUGH_PERCENT:
        whole = (robot.battery_read - lost.at) / gone * 100
    return robot.battery_read + whole * status.battery_percent / 100


def power(world: World, setting: Setting, serial: str, now: datetime) -> Cause | None:
    """Mains lost for a while; high once the battery will not see the next dose through."""
    robot = world.robot(serial)
    until = battery_until(robot)
    if until is None or robot.mains_lost is None or robot.state is RobotState.REJECTED:
        return None
    if not world.clock.trusted or now < robot.mains_lost.at + MAINS_LOST:
        return None
    opens = _next_dose(world, setting, serial, now)
    if opens is not None and until < max(opens, now) + BATTERY_BEYOND:
        return Cause(ev.Kind.BATTERY_SHORT, ev.Priority.HIGH, before=opens)
    return Cause(ev.Kind.MAINS_LOST, ev.Priority.LOW)


def forecast_instants(world: World, setting: Setting) -> Iterator[datetime]:
    """When one of these may begin by the clock alone."""
    for serial in setting.robots:
        for refill in refills(world, setting, serial)[:1]:
            yield from (refill.dose.opens - before for before, _, _ in REFILL_STEPS)
        robot = world.robot(serial)
        if robot.mains_lost is not None:
            yield robot.mains_lost.at + MAINS_LOST
            until = battery_until(robot)
            if until is not None:
                yield until - BATTERY_BEYOND + timedelta(milliseconds=1)


def sachets_left(robot: Robot) -> tuple[Sachet, ...]:
    """What is still on the strip, whosever it is: from the label at the mouth on, and no more than the robot
    counts. Its last ones where the mouth can't be read."""
    return () if robot.status is None else _left(robot.rolls, robot.status)


def _left(rolls: Mapping[str, Roll], status: ev.RobotStatus) -> tuple[Sachet, ...]:
    if status.sachets_left == 0:
        return ()
    strip = _strip(rolls.values(), status.production_id)
    labels = [sachet.label for sachet in strip]
    if status.mouth_label not in labels:
        return tuple(strip[-status.sachets_left :])
    first = labels.index(status.mouth_label)
    return tuple(strip[first : first + status.sachets_left])


def _strip(rolls: Iterable[Roll], production_id: str) -> list[Sachet]:
    together = [sachet for roll in rolls if roll.production_id == production_id for sachet in roll.sachets]
    return sorted(together, key=lambda sachet: sachet.number)


def _first_without(
    setting: Setting, clock: DayClock, catalogue: Catalogue, plan: Plan, roll: Roll, left: Sequence[Sachet]
) -> DosePlan | None:
    """After the last one that is left, or that was on it: what is due before it is the gate's to see."""
    if not roll.sachets:
        return None
    last = max(sachet.local for sachet in left or roll.sachets)
    fixed = in_sachets(plan, setting)
    for ahead in range(LOOK_DAYS + 1):
        day = last.date() + timedelta(days=ahead)
        doses = expand(
            fixed,
            day,
            clock,
            setting.local,
            catalogue,
            setting.limits.window,
            [],
            controlled_window=setting.limits.controlled_window,
        )
        for dose in doses:
            local = setting.local.local(dose.opens)
            sachet = sachet_for(roll, day, local)
            if local > last and (sachet is None or sachet not in left):
                return dose
    return None


def _next_dose(world: World, setting: Setting, serial: str, now: datetime) -> datetime | None:
    """Of a dose that somebody waits for at this robot."""
    return min(
        (
            dose.plan.opens
            for dose in world.doses.values()
            if setting.robot_for(dose.plan.resident, as_needed=dose.plan.as_needed) == serial
            and not dose.loose
            and dose.outcome is None
            and dose.plan.closes > now
            and world.regime(dose.plan.resident).pause is None
        ),
        default=None,
    )
