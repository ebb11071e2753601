"""The alarm catalogue as far as it is in force: what is wrong now, how urgent it is, and who must hear of it.

`causes` says what is wrong in this world, one cause a subject; `alarmed` compares that with the incidents
there are and raises, raises further, or clears. So one untaken dose is one incident however its story goes
on, and a cause that vanishes by evidence clears its incident. Nothing here acknowledges anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.causes import causes, unproven
from scheduler.given_elsewhere import BY_OTHERS, NOT_BY_OTHERS
from scheduler.ids import incident_id
from scheduler.world import Setting, World


def alarmed(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """Raise, raise further or clear incidents until they fit what is wrong now."""
    wrong = causes(world, setting, now)
    events: list[ev.Event] = []
    for subject, cause in wrong.items():
        events += _fitted(world, setting, subject, cause, now)
    return [*events, *_vanished(world, setting, wrong, now)]


def undelivered(world: World, setting: Setting, now: datetime) -> Sequence[ev.Event]:
    """S4: no receipt in time. It stays the same incident; the robot shows it until a receipt comes. A test
    alarm waits for its own limit first: nobody at home needs to hear of it before it failed."""
    return [
        ev.IncidentUndelivered(
            at=now, incident_id=key, revision=world.incidents[key].revision, reason="no_receipt"
        )
        for key, receipt in world.receipts.items()
        if now >= receipt.since + setting.limits.receipt
        and not world.incidents[key].undelivered
        and world.incidents[key].priority > ev.Priority.INFO
    ]


def acknowledge_within(setting: Setting, priority: ev.Priority) -> timedelta:
    """How long staff have to take an incident of this priority."""
    limits = setting.limits
    match priority:
        case ev.Priority.HIGH:
            return limits.acknowledge_high
        case ev.Priority.MEDIUM:
            return limits.acknowledge_medium
        case _:
            return limits.acknowledge_low


def _fitted(world: World, setting: Setting, subject: str, cause: Cause, now: datetime) -> Sequence[ev.Event]:
    current = world.incident_about(subject)
    closed = current is not None and current.state is ev.State.CLOSED
    if current is not None and closed and not current.cleared and not _says_more(current, cause):
        return []  # a person closed it with a resolution
    if current is None or (closed and not cause.dose_id):
        return [_raised(world, setting, subject, cause, now)]
    higher = cause.priority > current.priority
    reworded = (cause.kind, cause.detail) != (current.kind, current.detail)
    if not (closed or higher or reworded):
        return []
    return [
        ev.IncidentChanged(
            at=now,
            incident_id=current.incident_id,
            revision=current.revision + 1,
            kind=cause.kind,
            priority=cause.priority if closed else max(cause.priority, current.priority),
            deadline=_deadline(setting, cause, now) if closed or higher else current.deadline,
            detail=cause.detail,
            reopened=closed or higher,
        )
    ]


def _says_more(closed: ev.Incident, cause: Cause) -> bool:
    """Whether this is news after a person closed the incident: more urgent, another thing wrong, or of a dose
    that the evidence turned against what was resolved."""
    if cause.priority > closed.priority or cause.kind is ev.Kind.CALL_RESIDENT:
        return True  # a call that was made is no cause any more: this is another change
    if cause.dose_id:
        by_others = (
            closed.detail in BY_OTHERS and cause.detail not in BY_OTHERS
        )  # closed as theirs, and it was not
        nobody_gave = by_others or (cause.detail == NOT_BY_OTHERS and closed.detail != cause.detail)
        return nobody_gave or (cause.kind is not closed.kind and cause.kind in AGAINST_RESOLUTION)
    return (cause.kind, cause.detail) != (closed.kind, closed.detail)


AGAINST_RESOLUTION = frozenset({ev.Kind.RECORD_CONTRADICTS, ev.Kind.ORDER_UNKNOWN})


def _raised(world: World, setting: Setting, subject: str, cause: Cause, now: datetime) -> ev.Event:
    ordinal = world.subjects[subject][1] + 1 if subject in world.subjects else 1
    return ev.IncidentRaised(
        at=now,
        incident=ev.Incident(
            incident_id=incident_id(setting.box, subject, ordinal),
            subject=subject,
            kind=cause.kind,
            priority=cause.priority,
            dose_id=cause.dose_id,
            raised=now,
            deadline=_deadline(setting, cause, now),
            detail=cause.detail,
        ),
    )


def _deadline(setting: Setting, cause: Cause, now: datetime) -> datetime:
    """Acknowledge within the priority's time, and before the window closes while it still can."""
    within = now + acknowledge_within(setting, cause.priority)
    return min(within, cause.before) if cause.before is not None and cause.before > now else within


def _vanished(
    world: World, setting: Setting, wrong: Mapping[str, Cause], now: datetime
) -> Sequence[ev.Event]:
    """Also of what a person closed while it was still wrong: the next time is a new thing to hear of."""
    return [
        ev.IncidentCleared(
            at=now,
            incident_id=incident.incident_id,
            revision=incident.revision + (incident.state is not ev.State.CLOSED),
            reason=_evidence(world, incident),
        )
        for incident in world.incidents.values()
        if not incident.cleared and incident.subject not in wrong and not unproven(world, setting, incident)
    ]


def _evidence(world: World, incident: ev.Incident) -> str:
    if incident.kind is ev.Kind.TEST_ALARM:
        return "receipted"
    dose = world.doses.get(incident.dose_id) or world.sides.get(incident.dose_id)
    return dose.outcome.outcome.value if dose is not None and dose.outcome is not None else "gone"
