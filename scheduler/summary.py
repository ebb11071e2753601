"""The home in one line, for the heartbeat and `dispenserd status`: states and counts, no health data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from scheduler.events import Incident, Priority, State
from scheduler.world import Dose, Robot, RobotState, Setting, SideDose, World


@dataclass(frozen=True, slots=True)
class Summary:
    clock: str  # "trusted" or "untrusted: <reason>"
    robot: str  # "absent", "identified", "ready", "faulted", "rejected": of several, the worst off
    plan_version: int  # of several residents' plans, the highest
    next_window: datetime | None  # of a dose that is waited for: next opening, or now inside one its opening
    window_open: bool
    incidents: int  # open, above info
    digest: str  # SHA-256 over sorted "<incident id>:<revision>" of those, 64 hex characters
    robots: tuple[tuple[str, str], ...] = ()  # serial and state of each, in the configuration's order
    residents: tuple[ResidentSummary, ...] = ()


@dataclass(frozen=True, slots=True)
class ResidentSummary:
    resident: str
    plan_version: int
    next_window: datetime | None


def summarise(world: World, setting: Setting, now: datetime) -> Summary:
    """The home as it is at `now`."""
    following = _following(world, [*world.doses.values(), *world.sides.values()], now)
    robots = tuple((serial, robot_word(world.robot(serial))) for serial in setting.robots)
    incidents = open_incidents(world)
    return Summary(
        clock="trusted" if world.clock.trusted else f"untrusted: {world.clock.reason}",
        robot=max((word for _, word in robots), key=WORDS.index, default="none"),
        plan_version=max((plan.plan_version for plan in world.plans.values()), default=0),
        next_window=following.plan.opens if following else None,
        window_open=following is not None and following.open_at(now),
        incidents=len(incidents),
        digest=_digest(incidents),
        robots=robots,
        residents=tuple(_resident(world, resident.key, now) for resident in setting.residents),
    )


def _resident(world: World, key: str, now: datetime) -> ResidentSummary:
    plan = world.plans.get(key)
    all_doses: list[Dose | SideDose] = [*world.doses.values(), *world.sides.values()]
    following = _following(world, (dose for dose in all_doses if dose.plan.resident == key), now)
    return ResidentSummary(key, plan.plan_version if plan else 0, following.plan.opens if following else None)


def _following(world: World, doses: Iterable[Dose | SideDose], now: datetime) -> Dose | SideDose | None:
    """The next that somebody waits for: nobody does while they are away."""
    ahead = [
        dose
        for dose in doses
        if dose.outcome is None and dose.plan.closes > now and world.regime(dose.plan.resident).pause is None
    ]
    return min(ahead, key=lambda dose: dose.plan.opens, default=None)


def open_incidents(world: World) -> list[Incident]:
    """Open ones above info, oldest first."""
    found = [
        i for i in world.incidents.values() if i.state is not State.CLOSED and i.priority > Priority.INFO
    ]
    return sorted(found, key=lambda incident: (incident.raised, incident.incident_id))


WORDS = ("none", "ready", "faulted", "identified", "absent", "rejected")
"""From the best to the worst: how much of what a robot is for can be had of it."""


def robot_word(robot: Robot) -> str:
    if robot.state is RobotState.READY and robot.status is not None and robot.status.fault:
        return "faulted"
    return robot.state.value


def _digest(incidents: list[Incident]) -> str:
    lines = sorted(f"{incident.incident_id}:{incident.revision}" for incident in incidents)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
