"""How far the robot's log has been read, and whether a page continues it.

Knows indexes: they rise by one, entry after entry, inside one log id. Knows nothing of messages in flight
or of what an entry means; `robot` calls it. Absence in a log proves something only while nothing is
missing in between (P7), so every break is an error here and never a skip.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.misbehaviour import RobotMisbehaved
from protocol.wire.messages import HelloReply, LogPage

FIRST_INDEX = 1


@dataclass(frozen=True, slots=True)
class LogPosition:
    log_id: str = ""
    next: int = FIRST_INDEX  # index of the first entry not read in this session
    head: int = 0  # newest index that the robot told us of

    @property
    def unread(self) -> bool:
        return self.next <= self.head

    def told(self, head: int) -> LogPosition:
        """The robot mentioned `head`; news may overtake each other, so an older one says nothing."""
        return replace(self, head=max(self.head, head))

    def after(self, page: LogPage) -> LogPosition:
        """Behind the page asked for at `next`; RobotMisbehaved if it is not the one that follows.

        The wire has already refused a page with a hole or outside its own horizon and head.
        """
        if page.head < self.head:
            raise RobotMisbehaved("log_backwards", lasting=True)
        if not page.entries or page.entries[0].index > self.next:
            raise RobotMisbehaved("log_gap", lasting=True)
        if page.entries[0].index < self.next:
            raise RobotMisbehaved("log_backwards", lasting=True)
        return replace(self, next=page.entries[-1].index + 1, head=page.head)


def start(reply: HelloReply, known: int | None) -> LogPosition:
    """Where to begin: at the last entry known, read once more so that it can be compared, else at the oldest
    one still held."""
    if known is not None and known > reply.log_head:
        raise RobotMisbehaved("log_backwards", lasting=True)
    first = max(known or FIRST_INDEX, reply.log_horizon, FIRST_INDEX)
    return LogPosition(log_id=reply.log_id.hex(), next=first, head=reply.log_head)
