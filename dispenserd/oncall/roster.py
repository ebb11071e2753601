"""Who is on call, in which order, for what and when. Pure: what a roster file says, asked at an instant.

Knows names and addresses of staff, no incident. The addresses hold secrets: they are never shown or logged.
Read from its file by `dispenserd.roster_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dispenserd.oncall.words.language import Language

Priority = Literal["low", "medium", "high"]
PRIORITIES: tuple[Priority, ...] = ("low", "medium", "high")
"""Rising."""


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    language: Language = "da"
    notify: tuple[str, ...] = field(default=(), repr=False)
    priorities: frozenset[Priority] = frozenset(PRIORITIES)
    hours: tuple[time, time] | None = None  # local; past midnight where the second is earlier; None = always

    def is_on_call(self, priority: Priority, local: time) -> bool:
        return priority in self.priorities and (self.hours is None or _within(self.hours, local))


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long one person has to own an incident before the next is told; civil time."""

    high: timedelta = timedelta(minutes=10)
    medium: timedelta = timedelta(minutes=30)
    low: timedelta = timedelta(hours=4)

    def of(self, priority: Priority) -> timedelta:
        of: Mapping[Priority, timedelta] = {"high": self.high, "medium": self.medium, "low": self.low}
        return of[priority]


@dataclass(frozen=True, slots=True)
class Roster:
    people: tuple[Person, ...] = ()
    manager: Person | None = None
    deadlines: Deadlines = Deadlines()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Europe/Copenhagen"))

    def on_call(self, priority: Priority, at: datetime) -> list[Person]:
        """In their order; the manager isn't among them."""
        local = at.astimezone(self.zone).time()
        return [person for person in self.people if person.is_on_call(priority, local)]

    def uncovered(self, at: datetime) -> list[Priority]:
        """The priorities for which nobody is on call now, most urgent first."""
        return [each for each in reversed(PRIORITIES) if not self.on_call(each, at)]

    def named(self, name: str) -> Person | None:
        everybody = (*self.people, *((self.manager,) if self.manager else ()))
        return next((person for person in everybody if person.name == name), None)

    def next(self, after: str, priority: Priority, at: datetime) -> Person | None:
        """Who is told after `after` ("" = from the start): the next in order who is on call, at the end of
        the list the manager, then from the start again. None = there is nobody at all."""
        on_call = self.on_call(priority, at)
        order = [person.name for person in self.people]
        if after in order:
            later = [person for person in on_call if order.index(person.name) > order.index(after)]
            return later[0] if later else self.manager or (on_call[0] if on_call else None)
        return on_call[0] if on_call else self.manager


def raised_by_one(priority: Priority) -> Priority:
    """An overdue acknowledgement adds one; high stays high."""
    return PRIORITIES[min(PRIORITIES.index(priority) + 1, len(PRIORITIES) - 1)]


def _within(hours: tuple[time, time], local: time) -> bool:
    begins, ends = hours
    return begins <= local < ends if begins < ends else local >= begins or local < ends
