"""Whatever is no event's plain form is refused by where it stands and what it should be, never by its value:
values are health data. Both ways and to the word, since a journal is looked into by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from scheduler import events as ev
from scheduler.plan import Content, DosePlan, Portion
from scheduler.record import RecordError, from_plain, to_plain
from scheduler.roll import Roll, Sachet

AT = datetime(2026, 11, 2, 7, tzinfo=UTC)
CHANGED = ev.IncidentChanged(AT, "i", 2, ev.Kind.DOSE_MISSED, ev.Priority.HIGH, AT, "code", False)
PILL = Content("N02BE01", "500 mg", Decimal("1.5"), "tablet")
PLAN = DosePlan("d", "r", date(2026, 11, 2), "noon", AT, AT, AT, (Portion("p", PILL),), False, 1)
PLANNED = ev.DosePlanned(AT, PLAN)
TIMES = ev.ClockTimesAdopted(AT, 2, time(8), time(12), time(18), time(22), ("Anna", "Bo"))
ODD: Any = replace  # what no type would let through
LOCAL = datetime.combine(date(2026, 11, 2), time(8))
SACHET = Sachet(1, "L1", LOCAL, frozenset({PILL}))
LOADED = ev.RollLoaded(AT, Roll("ROLL-1", "r", 1, (SACHET,)), "technician")


def at(plain: Any, path: str, value: object) -> Any:
    """A copy with something else at this place."""
    key, _, rest = path.partition(".")
    place: Any = int(key) if isinstance(plain, list) else key
    copy = list(plain) if isinstance(plain, list) else dict(plain)
    copy[place] = at(copy[place], rest, value) if rest else value
    return copy


IN_SACHET = "RollLoaded.roll: Roll.sachets: Sachet"
PILL_PLAIN = {"drug": "N02BE01", "strength": "500 mg", "quantity": "1.5", "unit": "tablet"}


@pytest.mark.parametrize(
    ("event", "path", "value", "message"),
    [
        (CHANGED, "at", "2026-11-02", "IncidentChanged.at: not an instant"),
        (CHANGED, "revision", "2", "IncidentChanged.revision: not a whole number"),
        (CHANGED, "revision", True, "IncidentChanged.revision: not a whole number"),
        (CHANGED, "kind", "dose_forgotten", "IncidentChanged.kind: not a Kind"),
        (CHANGED, "kind", 1, "IncidentChanged.kind: not a Kind"),
        (CHANGED, "priority", "HIGH", "IncidentChanged.priority: not a Priority"),
        (CHANGED, "priority", 3, "IncidentChanged.priority: not a Priority"),
        (CHANGED, "detail", None, "IncidentChanged.detail: not a text"),
        (CHANGED, "reopened", 0, "IncidentChanged.reopened: not true or false"),
        (PLANNED, "dose", [], "DosePlanned.dose: not a DosePlan"),
        (PLANNED, "dose.day", "2026-11-31", "DosePlanned.dose: DosePlan.day: not a date"),
        (PLANNED, "dose.portions", {}, "DosePlanned.dose: DosePlan.portions: not a list"),
        (PLANNED, "dose.portions.0.content.quantity", "one",
            "DosePlanned.dose: DosePlan.portions: Portion.content: Content.quantity: not a finite decimal"),
        (PLANNED, "dose.portions.0.content.quantity", "NaN",
            "DosePlanned.dose: DosePlan.portions: Portion.content: Content.quantity: not a finite decimal"),
        (TIMES, "noon", "noon", "ClockTimesAdopted.noon: not a clock time"),
        (TIMES, "noon", "12:00+01:00", "ClockTimesAdopted.noon: not a clock time"),
        (LOADED, "roll.sachets.0.local", "eight", f"{IN_SACHET}.local: not a local time"),
        (LOADED, "roll.sachets.0.local", "2026-11-02T08:00Z",
            f"{IN_SACHET}.local: not a local time"),
        (LOADED, "roll.sachets.0.content", [PILL_PLAIN, PILL_PLAIN],
            f"{IN_SACHET}.content: the same member twice"),
        (CHANGED, "of", 1, "IncidentChanged: unknown 'of'"),
        (CHANGED, "o" * 41, 1, f"IncidentChanged: unknown '{'o' * 40}'"),
        (CHANGED, "event", "e" * 41, f"'{'e' * 40}' is no event"),
        (CHANGED, "event", 7, "a value without a name is no event"),
    ],
)  # fmt: skip
def test_each_wrong_field_of_a_row_is_named(event: ev.Event, path: str, value: object, message: str) -> None:
    plain = to_plain(event)
    assert from_plain(plain) == event
    with pytest.raises(RecordError) as refused:
        from_plain(at(plain, path, value))
    assert str(refused.value) == message


def test_what_is_missing_and_what_is_not_known_is_listed_in_order() -> None:
    plain = {key: value for key, value in to_plain(CHANGED).items() if key not in ("kind", "detail")}
    with pytest.raises(RecordError) as refused:
        from_plain({**plain, "b": 1, "a": 2})
    assert str(refused.value) == "IncidentChanged: missing detail, kind; unknown 'a', 'b'"


@pytest.mark.parametrize(
    ("event", "changed", "message"),
    [
        (CHANGED, {"at": LOCAL}, "IncidentChanged.at: not an instant"),
        (CHANGED, {"at": AT + timedelta(microseconds=1)},
            "IncidentChanged.at: an instant finer than a millisecond"),
        (CHANGED, {"revision": 2.0}, "IncidentChanged.revision: not a whole number"),
        (CHANGED, {"kind": "dose_missed"}, "IncidentChanged.kind: not a Kind"),
        (CHANGED, {"priority": 3}, "IncidentChanged.priority: not a Priority"),
        (CHANGED, {"detail": 7}, "IncidentChanged.detail: not a text"),
        (CHANGED, {"reopened": None}, "IncidentChanged.reopened: not true or false"),
        (PLANNED, {"dose": None}, "DosePlanned.dose: not a DosePlan"),
        (PLANNED, {"dose": replace(PLAN, day=AT)}, "DosePlanned.dose: DosePlan.day: not a date"),
        (TIMES, {"noon": "12:00"}, "ClockTimesAdopted.noon: not a clock time"),
        (TIMES, {"noon": time(12, tzinfo=UTC)}, "ClockTimesAdopted.noon: not a clock time"),
        (LOADED, {"roll": replace(LOADED.roll, sachets=(replace(SACHET, local=AT),))},
            f"{IN_SACHET}.local: not a local time"),
        (LOADED, {"roll": replace(LOADED.roll, sachets=(ODD(SACHET, content=(PILL,)),))},
            f"{IN_SACHET}.content: not a frozenset"),
        (LOADED, {"roll": ODD(LOADED.roll, sachets=[SACHET])},
            "RollLoaded.roll: Roll.sachets: not a tuple"),
        *((LOADED, {"roll": replace(LOADED.roll, sachets=(replace(SACHET, content=frozenset(
            {ODD(PILL, quantity=quantity)})),))},
            f"{IN_SACHET}.content: Content.quantity: not a finite decimal")
            for quantity in (1, Decimal("Infinity"))),
    ],
)  # fmt: skip
def test_each_wrong_field_of_an_event_is_named_before_it_is_written(
    event: ev.Event, changed: dict[str, Any], message: str
) -> None:
    with pytest.raises(RecordError) as refused:
        to_plain(replace(event, **changed))
    assert str(refused.value) == message


def test_what_is_no_event_is_not_written() -> None:
    with pytest.raises(RecordError) as refused:
        to_plain(PLAN)  # type: ignore[arg-type]
    assert str(refused.value) == "'DosePlan' is no event"


def test_a_set_is_written_in_one_order_whatever_order_its_fields_have() -> None:
    two = frozenset({PILL, replace(PILL, drug="A01")})
    plain: Any = to_plain(replace(LOADED, roll=replace(LOADED.roll, sachets=(replace(SACHET, content=two),))))
    assert [each["drug"] for each in plain["roll"]["sachets"][0]["content"]] == ["A01", "N02BE01"]
