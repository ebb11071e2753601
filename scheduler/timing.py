"""Which intakes a dosage has on a date.

It knows dates and cycles. It knows no clock times, no zones and no doses: `expand` turns what it says into
doses, `occurrences` into instants. As-needed medicine has no dates: it is never asked for here, never planned
and never missed (rule 8).
"""

from __future__ import annotations

from datetime import date

from scheduler.dosage import Day, Dosage, Intake, Period


def intakes_on(dosage: Dosage, day: date) -> tuple[Intake, ...]:
    """Everything fixed that the dosage asks for on `day`, period by period."""
    ordinal = day.toordinal()
    return tuple(
        intake
        for period in dosage.periods
        for one in period.days
        if one.fixed and ordinal in dates(period, one)
        for intake in one.fixed
    )


def dates(period: Period, day: Day) -> range:
    """The dates of one day of the cycle, as ordinals (`date.fromordinal`); open-ended ones end with the
    calendar."""
    first = period.first.toordinal() + day.number - 1
    end = (period.last or date.max).toordinal() + 1
    if period.every_days == 0:  # once
        return range(first, min(end, first + 1))
    return range(first, end, period.every_days)


def last_fixed_day(dosage: Dosage) -> date | None:
    """The last day of the last period with anything fixed; `date.max` where one is open-ended, None where
    nothing is fixed."""
    lasts = [_last(period) for period in dosage.periods if period.fixed]
    return max(lasts, default=None)


def _last(period: Period) -> date:
    if period.every_days or period.last is not None:
        return period.last or date.max
    return date.fromordinal(max(dates(period, day)[-1] for day in period.days if dates(period, day)))
