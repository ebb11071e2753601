"""The sentences that stand under the fields of a class, and under its name: the source is the documentation.

Reads syntax trees, so the running product carries nothing of it. A field inherited from a base keeps the
base's words.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from types import ModuleType
from typing import Any, get_args


def class_words(shape: object, module: ModuleType) -> str:
    """What a class is; of a union, what each of its arms is."""
    if not isinstance(shape, type):
        return " ".join(class_words(arm, module) for arm in get_args(shape))
    return _one_line(_classes(module)[shape.__name__][0]) if shape.__name__ in _classes(module) else ""


def field_words(owner: type) -> dict[str, str]:
    """`{"home": "Id of the box."}`, by the names that travel: `schema_` is `schema`."""
    said: dict[str, str] = {}
    for base in reversed(_lineage(owner)):
        module = inspect.getmodule(base)
        if module is not None:
            said |= _classes(module).get(base.__name__, ("", {}))[1]
    return {name.rstrip("_"): _one_line(words) for name, words in said.items()}


def _room(kind: type) -> str:
    return kind.__module__.rpartition(".")[0]


def _lineage(owner: type) -> list[type]:
    """The class and its bases, nearest first; a TypedDict forgets its bases everywhere but here."""
    bases: tuple[Any, ...] = getattr(owner, "__orig_bases__", owner.__bases__)
    found = [owner]
    for base in bases:
        if isinstance(base, type) and _room(base) == _room(owner):
            found += _lineage(base)
    return found


@cache
def _classes(module: ModuleType) -> dict[str, tuple[str, dict[str, str]]]:
    tree = ast.parse(inspect.getsource(module))
    return {
        node.name: (ast.get_docstring(node) or "", _fields(node))
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }


def _fields(node: ast.ClassDef) -> dict[str, str]:
    """A string that stands alone right behind an annotated name."""
    said = {}
    for field, behind in zip(node.body, node.body[1:], strict=False):
        match field, behind:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                said[name] = words
    return said


def _one_line(words: str) -> str:
    return " ".join(words.split())
