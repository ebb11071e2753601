"""A deed that people do every now and then until the weather ends, by its own chance."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

DAY_S = 86_400


def now_and_then(bottle: Bottle, chance: Random, a_day: float, deed: Callable[[], None]) -> None:
    """So often a day on average; 0: never."""
    if a_day:
        bottle.after(chance.expovariate(a_day / DAY_S), lambda: _comes(bottle, chance, a_day, deed))


def _comes(bottle: Bottle, chance: Random, a_day: float, deed: Callable[[], None]) -> None:
    if not bottle.weather.ended:
        now_and_then(bottle, chance, a_day, deed)
        deed()
