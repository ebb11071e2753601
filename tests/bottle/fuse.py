"""When a process dies: a fuse that counts down as named points are passed, and burns at the last.

Every effect of a box (commit, byte, message, file) passes a point before and after it. Nothing of the dead
process has an effect: those who carry effects out ask `dead` first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


class Died(BaseException):
    """SIGKILL: no code of ours may catch it."""


@dataclass
class Fuse:
    """`left` = points until it burns; None = not lit."""

    left: int | None = None
    dead: bool = False
    at: str = ""
    passed_points: Counter[str] = field(default_factory=Counter)

    def passed(self, point: str) -> None:
        """Raises Died at the point where the fuse burns down, and at every one after it."""
        if self.dead:
            raise Died(point)
        self.passed_points[point] += 1
        if self.left is None:
            return
        self.left -= 1
        if self.left <= 0:
            self.dead, self.at = True, point
            raise Died(point)
