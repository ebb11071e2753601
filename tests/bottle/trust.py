"""Whether the home trusts its clock, by the words of its robots (rules 17 and 18)."""

from __future__ import annotations

from scheduler import events as ev


class Trust:
    """Each robot vouches or doubts for itself: a home with another that vouched goes on. A home that was just
    started, or whose own clock was set, has nobody's word. That a robot contradicts the box while no other is
    there is the core's own matter: here it is taken for trusted."""

    def __init__(self) -> None:
        self._vouched: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self._vouched)

    def sees(self, event: ev.Event) -> None:
        match event:
            case ev.ClockTrusted():
                self._vouched.add(event.source.removeprefix("robot:"))
            case ev.ClockDoubted() if event.robot and self._vouched - {event.robot}:
                self._vouched.discard(event.robot)
            case ev.ClockDoubted() | ev.DaemonStarted():
                self._vouched.clear()
            case _:
                pass
