"""The only place that knows both what the home says (events, rows, summary) and what travels over MQTT.

Pure: no I/O, no clock, no keys. Called by the uplink, the downlink and the heartbeat.

An alarm is never lost to a strange word in it: texts that could hold anything are cut down to codes here,
and what is no code becomes "other".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never, cast, get_args

from dispenserd.home import Head, OutboxRow, Position
from dispenserd.mqtt.session import Message, Presence
from protocol.mqtt import payloads
from protocol.mqtt.forms import PERSON_CHARS_MAX
from protocol.mqtt.instants import from_text
from protocol.mqtt.payloads import (
    BackPayload,
    ClosePayload,
    DecidePayload,
    DecisionPayload,
    LeavePayload,
    ModePayload,
    PausePayload,
    RegimePayload,
    ReleasePayload,
    ResumePayload,
    ReviewPausePayload,
    TakePayload,
)
from protocol.mqtt.topics import Channel, topic
from scheduler.commands import (
    AuthoriseRelease,
    CloseIncident,
    DecideDose,
    EndLeave,
    PauseResident,
    PlanLeave,
    RegimeCommand,
    ResumeResident,
    ReviewPause,
    SetMode,
    TakeIncident,
)
from scheduler.events import Mode, PauseKind, Verdict
from scheduler.outbox import Plain
from scheduler.summary import Summary

ANSWER_KEY = "answer/"
"""An answer's outbox row is `answer/<command id>`; its receipt names it so, at revision 0."""


DosePriority = Literal["high", "medium", "low", "info", ""]
OF_A_RESIDENT = frozenset(
    {"dose", "plan", "roll", "horizon", "help", "as_needed", "mode", "pause", "paused"}
    | {"leave", "back", "count", "fit", "refill"},
)
OF_A_ROBOT = frozenset({"robot", "press", "clock", "power", "feed", "help"})
"""What the name behind such a subject is; a call for help is the robot's where nobody said who."""

WHY_PATTERN = r"[a-z]+(_[a-z]+)*"


class StrangeRow(Exception):
    """An outbox row that is no incident and no answer: our bug."""


@dataclass(frozen=True, slots=True)
class RowName:
    """What a receipt and the uplink's events call an outbox row."""

    incident_id: str
    revision: int  # 0 = an answer


def row_name(key: str) -> RowName:
    if key.startswith(ANSWER_KEY):
        return RowName(key, 0)
    incident_id, slash, revision = key.rpartition("/")
    if not slash or not revision.isdecimal():
        raise StrangeRow("an incident's key is <incident id>/<revision>")
    return RowName(incident_id, int(revision))


def row_message(box: str, position: Position, row: OutboxRow) -> Message:
    """The message that tells on-call about a committed row."""
    match row.body.get("type"):
        case "incident":
            payload: payloads.Payload = _incident(box, position, row)
        case "answer":
            payload = _answer(box, position, row)
        case _:
            raise StrangeRow("a row of the incident outbox is an incident or an answer")
    return Message(topic(box, Channel.INCIDENT), payloads.to_bytes(payload))


def presence(box: str, epoch: int) -> Presence:
    return Presence(birth=_status(box, epoch, "online"), will=_status(box, epoch, "offline"))


def heartbeat(box: str, at: datetime, position: Position, summary: Summary) -> Message:
    payload = payloads.HeartbeatPayload(
        schema=payloads.HEARTBEAT,
        home=box,
        at=at,
        epoch=position.epoch,
        head=position.head,
        run=position.run,
        sequence=position.sequence,
        clock=summary.clock[:64],
        robot=_code(summary.robot),
        plan_version=summary.plan_version,
        next_window=summary.next_window,
        window_open=summary.window_open,
        incidents=summary.incidents,
        digest=summary.digest,
        robots=tuple(
            payloads.RobotState(serial=serial, state=_code(word)) for serial, word in summary.robots
        ),
        residents=tuple(
            payloads.ResidentState(
                resident=one.resident, plan_version=one.plan_version, next_window=one.next_window
            )
            for one in summary.residents
        ),
    )
    return Message(topic(box, Channel.HEARTBEAT), payloads.to_bytes(payload))


def command(decision: DecisionPayload) -> TakeIncident | CloseIncident | DecideDose | RegimeCommand:
    """A decision that passed every check at the door."""
    match decision:
        case TakePayload():
            return TakeIncident(
                decision.decision_id, decision.incident, decision.revision, decision.by, decision.expires
            )
        case ClosePayload():
            return CloseIncident(
                decision.decision_id,
                decision.incident,
                decision.revision,
                decision.by,
                decision.resolution,
                decision.expires,
            )
        case DecidePayload():
            return DecideDose(
                command_id=decision.decision_id,
                dose_id=decision.dose,
                verdict=Verdict(decision.verdict),
                by=decision.by,
                reason=decision.reason,
                via="oncall",
                incident_id=decision.incident,
                revision=decision.revision,
                expires=decision.expires,
            )
        case _:
            return _about_resident(decision)


