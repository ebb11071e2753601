"""Every error code that a command can end with, and its sentences, read from where the code makes them.

Reads syntax trees: the calls that build an error hold its code and three texts. A value inside a text is
shown as `…`. A code that is not written out there (a refusal of the core, a fault of a manifest) comes from
the list it is taken from; a place that takes one from nowhere known is reported, never left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from dispenserd.cli.ask import EXITS
from dispenserd.cli.failure import Exit
from dispenserd.cli.words import REFUSALS, REFUSED_MEANS
from dispenserd.fagsystem.manifest import ManifestReason
from dispenserd.store import errors as store_errors
from tests.support.sources import Source, dotted, sources

Function = ast.FunctionDef | ast.AsyncFunctionDef
VALUE = "…"
"""Stands for what is different each time."""

NOTHING_DONE = "Nothing was asked of the home, nothing was changed."
NOT_STARTED = "Nothing was started or changed."


@dataclass(frozen=True, slots=True, order=True)
class Ending:
    """One way in which a command ends without having done what was asked."""

    exit_code: Exit
    code: str
    what: str
    meaning: str
    next_step: str


PASSED_ON: frozenset[str] = frozenset(
    {
        "dispenserd/cli/failure.py failed",  # its callers name the code
        "dispenserd/cli/ask.py refused",  # REFUSALS
        "dispenserd/control_call.py _result",  # what the home's side of the socket said
        "dispenserd/calls.py _load",  # a manifest's reasons
    }
)
"""Functions that build an error of a code they were given. Each must be covered by a list below."""

ROOMS: Mapping[str, tuple[str, Exit]] = {
    "ConfigError": ("configuration", Exit.CONFIGURATION),
    "ControlError": ("control_socket", Exit.CONFIGURATION),
    "BrokerFolderError": ("broker_folder", Exit.CONFIGURATION),
    **{
        name: ("store", Exit.STORE)
        for name, kind in vars(store_errors).items()
        if isinstance(kind, type) and issubclass(kind, store_errors.StoreError)
    },
}
"""Errors of the rooms: (what, meaning, next step), under a code of their own at the terminal."""

INVARIANT = Ending(
    Exit.REFUSED,
    "invariant",
    "The home stopped itself: what it was about to do breaks a promise. ….",
    "This is a mistake in the program. Nothing of it was done, and the robot gives nothing while the home is "
    "down; on-call sees it as unknown.",
    "Give the doses that are due by hand, and send this line and the journal to the makers.",
)
STAGE = Ending(
    Exit.CONFIGURATION,
    "stage",
    VALUE,
    "The scenario was not played to its end and proves nothing.",
    "Mend what it says and play again.",
)
"""These two put their texts together in code; a test holds them against what it makes."""


@cache
def endings() -> list[Ending]:
    """All of them, by exit code and code."""
    found = {ending for source in sources("dispenserd") for ending in of_source(source)}
    return sorted(found | set(_refusals()) | set(_of_manifests()) | {INVARIANT, STAGE})


def of_source(source: Source) -> Iterator[Ending]:
    for where, call in calls(source):
        ending = _ending(_Texts(source, where), call)
        if ending is not None and f"{source.path} {where.name}" not in PASSED_ON:
            yield ending


def unknown_places(source: Source) -> list[str]:
    """Functions that build an error with a code that is not written out, and that no list covers."""
    return [
        place
        for where, call in calls(source)
        if _name(call) in ("Failure", "CallError")
        and _code(call) is None
        and (place := f"{source.path} {where.name}") not in PASSED_ON
    ]


def rooms_errors(source: Source) -> list[str]:
    """Classes of errors that bring what, meaning and next step: in ROOMS, or with a code of their own."""
    return [
        node.name
        for node in source.tree.body
        if isinstance(node, ast.ClassDef)
        for each in node.body
        if isinstance(each, ast.FunctionDef) and each.name == "__init__"
        if {"what", "meaning", "next_step"} <= {argument.arg for argument in each.args.args}
    ]


def _refusals() -> Iterator[Ending]:
    for code, (why, next_step) in REFUSALS.items():
        yield Ending(Exit.REFUSED, code, f"Refused: {why}", REFUSED_MEANS, next_step)


def _of_manifests() -> Iterator[Ending]:
    """A refused manifest says the reason and the place; a code that is also a refusal is worded there."""
    (fhir,) = (source for source in sources("dispenserd") if source.path.endswith("fagsystem/fhir.py"))
    used = {
        node.attr.lower()
        for node in ast.walk(fhir.tree)
        if isinstance(node, ast.Attribute) and dotted(node.value, fhir.names()) == "Reason"
    }
    for code in sorted(used | {str.__str__(reason) for reason in ManifestReason}):
        if code not in REFUSALS:
            yield Ending(
                Exit.CHECKED_AND_FALSE,
                code,
                f"The manifest was refused: {code} at {VALUE}.",
                "This roll was not loaded. The roll loaded before stays.",
                "Get the roll's manifest again from the pharmacy; check that it is this resident's.",
            )


def _ending(read: _Texts, call: ast.Call) -> Ending | None:
    name = _name(call)
    texts = [read.text(each) for each in call.args]
    code = _code(call)
    match name:
        case "Failure" if code and len(texts) == 5:
            return Ending(_exit(call.args[0]), code, *texts[2:])
        case "CallError" if code and len(texts) == 4:
            return Ending(EXITS.get(code, Exit.CHECKED_AND_FALSE), code, *texts[1:])
        case "usage" if len(texts) == 2:
            return Ending(Exit.USAGE, "usage", texts[0], NOTHING_DONE, texts[1])
        case "unusable" if len(texts) == 3:
            return Ending(
                Exit.CONFIGURATION,
                "configuration",
                f"Configuration {VALUE} {texts[1]}.",
                NOT_STARTED,
                texts[2],
            )
        case _ if name in ROOMS and len(texts) >= 3:
            code, exit_code = ROOMS[name]
            return Ending(exit_code, code, *texts[:3])
        case _:
            return None


def calls(source: Source) -> Iterator[tuple[Function, ast.Call]]:
    """Every call, with the function it stands in."""
    for node in ast.walk(source.tree):
        if isinstance(node, Function):
            for each in ast.walk(node):
                if isinstance(each, ast.Call):
                    yield node, each


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _code(call: ast.Call) -> str | None:
    place = 1 if _name(call) == "Failure" else 0
    match call.args[place : place + 1]:
        case [ast.Constant(value=str(code))]:
            return code
        case _:
            return None


def _exit(node: ast.expr) -> Exit:
    assert isinstance(node, ast.Attribute), ast.dump(node)
    return Exit[node.attr]


@dataclass(frozen=True, slots=True)
class _Texts:
    """Texts as a function of a module writes them."""

    source: Source
    function: Function

    def text(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=parts):
                return "".join(self.text(part) for part in parts)
            case ast.Name(id=name):
                return self._named(name)
            case _:
                return VALUE

    def _named(self, name: str) -> str:
        """A text put together above in the same function, or a constant of the module."""
        for body in (self.function.body, self.source.tree.body):
            for node in ast.walk(ast.Module(body, [])):
                match node:
                    case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                        return self.text(value) if isinstance(value, ast.Constant | ast.JoinedStr) else VALUE
        return VALUE
