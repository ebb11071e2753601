"""Whether `evolve` went where the tables say: asked after every event of every core test."""

from __future__ import annotations

from typing import Any

from scheduler import events as ev
from scheduler.evolve import evolve
from scheduler.machines_of_custody import COUNT, CUSTODY, SPOT
from scheduler.machines_of_dose import ASKING, CALL, HOLD, LOSS, ORDER, OUTCOME, SIDE, TOKEN, WISH
from scheduler.machines_of_home import ALARM_TEST, CLOCK, DELIVERY, INCIDENT, LINK, MODE, PAUSE
from scheduler.regime import paused_of
from scheduler.standing import (
    alarm_test_of,
    asking_of,
    call_of,
    clock_of,
    count_of,
    custody_of,
    delivery_of,
    fate_of,
    hold_of,
    loss_of,
    order_of,
    side_of,
    spot_of,
    token_of,
    wish_of,
)
from scheduler.table import Table
from scheduler.transitions import steps
from scheduler.world import World


def evolved(world: World, event: ev.Event) -> World:
    """The world after the event; each machine that it stepped stands where its table says."""
    after = evolve(world, event)
    for step in steps(world, event):
        state = stands(after, event, step.table, step.about)
        follows = step.table.after(step.state, step.given)
        assert state in (follows, None), f"{step} led to {state}: {event}"
    return after


def stands(world: World, event: Any, table: Table[Any, Any], about: str = "") -> Any:
    """The state of the machine that this event is about; None where what it is about left the world."""
    if table is LINK:
        return world.robot(world.serial(event.robot)).state
    if table is CLOCK:
        return clock_of(world.clock)
    if table is ALARM_TEST:
        return alarm_test_of(world)
    if table is ASKING:
        return asking_of(world, event.resident)
    if table in (MODE, PAUSE):
        regime = world.regime(event.resident)
        return regime.mode if table is MODE else paused_of(regime)
    if table in (INCIDENT, DELIVERY):
        incident = world.incidents[event.incident_id]
        return incident.state if table is INCIDENT else delivery_of(world, incident)
    if table is CUSTODY:
        return custody_of(world, event.resident)
    if table is COUNT:
        who = event.magazine.resident if isinstance(event, ev.MagazineTakenOut) else event.resident
        return count_of(world, who, about)
    if table is SPOT:
        return spot_of(world, event.robot)
    return _of_dose(world, event, table)


def _of_dose(world: World, event: Any, table: Table[Any, Any]) -> Any:
    closed = world.incidents.get(event.incident_id) if isinstance(event, ev.IncidentClosed) else None
    dose_id = closed.dose_id if closed is not None else _dose_id(event)
    dose, side = world.doses.get(dose_id), world.sides.get(dose_id)
    if table is SIDE:
        return side_of(side) if side is not None else None
    about = dose or side
    if about is None:
        return None
    if table is OUTCOME:
        return fate_of(about)
    if table is WISH:
        return wish_of(about)
    assert dose is not None
    if table is LOSS:
        return loss_of(dose)
    if table in (HOLD, CALL):
        return hold_of(dose) if table is HOLD else call_of(dose)
    return order_of(dose) if table is ORDER else token_of(dose) if table is TOKEN else None


def _dose_id(event: Any) -> str:
    if isinstance(event, ev.OrderIssued):
        return event.order.dose_id
    if isinstance(event, ev.OrderRevoked):
        return ""
    return str(event.dose.dose_id if isinstance(event, ev.SideDosePlanned) else event.dose_id)
