"""Each written policy, and what it means on the paper of a sender."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispenserd.fagsystem.explanation import explained
from scheduler.dosage import DayPart
from scheduler.expand import DayClock
from tests.support.dosage_papers import (
    CLOCK,
    LOCAL,
    Json,
    code,
    day,
    dose,
    explain,
    fhir,
    fmk,
    read,
    request,
    structure,
    times,
)

ZONE = ZoneInfo("Europe/Copenhagen")
NOVEMBER_9 = date(2026, 11, 9)


def test_the_homes_clock_mapping_gives_the_parts_of_the_day_their_times() -> None:
    early = DayClock(2, {**CLOCK.times, DayPart.MORNING: time(6, 45)})
    one = read(fhir(when=["MORN"]))
    (told,) = explained(one, date(2026, 11, 2), date(2026, 11, 2), early, LOCAL)["doses"]
    assert (told["at"], told["slot"]) == ("2026-11-02T06:45:00+01:00", "morning")


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_n_times_a_day_are_the_agreed_parts_however_the_sender_says_it(n: int) -> None:
    parts = {1: ["08"], 2: ["08", "18"], 3: ["08", "12", "18"], 4: ["08", "12", "18", "22"]}[n]
    names = {1: "QD", 2: "BID", 3: "TID", 4: "QID"}
    day_one = date(2026, 11, 2)
    for paper in (
        fhir(frequency=n, period=1, periodUnit="d"),
        fhir(frequency=n, period=24, periodUnit="h"),
        code(names[n]),
        fmk(structure(day(1, *[dose("Plain")] * n))),
    ):
        assert [at[6:8] for at in times(paper, day_one, day_one)] == parts


def test_night_belongs_to_the_date_on_which_its_clock_time_lies() -> None:
    late = DayClock(2, {**CLOCK.times, DayPart.NIGHT: time(0, 30)})
    one = read(fhir(when=["NIGHT"]))
    told = explained(one, date(2026, 11, 1), date(2026, 11, 3), late, LOCAL)["doses"]
    assert [each["at"][:16] for each in told] == ["2026-11-02T00:30", "2026-11-03T00:30"]


def test_every_eight_hours_keeps_its_clock_times_over_both_changes() -> None:
    for start, days in (
        ("2026-03-27T06:00:00+01:00", (27, 28, 29, 30)),
        ("2026-10-23T06:00:00+02:00", (23, 24, 25, 26)),
    ):
        paper = fhir(boundsPeriod={"start": start}, frequency=1, period=8, periodUnit="h")
        first = date.fromisoformat(start[:10])
        asked = times(paper, first, first + timedelta(3))
        assert [at[3:] for at in asked] == [f"{d}T{h}:00" for d in days for h in ("06", "14", "22")]


def test_half_past_two_is_one_dose_in_both_nights() -> None:
    paper = fhir(boundsPeriod={"start": "2026-01-01"}, timeOfDay=["02:30:00"])
    told = [explain(paper, each, each)["doses"] for each in (date(2026, 3, 29), date(2026, 10, 25))]
    assert [[each["at"] for each in doses] for doses in told] == [
        ["2026-03-29T03:00:00+02:00"],
        ["2026-10-25T02:30:00+02:00"],
    ]


def test_a_cycle_of_several_weeks_counts_from_its_first_date() -> None:
    every_second = fhir(dayOfWeek=["mon"], period=2, periodUnit="wk", when=["MORN"])
    assert [at[3:5] for at in times(every_second)] == ["02", "16", "30"]
    ahead = fhir(
        boundsPeriod={"start": "2026-11-04"}, dayOfWeek=["fri"], period=2, periodUnit="wk", when=["MORN"]
    )
    assert [at[3:5] for at in times(ahead)] == ["06", "20"]


def test_frequency_beside_listed_times_is_their_number_on_every_such_day() -> None:
    paper = fhir(frequency=2, period=2, periodUnit="d", timeOfDay=["08:00:00", "20:00:00"])
    assert times(paper, last=date(2026, 11, 5)) == [
        "11-02T08:00",
        "11-02T20:00",
        "11-04T08:00",
        "11-04T20:00",
    ]


def test_a_start_given_as_an_instant_counts_by_its_local_date() -> None:
    paper = fhir(boundsPeriod={"start": "2026-11-01T23:30:00Z"}, timeOfDay=["00:15:00", "12:00:00"])
    assert times(paper, last=date(2026, 11, 3)) == ["11-02T12:00", "11-03T00:15", "11-03T12:00"]


def test_an_end_date_is_inclusive_and_an_end_instant_is_too() -> None:
    ends: list[tuple[Json, list[str]]] = [
        ({"end": "2026-11-03"}, ["11-02T08:00", "11-02T20:00", "11-03T08:00", "11-03T20:00"]),
        ({"end": "2026-11-03T08:00:00+01:00"}, ["11-02T08:00", "11-02T20:00", "11-03T08:00"]),
        ({"end": "2026-11-02T23:59:59+01:00"}, ["11-02T08:00", "11-02T20:00"]),
    ]
    for end, asked in ends:
        bounds = {"start": "2026-11-02", **end}
        assert times(fhir(boundsPeriod=bounds, timeOfDay=["08:00:00", "20:00:00"])) == asked


def test_a_cycle_of_unequal_days_is_one_instruction_a_day() -> None:
    one = fhir(1, when=["MORN"], frequency=1, period=2, periodUnit="d")
    other = fhir(
        2, boundsPeriod={"start": "2026-11-03"}, when=["MORN"], frequency=1, period=2, periodUnit="d"
    )
    told = explain(request(one, other), last=date(2026, 11, 5))
    assert [each["quantity"] for each in told["doses"]] == ["1", "2", "1", "2"]
    assert told["daily_dose"] == 1.5


def test_an_expired_dosage_gives_nothing() -> None:
    told = explain(fmk(structure(day(1, dose("Noon")), start="2026-01-01", endDate="2026-10-31")))
    assert (told["automatic"], told["doses"]) == (True, [])


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        ({}, "2 tabletter efter behov"),
        (
            {"timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d"}}},
            "2 tabletter efter behov, højst 3 gange i døgnet",
        ),
        (
            {"timing": {"repeat": {"frequency": 1, "period": 4, "periodUnit": "h"}}},
            "2 tabletter efter behov, mindst 4 timer imellem",
        ),
        (
            {"timing": {"repeat": {"boundsPeriod": {"start": "2026-11-02"}}}},
            "2 tabletter efter behov fra 2. november 2026",
        ),
        ({"asNeededCodeableConcept": {"text": "smerter"}}, "2 tabletter efter behov, ved smerter"),
        (
            {
                "maxDosePerPeriod": {
                    "numerator": {"value": 8, "unit": "tablet"},
                    "denominator": {"value": 1, "unit": "d"},
                }
            },
            "2 tabletter efter behov, højst 8 tabletter i døgnet",
        ),
        (
            {
                "maxDosePerPeriod": {
                    "numerator": {"value": 10, "unit": "tablet"},
                    "denominator": {"value": 1, "unit": "wk"},
                }
            },
            "2 tabletter efter behov, højst 10 tabletter på 7 dage",
        ),
        (
            {
                "maxDosePerPeriod": {
                    "numerator": {"value": 4, "unit": "tablet"},
                    "denominator": {"value": 36, "unit": "h"},
                }
            },
            "2 tabletter efter behov, højst 4 tabletter på 36 timer",
        ),
        (
            {
                "timing": {
                    "repeat": {
                        "boundsPeriod": {"start": "2026-11-02"},
                        "frequency": 1,
                        "period": 7,
                        "periodUnit": "d",
                    }
                }
            },
            "2 tabletter efter behov fra 2. november 2026, højst 1 gang i døgnet, højst 1 gang på 7 dage",
        ),
        (
            {"timing": {"repeat": {"boundsPeriod": {"start": "2026-11-02"}, "when": ["NIGHT"]}}},
            "2 tabletter nat efter behov fra 2. november 2026, højst 1 gang i døgnet",
        ),
    ],
)
def test_as_needed_is_never_scheduled_and_keeps_its_limits(elements: Json, text: str) -> None:
    paper: Json = {"asNeededBoolean": True, "doseAndRate": fhir(2)["doseAndRate"], **elements}
    if "asNeededCodeableConcept" in elements:
        del paper["asNeededBoolean"]
    told = explain(paper)
    assert (told["kind"], told["automatic"], told["doses"], told["daily_dose"]) == ("pn", True, [], None)
    assert told["text"] == text


def test_a_bare_timing_counts_administrations() -> None:
    told = explain(code("QOD"), last=date(2026, 11, 5))
    assert [(each["at"][8:13], each["quantity"], each["unit"]) for each in told["doses"]] == [
        ("02T08", "1", "dosis"),
        ("04T08", "1", "dosis"),
    ]


DAILY: Json = {"when": ["MORN"], "frequency": 1, "period": 1, "periodUnit": "d"}
THURSDAYS: Json = {"when": ["MORN"], "dayOfWeek": ["thu"]}
EVERY_THIRD: Json = {"when": ["MORN"], "frequency": 1, "period": 3, "periodUnit": "d"}
WEEKLY: Json = {"when": ["MORN"], "frequency": 1, "period": 1, "periodUnit": "wk"}
EVERY_OTHER_MONDAY: Json = {"when": ["MORN"], "dayOfWeek": ["mon"], "period": 2, "periodUnit": "wk"}


def test_a_dosage_alone_needs_no_start_where_no_day_was_the_first() -> None:
    last = date(2026, 11, 5)
    assert times(fhir(start=False, **DAILY), last=last) == [f"11-0{n}T08:00" for n in range(1, 6)]
    assert times(fhir(start=False, **THURSDAYS), last=last) == ["11-05T08:00"]
    assert explain(fhir(start=False, **THURSDAYS))["text"] == "1 tablet morgen hver torsdag"
    ends = fhir(start=False, boundsPeriod={"end": "2026-11-03"}, **DAILY)
    assert times(ends, last=last) == ["11-01T08:00", "11-02T08:00", "11-03T08:00"]
    alone = {"resourceType": "Timing", "repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    assert times(alone, last=date(2026, 11, 1)) == ["11-01T08:00", "11-01T18:00"]


@pytest.mark.parametrize("repeat", [EVERY_THIRD, WEEKLY, EVERY_OTHER_MONDAY, {**DAILY, "count": 5}])
def test_what_counts_from_a_start_is_refused_without_one(repeat: Json) -> None:
    told = explain(fhir(start=False, **repeat))
    assert [each["reason"] for each in told["refused"]] == ["start_missing"]
    assert told["doses"] == []


@pytest.mark.parametrize("repeat", [DAILY, THURSDAYS])
def test_in_an_order_no_start_is_guessed_for_its_end_may_be_lost_with_it(repeat: Json) -> None:
    told = explain(request(fhir(start=False, **repeat)))
    assert [each["reason"] for each in told["refused"]] == ["start_missing"]


# --- beside a walk over hours and days -------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    repeat: dict[str, Any]
    naive: list[datetime]


MINUTES = st.builds(time, st.integers(0, 23), st.integers(0, 59))
BEGIN = st.builds(datetime.combine, st.dates(date(2026, 1, 1), date(2026, 12, 31)), MINUTES)
TIMES = st.lists(MINUTES, min_size=1, max_size=3, unique=True)


def instant(local: datetime) -> str:
    return local.replace(tzinfo=ZONE).isoformat()


@st.composite
def at_clock_times(draw: st.DrawFn) -> Asked:
    begin, clocks, every = draw(BEGIN), sorted(draw(TIMES)), draw(st.sampled_from([1, 2, 3, 10]))
    by_instant, weekdays = draw(st.booleans()), draw(st.sets(st.integers(0, 6), max_size=3))
    repeat: dict[str, Any] = {"timeOfDay": [f"{at:%H:%M}:00" for at in clocks]}
    days = [begin.date() + timedelta(n) for n in range(0, 90, 1 if weekdays else every)]
    if weekdays:
        repeat["dayOfWeek"] = [("mon", "tue", "wed", "thu", "fri", "sat", "sun")[each] for each in weekdays]
        days = [each for each in days if each.weekday() in weekdays]
    else:
        repeat |= {"frequency": len(clocks), "period": every, "periodUnit": "d"}
    naive = [datetime.combine(each, at) for each in days for at in clocks]
    if by_instant:
        naive = [at for at in naive if at >= begin]
    bounds = {"start": instant(begin) if by_instant else begin.date().isoformat()}
    return _cut(draw, repeat, bounds, naive, begin)


@st.composite
def every_n_hours(draw: st.DrawFn) -> Asked:
    begin, hours = draw(BEGIN), draw(st.sampled_from([1, 3, 4, 6, 8, 12, 24, 36, 48, 2.5]))
    naive = [begin + timedelta(hours=hours * n) for n in range(int(90 * 24 / hours))]
    repeat = {"frequency": 1, "period": hours, "periodUnit": "h"}
    return _cut(draw, repeat, {"start": instant(begin)}, naive, begin)


def _cut(
    draw: st.DrawFn, repeat: dict[str, Any], bounds: dict[str, str], naive: list[datetime], begin: datetime
) -> Asked:
    if draw(st.booleans()):
        end = begin + timedelta(minutes=draw(st.integers(0, 60 * 24 * 20)))
        bounds["end"] = instant(end)
        naive = [at for at in naive if at <= end]
    count = draw(st.none() | st.integers(1, 40))
    if count is not None:
        repeat["count"] = count
        naive = naive[:count]
    return Asked({**repeat, "boundsPeriod": bounds}, naive)


def exists(local: datetime) -> datetime:
    """The instant of a local time; in the gap, the first one after it."""
    while local.replace(tzinfo=ZONE).astimezone(UTC).astimezone(ZONE).replace(tzinfo=None) != local:
        local += timedelta(minutes=1)
    return local.replace(tzinfo=ZONE).astimezone(UTC)


@settings(max_examples=250, deadline=None)
@given(asked=at_clock_times() | every_n_hours())
def test_what_fhir_asks_for_is_what_a_walk_over_its_days_and_hours_finds(asked: Asked) -> None:
    first = date.fromisoformat(asked.repeat["boundsPeriod"]["start"][:10])
    last = first + timedelta(60)
    told = explain(fhir(start=False, **asked.repeat), first - timedelta(2), last)
    assert told["automatic"], told["refused"]
    walked = sorted(exists(at) for at in asked.naive if at.date() <= last)
    assert [datetime.fromisoformat(each["at"]).astimezone(UTC) for each in told["doses"]] == walked
