"""How much medicine as needed one person had: amounts in any 24 h, and the time between (rule 8).

Knows sachets that left the strip, hands that lifted them, what was given by hand, and what the fagsystem told
of elsewhere; never what the home makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scheduler import events as ev
from tests.bottle.company_papers import DAY_MOST, GAP

if TYPE_CHECKING:
    from tests.bottle.company_papers import CompanyPapers

DAY = timedelta(hours=24)
DONE = frozenset({"asked_too_soon", "limit_reached"})
"""Refusals that a clock ends."""


class AsNeededWitness:
    def __init__(self, papers: CompanyPapers) -> None:
        self._papers = papers
        self._times: dict[str, datetime] = {}  # label, or dose given by hand -> when
        self._elsewhere: dict[datetime, int] = {}  # as far as the home was told
        self.known_to: datetime | None = None  # the newest that the fagsystem has said
        self.refused = self.leavings = 0

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            match event:
                case ev.ElsewhereRead() if event.resident in self._papers.owners:
                    self._elsewhere = {each.at: int(each.quantity) for each in event.given}
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
