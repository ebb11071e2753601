"""What `provision` prints: a line a step, then the record; and what `--undo` took back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Code, OneOf


class ProvisionStep(TypedDict):
    """One step has ended. After a failed one the error follows, and nothing else."""

    step: Code
    """Its name: docs/technician.md lists them. New ones may come."""
    number: int
    """Its place, from 1."""
    of: int
    """How many steps there are."""
    state: Annotated[str, OneOf("done", "kept", "failed")]
    """`kept`: an earlier run has done it."""
    result: dict[str, Any]
    """What came of it, without secrets. Each step has its own fields, and they may change."""


class Provision(TypedDict):
    """This box is a commissioned home. Also what `--show` prints."""

    state: Annotated[str, OneOf("commissioned")]
    """Of the box."""
    config: str
    """The configuration that was written."""
    record_file: str
    """Where the record is kept."""
    record: dict[str, Any]
    """The commissioning record, `dispenserd/commissioning/1`: who, when, which robot, which checks. It has no
    secret and no identifier of the person, and may gain fields."""


class ProvisionUndo(TypedDict):
    """What provisioning had made is gone."""

    removed: list[str]
    """Files and folders, in the order in which they went."""
    kept: list[str]
    """Folders that stay because somebody else's files lie in them."""


SCHEMAS: Mapping[str, object] = {
    "provision/1": Provision,
    "provision-step/1": ProvisionStep,
    "provision-undo/1": ProvisionUndo,
}
