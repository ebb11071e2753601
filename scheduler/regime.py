"""How a resident gets their medicine for now: their mode and their pause, as the journal tells them.

Immutable, and changed by events alone. What follows for a dose is asked by the gate, the display, the closing
and the alarms; who may change it is asked in `receive_regime`, and when somebody must look again in
`regime_causes`. Nothing here reads a clock, and nothing ends by time (rule 22).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from scheduler.events import (
    LeaveEnded,
    LeavePlanned,
    Mode,
    ModeSet,
    PauseBegun,
    PausedAction,
    PauseEnded,
    PauseKind,
    PauseReviewed,
    RegimeEvent,
)
from scheduler.machines_of_home import MODE, PAUSE, Paused, PauseInput
from scheduler.permit import Leave
from scheduler.replacing import replace

PAUSED, SUSPENDED = "paused", "suspended"
"""Why nothing is offered: reasons of the gate, of an outcome and of an incident."""

WITHHOLDING = frozenset({PAUSED, SUSPENDED})

QUIET = frozenset({Mode.ASSISTED, Mode.WITNESSED, Mode.SUSPENDED})
"""The robot prompts nobody."""

STAFF_REMIND = frozenset({Mode.ASSISTED, Mode.WITNESSED})
"""Staff hear of each dose that is due."""

LOOK_AGAIN = timedelta(hours=24)
"""Rule 22: an open pause is reviewed so often. Whatever was looked into and left as it is comes back after
the same time, so that nothing restrictive is forgotten."""


@dataclass(frozen=True, slots=True)
class Pause:
    kind: PauseKind
    since: datetime
    by: str
    until: datetime | None  # None: open end
    looked: datetime  # when a person last decided that it stays
    acted: datetime | None = None  # somebody pressed, and nobody has looked into it yet

    @property
    def due(self) -> datetime:
        """When a person must look: at its end, or a day after they last did."""
        if self.until is not None and self.looked < self.until:
            return self.until
        return self.looked + LOOK_AGAIN


@dataclass(frozen=True, slots=True)
class Regime:
    """`revision` counts what people changed; a signed command names the one it was decided on (rule 28)."""

    revision: int = 0
    mode: Mode = Mode.NORMAL
    since: datetime | None = None
    by: str = ""
    review: datetime | None = None  # of the mode
    looked: datetime | None = None  # a person closed the incident about the review, and left the mode
    pause: Pause | None = None
    leave: Leave | None = None  # until what came back is counted
    resumed: datetime | None = None  # when the newest pause ended

    @property
    def withholds(self) -> str:
        """Why the robot offers this resident nothing; "" = it does."""
        if self.pause is not None:
            return PAUSED
        return SUSPENDED if self.mode is Mode.SUSPENDED else ""

    @property
    def mode_due(self) -> datetime | None:
        """When a person must look whether the mode still fits."""
        if self.review is None or self.looked is None or self.looked < self.review:
            return self.review
        return self.looked + LOOK_AGAIN


ORDINARY = Regime()


def paused_of(regime: Regime) -> Paused:
    """Which state of the pause's table this is."""
    if regime.pause is None:
        return Paused.NO
    return Paused.YES if regime.pause.acted is None else Paused.ACTED


def after(regime: Regime, event: RegimeEvent) -> Regime:
    """The regime after one event about its resident. Total; of a pause that is over an event says nothing."""
    match event:
        case ModeSet():
            mode = MODE.after(regime.mode, event.mode)
            changed = replace(regime, mode=mode, since=event.at, by=event.by)
            return _next(replace(changed, review=event.review, looked=None))
        case PauseBegun():
            known = regime.pause
            since = known.since if known is not None else event.at
            acted = _acted(regime, PauseInput.BEGUN, event.at)
            return _next(
                replace(
                    regime,
                    pause=Pause(
                        kind=event.kind,
                        since=since,
                        by=event.by,
                        until=event.until,
                        looked=event.at,
                        acted=acted,
                    ),
                )
            )
        case PauseReviewed():
            return regime if regime.pause is None else _next(_looked_at(regime, regime.pause, event.at))
        case PauseEnded():
            return _next(replace(regime, pause=None, resumed=event.at))
        case PausedAction():
            return _with_acted(regime, PauseInput.ACTION, event.at)
        case LeavePlanned():
            leave = Leave(
                event.first, event.last, event.hand_out, event.departs, event.back, event.by, event.reason
            )
            return _next(replace(regime, leave=leave))
        case LeaveEnded():
            return _next(replace(regime, leave=None))
        case _:
            assert_never(event)


def mode_looked_into(regime: Regime, at: datetime) -> Regime:
    """A person closed the incident about its review."""
    return replace(regime, looked=at)


def pause_looked_into(regime: Regime, at: datetime) -> Regime:
    return regime if regime.pause is None else _looked_at(regime, regime.pause, at)


def action_looked_into(regime: Regime, at: datetime) -> Regime:
    return _with_acted(regime, PauseInput.ACTION_CLOSED, at)


def _with_acted(regime: Regime, given: PauseInput, at: datetime) -> Regime:
    pause = regime.pause
    return regime if pause is None else replace(regime, pause=replace(pause, acted=_acted(regime, given, at)))


def _acted(regime: Regime, given: PauseInput, at: datetime) -> datetime | None:
    """Since when somebody has pressed and nobody looked, after this input."""
    if PAUSE.after(paused_of(regime), given) is not Paused.ACTED:
        return None
    known = regime.pause.acted if regime.pause is not None else None
    return known or at


def _looked_at(regime: Regime, pause: Pause, at: datetime) -> Regime:
    return replace(regime, pause=replace(pause, looked=at))


def _next(regime: Regime) -> Regime:
    return replace(regime, revision=regime.revision + 1)
