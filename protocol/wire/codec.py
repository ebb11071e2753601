"""Message <-> canonical CBOR body, driven by the table in `layouts` (SPEC.md, section 4).

Knows CBOR's bytes and that a body is an array: type number, then the fields in the order of the dataclass.
Does not know frames, sessions or what a field means. Called by `link`.

`_check_shape` walks the bytes before any CBOR library sees them, so a lying length, deep nesting, a tag or
a second way to write the same thing never gets as far as an allocation: what is left for the library is
small, well formed and canonical.
"""

from __future__ import annotations

import cbor2

from protocol.wire import limits
from protocol.wire.errors import LocalProtocolError, RemoteProtocolError
from protocol.wire.fields import Fault, InvalidValue
from protocol.wire.layouts import LAYOUTS
from protocol.wire.messages import Message

_NUMBER_OF = {layout.of: number for number, layout in LAYOUTS.items()}

UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE = range(8)
"""CBOR's major types (RFC 8949, section 3.1)."""

FALSE, TRUE = 20, 21
"""The only simple values on this wire."""

IN_PLACE_MAX = 23
"""Additional information up to this is the number itself."""

ARGUMENT_BYTES = {24: 1, 25: 2, 26: 4, 27: 8}
"""How many bytes follow an initial byte with this additional information."""

ARGUMENT_MIN = {24: 24, 25: 2**8, 26: 2**16, 27: 2**32}
"""The smallest value that needs so many; a smaller one written so is not canonical."""


def encode(message: Message) -> bytes:
    """The body of a message; LocalProtocolError if we were about to break our own limits."""
    number = _NUMBER_OF.get(type(message))
    if number is None:
        raise LocalProtocolError(f"{type(message).__name__} is no message of this protocol")
    try:
        items = LAYOUTS[number].to_wire(message)
    except InvalidValue as invalid:
        raise LocalProtocolError(f"{invalid.fault}: {invalid.where}") from invalid
    body = cbor2.dumps([number, *items], canonical=True)
    if len(body) > limits.BODY_BYTES_MAX:  # the limits of the fields keep every message below it
        raise LocalProtocolError(f"{type(message).__name__} is {len(body)} bytes long")
    return body


def decode(body: bytes) -> Message:
    """The message in a body; RemoteProtocolError, and nothing else, for anything but a canonical one."""
    try:
        return _message_of(body)
    except InvalidValue as invalid:
        raise RemoteProtocolError(invalid.fault, invalid.where) from invalid


def _message_of(body: bytes) -> Message:
    _check_shape(body)
    try:
        items = cbor2.loads(body)
    except cbor2.CBORDecodeError as error:  # the only thing the shape does not show: a text not in UTF-8
        raise InvalidValue(Fault.BAD_TEXT, "body") from error
    if not isinstance(items, list) or not items or type(items[0]) is not int:
        raise InvalidValue(Fault.BAD_TYPE, "body")
    layout = LAYOUTS.get(items[0])
    if layout is None:
        raise InvalidValue(Fault.UNKNOWN_MESSAGE, "body")
    message: Message = layout.from_wire(items[1:])
    return message


def _check_shape(body: bytes) -> None:
    """One canonical item of the few kinds this wire uses, no deeper than allowed, and nothing after it."""
    if len(body) > limits.BODY_BYTES_MAX:
        raise InvalidValue(Fault.TOO_LONG, "body")
    if _end_of_item(body, at=0, depth=0) != len(body):
        raise InvalidValue(Fault.TRAILING, "body")


def _end_of_item(body: bytes, at: int, depth: int) -> int:
    if at >= len(body):
        raise InvalidValue(Fault.TRUNCATED, "body")
    major, information = body[at] >> 5, body[at] & 0x1F
    if major == SIMPLE:
        if information not in (FALSE, TRUE):
            raise InvalidValue(Fault.BAD_TYPE, "body")
        return at + 1
    if major not in (UNSIGNED, BYTES, TEXT, ARRAY):
        raise InvalidValue(Fault.BAD_TYPE, "body")
    argument, at = _argument(body, at + 1, information)
    if major == UNSIGNED:
        return at
    if argument > len(body) - at:  # an element of an array takes a byte at least
        raise InvalidValue(Fault.TRUNCATED, "body")
    if major != ARRAY:
        return at + argument
    if depth == limits.NESTING_MAX:
        raise InvalidValue(Fault.TOO_DEEP, "body")
    for _ in range(argument):
        at = _end_of_item(body, at, depth + 1)
    return at


def _argument(body: bytes, at: int, information: int) -> tuple[int, int]:
    """The number that belongs to an initial byte, and where it ends."""
    if information <= IN_PLACE_MAX:
        return information, at
    if information not in ARGUMENT_BYTES:  # 28-30 are reserved, 31 is an indefinite length
        raise InvalidValue(Fault.NOT_CANONICAL, "body")
    end = at + ARGUMENT_BYTES[information]
    if end > len(body):
        raise InvalidValue(Fault.TRUNCATED, "body")
    argument = int.from_bytes(body[at:end], "big")
    if argument < ARGUMENT_MIN[information]:
        raise InvalidValue(Fault.NOT_CANONICAL, "body")
    return argument, end
