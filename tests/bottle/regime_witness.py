"""Modes and pauses by the books of people: the robot gives nothing to whom it must not, and only a person's
word loosens anything (rule 22).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeVar

from scheduler import events as ev

T = TypeVar("T")

SILENT = ("assisted", "witnessed", "suspended", "paused")
"""The robot reminds nobody."""

Word = tuple[str, str]
"""A resident key, and what a person said: a mode, "pause", "review", "resume"."""


class RegimeWitness:
    def __init__(self, keys: Collection[str]) -> None:
        self.said: set[Word] = set()  # whatever was ever asked by somebody who may
        self._mode: dict[str, list[tuple[datetime, str]]] = {key: [] for key in keys}
        self._pause: dict[str, list[tuple[datetime, bool]]] = {key: [] for key in keys}
        self.looked: dict[str, datetime] = {}  # when a person last said that a pause stays
        self.changes = 0

    def committed(self, events: Sequence[ev.Event], now: datetime) -> None:
        for event in events:
            match event:
                case ev.ModeSet() if event.resident in self._mode:
                    self._by_a_person(event.resident, event.mode.value, event.by)
                    self._mode[event.resident].append((now, event.mode.value))
                case ev.PauseBegun() if event.resident in self._pause:
                    self._by_a_person(event.resident, "pause", event.by)
                    self._pause[event.resident].append((now, True))
                    self.looked[event.resident] = now
                case ev.PauseReviewed() if event.resident in self._pause:
                    self._by_a_person(event.resident, "review", event.by)
                    self.looked[event.resident] = now
                case ev.PauseEnded() if event.resident in self._pause:
                    self._by_a_person(event.resident, "resume", event.by)
                    self._pause[event.resident].append((now, False))
                case ev.ReminderGiven():
                    state = self.state(event.dose_id[:32])
                    assert state not in SILENT, f"rule 22: the robot reminds a resident who is {state}"
                case _:
                    pass

    def _by_a_person(self, resident: str, word: str, by: str) -> None:
        self.changes += 1
        assert by.strip(), f"rule 22: {word} by nobody"
        assert (resident, word) in self.said, f"rule 22: {word}, and nobody who may had said so"

    def state(self, key: str) -> str:
        """paused, or the mode that the home was last told."""
        if self._pause.get(key) and self._pause[key][-1][1]:
            return "paused"
        return self._mode[key][-1][1] if self._mode.get(key) else "normal"

    def since(self, key: str) -> datetime | None:
        """When mode or pause changed last."""
        changes = [at for at, _ in self._mode.get(key, [])] + [at for at, _ in self._pause.get(key, [])]
        return max(changes, default=None)

    def withholds(self, key: str, since: datetime | None = None) -> str:
        """Why they get nothing from the robot now; "" = they do, or did until `since`."""
        paused = self._newest(self._pause.get(key, []), since)
        mode = self._newest(self._mode.get(key, []), since)
        if paused is True:
            return "paused"
        return "suspended" if mode == "suspended" else ""

    def _newest(self, known: list[tuple[datetime, T]], since: datetime | None) -> T | None:
        """What stood all the time since then, of the two that may have."""
        if not known:
            return None
        at, newest = known[-1]
        return newest if since is None or at <= since else None

    def withheld_throughout(self, key: str, begin: datetime, end: datetime) -> str:
        """Paused or suspended at every instant between the two."""
        for known, withheld, name in (
            ([(at, str(on)) for at, on in self._pause[key]], "True", "paused"),
            (self._mode[key], "suspended", "suspended"),
        ):
            spans = [*known, (datetime.max.replace(tzinfo=end.tzinfo), "")]
            for (at, what), (until, _) in pairwise(spans):
                if what == withheld and at <= begin and until > end:
                    return name
        return ""
