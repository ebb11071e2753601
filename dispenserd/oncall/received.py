"""What a home said, committed: incidents, answers, heartbeats, standings. Database logic without a network.

Every function takes an open writing transaction. Once committed, a message may be receipted; seen again it
changes nothing and is receipted again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from dispenserd.oncall.database import HOME, answers, decisions, homes, incidents, revisions
from dispenserd.oncall.view import TEST_ALARM
from protocol.mqtt.instants import from_text, to_text
from protocol.mqtt.payloads import (
    AnswerPayload,
    HeartbeatPayload,
    IncidentPayload,
    PayloadRefused,
    StatusPayload,
)


def keep_incident(connection: Connection, payload: IncidentPayload, now: datetime) -> bool:
    """Whether it was new. An older revision that comes late is history and leaves the present row alone.

    A message seen before under a lower epoch says that the home, restored, still stands by it. PayloadRefused
    for an id of on-call's own: no home has a word in those.
    """
    know_home(connection, payload.home, payload.epoch, now)
    same_event = revisions.c.event_id == payload.event_id
    new = connection.execute(select(revisions.c.event_id).where(_told(payload), same_event)).first() is None
    _keep_newest(connection, payload, new)
    if not new:
        return False
    connection.execute(
        insert(revisions).values(
            home=payload.home,
            event_id=payload.event_id,
            incident=payload.incident,
            epoch=payload.epoch,
            revision=payload.revision,
            kind=payload.kind,
            priority=payload.priority,
            state=payload.state,
            detail=payload.detail,
            at=to_text(payload.changed),
            received=to_text(now),
            owner=payload.owner,
            window_ends=None if payload.window_ends is None else to_text(payload.window_ends),
            dose_priority=payload.dose_priority,
        )
    )
    _keep_test(connection, payload, now)
    return True


def keep_answer(connection: Connection, payload: AnswerPayload, now: datetime) -> bool:
    """Whether it was new. An answer to a command that isn't ours is kept as seen, and changes nothing."""
    new = connection.execute(
        upsert(answers)
        .values(
            home=payload.home,
            event_id=payload.event_id,
            command_id=payload.command_id,
            received=to_text(now),
        )
        .on_conflict_do_nothing()
        .returning(answers.c.event_id)
    ).first()
    connection.execute(
        update(decisions)
        .where(
            decisions.c.decision_id == payload.command_id,
            decisions.c.home == payload.home,
            decisions.c.state.in_(("queued", "expired")),  # late, but it is what the home did
        )
        .values(state="accepted" if payload.accepted else "refused", reason=payload.reason)
    )
    return new is not None


def note_receipted(connection: Connection, payload: IncidentPayload) -> None:
    """Our receipt of this revision is with the broker."""
    connection.execute(
        update(incidents)
        .where(
            incidents.c.home == payload.home,
            incidents.c.incident == payload.incident,  # incidents of one commit share its event id
            incidents.c.event_id == payload.event_id,
        )
        .values(receipted=True)
    )


def keep_heartbeat(
    connection: Connection, payload: HeartbeatPayload, now: datetime, silent: timedelta
) -> None:
    """`now` is ours: the home's own clock may be wrong."""
    known = connection.execute(select(homes).where(homes.c.home == payload.home)).first()
    alive_since = to_text(now)
    if known is not None and known.alive_since and known.offline_since is None and known.heard:
        gap = now - from_text(known.heard)
        alive_since = known.alive_since if gap <= silent else alive_since
    values: dict[str, Any] = {
        "head": payload.head,
        "clock": payload.clock,
        "robot": payload.robot,
        "plan_version": payload.plan_version,
        "next_window": None if payload.next_window is None else to_text(payload.next_window),
        "window_open": payload.window_open,
        "incidents": payload.incidents,
        "digest": payload.digest,
        "heard": to_text(now),
        "alive_since": alive_since,
        "offline_since": None,
        "missed_from": None,
    }
    know_home(connection, payload.home, payload.epoch, now)
    connection.execute(update(homes).where(homes.c.home == payload.home).values(**values))


