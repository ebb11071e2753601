"""Whether the roll in a robot fits the plan, sachet by sachet to its end, and what staff hear if it does not.

Looked at once for each roll that is loaded and each plan that comes into force, ahead of time: what lies at
the mouth is still held against its own dose when that is due (S3), and is then that dose's own incident. Here
staff learn of it while a pharmacy can still mend it.

Two things may be wrong. *Content*: a sachet holds other medicine than the dose it was packed for, or no dose
asks for it (`roll_conflict`; high where it is the next dose's). *Extent*: sachets are missing, the roll is
for another period, or it overlaps with what was had (`refill_wrong`). A person's decision ends either, until
a roll or a plan brings something that was not wrong before; so does one with which it fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.added import in_parts, packed
from scheduler.cause import Cause
from scheduler.dose import IN_MAGAZINE, Stage
from scheduler.expand import expand
from scheduler.forecast import sachets_left
from scheduler.own_sachet import NO_SACHET
from scheduler.plan import DosePlan, Plan
from scheduler.planning import making
from scheduler.roll import PACKED_APART_MAX, Roll, Sachet, sachet_for, same_medicine
from scheduler.roll_look import Compared
from scheduler.side_doses import in_sachets
from scheduler.world import Dose, Robot, RobotState, Setting, World

CONTENT_MISMATCH, NOT_ON_CARD = "content_mismatch", "not_on_card"
ALREADY_HAD = "already_had"
OF_CONTENT = frozenset({CONTENT_MISMATCH, NOT_ON_CARD})

REFILL_PARTIAL, WRONG_PERIOD, OVERLAPPING = "refill_partial", "wrong_period", "overlapping"
"""Details of `refill_wrong`."""

NEEDS_CLOCK = frozenset({ev.Kind.REFILL_WRONG})
"""A clock nobody trusts neither raises nor clears it; nor a conflict, which also needs its robot."""

DAYS_MAX = 31
"""Of one roll, twice what the longest holds: what is packed for later is no roll's."""


