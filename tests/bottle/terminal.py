"""A terminal in the home of one history: somebody says a thing, again and again, until the home has answered.

The same words under the same id (rule 28). What came of it is heard when it is committed, which is the moment
from which on the home must keep to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scheduler import commands as cmd
from scheduler import events as ev

if TYPE_CHECKING:
    from tests.bottle.bottle import Bottle

Asking = cmd.AuthoriseRelease | cmd.DecideDose | cmd.TakeOutMagazine | cmd.CountSachets
Heard = Callable[[ev.CommandAnswered], None]

AGAIN_S = 60.0
TRIES_MAX = 400


class Terminal:
    def __init__(self, bottle: Bottle) -> None:
        self._bottle = bottle
        self._waiting: dict[str, Heard] = {}
        self._number = 0

    def says(self, fact: Asking, heard: Heard, tries: int = TRIES_MAX) -> None:
        """`heard` gets the answer, once. Whoever has tried so often goes away."""
        self._waiting[fact.command_id] = heard
        self._bottle.say(f"says at the terminal {fact}")
        self._say(fact, tries)

    def name(self) -> str:
        """Of a new command."""
        self._number += 1
        return f"home-terminal-{self._number}"

    def soon(self) -> datetime:
        """Until when it lives: whoever says it again means it still."""
        return self.minute() + timedelta(days=3)

    def minute(self) -> datetime:
        """Now, as a person writes it."""
        return self._bottle.times.true.replace(second=0, microsecond=0)

    def committed(self, events: Sequence[ev.Event]) -> None:
        for event in events:
            if isinstance(event, ev.CommandAnswered) and event.command_id in self._waiting:
                self._waiting.pop(event.command_id)(event)

    def _say(self, fact: Asking, tries: int) -> None:
        if fact.command_id not in self._waiting:
            return
        self._bottle.box.hand_in(fact)
        if tries > 1:
            self._bottle.after(AGAIN_S, lambda: self._say(fact, tries - 1))
