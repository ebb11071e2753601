"""The checkout as data for the structure tests: its files, and its Python modules as syntax trees.

Knows where the checkout is and which folders are rooms; knows no rule about them (those are in
tests/house). A test that seeds a violation builds a `Source` from a text instead.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("dispenserd", "drivers", "protocol", "scheduler", "simulator")


@dataclass(frozen=True)
class Source:
    path: str  # relative to the checkout, with slashes
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @property
    def room(self) -> str:
        return self.path.split("/", 1)[0]

    def names(self) -> dict[str, str]:
        """What each imported name stands for: `{"monotonic": "time.monotonic", "dt": "datetime"}`."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.split(".")[0]] = (
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found

    def modules(self) -> Iterator[tuple[int, str]]:
        """Line and full name of every module imported, wherever the import stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                yield node.lineno, "." * node.level + (node.module or "")


def dotted(node: ast.expr, names: dict[str, str]) -> str:
    """`datetime.now` as `datetime.datetime.now`; a call in front of the last names is written `f()`."""
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value, names)}.{attr}"
        case ast.Call(func=func):
            return f"{dotted(func, names)}()"
        case _:
            return "?"


@lru_cache
def files() -> tuple[str, ...]:
    """Every file that is or would be committed: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


@lru_cache
def texts() -> dict[str, str]:
    """The text files among them, by path."""
    found = {}
    for name in files():
        data = (ROOT / name).read_bytes()
        if b"\0" not in data:
            found[name] = data.decode("utf-8")
    return found


@lru_cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python modules of these folders; without any, of the rooms."""
    wanted = folders or ROOMS
    return tuple(
        Source(path, text)
        for path, text in texts().items()
        if path.endswith(".py") and path.split("/", 1)[0] in wanted
    )
