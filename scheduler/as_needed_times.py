"""On which dates and at which times medicine as needed may be asked for, where the card names any (rule 8).

It knows the plan, the home's clock and the length of a window. How much and how often is `as_needed_limits`'.
`as_needed` asks when the resident does.

Policy (2026-11-23): a card that ties medicine as needed to a part of the day or a clock time means that time.
It may be asked for in the window that a planned dose of that time would have, and the refusal says when the
next one opens: what is for the night is not handed out at ten in the morning. The same for dates: a day with
a number, or a weekday, is that date and no other; only a day without a number is every date.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from scheduler.as_needed_limits import TOO_SOON, Answer, as_needed_intakes
from scheduler.dosage import Intake
from scheduler.expand import clock_time
from scheduler.plan import Prescription
from scheduler.world import Setting, World

DAYS_AHEAD = 7
"""How far the next window is looked for; what lies further is told by a person."""


def in_its_time(
    world: World, setting: Setting, prescription: Prescription, quantity: Decimal, now: datetime
) -> Answer:
    """Whether the card's own times let this amount be asked for now."""
    today = setting.local.day_of(now)
    if any(each.plain for each in _of_amount(prescription, quantity, today)):
        return Answer()
    controlled = prescription.drug in world.catalogue(setting).controlled
    limits = setting.limits
    window = min(limits.window, limits.controlled_window) if controlled else limits.window
    later: list[datetime] = []
    for opens in _openings(world, setting, prescription, quantity, today):
        if opens <= now < opens + window:
            return Answer()
        if opens > now:
            later.append(opens)
    return Answer(TOO_SOON, min(later, default=None))


def _openings(
    world: World, setting: Setting, prescription: Prescription, quantity: Decimal, today: date
) -> Iterator[datetime]:
    clock = world.day_clock(setting)
    for ahead in range(-1, DAYS_AHEAD + 1):  # a window of yesterday may reach into today
        day = today + timedelta(days=ahead)
        for intake in _of_amount(prescription, quantity, day):
            if not intake.plain:
                yield setting.local.instant(day, clock_time(intake, clock))


def _of_amount(prescription: Prescription, quantity: Decimal, day: date) -> list[Intake]:
    return [each for each in as_needed_intakes(prescription, day) if each.quantity == quantity]
