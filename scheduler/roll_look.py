"""The newest look at one resident's whole roll (`refill`), and what of it a person has decided about."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.events import RollCompared


@dataclass(frozen=True, slots=True)
class Compared:
    """`fit_decided`: its content. `refill_decided`: its extent."""

    found: RollCompared
    fit_decided: bool = False
    refill_decided: bool = False
