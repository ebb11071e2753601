"""What a robot did wrong inside a session, as a code: the session is given up for it.

Raised by the parts that `robot` is made of, caught in `robot` and nowhere else.
"""

from __future__ import annotations


class RobotMisbehaved(Exception):
    """The peer's fault. `reason` is a stable code of ours; `lasting`: trying again at once can't help."""

    def __init__(self, reason: str, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lasting = lasting
