"""An event as plain JSON data, and back: the shape of a journal row's body.

Knows the closed union `Event` by introspection alone, so a new event needs no code here. Strict both ways:
what it writes it can read, and what it does not know it refuses, because a row read half would give a world
that never was. Knows no JSON text, no hash, no disk. Called by the store and by whoever shows a row.

A row is read as it was written then: `record_of_old` knows the shapes of before. Written are today's alone.

An error names the event and the field, never the value: values are health data.
"""

from __future__ import annotations

import json
import types
from collections.abc import Callable, Collection
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import IntEnum, StrEnum
from functools import cache
from operator import itemgetter
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from scheduler import instant
from scheduler.events import Event
from scheduler.outbox import Plain, PlainValue
from scheduler.record_of_old import brought_up
from scheduler.replacing import constructor
from scheduler.roll import Sachet

EVENT_FIELD = "event"
"""Holds the event's class name, beside its fields."""

LOCAL_FIELDS = frozenset({(Sachet, "local")})
"""Naive local civil times, printed by the pharmacy. Every other datetime is an instant."""

NAME_CHARS_MAX = 40
"""An unknown name is quoted up to here: the longest of ours has 20 characters."""


class RecordError(Exception):
    """A wrong type, an unknown or a missing field: no plain form of an event, or an event without one."""


def to_plain(event: Event) -> Plain:
    """`{"event": <class name>, <field>: ...}`, whole and readable by `from_plain`."""
    kind: type = type(event)
    if kind.__name__ not in _events():
        raise RecordError(f"{_quoted(kind.__name__)} is no event")
    body = cast(Plain, _of_record(kind).encode(event))
    return {EVENT_FIELD: kind.__name__, **body}


def from_plain(plain: Plain) -> Event:
    """The event that `to_plain` wrote."""
    body = dict(plain)
    return event_of(body.pop(EVENT_FIELD, None), body)


def event_of(name: PlainValue, body: Plain) -> Event:
    """The event of this name with these fields, as a journal row holds the two."""
    kind = _events().get(name) if isinstance(name, str) else None
    if kind is None:
        raise RecordError(f"{_quoted(name)} is no event")
    return cast(Event, _of_record(kind).decode(body))


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one type is written and read; both raise RecordError without the value."""

    encode: Callable[[object], PlainValue]
    decode: Callable[[PlainValue], object]


@cache
def _events() -> dict[str, type]:
    return {kind.__name__: kind for kind in get_args(Event)}


@cache
def _of_record(kind: type) -> _Codec:
    """A frozen dataclass as an object with exactly its fields."""
    hints = get_type_hints(kind)
    codecs = {field.name: _codec(kind, field.name, hints[field.name]) for field in fields(kind) if field.init}
    names = set(codecs)
    encoders = [(name, codec.encode) for name, codec in codecs.items()]
    decoders = [(place, name, codecs[name].decode) for place, name in enumerate(codecs)]
    others = [each for each in decoders if each[2] is not _text]
    in_order, texts = _getter(tuple(codecs)), _getter(names - {other for _, other, _ in others})
    make = constructor(kind)

    def encode(value: object) -> PlainValue:
        if type(value) is not kind:
            raise RecordError(f"not a {kind.__name__}")
        plain: Plain = {}
        name = ""
        try:
            for name, encode_field in encoders:
                plain[name] = encode_field(getattr(value, name))
        except RecordError as error:
            raise RecordError(f"{kind.__name__}.{name}: {error}") from None
        return plain

    def decode(value: PlainValue) -> object:
        if not isinstance(value, dict):
            raise RecordError(f"not a {kind.__name__}")
        if value.keys() != names:
            value = brought_up(kind, value)
        if value.keys() != names:
            raise RecordError(f"{kind.__name__}: {_difference(names, set(value))}")
        read: list[Any] = [*in_order(value)]  # PlainValue, and then what it stands for
        whole = {str}.issuperset(map(type, texts(value)))  # most fields are: not worth a call each
        name = ""
        try:
            for place, name, decode_field in others if whole else decoders:  # noqa: B007  # the error names it
                read[place] = decode_field(read[place])
        except RecordError as error:
            raise RecordError(f"{kind.__name__}.{name}: {error}") from None
        return make(*read)

    return _Codec(encode, decode)


def _getter(names: Collection[str]) -> Callable[[Plain], tuple[PlainValue, ...]]:
    """All these values at once; `itemgetter` must have one, and gives one alone bare."""
    if len(names) > 1:
        return itemgetter(*names)
    if not names:
        return lambda plain: ()
    (name,) = names
    return lambda plain: (plain[name],)


def _difference(expected: set[str], found: set[str]) -> str:
    missing = ", ".join(sorted(expected - found))
    unknown = ", ".join(_quoted(name) for name in sorted(found - expected))
    return "; ".join(
        text for text in (missing and f"missing {missing}", unknown and f"unknown {unknown}") if text
    )


def _quoted(name: object) -> str:
    return repr(name[:NAME_CHARS_MAX]) if isinstance(name, str) else "a value without a name"


def _codec(owner: type, field: str, hint: object) -> _Codec:
    if (owner, field) in LOCAL_FIELDS:
        return _Codec(_local_text, _local)
    return _of_type(hint)


def _of_type(hint: object) -> _Codec:
    """The codec of a field's type; TypeError, at the first use of its event, for a type that has none."""
    origin = get_origin(hint)
    if (origin is tuple and get_args(hint)[1:] == (...,)) or origin is frozenset:
        return _of_several(origin, _of_type(get_args(hint)[0]))
    if origin is types.UnionType or origin is Union:
        return _of_optional(hint)
    if isinstance(hint, type):
        if issubclass(hint, StrEnum):
            return _of_word(hint)
        if issubclass(hint, IntEnum):
            return _of_rank(hint)
        if is_dataclass(hint):
            return _of_record(hint)
        if hint in _SIMPLE:
            return _SIMPLE[hint]
    raise TypeError(f"{hint!r} has no plain form")


