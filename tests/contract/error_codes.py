"""Every error code that a command can end with, and its sentences, read from where the code makes them.

Reads syntax trees: the calls that build an error hold its code and three texts. A value inside a text is
shown as `…`. A code that is not written out there (a refusal of the core, a fault of a manifest) comes from
the list it is taken from; a place that takes one from nowhere known is reported, never left out.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from dispenserd.cli.ask import EXITS, refused
from dispenserd.cli.failure import Exit
from dispenserd.fagsystem.manifest import ManifestReason
from dispenserd.oncall.words import commands
from dispenserd.oncall.words.language import Said
from dispenserd.oncall.words.refusals import REFUSALS
from dispenserd.provision.fault import GO_ON
from dispenserd.store import errors as store_errors
from drivers.port import PortBusy, PortDenied, PortMissing, PortUnavailable
from tests.support.sources import Source, dotted, sources

Function = ast.FunctionDef | ast.AsyncFunctionDef
VALUE = "…"
"""Stands for what is different each time."""

NOTHING_DONE = "Nothing was asked of the home, nothing was changed."
NOT_STARTED = "Nothing was started or changed."
SHARED: Mapping[str, str] = {"GO_ON": GO_ON}
"""Sentences that several modules end with, by the name they import them under."""

NO_ROBOT = "Without a robot there is nothing to configure the home for."
NOT_COMMISSIONED = (
    "The home is configured and not commissioned: it could not tell anybody, or not be believed."
)


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
        "dispenserd/cli/provision.py _failure",  # ProvisionFault
        "dispenserd/provision/course.py _one",  # IdentityFault
        "dispenserd/security/identity.py _unfit",  # its callers name the code
        "dispenserd/moving.py _unfit",  # PAPERS
        "dispenserd/provision/course.py unwritten",  # UNWRITTEN
        "dispenserd/provision/check.py clock_fault",  # Check
        "dispenserd/provision/steps.py _checks",  # Check, and the broker's
        "dispenserd/provision/making.py _must_open_the_broker",  # the broker's check, of a renewal
        "dispenserd/provision/finding.py find_robot",  # Check
        "dispenserd/provision/finding.py _none",  # NoRobot
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

SAID_IN_THE_VIEW = {"ambiguous", "bad_name", "bad_reason", "bad_resolution"}
"""Refusals that a command line catches before they are made: usage errors there."""

UNFIT = (
    (
        "The broker would not know this box by it, so it was not installed; nothing was changed.",
        "Send the request (box.csr) to whoever issues certificates, and install their answer.",
    ),
    (
        "The box can't prove who it is.",
        "Take the provisioning back with --undo and begin anew; the old certificate is to be revoked.",
    ),
)
"""Of a certificate, and of a key; a test holds them against the code, too."""

UNWRITTEN = [
    Ending(
        Exit.STORE,
        code,
        f"A file can't be written{VALUE}: {VALUE}.",
        "That file is as it was before, or not there; what was done before stays done.",
        f"{VALUE} {GO_ON}",
    )
    for code in ("disk_full", "read_only", "not_written")
]
UNOPENED = [
    Ending(Exit.CHECKED_AND_FALSE, reason, VALUE, NO_ROBOT, VALUE)
    for reason in sorted({PortUnavailable.reason, PortMissing.reason, PortBusy.reason, PortDenied.reason})
]
"""Of a provisioning: a disk that would not, and a robot's port that can't be opened."""


PAPERS = [
    Ending(
        Exit.CHECKED_AND_FALSE,
        code,
        VALUE,
        "It was not used, and nothing was changed: who has the resident in their care is as before.",
        "Compare the fingerprint with the people at the other box, and have the paper made again.",
    )
    for code in ("paper_changed", "other_fingerprint", "not_for_this_key")
]
"""Of a paper that another box wrote; a test holds the sentences against the code."""


@cache
def endings() -> list[Ending]:
    """All of them, by exit code and code."""
    found = {ending for source in sources("dispenserd", "drivers") for ending in of_source(source)}
    listed = {*_refusals(), *_of_manifests(), *_of_the_broker(), *UNWRITTEN, *UNOPENED, *PAPERS}
    return sorted(found | listed | {INVARIANT, STAGE})


def of_source(source: Source) -> Iterator[Ending]:
    for where, call in calls(source):
        if f"{source.path} {where.name}" not in PASSED_ON:
            yield from _made(_Texts(source, where), call)


def unknown_places(source: Source) -> list[str]:
    """Functions that build an error with a code that is not written out, and that no list covers."""
    return [
        place
        for where, call in calls(source)
        if _name(call) in ("Failure", "CallError", "ProvisionFault", "IdentityFault")
        and _code(call) is None
        and (place := f"{source.path} {where.name}") not in PASSED_ON
    ]


def rooms_errors(source: Source) -> list[str]:
    """Classes of errors that bring what, meaning and next step: in ROOMS, or with a code of their own."""
    return [
        node.name
        for node in source.tree.body
        if isinstance(node, ast.ClassDef) and source.path != "dispenserd/explained.py"
        if {base.id for base in node.bases if isinstance(base, ast.Name)} & {"Explained", "ExplainedWithCode"}
        or any(_brings_three_parts(each) for each in node.body)
    ]


def _brings_three_parts(node: ast.stmt) -> bool:
    if not isinstance(node, ast.FunctionDef) or node.name != "__init__":
        return False
    return {"what", "meaning", "next_step"} <= {argument.arg for argument in node.args.args}


def _refusals() -> Iterator[Ending]:
    for code in REFUSALS.keys() - SAID_IN_THE_VIEW:
        failure = refused(code)
        yield Ending(failure.exit_code, code, failure.what, failure.meaning, failure.next_step)


def _of_manifests() -> Iterator[Ending]:
    """A refused manifest says the reason and the place; a code that is also a refusal is worded there."""
    (fhir,) = (source for source in sources("dispenserd") if source.path.endswith("fagsystem/fhir.py"))
    used = {
        node.attr.lower()
        for node in ast.walk(fhir.tree)
        if isinstance(node, ast.Attribute) and dotted(node.value, fhir.names()).endswith("Reason")
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


def _made(read: _Texts, call: ast.Call) -> list[Ending]:
    """What a call makes: with a sort that is chosen above it, one for each that it may be."""
    code = _code(call)
    if _name(call) in ("Failure", "ProvisionFault") and code and len(call.args) == 5:
        texts = [read.text(each) for each in call.args[2:]]
        return [Ending(exit_code, code, *texts) for exit_code in read.exits(call.args[0])]
    ending = _ending(read, call)
    return [] if ending is None else [ending]


def _ending(read: _Texts, call: ast.Call) -> Ending | None:
    name = _name(call)
    texts = [read.text(each) for each in call.args]
    code = _code(call)
    match name:
        case "CallError" if code and len(texts) == 4:
            return Ending(EXITS.get(code, Exit.CHECKED_AND_FALSE), code, *texts[1:])
        case "_unfit" if code and len(texts) == 2:
            return Ending(Exit.CHECKED_AND_FALSE, code, texts[1], *UNFIT[code == "bad_key"])
        case "IdentityFault" if code and len(texts) == 4:
            return Ending(Exit.CHECKED_AND_FALSE, code, *texts[1:])
        case "NoRobot" if code and len(texts) == 4:
            return Ending(Exit.CHECKED_AND_FALSE, code, texts[2], NO_ROBOT, texts[3])
        case "Check" if code and len(texts) == 5 and dotted(call.args[1], {}) == "Verdict.BAD":
            return Ending(Exit.CHECKED_AND_FALSE, code, texts[3], NOT_COMMISSIONED, texts[4])
        case "usage" if len(texts) == 2:
            return Ending(Exit.USAGE, "usage", texts[0], NOTHING_DONE, texts[1])
        case "unusable" if len(texts) == 3:
            what = f"Configuration {VALUE} {texts[1]}."
            return Ending(Exit.CONFIGURATION, "configuration", what, NOT_STARTED, texts[2])
        case _ if name in ROOMS and len(texts) >= 3:
            code, exit_code = ROOMS[name]
            return Ending(exit_code, code, *texts[:3])
        case _:
            return None


def _of_the_broker() -> Iterator[Ending]:
    """A provisioning that can't reach the broker: `(code, what, next step)`, as its check returns them."""
    (check,) = (source for source in sources("dispenserd") if source.path.endswith("provision/check.py"))
    for function in (node for node in check.tree.body if isinstance(node, Function)):
        read = _Texts(check, function)
        for node in ast.walk(function):
            match node:
                case ast.Return(value=ast.Tuple(elts=[ast.Constant(value=str(code)), said, next_step])):
                    what, step = read.text(said), read.text(next_step)
                    yield Ending(Exit.CHECKED_AND_FALSE, code, what, NOT_COMMISSIONED, step)


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
    place = {"Failure": 1, "ProvisionFault": 1, "NoRobot": 1, "Check": 2}.get(_name(call), 0)
    match call.args[place : place + 1]:
        case [ast.Constant(value=str(code))]:
            return code
        case _:
            return None


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
            case ast.Name(id=name) | ast.FormattedValue(value=ast.Name(id=name)) if name in SHARED:
                return SHARED[name]
            case ast.Name(id=name):
                return self._named(name, node.lineno)
            case ast.Attribute(value=ast.Attribute(value=ast.Name(id="say"), attr=name), attr="en"):
                said: Said = getattr(commands, name)
                return said.en
            case ast.Call(func=ast.Attribute(value=said_in_english, attr="format")):
                return re.sub(r"{[^}]*}", VALUE, self.text(said_in_english))
            case _:
                return VALUE

    def exits(self, node: ast.expr) -> list[Exit]:
        """`Exit.STORE`, `Sort.STORE`, or all that the name was given above."""
        if isinstance(node, ast.Attribute):
            return [Exit[node.attr]]
        assert isinstance(node, ast.Name), ast.dump(node)
        return sorted(
            Exit[choice.attr]
            for each in ast.walk(self.function)
            if isinstance(each, ast.Assign) and dotted(each.targets[0], {}) == node.id
            for choice in ast.walk(each.value)
            if isinstance(choice, ast.Attribute) and choice.attr in Exit.__members__
        )

    def _named(self, name: str, before: int) -> str:
        """A text put together above in the same function, the nearest one; or a constant of the module."""
        for whole in (self.function, self.source.tree):
            found = [
                node.value
                for node in _given_names(whole).get(name, ())
                if node.lineno < before or node.col_offset == 0
            ]
            if found:
                text = found[-1] if len(found) == 1 else max(found, key=lambda value: value.lineno)
                return self.text(text) if isinstance(text, ast.Constant | ast.JoinedStr) else VALUE
        return VALUE


@cache
def _given_names(whole: ast.AST) -> Mapping[str, Sequence[ast.Assign]]:
    """Every name that is given a value somewhere in it, and where."""
    found: dict[str, list[ast.Assign]] = defaultdict(list)
    for node in ast.walk(whole):
        if isinstance(node, ast.Assign):
            found[dotted(node.targets[0], {})].append(node)
    return found
