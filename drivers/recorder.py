"""The last messages each way, kept as they are and put into words only when something went wrong.

Knows message fields and which of them may not be shown whole. Knows no robot state and no clock; `robot`
writes into it and hands the words to whoever keeps them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final

from protocol.wire.messages import EntryKind, LogEntry, Message

MESSAGES_MAX = 200
"""Each way; a few doses' worth of talk, so that the cause is still there when the effect shows."""

ID_HEX_CHARS_SHOWN = 8
"""Enough to find an order or a log in the journal, too little to use one."""

TEXT_CHARS_SHOWN = 40
"""No field of the wire that may be shown is longer; what a peer sends never floods a log."""

SHORTENED: Final[Mapping[str, int]] = {"label": 3, "mouth_label": 3, "production_id": 3}
"""Characters shown of texts that name a sachet or a roll: enough to see that one changed."""


class Recorder:
    """Two rings and a common order."""

    def __init__(self) -> None:
        self._sent: deque[tuple[int, float, Message]] = deque(maxlen=MESSAGES_MAX)
        self._heard: deque[tuple[int, float, Message]] = deque(maxlen=MESSAGES_MAX)
        self._noted: deque[tuple[int, float, str]] = deque(maxlen=MESSAGES_MAX)
        self._number = 0

    def sent(self, message: Message, now_s: float) -> None:
        self._sent.append((self._next(), now_s, message))

    def heard(self, message: Message, now_s: float) -> None:
        self._heard.append((self._next(), now_s, message))

    def noted(self, text: str, now_s: float) -> None:
        """A code of ours, such as why the session ended; never the peer's words."""
        self._noted.append((self._next(), now_s, text))

    def lines(self) -> tuple[str, ...]:
        """Oldest first: monotonic seconds, direction, message. Labels, dose ids and texts never whole."""
        rows = [(number, at_s, f"-> {_text(message)}") for number, at_s, message in self._sent]
        rows += [(number, at_s, f"<- {_text(message)}") for number, at_s, message in self._heard]
        rows += [(number, at_s, f"-- {text}") for number, at_s, text in self._noted]
        return tuple(f"{at_s:.3f} {text}" for _, at_s, text in sorted(rows))

    def _next(self) -> int:
        self._number += 1
        return self._number


def _text(message: Any) -> str:
    values = {name: getattr(message, name) for name in _names(message.__class__)}
    if isinstance(message, LogEntry) and message.kind is EntryKind.LOADED:
        values["production_id"] = values.pop("detail")
    shown = (f"{name}={_field(name, value)}" for name, value in values.items())
    return f"{type(message).__name__}({', '.join(shown)})"


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _field(name: str, value: object) -> str:
    match name, value:
        case "tag", str():  # it opens the robot
            return "<tag>"
        case "lines", tuple():  # what the resident reads
            return f"<{len(value)} lines>"
        case "entries", tuple():
            return "[" + ", ".join(_text(entry) for entry in value) + "]"
        case "dose_id", str():  # <resident key>/<date>/<slot>/<part>
            return "…/" + value.rpartition("/")[0].rpartition("/")[2] if value else "''"
        case _, bytes():
            return value.hex()[:ID_HEX_CHARS_SHOWN] or "-"
        case _, str():
            return _cut(value, SHORTENED.get(name, TEXT_CHARS_SHOWN))
        case _, tuple():
            return "[" + ", ".join(_cut(str(part), TEXT_CHARS_SHOWN) for part in value) + "]"
        case _:
            return str(value)


def _cut(text: str, characters: int) -> str:
    return repr(text if len(text) <= characters else text[:characters] + "…")
