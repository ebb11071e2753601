"""Seeded bugs of what people in the home say and do beside the plan: the pieces that `bugs_wishes` plants."""

from __future__ import annotations

from datetime import datetime, timedelta

import scheduler.closing
import scheduler.evolve
import scheduler.evolve_leave
import scheduler.gate
from scheduler import events as ev
from scheduler.dose import Stage
from scheduler.replacing import replace
from scheduler.world import Dose, Setting, World

_kept_open = scheduler.evolve_leave.kept_open
_restarted = scheduler.evolve._restarted
_lock = scheduler.gate.lock
_not_its_turn, _used = scheduler.gate._not_its_turn, scheduler.gate._used
_divert_ground = scheduler.closing._divert_ground


def open_an_hour_longer(dose: Dose) -> Dose:
    kept = _kept_open(dose)
    if kept.late is None or kept.plan.closes > kept.late.closes:
        return kept
    return replace(kept, plan=replace(kept.plan, closes=kept.plan.closes + timedelta(hours=1)))


def any_new_card(world: World, dose: Dose) -> bool:
    plan = world.plans.get(dose.plan.resident)
    return plan is not None and plan.plan_version > dose.plan.plan_version


def stays_where_it_is_held(world: World, setting: Setting, dose: Dose, closed: bool, now: datetime) -> str:
    return "" if dose.stage is Stage.HELD else _divert_ground(world, setting, dose, closed, now)


def restart_unlocks(world: World, event: ev.DaemonStarted) -> World:
    after = _restarted(world, event)
    robots = {serial: replace(robot, locked_by="") for serial, robot in after.robots.items()}
    return replace(after, robots=robots)


def no_lock_of_the_staff(world: World, setting: Setting, serial: str) -> str:
    robots = {key: replace(robot, locked_by="") for key, robot in world.robots.items()}
    return _lock(replace(world, robots=robots), setting, serial)


def no_lock_of_a_double_feed(world: World, setting: Setting, serial: str) -> str:
    robots = {key: replace(robot, double_feed=None) for key, robot in world.robots.items()}
    return _lock(replace(world, robots=robots), setting, serial)


def turn_without_a_count(world: World, dose: Dose, now: datetime) -> str:
    return _not_its_turn(world, replace(dose, uncounted=""), now)


def used_without_a_count(dose: Dose) -> bool:
    return _used(replace(dose, uncounted=""))
