"""Tables of a TOML file, strictly: unknown keys, wrong types and what stands there twice are refused.

Knows no scenario; each complaint names the table and says what may stand there.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import MISSING, fields
from datetime import date, datetime
from typing import Any, TypeVar


class ScenarioError(ValueError):
    """What is wrong with a scenario, in words for who wrote it."""


ACCEPTS: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a text"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "date": ((date,), "a date without quotes, as 2026-11-02"),
    "tuple[str, ...]": ((list,), "a list of texts"),
}


def table(document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name)
    if not isinstance(table, dict):
        raise ScenarioError(f"it needs one table [{name}]")
    return table


def rows(document: dict[str, Any], name: str) -> list[tuple[str, dict[str, Any]]]:
    """Each with its place in the file, for complaints."""
    rows = document.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ScenarioError(f"{name} is written [[{name}]], once for each")
    return [(f"[[{name}]] {number}", row) for number, row in enumerate(rows, 1)]


T = TypeVar("T")


def filled(kind: type[T], row: dict[str, Any], where: str, **ready: Any) -> T:
    """An object of `kind` from a table, each value of its field's type; `ready` stands in no table."""
    known = {each.name: each for each in fields(kind) if each.name not in ready}  # type: ignore[arg-type]
    only(row, known, f"key of {where}")
    for name, each in known.items():
        if name in row:
            _check(row[name], str(each.type), f"{where}: {name}")
        elif each.default is MISSING and each.default_factory is MISSING:
            raise ScenarioError(f"{where}: needs {name}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    return kind(**values, **ready)


def _check(value: object, wanted: str, where: str) -> None:
    types, words = ACCEPTS[wanted]
    confused = isinstance(value, bool) != (wanted == "bool") or isinstance(value, datetime)
    texts = not isinstance(value, list) or all(isinstance(each, str) for each in value)
    if not isinstance(value, types) or confused or not texts:
        raise ScenarioError(f"{where} is {words}")


def texts(value: object, where: str) -> tuple[str, ...]:
    _check(value, "tuple[str, ...]", where)
    assert isinstance(value, list)
    return tuple(value)


def only(row: dict[str, Any], known: Iterable[str], what: str) -> None:
    names = list(known)
    for name in row:
        if name not in names:
            raise ScenarioError(f'unknown {what}: "{name}". {_may_be(name, names)}')


def one_of(value: str, known: tuple[str, ...], what: str) -> None:
    if value not in known:
        raise ScenarioError(f'{what}: "{value}" is not known. {_may_be(value, known)}')


def _may_be(value: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(value, list(known), 1)
    return f'Did you mean "{close[0]}"?' if close else f"It may be: {', '.join(known)}."


def each_once(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ScenarioError(f"{what}: {name} stands there twice")
        seen.add(name)
