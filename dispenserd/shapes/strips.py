"""What the running home says of a strip of sachets: the one in use, and when the next must be there."""

from __future__ import annotations

from typing_extensions import TypedDict

from dispenserd.shapes.forms import Day, DoseId, Instant, ResidentKey


class RollInUse(TypedDict):
    """The roll that a person said they put in."""

    production_id: str
    """Empty for none."""
    left: int | None
    """Sachets left by the robot's count; null until it reported."""


class StripInUse(RollInUse):
    """The strip of medicine as needed, where another robot than that with the roll has it."""

    robot: str
    """Serial number of that robot."""


class RefillView(TypedDict):
    """The first dose that the roll in the robot has no sachet for: the refill must be there before."""

    resident: ResidentKey
    """Whose dose."""
    robot: str
    """Serial number of the robot that is to be refilled."""
    dose: DoseId
    """Its id: the date and the day part stand in it."""
    date: Day
    """Its civil date."""
    slot: str
    """Its day part, with a number for the second time near one."""
    opens: Instant
    """When its window opens."""
