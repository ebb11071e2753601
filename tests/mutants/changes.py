"""Which mistakes one could make in a module of the core: mutmut's, one expression at a time.

Knows mutmut's list of changes and where in the source each one is; runs nothing. A property and a cached
function are changed like any other, which mutmut by itself passes over.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.file_mutation import MutationVisitor
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

from tests.support.sources import ROOT

PASSED_OVER = re.compile(r"^( *)@(property|cache)$", re.MULTILINE)
"""What stands above a function that mutmut does not look into; blanked, it does."""

HEADED = (cst.If, cst.While, cst.For, cst.With, cst.Try, cst.Match)
"""Statements with statements in them: what is changed about one is changed in its head."""

Parents = Mapping[cst.CSTNode, cst.CSTNode]
Places = Mapping[cst.CSTNode, CodeRange]


@dataclass(frozen=True, slots=True)
class Mutant:
    module: str  # of the core, without "scheduler."
    function: str  # "opens", "LocalTime.midnights"
    change: str  # "- old line + new line", as one line
    source: str  # the whole function with the change, in its class if it has one
    lines: frozenset[int]  # of the statement that is changed; a test that comes to none cannot notice
    key: str  # the same as long as the changed lines are

    def __str__(self) -> str:
        return f"{self.module} {self.function}: {self.change}"


def source_of(module: str) -> str:
    return (ROOT / "scheduler" / f"{module}.py").read_text()


@cache
def mutants(module: str, code: str) -> tuple[Mutant, ...]:
    """Every mutant of this source, in its order."""
    wrapped = _read(code)
    visitor = MutationVisitor(mutation_operators, IgnoredCode(set(), set(), set()))
    wrapped.visit(visitor)
    parents: Parents = wrapped.resolve(ParentNodeProvider)
    places: Places = wrapped.resolve(PositionProvider)
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for one in visitor.mutations:
        function = one.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef) or _text_of_an_assert(one.original_node, parents):
            continue
        owner = _owner(function, parents)
        changed = cst.ensure_type(function.deep_replace(one.original_node, one.mutated_node), cst.FunctionDef)
        name = f"{owner}.{function.name.value}" if owner else function.name.value
        change = _change(_text(function), _text(changed))
        told = f"{module} {name}: {change}"
        nth = seen[told] = seen.get(told, -1) + 1
        found.append(
            Mutant(
                module,
                name,
                change,
                _alone(changed, owner),
                _lines(one.original_node, parents, places),
                hashlib.sha256(f"{told} {nth}".encode()).hexdigest()[:16],
            )
        )
    return tuple(found)


def unchanged(code: str) -> dict[str, str]:
    """Each function as it is, written like a mutant's source."""
    wrapped = _read(code)
    parents: Parents = wrapped.resolve(ParentNodeProvider)
    found: dict[str, str] = {}
    for node in parents:
        if isinstance(node, cst.FunctionDef):
            owner = _owner(node, parents)
            found[f"{owner}.{node.name.value}" if owner else node.name.value] = _alone(node, owner)
    return found


def _read(code: str) -> MetadataWrapper:
    return MetadataWrapper(cst.parse_module(PASSED_OVER.sub(r"\1", code)), unsafe_skip_copy=True)


def _owner(function: cst.FunctionDef, parents: Parents) -> str:
    """The class whose method it is; "" = none."""
    around = parents.get(parents[function])
    return around.name.value if isinstance(around, cst.ClassDef) else ""


def _text_of_an_assert(node: cst.CSTNode, parents: Parents) -> bool:
    """It tells its reader what would be our own bug: no test need know the words."""
    while not isinstance(node, cst.BaseStatement | cst.BaseSmallStatement):
        parent = parents[node]
        if isinstance(parent, cst.Assert):
            return node is parent.msg
        node = parent
    return False


def _text(function: cst.FunctionDef) -> str:
    return cst.Module([function.with_changes(leading_lines=[])]).code.strip()


def _alone(function: cst.FunctionDef, owner: str) -> str:
    """What it is by itself, without what decorates it; in a class where names are a class's own."""
    bare = function.with_changes(decorators=[], leading_lines=[])
    if not owner:
        return cst.Module([bare]).code
    return cst.Module([cst.ClassDef(cst.Name(owner), cst.IndentedBlock([bare]))]).code


def _change(before: str, after: str) -> str:
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0))[2:]
    return " ".join(f"{line[0]} {line[1:].strip()}" for line in lines if line[:1] in "+-")


def _lines(node: cst.CSTNode, parents: Parents, places: Places) -> frozenset[int]:
    """Those of the whole statement: not each line of an expression has code of its own."""
    while not isinstance(node, (cst.SimpleStatementLine, cst.FunctionDef, *HEADED)):
        node = parents[node]
    place = places[node]
    last = place.end.line
    if isinstance(node, HEADED):
        first_within = node.cases[0] if isinstance(node, cst.Match) else node.body
        last = max(place.start.line, places[first_within].start.line - 1)
    return frozenset(range(place.start.line, last + 1))
