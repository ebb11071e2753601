"""Seeded bugs of homes with several residents and robots: the pieces that `bugs_company` plants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import scheduler.as_needed_limits
import scheduler.gate
import scheduler.judged
import scheduler.personal
from scheduler import events as ev
from scheduler.as_needed_limits import UNKNOWN_ELSEWHERE, Answer, Had
from scheduler.at_robots import by_robot
from scheduler.modifiers import Circumstances
from scheduler.replacing import replace
from scheduler.world import Dose, Helper, Setting, World

_used_on = scheduler.gate.used_on
_lock = scheduler.gate.lock
_had = scheduler.as_needed_limits._had
_may_be_had = scheduler.as_needed_limits.may_be_had
_circumstances = scheduler.judged.circumstances


_named = scheduler.personal.named


def as_the_resident(*about: Any) -> ev.Pressed:
    """What a helper pressed is the resident's press."""
    return replace(_named(*about), helper=None)


def whoever_waits(world: World, setting: Setting, helper: Helper, press: ev.Pressed, now: datetime) -> str:
    """A helper's tag is good for anybody's dose there."""
    there = by_robot(world.doses, setting).get(press.robot, ())
    waiting = [dose.plan.resident for dose in there if dose.outcome is None and dose.open_at(now)]
    return next(iter(waiting), helper.residents[0])


def the_first_of_two(world: World, setting: Setting, helper: Helper, press: ev.Pressed, now: datetime) -> str:
    """A helper of several gets the first one's dose where two wait."""
    here = [one for one in helper.residents if one in setting.served[press.robot]]
    may = [one for one in here if scheduler.personal._may_mean(world, setting, one, press, now)]
    return next(iter(may), "")


def always(*_: Any) -> bool:
    return True


def never(*_: Any) -> bool:
    return False


def anybodys_counts(
    world: World, resident: str, prescription_id: str, day: date, besides: str = ""
) -> Decimal:
    people = {dose.plan.resident for dose in world.doses.values()}
    return sum((_used_on(world, one, prescription_id, day, besides) for one in people), Decimal(0))


def elsewhere_is_nothing(world: World, *about: Any) -> Iterator[Had]:
    known = {key: replace(each, given=()) for key, each in world.elsewhere.items()}
    return _had(replace(world, elsewhere=known), *about)


def stale_will_do(*about: Any) -> Answer:
    told = _may_be_had(*about)
    return Answer() if told.reason == UNKNOWN_ELSEWHERE else told


def locked_at_any(world: World, setting: Setting, serial: str) -> str:
    return next((why for robot in (serial, *setting.robots) if (why := _lock(world, setting, robot))), "")


def nobody_is_critical(world: World, dose: Dose, kind: Any) -> Circumstances:
    found = _circumstances(world, dose, kind)
    return Circumstances(False, found.two_in_a_row, found.unusual, found.away, found.outage)