def _about_resident(decision: RegimePayload) -> RegimeCommand:
    said: tuple[str, str, str, int, datetime]
    said = (decision.by, decision.reason, "oncall", decision.revision, decision.expires)
    key, resident = decision.decision_id, decision.resident
    match decision:
        case ModePayload():
            return SetMode(key, resident, Mode(decision.mode), decision.review, *said)
        case PausePayload():
            return PauseResident(key, resident, PauseKind(decision.kind), decision.until, *said)
        case ReviewPausePayload():
            return ReviewPause(key, resident, *said)
        case ResumePayload():
            return ResumeResident(key, resident, decision.reconciled, *said)
        case LeavePayload():
            times = (decision.first, decision.last, decision.hand_out, decision.departs, decision.back)
            return PlanLeave(key, resident, *times, *said)
        case BackPayload():
            return EndLeave(key, resident, tuple(decision.came_back), *said)
        case ReleasePayload():
            return AuthoriseRelease(key, resident, decision.dose, decision.until, *said)
        case _:
            assert_never(decision)


def heads(position: payloads.PositionPayload) -> list[Head]:
    """What on-call keeps of this journal, in the home's words."""
    split = [each.partition("-") for each in position.heads]
    return [(int(epoch), chain) for epoch, _, chain in split]


def _incident(box: str, position: Position, row: OutboxRow) -> payloads.IncidentPayload:
    body = row.body
    raised = from_text(_text(body, "raised"))
    changed = body.get("changed")
    about, _, name = _text(body, "subject").partition(":")
    key = name.partition("/")[0]
    resident = key if about in OF_A_RESIDENT and re.fullmatch(payloads.RESIDENT_PATTERN, key) else ""
    of_robot = about in OF_A_ROBOT and not resident
    ends, urgency = _window(body)
    return payloads.IncidentPayload(
        schema=payloads.INCIDENT,
        home=box,
        epoch=position.epoch,
        head=position.head,
        run=position.run,
        sequence=position.sequence,
        event_id=row.event_id,
        incident=_text(body, "incident_id"),
        revision=_whole(body, "revision"),
        subject=_code(about),
        resident=resident,
        robot=name if of_robot and re.fullmatch(payloads.SERIAL_PATTERN, name) else "",
        dose=_text(body, "dose_id"),
        kind=_code(_text(body, "kind")),
        priority=cast(Literal["info", "low", "medium", "high"], _text(body, "priority")),
        state=_code(_text(body, "state")),
        raised=raised,
        changed=from_text(changed) if isinstance(changed, str) else raised,
        deadline=from_text(_text(body, "deadline")),
        owner=_text(body, "owner")[:PERSON_CHARS_MAX],
        holds_token=body.get("holds_token") is True,
        resolution=_code(_text(body, "resolution")) if body.get("resolution") else "",
        cleared=body.get("cleared") is True,
        undelivered=body.get("undelivered") is True,
        detail=_why(body.get("detail")),
        window_ends=ends,
        dose_priority=urgency,
    )


def _answer(box: str, position: Position, row: OutboxRow) -> payloads.AnswerPayload:
    return payloads.AnswerPayload(
        schema=payloads.ANSWER,
        home=box,
        epoch=position.epoch,
        head=position.head,
        run=position.run,
        sequence=position.sequence,
        event_id=row.event_id,
        command_id=_text(row.body, "command_id"),
        accepted=row.body.get("accepted") is True,
        reason=_code(_text(row.body, "reason")),
        incident=_text(row.body, "incident_id"),
    )


def _status(box: str, epoch: int, state: Literal["online", "offline"]) -> Message:
    payload = payloads.StatusPayload(schema=payloads.STATUS, home=box, epoch=epoch, state=state)
    return Message(topic(box, Channel.STATUS), payloads.to_bytes(payload), retain=True)


def _text(body: Plain, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise StrangeRow(f"{name} is missing")
    return value


def _whole(body: Plain, name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise StrangeRow(f"{name} is missing")
    return value


def _why(detail: object) -> str:
    """The code word that a detail begins with. What follows (a path in a card) stays in the house.

    Narrower than other codes: a robot's own text can come through here, and no label, drug code or number is
    made of letters alone.
    """
    words = detail.split() if isinstance(detail, str) else []
    if not words:
        return ""
    return _code(words[0]) if re.fullmatch(WHY_PATTERN, words[0]) else "other"


def _window(body: Plain) -> tuple[datetime | None, DosePriority]:
    """When the window of its dose closes, and that dose's own urgency. Absent from rows of an earlier
    version, and not worth an alarm where it can't be read."""
    said, urgency = body.get("window_ends"), body.get("dose_priority")
    try:
        ends = from_text(said) if isinstance(said, str) else None
    except ValueError:
        ends = None
    known = ends is not None and urgency in get_args(DosePriority)
    return ends, cast(DosePriority, urgency) if known else ""


def _code(text: str) -> str:
    return text if re.fullmatch(payloads.CODE_PATTERN, text) else "other"
