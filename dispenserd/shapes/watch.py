"""What `oncall watch --json` prints: a line whenever a row of `oncall list --json` changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import OneOf, Open
from dispenserd.shapes.oncall import HomeRow, IncidentRow

FaultCode = Annotated[str, Open("store", "oncall_not_running", "store_refuses")]


class IncidentNews(TypedDict):
    """An incident came, changed or went. Growing older is no change."""

    change: Annotated[str, OneOf("open", "new", "changed", "closed")]
    """`open`: it was there when the stream began."""
    incident: IncidentRow
    """As it is now; of `closed`, as it was last."""


class HomeNews(TypedDict):
    """A home came to be known, fell silent, or says something else of itself."""

    change: Annotated[str, OneOf("home")]
    """Which kind of line this is."""
    home: HomeRow
    """As it is now."""


class FaultNews(TypedDict):
    """The list can't be relied on from now on."""

    change: Annotated[str, OneOf("fault")]
    """Which kind of line this is."""
    code: FaultCode
    """`store`: the database can't be read. `oncall_not_running`: nobody receives anything.
    `store_refuses`: the database takes nothing, so on-call neither receives nor records."""
    what: str
    """The same for people; its wording is no contract."""


class MendedNews(TypedDict):
    """A fault that was told is over."""

    change: Annotated[str, OneOf("mended")]
    """Which kind of line this is."""
    code: FaultCode
    """Of the fault."""


SCHEMAS: Mapping[str, object] = {"oncall-watch/1": IncidentNews | HomeNews | FaultNews | MendedNews}
