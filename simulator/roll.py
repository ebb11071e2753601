"""The magazine of sachets as the robot finds it: production id and labels out of a roll's manifest.

The robot reads labels and nothing else: whose medicine it is and what is in it stays with the host.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from protocol.wire import limits as wire
from simulator.mechanics import Sachet


class RollError(ValueError):
    """What is wrong with a manifest, in words for the person who wrote it."""


def read_roll(path: Path) -> tuple[str, list[Sachet]]:
    """(production id, sachets in the order of the strip)."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RollError(f"the manifest can't be read: {error}") from error
    return parse_roll(document)


def parse_roll(document: Any) -> tuple[str, list[Sachet]]:
    if not isinstance(document, dict) or not isinstance(document.get("sachets"), list):
        raise RollError('a manifest has "production_id" and a list "sachets"')
    production_id = _code(document.get("production_id"), "production_id", wire.PRODUCTION_ID_CHARS_MAX)
    sachets = [_sachet(row, position) for position, row in enumerate(document["sachets"], start=1)]
    if len({sachet.number for sachet in sachets}) != len(sachets):
        raise RollError("two sachets have the same number")
    return production_id, sorted(sachets, key=lambda sachet: sachet.number)


def _sachet(row: Any, position: int) -> Sachet:
    """`n` is its position in the strip, from 1."""
    if not isinstance(row, dict):
        raise RollError(f"sachet {position} is no object")
    number = row.get("n", row.get("number", position))
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise RollError(f"sachet {position} has no number from 1")
    return Sachet(number, _code(row.get("label"), f"label of sachet {position}", wire.LABEL_CHARS_MAX))


def _code(value: object, where: str, chars_max: int) -> str:
    """Visible ASCII, as everything that a reader reads."""
    fits = isinstance(value, str) and 0 < len(value) <= chars_max
    if not isinstance(value, str) or not fits or not all("!" <= character <= "~" for character in value):
        raise RollError(f"{where} is not 1 to {chars_max} visible ASCII characters")
    return value
