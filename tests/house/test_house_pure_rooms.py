"""`protocol` and `scheduler` are pure: no disk, network, clock, randomness, thread or log.

Written as what they may import, so that a module nobody thought of is refused too.
"""

from __future__ import annotations

import ast

import pytest

from tests.support.sources import Source, dotted, sources

STANDARD = {
    *("__future__", "abc", "base64", "binascii", "bisect", "collections", "collections.abc"),
    *("dataclasses", "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "hmac"),
    *("heapq", "itertools", "json", "math", "operator", "re", "string", "struct", "types"),
    *("typing", "unicodedata", "zlib"),
}
BORROWED = {
    "protocol/wire": {"cbor2", "cobs"},
    "protocol/mqtt": {"pydantic", "cryptography", "pydantic_core"},
    "scheduler": set[str](),
}
ALONE = {"scheduler/window.py": {"zoneinfo"}}
"""Time zones are data from a package of ours (tzdata); DST is thought about in this one module."""

COMMANDS = {"protocol/wire/vectors.py"}
"""Run by hand to write golden files, imported by no module of the rooms: no part of the daemon."""

IMPURE_CALLS = {"open", "print", "input", "exec", "eval", "id", "hash", "breakpoint", "__import__"}
"""`hash` of a text and `id` differ from process to process: what is derived from them repeats nowhere."""

WRITES_CODE = "scheduler/replacing.py"
"""From the names of our own fields alone, as `dataclasses` does: as pure as what it writes."""


def impurities(source: Source) -> list[str]:
    if source.path in COMMANDS:
        return []
    allowed = STANDARD | ALONE.get(source.path, set())
    borrowed = next((names for room, names in BORROWED.items() if source.path.startswith(f"{room}/")), set())
    found = []
    for line, module in source.modules():
        top = module.split(".")[0]
        if module not in allowed and top not in borrowed and top != source.room:
            found.append(f"{source.path}:{line} imports {module}")
    names = source.names()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            called = dotted(node.func, names)
            if called in IMPURE_CALLS and (source.path, called) != (WRITES_CODE, "exec"):
                found.append(f"{source.path}:{node.lineno} calls {called}")
        elif isinstance(node, ast.Global):
            found.append(f"{source.path}:{node.lineno} keeps a global")
    return found


def test_the_pure_rooms_stay_pure() -> None:
    assert [fault for source in sources("protocol", "scheduler") for fault in impurities(source)] == []


def test_no_room_imports_a_command() -> None:
    commands = {path.removesuffix(".py").replace("/", ".") for path in COMMANDS}
    assert [source.path for source in sources() for _, name in source.modules() if name in commands] == []


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "import random",
        "from uuid import uuid4",
        "import secrets",
        "import logging",
        "import asyncio",
        "from pathlib import Path",
        "import concurrent.futures",
        "def f():\n    import time",
        "import structlog",
        "import zoneinfo",
        "import drivers.port",
        "with open('x') as f: pass",
        "print('due')",
        "key = hash('dose')",
        "n = 0\ndef f():\n    global n",
    ],
)
def test_it_catches_an_impurity(text: str) -> None:
    assert impurities(Source("scheduler/decide.py", text))


def test_it_keeps_each_library_in_its_own_room() -> None:
    assert impurities(Source("protocol/wire/codec.py", "import cbor2")) == []
    assert impurities(Source("protocol/mqtt/payloads.py", "import cbor2"))
    assert impurities(Source("scheduler/plan.py", "import pydantic"))
