"""What `simulate` prints while a scenario is played, a line each; the last is the verdict.

Printed by the stage, a process of its own that knows nothing of this room: only tests hold the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Form, OneOf
from dispenserd.shapes.home import DoseView
from dispenserd.shapes.oncall import IncidentRow

Offset = Annotated[str, Form(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(\+00:00|Z)$")]
"""An instant of the play, in UTC."""


class Happened(TypedDict):
    """Something that a person who watches wants to hear."""

    what: Annotated[str, OneOf("happened")]
    """Which kind of line this is."""
    at: Offset
    """Civil time of the play."""
    local: str
    """The same for people, in the home's zone."""
    who: str
    """`robot`, `resident`, `home`, `on-call`, or a member of staff."""
    dose: str
    """As in `day1 evening`; empty for none."""
    text: str
    """What happened, for people; its wording is no contract."""


class Displayed(TypedDict):
    """The robot shows something else."""

    what: Annotated[str, OneOf("display")]
    """Which kind of line this is."""
    at: Offset
    """Civil time of the play."""
    local: str
    """The same for people, in the home's zone."""
    light: str
    """The robot's light."""
    lines: list[str]
    """The lines on its display."""


class Verdict(TypedDict):
    """The last line: whether all expectations held."""

    what: Annotated[str, OneOf("verdict")]
    """Which kind of line this is."""
    passed: bool
    """The exit code is 0 only then."""
    violations: list[str]
    """What did not hold, in words; empty where all did."""
    doses: list[DoseView]
    """Every dose at the end, as `doses` lists them."""
    incidents: list[IncidentRow]
    """Every incident, as `oncall list --all` lists them."""


SCHEMAS: Mapping[str, object] = {"simulate/1": Happened | Displayed | Verdict}
