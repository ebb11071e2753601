"""Test alarms of one history: a technician tries the way to on-call now and then, in any weather.

And their witness: one passes only by on-call's own copy, and in time; else it ends high. Draws from a stream
of its own, so that what else a seed decides stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING

from scheduler import events as ev
from scheduler.commands import RaiseTestAlarm
from scheduler.limits import Limits

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

DAYS_WITH = 0.3
"""Of all days; more often than in life, where it is one a week."""

TWICE = 0.2
"""Of those who try: as many try again at once. It must join the one under way."""


class AlarmTests:
    def __init__(self, bottle: Bottle, seed: int) -> None:
        self._bottle = bottle
        self._chance = Random(f"test alarms of {seed}")
        self.raised: dict[str, tuple[datetime, datetime]] = {}  # by true time, and as the home dated it
        self.risen: set[str] = set()
        self.ended: set[str] = set()

    def plan(self, days: int) -> None:
        chance = self._chance
        for day in range(days):
            if chance.random() < DAYS_WITH:
                at_s = (day + chance.random()) * 86_400.0
                self._bottle.after(at_s, self._wish)
                if chance.random() < TWICE:
                    self._bottle.after(at_s + chance.uniform(0, 200), self._wish)

    def _wish(self) -> None:
        self._bottle.say("test alarm")
        self._bottle.box.hand_in(RaiseTestAlarm("technician"))

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            match event:
                case ev.IncidentRaised() if event.incident.kind is ev.Kind.TEST_ALARM:
                    assert self.raised.keys() <= self.ended, "S4: two test alarms at once"
                    assert event.incident.priority is ev.Priority.INFO, "a test alarm that begins as one"
                    self.raised[event.incident.incident_id] = (self._bottle.times.true, event.at)
                case ev.IncidentChanged() if event.incident_id in self.raised:
                    assert event.priority is ev.Priority.HIGH, "S4: a failed test alarm that is not high"
                    self.risen.add(event.incident_id)
                case ev.IncidentCleared() if event.incident_id in self.raised.keys() - self.ended:
                    self._passed(event)
                case ev.IncidentClosed() if event.incident_id in self.raised:
                    self.ended.add(event.incident_id)
                    assert event.incident_id in self.risen, "S4: a person ended a test alarm under way"
                case _:
                    pass

    def _passed(self, event: ev.IncidentCleared) -> None:
        self.ended.add(event.incident_id)
        told = f"{event.incident_id}/{event.revision - 1}"
        assert told in self._bottle.oncall.rows, "S4: a test alarm passed that on-call never had"
        if event.incident_id not in self.risen:
            really, dated = self.raised[event.incident_id]
            # a clock that stepped while the wish waited says two minutes for a moment, or a moment for two
            took = min(self._bottle.times.true - really, event.at - dated)
            assert took < Limits().alarm_test, f"S4: a test alarm passed after {took.total_seconds():.0f} s"

    def at_peace(self) -> None:
        under_way = self.raised.keys() - self.ended - self.risen
        assert not under_way, "S4: a test alarm that neither passed nor failed"
