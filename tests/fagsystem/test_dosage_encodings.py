"""One dosage in FMK's three encodings gives the same doses, and they add up to what it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.dosage import Limit
from tests.support.dosage_papers import (
    Json,
    day,
    day_146,
    day_160,
    dose,
    dose_146,
    explain,
    fixed_146,
    fmk,
    needed_146,
    parts_160,
    period_160,
    read,
    structure,
    structure_146,
    week_160,
    xml_146,
    xml_160,
)

PARTS = ("Morning", "Noon", "Evening", "Night")


@dataclass(frozen=True)
class Written:
    """One period: for each day its amounts by part, at clock times, or n times an amount."""

    start: date
    length: int  # 0: open-ended
    every: int  # 0: not iterated
    days: dict[int, dict[str, Decimal] | tuple[int, Decimal]]

    @property
    def end(self) -> str:
        return (self.start + timedelta(self.length - 1)).isoformat() if self.length else ""


amounts = st.sampled_from([Decimal(1), Decimal("0.5"), Decimal("1.5"), Decimal(2), Decimal("0.25")])
by_part = st.dictionaries(
    st.sampled_from(PARTS) | st.sampled_from(["08:00", "02:30", "20:45"]), amounts, min_size=1
)
plain = st.tuples(st.integers(1, 4), amounts)


@st.composite
def written(draw: st.DrawFn) -> Written:
    every = draw(st.sampled_from([0, 1, 2, 3, 7, 14, 28]))
    numbers = draw(st.sets(st.integers(1, every or 5), min_size=1, max_size=5))
    days = {number: draw(by_part | plain) for number in sorted(numbers)}
    start = draw(st.dates(date(2026, 3, 1), date(2026, 11, 30)))
    return Written(start, draw(st.sampled_from([0, 1, 9, 40])), every, days)


def in_json(one: Written) -> Json:
    days = [day(number, *_json_doses(doses)) for number, doses in one.days.items()]
    end = {"endDate": one.end} if one.end else {}
    return fmk(structure(*days, every=one.every, start=one.start.isoformat(), **end))


def _json_doses(doses: dict[str, Decimal] | tuple[int, Decimal]) -> list[Json]:
    if isinstance(doses, tuple):
        return [dose("Plain", float(doses[1]))] * doses[0]
    return [
        dose("Timed", float(amount), time={"hour": int(when[:2]), "minute": int(when[3:])})
        if ":" in when
        else dose(when, float(amount))
        for when, amount in doses.items()
    ]


def in_146(one: Written) -> bytes:
    days = [day_146(number, *_doses_146(doses)) for number, doses in one.days.items()]
    return xml_146(fixed_146(structure_146(*days, every=one.every, start=one.start.isoformat(), end=one.end)))


def _doses_146(doses: dict[str, Decimal] | tuple[int, Decimal]) -> list[str]:
    if isinstance(doses, tuple):
        return [dose_146("", str(doses[1]))] * doses[0]
    return [
        dose_146(
            f"{when}:00" if ":" in when else when.lower(), f"{amount}0" if "." in str(amount) else str(amount)
        )
        for when, amount in reversed(doses.items())
    ]


def in_160(one: Written) -> bytes:
    days = "".join(day_160(number, _choice_160(doses)) for number, doses in one.days.items())
    before = f"<Precondition><ValidFrom>{one.start.isoformat()}</ValidFrom></Precondition>"
    return xml_160(period_160(days, one.length, every=one.every), before=before)


def _choice_160(doses: dict[str, Decimal] | tuple[int, Decimal]) -> str:
    if isinstance(doses, tuple):
        inside = f"<Quantity>{doses[1]}</Quantity><TimesPerDay>{doses[0]}</TimesPerDay>"
        return f"<TimesPerDayDosage>{inside}</TimesPerDayDosage>"
    parts = {when: str(amount) for when, amount in doses.items() if ":" not in when}
    timed = [
        f"<TimeOfDayDosage><Time>{when}</Time><Quantity>{amount}</Quantity></TimeOfDayDosage>"
        for when, amount in doses.items()
        if ":" in when
    ]
    return "".join(timed) + (parts_160(**parts) if parts else "")


@settings(max_examples=120, deadline=None)
@given(one=written())
def test_the_three_encodings_of_a_dosage_are_explained_alike(one: Written) -> None:
    first, last = one.start - timedelta(2), one.start + timedelta(60)
    told = [explain(paper, first, last) for paper in (in_json(one), in_146(one), in_160(one))]
    assert told[0]["automatic"], told[0]["refused"]
    assert told[0] == told[1] == told[2]


@settings(max_examples=80, deadline=None)
@given(one=written())
def test_the_doses_of_whole_rounds_add_up_to_the_daily_dose(one: Written) -> None:
    whole = Written(one.start, 0, one.every, one.days)
    total = Decimal(0)
    for doses in one.days.values():
        total += doses[0] * doses[1] if isinstance(doses, tuple) else sum(doses.values(), Decimal(0))
    days = one.every * 3 or 10
    told = explain(in_json(whole), one.start, one.start + timedelta(days - 1))
    given_out = sum(Decimal(each["quantity"]) for each in told["doses"])
    assert given_out == total * (3 if one.every else 1)
    if one.every:
        daily = told["daily_dose"]
        assert daily is not None
        assert abs(Decimal(str(daily)) - total / one.every) < Decimal("0.00000001")


def test_as_needed_medicine_is_the_same_in_all_three() -> None:
    thrice = "<TimesPerDayDosage><Quantity>1</Quantity><TimesPerDay>3</TimesPerDay></TimesPerDayDosage>"
    papers = (
        fmk(structure(day(1, *[dose("Plain", needed=True)] * 3))),
        xml_146(needed_146(structure_146(day_146(1, *[dose_146()] * 3)))),
        xml_160(period_160(day_160(1, thrice), kind="PRN")),
    )
    told = [explain(paper) for paper in papers]
    assert told[0] == told[1] == told[2]
    assert told[0]["kind"] == "pn"
    assert told[0]["doses"] == []
    assert told[0]["text"] == "1 tablet efter behov fra 2. november 2026, højst 3 gange i døgnet"


def test_as_needed_once_in_a_cycle_of_a_week_is_no_more_than_that_in_all_three() -> None:
    """Once every seven days is not once in every 24 hours."""
    once = "<TimesPerDayDosage><Quantity>1</Quantity><TimesPerDay>1</TimesPerDay></TimesPerDayDosage>"
    papers = (
        fmk(structure(day(1, dose("Plain", needed=True)), every=7)),
        xml_146(needed_146(structure_146(day_146(1, dose_146()), every=7))),
        xml_160(period_160(day_160(1, once), kind="PRN", every=7)),
    )
    for paper in papers:
        (period,) = read(paper).dosage.periods
        assert period.limit == Limit(times=1, period_h=168, times_per_period=1)


def test_a_cycle_longer_than_a_home_remembers_is_refused() -> None:
    told = explain(fmk(structure(day(1, dose("Plain", needed=True)), every=60)))
    assert [each["reason"] for each in told["refused"]] == ["as_needed"]


def empty_146(start: str, end: str) -> str:
    dates = f"<m:StartDate>{start}</m:StartDate><m:EndDate>{end}</m:EndDate>"
    return f"<m:EmptyStructure>{dates}</m:EmptyStructure>"


def test_fixed_and_as_needed_beside_each_other_are_mixed_and_an_empty_period_between_is_allowed() -> None:
    morning = structure_146(day_146(1, dose_146("morning")), end="2026-11-04")
    empty = empty_146("2026-11-05", "2026-11-06")
    evening = structure_146(day_146(1, dose_146("evening")), start="2026-11-07")
    needed = structure_146(day_146(0, dose_146()), every=0)
    told = explain(xml_146(fixed_146(morning, empty, evening) + needed_146(needed)), last=date(2026, 11, 8))
    assert told["kind"] == "mixed"
    assert told["automatic"]
    assert [each["at"][8:13] for each in told["doses"]] == ["02T08", "03T08", "04T08", "07T18", "08T18"]


def test_an_as_needed_row_may_begin_with_an_empty_period_beside_fixed_medicine() -> None:
    empty = empty_146("2026-11-02", "2026-11-03")
    needed = structure_146(day_146(0, dose_146()), every=0, start="2026-11-04")
    fixed = fixed_146(structure_146(day_146(1, dose_146("noon"))))
    assert explain(xml_146(fixed + needed_146(empty, needed)))["automatic"]


def test_periods_of_160_follow_each_other_from_their_start() -> None:
    paper = xml_160(
        period_160(day_160(1, parts_160(Morning="1")), 3),
        "<DosagePeriod><PeriodLength>2</PeriodLength><Empty/></DosagePeriod>",
        period_160(day_160(1, parts_160(Evening="2")), every=2),
    )
    told = explain(paper, last=date(2026, 11, 10))
    at = [each["at"][8:13] for each in told["doses"]]
    assert at == ["02T08", "03T08", "04T08", "07T18", "09T18"]


def test_weekdays_of_160_are_those_dates() -> None:
    weekly = xml_160(period_160(week_160("Monday", "Thursday"), every=0))
    assert [each["at"][8:10] for each in explain(weekly, last=date(2026, 11, 12))["doses"]] == [
        "02",
        "05",
        "09",
        "12",
    ]
    assert explain(weekly) == explain(xml_160(period_160(week_160("Monday", "Thursday"), every=1)))
    unequal = week_160("Monday") + week_160("Friday")
    two = explain(xml_160(period_160(unequal, every=2)), last=date(2026, 11, 30))
    assert [each["at"][8:10] for each in two["doses"]] == ["02", "13", "16", "27", "30"]


def test_the_older_way_of_writing_a_dose_in_160_is_the_same() -> None:
    older = "<Day><Index>1</Index><Dose><TimeOfDay>morning</TimeOfDay><Quantity>1</Quantity></Dose></Day>"
    assert explain(xml_160(period_160(older))) == explain(
        xml_160(period_160(day_160(1, parts_160(Morning="1"))))
    )


def test_an_amount_from_one_to_one_is_one() -> None:
    same = {"type": "NoonDoseWrapper", "minimalDoseQuantity": 1, "maximalDoseQuantity": 1}
    assert explain(fmk(structure(day(1, same)))) == explain(fmk(structure(day(1, dose("Noon")))))
