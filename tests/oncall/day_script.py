"""What happens in a day of many homes, made from a seed: beats, incidents, takes, ends, and kills of on-call.

Data only. The driver plays it to the real receiver and watch; the judge works out from it what must follow.
Instants are whole milliseconds, and hardly ever two at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from dispenserd.oncall.roster import Deadlines

MIDNIGHT = datetime.fromisoformat("2026-11-02T00:00:00+00:00")
STAFF = ("Anna Prøve", "Bo Prøve", "Ida Prøve", "Ole Prøve")
BEAT_S = 120.0
"""Rarer than a real home's, and well within five minutes: a day of 200 homes takes some minutes."""

Priority = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Beat:
    at: datetime
    home: str
    next_window: datetime | None
    window_open: bool


@dataclass(frozen=True, slots=True)
class Say:
    """A revision of an incident, as it reaches the broker."""

    at: datetime
    home: str
    incident: str
    revision: int
    priority: Priority
    state: Literal["raised", "acknowledged", "closed"]
    raised: datetime
    deadline: datetime
    owner: str
    answers_take: bool = False
    window_ends: datetime | None = None  # of its dose, as the home says it while that lies ahead
    dose_priority: str = ""
    torn: bool = False  # on-call is killed between taking it in and looking


@dataclass(frozen=True, slots=True)
class Take:
    at: datetime
    home: str
    incident: str
    by: str


@dataclass(frozen=True, slots=True)
class OwnDeed:
    """Staff take or close what on-call itself alarmed about this home, if there is anything."""

    at: datetime
    home: str
    by: str
    deed: Literal["take", "close"]


@dataclass(frozen=True, slots=True)
class Down:
    """On-call is killed at `at` and started again at `until`."""

    at: datetime
    until: datetime


Deed = Beat | Say | Take | OwnDeed


@dataclass(frozen=True, slots=True)
class Day:
    begins: datetime
    ends: datetime
    homes: tuple[str, ...]  # those on the list, from the beginning on
    deeds: tuple[Deed, ...]  # in time order
    downs: tuple[Down, ...]  # in time order, apart from each other