def _of_several(kind: type[tuple[object, ...]] | type[frozenset[object]], item: _Codec) -> _Codec:
    """A tuple keeps its order; a set is written sorted, so that equal sets are equal bytes."""

    def encode(value: object) -> PlainValue:
        if not isinstance(value, kind):
            raise RecordError(f"not a {kind.__name__}")
        plain = [item.encode(each) for each in value]
        return sorted(plain, key=_canonical) if kind is frozenset else plain

    def decode(value: PlainValue) -> object:
        if not isinstance(value, list):
            raise RecordError("not a list")
        read = kind(item.decode(each) for each in value)
        if len(read) != len(value):
            raise RecordError("the same member twice")
        return read

    return _Codec(encode, decode)


def _canonical(value: PlainValue) -> str:
    return json.dumps(value, sort_keys=True)


def _of_optional(hint: object) -> _Codec:
    some = [arm for arm in get_args(hint) if arm is not types.NoneType]
    if len(some) != 1:
        raise TypeError(f"{hint!r} has no plain form")
    codec = _of_type(some[0])
    return _Codec(
        lambda value: None if value is None else codec.encode(value),
        lambda value: None if value is None else codec.decode(value),
    )


def _of_word(kind: type[StrEnum]) -> _Codec:
    """By value: the values are the words of docs/safety.md."""
    words = {member.value: member for member in kind}

    def encode(value: object) -> PlainValue:
        if not isinstance(value, kind):
            raise RecordError(f"not a {kind.__name__}")
        return value.value

    return _Codec(encode, lambda value: _found(words, value, kind))


def _of_rank(kind: type[IntEnum]) -> _Codec:
    """By name in lower case: a number would say nothing to a reader, and its order may grow."""
    names = {member.name.lower(): member for member in kind}

    def encode(value: object) -> PlainValue:
        if not isinstance(value, kind):
            raise RecordError(f"not a {kind.__name__}")
        return value.name.lower()

    return _Codec(encode, lambda value: _found(names, value, kind))


def _found(names: dict[str, StrEnum] | dict[str, IntEnum], value: PlainValue, kind: type) -> object:
    member = names.get(value) if isinstance(value, str) else None
    if member is None:
        raise RecordError(f"not a {kind.__name__}")
    return member


def _text(value: object) -> str:
    """An exact `str`: an enum of somebody else's in a text field would come back as plain text anyway."""
    if type(value) is str:
        return value
    if not isinstance(value, str):
        raise RecordError("not a text")
    return str.__str__(value)


def _number(value: object) -> int:
    if type(value) is not int:  # True is an int to isinstance
        raise RecordError("not a whole number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise RecordError("not true or false")
    return value


def _decimal_text(value: object) -> PlainValue:
    if not isinstance(value, Decimal) or not value.is_finite():
        raise RecordError("not a finite decimal")
    return str(value)


def _decimal(value: PlainValue) -> Decimal:
    try:
        read = Decimal(_text(value))
    except InvalidOperation:
        raise RecordError("not a finite decimal") from None
    if not read.is_finite():
        raise RecordError("not a finite decimal")
    return read


def _instant_text(value: object) -> PlainValue:
    """Whole milliseconds only: a finer one would replay as another, and live and replay must agree."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise RecordError("not an instant")
    if value.microsecond % 1000:
        raise RecordError("an instant finer than a millisecond")
    return instant.iso(value)


def _instant(value: PlainValue) -> datetime:
    try:
        return instant.from_iso(value if type(value) is str else _text(value))
    except ValueError:
        raise RecordError("not an instant") from None


def _local_text(value: object) -> PlainValue:
    if not isinstance(value, datetime) or value.tzinfo is not None:
        raise RecordError("not a local time")
    return value.isoformat()


def _local(value: PlainValue) -> datetime:
    try:
        read = datetime.fromisoformat(_text(value))
    except ValueError:
        raise RecordError("not a local time") from None
    if read.tzinfo is not None:
        raise RecordError("not a local time")
    return read


def _date_text(value: object) -> PlainValue:
    if not isinstance(value, date) or isinstance(value, datetime):  # a datetime is a date to isinstance
        raise RecordError("not a date")
    return value.isoformat()


def _date(value: PlainValue) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise RecordError("not a date") from None


def _time_text(value: object) -> PlainValue:
    if not isinstance(value, time) or value.tzinfo is not None:
        raise RecordError("not a clock time")
    return value.isoformat()


def _time(value: PlainValue) -> time:
    try:
        read = time.fromisoformat(_text(value))
    except ValueError:
        raise RecordError("not a clock time") from None
    if read.tzinfo is not None:
        raise RecordError("not a clock time")
    return read


_SIMPLE: dict[type, _Codec] = {
    str: _Codec(_text, _text),
    int: _Codec(_number, _number),
    bool: _Codec(_flag, _flag),
    Decimal: _Codec(_decimal_text, _decimal),
    datetime: _Codec(_instant_text, _instant),
    date: _Codec(_date_text, _date),
    time: _Codec(_time_text, _time),
}
