"""A sachet at the mouth that no dose waits for: its medicine was taken off the card, or its dose is settled
and a second roll brings the same one again.

It stands in the way of every dose behind it, and becomes a hold of its own, so that a person decides of
that sachet and of no dose: discarded, the strip goes past it into the locked store, and what lies behind is
offered as ever. Pure; asked before `held`, which would hold the next dose in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.dose import IN_MAGAZINE, IN_MOTION, Stage
from scheduler.gate import lock
from scheduler.ids import dose_id
from scheduler.let_go import is_let_go
from scheduler.offering import doses_at
from scheduler.plan import SURPLUS_SLOT, DosePlan
from scheduler.roll import Sachet, holder, sachet_for
from scheduler.world import Dose, RobotState, Setting, World

AHEAD = timedelta(hours=12)
"""So long before the next dose somebody is called: as for a roll that can't serve it."""

A_MOMENT = timedelta(minutes=1)

NOT_ON_CARD, ALREADY_HAD = "not_on_card", "already_had"


def surplus_held(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """At most one a robot: the one at its mouth."""
    for serial in setting.robots:
        found = _at(world, setting, serial, now)
        if found is not None:
            return [found]
    return []


def _at(world: World, setting: Setting, serial: str, now: datetime) -> ev.Event | None:
    robot = world.robot(serial)
    status = robot.status
    if robot.state is not RobotState.READY or status is None or not status.mouth_label:
        return None
    if status.mouth_label == robot.gone_label or status.sachets_left == 0:
        return None  # that one has just left: what lies there now has not been read
    there = doses_at(world, setting, serial)
    waiting = (d for d in there if d.stage in IN_MAGAZINE and d.outcome is None and d.plan.closes > now)
    following = next((d for d in waiting if d.plan.opens <= now + AHEAD or d.ahead_at(now)), None)
    if following is None or world.order_under_way(serial) or lock(world, setting, serial):
        return None
    if any(d.stage is Stage.HELD and d.held_label == status.mouth_label for d in there):
        return None  # a person decides about it already
    if any(
        d.outcome is None and is_let_go(d.let_go, status.mouth_label, status.production_id) for d in there
    ):
        return None  # two people have let it go for a dose
    resident = holder(robot.rolls, status.mouth_label)
    roll = robot.rolls.get(resident)
    if roll is None or roll.as_needed or roll.production_id != status.production_id:
        return None
    sachet = next(each for each in roll.sachets if each.label == status.mouth_label)
    day = sachet.local.date()
    mine = [
        dose
        for dose in world.doses.values()
        if dose.plan.day == day
        and dose.plan.resident == resident
        and not dose.plan.as_needed
        and not dose.plan.surplus
        and not dose.loose
        and sachet_for(roll, dose.plan.day, setting.local.local(dose.plan.opens)) == sachet
    ]
    reason = _why_nobody_waits(world, resident, sachet, mine)
    return _held(world, setting, serial, resident, sachet, following, reason, now) if reason else None


def _why_nobody_waits(world: World, resident: str, sachet: Sachet, mine: Sequence[Dose]) -> str:
    if any(dose.stage in IN_MAGAZINE | IN_MOTION | {Stage.DOUBT} for dose in mine):
        return ""
    if mine:
        return ALREADY_HAD
    plan, known = world.plans.get(resident), world.planned.get(resident)
    if plan is None or known is None or known.version != plan.plan_version:
        return ""
    return NOT_ON_CARD if known.to >= sachet.local.date() else ""  # a day that is yet to be planned


def _held(
    world: World,
    setting: Setting,
    serial: str,
    resident: str,
    sachet: Sachet,
    following: Dose,
    reason: str,
    now: datetime,
) -> ev.Event:
    """In the order of the strip it lies before the dose that it keeps back; its own window is over. It is
    one of today's, whatever date it was packed for: a settled dose of long ago has left the world, and a
    robot that was given its id once more would answer what became of that one."""
    local, today = sachet.local, setting.local.day_of(now)
    opens = min(setting.local.instant(local.date(), local.time()), now, following.plan.opens - A_MOMENT)
    slot, part = f"{SURPLUS_SLOT}{sachet.number}", 1
    while dose_id(resident, today, slot, part) in world.doses:
        part += 1
    plan = DosePlan(
        dose_id=dose_id(resident, today, slot, part),
        resident=resident,
        day=today,
        slot=slot,
        opens=opens,
        half=opens,
        closes=opens,
        portions=(),
        critical=False,
        plan_version=world.plans[resident].plan_version if resident in world.plans else 0,
    )
    return ev.SurplusHeld(now, plan, serial, sachet.label, reason)
