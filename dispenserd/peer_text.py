"""The one sanitiser for text that comes from the other side: a robot, a broker, a person's keyboard.

For logs and terminals. It says nothing about health data; `dispenserd.logs` does.
"""

from __future__ import annotations

PEER_TEXT_CHARS_MAX = 120
"""Enough for an error text of a broker or a robot; a hostile peer can't fill the disk with one line."""


def sanitised(text: str, chars_max: int = PEER_TEXT_CHARS_MAX) -> str:
    """The text without control or format characters (no escape sequences, no second line), bounded."""
    printable = "".join(char if char.isprintable() else "?" for char in text[: chars_max + 1])
    return printable if len(printable) <= chars_max else printable[: chars_max - 1] + "…"
