"""How incidents change: revisions, states, owner, and which revision on-call still owes a receipt for."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from scheduler import events as ev
from scheduler.evolve_as_needed import elsewhere_looked_into
from scheduler.evolve_refill import refill_looked_into
from scheduler.evolve_upkeep import alarm_test_told
from scheduler.machines_of_home import INCIDENT, IncidentInput
from scheduler.regime import action_looked_into, mode_looked_into, pause_looked_into
from scheduler.remembered import FEEDS_MAX, DoubleFeed, Receipt
from scheduler.replacing import replace
from scheduler.world import LOSSES_MAX, Robot, World


def evolve_incident(world: World, event: ev.IncidentEvent) -> World:
    """The world after an incident event; an event about an incident long forgotten changes nothing."""
    match event:
        case ev.IncidentRaised():
            subject = event.incident.subject
            ordinal = world.subjects[subject][1] + 1 if subject in world.subjects else 1
            subjects = {**world.subjects, subject: (event.incident.incident_id, ordinal)}
            world = replace(world, subjects=subjects)
            after = _revised(world, replace(event.incident, changed=event.at), event)
            return _of_a_test(after, event.incident.incident_id, event)
        case _:
            incident = world.incidents.get(event.incident_id)
            if incident is None:
                return world
            return _of_a_test(_changed(world, incident, event), event.incident_id, event)


def _of_a_test(world: World, incident_id: str, event: ev.IncidentEvent) -> World:
    incident = world.incidents[incident_id]
    return alarm_test_told(world, incident, event) if incident.kind is ev.Kind.TEST_ALARM else world


def _changed(world: World, incident: ev.Incident, event: ev.IncidentChange) -> World:
    match event:
        case ev.IncidentChanged():
            return _revised(world, _reworded(incident, event), event)
        case ev.IncidentCleared() if incident.state is ev.State.CLOSED:
            return _kept(world, replace(incident, cleared=True))  # nobody outside need hear it again
        case ev.IncidentCleared():
            state = INCIDENT.after(incident.state, IncidentInput.CLEARED)
            cleared = replace(incident, cleared=True, state=state, holds_token=False)
            return _revised(world, replace(cleared, resolution=incident.resolution or event.reason), event)
        case ev.IncidentTaken():
            dose = world.doses.get(incident.dose_id)  # reopened: the token may still be theirs
            holds = dose is not None and dose.token == event.by
            state = INCIDENT.after(incident.state, IncidentInput.TAKEN)
            taken = replace(incident, state=state, owner=event.by, holds_token=holds)
            return _revised(world, taken, event)
        case ev.IncidentHandled():
            state = INCIDENT.after(incident.state, IncidentInput.HANDLED)
            return _revised(world, replace(incident, state=state, resolution=event.resolution), event)
        case ev.IncidentClosed():
            world = _looked_into(world, incident, event.at)
            state = INCIDENT.after(incident.state, IncidentInput.CLOSED)
            return _revised(world, replace(incident, state=state), event)
        case ev.IncidentPublished():
            state = INCIDENT.after(incident.state, IncidentInput.PUBLISHED)
            return (
                _kept(world, replace(incident, state=state)) if event.revision == incident.revision else world
            )
        case ev.IncidentUndelivered():
            return _kept(world, replace(incident, undelivered=True))
        case ev.IncidentDelivered():
            return _delivered(world, incident, event)
        case _:
            assert_never(event)


def _looked_into(world: World, incident: ev.Incident, at: datetime) -> World:
    """A person closed it: what only a person can look into is no longer wrong."""
    if incident.kind in (ev.Kind.AS_NEEDED_LIMIT, ev.Kind.AS_NEEDED_UNSURE):
        return elsewhere_looked_into(world, incident, at)
    if incident.kind in OF_REGIME:
        return _regime_looked_into(world, incident, at)
    if incident.kind in (ev.Kind.ROLL_CONFLICT, ev.Kind.REFILL_WRONG):
        return refill_looked_into(world, incident)
    about, _, name = incident.subject.partition(":")
    if incident.kind is ev.Kind.RECORD_CONTRADICTS and about == "robot":
        return _told(world, name, replace(world.robot(name), log_alarm=""))
    if incident.kind in (ev.Kind.CALL_RESIDENT, ev.Kind.RECORD_CONTRADICTS):
        return _called(world, incident)
    if incident.kind is ev.Kind.COMMAND_REFUSED:
        return replace(world, forged="")
    if incident.kind is ev.Kind.HELP_ASKED:
        who = incident.subject.removeprefix("help:")
        return replace(world, help={key: since for key, since in world.help.items() if key != who})
    if incident.kind is ev.Kind.STORE_FAILED:
        return replace(world, store_stopped=None)
    if incident.kind is ev.Kind.JOURNAL_BEHIND:
        known = (*world.looked_into, *((found.epoch, found.head) for found in world.behind))
        return replace(world, behind=(), looked_into=tuple(dict.fromkeys(known))[-LOSSES_MAX:])
    if incident.kind is ev.Kind.DOUBLE_FEED:
        robot = world.robot(name)
        return _told(world, name, replace(robot, double_feed=None, fed=fed_before(world, robot)))
    if incident.kind is ev.Kind.ATTEMPT_BLOCKED:
        return _told(world, name, replace(world.robot(name), attempt=""))
    return world


def fed_before(world: World, robot: Robot) -> tuple[DoubleFeed, ...]:
    """With the one that is over, or that another one follows: a dose that was not planned yet is in doubt as
    soon as it is (rule 7)."""
    feed = robot.double_feed
    asked = feed is None or any(dose.beside == feed.dose_id for dose in world.doses.values())
    later = () if asked or feed is None or feed.follows is None or feed in robot.fed else (feed,)
    return (*robot.fed, *later)[-FEEDS_MAX:]


def _called(world: World, incident: ev.Incident) -> World:
    """About every change until now, or what the record said against a person: closing names the newest
    revision (rule 26), and what comes after it is news."""
    dose = world.doses.get(incident.dose_id)
    if dose is None:
        return world
    if incident.kind is ev.Kind.CALL_RESIDENT:
        dose = replace(dose, called=dose.changed, changes=0)
    else:
        dose = replace(dose, double_looked_into=True)
    return replace(world, doses={**world.doses, dose.dose_id: dose})


def _told(world: World, serial: str, robot: Robot) -> World:
    return replace(world, robots={**world.robots, serial: robot}) if serial in world.robots else world


OF_REGIME = frozenset(
    {ev.Kind.MODE_REVIEW, ev.Kind.PAUSE_REVIEW, ev.Kind.PAUSE_OVER, ev.Kind.PAUSED_ACTION},
)


def _regime_looked_into(world: World, incident: ev.Incident, at: datetime) -> World:
    """It stays as it is, by a person's word; whether it still fits is asked again (rule 22)."""
    resident = incident.subject.partition(":")[2]
    regime = world.regime(resident)
    if incident.kind is ev.Kind.MODE_REVIEW:
        regime = mode_looked_into(regime, at)
    elif incident.kind is ev.Kind.PAUSED_ACTION:
        regime = action_looked_into(regime, at)
    else:
        regime = pause_looked_into(regime, at)
    return replace(world, regimes={**world.regimes, resident: regime})


