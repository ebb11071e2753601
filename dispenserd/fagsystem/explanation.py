"""What the machine understood of a dosage, as data for a person or another test suite to judge.

It knows what `read_dosage` read; it plans nothing, and no home is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from dispenserd.fagsystem.danish import told
from dispenserd.fagsystem.parts import Imported
from dispenserd.shapes.dosage import Explanation
from scheduler.dosage import Period
from scheduler.expand import DayClock
from scheduler.occurrences import occurrences
from scheduler.window import LocalTime

DAILY_DECIMALS = Decimal("0.000000001")
"""As FMK rounds an average."""


def explained(read: Imported, first: date, last: date, clock: DayClock, local: LocalTime) -> Explanation:
    """First and last date belong to it."""
    refused = read.every_refusal
    found = occurrences([read.dosage], first, last, clock, local)
    main = [part.period for part in read.parts if part.period is not None and not part.cut]
    daily = None if refused else daily_dose(main)
    return {
        "kind": kind(read),
        "automatic": not refused,
        "refused": [
            {"reason": each.reason.value, "path": each.path, "text": each.reason.danish} for each in refused
        ],
        "doses": [
            {
                "at": local.with_offset(one.at).isoformat(),
                "slot": None if one.slot is None else one.slot.value,
                "quantity": f"{one.quantity:f}",
                "unit": read.unit,
            }
            for one in found
        ],
        "daily_dose": None if daily is None else int(daily) if daily == int(daily) else float(daily),
        "text": told(read),
    }


def kind(read: Imported) -> str:
    """What was read, refused or not: `fixed`, `pn`, `mixed`, or `none` where there is nothing to give."""
    hints = {part.hint for part in read.parts if part.period is None}
    kinds = {"fixed", "pn"} if "mixed" in hints else hints - {""}
    for period in read.shown:
        kinds |= {"fixed"} if period.fixed else set()
        kinds |= {"pn"} if period.as_needed else set()
    if kinds == {"fixed", "pn"}:
        return "mixed"
    return kinds.pop() if kinds else "none"


def daily_dose(periods: Sequence[Period]) -> Decimal | None:
    """The average of a day, for as long as it is one number: None for as-needed medicine, for periods that
    follow each other, and for a row of dates of which each is given once and differs."""
    if not periods or any(period.as_needed or not period.days for period in periods):
        return None
    for at, one in enumerate(periods):
        if any(not _beside(one, other) for other in periods[:at]):
            return None
    averages = [_average(period) for period in periods]
    known = [average for average in averages if average is not None]
    return sum(known, Decimal(0)).quantize(DAILY_DECIMALS) if len(known) == len(averages) else None


def _beside(a: Period, b: Period) -> bool:
    return a.first <= (b.last or date.max) and b.first <= (a.last or date.max)


def _average(period: Period) -> Decimal | None:
    totals = [sum((each.quantity for each in day.fixed), Decimal(0)) for day in period.days]
    length = None if period.last is None else (period.last - period.first).days + 1
    if period.every_days and (length is None or period.every_days <= length):
        return sum(totals, Decimal(0)) / period.every_days
    in_a_row = [day.number for day in period.days] == list(range(1, len(period.days) + 1))
    return totals[0] if in_a_row and len(set(totals)) == 1 else None
