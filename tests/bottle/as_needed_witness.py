"""How much medicine as needed one person had, how soon again, and when: amounts in any 24 h, the time between
two of them and between one and a planned dose of the same, and the times that the card names (rule 8).

Knows sachets that left the strip, hands that lifted them, what was given by hand, and what the fagsystem told
of elsewhere; never what the home makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scheduler import events as ev
from tests.bottle.as_needed_times import DAY_MOST, GAP

if TYPE_CHECKING:
    from tests.bottle.company_papers import CompanyPapers

DAY = timedelta(hours=24)
READ_S = 3.0
"""Between the press that asks and the one that answers, where both are take."""

ASKED_S = 65.0
"""So long the question is shown, and what a line may delay."""

MOTION = timedelta(seconds=50)
DONE = frozenset({"asked_too_soon", "limit_reached"})
"""Refusals that a clock ends."""


class AsNeededWitness:
    def __init__(self, papers: CompanyPapers) -> None:
        self._papers = papers
        self._times: dict[str, datetime] = {}  # label, or dose given by hand -> when
        self._elsewhere: dict[datetime, int] = {}  # as far as the home was told
        self.known_to: datetime | None = None  # the newest that the fagsystem has said
        self._told: datetime | None = None  # when the home was told last
        self._presses: list[tuple[datetime, bool]] = []  # at the second robot; and whether it was take
        self.refused = self.leavings = 0

    def committed(self, events: Sequence[ev.Event], now: datetime) -> None:
        for event in events:
            match event:
                case ev.ElsewhereRead() if event.resident in self._papers.owners:
                    self._elsewhere = {each.at: int(each.quantity) for each in event.given}
                    self._told = now
                case ev.AsNeededRefused():
                    self.refused += 1
                    said = event.reason not in DONE or event.possible is not None
                    assert said, f"rule 8: refused for {event.reason}, and not told when"
                    later = event.possible is None or event.possible > event.at
                    assert later, "rule 8: refused until a time that is over"
                case ev.ReminderGiven():
                    assert event.dose_id not in self._papers.asked, (
                        "rule 8: reminded of what nobody must take"
                    )
                case _:
                    pass

    def leaves(self, label: str, now: datetime, apart: timedelta) -> None:
        """A sachet leaves the strip."""
        self.leavings += 1
        before = [at for other, at in self._times.items() if other != label]
        newest = max([*before, *(at for at in self._elsewhere if at <= now)], default=None)
        if newest is not None:
            gap = (now - newest + apart) / timedelta(minutes=1)
            assert now + apart >= newest + GAP, f"rule 8: as needed again after {gap:.0f} minutes"
        amount = self.amount(now + apart, besides=label) + 1
        assert amount <= DAY_MOST, f"rule 8: {amount} as needed within 24 h"
        timely = self._papers.tied.allows(now, apart + MOTION)
        assert timely, f"rule 8: as needed at {now:%H:%M} UTC of {now:%d %b}, which the card does not name"
        known = self.known_to
        assert known is not None and now <= known + GAP + apart, "rule 8: released without fresh knowledge"
        self._times[label] = now

    def amount(self, now: datetime, besides: str = "") -> int:
        """Units in the 24 h before now, from here and elsewhere."""
        own = sum(at > now - DAY for other, at in self._times.items() if other != besides)
        return own + sum(units for at, units in self._elsewhere.items() if at > now - DAY)

    def newest(self) -> datetime | None:
        return max([*self._times.values(), *self._elsewhere], default=None)

    def had(self, label: str, now: datetime) -> None:
        if label in self._times or label in self._papers.asked:
            self._times[label] = now

    def put_away(self, label: str) -> None:
        self._times.pop(label, None)

    # --- at a robot of its own ---

    def pressed(self, now: datetime, *, take: bool) -> None:
        self._presses.append((now, take))

    def has_read(self, now: datetime) -> bool:
        """Whether the press before this one was long enough ago."""
        before = [at for at, _ in self._presses if at < now]
        return bool(before) and (now - before[-1]).total_seconds() > 2 * READ_S

    def in_haste(self, answered: datetime) -> bool:
        """Whether a release on that press of take answers a question that nobody can have read."""
        lately = [(at, take) for at, take in self._presses if answered - DAY < at <= answered]
        asked = [at for at, _ in lately if at <= answered - timedelta(seconds=READ_S)]
        since = answered - timedelta(seconds=ASKED_S)
        return bool(lately) and lately[-1][1] and not any(at >= since for at in asked)

    def keeps_gap(self, dose: str, now: datetime, apart: timedelta) -> None:
        """A planned dose of the same prescription leaves for the resident, or is given by hand."""
        fresh = self._told is None or now < self._told + MOTION
        had = [*self._times.values(), *(() if fresh else (at for at in self._elsewhere if at <= now))]
        newest = max((at for at in had if at <= now), default=None)
        late = newest is None or now + apart >= newest + GAP
        assert late, f"rule 8: {dose[33:]} {now - (newest or now)} after the same medicine as needed"

    def fixed_had(self, now: datetime, had: Iterable[datetime], apart: timedelta) -> None:
        """One leaves the strip; the planned doses of the same prescription were had then."""
        newest = max((at for at in had if at <= now), default=None)
        late = newest is None or now + apart >= newest + GAP
        assert late, f"rule 8: as needed {now - (newest or now)} after a planned dose of the same medicine"
