"""Instants: aware datetimes in UTC, and nothing else.

The cores compare and store UTC only; `window` alone knows local civil time. Nothing here reads a clock.
"""

from __future__ import annotations

from datetime import UTC, datetime


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-11-02T07:00:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_iso(text: str) -> datetime:
    """The instant written by `iso`; ValueError for a text without an offset."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def from_ms(utc_ms: int) -> datetime:
    """The instant `utc_ms` milliseconds after 1970-01-01T00:00Z."""
    return datetime.fromtimestamp(utc_ms / 1000, tz=UTC)
