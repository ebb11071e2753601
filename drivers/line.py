"""How good the serial line is, by what the link counts: frames, damage, repeats, round trips. Pure.

Knows numbers over all sessions of a connection, nothing of what was said. `robot` feeds it; `doctor` and the
home's vital signs read it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from protocol.wire.link import Link

ROUND_TRIPS_KEPT = 128
"""The newest: a quarter of an hour of a quiet home, so that a line that got worse shows as it is now."""


@dataclass(frozen=True, slots=True)
class LineQuality:
    """Since the connection was made. `dropped`: reason -> how often bytes or a frame did nothing."""

    sessions: int
    frames_written: int
    frames_read: int  # that arrived whole
    frames_repeated: int
    dropped: Mapping[str, int]
    round_trips_ms: tuple[int, ...]  # from a request to its reply, oldest first


class LineWatch:
    """Adds up the links of one connection's sessions; each session has a link of its own."""

    def __init__(self) -> None:
        self._sum = LineQuality(0, 0, 0, 0, {}, ())
        self._round_trips_ms: deque[int] = deque(maxlen=ROUND_TRIPS_KEPT)

    def answered(self, after_s: float) -> None:
        """A request was answered so long after it was made."""
        self._round_trips_ms.append(round(after_s * 1000))

    def ended(self, link: Link) -> None:
        """A session is over; its link counts no more."""
        self._sum = self.quality(link)

    def quality(self, link: Link | None) -> LineQuality:
        """With what the running session's link has counted so far."""
        before, round_trips_ms = self._sum, tuple(self._round_trips_ms)
        if link is None:
            return replace(before, round_trips_ms=round_trips_ms)
        return LineQuality(
            sessions=before.sessions + 1,
            frames_written=before.frames_written + link.frames_written,
            frames_read=before.frames_read + link.frames_read,
            frames_repeated=before.frames_repeated + link.frames_repeated,
            dropped=dict(Counter(before.dropped) + Counter(link.dropped)),
            round_trips_ms=round_trips_ms,
        )
