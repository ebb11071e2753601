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

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator

from protocol.mqtt.forms import CODE_PATTERN as CODE_PATTERN
from protocol.mqtt.forms import PERSON_CHARS_MAX as PERSON_CHARS_MAX
from protocol.mqtt.forms import REASON_CHARS_MAX as REASON_CHARS_MAX
from protocol.mqtt.forms import RESIDENT_PATTERN as RESIDENT_PATTERN
from protocol.mqtt.forms import SERIAL_PATTERN as SERIAL_PATTERN
from protocol.mqtt.forms import Box as Box
from protocol.mqtt.forms import (
    Code,
    Count,
    Digest,
    DoseId,
    EventId,
    Id,
    Person,
    ResidentKey,
    Revision,
    Serial,
)
from protocol.mqtt.forms import Payload as Payload
from protocol.mqtt.forms import Signed as Signed
from protocol.mqtt.instants import Instant
from protocol.mqtt.regime_payloads import BackPayload as BackPayload
from protocol.mqtt.regime_payloads import LeavePayload as LeavePayload
from protocol.mqtt.regime_payloads import ModePayload as ModePayload
from protocol.mqtt.regime_payloads import PausePayload as PausePayload
from protocol.mqtt.regime_payloads import RegimePayload as RegimePayload
from protocol.mqtt.regime_payloads import ReleasePayload as ReleasePayload
from protocol.mqtt.regime_payloads import ResumePayload as ResumePayload
from protocol.mqtt.regime_payloads import ReviewPausePayload as ReviewPausePayload

PAYLOAD_BYTES_MAX = 8192
"""Checked before parsing. The longest payload we write, a heartbeat with 32 residents, is under 6 KiB."""
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


class PayloadRefused(Exception):
    """A peer's bytes are not a payload of ours. The text is safe to log: it quotes none of them."""


class StatusPayload(Payload):
    """Retained; `offline` is the last will."""

    schema_: Literal["dispenserd/status/1"] = Field(alias="schema")
    home: Box
    epoch: Count
    """Life of the home's journal: a restored one has a higher number."""
    state: Literal["online", "offline"]
    """`offline` is the last will: the broker lost the home."""


class _Positioned(Payload):
    """Where the home's journal stood when it said this (rule 23). Only committed rows have a head.

    `run` names the home's process, by the head after its first commit; within a run `sequence` only rises, so
    a late copy is known as one. All three are empty from a home that is older than these fields.
    """

    head: Digest | Literal[""] = ""
    """Hash of the newest committed row."""
    run: Digest | Literal[""] = ""
    """Names the home's process."""
    sequence: Count = 0
    """Number of that row; within a run it only rises."""


class Part(BaseModel):
    """What a payload is made of, and no payload of its own."""

    model_config = Payload.model_config


class RobotState(Part):
    """One robot of a home."""

    serial: Serial
    """Serial number."""
    state: Code
    """Only `ready` can release a dose."""


class ResidentState(Part):
    """One resident of a home, by key alone."""

    resident: ResidentKey
    """Permanent key of the resident."""
    plan_version: Count
    """Of the plan in force; 0 for none."""
    next_window: Instant | None
    """When the next dose's window opens, or did if one is open; null for none planned."""


class HeartbeatPayload(_Positioned):
    """Rule 27: where the home stands, without health data."""

    schema_: Literal["dispenserd/heartbeat/1"] = Field(alias="schema")
    home: Box
    at: Instant
    """The home's own time."""
    epoch: Count
    """Life of the home's journal."""
    head: Digest
    """Hash of the newest committed row."""
    clock: Annotated[str, Field(max_length=64)]
    """`trusted`, or `untrusted: ` and why."""
    robot: Code
    """State of the robot, of several the worst off; only `ready` can release a dose."""
    plan_version: Count
    """Of the plan in force, of several the highest; 0 for none."""
    next_window: Instant | None
    """When the next dose's window opens, or did if one is open; null for none planned."""
    window_open: bool
    """Whether a dose's window is open now."""
    incidents: Count
    """How many are open above `info`."""
    digest: Digest
    """SHA-256 over sorted `<incident id>:<revision>` of those, joined by line feeds: a reader whose own list
    gives another one has missed something."""
    robots: tuple[RobotState, ...] = ()
    """Each of them; none from a home that is older than this field."""
    residents: tuple[ResidentState, ...] = ()
    """Each of them; none from a home that is older than this field."""