def keep_status(connection: Connection, payload: StatusPayload, now: datetime) -> None:
    """Offline counts from when we heard it. Online proves a connection, no life: only a heartbeat does."""
    know_home(connection, payload.home, payload.epoch, now)
    if payload.state == "offline":
        connection.execute(
            update(homes)
            .where(homes.c.home == payload.home, homes.c.offline_since.is_(None))
            .values(offline_since=to_text(now))
        )


def _keep_test(connection: Connection, payload: IncidentPayload, now: datetime) -> None:
    """A test alarm that went all the way: the home had our receipt and closed it. Outlives its incident. By a
    clock that runs ahead it passed now, not then: the next one would never be missed."""
    if payload.kind != TEST_ALARM or payload.state != "closed" or not payload.cleared:
        return
    passed = to_text(min(payload.changed, now))
    newer = or_(homes.c.last_test.is_(None), homes.c.last_test < passed)
    connection.execute(update(homes).where(homes.c.home == payload.home, newer).values(last_test=passed))


def _told(payload: IncidentPayload) -> ColumnElement[bool]:
    return and_(revisions.c.home == payload.home, revisions.c.incident == payload.incident)


def _keep_newest(connection: Connection, payload: IncidentPayload, new: bool) -> None:
    values: dict[str, Any] = {
        "event_id": payload.event_id,
        "epoch": payload.epoch,
        "revision": payload.revision,
        "subject": payload.subject,
        "dose": payload.dose,
        "kind": payload.kind,
        "priority": payload.priority,
        "state": payload.state,
        "raised": to_text(payload.raised),
        "deadline": to_text(payload.deadline),
        "owner": payload.owner,
        "holds_token": payload.holds_token,
        "resolution": payload.resolution,
        "cleared": payload.cleared,
        "undelivered": payload.undelivered,
        "receipted": False,
        "detail": payload.detail,
    }
    here = and_(incidents.c.home == payload.home, incidents.c.incident == payload.incident)
    known = connection.execute(select(incidents).where(here)).first()
    if known is not None and known.origin != HOME:
        raise PayloadRefused("incident: on-call's own")
    if known is None:
        connection.execute(insert(incidents).values(home=payload.home, incident=payload.incident, **values))
    elif new and payload.epoch == known.epoch and _other_life(connection, payload, known.raised):
        connection.execute(update(incidents).where(here).values(**values))
        _let_go(connection, payload)
    elif payload.epoch == known.epoch and known.raised != values["raised"]:
        pass  # a late copy of an earlier life
    elif (payload.epoch, payload.revision) > (known.epoch, known.revision):
        connection.execute(update(incidents).where(here).values(**values))


def _other_life(connection: Connection, payload: IncidentPayload, raised: str) -> bool:
    """The home lost its store, or went back to an older one, and counts the same incident anew. Until it has
    heard so and begins a new epoch (rule 23) only this shows it: another instant of raising, or another event
    at the same revision."""
    if to_text(payload.raised) != raised:
        return True
    same = and_(revisions.c.epoch == payload.epoch, revisions.c.revision == payload.revision)
    return connection.execute(select(revisions.c.event_id).where(_told(payload), same)).first() is not None


def _let_go(connection: Connection, payload: IncidentPayload) -> None:
    """What was decided about the incident's earlier life owns nothing in this one."""
    connection.execute(
        update(decisions)
        .where(
            decisions.c.home == payload.home,
            decisions.c.incident == payload.incident,
            decisions.c.state.in_(("queued", "accepted")),
        )
        .values(state="expired", reason="other_life")
    )


def know_home(connection: Connection, home: str, epoch: int, now: datetime) -> None:
    """A home's row, with the highest epoch seen (rule 23)."""
    connection.execute(
        upsert(homes)
        .values(
            home=home,
            epoch=epoch,
            head="",
            clock="",
            robot="",
            plan_version=0,
            window_open=False,
            incidents=0,
            digest="",
            first_seen=to_text(now),
        )
        .on_conflict_do_nothing()
    )
    connection.execute(update(homes).where(homes.c.home == home, homes.c.epoch < epoch).values(epoch=epoch))
