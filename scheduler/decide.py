"""`decide(world, setting, now) -> [Event]`: what the home does next, and `next_wakeup`: when to ask again.

The rules are asked in order; the first that has something to say is heard, its events become the world, and
all are asked again (`settle`). So every rule sees what the rules before it did, and nothing is decided on a
stale world. No rule reads a clock, and none remembers anything.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from scheduler.as_needed import as_needed_instants, effects, requested
from scheduler.causes import BLOCKED_AHEAD, REFILL_AHEAD, UNREACHABLE_LEAD
from scheduler.changed import recalled
from scheduler.closing import AGAIN, cleared_away, settled, tray_until
from scheduler.commands import Fact
from scheduler.double_feed import doubted
from scheduler.events import Event, OrderEnded, ProofCommitted, Result
from scheduler.evolve import evolve
from scheduler.forecast import forecast_instants
from scheduler.gate import earliest
from scheduler.incidents import alarmed, undelivered
from scheduler.kept import kept
from scheduler.leave import leave_instants
from scheduler.offering import held, opened, presented, pressed, reminded
from scheduler.on_the_spot import given_over, locked
from scheduler.personal import kept_out
from scheduler.planning import planned
from scheduler.receive import receive
from scheduler.receive_custody import swapped
from scheduler.refill import compared, refill_instants
from scheduler.regime_causes import regime_instants
from scheduler.side_doses import side_by_side, side_instants
from scheduler.surplus import surplus_held
from scheduler.taken_along import taken_along_instants
from scheduler.upkeep import upkeep_instants
from scheduler.voice import heard, unanswered, voice_instants
from scheduler.world import Dose, RobotState, Setting, World

Rule = Callable[[World, Setting, datetime], Sequence[Event]]

SETTLE_ROUNDS_MAX = 1000
"""More rounds than this at one instant is a rule that never comes to rest: our bug."""


class Restless(Exception):
    """The rules did not come to rest; the process ends and nothing of it is committed."""


def decide(world: World, setting: Setting, now: datetime) -> Sequence[Event]:
    """The next events at `now`; empty when the world is at rest."""
    for rule in RULES:
        events = rule(world, setting, now)
        if events:
            return events
    return ()


def settle(
    world: World, setting: Setting, facts: Iterable[Fact], now: datetime
) -> tuple[World, tuple[Event, ...]]:
    """Take in the facts one by one and decide until at rest: the new world, and all events in order."""
    events: list[Event] = []
    rested = False
    for fact in facts:
        for event in receive(world, setting, fact, now):
            world = evolve(world, event)
            events.append(event)
        world = _rest(world, setting, now, events)
        rested = True
    if not rested:
        world = _rest(world, setting, now, events)
    return world, tuple(events)


def _rest(world: World, setting: Setting, now: datetime, events: list[Event]) -> World:
    for _ in range(SETTLE_ROUNDS_MAX):
        new = decide(world, setting, now)
        if not new:
            return world
        for event in new:
            world = evolve(world, event)
            events.append(event)
    raise Restless(f"still deciding after {SETTLE_ROUNDS_MAX} rounds: {events[-1]}")


def overdue(world: World, setting: Setting, now: datetime) -> Sequence[Event]:
    """An order the connected robot has not ended in its whole life: nobody knows (P2). One that the closing
    window cut short may still be moving."""
    return [
        OrderEnded(
            at=now,
            order_id=dose.order.order.order_id,
            dose_id=dose.dose_id,
            kind=dose.order.order.kind,
            result=Result.UNKNOWN,
            reason="overdue",
        )
        for dose in world.doses.values()
        if dose.order is not None
        and now >= dose.order.issued + setting.limits.order_life
        and world.robot(dose.order.order.robot).state is RobotState.READY
    ]


def proven(world: World, setting: Setting, now: datetime) -> Sequence[Event]:
    """Rule 27: an idle home commits once an hour, so that a heartbeat stands for a store that works."""
    idle = world.last_at is not None and now >= world.last_at + setting.limits.idle_proof
    return [ProofCommitted(at=now)] if idle else []


RULES: tuple[Rule, ...] = (
    swapped,  # before anything is offered from a strip that is not there
    planned,  # what there is to give
    compared,  # with what is on the strip
    opened,
    overdue,
    doubted,  # before anything is asked of the strip
    surplus_held,  # before a dose would be held for what lies before it
    held,  # before any press is answered
    locked,  # a key of the staff is no resident's press
    given_over,
    kept_out,  # before whatever else a press may mean
    requested,
    heard,
    pressed,
    presented,
    unanswered,
    effects,
    side_by_side,
    cleared_away,  # before outcomes: the record of it makes them
    settled,
    recalled,  # after outcomes: what is in their hands
    reminded,
    alarmed,  # after outcomes: one incident tells the newest
    undelivered,
    proven,
)


def next_wakeup(world: World, setting: Setting, now: datetime) -> datetime | None:
    """The earliest instant after `now` at which `decide` may have something to say without a new fact."""
    limits = setting.limits
    instants: list[datetime] = []
    if world.last_at is not None:
        instants.append(world.last_at + limits.idle_proof)
    for planned_so_far in world.planned.values():
        instants.append(setting.local.midnight(planned_so_far.to + timedelta(days=1)) - limits.plan_ahead)
    sinces = [world.clock.since]
    for robot in world.robots.values():
        sinces += (robot.since, robot.magazine_since)
    instants += [since + limits.robot_gone for since in sinces if since is not None]
    instants += [receipt.since + limits.receipt for receipt in world.receipts.values()]
    instants += upkeep_instants(world, setting)
    instants += regime_instants(world, setting)
    instants += leave_instants(world)
    instants += taken_along_instants(world)
    instants += forecast_instants(world, setting)
    instants += refill_instants(world)
    instants += voice_instants(world)
    instants += side_instants(world, setting)
    instants += as_needed_instants(world)
    for dose in world.doses.values():
        if dose.outcome is None and dose.open_at(now):  # it opens with a look of its own
            instants.append(earliest(world, dose, now))
    of_doses = _instants_of_doses(setting, world.doses)
    instants += of_doses[bisect_right(of_doses, now) :][:1]
    return min([at for at in instants if at > now], default=None)


@kept(2)
def _instants_of_doses(setting: Setting, doses: Mapping[str, Dose]) -> list[datetime]:
    return sorted({at for dose in doses.values() for at in _dose_instants(setting, dose)})


@kept(256)
def _dose_instants(setting: Setting, dose: Dose) -> list[datetime]:
    """Of a dose by itself, whatever time it is."""
    limits, plan = setting.limits, dose.plan
    instants = [plan.opens, plan.closes]
    if dose.let_go is not None and dose.let_go.until is not None:
        instants.append(dose.let_go.until)
    if dose.order is not None:
        instants.append(dose.order.issued + limits.order_life)
    if dose.away_tried is not None:
        instants.append(dose.away_tried + AGAIN)
    if dose.outcome is not None:
        return [*instants, dose.outcome.at + limits.witness_within] if dose.to_witness else instants
    instants += (
        plan.opens - UNREACHABLE_LEAD,
        plan.opens - REFILL_AHEAD,
        plan.opens - BLOCKED_AHEAD,
        plan.half,
        plan.closes + limits.robot_gone,
        plan.opens + limits.reminder_every * (dose.reminders + 1),
    )
    if dose.presented is not None:
        instants.append(dose.presented + limits.tray_left)
    until = tray_until(setting, dose)
    if until is not None:
        instants.append(until)
    return instants