class IncidentPayload(_Positioned):
    """An incident as it stands at `revision`."""

    schema_: Literal["dispenserd/incident/1"] = Field(alias="schema")
    home: Box
    epoch: Count
    """Life of the home's journal."""
    event_id: EventId
    """Names the journal row that said it: `<epoch>-<chain hash>`; a copy has the same."""
    incident: Id
    """Id of the incident, for its whole life."""
    revision: Revision
    """Counts its changes from 1; a decision names the one that the person saw."""
    subject: Code
    """"dose", "robot", "plan", "roll", "home" and the like."""
    dose: DoseId | Literal[""]
    """The dose it is about; empty where it is about none."""
    kind: Code
    """What it is about: the alarm catalogue in docs/safety.md. New kinds may come."""
    priority: Literal["info", "low", "medium", "high"]
    """How soon a person must act."""
    state: Code
    """How far it has come."""
    raised: Instant
    """When it was raised."""
    changed: Instant
    """When this revision was written."""
    deadline: Instant
    """Somebody must own it by then."""
    owner: Annotated[str, Field(max_length=PERSON_CHARS_MAX)]
    """The person who took it; empty for nobody."""
    holds_token: bool
    """Whether its owner may give the dose by hand: the home's word, and the only one that counts."""
    resolution: Code | Literal[""]
    """How it was resolved; empty while it is open."""
    cleared: bool
    """Whether the cause is gone; nobody acknowledged it by that."""
    undelivered: bool
    """Whether the home was without on-call's receipt for longer than it should."""
    detail: Code | Literal[""] = ""
    """Why, in one word; "" also from a home that is older than this field."""
    window_ends: Instant | None = None
    """When the window of its dose closes; null once it has closed or the dose has its outcome, where it is
    about no dose, and from a home that is older than this field."""
    dose_priority: Literal["high", "medium", "low", "info", ""] = ""
    """How urgent that dose is in itself; "" wherever `window_ends` is null."""
    resident: ResidentKey | Literal[""] = ""
    """Whom it is about; empty where about nobody alone, and from a home that is older than this field."""
    robot: Serial | Literal[""] = ""
    """Serial number of the robot it is about, as `resident`."""


class AnswerPayload(_Positioned):
    """What came of a command. Travels on the incident topic, because it needs a receipt too."""

    schema_: Literal["dispenserd/answer/1"] = Field(alias="schema")
    home: Box
    epoch: Count
    """Life of the home's journal."""
    event_id: EventId
    """Names the journal row that said it."""
    command_id: Id
    """The `decision_id` that is answered."""
    accepted: bool
    """Whether it was carried out."""
    reason: Code
    """`done`, or why not."""
    incident: Id | Literal[""]
    """The incident it was about; empty for a command that could not be read so far."""


class ReceiptPayload(Signed):
    """On-call committed the message of this event: of one incident revision, or of one answer."""

    schema_: Literal["dispenserd/receipt/1"] = Field(alias="schema")
    home: Box
    event_id: EventId
    """Of the message that is receipted."""
    incident: Id | Literal[""] = ""
    """Of an incident message; empty for an answer."""
    revision: Count = 0
    """Of the incident; 0 for an answer."""
    command_id: Id | Literal[""] = ""
    """Of an answer; empty for an incident message."""

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
    """`<epoch>-<chain hash>`, one for each run of the home."""


class AskPayload(Signed):
    """On-call counts other open incidents than the home's heartbeat says: the home is to offer all of them
    once more (rule 27). Never stale and harmless twice, so it has no life; the home bounds its answers."""

    schema_: Literal["dispenserd/ask/1"] = Field(alias="schema")
    home: Box
    asked: Instant
    """When, by on-call's clock."""


class _Decision(Signed):
    """`revision` is the one that the person saw; it is never rewritten on the way."""

    schema_: Literal["dispenserd/decision/1"] = Field(alias="schema")
    decision_id: Id
    """The nonce (rule 28): carried out once, however often it arrives."""
    home: Box
    epoch: Count
    """Of what the person saw: a home restored since then refuses it."""
    incident: Id
    """Id of the incident."""
    revision: Revision
    """Of the incident, as the person saw it."""
    by: Person
    """Who decided, by name."""
    issued: Instant
    """When it was signed."""
    expires: Instant
    """The home refuses it from then on; at most ten minutes after `issued`."""


class TakePayload(_Decision):
    """A named person owns the incident from now on."""

    action: Literal["take"]
    """To own the incident."""


class ClosePayload(_Decision):
    """Its owner closes the incident with a resolution."""

    action: Literal["close"]
    """To close the incident; says nothing about the dose."""
    resolution: Code
    """How it was resolved, as a code that can be counted."""


class DecidePayload(_Decision):
    """A named person's word about the dose of the incident."""

    action: Literal["decide"]
    """A named person's word about the dose."""
    dose: DoseId
    """The incident's dose."""
    verdict: Literal["given", "had_it", "witnessed", "not_given", "discard", "let_go"]
    """What was found or done."""
    reason: Annotated[str, Field(max_length=REASON_CHARS_MAX)]
    """Why, in a few words, for the record."""


IncidentDecision = TakePayload | ClosePayload | DecidePayload
DecisionPayload = IncidentDecision | RegimePayload
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
        ModePayload,
        PausePayload,
        ReviewPausePayload,
        ResumePayload,
        LeavePayload,
        BackPayload,
        ReleasePayload,
    )
    for name, field in model.model_fields.items()
)
