"""What `broker-config` prints: the files it wrote or added to, or what it found in a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Box, OneOf


class Added(TypedDict):
    """Boxes were added to a broker's folder."""

    did: Annotated[str, OneOf("added")]
    """What was done."""
    folder: str
    """Where."""
    files: list[str]
    """That were written, relative to the folder, sorted."""
    boxes: list[Box]
    """That have new credentials."""
    asks_a_ca: bool
    """Whether a certificate authority of your own must sign before they can connect."""


class Written(TypedDict):
    """A broker's folder was written, whole."""

    did: Annotated[str, OneOf("written")]
    """What was done."""
    folder: str
    """Where."""
    files: list[str]
    """That were written, relative to the folder, sorted."""
    boxes: list[Box]
    """That have new credentials."""
    asks_a_ca: bool
    """Whether a certificate authority of your own must sign before they can connect."""
    homes: int
    """For how many it is sized."""
    identity: Annotated[str, OneOf("certificate", "password")]
    """How homes show who they are."""
    demo: bool
    """Whether it made a certificate authority of its own; never for a real broker."""
    max_queued_messages: int
    """That the broker keeps for one client that is away."""
    limit_nofile: int
    """Files and sockets that systemd must let it have."""


class FindingView(TypedDict):
    """One setting, and whether it endangers alarms."""

    setting: str
    """Its name, as the broker has it."""
    result: Annotated[str, OneOf("right", "wrong", "unknown")]
    """What was made of it."""
    found: str
    """What stands there, or that nothing does."""
    meaning: str
    """What it means, for people; its wording is no contract."""
    fix: str
    """What to do; empty for nothing."""


class Checked(TypedDict):
    """A broker's configuration was looked at, nothing was changed. Exit code 1 if anything is wrong."""

    did: Annotated[str, OneOf("checked")]
    """What was done."""
    file: str
    """The configuration."""
    homes: int
    """By how many it was measured."""
    wrong: int
    """How many findings are `wrong`."""
    findings: list[FindingView]
    """What was looked at."""


SCHEMAS: Mapping[str, object] = {"broker-config/1": Written | Added | Checked}
