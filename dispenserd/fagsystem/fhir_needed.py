"""FHIR's as-needed instructions: what may be had, when and how much at most.

It knows what a frequency, a code, hours and a maximum mean on a `Dosage` as needed; `fhir_dosage` calls it,
`fhir_timing` reads the dates. A home keeps to the limits (rule 8).

Decisions (2026-11-23):
- As needed, a frequency is the most in 24 h, hours are the least between two, and the reason is what it is
  for; none of them makes an appointment, but a weekday, a part of the day or a clock time is when it may be
  asked for. A most per period may be of any hours, days or weeks to 31 days;
  so many times in several days are the most of those days, and of one of them.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from dispenserd.fagsystem.fhir import CodeableConcept, DosageInstruction, Element, Ratio, Repeat, Timing
from dispenserd.fagsystem.fhir_timing import START_UNKNOWN, frequency, periods
from dispenserd.fagsystem.fmk import exact, in_cycle
from dispenserd.fagsystem.parts import DECIMALS_MAX, QUANTITY_MAX
from dispenserd.fagsystem.reasons import Reason, Refused
from dispenserd.fagsystem.units import Unit, decimals, unit_of_coded
from scheduler.dosage import ANY_DAY, EVERY_DAYS_MAX, NOT_ITERATED, PERIOD_H_MAX, Day, Intake, Limit, Period
from scheduler.window import LocalTime

DAY_H = 24


def as_needed(
    instruction: DosageInstruction, path: str, intake: Intake, unit: Unit, local: LocalTime
) -> list[Period]:
    limit = _most(instruction.maxDosePerPeriod, f"{path}.maxDosePerPeriod", unit)
    limit = replace(limit, reason=_reason(instruction.asNeededCodeableConcept))
    timing = instruction.timing
    if timing is None or (timing.repeat is None and timing.code is None):
        period = Period(START_UNKNOWN, None, NOT_ITERATED, (Day(ANY_DAY, (intake,)),))
        return [_limited(period, limit)]
    where = f"{path}.timing"
    if timing.repeat is not None and timing.repeat.count is not None:
        raise Refused(Reason.AS_NEEDED, f"{where}.repeat.count")
    repeat = timing.repeat
    if repeat is not None and repeat.periodUnit == "h" and repeat.period is not None and timing.code is None:
        known = repeat.frequency in (None, 1) and 0 < repeat.period <= EVERY_DAYS_MAX * DAY_H
        gap_min = repeat.period * 60 if known else 0
        if gap_min < 1 or gap_min % 1 != 0:
            raise Refused(Reason.HOURS, f"{where}.repeat.period")
        if (repeat.when, repeat.timeOfDay, repeat.dayOfWeek) != (None, None, None):
            raise Refused(Reason.AS_NEEDED, f"{where}.repeat")
        bare = repeat.model_copy(update={"frequency": 1, "period": 1, "periodUnit": "d"})
        made = periods(timing.model_copy(update={"repeat": bare}), where, intake, local)
        free = [replace(one, every_days=NOT_ITERATED, days=(Day(ANY_DAY, (intake,)),)) for one in made]
        return [_limited(one, replace(limit, gap_min=int(gap_min))) for one in free]
    if repeat is not None and timing.code is None and _says_only_bounds(repeat):
        bare = repeat.model_copy(update={"frequency": 1, "period": 1, "periodUnit": "d"})
        made = periods(timing.model_copy(update={"repeat": bare}), where, intake, local)
        free = [replace(one, every_days=NOT_ITERATED, days=(Day(ANY_DAY, (intake,)),)) for one in made]
        return [_limited(one, limit) for one in free]
    if repeat is not None and timing.code is None and _says_only_how_often(repeat):
        return _so_often(timing, repeat, where, intake, limit, local)
    made = periods(timing, where, intake, local)
    times = max(len(day.intakes) for one in made for day in one.days)
    weekdays = repeat is not None and repeat.dayOfWeek is not None
    return [
        _limited(
            one if weekdays else _on_any_day(one),
            in_cycle(replace(limit, times=times), one.every_days, one.days, where),
        )
        for one in made
    ]


def _says_only_how_often(repeat: Repeat) -> bool:
    lists = (repeat.when, repeat.timeOfDay, repeat.dayOfWeek)
    return lists == (None, None, None) and repeat.frequency not in (None, 1)


def _so_often(
    timing: Timing, repeat: Repeat, path: str, intake: Intake, limit: Limit, local: LocalTime
) -> list[Period]:
    """Three times in a week, on whichever days: the most of the week, and of one day."""
    once = repeat.model_copy(update={"frequency": 1})
    made = periods(timing.model_copy(update={"repeat": once}), path, intake, local)
    times = frequency(repeat, f"{path}.repeat")
    every = made[0].every_days
    tighter = replace(limit, times=times)
    if every > 1:
        if limit.period_h is not None or every * DAY_H > PERIOD_H_MAX:
            raise Refused(Reason.AS_NEEDED, path)
        tighter = replace(tighter, period_h=every * DAY_H, times_per_period=times)
    return [_limited(_on_any_day(one), tighter) for one in made]


def _on_any_day(period: Period) -> Period:
    """Once in two days is as often as that, whichever of them it is asked for; only a weekday is a date."""
    if period.every_days <= 1:
        return period
    return replace(period, every_days=NOT_ITERATED, days=(replace(period.days[0], number=ANY_DAY),))


def _reason(concept: CodeableConcept | None) -> str:
    """What it is for, in words that somebody wrote."""
    if concept is None:
        return ""
    said = [concept.text, *(coding.display for coding in concept.coding)]
    return next((word for word in said if isinstance(word, str) and word), "")


def _says_only_bounds(repeat: Element) -> bool:
    names = ("frequency", "period", "when", "timeOfDay", "dayOfWeek")
    return all(getattr(repeat, name) is None for name in names)


def _limited(period: Period, limit: Limit) -> Period:
    return replace(period, limit=None if limit == Limit() else limit)


HOURS = {
    "h": 1,
    **dict.fromkeys(("hour", "hours", "time", "timer"), 1),
    **dict.fromkeys(("d", "day", "days", "dag", "dage", "døgn"), DAY_H),
    **dict.fromkeys(("wk", "week", "weeks", "uge", "uger"), 7 * DAY_H),
}
"""Of a denominator's unit. A month or a year is no fixed number of them."""


def _most(ratio: Ratio | None, path: str, unit: Unit) -> Limit:
    if ratio is None:
        return Limit()
    most, per = ratio.numerator, ratio.denominator
    spans = {HOURS.get(word, 0) for word in (per.unit, per.code) if word is not None}
    known = per.value is not None and 0 < per.value <= PERIOD_H_MAX
    hours = (per.value or 0) * max(spans, default=0) if known else 0
    compared = len(spans - {0}) > 1 or most.comparator is not None or per.comparator is not None
    if not 1 <= hours <= PERIOD_H_MAX or hours % 1 or compared or most.value is None:
        raise Refused(Reason.MAX_DOSE, path)
    if not 0 < most.value <= QUANTITY_MAX or decimals(most.value) > DECIMALS_MAX:
        raise Refused(Reason.QUANTITY, f"{path}.numerator.value")
    if unit_of_coded(most.unit, most.system, most.code, f"{path}.numerator") != unit:
        raise Refused(Reason.UNIT_MISMATCH, f"{path}.numerator.unit")
    units = exact(Decimal(most.value))
    return Limit(per_day=units) if hours == DAY_H else Limit(period_h=int(hours), per_period=units)
