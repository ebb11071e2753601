"""How a command says that it has not done what was asked: the same object from every one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Form


class Error(TypedDict):
    """Printed on stdout instead of the result; the exit code says of which sort it is."""

    code: Annotated[str, Form(r"^[a-z][a-z0-9_]{0,63}$")]
    """A word for scripts: docs/errors.md lists them. New ones may come; the exit code is still right."""
    what: str
    """What happened, for people. Its wording is no contract; neither is that of the next two."""
    meaning: str
    """What it means for the dose, the home or the call."""
    next: str
    """What to do now."""


SCHEMAS: Mapping[str, object] = {"error/1": Error}
