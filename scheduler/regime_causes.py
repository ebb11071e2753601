"""When a person must look at a mode, a pause, or what two persons change together: of the alarm catalogue.

Rule 22: a restrictive mode has a review, an open pause one a day, and neither ends by itself. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.world import Setting, World

NEEDS_CLOCK = frozenset({ev.Kind.MODE_REVIEW, ev.Kind.PAUSE_REVIEW, ev.Kind.PAUSE_OVER})
"""A clock nobody trusts neither raises nor clears these."""


def regime_causes(world: World, now: datetime) -> dict[str, Cause]:
    """By subject, as in `causes`."""
    found: dict[str, Cause | None] = {
        "medicine": _refused(ev.Kind.LIST_REFUSED, world.refused_list),
        "clock_times": _refused(ev.Kind.CLOCK_TIMES_REFUSED, world.refused_times),
    }
    for resident in world.regimes:
        found[f"mode:{resident}"] = _mode(world, resident, now)
        found[f"pause:{resident}"] = _pause(world, resident, now)
        found[f"paused:{resident}"] = _action(world, resident)
    return {subject: cause for subject, cause in found.items() if cause is not None}


def regime_instants(world: World, setting: Setting) -> Iterator[datetime]:
    """When one of these may begin, or an old card locks what it may not outlive, by the clock alone."""
    for regime in world.regimes.values():
        if regime.mode_due is not None:
            yield regime.mode_due
        if regime.pause is not None:
            yield regime.pause.due
    for confirmed in world.confirmed.values():
        yield confirmed + setting.limits.controlled_plan_age


def _mode(world: World, resident: str, now: datetime) -> Cause | None:
    regime = world.regime(resident)
    if regime.mode_due is None or now < regime.mode_due or not world.clock.trusted:
        return None
    return Cause(ev.Kind.MODE_REVIEW, ev.Priority.LOW, regime.mode.value)


def _pause(world: World, resident: str, now: datetime) -> Cause | None:
    pause = world.regime(resident).pause
    if pause is None or now < pause.due or not world.clock.trusted:
        return None
    over = pause.until is not None and now >= pause.until
    return Cause(ev.Kind.PAUSE_OVER if over else ev.Kind.PAUSE_REVIEW, ev.Priority.LOW, pause.kind.value)


def _action(world: World, resident: str) -> Cause | None:
    """They may be home again, and wait for medicine; or somebody else pressed."""
    pause = world.regime(resident).pause
    if pause is None or pause.acted is None:
        return None
    return Cause(ev.Kind.PAUSED_ACTION, ev.Priority.MEDIUM, pause.kind.value)


def _refused(kind: ev.Kind, reason: str) -> Cause | None:
    return Cause(kind, ev.Priority.MEDIUM, reason) if reason else None
