"""How a resident gets their medicine for now: `resident show`, and the home's answer to a change of it.

Built by `dispenserd.regime_calls`, printed by the terminal commands of the same names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Code, DoseId, Form, Instant, OneOf
from scheduler.events import Mode, PauseKind

ResidentKey = Annotated[str, Form(r"^[0-9a-f]{32}$")]


class PauseView(TypedDict):
    """A pause: nothing is given, and doses due meanwhile are withheld."""

    kind: Annotated[str, OneOf(*PauseKind)]
    """Where the resident is."""
    since: Instant
    """When it began."""
    by: str
    """Who said so last."""
    until: Instant | None
    """When it should end; null for an open end. It ends by a nurse's word only."""
    review: Instant
    """When somebody must look at it again."""
    pressed: Instant | None
    """When somebody pressed meanwhile, and nobody has looked into that yet; null for never."""


class LeaveView(TypedDict):
    """Doses that are handed out before a leave, each for a press of its own."""

    first: Instant
    """Doses planned from then on are taken along,"""
    last: Instant
    """and those planned before then."""
    hand_out: Instant
    """From when the robot hands them out."""
    departs: Instant
    """Until when."""
    back: Instant
    """When the resident is expected back."""
    by: str
    """Who said so."""
    waiting: int
    """Sachets of it that are still in the robot."""
    taken_along: list[DoseId]
    """Doses in the resident's hands that nobody has accounted for."""


class RegimeView(TypedDict):
    """One resident's mode and pause."""

    resident: ResidentKey
    """The resident's permanent key."""
    revision: int
    """Counts what people changed of it; a signed command names the one that the person saw."""
    mode: Annotated[str, OneOf(*Mode)]
    """How much the robot does for them."""
    since: Instant | None
    """When the mode was set; null before anybody set one."""
    by: str
    """Who set it; empty before anybody did."""
    review: Instant | None
    """When somebody looks whether it still fits; null for the normal mode."""
    pause: PauseView | None
    """Null while they are here."""
    leave: LeaveView | None
    """Doses that are handed out before they leave; null without one, and once it was counted."""


class ResidentShow(TypedDict):
    """How each resident gets their medicine for now."""

    residents: list[RegimeView]
    """Those who live in this home."""


class Changed(RegimeView):
    """A named person's word is recorded. A refused one ends as an error instead."""

    accepted: bool
    """Always true where it is printed."""
    reason: Code
    """`done`."""


SCHEMAS: Mapping[str, object] = {
    "resident-show/1": ResidentShow,
    "resident-mode/1": Changed,
    "resident-pause/1": Changed,
    "resident-review/1": Changed,
    "resident-resume/1": Changed,
    "resident-leave/1": Changed,
    "resident-back/1": Changed,
    "resident-release/1": Changed,
}
