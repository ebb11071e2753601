"""What can be seen of a robot from outside, as JSON objects: light and display, motor, power, moves. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from simulator.mechanics import Moved
from simulator.robot import Robot

Line = dict[str, object]
"""{"what": ..., "at": ISO 8601, ...}"""


class Visible:
    """Remembers what was seen last: only what changes is told."""

    def __init__(self) -> None:
        self._shown: dict[str, Line] = {}

    def changes(self, robot: Robot, civil_ms: int) -> Iterator[Line]:
        display = robot.display
        visible: dict[str, Line] = {
            "power": {"on": robot.powered},
            "fault": {"fault": robot.memory.fault},
            "motor": {"turning": robot.turning},
            "display": {
                "light": display.light.value,
                "sound": display.sound.value,
                "lines": list(display.lines),
            },
        }
        for what, state in visible.items():
            if self._shown.get(what) != state:
                self._shown[what] = state
                yield {"what": what, "at": iso(civil_ms), **state}


def seen_moving(moved: Moved) -> Line:
    sachet = moved.sachet
    return {
        "what": "moved",
        "at": iso(moved.at_ms),
        "production_id": sachet.production_id,
        "sachet": sachet.number,
        "label": sachet.label,
        "from": moved.origin.value,
        "to": moved.target.value,
    }


def iso(civil_ms: int) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(civil_ms / 1000, tz=UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
