"""From the accepted plan to planned doses: day by day ahead of time, and again when the plan changes.

A dose whose window has opened keeps what it was planned as; a newer plan changes only what is still ahead
(and the gate refuses what the newer plan no longer asks for). A roll that is put in has what is ahead planned
again as well: what lies packed says which medicine is a part of its own (rule 1, `added`).

Policy (2026-11-23): an old plan may do everything that a new one may (S9). Its age locks nothing; it ends
with its own dates, of which staff hear 72 h before (`upkeep`). Only controlled medicine is locked by a card
that nobody has read again for so long (`gate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from scheduler import events as ev
from scheduler.added import Make, in_parts, packed
from scheduler.dose import Stage
from scheduler.expand import expand, holding
from scheduler.gate import UNTREATED
from scheduler.leave import planned_until
from scheduler.plan import DosePlan, Plan, Portion
from scheduler.side_doses import in_sachets, never_ours, side_day
from scheduler.world import Dose, Setting, World

DAYS_BACK_MAX = 14
"""A home that was down longer than a roll lasts starts anew: there is no medicine in it to account for."""


def planned(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Plan every day up to the horizon, and re-plan what is ahead under a new plan version."""
    for resident in setting.residents:
        events = _planned_for(world, setting, resident.key, now)
        if events:
            return events
    return []


def _planned_for(world: World, setting: Setting, resident: str, now: datetime) -> Sequence[ev.Event]:
    plan, known = world.plans.get(resident), world.planned.get(resident)
    if plan is None or not world.clock.trusted:
        return []  # a wrong clock would plan the wrong days; the lock itself is an incident
    ahead = max(now + setting.limits.plan_ahead, planned_until(world, resident, now))
    horizon = setting.local.day_of(ahead)
    today = setting.local.day_of(now)
    if known is None:
        return _days(world, setting, plan, today, horizon, now)
    following = max(known.to + timedelta(days=1), today - timedelta(days=DAYS_BACK_MAX))
    if known.version != plan.plan_version:  # a newer card takes no date back that nobody planned yet (S4)
        return _days(world, setting, plan, min(today, following), max(horizon, known.to), now)
    return _days(world, setting, plan, following, horizon, now) if known.to < horizon else []


def _days(
    world: World, setting: Setting, plan: Plan, first: date, last: date, now: datetime
) -> Sequence[ev.Event]:
    events: list[ev.Event] = []
    day = first
    while day <= last:
        events += _day(world, setting, plan, day, now)
        day += timedelta(days=1)
    version = plan.plan_version
    return [
        *events,
        ev.DayPlanned(at=now, resident=plan.resident, day=last.isoformat(), plan_version=version),
    ]


def _day(world: World, setting: Setting, plan: Plan, day: date, now: datetime) -> Sequence[ev.Event]:
    known = {
        dose.dose_id: dose
        for dose in world.doses.values()
        if dose.plan.day == day and dose.plan.resident == plan.resident and _by_plan(dose)
    }
    fixed = {key for key, dose in known.items() if not _untouched(dose)}
    doses = expand(
        in_sachets(plan, setting),
        day,
        world.day_clock(setting),
        setting.local,
        world.catalogue(setting),
        setting.limits.window,
        [dose.plan for dose in known.values()],
        fixed={key for key in fixed if not _nobody_had(known[key])},
        controlled_window=setting.limits.controlled_window,
    )
    stands = fixed | {key for key, dose in known.items() if dose.lost}  # rule 23: it may have been had whole
    plans = [dose.plan for dose in known.values()]
    doses = in_parts(doses, plans, stands, packed(world, setting, plan.resident), making(world, setting))
    doses = tuple(_still_late(known.get(dose.dose_id), dose) for dose in doses)
    events: list[ev.Event] = [
        ev.DosePlanned(at=now, dose=dose)
        for dose in doses
        if dose.dose_id not in fixed
        and not (dose.dose_id not in known and never_ours(world, dose, now))
        and (dose.dose_id not in known or _differs(known[dose.dose_id].plan, dose))
    ]
    wanted = {dose.dose_id for dose in doses}
    events += [
        ev.DoseWithdrawn(at=now, dose_id=key, plan_version=plan.plan_version)
        for key in known
        if key not in wanted and key not in fixed
    ]
    return [*events, *side_day(world, setting, plan, day, now)]


def making(world: World, setting: Setting) -> Make:
    """How a dose is made of other portions, by this home's list and windows."""
    catalogue, limits = world.catalogue(setting), setting.limits
    windows = (limits.window, min(limits.window, limits.controlled_window))

    def make(dose: DosePlan, portions: Sequence[Portion]) -> DosePlan:
        return holding(dose, portions, catalogue, windows)

    return make


def _still_late(known: Dose | None, dose: DosePlan) -> DosePlan:
    """A window that goes on by a person's word does so under a newer card too, while the time stays and no
    controlled medicine joins: nobody would tell that person that their word is gone."""
    stays = known is not None and known.plan.opens == dose.opens and not dose.controlled
    if known is None or not stays or known.plan.closes <= dose.closes:
        return dose
    return replace(dose, closes=known.plan.closes)


def _by_plan(dose: Dose) -> bool:
    return not dose.plan.as_needed and not dose.plan.surplus


def _untouched(dose: Dose) -> bool:
    """Nothing was ordered, decided or recorded of it: a newer card may still move it or take it back."""
    decided = bool(dose.token or dose.discard)
    return dose.stage is Stage.PLANNED and dose.attempts == 0 and dose.outcome is None and not decided


def _nobody_had(dose: Dose) -> bool:
    """Settled without anybody having had it: its medicine may be asked for again at a later time. In doubt,
    or with somebody who may give it, counts as given (rule 6)."""
    if dose.outcome is None or dose.outcome.outcome is ev.Outcome.UNCERTAIN or dose.token:
        return False
    return dose.outcome.outcome in UNTREATED


def _differs(old: DosePlan, new: DosePlan) -> bool:
    return (old.opens, old.closes, old.portions, old.critical, old.controlled, old.loose) != (
        new.opens,
        new.closes,
        new.portions,
        new.critical,
        new.controlled,
        new.loose,
    )
