"""What `journal tail` and `journal verify` print: rows of the journal, and whether it is whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Form, Head, Instant


class JournalTail(TypedDict):
    """One row of the journal; a line each, oldest first."""

    sequence: int
    """Number of the row, from 1."""
    epoch: int
    """Life of the journal that wrote it."""
    event: Annotated[str, Form(r"^[A-Z][A-Za-z]{1,39}$")]
    """What happened, by the name of the event. New events may come."""
    at: Instant
    """The home's time when it was decided."""
    body: dict[str, Any]
    """The event's own fields, whole. They hold health data, and may change with any version: read them to
    see what happened, and take what you build on from the other commands."""


class JournalVerify(TypedDict):
    """Whether the file and the chain of its rows are what was once written."""

    ok: bool
    """Both `chain_ok` and no entry in `integrity`."""
    rows: int
    """How many rows were read."""
    epoch: int
    """Life of the journal."""
    head: Head
    """Hash of the newest row."""
    chain_ok: bool
    """Whether each row follows from the one before it."""
    first_bad: int | None
    """Number of the first row that does not; null for none."""
    integrity: list[str]
    """What the file's own check found, in its words; empty for nothing."""


SCHEMAS: Mapping[str, object] = {
    "journal-tail/1": JournalTail,
    "journal-verify/1": JournalVerify,
}