def a_day(seed: int, homes: int, hours: float, beat_s: float = BEAT_S) -> Day:
    chance = Random(seed)
    begins, ends = MIDNIGHT, MIDNIGHT + timedelta(hours=hours)
    names = tuple(f"box-{number:04d}" for number in range(1, homes + 1))
    downs = tuple(_downs(chance, begins, ends))
    deeds: list[Deed] = []
    for name in names:
        deeds += _home(chance, name, begins, ends, beat_s)
    dead = tuple(f"box-{number:04d}" for number in range(9001, 9002 + homes // 50))
    for name in dead:
        deeds += _dead(chance, name, begins, ends)
    deeds = _one_by_one(sorted((deed for deed in deeds if deed.at < ends), key=lambda deed: deed.at))
    torn, more = _tear(chance, deeds, downs, ends)
    return Day(
        begins, ends, (*names, *dead), tuple(torn), tuple(sorted((*downs, *more), key=lambda down: down.at))
    )


def _one_by_one(deeds: list[Deed]) -> list[Deed]:
    """What came at once comes a millisecond apart, in its order: on-call may look in between."""
    apart: list[Deed] = []
    for deed in deeds:
        if apart and deed.at <= apart[-1].at:
            deed = replace(deed, at=apart[-1].at + timedelta(milliseconds=1))
        apart.append(deed)
    return apart


def _downs(chance: Random, begins: datetime, ends: datetime) -> Iterator[Down]:
    at = begins
    while True:
        at += _some(chance, 10 * 60, 150 * 60)
        until = at + _some(chance, 1, chance.choice((20, 300, 2400)))
        if until >= ends:
            return
        yield Down(at, until)
        at = until


def _tear(
    chance: Random, deeds: list[Deed], downs: tuple[Down, ...], ends: datetime
) -> tuple[list[Deed], list[Down]]:
    """Some kills fall between a commit and the look that follows it."""
    torn: list[Deed] = []
    more: list[Down] = []
    for deed in deeds:
        until = deed.at + _some(chance, 1, 40)
        apart = all(
            until + timedelta(minutes=3) < down.at or down.until + timedelta(minutes=3) < deed.at
            for down in (*downs, *more)
        )
        if isinstance(deed, Say) and chance.random() < 0.05 and apart and until < ends:
            more.append(Down(deed.at, until))
            torn.append(replace(deed, torn=True))
        else:
            torn.append(deed)
    return torn, more


def _home(chance: Random, home: str, begins: datetime, ends: datetime, beat_s: float) -> Iterator[Deed]:
    silences = sorted(_silences(chance, begins, ends))
    yield from _beats(chance, home, begins, ends, silences, beat_s)
    for number in range(chance.choice((0, 1, 2, 4))):
        yield from _incident(chance, home, number, begins, ends, silences)
    yield from _of_a_dose(chance, home, begins, ends, silences)
    for begin, end in silences:
        if chance.random() < 0.8:
            longest_s = max(400.0, (end - begin).total_seconds())
            at = begin + _some(chance, 5 * 60, chance.choice((400.0, longest_s)))
            by = chance.choice(STAFF)
            yield OwnDeed(at, home, by, "take")
            if chance.random() < 0.7:
                yield OwnDeed(at + _some(chance, 20, chance.choice((120, 1500))), home, by, "close")


def _dead(chance: Random, home: str, begins: datetime, ends: datetime) -> Iterator[Deed]:
    """Nobody ever hears of it; somebody takes it up, some time."""
    at = begins + _some(chance, 60, (ends - begins).total_seconds())
    by = chance.choice(STAFF)
    yield OwnDeed(at, home, by, "take")
    if chance.random() < 0.5:
        yield OwnDeed(at + _some(chance, 60, 4 * 3600), home, by, "close")


def _silences(chance: Random, begins: datetime, ends: datetime) -> Iterator[tuple[datetime, datetime]]:
    at = begins
    while True:
        at += _some(chance, 3600, 16 * 3600)
        until = at + _some(chance, 60, chance.choice((280, 1500, 4000, 20_000)))
        if at >= ends:
            return
        yield at, until
        at = until


def _beats(
    chance: Random,
    home: str,
    begins: datetime,
    ends: datetime,
    silences: list[tuple[datetime, datetime]],
    beat_s: float,
) -> Iterator[Beat]:
    """Windows of two hours at 8, 12, 18 and 22 o'clock UTC, as the home knows them when it beats."""
    at = begins + _some(chance, 0, beat_s)
    while at < ends:
        if not any(begin <= at < end for begin, end in silences):
            opens = [begins + timedelta(hours=hour) for hour in (8, 12, 18, 22, 32)]
            now_open = any(start <= at < start + timedelta(hours=2) for start in opens)
            ahead = min((start for start in opens if start + timedelta(hours=2) > at), default=None)
            yield Beat(at, home, ahead, now_open)
        at += timedelta(seconds=beat_s) + _some(chance, 0, 1)


def _incident(
    chance: Random,
    home: str,
    number: int,
    begins: datetime,
    ends: datetime,
    silences: list[tuple[datetime, datetime]],
) -> Iterator[Deed]:
    raised = begins + _some(chance, 60, (ends - begins).total_seconds())
    if silences and chance.random() < 0.35:  # nobody hears of it for a while
        begin, end = chance.choice(silences)
        raised = begin + _some(chance, 0, (end - begin).total_seconds())
    priority: Priority = chance.choice(("low", "medium", "high"))
    closes = raised + _some(chance, 300, 4 * 3600) if chance.random() < 0.4 else None
    story = _Story(home, _name(home, number), raised, priority, silences, closes, chance)
    at = raised
    yield story.say(at, "raised")
    if priority != "high" and chance.random() < 0.4:
        at += _some(chance, 120, 5 * 3600)
        story.rise(at, "high" if priority == "medium" else chance.choice(("medium", "high")))
        yield story.say(at, "raised")
    fate = chance.random()
    if fate < 0.2:
        return  # nobody ever takes it
    at = story.arrives(at) + _some(chance, 1, chance.choice((300, 3000, 20_000)))
    by = chance.choice(STAFF)
    if fate < 0.85:
        yield Take(at, home, story.name, by)
        if fate < 0.3:
            return  # and the home never answers
        at = story.arrives(at + _some(chance, 0.2, 5))
        yield replace(story.say(at, "acknowledged", by), answers_take=True)
        if chance.random() < 0.4:
            yield story.say(at + timedelta(milliseconds=300), "acknowledged", by)
    if chance.random() < 0.8:
        at = story.arrives(at) + _some(chance, 10, chance.choice((600, 6000, 20_000)))
        yield story.say(at, "closed", by)


def _of_a_dose(
    chance: Random,
    home: str,
    begins: datetime,
    ends: datetime,
    silences: list[tuple[datetime, datetime]],
) -> Iterator[Deed]:
    """Somebody takes it before the window of its dose closes, or just after; most take their time then."""
    raised = begins + _some(chance, 60, (ends - begins).total_seconds() * 0.8)
    closes = raised + _some(chance, 1200, 3 * 3600)
    story = _Story(home, _name(home, 99), raised, chance.choice(("low", "medium")), silences, closes, chance)
    yield story.say(raised, "raised")
    long_s = (closes - raised).total_seconds()
    at = raised + _some(chance, 10, chance.choice((300.0, long_s, long_s + 600)))
    by = chance.choice(STAFF)
    yield Take(at, home, story.name, by)
    at = story.arrives(at + _some(chance, 0.2, 5))
    yield replace(story.say(at, "acknowledged", by), answers_take=True)
    if chance.random() < 0.3:
        yield story.say(at + _some(chance, 1, 600), "acknowledged", by)
    if chance.random() < 0.7:
        yield story.say(at + _some(chance, 600, 5 * 3600), "closed", by)


class _Story:
    """One incident as its home tells it."""

    def __init__(
        self,
        home: str,
        name: str,
        raised: datetime,
        priority: Priority,
        silences: list[tuple[datetime, datetime]],
        closes: datetime | None,
        chance: Random,
    ) -> None:
        self.home, self.name, self.raised, self.priority = home, name, raised, priority
        self.deadline = raised + Deadlines().of(priority)
        self._silences, self._closes = silences, closes
        self._dose_priority = chance.choice(("medium", "high"))
        self._revision = 0

    def rise(self, at: datetime, priority: Priority) -> None:
        self.priority, self.deadline = priority, at + Deadlines().of(priority)

    def arrives(self, at: datetime) -> datetime:
        """What a silent home says arrives when it is back."""
        for begin, end in self._silences:
            if begin <= at < end:
                return end + timedelta(milliseconds=1)
        return at

    def say(self, at: datetime, state: Literal["raised", "acknowledged", "closed"], owner: str = "") -> Say:
        """Written `at`; once its window has closed the home says nothing of it."""
        self._revision += 1
        ahead = self._closes if self._closes is not None and at < self._closes else None
        return Say(
            self.arrives(at),
            self.home,
            self.name,
            self._revision,
            self.priority,
            state,
            self.raised,
            self.deadline,
            owner,
            window_ends=ahead,
            dose_priority=self._dose_priority if ahead else "",
        )


def _name(home: str, number: int) -> str:
    return hashlib.sha256(f"{home}/{number}".encode()).hexdigest()[:32]


def _some(chance: Random, least_s: float, most_s: float) -> timedelta:
    return timedelta(milliseconds=round(chance.uniform(least_s, most_s) * 1000))
