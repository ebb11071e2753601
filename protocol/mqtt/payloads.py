"""What travels between a home and on-call: one frozen, versioned model a message.

Pure: no I/O, no clock, no keys (see `signatures`). Residents appear as permanent random keys inside dose ids;
there is no field for a drug, a label or a resident's name (S6). An unknown field or schema version is refused
whole. Codes (`kind`, `state`, ...) are open words of one alphabet, so an older on-call still shows an
incident of a kind that it doesn't know.

Not in force yet: rule 28's signature and counter on messages from the home. What is missing is the home's own
key, which comes with enrolment; until then the broker's access list alone says who speaks for a home.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from protocol.mqtt.instants import Instant
from protocol.mqtt.topics import BOX_PATTERN

PAYLOAD_BYTES_MAX = 8192
"""Checked before parsing. The longest payload we write is under 2 KiB."""
PERSON_CHARS_MAX = 80
REASON_CHARS_MAX = 200

STATUS: Final = "dispenserd/status/1"
HEARTBEAT: Final = "dispenserd/heartbeat/1"
INCIDENT: Final = "dispenserd/incident/1"
ANSWER: Final = "dispenserd/answer/1"
RECEIPT: Final = "dispenserd/receipt/1"
DECISION: Final = "dispenserd/decision/1"
POSITION: Final = "dispenserd/position/1"
ASK: Final = "dispenserd/ask/1"

HEADS_MAX = 8
"""Of a position: one for each of so many runs of the home. A home hears it at every connection, so one that
missed it hears the same heads again in its next seven runs."""

Box = Annotated[str, Field(pattern=BOX_PATTERN)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9/_.:-]{0,127}$")]
DoseId = Annotated[
    str, Field(pattern=r"^[0-9a-f]{32}/[0-9]{4}-[0-9]{2}-[0-9]{2}/[a-z0-9_-]{1,32}/[0-9]{1,3}$")
]
CODE_PATTERN = r"^[a-z0-9][a-z0-9_.:-]{0,63}$"
Code = Annotated[str, Field(pattern=CODE_PATTERN)]
EventId = Annotated[str, Field(pattern=r"^[0-9]{1,18}-[0-9a-f]{64}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Signature = Annotated[str, Field(pattern=r"^([0-9a-f]{128})?$")]
Person = Annotated[str, Field(min_length=1, max_length=PERSON_CHARS_MAX)]
Count = Annotated[int, Field(ge=0, le=2**53)]
Revision = Annotated[int, Field(ge=1, le=2**31)]


class PayloadRefused(Exception):
    """A peer's bytes are not a payload of ours. The text is safe to log: it quotes none of them."""


class Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, validate_by_name=False)


class StatusPayload(Payload):
    """Retained; `offline` is the last will."""

    schema_: Literal["dispenserd/status/1"] = Field(alias="schema")
    home: Box
    epoch: Count
    state: Literal["online", "offline"]


class _Positioned(Payload):
    """Where the home's journal stood when it said this (rule 23). Only committed rows have a head.

    `run` names the home's process, by the head after its first commit; within a run `sequence` only rises, so
    a late copy is known as one. All three are empty from a home that is older than these fields.
    """

    head: Digest | Literal[""] = ""
    run: Digest | Literal[""] = ""
    sequence: Count = 0


class HeartbeatPayload(_Positioned):
    """Rule 27: where the home stands, without health data."""

    schema_: Literal["dispenserd/heartbeat/1"] = Field(alias="schema")
    home: Box
    at: Instant
    epoch: Count
    head: Digest
    clock: Annotated[str, Field(max_length=64)]
    robot: Code
    plan_version: Count
    next_window: Instant | None
    window_open: bool
    incidents: Count
    digest: Digest


class IncidentPayload(_Positioned):
    """An incident as it stands at `revision`."""

    schema_: Literal["dispenserd/incident/1"] = Field(alias="schema")
    home: Box
    epoch: Count
    event_id: EventId
    incident: Id
    revision: Revision
    subject: Code  # "dose", "robot", "plan", "roll", "home"
    dose: DoseId | Literal[""]
    kind: Code
    priority: Literal["info", "low", "medium", "high"]
    state: Code
    raised: Instant
    changed: Instant
    deadline: Instant
    owner: Annotated[str, Field(max_length=PERSON_CHARS_MAX)]
    holds_token: bool
    resolution: Code | Literal[""]
    cleared: bool
    undelivered: bool
    detail: Code | Literal[""] = ""  # why, one word; "" also from a home that is older than this field


class AnswerPayload(_Positioned):
    """What came of a command. Travels on the incident topic, because it needs a receipt too."""

    schema_: Literal["dispenserd/answer/1"] = Field(alias="schema")
    home: Box
    epoch: Count
    event_id: EventId
    command_id: Id
    accepted: bool
    reason: Code
    incident: Id | Literal[""]


class Signed(Payload):
    """By on-call; see `signatures`. Empty = not signed yet."""

    schema_: str = Field(alias="schema")
    signature: Signature = ""


