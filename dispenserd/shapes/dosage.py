"""What `dosage explain` prints: how the machine understood one dosage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Code, OneOf


class RefusedPartView(TypedDict):
    """Something that no machine may carry out without guessing."""

    reason: Code
    """docs/dosage.md lists them. New ones may come; none changes its meaning."""
    path: str
    """The element, from the file's root. Empty: the file itself."""
    text: str
    """The reason in Danish, for people. No contract."""


class ExplainedDoseView(TypedDict):
    """One administration at one time. As-needed medicine is never here."""

    at: str
    """Local time with its offset, ISO 8601."""
    slot: Annotated[str, OneOf("morning", "noon", "evening", "night")] | None
    """Part of the day; null where the dosage names a clock time."""
    quantity: str
    """A decimal number, without idle zeros."""
    unit: str
    """Singular, in the sender's language."""


class Explanation(TypedDict):
    """One dosage. It has these fields and no `schema`, because other systems' suites compare it whole."""

    kind: Annotated[str, OneOf("fixed", "pn", "mixed", "none")]
    """What was read, refused or not."""
    automatic: bool
    """Nothing is refused: a machine may carry it out as it stands, as-needed medicine on request."""
    refused: list[RefusedPartView]
    """Empty where `automatic`."""
    doses: list[ExplainedDoseView]
    """By time. Of parts that are refused there are none."""
    daily_dose: float | None
    """The average of a day in the unit; null where it is not one number."""
    text: str
    """The dosage in plain Danish, for people. No contract."""


SCHEMAS: Mapping[str, object] = {"dosage-explain/1": Explanation}
