"""How the world remembers test alarms, certificates and chores. Total and pure, as all of `evolve`."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from scheduler import events as ev
from scheduler.machines_of_home import ALARM_TEST, AlarmTestInput
from scheduler.remembered import AlarmTest, ChoreRun
from scheduler.replacing import replace
from scheduler.standing import alarm_test_of
from scheduler.world import World


def evolve_upkeep(world: World, event: ev.AlarmTestBegun | ev.CertificatesRead | ev.ChoreEnded) -> World:
    """The world after an event of upkeep."""
    match event:
        case ev.AlarmTestBegun():
            return replace(world, alarm_test=AlarmTest(begun=event.at, by=event.by, since=event.at))
        case ev.CertificatesRead():
            return replace(world, certificates=event.found)
        case ev.ChoreEnded():
            known = world.chores.get(event.chore)
            before = known.failures if known is not None else 0
            failures = before + 1 if event.result == "failed" else 0
            run = ChoreRun(at=event.at, result=event.result, detail=event.detail, failures=failures)
            return replace(world, chores={**world.chores, event.chore: run})
        case _:
            assert_never(event)


def alarm_test_told(world: World, incident: ev.Incident, event: ev.IncidentEvent) -> World:
    """What an event of a test alarm's incident says of the test. `incident`: as it is after the event."""
    test = world.alarm_test
    if test is None:
        return world
    match event:
        case ev.IncidentRaised():
            test = replace(test, incident_id=incident.incident_id, since=event.at)
        case _ if incident.incident_id != test.incident_id or test.state != "under_way":
            return world
        case ev.IncidentChanged() if incident.priority > ev.Priority.INFO:
            test = replace(test, state=_test_after(world, AlarmTestInput.FAILED), since=event.at)
        case ev.IncidentDelivered() if incident.incident_id not in world.receipts:
            test = replace(test, receipted=event.at)
        case ev.IncidentCleared():
            test = replace(test, state=_test_after(world, AlarmTestInput.CLEARED), since=event.at)
        case _:
            return world
    return replace(world, alarm_test=test)


def _test_after(world: World, given: AlarmTestInput) -> str:
    return ALARM_TEST.after(alarm_test_of(world), given).value


def not_later(world: World, at: datetime) -> World:
    """A trusted clock says that it is `at`: what was done was done before. Dated by a clock that ran ahead,
    a chore would wait for that day; and where the home began nobody knew before this."""
    test = world.alarm_test
    if test is not None:
        test = replace(test, begun=min(test.begun, at), since=min(test.since, at))
    return replace(
        world,
        began=at if world.trusted_at is None or world.began is None else min(world.began, at),
        alarm_test=test,
        chores={name: replace(run, at=min(run.at, at)) for name, run in world.chores.items()},
    )
