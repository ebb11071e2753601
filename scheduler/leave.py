"""Leave with medicine taken along: what staff hear of it, and when the home must look again (rule 22).

An incomplete take-along is high before departure; what nobody counted after the return is low. That a dose is
handed out at all is `offering`'s and the gate's: the same press, label and tray as for every other dose.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.cause import Cause
from scheduler.dose import Stage
from scheduler.gate import why_not_take_along
from scheduler.permit import Leave
from scheduler.receive_leave import taken_along
from scheduler.world import Dose, Setting, World

INCOMPLETE_LEAD = timedelta(hours=1)
"""So long before departure somebody must know: time enough to come, or to pack by hand."""

CANNOT = frozenset({Stage.HELD, Stage.FAILED, Stage.DOUBT})
"""A sachet that a person must see to before it can be handed out."""


def leave_causes(world: World, setting: Setting, now: datetime) -> dict[str, Cause]:
    """By subject, as in `causes`."""
    found: dict[str, Cause | None] = {}
    for resident, regime in world.regimes.items():
        if regime.leave is not None:
            found[f"leave:{resident}"] = _incomplete(world, setting, resident, regime.leave, now)
            found[f"back:{resident}"] = _overdue(world, resident, regime.leave, now)
    return {subject: cause for subject, cause in found.items() if cause is not None}


def leave_instants(world: World) -> Iterator[datetime]:
    """When one of these may begin, or something may be handed out."""
    for regime in world.regimes.values():
        if regime.leave is not None:
            leave = regime.leave
            yield from (leave.hand_out, leave.departs - INCOMPLETE_LEAD, leave.departs, leave.back)
    for dose in world.doses.values():
        if dose.permit is not None and dose.outcome is None:
            yield dose.permit.closes


def planned_until(world: World, resident: str, now: datetime) -> datetime:
    """Doses of a leave are planned in time to be handed out; `now` where there is none."""
    leave = world.regime(resident).leave
    return max(now, leave.last - timedelta(seconds=1)) if leave is not None else now


def still_here(world: World, resident: str, leave: Leave) -> list[Dose]:
    """Those of the leave that nobody has, and nobody decided about."""
    return [
        dose
        for dose in world.doses.values()
        if dose.plan.resident == resident
        and leave.covers(dose.plan.opens)
        and not dose.plan.as_needed
        and dose.outcome is None
        and dose.stage not in (Stage.LIFTED, Stage.IN_STORE, Stage.OUT)
    ]


def _incomplete(world: World, setting: Setting, resident: str, leave: Leave, now: datetime) -> Cause | None:
    """What can't be handed out is told at once; what was not, an hour before departure."""
    here = still_here(world, resident, leave)
    known = world.planned.get(resident)
    unplanned = known is None or known.to < setting.local.day_of(leave.last - timedelta(seconds=1))
    why = next((why for dose in here if (why := why_not_take_along(world, setting, dose))), "")
    if not why and any(dose.stage in CANNOT or dose.token for dose in here):
        why = "needs_a_person"
    if not why and now >= leave.departs - INCOMPLETE_LEAD:
        why = "not_planned" if unplanned else "not_handed_out" if here else ""
    if not why or not world.clock.trusted:
        return None
    return Cause(ev.Kind.TAKE_ALONG_INCOMPLETE, ev.Priority.HIGH, why, before=leave.departs)


def _overdue(world: World, resident: str, leave: Leave, now: datetime) -> Cause | None:
    out = [dose for dose in taken_along(world, resident) if leave.covers(dose.plan.opens)]
    if not out or now < leave.back or not world.clock.trusted:
        return None
    return Cause(ev.Kind.TAKE_ALONG_OVERDUE, ev.Priority.LOW)


NEEDS_CLOCK = frozenset({ev.Kind.TAKE_ALONG_INCOMPLETE, ev.Kind.TAKE_ALONG_OVERDUE})
"""A clock nobody trusts neither raises nor clears these."""
