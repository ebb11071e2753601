"""What histories came to: one played and counted, and sums of many."""

from __future__ import annotations

import gc
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from typing import Any, Self

from tests.bottle.bottle import Bottle
from tests.bottle.company import Company
from tests.bottle.papers import ZONE
from tests.bottle.recipe import Recipe

BROKEN = (
    AssertionError, ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError
)  # fmt: skip
"""How a history ends that should not: by a witness's word, or because something in it fell over."""


@dataclass
class Tally:
    """What some histories came to; sums only, so that tallies add up."""

    histories: int = 0
    days: int = 0
    cpu_s: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    deaths_at: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    calendar: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, str]] = field(default_factory=list)
    seeds: set[int] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        self.histories += other.histories
        self.days += other.days
        self.cpu_s += other.cpu_s
        self.counts += other.counts
        self.troubles += other.troubles
        self.deaths_at += other.deaths_at
        self.outcomes += other.outcomes
        self.calendar += other.calendar
        self.violations += other.violations
        self.seeds |= other.seeds

    def to_plain(self) -> dict[str, Any]:
        """For JSON, and back by `from_plain`."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**plain, "seeds": sorted(self.seeds)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """KeyError, TypeError or ValueError where it is no tally."""
        sums: dict[str, Any] = {name: Counter(plain[name]) for name in COUNTERS}
        violations = [(int(seed), str(what)) for seed, what in plain["violations"]]
        numbers = int(plain["histories"]), int(plain["days"]), float(plain["cpu_s"])
        return cls(*numbers, **sums, violations=violations, seeds=set(plain["seeds"]))

    @property
    def crashes(self) -> int:
        return self.counts["crashes of the box"] + self.counts["power failures of the robot"]

    @property
    def crashes_per_cpu_s(self) -> float:
        return self.crashes / self.cpu_s if self.cpu_s else 0.0


COUNTERS = ("counts", "troubles", "deaths_at", "outcomes", "calendar")


def play(recipe: Recipe) -> Tally:
    """One history, counted."""
    started_s = time.process_time()
    tally = Tally(histories=1, days=recipe.days, seeds={recipe.seed})
    gc.collect()
    gc.freeze()  # what is left is modules, and they stay
    gc.disable()  # a history makes many small records and few cycles: collected before the next
    bottle = Bottle(recipe)
    try:
        bottle.run()
    except BROKEN as violation:
        tally.violations.append((recipe.seed, said(violation)))
    finally:
        gc.enable()
    tally.cpu_s = time.process_time() - started_s
    tally.counts.update(counted(bottle))
    tally.troubles.update(bottle.weather.counts)
    tally.troubles.update(bottle.company.counts)
    tally.troubles.update(bottle.deeds.counts)
    tally.deaths_at.update(bottle.deaths_at)
    tally.outcomes.update(o.outcome.value for o in bottle.witnesses.journal.outcomes.values())
    tally.calendar.update(calendar(bottle.papers.first, recipe.days))
    return tally


def counted(bottle: Bottle) -> dict[str, int]:
    return (
        counted_beside(bottle.company)
        | bottle.deeds.looks
        | {
            "doses": len(bottle.witnesses.journal.outcomes),
            "commits": bottle.commits,
            "orders": bottle.orders,
            "moves of a sachet": bottle.witnesses.moves,
            "crashes of the box": bottle.box_deaths,
            "power failures of the robot": bottle.end.failures,
            "messages published": bottle.network.published,
            "given by hand": len(bottle.given),
            "doses looked after": bottle.liveness.checked,
            "presses that had to bring a sachet": bottle.liveness.offers,
            "looks at a home that is cut off": bottle.liveness.cut_off_looks,
            "looks at a home that is silent": bottle.liveness.unknown_looks,
            "words of the resident beside take": bottle.voices.words,
            "modes and pauses that people changed": bottle.regimes.changed,
            "looks at a tray of somebody away": bottle.regimes.kept_out,
            "presses of somebody away that staff had to hear of": bottle.regimes.told,
            "doses that nobody saw, and staff had to hear so": bottle.regimes.asked_who_saw,
            "calls for help that had to reach on-call": bottle.voices.helped,
            f"histories: {bottle.weather.severity.name}": 1,
            "histories: robot that refuses nothing by memory": int(bottle.trusting),
        }
    )


def counted_beside(company: Company) -> dict[str, int]:
    found = {
        f"histories: beside the first resident {company.kind}": 1,
        "presses of named helpers": company.hands.presses,
        "presses of a helper for whom nobody could tell": company.hands.whose,
        "outcomes recorded as a helper's doing": company.hands.recorded,
    }
    if not company.persons:
        return found
    witness, looks = company.witness, company.looks
    return found | {
        "second robot: moves of a sachet": witness.moves,
        "second robot: presses that had to bring a sachet": looks.offers,
        "second robot: the same while the first was in trouble": looks.beside_trouble,
        "second robot: doses looked after": looks.checked,
        "second robot: doses that staff had to hear were due": looks.due_looks,
        "second robot: doses behind a doubt": looks.doubt_looks,
        "sachets released as needed": witness.as_needed.leavings,
        "requests as needed that were refused": witness.as_needed.refused,
    }


def calendar(first: date, days: int) -> set[str]:
    """What is special about the days of a history."""
    found = set()
    for day in (first + timedelta(days=number) for number in range(days)):
        grows = _off(day + timedelta(days=1)) - _off(day)
        if grows:
            found.add("summer time begins" if grows > timedelta(0) else "summer time ends")
        if (day.month, day.day) == (12, 31):
            found.add("a year ends")
        if (day.month, day.day) == (2, 29):
            found.add("a leap day")
    return found or {"none of these"}


def _off(day: date) -> timedelta:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).utcoffset() or timedelta(0)


def said(violation: BaseException) -> str:
    """Its first line, or where it was if it says nothing; before it what it is, if no witness spoke."""
    text = str(violation).splitlines()
    frame = traceback.extract_tb(violation.__traceback__)[-1]
    told = text[0][:200] if text else f"{frame.name}: {frame.line}"
    if isinstance(violation, AssertionError):
        return told
    return f"{type(violation).__name__} in {frame.name}: {told}"
