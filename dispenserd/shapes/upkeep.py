"""What the home looks at about itself: test alarms, chores, its loop; and what `test-alarm` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Code, CodeOrNone, Form, Instant, OneOf

AlarmTestState = Annotated[str, OneOf("under_way", "passed", "failed")]


class AlarmTestView(TypedDict):
    """The newest test alarm: from this home to on-call and back."""

    incident: Annotated[str, Form(r"^$|^[A-Za-z0-9][A-Za-z0-9/_.:-]{0,127}$")]
    """Id of its incident; empty until that is raised."""
    state: AlarmTestState
    """`passed` is on-call's signed receipt; a receipt that comes late leaves it `failed`."""
    since: Instant
    """Of its state."""
    begun: Instant
    """When it was asked for."""
    by: str
    """Who asked for it: a person, or `weekly`."""
    seconds: float | None
    """From here to on-call and back; null until it passed."""


class ChoreView(TypedDict):
    """Something the home does by itself, beside any dose, where late is harmless."""

    chore: Code
    """Its name. New ones may come."""
    last: Instant | None
    """When it was done or tried last; null for never."""
    next: Instant | None
    """When it is due; it may have passed by a few minutes. Null while nobody can say."""
    result: CodeOrNone
    """Of the last time; empty for never."""
    detail: CodeOrNone
    """Why it was skipped or failed, or how much was done; may be empty."""
    failures: int
    """In a row, up to now."""


class Chores(TypedDict):
    """Every chore of the home; not printed alone, but part of `status`."""

    chores: list[ChoreView]
    """By name, in a fixed order."""


class LoopLag(TypedDict):
    """How late the home's one loop came to its work, in whole milliseconds of machine time."""

    newest: int
    """At the newest look."""
    max: int
    """The worst of the last minute."""


class AlarmTestSaid(TypedDict):
    """How a test alarm ended. Unless it passed, the exit code is 1, and stderr says where to look."""

    incident: str
    """Id of its incident; empty where none was raised yet."""
    state: AlarmTestState
    """`under_way`: not back within `--wait`; it may still pass."""
    seconds: float
    """From the home to on-call and back if it passed, else how long it was waited for."""


SCHEMAS: Mapping[str, object] = {"test-alarm/1": AlarmTestSaid}
