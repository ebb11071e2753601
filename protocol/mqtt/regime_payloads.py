"""What on-call signs about how a resident gets their medicine for now: modes and pauses (rule 22).

Decisions like those about an incident, of the same schema; `payloads` reads them all.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from protocol.mqtt.forms import REASON_CHARS_MAX, Box, Count, DoseId, Id, Person, ResidentKey, Signed
from protocol.mqtt.instants import Instant

DOSES_MAX = 60
"""Of one leave that came back: four doses a day for fourteen days, and four."""


class _AboutResident(Signed):
    """How one resident gets their medicine for now. `revision` counts what people changed of it, and is the
    one that the person saw: `dispenserd resident show` in the home tells it."""

    schema_: Literal["dispenserd/decision/1"] = Field(alias="schema")
    decision_id: Id
    """The nonce (rule 28): carried out once, however often it arrives."""
    home: Box
    epoch: Count
    """Of what the person saw: a home restored since then refuses it."""
    resident: ResidentKey
    """The resident's permanent random key, as in dose ids."""
    revision: Count
    """Of the resident's mode and pause, as the person saw them; 0 before anybody changed anything."""
    by: Person
    """Who decided, by name."""
    reason: Annotated[str, Field(max_length=REASON_CHARS_MAX)]
    """Why, in a few words, for the record."""
    issued: Instant
    """When it was signed."""
    expires: Instant
    """The home refuses it from then on; at most ten minutes after `issued`."""


class ModePayload(_AboutResident):
    """A named person sets how much the robot does for a resident (rule 22)."""

    action: Literal["mode"]
    """To set the mode."""
    mode: Literal["normal", "assisted", "witnessed", "suspended"]
    """Which one."""
    review: Instant | None
    """When somebody looks at it again, within 31 days; null for `normal` alone."""


class PausePayload(_AboutResident):
    """Nothing is given until a nurse resumes; also another end for the pause there is."""

    action: Literal["pause"]
    """To begin a pause."""
    kind: Literal["hospital", "away"]
    """Where the resident is."""
    until: Instant | None
    """Its end; null for an open one, which is reviewed every 24 hours."""


class ReviewPausePayload(_AboutResident):
    """A named person looked into a pause, and it stays."""

    action: Literal["review_pause"]
    """To say so."""


class ResumePayload(_AboutResident):
    """A named nurse ends a pause (rule 22)."""

    action: Literal["resume"]
    """To end the pause."""
    reconciled: bool
    """That they compared card, roll and what was given elsewhere; refused without."""


class LeavePayload(_AboutResident):
    """Doses are handed out before the resident leaves (rule 22)."""

    action: Literal["leave"]
    """To plan a leave, or to plan it anew."""
    first: Instant
    """Doses planned from then on are taken along,"""
    last: Instant
    """and those planned before then; at most 14 days later."""
    hand_out: Instant
    """From when the robot hands out, at most 24 hours before departure."""
    departs: Instant
    """Until when."""
    back: Instant
    """When the resident is expected back."""


class BackPayload(_AboutResident):
    """The leave is over, or called off, and what came back was counted."""

    action: Literal["back"]
    """To end it."""
    came_back: Annotated[list[DoseId], Field(max_length=DOSES_MAX)]
    """The doses whose sachets came back, and are waste."""


class ReleasePayload(_AboutResident):
    """One dose before its window, or for longer (S2)."""

    action: Literal["release"]
    """To authorise it."""
    dose: DoseId
    """Which one."""
    until: Instant | None
    """Late: its window goes on until then. Null: early, from now on."""


RegimePayload = (
    ModePayload
    | PausePayload
    | ReviewPausePayload
    | ResumePayload
    | LeavePayload
    | BackPayload
    | ReleasePayload
)
