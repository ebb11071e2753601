"""Seeded bugs in what the home makes of the resident's words: the pieces that `bugs` plants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import scheduler.closing
import scheduler.offering
import scheduler.voice
from scheduler import events as ev
from scheduler.personal import spent
from scheduler.replacing import replace
from scheduler.world import Setting, World
from tests.support.pure_home import ROBOT

_untaken = scheduler.closing._untaken
_heard = scheduler.voice.heard


def no_is_a_miss(world: World, dose: Any) -> tuple[ev.Outcome, str]:
    outcome, reason = _untaken(world, dose)
    return (ev.Outcome.MISSED, reason) if outcome is ev.Outcome.REFUSED else (outcome, reason)


def every_miss_is_a_no(world: World, dose: Any) -> tuple[ev.Outcome, str]:
    outcome, reason = _untaken(world, dose)
    return (ev.Outcome.REFUSED, reason) if outcome is ev.Outcome.MISSED else (outcome, reason)


def help_only_while_a_dose_is_due(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    press = world.robot(ROBOT).press
    due = any(dose.open_at(now) for dose in world.doses.values())
    if press is not None and press.answer is ev.Answer.HELP and not due:
        return [spent(press, "nothing_due", now)]
    return _heard(world, setting, now)


def no_causes(*_: Any) -> dict[str, Any]:
    return {}


def nobody(*_: Any) -> None:
    return None


def reminds_anyway(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    doses = {key: replace(dose, declined=None) for key, dose in world.doses.items()}
    return _reminded(replace(world, doses=doses), setting, now)


_reminded = scheduler.offering.reminded
