"""How leave, authorised releases and sachets that nobody waits for change the world. Decides nothing, like
all of `evolve`."""

from __future__ import annotations

from scheduler import events as ev
from scheduler.dose import Stage, Trigger, advance
from scheduler.permit import Permit
from scheduler.regime import after
from scheduler.replacing import replace
from scheduler.world import Dose, World, by_opening


def evolve_leave(world: World, event: ev.LeavePlanned | ev.LeaveEnded) -> World:
    """Its doses may be handed out from now on, or no longer."""
    regimes = {**world.regimes, event.resident: after(world.regime(event.resident), event)}
    world = replace(world, regimes=regimes)
    doses = {
        key: permitted(world, dose) if dose.plan.resident == event.resident else dose
        for key, dose in world.doses.items()
    }
    return replace(world, doses=doses)


def permitted(world: World, dose: Dose) -> Dose:
    """The dose with what its resident's leave allows; another one's, authorised for it alone, stands."""
    leave = world.regime(dose.plan.resident).leave
    if leave is not None and not (dose.plan.as_needed or dose.plan.loose) and leave.covers(dose.plan.opens):
        return replace(dose, permit=leave.permit)
    alone = dose.permit is None or not dose.permit.along
    return dose if alone else replace(dose, permit=None)


def authorised(dose: Dose, event: ev.ReleaseAuthorised) -> Dose:
    """Early: beside its window. Late: its window goes on, and all that hangs on its closing with it."""
    said = (event.by, event.reason)
    if event.opens < dose.plan.opens:
        return replace(dose, permit=Permit(event.opens, dose.plan.opens, False, *said))
    return kept_open(replace(dose, late=Permit(event.opens, event.closes, False, *said)))


def kept_open(dose: Dose) -> Dose:
    """Its window goes on as somebody has said, also where a newer card has planned it anew; not where that
    has moved it to another time."""
    if dose.late is None:
        return dose
    if dose.late.opens != dose.plan.opens:
        return replace(dose, late=None)
    return replace(dose, plan=replace(dose.plan, closes=max(dose.plan.closes, dose.late.closes)))


def came_back(dose: Dose, event: ev.SachetCameBack) -> Dose:
    """It was never had: what its hand-out said of when is forgotten (S2)."""
    stage = advance(dose.stage, Trigger.CAME_BACK, dose.rest)
    return replace(dose, stage=stage, along=False, lifted=None, had_before=None, untimed=False)


def surplus(world: World, event: ev.SurplusHeld) -> World:
    dose = Dose(
        event.dose,
        robot=event.robot,
        stage=Stage.HELD,
        held=event.reason,
        held_label=event.label,
        known=event.at,
    )
    return replace(world, doses=by_opening({**world.doses, dose.dose_id: dose}.values()))
