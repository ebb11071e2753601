"""The annotated configuration, filled in: the template's lines with other values, its comments as they are.

The template is config/dispenserd.toml itself, so what a person reads beside a key is the same everywhere. It
knows lines and no meaning; whether the outcome is a configuration is `dispenserd.config`'s to say.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONFIG_FOLDERS = (
    Path(__file__).resolve().parents[2] / "config",  # a checkout
    Path(sys.prefix) / "share" / "dispenserd" / "config",  # installed
)

NAME = "dispenserd.toml"
TABLE = re.compile(r"^\[([a-z_.]+)\]")
LINE = re.compile(r'^(?P<off># )?(?P<key>[a-z_]+) = (?P<value>"[^"]*"|\[[^\]]*\]|[^#\s]+)(?P<rest>\s*#.*)?$')

Values = Mapping[tuple[str, str], Any]
"""(table, key) -> value; None takes the key out by making it a comment."""


def template() -> str:
    """The annotated configuration of this version; FileNotFoundError where it was not installed."""
    for folder in CONFIG_FOLDERS:
        if (folder / NAME).is_file():
            return (folder / NAME).read_text(encoding="utf-8")
    raise FileNotFoundError(str(CONFIG_FOLDERS[-1] / NAME))


def filled(text: str, values: Values, head: str = "") -> str:
    """The template with these values, under a first line of its own; KeyError for a key it does not have."""
    left, table, lines = dict(values), "", [f"# {head}"] if head else []
    for line in text.splitlines():
        if found := TABLE.match(line):
            table = found[1]
        match = LINE.match(line)
        place = (table, match["key"]) if match else ("", "")
        if match is None or place not in left:
            lines.append(line)
            continue
        lines.append(_line(match, left.pop(place)))
    if left:
        raise KeyError(f"the template has no {sorted(left)}")
    return "\n".join(lines) + "\n"


def _line(match: re.Match[str], value: Any) -> str:
    rest = match["rest"] or ""
    if value is None:
        return f"# {match['key']} = {match['value']}{rest}"
    return f"{match['key']} = {_toml(value)}{rest}"


def _toml(value: Any) -> str:
    """JSON's strings, whole numbers, truth values and lists of them are TOML's too."""
    return json.dumps(value, ensure_ascii=False)
