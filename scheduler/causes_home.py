"""What is wrong with the home itself and with what it knows: the part of `causes` that no robot is the
subject of, and what others say against a dose that was had.
"""

from __future__ import annotations

from datetime import datetime

from scheduler import events as ev
from scheduler.as_needed_limits import within_gap
from scheduler.cause import Cause
from scheduler.events import Which
from scheduler.gate import GIVEN
from scheduler.given_elsewhere import near
from scheduler.world import Dose, Setting, SideDose, World

MISSING = "prescription_missing"
"""Detail: a card no longer has what was never ended."""


def home_causes(world: World, setting: Setting, now: datetime) -> dict[str, Cause]:
    """By subject, as in `causes`."""
    found = {
        "home": _clock(world, setting, now),
        "journal": _journal(world),
        "store": _store(world),
        "commands": _commands(world),
        **{f"plan:{resident}": _plan(world, resident) for resident in _cards(world, setting)},
    }
    return {subject: cause for subject, cause in found.items() if cause is not None}


def had_twice(world: World) -> dict[str, Cause]:
    """Rule 6: had here, and given by others too by what the fagsystem knows; until a person closed it."""
    every: list[Dose | SideDose] = [*world.doses.values(), *world.sides.values()] if world.elsewhere else []
    return {
        f"dose:{one.dose_id}": Cause(
            ev.Kind.RECORD_CONTRADICTS, ev.Priority.HIGH, GIVEN_TWICE, one.dose_id, one.plan.closes
        )
        for one in every
        if one.outcome is not None and one.outcome.outcome in GIVEN and _again(world, one)
        if not (isinstance(one, Dose) and one.double_looked_into)
    }


def _again(world: World, one: Dose | SideDose) -> bool:
    """Whether others gave this very dose; or, within the least gap of it, what may have been that."""
    return any(
        each.which is Which.FIXED or (each.which is None and within_gap(world, one, each))
        for each in near(world, one)
    )


GIVEN_TWICE = "given_twice"
"""Detail: possible double dose, by what the fagsystem knows of others."""


def custody_causes(world: World) -> dict[str, Cause]:
    """Rule 24: sachets that left with a magazine and that nobody has counted, by subject as in `causes`."""
    return {
        f"count:{resident}": Cause(
            ev.Kind.SACHETS_UNCOUNTED, ev.Priority.HIGH, next(count.why for count in counts if count.left)
        )
        for resident, counts in world.counts.items()
        if any(count.left for count in counts)
    }


def _clock(world: World, setting: Setting, now: datetime) -> Cause | None:
    clock = world.clock
    if clock.trusted or clock.since is None or now < clock.since + setting.limits.robot_gone:
        return None
    return Cause(ev.Kind.CLOCK_UNTRUSTED, ev.Priority.HIGH, clock.reason)


def _journal(world: World) -> Cause | None:
    """Rule 23: robot or on-call know more of this journal than it holds, until a person closed it."""
    keepers = sorted({found.keeper for found in world.behind}, reverse=True)  # robot before oncall
    if not keepers:
        return None
    knows = "know" if len(keepers) > 1 else "knows"
    return Cause(ev.Kind.JOURNAL_BEHIND, ev.Priority.HIGH, f"{'_and_'.join(keepers)}_{knows}_newer_journal")


def _cards(world: World, setting: Setting) -> list[str]:
    """Whose cards: also of somebody who does not live here, where one came (rule 19)."""
    return list(dict.fromkeys([*world.refused_plans, *(one.key for one in setting.residents)]))


def _plan(world: World, resident: str) -> Cause | None:
    """A card refused whole; else what the one in force lacks (rule 21), or no machine may carry out."""
    if resident in world.refused_plans:
        return Cause(ev.Kind.PLAN_REFUSED, ev.Priority.HIGH, world.refused_plans[resident][1])
    plan = world.plans.get(resident)
    if plan is not None and plan.missing:
        return Cause(ev.Kind.PLAN_REFUSED, ev.Priority.HIGH, f"{MISSING} Bundle.entry")
    if plan is None or not plan.refused:
        return None
    first = plan.refused[0]
    return Cause(ev.Kind.PLAN_REFUSED, ev.Priority.HIGH, f"{first.reason} {first.path}")


def _store(world: World) -> Cause | None:
    """That it commits again proves no sound disk: a person must look."""
    stopped = world.store_stopped
    return None if stopped is None else Cause(ev.Kind.STORE_FAILED, ev.Priority.MEDIUM, stopped[0])


def _commands(world: World) -> Cause | None:
    return Cause(ev.Kind.COMMAND_REFUSED, ev.Priority.MEDIUM, world.forged) if world.forged else None
