"""Instants as text: UTC, ISO 8601, whole milliseconds, always 24 characters, so text order is time order.

Pure. Signed bodies contain this text, so there is exactly one way to write an instant.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, PlainSerializer, WithJsonSchema

_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def to_text(instant: datetime) -> str:
    """`2026-11-02T07:00:00.000Z`, rounded down to the millisecond."""
    utc = instant.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def from_text(text: str) -> datetime:
    """The instant that `to_text` wrote; ValueError for any other spelling of it."""
    if not _SHAPE.fullmatch(text):
        raise ValueError("an instant is written as 2026-11-02T07:00:00.000Z")
    return datetime.fromisoformat(text)


def _read(value: object) -> object:
    return from_text(value) if isinstance(value, str) else value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_read),
    PlainSerializer(to_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": f"^{_SHAPE.pattern}$"}),
]
