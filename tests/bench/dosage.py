"""What dosages cost: a resident's year expanded, beside dateutil, and hostile papers until their refusal.

The year: four doses a day, one a week, and a cycle of 21 of 28 days. dateutil finds the same occurrences with
recurrence rules and time zones of its own, in the same run.
"""

from __future__ import annotations

import resource
import time as clock
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from dateutil import tz
from dateutil.rrule import DAILY, rrule

from dispenserd.fagsystem.read_dosage import read_dosage
from scheduler.dosage import Day, DayPart, Dosage, Intake, Period, cycle
from scheduler.expand import DayClock
from scheduler.occurrences import occurrences
from scheduler.window import LocalTime
from tests.bench.figures import Row, percentile
from tests.support.dosage_papers import LOCAL, Json, day, dose, fhir, fmk, raw, request, structure

ZONE = "Europe/Copenhagen"
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
CLOCK_TIMES = {
    DayPart.MORNING: time(8),
    DayPart.NOON: time(12),
    DayPart.EVENING: time(18),
    DayPart.NIGHT: time(22),
}
PILL_DAYS, PILL_ROUND = 21, 28
TIMES = 60
YEAR_MS_MAX = 2.0
HOSTILE_MS_MAX = 50.0
HOSTILE_MIB_MAX = 64.0


def measured() -> list[Row]:
    return [_year(), *_hostile()]


def resident_year() -> list[Dosage]:
    one = Intake(Decimal(1), DayPart.MORNING)
    pill = (Intake(Decimal(1), clock=time(20)),)
    return [
        Dosage("tablet", (cycle(FIRST, None, 1, [Intake(Decimal(1), part) for part in DayPart]),)),
        Dosage("tablet", (cycle(FIRST, None, 7, (one,)),)),
        Dosage(
            "tablet",
            (Period(FIRST, None, PILL_ROUND, tuple(Day(n, pill) for n in range(1, PILL_DAYS + 1))),),
        ),
    ]


def by_dateutil() -> list[datetime]:
    """The same year's instants."""
    zone = tz.gettz(ZONE)
    rules = [
        *((1, FIRST, at) for at in CLOCK_TIMES.values()),
        (7, FIRST, CLOCK_TIMES[DayPart.MORNING]),
        *((PILL_ROUND, FIRST + timedelta(n), time(20)) for n in range(PILL_DAYS)),
    ]
    until = datetime.combine(LAST, time.max)
    found = [
        moment.replace(tzinfo=zone).astimezone(UTC)
        for every, first, at in rules
        for moment in rrule(DAILY, interval=every, dtstart=datetime.combine(first, at), until=until)
    ]
    return sorted(found)


def hostile_papers() -> dict[str, bytes]:
    repeat = {"boundsPeriod": {"start": "2026-01-01", "end": "9999-12-31"}, "when": ["MORN"]}
    amount = [{"doseQuantity": {"value": 1, "unit": "tablet"}}]
    counted = {"boundsPeriod": {"start": "2026-01-01"}, "when": ["MORN"], "count": 10**9}
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return {
        "10 MB of text": b'{"freeText": "' + b"x" * 10 * 1024 * 1024 + b'"}',
        "10 MB of brackets": b"[" * 10 * 1024 * 1024,
        "billion laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{laughs}]><Dosage>&l9;</Dosage>'.encode(),
        "elements up to the size": b"<Dosage>" + b"<a/>" * 63_000 + b"</Dosage>",
        "nested up to the size": b"<a>" * 80_000,
        "arrays up to the size": b'{"structures": [' + b"[" * 250_000,
        "year 9999": raw({"timing": {"repeat": repeat}, "doseAndRate": amount}),
        "a billion times": raw({"timing": {"repeat": counted}, "doseAndRate": amount}),
        "a number of a billion digits": b'{"timing": {"repeat": {"count": 1E+999999999}}}',
        "109 days of 24 doses": raw(fmk(_endless())),
        "the same 20 times": raw(fmk(*[_endless()] * 20)),
        "64 instructions of a week each": raw(request(*[fhir(when=["MORN"], dayOfWeek=_WEEK)] * 64)),
        "20 instructions that only meet in the end": raw(request(*[_week_at(hour) for hour in range(18)])),
        "empty amounts up to the parts": raw({"timing": {"repeat": repeat}, "doseAndRate": [{}] * 3_900}),
        "numbers for words up to the parts": raw({"repeat": {"when": [1.5] * 7_900}}),
        "names up to the parts": raw({"structures": {f"k{n}": 1 for n in range(7_900)}}),
        "60 000 medicines": raw(request(fhir(when=["MORN"]), contained=[{}] * 60_000)),
        "truncated": raw({"timing": {"repeat": repeat}, "doseAndRate": amount})[:-9],
    }


_WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _endless() -> Json:
    return structure(*(day(n, *[dose("Plain")] * 24) for n in range(1, 110)), every=365)


def _week_at(hour: int) -> Json:
    return fhir(timeOfDay=[f"{min(hour, 16):02}:00:00"], dayOfWeek=_WEEK)


def _year() -> Row:
    dosages, day_clock, local = resident_year(), DayClock(1, CLOCK_TIMES), LocalTime(ZONE)
    ours = [one.at for one in occurrences(dosages, FIRST, LAST, day_clock, local)]
    if ours != by_dateutil():
        raise AssertionError("the two calendars disagree")
    value = _median_ms(lambda: occurrences(dosages, FIRST, LAST, day_clock, local), TIMES)
    floor = _median_ms(by_dateutil, 5)
    note = f"{len(ours)} occurrences; median of {TIMES}; floor: python-dateutil finds the same, median of 5"
    return Row("a resident's year expanded", "ms", value, floor, YEAR_MS_MAX, note=note)


def _hostile() -> list[Row]:
    worst_ms, worst = 0.0, ""
    before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    papers = hostile_papers()
    for name, paper in papers.items():
        if not read_dosage(paper, LOCAL).every_refusal:
            raise AssertionError(f"not refused: {name}")
        took = _median_ms(lambda paper=paper: read_dosage(paper, LOCAL), 5)  # type: ignore[misc]
        worst_ms, worst = max((worst_ms, worst), (took, name))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib) / 1024
    note = f"{len(papers)} papers, median of 5 each"
    return [
        Row("a hostile dosage refused", "ms", worst_ms, limit=HOSTILE_MS_MAX, note=f"{note}; worst: {worst}"),
        Row(
            "memory for hostile dosages",
            "MiB",
            grown,
            limit=HOSTILE_MIB_MAX,
            note=f"{note}; peak, papers included",
        ),
    ]


def _median_ms(work: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        began = clock.perf_counter()
        work()
        taken.append((clock.perf_counter() - began) * 1000)
    return percentile(taken, 50)
