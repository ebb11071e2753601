"""An event's plain form: whole, exact, and strict both ways."""

from __future__ import annotations

import json
import time as stopwatch
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, cast, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.events import (
    DoseDue,
    DosePlanned,
    Event,
    IncidentChanged,
    Kind,
    Priority,
    RobotLogged,
    RollLoaded,
)
from scheduler.plan import Content, DosePlan, Portion
from scheduler.record import RecordError, from_plain, to_plain
from scheduler.record_of_old import ADDED
from scheduler.roll import Roll, Sachet

AT = datetime(2026, 11, 2, 7, 0, 0, 123000, tzinfo=UTC)
EVENTS = get_args(Event)
LOCAL = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001
TABLET = Content("N02BE01", "500 mg", Decimal(1), "tablet")
MARKER = "Ellinor Opdigtet"
YEAR_OF_EVENTS = 20_000


def values(owner: type, field: str, hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type; only `Sachet.local` is a naive local time."""
    if (owner, field) == (Sachet, "local"):
        return st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001
    origin, arms = get_origin(hint), get_args(hint)
    if origin is tuple:
        return st.lists(values(owner, field, arms[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(values(owner, field, arms[0]), max_size=3)
    if origin is types.UnionType:
        return st.one_of(*(values(owner, field, arm) for arm in arms))
    if is_dataclass(hint):
        return members(cast(type, hint))
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return SIMPLE[hint]


def members(kind: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(
        kind, **{each.name: values(kind, each.name, hints[each.name]) for each in fields(kind) if each.init}
    )


SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    str: st.text(max_size=8),
    int: st.integers(),
    bool: st.booleans(),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(
        min_value=datetime(2000, 1, 1),  # noqa: DTZ001
        max_value=datetime(2100, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)),
    date: st.dates(min_value=date(2000, 1, 1)),
    time: st.times(),
}


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_every_event_of_the_union_comes_back_equal_through_json_text(kind: type) -> None:
    @settings(max_examples=15, deadline=None, derandomize=True, database=None)
    @given(members(kind))
    def comes_back(event: Event) -> None:
        text = json.dumps(to_plain(event), allow_nan=False)
        again = from_plain(json.loads(text))
        assert again == event
        assert to_plain(again) == to_plain(event)

    comes_back()


def test_the_union_names_every_event_class_once() -> None:
    assert len({kind.__name__ for kind in EVENTS}) == len(EVENTS)


def test_the_plain_form_is_as_documented() -> None:
    changed = IncidentChanged(
        AT, "i1", 2, Kind.DOSE_MISSED, Priority.MEDIUM, AT + timedelta(minutes=30), "code", False
    )
    assert to_plain(changed) == {
        "event": "IncidentChanged",
        "at": "2026-11-02T07:00:00.123Z",
        "incident_id": "i1",
        "revision": 2,
        "kind": "dose_missed",
        "priority": "medium",
        "deadline": "2026-11-02T07:30:00.123Z",
        "detail": "code",
        "reopened": False,
    }


def test_equal_sets_become_equal_bytes_whatever_order_they_were_built_in() -> None:
    tablets = [Content(f"N02BE{n:02d}", "500 mg", Decimal(n), "tablet") for n in range(20)]
    forward, backward = loaded(frozenset(tablets)), loaded(frozenset(reversed(tablets)))
    assert json.dumps(to_plain(forward)) == json.dumps(to_plain(backward))


def test_a_sachet_keeps_its_naive_local_time_and_nothing_else_may_be_naive() -> None:
    event = loaded(frozenset())
    plain = to_plain(event)
    assert cast(Any, plain)["roll"]["sachets"][0]["local"] == "2026-10-25T02:30:00"
    assert from_plain(plain) == event
    with pytest.raises(RecordError, match=r"DoseDue\.at: not an instant"):
        to_plain(DoseDue(LOCAL, "d"))
    aware = replace(event.roll.sachets[0], local=AT)
    with pytest.raises(RecordError, match=r"Sachet\.local: not a local time"):
        to_plain(replace(event, roll=replace(event.roll, sachets=(aware,))))


def test_an_instant_of_another_offset_is_written_in_utc() -> None:
    summer = AT.astimezone(timezone(timedelta(hours=2)))
    assert to_plain(DoseDue(summer, "d"))["at"] == "2026-11-02T07:00:00.123Z"


def test_an_instant_finer_than_a_millisecond_is_refused_because_it_would_replay_as_another() -> None:
    with pytest.raises(RecordError, match="finer than a millisecond"):
        to_plain(DoseDue(AT.replace(microsecond=1), "d"))


def test_any_text_survives_even_a_lone_surrogate_and_a_null() -> None:
    odd = DoseDue(AT, "\ud800\x00é")
    assert from_plain(json.loads(json.dumps(to_plain(odd)))) == odd


def test_a_word_of_the_peers_in_a_text_field_is_written_as_plain_text() -> None:
    class Entry(StrEnum):
        ENDED = "ended"

    plain = to_plain(RobotLogged(AT, "l", 1, Entry.ENDED, AT, "b"))
    assert type(plain["entry"]) is str


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"event": "DoseForgotten"}, "'DoseForgotten' is no event"),
        ({"event": None}, "no event"),
        ({"event": ["DoseDue"]}, "no event"),
        ({"extra": 1}, "DoseDue: unknown 'extra'"),
        ({"at": "2026-11-02T07:00:00"}, "DoseDue.at: not an instant"),
        ({"at": 7}, "DoseDue.at: not a text"),
        ({"dose_id": 7}, "DoseDue.dose_id: not a text"),
        ({"dose_id": None}, "DoseDue.dose_id: not a text"),
    ],
)
def test_what_is_not_exactly_an_event_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(RecordError) as refused:
        from_plain({**to_plain(DoseDue(AT, "d")), **change})
    assert message in str(refused.value)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_a_missing_field_is_refused_even_where_the_class_has_a_default(kind: type) -> None:
    @settings(max_examples=1, deadline=None, derandomize=True, database=None)
    @given(members(kind))
    def is_refused(event: Event) -> None:
        plain = to_plain(event)
        for name in plain.keys() - ADDED.get(kind, {}).keys():
            with pytest.raises(RecordError):
                from_plain({key: value for key, value in plain.items() if key != name})

    is_refused()


def test_fields_of_a_nested_record_are_checked_as_strictly() -> None:
    plain = cast(Any, to_plain(loaded(frozenset({TABLET}))))
    damages: list[Callable[[Any, Any], object]] = [
        lambda roll, sachet: roll.pop("resident"),
        lambda roll, sachet: roll.update(more=1),
        lambda roll, sachet: roll.update(card_version=True),
        lambda roll, sachet: roll.update(card_version="3"),
        lambda roll, sachet: roll.update(sachets="abc"),
        lambda roll, sachet: roll.update(sachets=[None]),
        lambda roll, sachet: sachet.update(local="2026-10-25T02:30:00Z"),
        lambda roll, sachet: sachet["content"].append(sachet["content"][0]),
        lambda roll, sachet: sachet["content"][0].update(quantity="NaN"),
        lambda roll, sachet: sachet["content"][0].update(quantity="1,5"),
        lambda roll, sachet: sachet["content"][0].update(quantity=1.5),
    ]
    for damage in damages:
        damaged = json.loads(json.dumps(plain))
        damage(damaged["roll"], damaged["roll"]["sachets"][0])
        with pytest.raises(RecordError, match=r"^RollLoaded"):
            from_plain(damaged)


def test_a_date_is_no_instant_and_a_flag_no_number() -> None:
    for change in ({"day": "2026-11-02T00:00:00"}, {"critical": 1}, {"opens": "2026-11-02"}):
        damaged = cast(Any, to_plain(planned()))
        damaged["dose"].update(change)
        with pytest.raises(RecordError, match=r"^DosePlanned\.dose: DosePlan\."):
            from_plain(damaged)


@pytest.mark.parametrize(
    "event",
    [
        DoseDue(AT, cast(Any, None)),
        DoseDue(cast(Any, "2026-11-02T07:00:00Z"), "d"),
        IncidentChanged(AT, "i", cast(Any, True), Kind.DOSE_MISSED, Priority.LOW, AT, "", False),
        IncidentChanged(AT, "i", 1, cast(Any, "dose_missed"), Priority.LOW, AT, "", False),
        IncidentChanged(AT, "i", 1, Kind.DOSE_MISSED, cast(Any, 1), AT, "", False),
        cast(Any, TABLET),
    ],
)
def test_what_could_not_be_read_again_is_not_written(event: Event) -> None:
    with pytest.raises(RecordError):
        to_plain(event)


def test_an_error_never_quotes_a_value() -> None:
    for damage in ({"at": MARKER}, {"dose_id": [MARKER]}, {"event": 1, MARKER[:4]: 2}):
        with pytest.raises(RecordError) as refused:
            from_plain({**to_plain(DoseDue(AT, MARKER)), **cast(Any, damage)})
        assert MARKER not in str(refused.value)
        assert refused.value.__cause__ is None


def test_a_year_of_one_home_is_read_in_well_under_a_second() -> None:
    plain = to_plain(planned())
    started = stopwatch.process_time()
    for _ in range(YEAR_OF_EVENTS):
        from_plain(plain)
    assert stopwatch.process_time() - started < 1.0


def loaded(content: frozenset[Content]) -> RollLoaded:
    return RollLoaded(AT, Roll("P1", "r", 3, (Sachet(1, "L1", LOCAL, content),)), "N")


def planned() -> DosePlanned:
    dose = DosePlan(
        dose_id="r/2026-11-02/morning/1",
        resident="r",
        day=date(2026, 11, 2),
        slot="morning",
        opens=AT,
        half=AT + timedelta(hours=1),
        closes=AT + timedelta(hours=2),
        portions=(Portion("p1", TABLET), Portion("p2", TABLET)),
        critical=False,
        plan_version=1,
    )
    return DosePlanned(AT, dose)