class ReceiptPayload(Signed):
    """On-call committed the message of this event: of one incident revision, or of one answer."""

    schema_: Literal["dispenserd/receipt/1"] = Field(alias="schema")
    home: Box
    event_id: EventId
    incident: Id | Literal[""] = ""
    revision: Count = 0
    command_id: Id | Literal[""] = ""

    @model_validator(mode="after")
    def _names_one_row(self) -> ReceiptPayload:
        of_incident = bool(self.incident) and self.revision > 0 and not self.command_id
        of_answer = bool(self.command_id) and not self.incident and self.revision == 0
        if not (of_incident or of_answer):
            raise ValueError("a receipt names an incident revision or a command, not both")
        return self


class PositionPayload(Signed):
    """The newest head of each of the home's last runs, as on-call has kept them: the home's journal must hold
    them all, or it is older than what it has said (rule 23). Never stale, so it has no life: a head once
    committed stays so."""

    schema_: Literal["dispenserd/position/1"] = Field(alias="schema")
    home: Box
    heads: Annotated[tuple[EventId, ...], Field(min_length=1, max_length=HEADS_MAX)]


class AskPayload(Signed):
    """On-call counts other open incidents than the home's heartbeat says: the home is to offer all of them
    once more (rule 27). Never stale and harmless twice, so it has no life; the home bounds its answers."""

    schema_: Literal["dispenserd/ask/1"] = Field(alias="schema")
    home: Box
    asked: Instant


class _Decision(Signed):
    """`revision` is the one that the person saw; it is never rewritten on the way."""

    schema_: Literal["dispenserd/decision/1"] = Field(alias="schema")
    decision_id: Id  # the nonce (rule 28)
    home: Box
    epoch: Count
    incident: Id
    revision: Revision
    by: Person
    issued: Instant
    expires: Instant


class TakePayload(_Decision):
    action: Literal["take"]


class ClosePayload(_Decision):
    action: Literal["close"]
    resolution: Code


class DecidePayload(_Decision):
    action: Literal["decide"]
    dose: DoseId
    verdict: Literal["given", "had_it", "not_given", "discard"]
    reason: Annotated[str, Field(max_length=REASON_CHARS_MAX)]


DecisionPayload = TakePayload | ClosePayload | DecidePayload
IncidentTopicPayload = IncidentPayload | AnswerPayload
P = TypeVar("P")

_DECISION: TypeAdapter[DecisionPayload] = TypeAdapter(
    Annotated[DecisionPayload, Field(discriminator="action")]
)
_INCIDENT_TOPIC: TypeAdapter[IncidentTopicPayload] = TypeAdapter(
    Annotated[IncidentTopicPayload, Field(discriminator="schema_")]
)
_STATUS = TypeAdapter(StatusPayload)
_HEARTBEAT = TypeAdapter(HeartbeatPayload)
_RECEIPT = TypeAdapter(ReceiptPayload)
_POSITION = TypeAdapter(PositionPayload)
_ASK = TypeAdapter(AskPayload)


def to_bytes(payload: Payload) -> bytes:
    return payload.model_dump_json(by_alias=True).encode()


def read_status(raw: bytes) -> StatusPayload:
    """Each `read_` function raises PayloadRefused, and nothing else, for any bytes."""
    return _read(_STATUS, raw)


def read_heartbeat(raw: bytes) -> HeartbeatPayload:
    return _read(_HEARTBEAT, raw)


def read_incident_topic(raw: bytes) -> IncidentTopicPayload:
    return _read(_INCIDENT_TOPIC, raw)


def read_receipt(raw: bytes) -> ReceiptPayload:
    return _read(_RECEIPT, raw)


def read_position(raw: bytes) -> PositionPayload:
    return _read(_POSITION, raw)


def read_ask(raw: bytes) -> AskPayload:
    return _read(_ASK, raw)


def read_decision(raw: bytes) -> DecisionPayload:
    return _read(_DECISION, raw)


def _read(adapter: TypeAdapter[P], raw: bytes) -> P:
    if len(raw) > PAYLOAD_BYTES_MAX:
        raise PayloadRefused(f"{len(raw)} bytes, at most {PAYLOAD_BYTES_MAX}")
    try:
        return adapter.validate_json(raw)
    except ValidationError as error:
        raise PayloadRefused(_reasons(error)) from None


def _reasons(error: ValidationError) -> str:
    """Kinds of fault and our own field names: nothing that the peer wrote."""
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    known = (f"{_field(fault['loc'])}: {fault['type']}" for fault in faults[:3])
    return "; ".join(known)


def _field(location: tuple[int | str, ...]) -> str:
    named = [part for part in location if isinstance(part, str) and part in _FIELD_NAMES]
    return named[-1] if named else "payload"


_FIELD_NAMES = frozenset(
    field.alias or name
    for model in (
        StatusPayload,
        HeartbeatPayload,
        IncidentPayload,
        AnswerPayload,
        ReceiptPayload,
        PositionPayload,
        AskPayload,
        TakePayload,
        ClosePayload,
        DecidePayload,
    )
    for name, field in model.model_fields.items()
)
