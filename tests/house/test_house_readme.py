"""What the README names exists: commands, files it links to, and the functions on the way of one dose."""

from __future__ import annotations

import ast
import re

import pytest

from tests.support.sources import ROOMS, Source, files, sources, texts

NAME = re.compile(rf"`((?:{'|'.join(ROOMS)})(?:\.\w+)+)`")
FILE = re.compile(rf"`((?:{'|'.join((*ROOMS, 'config', 'docs', 'tests'))})/[\w./-]*)`|\]\(([\w./-]+)\)")


def named(source: Source) -> set[str]:
    """Import names of a module and of what its top defines: `drivers.robot`, `drivers.robot.Robot`."""
    module = source.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return {module, *(f"{module}.{node.name}" for node in source.tree.body if isinstance(node, kinds))}


def unknown_names(text: str) -> set[str]:
    known = {name for source in sources() for name in named(source)}
    return {name for name in NAME.findall(text) if not name.endswith(".py")} - known


def dead_links(text: str) -> set[str]:
    paths = {path.rstrip("/") for pair in FILE.findall(text) for path in pair if path}
    folders = {path.rsplit("/", depth)[0] for path in files() for depth in range(1, path.count("/") + 1)}
    return paths - set(files()) - folders


def test_the_readme_names_what_exists() -> None:
    assert unknown_names(texts()["README.md"]) == set()
    assert dead_links(texts()["README.md"]) == set()


@pytest.mark.parametrize("name", ["scheduler.decide.decree", "drivers.roboter"])
def test_it_catches_a_name_that_is_gone(name: str) -> None:
    assert unknown_names(f"then `{name}`") == {name}


@pytest.mark.parametrize("text", ["`scheduler/dozes.py`", "[x](docs/danger.md)"])
def test_it_catches_a_dead_link(text: str) -> None:
    assert dead_links(text)
