"""What a seed decides before anything happens in its history, and what may be laid down instead."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bottle.weather import Severity

SLOT_CHANCE = 0.22
"""Of each day part to be in the plan: few doses a day, so that many days fit into an hour."""

EVERY = ((1, 35), (2, 30), (3, 20), (7, 15))
"""Medicine on every n-th day, and how often a plan is so: more homes and more weather in the same time."""


@dataclass(frozen=True)
class Recipe:
    """What a seed decides before anything happens. `trusting`: the robot refuses nothing by what it remembers
    or reads, so that the home alone must hold."""

    seed: int
    days: int = 14
    severity: Severity | None = None
    trusting: bool | None = None
    slot_chance: float = SLOT_CHANCE
    every: int | None = None  # medicine on every n-th day; None: drawn
    bias: str = ""  # a trouble of `weather` that shall come often
    company: str | None = None  # who lives there too, of `company_papers.KINDS` or `ALSO`; None: drawn
