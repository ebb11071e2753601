"""What the world remembers of time when its clock turns out to have been wrong.

A clock that was a day ahead leaves instants that lie ahead of us: "since tomorrow", "had tomorrow". Compared
with the right time they would silence alarms and refuse medicine until that day has come.

Alarms and retries go by the earlier of the two, so they come sooner rather than later. What a dose keeps its
distance to (S2) goes by a trusted clock only: that one says that it was had before now, and nothing else. A
clock that was behind leaves "had last year", after which the next dose would come at once: what an untrusted
clock dated counts from the moment at which a trusted one is back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from scheduler import events as ev
from scheduler.machines_of_home import CLOCK, ClockInput, ClockTrust
from scheduler.replacing import replace
from scheduler.standing import clock_of
from scheduler.world import ClockState, Dose, MainsLost, RobotState, World

WENT_BACK = timedelta(seconds=30)
"""Facts of one turn may be dated a little before each other; more than this is a clock that was set back."""


def set_back(world: World, at: datetime) -> World:
    """The clock says `at`, and an event before it was dated later: nothing began after now."""
    return replace(
        world,
        clock=replace(world.clock, since=_not_after(at, world.clock.since)),
        robots={
            serial: replace(
                robot,
                since=_not_after(at, robot.since),
                spent_at=_not_after(at, robot.spent_at),
                magazine_since=_not_after(at, robot.magazine_since),
                mains_lost=_lost_not_after(at, robot.mains_lost),
                battery_read=_not_after(at, robot.battery_read),
            )
            for serial, robot in world.robots.items()
        },
        receipts={
            key: replace(receipt, since=min(receipt.since, at)) for key, receipt in world.receipts.items()
        },
        doses={key: _dose_set_back(dose, at) for key, dose in world.doses.items()},
    )


def vouched(world: World, event: ev.ClockTrusted) -> World:
    """A robot's clock agrees with ours. The first makes it trusted; each further one is a second witness."""
    clock, robot = world.clock, event.source.removeprefix("robot:")
    doubts = {serial: reason for serial, reason in clock.doubts.items() if serial != robot}
    if not clock.trusted:
        clock = ClockState(trusted=_trusted(clock, ClockInput.VOUCHED), since=event.at)
    return replace(world, clock=replace(clock, reason="", vouched=clock.vouched | {robot}, doubts=doubts))


def doubted(world: World, event: ev.ClockDoubted) -> World:
    """One robot's doubt about its own clock leaves the home its trust where another has vouched for it; one
    that contradicts ours does so only while that other is there to contradict it."""
    clock = world.clock
    doubts = {**clock.doubts, event.robot: event.reason} if event.robot else {}
    if stands(world, event.robot, event.reason):
        trusted = _trusted(clock, ClockInput.OUTVOTED)
        vouched = clock.vouched - {event.robot}
        return replace(world, clock=replace(clock, trusted=trusted, vouched=vouched, doubts=doubts))
    since = event.at if clock.trusted else clock.since or event.at
    trusted = _trusted(clock, ClockInput.DOUBTED)
    return replace(world, clock=ClockState(trusted, event.reason, since, doubts=doubts))


def restarted(clock: ClockState, at: datetime) -> ClockState:
    """After a start of the home no robot has vouched yet."""
    since = at if clock.trusted else clock.since or at
    return ClockState(trusted=_trusted(clock, ClockInput.RESTARTED), since=since)


def stands(world: World, robot: str, reason: str) -> bool:
    """Whether a trusted clock stays trusted against what this robot's says."""
    others = world.clock.vouched - {robot}
    if reason in AGAINST_OURS:
        others = frozenset(one for one in others if world.robot(one).state is RobotState.READY)
    return world.clock.trusted and bool(robot) and bool(others)


AGAINST_OURS = frozenset({"disagrees", "behind_journal"})
"""Doubts that speak of the home's clock; the others say that the robot's can't judge it."""


def trusted_again(world: World, at: datetime) -> World:
    """By a trusted clock it is `at`: whatever was had was had before. When before, nobody knows where a clock
    that was not trusted dated it: it may have been this moment."""
    doses = {
        key: replace(dose, had_before=at, untimed=False) if _misdated(dose, at) else dose
        for key, dose in world.doses.items()
    }
    return replace(world, doses=doses)


def _trusted(clock: ClockState, given: ClockInput) -> bool:
    return CLOCK.after(clock_of(clock), given) is ClockTrust.TRUSTED


def _misdated(dose: Dose, at: datetime) -> bool:
    recorded = dose.lifted is not None or dose.outcome is not None
    return recorded and (dose.untimed or dose.had_at > at)


def _dose_set_back(dose: Dose, at: datetime) -> Dose:
    order = dose.order
    return replace(
        dose,
        presented=_not_after(at, dose.presented),
        away_tried=_not_after(at, dose.away_tried),
        order=replace(order, issued=min(order.issued, at)) if order is not None else None,
    )


def _lost_not_after(at: datetime, lost: MainsLost | None) -> MainsLost | None:
    return None if lost is None else replace(lost, at=min(lost.at, at))


def _not_after(at: datetime, since: datetime | None) -> datetime | None:
    return None if since is None else min(since, at)
