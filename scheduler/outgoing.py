"""What a commit must still be told to somebody: the outbox rows that follow from its events.

Called once a commit, with the world before and after; the store writes the rows in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scheduler import events as ev
from scheduler.causes import urgency
from scheduler.events import Event
from scheduler.ids import administration_id
from scheduler.instant import iso
from scheduler.outbox import Answer, Change, Plain, Put
from scheduler.record import to_plain
from scheduler.world import World


def changes(before: World, after: World, events: Sequence[Event]) -> tuple[Change, ...]:
    """The outbox changes of one commit: `events` led from `before` to `after`."""
    found: list[Change] = []
    for event in events:
        found += _event_changes(after, event)
    return (*found, *_revisions(before, after))


def _event_changes(after: World, event: Event) -> Iterator[Change]:
    match event:
        case ev.OrderIssued():
            yield Put("order", event.order.order_id, {"order_id": event.order.order_id})
        case ev.OrderRevoked() | ev.OrderEnded():
            yield Answer("order", event.order_id)
        case ev.CommandAnswered():
            yield Put("incident", f"answer/{event.command_id}", _answer_body(event))
        case ev.AnswerDelivered():
            yield Answer("incident", f"answer/{event.command_id}")
        case ev.IncidentDelivered():
            yield Answer("incident", f"{event.incident_id}/{event.revision}")
        case ev.OutcomeRecorded():
            yield from _administrations(after, event)
        case ev.AdministrationFiled():
            yield Answer("administration", event.administration_id)
        case _:
            return


def _answer_body(event: ev.CommandAnswered) -> Plain:
    return {
        "type": "answer",
        "command_id": event.command_id,
        "accepted": event.accepted,
        "reason": event.reason,
        "incident_id": event.incident_id,
    }


def _revisions(before: World, after: World) -> Iterator[Change]:
    """One row an incident and commit: its newest revision, whole. What a commit passed through in between is
    in the journal; nobody outside can have seen it."""
    for key in sorted(after.incidents):
        old, new = before.incidents.get(key), after.incidents.get(key)
        if new is None or (old is not None and old.revision == new.revision):
            continue
        body = {"type": "incident", **_incident_body(new), **_window(after, new)}
        yield Put("incident", f"{key}/{new.revision}", body)


def _incident_body(incident: ev.Incident) -> Plain:
    """The incident in the plain form that the journal uses for it."""
    body = to_plain(ev.IncidentRaised(at=incident.raised, incident=incident))["incident"]
    assert isinstance(body, dict)
    return body


def _window(after: World, incident: ev.Incident) -> Plain:
    """Until when an outcome of its dose can still be had, and how urgent that dose is. Nothing once the
    window has closed or the dose has its outcome: then there is nothing left to be in time for."""
    dose = after.doses.get(incident.dose_id)
    written = incident.changed or incident.raised
    if dose is None or dose.outcome is not None or written >= dose.plan.closes:
        return {}
    return {"window_ends": iso(dose.plan.closes), "dose_priority": urgency(dose).name.lower()}


def _administrations(after: World, event: ev.OutcomeRecorded) -> Iterator[Change]:
    """S5: one administration per dose, prescription and revision."""
    side = after.sides.get(event.dose_id)
    plan = after.doses[event.dose_id].plan if side is None else side.plan
    for portion in plan.portions:
        key = administration_id(event.dose_id, portion.prescription_id, event.revision)
        yield Put(
            "administration",
            key,
            {
                "administration_id": key,
                "dose_id": event.dose_id,
                "prescription_id": portion.prescription_id,
                "revision": event.revision,
                "outcome": event.outcome.value,
                "late": event.late,
                "happened": iso(event.happened),
                "by": event.by,
                "drug": portion.content.drug,
                "strength": portion.content.strength,
                "quantity": str(portion.content.quantity),
                "unit": portion.content.unit,
                "reason": event.reason,
                "helper": event.helper,
            },
        )
