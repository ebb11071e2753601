"""FHIR's Timing as periods of the canonical dosage.

It knows `Timing`; amounts and everything else on a dosage are `fhir_dosage`'s. Whatever leaves a date or a
time to be guessed is refused.

Decisions (2026-11-23):
- A cycle counts from `boundsPeriod.start`; without it there is none. In a card every fixed dosage has one: a
  `boundsPeriod` that was lost on its way would take the end with it. A dosage that stands alone has its dates
  somewhere else, and needs none where every day or every week is like the other.
- A start given as an instant counts from its local date, and on that date only clock times from the instant
  on are asked for; likewise at the end. Doses without a clock time know no "from ten o'clock": such a period
  is refused.
- Every n hours is wall-clock time, from the clock time at which the period starts: 06:00, 14:00 and 22:00 all
  year. Sachets are labelled with clock times, and people live by them; elapsed time would shift each dose by
  an hour for half a year. In the nights of the change one gap is an hour longer or shorter.
- A week is 7 days from the start. A month or a year is no fixed number of days: refused.
- Codes such as BID mean "at the times of the institution": n times a day (`scheduler.dosage` says when). A
  frequency beside them, or beside listed times, must be their number.
- `count` counts what lies within the bounds, and becomes an end date. Where it ends within a day, only clock
  times say which doses are the last ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from math import lcm

from dispenserd.fagsystem.cutting import Bounds, begun, counted, ended
from dispenserd.fagsystem.fhir import CodeableConcept, Element, Number, Repeat, Timing
from dispenserd.fagsystem.parts import TIMES_MAX, place_in_day, within_reach
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.weeks import WEEK_DAYS, number_in_cycle, phase_is_clear
from scheduler.dosage import EVERY_DAYS_MAX, Day, DayPart, Intake, Period
from scheduler.window import LocalTime

PARTS = {"MORN": DayPart.MORNING, "NOON": DayPart.NOON, "EVE": DayPart.EVENING, "NIGHT": DayPart.NIGHT}
MEAL_EVENTS = frozenset({"C", "CM", "CD", "CV", "AC", "ACM", "ACD", "ACV", "PC", "PCM", "PCD", "PCV"})
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

CODE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
CODES: dict[str, tuple[int, int, str]] = {
    "QD": (1, 1, "d"),
    "BID": (2, 1, "d"),
    "TID": (3, 1, "d"),
    "QID": (4, 1, "d"),
    "QOD": (1, 2, "d"),
    "WK": (1, 1, "wk"),
    **{f"Q{hours}H": (1, hours, "h") for hours in (1, 2, 3, 4, 6, 8)},
}
"""How often in which period; what is not here (BED, PM, MO ...) has no time or no length."""

COUNT_MAX = 10_000
DAY_MIN = 24 * 60
HOURS_MIN = 60
"""More often than every hour is an infusion."""
START_UNKNOWN = date.min
"""As-needed medicine may have no start, nor a dosage alone that is the same every day or every week."""

FHIR_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FHIR_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
FHIR_MINUTE = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]:00(\.0+)?")


def periods(timing: Timing, path: str, intake: Intake, local: LocalTime, alone: bool = False) -> list[Period]:
    """One period, or two or three where bounds or hours cut a day. `intake` has the amount; `alone`: in no
    card."""
    _must_lack(timing, "event", Reason.TIMING_EVENT, path)
    repeat, where = timing.repeat or Repeat(), f"{path}.repeat"
    if timing.code is not None:
        repeat = _with_code(repeat, timing.code, path)
    elif timing.repeat is None:
        raise Refused(Reason.NO_STRUCTURE, path)
    _must_be_plain(repeat, where)
    bounds = _bounds(repeat, f"{where}.boundsPeriod", local, _needs_no_start(repeat, intake, alone))
    times = _times(repeat, intake, where)
    if repeat.periodUnit == "h" and not times and not _whole_days(repeat, bounds):
        made = _every_n_hours(repeat, bounds, intake, where)
    else:
        made = [_cycle(repeat, bounds, times, intake, where)]
        made = begun(made, bounds, where)
    if repeat.count is not None:
        count = _whole(repeat.count, Reason.COUNT, f"{where}.count")
        made = counted(made, count, f"{where}.count")
    return ended(made, bounds, where)


def frequency(repeat: Repeat, path: str) -> int:
    """How often in its period."""
    if repeat.frequency is None:
        return 1
    times = _whole(repeat.frequency, Reason.FREQUENCY_MISMATCH, f"{path}.frequency")
    if times > TIMES_MAX * WEEK_DAYS:
        raise Refused(Reason.TOO_MANY, f"{path}.frequency")
    return times


def _must_be_plain(repeat: Repeat, path: str) -> None:
    for name, reason in (
        ("boundsDuration", Reason.BOUNDS_KIND),
        ("boundsRange", Reason.BOUNDS_KIND),
        ("countMax", Reason.RANGE),
        ("duration", Reason.DURATION),
        ("durationMax", Reason.DURATION),
        ("durationUnit", Reason.DURATION),
        ("frequencyMax", Reason.RANGE),
        ("periodMax", Reason.RANGE),
        ("offset", Reason.OFFSET),
    ):
        _must_lack(repeat, name, reason, path)
    if repeat.when is not None and repeat.timeOfDay is not None:
        raise Refused(Reason.WHEN_AND_TIME, f"{path}.timeOfDay")


def _must_lack(element: Element, name: str, reason: Reason, path: str) -> None:
    if getattr(element, name) is not None:
        raise Refused(reason, f"{path}.{name}")


def _with_code(repeat: Repeat, code: CodeableConcept, path: str) -> Repeat:
    """The code as the numbers it stands for; numbers beside it must be the same."""
    codes = {coding.code for coding in code.coding if coding.system == CODE_SYSTEM}
    known = CODES.get(next(iter(codes)) or "") if len(codes) == 1 else None
    if known is None or repeat.dayOfWeek is not None:
        raise Refused(Reason.TIMING_CODE, f"{path}.code")
    if code.text is not None and code.text.strip() not in codes:
        raise Refused(Reason.TEXT_NOT_COVERED, f"{path}.code.text")
    frequency, period, unit = known
    stated = (repeat.frequency, repeat.period, repeat.periodUnit)
    if stated not in ((None, None, None), known):
        raise Refused(Reason.TIMING_CODE, f"{path}.code")
    return repeat.model_copy(update={"frequency": frequency, "period": period, "periodUnit": unit})


# --- from when to when ------------------------------------------------------------------------------------


def _bounds(repeat: Repeat, path: str, local: LocalTime, open_start: bool) -> Bounds:
    period = repeat.boundsPeriod
    start, end = (None, None) if period is None else (period.start, period.end)
    if start is None and not open_start:
        raise Refused(Reason.START_MISSING, f"{path}.start")
    first, after = (START_UNKNOWN, None) if start is None else _moment(start, f"{path}.start", local)
    last, until = (None, None) if end is None else _moment(end, f"{path}.end", local)
    if last is not None and (last < first or (last == first and (until or time.max) < (after or time.min))):
        raise Refused(Reason.BOUNDS_REVERSED, path)
    return Bounds(first, last, after, until)


def _moment(text: str, path: str, local: LocalTime) -> tuple[date, time | None]:
    """A local date, and the clock time where the text is an instant; a month is no anchor."""
    try:
        if FHIR_DATE.fullmatch(text):
            return within_reach(date.fromisoformat(text), path), None
        if FHIR_INSTANT.fullmatch(text):
            at = local.local(datetime.fromisoformat(text))
            return within_reach(at.date(), path), at.time()
    except (ValueError, OverflowError):
        pass
    raise Refused(Reason.NOT_A_DATE, path)


# --- which days -------------------------------------------------------------------------------------------


def _needs_no_start(repeat: Repeat, intake: Intake, alone: bool) -> bool:
    """Whether it does not matter which day was the first."""
    if repeat.count is not None or not (alone or intake.as_needed):
        return False
    if repeat.dayOfWeek is not None:
        return (repeat.period, repeat.periodUnit) in ((None, None), (1, "d"), (1, "wk"))
    return intake.as_needed or (repeat.period in (None, 1) and repeat.periodUnit in (None, "d"))


def _whole_days(repeat: Repeat, bounds: Bounds) -> bool:
    """24 hours without a clock time to count them from are a day."""
    whole = repeat.period is not None and 0 < repeat.period <= EVERY_DAYS_MAX * 24 and repeat.period % 24 == 0
    return whole and (bounds.after is None or (repeat.frequency or 1) > 1)


def _cycle(repeat: Repeat, bounds: Bounds, times: Sequence[Intake], intake: Intake, path: str) -> Period:
    days = _interval(repeat, path)
    if repeat.dayOfWeek is not None:
        return _weekly(repeat, bounds, times, intake, days, path)
    if not times:
        times = [intake] * _plain(repeat, days, path)
    elif repeat.frequency != len(times) and not (
        repeat.frequency is None and (days is None or len(times) == 1)
    ):
        raise Refused(Reason.FREQUENCY_MISMATCH, f"{path}.frequency")
    return Period(bounds.first, bounds.last, days or 1, (Day(1, tuple(times)),))


def _interval(repeat: Repeat, path: str) -> int | None:
    """Whole days; None where the dosage names no period."""
    if repeat.period is None and repeat.periodUnit is None:
        return None
    days_in = {"d": 1, "wk": WEEK_DAYS, "h": 0}.get(repeat.periodUnit or "")
    if days_in is None:
        raise Refused(Reason.PERIOD, f"{path}.periodUnit")
    if repeat.period is None or not 0 < repeat.period <= EVERY_DAYS_MAX * 24:
        raise Refused(Reason.PERIOD, f"{path}.period")
    days = repeat.period * days_in if days_in else repeat.period / 24
    if days % 1 != 0 or not 1 <= days <= EVERY_DAYS_MAX:
        raise Refused(Reason.PERIOD, f"{path}.period")
    return int(days)


def _plain(repeat: Repeat, days: int | None, path: str) -> int:
    """How many times on its day, where no time is listed."""
    if repeat.frequency is None and days is None:
        raise Refused(Reason.NO_TIMES, path)
    times = frequency(repeat, path)
    if days is None or (times > 1 and days > 1):  # three times in two days: which days?
        raise Refused(Reason.NO_TIMES, path)
    return times


def _weekly(
    repeat: Repeat, bounds: Bounds, times: Sequence[Intake], intake: Intake, days: int | None, path: str
) -> Period:
    where = f"{path}.dayOfWeek"
    names = repeat.dayOfWeek or []
    if not names or len(set(names)) != len(names) or any(name not in WEEKDAYS for name in names):
        raise Refused(Reason.DAY_OF_WEEK, where)
    daily = days is None or (days == 1 and repeat.periodUnit != "wk")
    if not daily and (days or 0) % WEEK_DAYS:
        raise Refused(Reason.DAY_OF_WEEK, where)
    weekdays = [WEEKDAYS.index(name) for name in names]
    length = WEEK_DAYS if daily else days or WEEK_DAYS
    if length > WEEK_DAYS and not phase_is_clear(bounds.first, weekdays):
        raise Refused(Reason.WEEK_PHASE, where)
    times = times or [intake] * _plain_on_weekdays(repeat, daily, len(names), path)
    asked = len(times) * (1 if daily else len(names))
    if repeat.frequency not in (None, asked):
        raise Refused(Reason.FREQUENCY_MISMATCH, f"{path}.frequency")
    numbers = sorted(number_in_cycle(bounds.first, weekday) for weekday in weekdays)
    return Period(bounds.first, bounds.last, length, tuple(Day(number, tuple(times)) for number in numbers))


def _plain_on_weekdays(repeat: Repeat, daily: bool, weekdays: int, path: str) -> int:
    if repeat.frequency is None:
        return 1
    times = frequency(repeat, path)
    return times if daily else max(1, times // weekdays)


# --- at which times ---------------------------------------------------------------------------------------


def _times(repeat: Repeat, intake: Intake, path: str) -> list[Intake]:
    """Those that are listed; none where a frequency alone says how often."""
    if repeat.when is not None:
        texts, where = repeat.when, f"{path}.when"
        times = [replace(intake, part=_part(text, where)) for text in texts]
    elif repeat.timeOfDay is not None:
        texts, where = repeat.timeOfDay, f"{path}.timeOfDay"
        times = [replace(intake, clock=_minute(text, where)) for text in texts]
    else:
        return []
    if not times:
        raise Refused(Reason.NO_TIMES, path)
    if len(times) > TIMES_MAX:
        raise Refused(Reason.TOO_MANY, where)
    if len(set(times)) != len(times):
        raise Refused(Reason.CONTRADICTORY_DOSAGE, where)
    return sorted(times, key=place_in_day)


def _part(code: str, path: str) -> DayPart:
    part = PARTS.get(code)
    if part is None:
        raise Refused(Reason.MEAL_EVENT if code in MEAL_EVENTS else Reason.DAY_PART_UNKNOWN, path)
    return part


def _minute(text: str, path: str) -> time:
    if not FHIR_MINUTE.fullmatch(text):
        raise Refused(Reason.TIME_OF_DAY, path)
    return time(int(text[:2]), int(text[3:5]))


def _every_n_hours(repeat: Repeat, bounds: Bounds, intake: Intake, path: str) -> list[Period]:
    """A cycle of the days after which the clock times come again; its first round may begin within a day."""
    if repeat.dayOfWeek is not None:
        raise Refused(Reason.DAY_OF_WEEK, f"{path}.dayOfWeek")
    if (
        repeat.frequency not in (None, 1)
        or repeat.period is None
        or not 0 < repeat.period <= EVERY_DAYS_MAX * 24
    ):
        raise Refused(Reason.HOURS, path)
    minutes = repeat.period * 60
    if minutes % 1 != 0 or minutes < HOURS_MIN:
        raise Refused(Reason.HOURS, path)
    round_days = lcm(int(minutes), DAY_MIN) // DAY_MIN
    if round_days > EVERY_DAYS_MAX:
        raise Refused(Reason.HOURS, path)
    start = bounds.after
    if start is None or start.second or start.microsecond:
        raise Refused(Reason.HOURS_START, f"{path}.boundsPeriod.start")
    begin = start.hour * 60 + start.minute
    all_minutes = range(begin, begin + round_days * DAY_MIN, int(minutes))
    first_round = _days_of([at for at in all_minutes if at < round_days * DAY_MIN], intake)
    every_round = _days_of(sorted(at % (round_days * DAY_MIN) for at in all_minutes), intake)
    if first_round == every_round:
        return [Period(bounds.first, bounds.last, round_days, every_round)]
    second = bounds.first + timedelta(days=round_days)
    return [
        Period(bounds.first, second - timedelta(days=1), round_days, first_round),
        Period(second, bounds.last, round_days, every_round),
    ]


def _days_of(minutes: Sequence[int], intake: Intake) -> tuple[Day, ...]:
    by_day: dict[int, list[Intake]] = {}
    for at in minutes:
        clock = time(at % DAY_MIN // 60, at % 60)
        by_day.setdefault(at // DAY_MIN + 1, []).append(replace(intake, clock=clock))
    return tuple(Day(number, tuple(intakes)) for number, intakes in sorted(by_day.items()))


def _whole(value: Number, reason: Reason, path: str) -> int:
    if not 0 < value <= COUNT_MAX or int(value) != value:  # a remainder would vanish below 1E-999999
        raise Refused(reason, path)
    return int(value)
