"""The family `sachet_roll`: a strip of labelled sachets, read at the magazine's mouth before each motion.

Knows what such a robot must be able to do to be served, and no more: which label is the expected one is the
dosing core's to say, and the order carries it to the robot's own reader.
"""

from __future__ import annotations

from collections.abc import Iterable

FAMILY = "sachet_roll"

REQUIRED_CAPABILITIES = frozenset(
    {"release", "present", "retract", "divert", "label", "prompt", "battery_clock"}
)
"""All of them (W-HELLO-6): without any one a dose can't be offered, kept or proven."""


def missing_capabilities(capabilities: Iterable[str]) -> frozenset[str]:
    """What the robot lacks of what this family needs."""
    return REQUIRED_CAPABILITIES - frozenset(capabilities)
