"""The card of medicine as needed in one history: how much, how often, and when it may be asked for (rule 8).

`period` is what the card says; `allows` is the same in words of the witness, from a calendar and a clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from scheduler.dosage import ANY_DAY, NOT_ITERATED, Day, DayPart, Intake, Limit, Period
from tests.bottle.papers import WINDOW, ZONE
from tests.support.pure_home import PARTS

LIMIT = Limit(gap_min=240, per_day=Decimal(3), times=3)
GAP, DAY_MOST = timedelta(hours=4), 3
"""The same in words of the witness: so far apart, and so many in any 24 h."""

TIED: tuple[tuple[DayPart, ...], ...] = (
    (),
    (DayPart.NIGHT,),
    (DayPart.NOON, DayPart.NIGHT),
    (DayPart.MORNING, DayPart.NOON, DayPart.EVENING),
)


@dataclass(frozen=True)
class AsNeededTimes:
    """`parts`: () = at any time; `every`: on every n-th date since `first`; 1 = on any."""

    first: date
    parts: tuple[DayPart, ...] = ()
    every: int = 1

    def period(self) -> Period:
        intakes = tuple(Intake(Decimal(1), part=part, as_needed=True) for part in self.parts)
        intakes = intakes or (Intake(Decimal(1), as_needed=True),)
        if self.every == 1:
            return Period(date(1900, 1, 1), None, NOT_ITERATED, (Day(ANY_DAY, intakes),), LIMIT)
        return Period(self.first, None, self.every, (Day(1, intakes),), LIMIT)

    def allows(self, now: datetime, apart: timedelta) -> bool:
        """`apart`: by so much the home's clock may be wrong, and so long a motor may turn."""
        return any(opens - apart <= now < closes + apart for opens, closes in self._around(now))

    def opening(self, day: date) -> list[datetime]:
        """When it may be asked for from, on that date."""
        return [opens for opens, _ in self._on(day)]

    def surely(self, now: datetime, edge: timedelta) -> bool:
        """Within, and not near an end."""
        return any(opens + edge < now < closes - edge for opens, closes in self._around(now))

    def _around(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        today = now.astimezone(ZONE).date()
        for ahead in (-1, 0, 1):
            yield from self._on(today + timedelta(days=ahead))

    def _on(self, day: date) -> list[tuple[datetime, datetime]]:
        if (day - self.first).days % self.every:
            return []
        if not self.parts:
            midnight = datetime.combine(day, datetime.min.time(), ZONE)
            return [(midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC))]
        opens = [datetime.combine(day, PARTS[part], ZONE).astimezone(UTC) for part in self.parts]
        return [(at, at + WINDOW) for at in opens]
