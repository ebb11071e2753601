"""Moving a resident to another box, and counting what a magazine held that was taken out.

Built by `dispenserd.moving`, printed by the `resident move-...` commands and those of `robot`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Box, Code, Day, Instant, OneOf, ResidentKey


class Moving(TypedDict):
    """A step of a move is recorded. A refused one ends as an error instead."""

    accepted: bool
    """Always true where it is printed."""
    reason: Code
    """`done`."""
    resident: ResidentKey
    """The resident's permanent key."""
    custody: Annotated[str, OneOf("here", "moved_out", "not_moved_in")]
    """Whether this home has them in its care now."""
    box: Box
    """This box."""
    fingerprint: str
    """Of this box's signing key: what the people at the other box compare."""
    paper: dict[str, str] | None
    """What was written to the file: the request, or the sealed bundle; null where nothing travels on."""
    uncounted: int
    """Sachets of theirs that left with a magazine, and that nobody has counted."""


class Counted(TypedDict):
    """One sachet that left with a magazine, and is neither in a robot nor in the waste."""

    resident: ResidentKey
    """Whose it is."""
    label: str
    """Printed on it."""
    date: Day
    """The date it was packed for."""
    packed: Instant
    """The time it was packed for."""
    robot: str
    """Serial number of the robot that it was in."""
    production_id: str
    """Of its roll."""
    why: Annotated[str, OneOf("swapped", "moved")]
    """Why the magazine was taken out."""
    state: Annotated[str, OneOf("uncounted", "missing")]
    """`missing`: a person has looked, and it is nowhere."""


class RobotCount(TypedDict):
    """What is still to be counted, in the order of the strip."""

    accepted: bool
    """Always true where it is printed."""
    reason: Code
    """`done`."""
    sachets: list[Counted]
    """Empty: the count has ended."""


SCHEMAS: Mapping[str, object] = {
    "resident-move-ask/1": Moving,
    "resident-move-out/1": Moving,
    "resident-move-in/1": Moving,
    "robot-swap/1": RobotCount,
    "robot-count/1": RobotCount,
    "robot-uncounted/1": RobotCount,
}
