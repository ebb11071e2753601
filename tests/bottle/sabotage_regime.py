"""Seeded bugs in modes and pauses: the pieces that `bugs` plants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import scheduler.closing
import scheduler.offering
import scheduler.receive_regime
from scheduler import events as ev
from scheduler.regime import ORDINARY
from scheduler.replacing import replace
from scheduler.world import Setting, World
from tests.support.pure_home import RESIDENT

_reminded = scheduler.offering.reminded
_closed = scheduler.closing._closed
_why_not = scheduler.receive_regime._why_not


def ends_by_time(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """In place of a rule that only matters to a home at rest."""
    pause, mode_due = world.regime(RESIDENT).pause, world.regime(RESIDENT).mode_due
    if pause is not None and pause.until is not None and now >= pause.until:
        return [ev.PauseEnded(now, RESIDENT, "", "over", "home")]
    if mode_due is not None and now >= mode_due:
        return [ev.ModeSet(now, RESIDENT, ev.Mode.NORMAL, None, "", "over", "home")]
    return []


def reminds_in_every_mode(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    return _reminded(replace(world, regimes={RESIDENT: ORDINARY}), setting, now)


def whoever_says_so(world: World, setting: Setting, fact: Any, now: datetime) -> str:
    """Without asking whether card and roll were compared."""
    reason = _why_not(world, setting, fact, now)
    return "" if reason == "not_reconciled" else reason


def without_a_review(world: World, setting: Setting, fact: Any, now: datetime) -> str:
    reason = _why_not(world, setting, fact, now)
    return "" if reason in ("review_needed", "review_too_late") else reason


def away_is_no_excuse(world: World, setting: Setting, dose: Any, now: datetime) -> Any:
    """Withheld is told as missed."""
    found = _closed(world, setting, dose, now)
    if found is not None and found[0] is ev.Outcome.WITHHELD and not dose.plan.surplus:
        return ev.Outcome.MISSED, found[1], found[2]
    return found
