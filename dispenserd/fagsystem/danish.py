"""A dosage in plain Danish, as a nurse would say it.

It knows words. It shows what was read, also what no machine may carry out: a range as a range, a text as a
text. Nothing decides by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

from dispenserd.fagsystem.parts import Imported
from dispenserd.fagsystem.reasons import Reason
from dispenserd.fagsystem.units import UNITS, Unit
from scheduler.dosage import ANY_DAY, Day, DayPart, Intake, Limit, Period

MONTHS = (
    *("januar", "februar", "marts", "april", "maj", "juni"),
    *("juli", "august", "september", "oktober", "november", "december"),
)
WEEKDAYS = ["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"]
PARTS = {
    DayPart.MORNING: "morgen",
    DayPart.NOON: "middag",
    DayPart.EVENING: "aften",
    DayPart.NIGHT: "nat",
}
WEEK = 7
WORDS_CHARS_MAX = 1000


def told(read: Imported) -> str:
    """The whole dosage; one sentence a period."""
    if read.words:
        return f"Fritekst: {_one_line(read.words)}"
    if any(refusal.reason is Reason.LOCAL_SCHEMA for refusal in read.refused):
        return "Efter skema i et lokalt system"
    unit = _unit(read)
    shown = sorted(read.shown, key=lambda period: (period.as_needed and not period.fixed, period.first))
    sentences = [sentence for period in shown for sentence in _period(period, unit)]
    if sentences and any(part.period is None for part in read.parts):
        sentences.append("resten af doseringen kan ikke læses")
    return "; ".join(sentences) or "Doseringen kan ikke læses"


def counted(quantity: Decimal, read: Imported) -> str:
    """`2 tabletter`."""
    return _amount(quantity, None, _unit(read))


def _unit(read: Imported) -> Unit:
    known = UNITS.get(read.unit)
    if known is not None and read.plural in ("", read.unit):
        return Unit(read.unit, known.plural)
    return Unit(read.unit, read.plural or read.unit)


def _period(period: Period, unit: Unit) -> list[str]:
    if not any(day.intakes for day in period.days):
        return [f"ingen medicin {_dates(period)}".strip()]
    fixed = [_only(day, False) for day in period.days]
    needed = [_only(day, True) for day in period.days]
    sentences = []
    if any(day.intakes for day in fixed):
        sentences.append(_rhythm(period, [day for day in fixed if day.intakes], unit, ""))
    if any(day.intakes for day in needed):
        behind = _limits(period.limit, unit)
        sentences.append(_rhythm(period, [day for day in needed if day.intakes], unit, behind))
    return [sentence + (f", {_one_line(period.text)}" if period.text else "") for sentence in sentences]


def _only(day: Day, as_needed: bool) -> Day:
    return Day(day.number, tuple(each for each in day.intakes if each.as_needed is as_needed))


def _rhythm(period: Period, days: Sequence[Day], unit: Unit, behind: str) -> str:
    """What, on which days, from when to when, and under which limits."""
    what = _intakes(days[0], unit, len(days) == period.every_days)
    same = all(day.intakes == days[0].intakes for day in days)
    numbers = [day.number for day in days]
    length = None if period.last is None else (period.last - period.first).days + 1
    every = period.every_days if length is None or period.every_days <= length else 0
    if numbers == [ANY_DAY]:
        return _joined(what, _dates(period), behind)
    if not every:
        return _once(period, days, unit, behind)
    if same and numbers == list(range(1, every + 1)):
        spoken = all(each.plain or each.as_needed for each in days[0].intakes)
        daily = "" if spoken or period.first == period.last else "hver dag"
        return _joined(what, daily, _dates(period), behind)
    if same and every % WEEK == 0 and numbers[-1] <= WEEK and (every == WEEK or period.first != date.min):
        return _joined(what, _weekdays(period, numbers), _dates(period), behind)
    if numbers == [1]:
        return _joined(what, f"hver {every}. dag", _dates(period), behind)
    if same:
        on = _listed([_span("dag", group) for group in _alike(days)])
        return _joined(what, f"{on} i en cyklus på {every} dage", _dates(period), behind)
    rounds = "; ".join(f"{_span('dag', group)}: {_intakes(group[0], unit)}" for group in _alike(days))
    return _joined(f"i en cyklus på {every} dage", _dates(period), behind) + f": {rounds}"


def _once(period: Period, days: Sequence[Day], unit: Unit, behind: str) -> str:
    end = period.last or date.max
    inside = [day for day in days if period.first.toordinal() + day.number - 1 <= end.toordinal()]
    on = [f"{_intakes(group[0], unit)} {_span_of_dates(period.first, group)}" for group in _alike(inside)]
    return _joined("; ".join(on) or f"ingen medicin {_dates(period)}", "", behind)


def _alike(days: Sequence[Day]) -> list[list[Day]]:
    """Days in a row on which the same is taken."""
    groups: list[list[Day]] = []
    for day in days:
        last = groups[-1][-1] if groups else None
        if last is not None and last.number + 1 == day.number and last.intakes == day.intakes:
            groups[-1].append(day)
        else:
            groups.append([day])
    return groups


def _span(word: str, days: Sequence[Day]) -> str:
    first, last = days[0].number, days[-1].number
    return f"{word} {first}" if first == last else f"{word} {first}-{last}"


def _span_of_dates(start: date, days: Sequence[Day]) -> str:
    first, last = (_date(start + timedelta(days=day.number - 1)) for day in (days[0], days[-1]))
    return f"den {first}" if first == last else f"hver dag fra {first} til og med {last}"


def _weekdays(period: Period, numbers: Sequence[int]) -> str:
    weeks = period.every_days // WEEK
    on = [(number - 1 + period.first.weekday()) % WEEK for number in numbers]
    if weeks == 1:
        return f"hver {_listed([WEEKDAYS[weekday] for weekday in sorted(on)])}"
    return f"{_listed([WEEKDAYS[weekday] for weekday in on])} hver {weeks}. uge"


# --- what ---------------------------------------------------------------------------------------------


def _intakes(day: Day, unit: Unit, daily: bool = False) -> str:
    """`1 tablet morgen og 2 tabletter aften`; those of one amount together."""
    told = []
    for (low, high), group in groupby(day.intakes, key=lambda each: (each.quantity, each.maximal)):
        intakes = list(group)
        told.append(f"{_amount(low, high, unit)}{_times(intakes, daily)}")
    return _listed(told)


def _times(intakes: Sequence[Intake], daily: bool) -> str:
    if all(each.plain for each in intakes):
        if intakes[0].as_needed:
            return " efter behov"
        often = f" {len(intakes)} {'gang' if len(intakes) == 1 else 'gange'}"
        return f"{often} dagligt" if daily else often if len(intakes) == 1 else f"{often} om dagen"
    words = _listed([_time(each) for each in intakes])
    return f" {words}{' efter behov' if intakes[0].as_needed else ''}"


def _time(intake: Intake) -> str:
    if intake.part is not None:
        return PARTS[intake.part]
    return f"kl. {intake.clock:%H.%M}" if intake.clock is not None else "uden tidspunkt"


def _amount(low: Decimal, high: Decimal | None, unit: Unit) -> str:
    most = low if high is None else high
    number = _number(low) if high is None else f"{_number(low)}-{_number(high)}"
    return f"{number} {unit.singular if most <= 1 else unit.plural}".strip()


def _number(value: Decimal) -> str:
    return f"{value:f}".replace(".", ",")


def _limits(limit: Limit | None, unit: Unit) -> str:
    if limit is None:
        return ""
    told = []
    if limit.times is not None:
        told.append(f"højst {limit.times} {'gang' if limit.times == 1 else 'gange'} i døgnet")
    if limit.per_day is not None:
        told.append(f"højst {_amount(limit.per_day, None, unit)} i døgnet")
    if limit.period_h is not None:
        span = _hours(limit.period_h)
        if limit.times_per_period is not None:
            gange = "gang" if limit.times_per_period == 1 else "gange"
            told.append(f"højst {limit.times_per_period} {gange} på {span}")
        if limit.per_period is not None:
            told.append(f"højst {_amount(limit.per_period, None, unit)} på {span}")
    if limit.gap_min is not None:
        told.append(f"mindst {_length(limit.gap_min)} imellem")
    if limit.reason:
        told.append(f"ved {_one_line(limit.reason)}")
    return ", ".join(told)


def _hours(hours: int) -> str:
    days, rest = divmod(hours, 24)
    return f"{days} {'dag' if days == 1 else 'dage'}" if not rest else _length(hours * 60)


def _length(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    words = []
    if hours:
        words.append(f"{hours} {'time' if hours == 1 else 'timer'}")
    if rest or not hours:
        words.append(f"{rest} {'minut' if rest == 1 else 'minutter'}")
    return " og ".join(words)


# --- from when to when ----------------------------------------------------------------------------------


def _dates(period: Period) -> str:
    first, last = period.first, period.last
    if first == date.min:
        return "" if last is None else f"til og med {_date(last)}"
    if first == last:
        return f"den {_date(first)}"
    return f"fra {_date(first)}" + ("" if last is None else f" til og med {_date(last)}")


def _date(day: date, year: bool = True) -> str:
    return f"{day.day}. {MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")


def _joined(what: str, *more: str) -> str:
    """The parts with blanks, the last one (the limits) behind a comma."""
    *near, behind = more
    sentence = " ".join(part for part in (what, *near) if part)
    return f"{sentence}, {behind}" if behind else sentence


def _listed(words: Sequence[str]) -> str:
    return " og ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _one_line(text: str) -> str:
    """Somebody else's words: in one line, bounded, and without what a terminal would obey."""
    return "".join(each if each.isprintable() else " " for each in text[:WORDS_CHARS_MAX]).strip()