def compared(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Once for each roll and plan, as soon as the robot shows what is on the strip."""
    if not world.clock.trusted:
        return []
    for serial in setting.robots:
        for resident in setting.served[serial]:
            found = _compared(world, setting, serial, resident, now)
            if found is not None:
                return [found]
    return []


def refill_causes(world: World, setting: Setting, now: datetime) -> dict[str, Cause]:
    """By subject, as in `causes`: of the roll that is in the robot, and of what is still ahead."""
    found: dict[str, Cause | None] = {}
    for resident, known in world.compared.items():
        robot = world.robot(setting.robot_of(resident))
        status, roll = robot.status, robot.rolls.get(resident)
        there = status is not None and roll is not None and status.production_id == roll.production_id
        if there and roll is not None and known.found.production_id == roll.production_id:
            found[f"fit:{resident}"] = _conflict(world, known, resident, now)
            found[f"refill:{resident}"] = _extent(known, now)
    return {subject: cause for subject, cause in found.items() if cause is not None}


def refill_instants(world: World) -> Iterator[datetime]:
    """When one of these may begin, rise or end by the clock alone."""
    for known in world.compared.values():
        for misfit in known.found.misfits:
            yield misfit.at


@dataclass(frozen=True, slots=True)
class _Asked:
    """A dose of the plan, and what this home knows of it."""

    plan: DosePlan
    known: Dose | None

    def waits_at(self, now: datetime) -> bool:
        if self.plan.closes <= now:
            return False
        return self.known is None or (self.known.outcome is None and self.known.stage in IN_MAGAZINE)


def _compared(
    world: World, setting: Setting, serial: str, resident: str, now: datetime
) -> ev.RollCompared | None:
    robot, plan, planned = world.robot(serial), world.plans.get(resident), world.planned.get(resident)
    roll, clock = robot.rolls.get(resident), world.day_clock(setting)
    if plan is None or planned is None or planned.version != plan.plan_version or roll is None:
        return None
    key = (roll.production_id, plan.plan_version, clock.version)
    if roll.as_needed or not _can_look(world, robot, roll) or key == _key(world.compared.get(resident)):
        return None
    asked = [_Asked(each, world.doses.get(each.dose_id)) for each in _asked(world, setting, plan, roll, now)]
    left = _left(robot, roll)
    following = next((one.plan for one in asked if one.plan.opens > now), None)
    extent = _extent_of(roll)
    misfits = [
        *_of_doses(setting, roll, left, [one for one in asked if one.waits_at(now)], now),
        *_of_sachets(setting, roll, left, asked, now),
    ]
    return ev.RollCompared(
        at=now,
        resident=resident,
        robot=serial,
        production_id=roll.production_id,
        plan_version=plan.plan_version,
        clock_version=clock.version,
        wrong_period=following is not None
        and (extent is None or not _within(extent, setting.local.local(following.opens))),
        misfits=tuple(sorted(misfits, key=lambda each: (each.at, each.label))),
    )


def _key(known: Compared | None) -> tuple[str, int, int] | None:
    if known is None:
        return None
    return known.found.production_id, known.found.plan_version, known.found.clock_version


def _can_look(world: World, robot: Robot, roll: Roll) -> bool:
    status = robot.status
    if robot.state is not RobotState.READY or status is None or status.production_id != roll.production_id:
        return False
    just_left = bool(status.mouth_label) and status.mouth_label == robot.gone_label
    return status.sachets_left > 0 and not just_left and world.order_under_way(robot.serial) is None


def _asked(world: World, setting: Setting, plan: Plan, roll: Roll, now: datetime) -> Iterator[DosePlan]:
    """From today to the roll's last date, and one day beyond: whether it ends before the next dose."""
    if not roll.sachets:
        return
    fixed, known = in_sachets(plan, setting), world.planned[plan.resident]
    day = setting.local.day_of(now)
    last = min(max(each.local.date() for each in roll.sachets), day + timedelta(days=DAYS_MAX))
    while day <= max(last, known.to):
        if day <= known.to:
            yield from (
                dose.plan
                for dose in world.doses.values()
                if dose.plan.resident == plan.resident
                and dose.plan.day == day
                and not dose.plan.as_needed
                and not dose.plan.surplus
                and not dose.loose
            )
        else:
            doses = expand(
                fixed,
                day,
                world.day_clock(setting),
                setting.local,
                world.catalogue(setting),
                setting.limits.window,
                [],
                controlled_window=setting.limits.controlled_window,
            )
            there = packed(world, setting, plan.resident)
            parts = in_parts(doses, (), (), there, making(world, setting))
            yield from (dose for dose in parts if not dose.loose)
        day += timedelta(days=1)


def _left(robot: Robot, roll: Roll) -> list[Sachet]:
    on_strip = {sachet.label for sachet in sachets_left(robot)}
    return [sachet for sachet in roll.sachets if sachet.label in on_strip]


Extent = tuple[datetime, datetime]
"""First and last local time that a roll was packed for."""


def _extent_of(roll: Roll) -> Extent | None:
    times = [sachet.local for sachet in roll.sachets]
    return (min(times), max(times)) if times else None


def _within(extent: Extent, local: datetime) -> bool:
    return extent[0] - PACKED_APART_MAX <= local <= extent[1] + PACKED_APART_MAX


def _of_doses(
    setting: Setting, roll: Roll, left: Sequence[Sachet], waiting: Sequence[_Asked], now: datetime
) -> Iterator[ev.RollMisfit]:
    """Doses ahead whose sachet holds something else, or is not there although the roll goes on after it."""
    extent = _extent_of(roll)
    for one in waiting:
        if one.plan.opens <= now:
            continue  # its own incident tells of it
        local = setting.local.local(one.plan.opens)
        sachet = sachet_for(roll, one.plan.day, local)
        if sachet is None or sachet not in left:
            if extent is not None and _within(extent, local):
                yield ev.RollMisfit(one.plan.opens, "", NO_SACHET)
        elif not same_medicine(sachet.content, one.plan.content):
            yield ev.RollMisfit(one.plan.opens, sachet.label, CONTENT_MISMATCH)


def _of_sachets(
    setting: Setting, roll: Roll, left: Sequence[Sachet], asked: Sequence[_Asked], now: datetime
) -> Iterator[ev.RollMisfit]:
    """Sachets on the strip that no dose waits for: it was had by another roll's, or nobody asks for it."""
    wanted: dict[str, list[_Asked]] = {}
    for one in asked:
        sachet = sachet_for(roll, one.plan.day, setting.local.local(one.plan.opens))
        if sachet is not None:
            wanted.setdefault(sachet.label, []).append(one)
    for sachet in left:
        packed = setting.local.instant(sachet.local.date(), sachet.local.time())
        doses = wanted.get(sachet.label, [])
        if any(one.waits_at(now) or (one.known is not None and _still_there(one.known)) for one in doses):
            continue
        had = bool(doses) or packed + setting.limits.window <= now
        yield ev.RollMisfit(packed, sachet.label, ALREADY_HAD if had else NOT_ON_CARD)


def _still_there(dose: Dose) -> bool:
    """Settled, or moving, and its own sachet may be the one on the strip."""
    return dose.stage in IN_MAGAZINE or dose.stage in (Stage.RELEASING, Stage.PASSING, Stage.DOUBT)


def _conflict(world: World, known: Compared, resident: str, now: datetime) -> Cause | None:
    """What is ahead, and not told of by its own sachet's incident yet."""
    if known.fit_decided:
        return None
    told = {
        dose.held_label
        for dose in world.doses.values()
        if dose.plan.resident == resident and dose.stage is Stage.HELD
    }
    ahead = [
        each
        for each in known.found.misfits
        if each.reason in OF_CONTENT and each.at > now and each.label not in told
    ]
    if not ahead:
        return None
    opens = next(
        (
            dose.plan.opens
            for dose in world.doses.values()
            if dose.plan.resident == resident
            and dose.plan.opens > now
            and dose.outcome is None
            and not dose.plan.as_needed
        ),
        None,
    )
    affected = opens is not None and ahead[0].at <= opens
    priority = ev.Priority.HIGH if affected else ev.Priority.MEDIUM
    return Cause(ev.Kind.ROLL_CONFLICT, priority, ahead[0].reason, before=ahead[0].at)


def _extent(known: Compared, now: datetime) -> Cause | None:
    if known.refill_decided:
        return None
    reasons = {each.reason for each in known.found.misfits if each.at > now or each.reason == ALREADY_HAD}
    detail = WRONG_PERIOD if known.found.wrong_period else ""
    detail = detail or (OVERLAPPING if ALREADY_HAD in reasons else "")
    detail = detail or (REFILL_PARTIAL if NO_SACHET in reasons else "")
    return Cause(ev.Kind.REFILL_WRONG, ev.Priority.MEDIUM, detail) if detail else None
