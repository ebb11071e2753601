"""How events change the side doses. Decides nothing, like all of `evolve`."""

from __future__ import annotations

from datetime import datetime

from scheduler import events as ev
from scheduler.machines_of_dose import SIDE, Side, SideInput, WishInput
from scheduler.replacing import replace
from scheduler.standing import side_of, wished
from scheduler.world import SideDose, World

SideEvent = (
    ev.SideDosePlanned
    | ev.SideDoseWithdrawn
    | ev.SideDoseDue
    | ev.ReminderGiven
    | ev.DosePutOff
    | ev.DoseDeclined
    | ev.AnswerTakenBack
    | ev.OutcomeRecorded
)


def evolve_side(world: World, event: ev.DoseChange | ev.SideEvent) -> World:
    """The world after an event about a side dose; one about a dose long gone, or of another kind, changes
    nothing."""
    match event:
        case ev.SideDosePlanned():
            known = world.sides.get(event.dose.dose_id)
            side = replace(known, plan=event.dose) if known else SideDose(plan=event.dose)
            return _with(world, side)
        case ev.SideDoseWithdrawn():
            return replace(world, sides={key: s for key, s in world.sides.items() if key != event.dose_id})
        case _:
            known = world.sides.get(event.dose_id)
            return world if known is None else _with(world, _changed(known, event))


def settled_before(world: World, before: datetime) -> World:
    """Without those that are long settled; an incident that nobody closed keeps its dose."""
    kept = {
        key: side
        for key, side in world.sides.items()
        if side.outcome is None
        or side.outcome.at > before
        or side.plan.closes > before
        or _watched(world, key)
    }
    return world if len(kept) == len(world.sides) else replace(world, sides=kept)


def _watched(world: World, dose_id: str) -> bool:
    incident = world.incident_about(f"dose:{dose_id}")
    return incident is not None and incident.state is not ev.State.CLOSED


def _changed(side: SideDose, event: ev.DoseChange | ev.SideEvent) -> SideDose:
    match event:
        case ev.SideDoseDue():
            return replace(side, due=SIDE.after(side_of(side), SideInput.DUE) is not Side.PLANNED)
        case ev.ReminderGiven():
            return replace(side, reminders=event.number)
        case ev.DosePutOff():
            return wished(side, WishInput.LATER, event.at)
        case ev.DoseDeclined():
            return replace(wished(side, WishInput.NO_THANKS, event.at), helper=event.helper)
        case ev.AnswerTakenBack():
            return replace(wished(side, WishInput.TAKEN_BACK, event.at), helper=event.helper)
        case ev.OutcomeRecorded():
            return replace(side, outcome=event)
        case _:
            return side


def _with(world: World, side: SideDose) -> World:
    ordered = sorted({**world.sides, side.dose_id: side}.values(), key=lambda s: (s.plan.opens, s.dose_id))
    return replace(world, sides={each.dose_id: each for each in ordered})
