"""How a press changes what the world knows of the robot where it was made. Decides nothing, like all of
`evolve`."""

from __future__ import annotations

from typing import assert_never

from scheduler import events as ev
from scheduler.replacing import replace
from scheduler.world import Robot, World

PressEvent = ev.Pressed | ev.PressSpent | ev.AttemptBlocked | ev.LockedOnTheSpot | ev.UnlockedOnTheSpot


def press_of(world: World, event: PressEvent) -> World:
    """A press at one robot, and what came of it."""
    serial = world.serial(event.robot)
    robot = world.robot(serial)
    match event:
        case ev.Pressed():
            robot = replace(robot, press=event, spent="", spent_by="")
        case ev.PressSpent():
            robot = replace(robot, press=None, spent=event.reason, spent_at=event.at, spent_by=event.resident)
        case ev.AttemptBlocked():
            robot = replace(robot, attempt=event.reason)
        case ev.LockedOnTheSpot():
            robot = replace(robot, locked_by=event.by)
        case ev.UnlockedOnTheSpot():
            robot = replace(robot, locked_by="")
        case _:
            assert_never(event)
    return with_robot(world, serial, robot)


def press_used(world: World, serial: str) -> World:
    """What was pressed at this robot has led to something."""
    robot = world.robots.get(serial)
    return world if robot is None else with_robot(world, serial, replace(robot, press=None))


def with_robot(world: World, serial: str, robot: Robot) -> World:
    return replace(world, robots={**world.robots, serial: robot})