def _reworded(incident: ev.Incident, event: ev.IncidentChanged) -> ev.Incident:
    incident = replace(
        incident,
        kind=event.kind,
        priority=event.priority,
        deadline=event.deadline,
        detail=event.detail,
        cleared=False,
    )
    if event.reopened:
        state = INCIDENT.after(incident.state, IncidentInput.REOPENED)
        return replace(incident, state=state, owner="", resolution="", holds_token=False)
    return incident


def _delivered(world: World, incident: ev.Incident, event: ev.IncidentDelivered) -> World:
    receipt = world.receipts.get(incident.incident_id)
    if receipt is None or event.revision < receipt.revision:
        return world
    receipts = {key: value for key, value in world.receipts.items() if key != incident.incident_id}
    state = INCIDENT.after(incident.state, IncidentInput.DELIVERED)
    return _kept(replace(world, receipts=receipts), replace(incident, undelivered=False, state=state))


def with_token(world: World, incident_id: str, held: bool, event: ev.Event) -> World:
    """The incident's owner got, or gave back, the right to give the dose: a revision of its own."""
    incident = world.incidents.get(incident_id)
    return world if incident is None else _revised(world, replace(incident, holds_token=held), event)


def _revised(world: World, incident: ev.Incident, event: ev.Event) -> World:
    """A revision that on-call must receipt; the wait counts from the oldest one it owes."""
    known = incident.incident_id in world.incidents
    revision = incident.revision + 1 if known else incident.revision
    incident = replace(incident, revision=revision, changed=event.at)
    owed = world.receipts.get(incident.incident_id)
    receipt = Receipt(revision=revision, since=owed.since if owed else event.at)
    return _kept(
        replace(world, receipts={**world.receipts, incident.incident_id: receipt}),
        incident,
    )


def _kept(world: World, incident: ev.Incident) -> World:
    return replace(world, incidents={**world.incidents, incident.incident_id: incident})
