"""The home in one line, for the heartbeat and `dispenserd status`: states and counts, no health data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from scheduler.events import Incident, Priority, State
from scheduler.world import Dose, RobotState, SideDose, World


@dataclass(frozen=True, slots=True)
class Summary:
    clock: str  # "trusted" or "untrusted: <reason>"
    robot: str  # "absent", "identified", "ready", "faulted", "rejected"
    plan_version: int
    next_window: datetime | None  # next opening of a window, or now inside one: its opening
    window_open: bool
    incidents: int  # open, above info
    digest: str  # SHA-256 over sorted "<incident id>:<revision>" of those, 64 hex characters


def summarise(world: World, now: datetime) -> Summary:
    """The home as it is at `now`."""
    doses: list[Dose | SideDose] = [*world.doses.values(), *world.sides.values()]
    ahead = [dose for dose in doses if dose.outcome is None and dose.plan.closes > now]
    following = min(ahead, key=lambda dose: dose.plan.opens, default=None)
    incidents = open_incidents(world)
    return Summary(
        clock="trusted" if world.clock.trusted else f"untrusted: {world.clock.reason}",
        robot=_robot(world),
        plan_version=max((plan.plan_version for plan in world.plans.values()), default=0),
        next_window=following.plan.opens if following else None,
        window_open=following is not None and following.open_at(now),
        incidents=len(incidents),
        digest=_digest(incidents),
    )


def open_incidents(world: World) -> list[Incident]:
    """Open ones above info, oldest first."""
    found = [
        i for i in world.incidents.values() if i.state is not State.CLOSED and i.priority > Priority.INFO
    ]
    return sorted(found, key=lambda incident: (incident.raised, incident.incident_id))


def _robot(world: World) -> str:
    robot = world.robot
    if robot.state is RobotState.READY and robot.status is not None and robot.status.fault:
        return "faulted"
    return robot.state.value


def _digest(incidents: list[Incident]) -> str:
    lines = sorted(f"{incident.incident_id}:{incident.revision}" for incident in incidents)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
