"""What a reader may rely on in every module: a head, a size to hold in mind, no swallowed error, no stub."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.sources import ROOMS, Source, dotted, sources

FILE_LINES_MAX = 420
FUNCTION_LINES_MAX = 60
"""The house aims at 400 and 50; beyond these somebody stopped looking."""

COMPOSITION_ROOTS = ("dispenserd/app.py", "dispenserd/cli/__init__.py", "dispenserd/cli/main.py")
"""Where a process ends and says why; anywhere else an unexpected exception must reach the root."""

BROAD = {"Exception", "BaseException"}
VAGUE_NAMES = re.compile(r"(?:^|[_/])(?:utils?|helpers?|managers?|handlers?|misc|common)(?:_|\.py$|/)")
LEFT_OPEN = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
SKIPS = {"skip", "skipif", "xfail", "importorskip"}


def head_is_missing(source: Source) -> bool:
    """An empty __init__.py has nothing to say; every other module opens with what it knows."""
    return bool(source.text.strip()) and ast.get_docstring(source.tree) is None


def too_long(source: Source) -> list[str]:
    found = []
    if (lines := source.text.count("\n")) > FILE_LINES_MAX:
        found.append(f"{source.path}: {lines} lines")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                found.append(f"{source.path}:{node.lineno} {node.name}: {lines} lines")
    return found


def broad_catches(source: Source) -> list[str]:
    """`except:`, `except Exception`, and their spelling as `suppress(Exception)`.

    One that tidies up and raises the same again swallows nothing.
    """
    if source.path in COMPOSITION_ROOTS:
        return []
    return [f"{source.path}:{line}" for line, names in _caught(source) if not names or BROAD & set(names)]


def _caught(source: Source) -> Iterator[tuple[int, list[str]]]:
    names = source.names()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            if isinstance(last := node.body[-1], ast.Raise) and last.exc is None:
                continue
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            yield node.lineno, [dotted(kind, names) for kind in kinds if kind is not None]
        elif isinstance(node, ast.Call) and dotted(node.func, names) == "contextlib.suppress":
            yield node.lineno, [dotted(kind, names) for kind in node.args]


def left_out(source: Source) -> list[str]:
    names = source.names()
    return [
        f"{source.path}:{node.lineno}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute | ast.Name)
        and (full := dotted(node, names)).startswith("pytest.")
        and full.rpartition(".")[2] in SKIPS
    ]


def left_open(source: Source) -> list[str]:
    lines = enumerate(source.text.splitlines(), 1)
    stubs = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Name) and node.id == "NotImplementedError"
    ]
    return [f"{source.path}:{n}" for n in (*(n for n, line in lines if LEFT_OPEN.search(line)), *stubs)]


def test_every_module_opens_with_what_it_knows() -> None:
    assert [source.path for source in sources(*ROOMS, "tests") if head_is_missing(source)] == []


def test_no_file_or_function_has_grown_too_long() -> None:
    assert [fault for source in sources() for fault in too_long(source)] == []


def test_no_error_is_swallowed_below_the_composition_root() -> None:
    assert [fault for source in sources() for fault in broad_catches(source)] == []


def test_nothing_is_left_open() -> None:
    assert [fault for source in sources(*ROOMS, "tests") for fault in left_open(source)] == []


def test_no_test_is_left_out() -> None:
    assert [fault for source in sources("tests") for fault in left_out(source)] == []


def test_every_name_says_what_is_inside() -> None:
    assert [source.path for source in sources() if VAGUE_NAMES.search(source.path)] == []


def test_it_catches_a_module_without_a_head() -> None:
    assert head_is_missing(Source("drivers/port.py", "import os\n"))
    assert not head_is_missing(Source("drivers/__init__.py", ""))


def test_it_catches_what_grew_too_long() -> None:
    assert too_long(Source("drivers/port.py", "x = 1\n" * (FILE_LINES_MAX + 1)))
    body = "    x = 1\n" * FUNCTION_LINES_MAX
    assert too_long(Source("drivers/port.py", f"async def f():\n{body}"))
    assert too_long(Source("drivers/port.py", f"class A:\n  def f(self):\n{body}"))


@pytest.mark.parametrize(
    "text",
    [
        "try: pass\nexcept: pass",
        "try: pass\nexcept Exception as e: raise e",
        "try: pass\nexcept (OSError, BaseException): pass",
        "try: pass\nexcept* Exception: pass",
        "import contextlib\nwith contextlib.suppress(Exception): pass",
        "from contextlib import suppress as hush\nwith hush(OSError, Exception): pass",
    ],
)
def test_it_catches_a_broad_catch(text: str) -> None:
    assert broad_catches(Source("dispenserd/engine.py", text))
    assert broad_catches(Source("dispenserd/app.py", text)) == []


def test_it_lets_an_error_pass_through() -> None:
    text = "try: pass\nexcept BaseException:\n    close()\n    raise"
    assert broad_catches(Source("dispenserd/engine.py", text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\npytest.skip('no broker')",
        "import pytest\n@pytest.mark.xfail\ndef test_a(): pass",
        "from pytest import importorskip as need\nneed('cobs')",
        "import pytest\npytestmark = pytest.mark.skipif(True, reason='slow')",
    ],
)
def test_it_catches_a_test_left_out(text: str) -> None:
    assert left_out(Source("tests/store/test_x.py", text))


@pytest.mark.parametrize("text", ["# TO" + "DO later", "def f():\n    raise NotImplementedError"])
def test_it_catches_what_was_left_open(text: str) -> None:
    assert left_open(Source("drivers/port.py", text))


@pytest.mark.parametrize("path", ["drivers/utils.py", "dispenserd/plan_manager.py", "scheduler/helpers/a.py"])
def test_it_catches_a_vague_name(path: str) -> None:
    assert VAGUE_NAMES.search(path)
