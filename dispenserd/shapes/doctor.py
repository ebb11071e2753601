"""What `doctor` prints: every check of a home, what was found, what it means and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Code, OneOf


class CheckView(TypedDict):
    """One check and its finding."""

    check: Code
    """Its name: docs/doctor.md lists them. New ones may come."""
    result: Annotated[str, OneOf("ok", "warning", "wrong", "unknown")]
    """`unknown`: not checked, with why; it may be well or not."""
    what: str
    """What was looked at and found, for people. No contract, neither it nor the wording of the next two."""
    meaning: str
    """What it means."""
    next: str
    """What to do now."""
    facts: dict[str, Any]
    """What was found as data, without secrets or persons. Each check has its own, and they may change."""


class Doctor(TypedDict):
    """Every check of a home. Exit code 1 if anything is wrong, 3 if the configuration can't be used."""

    checks: list[CheckView]
    """In the order in which they were carried out."""
    wrong: int
    """How many are `wrong`."""
    warnings: int
    """How many are `warning`."""
    demo: bool
    """Whether the configuration says that no resident lives here."""


SCHEMAS: Mapping[str, object] = {"doctor/1": Doctor}
