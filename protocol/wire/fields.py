"""The kinds of field a message is made of: what each accepts, and why it refuses.

Knows types, bounds and alphabets. Does not know messages or CBOR bytes. `layouts` builds the table of
messages out of these; `codec` alone turns a refusal into an error of ours or of the peer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """Why a body is no message: the `reason` of the error."""

    TOO_LONG = "too_long"
    TRUNCATED = "truncated"
    TRAILING = "trailing"  # bytes after the message
    TOO_DEEP = "too_deep"
    NOT_CANONICAL = "not_canonical"  # a longer way to write a number or length, or an indefinite length
    BAD_TYPE = "bad_type"
    BAD_TEXT = "bad_text"  # not UTF-8, or a character that the field does not allow
    UNKNOWN_MESSAGE = "unknown_message"
    FIELD_COUNT = "field_count"
    LIMIT = "limit"
    INCONSISTENT = "inconsistent"  # each field is allowed, together they are not


class InvalidValue(Exception):
    """A value that may not be on the wire, whoever's fault it is; never leaves `codec`."""

    def __init__(self, fault: Fault, where: str) -> None:
        super().__init__(fault, where)
        self.fault = fault
        self.where = where


@dataclass(frozen=True, slots=True)
class Number:
    max: int
    min: int = 0

    def to_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidValue(Fault.BAD_TYPE, where)
        if not self.min <= value <= self.max:
            raise InvalidValue(Fault.LIMIT, where)
        return int(value)

    from_wire = to_wire


@dataclass(frozen=True, slots=True)
class Flag:
    def to_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, bool):
            raise InvalidValue(Fault.BAD_TYPE, where)
        return value

    from_wire = to_wire


@dataclass(frozen=True, slots=True)
class Bytes:
    """Exactly so many bytes; none at all where the field may be empty."""

    length: int
    may_be_empty: bool = False

    def to_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, bytes):
            raise InvalidValue(Fault.BAD_TYPE, where)
        if len(value) != self.length and (value or not self.may_be_empty):
            raise InvalidValue(Fault.LIMIT, where)
        return value

    from_wire = to_wire


_CODE = re.compile(r"[!-~]*")
_SHOWN = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]*")


def is_code_text(text: str) -> bool:
    """Visible ASCII only: what every label, code and version consists of."""
    return _CODE.fullmatch(text) is not None


def is_shown_text(text: str) -> bool:
    """Anything but control characters (C0, DEL, C1) and lone surrogates, which UTF-8 can't carry."""
    return _SHOWN.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Text:
    chars_max: int
    chars_min: int = 0
    allowed: Callable[[str], bool] = is_code_text

    def to_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, str):
            raise InvalidValue(Fault.BAD_TYPE, where)
        if not self.chars_min <= len(value) <= self.chars_max:
            raise InvalidValue(Fault.LIMIT, where)
        if not self.allowed(value):
            raise InvalidValue(Fault.BAD_TEXT, where)
        return str(value)

    from_wire = to_wire


@dataclass(frozen=True, slots=True)
class Choice:
    """A member of an enumeration; its value, a text, on the wire."""

    of: type[StrEnum]

    def to_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, self.of):
            raise InvalidValue(Fault.BAD_TYPE, where)
        return value.value

    def from_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, str):
            raise InvalidValue(Fault.BAD_TYPE, where)
        try:
            return self.of(value)
        except ValueError as error:
            raise InvalidValue(Fault.LIMIT, where) from error


@dataclass(frozen=True, slots=True)
class OneOf:
    """A plain text that is one of these; "" among them where the field may not apply."""

    texts: tuple[str, ...]

    def to_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, str):
            raise InvalidValue(Fault.BAD_TYPE, where)
        if value not in self.texts:
            raise InvalidValue(Fault.LIMIT, where)
        return str(value)

    from_wire = to_wire


@dataclass(frozen=True, slots=True)
class Many:
    """A list of one kind, a tuple in the dataclass."""

    of: Kind
    count_max: int

    def to_wire(self, value: Any, where: str) -> Any:
        return [self.of.to_wire(item, where) for item in self._checked(value, tuple, where)]

    def from_wire(self, value: Any, where: str) -> Any:
        return tuple(self.of.from_wire(item, where) for item in self._checked(value, list, where))

    def _checked(self, value: Any, shape: type[Any], where: str) -> Any:
        if not isinstance(value, shape):
            raise InvalidValue(Fault.BAD_TYPE, where)
        if len(value) > self.count_max:
            raise InvalidValue(Fault.LIMIT, where)
        return value


@dataclass(frozen=True, slots=True)
class Record:
    """A dataclass inside a message: the array of its fields, without a type number."""

    layout: Layout

    def to_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, self.layout.of):
            raise InvalidValue(Fault.BAD_TYPE, where)
        return self.layout.to_wire(value)

    def from_wire(self, value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise InvalidValue(Fault.BAD_TYPE, where)
        return self.layout.from_wire(value)


Kind = Number | Flag | Bytes | Text | Choice | OneOf | Many | Record


def _always(message: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Layout:
    """How one dataclass lies on the wire: its fields in order, and what must hold between them.

    `left_out`: the last fields, each not written while it has this value; an earlier version had none.
    """

    of: type[Any]
    kinds: dict[str, Kind]
    consistent: Callable[[Any], bool] = _always
    left_out: dict[str, Any] = field(default_factory=dict)
    _rows: tuple[tuple[str, str, Kind], ...] = field(init=False, repr=False)  # name, "Message.name", kind

    def __post_init__(self) -> None:
        rows = tuple((name, f"{self.of.__name__}.{name}", kind) for name, kind in self.kinds.items())
        object.__setattr__(self, "_rows", rows)

    def to_wire(self, message: Any) -> list[Any]:
        items = [kind.to_wire(getattr(message, name), where) for name, where, kind in self._rows]
        self._check(message)
        return items[: self._written(message)]

    def from_wire(self, items: list[Any]) -> Any:
        if not len(self.kinds) - len(self.left_out) <= len(items) <= len(self.kinds):
            raise InvalidValue(Fault.FIELD_COUNT, self.of.__name__)
        pairs = zip(self._rows, items, strict=False)
        read = {name: kind.from_wire(item, where) for (name, where, kind), item in pairs}
        message = self.of(**{**self.left_out, **read})
        if len(items) != self._written(message):
            raise InvalidValue(Fault.NOT_CANONICAL, self.of.__name__)
        self._check(message)
        return message

    def _written(self, message: Any) -> int:
        """How many of its fields are on the wire: one message has one form."""
        count = len(self.kinds)
        for name, value in reversed(self.left_out.items()):
            if getattr(message, name) != value:
                break
            count -= 1
        return count

    def _check(self, message: Any) -> None:
        if not self.consistent(message):
            raise InvalidValue(Fault.INCONSISTENT, self.of.__name__)
