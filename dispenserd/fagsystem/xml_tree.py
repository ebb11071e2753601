"""XML as a small tree, read with nothing that can hurt: no DTD, no entity, no address, bounded in every way.

It knows XML; what an element means, `fmk_146` and `fmk_160` know. A reader takes the children that it knows
out of a `Node` and ends with `nothing_else`, so that an element or attribute of no known name refuses all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from dispenserd.fagsystem.reasons import Reason, Refused

DEPTH_MAX = 16
ELEMENTS_MAX = 2_500
"""A structure of a year of unequal days has 1 900; ten thousand would hold up a small computer."""
TEXT_CHARS_MAX = 4096
SEPARATOR = " "
"""Between address and name: neither may hold a blank."""
XSI = "http://www.w3.org/2001/XMLSchema-instance"
FMK_SPACES = "http://www.dkma.dk/medicinecard/xml.schema/2015/06/01"
ELEMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,59}")


@dataclass(slots=True)
class Node:
    """`path` counts repeated names from 0: `Dosage.StructuresFixed.Structure[1].Day[0]`."""

    name: str
    space: str
    path: str
    attributes: dict[str, str]
    children: list[Node] = field(default_factory=list)
    text: str = ""
    _taken: set[str] = field(default_factory=set)

    def every(self, name: str) -> list[Node]:
        self._taken.add(name)
        return [child for child in self.children if child.name == name]

    def one(self, name: str) -> Node | None:
        """The only child of this name, or None."""
        found = self.every(name)
        if len(found) > 1:
            raise Refused(Reason.CONTRADICTORY_DOSAGE, found[1].path)
        return found[0] if found else None

    def needed(self, name: str) -> Node:
        found = self.one(name)
        if found is None:
            raise Refused(Reason.MISSING_ELEMENT, f"{self.path}.{name}")
        return found

    def ignore(self, *names: str) -> None:
        """Known, and without a bearing on what is given."""
        self._taken.update(names)

    def nothing_else(self, *attributes: str) -> None:
        """Every child was asked for, no attribute is strange, no text stands between elements."""
        for child in self.children:
            if child.name not in self._taken or not _one_family(child.space, self.space):
                raise Refused(Reason.UNKNOWN_ELEMENT, child.path)
        for name in self.attributes:
            if name not in attributes and not name.startswith(XSI + SEPARATOR + "schema"):
                raise Refused(Reason.UNKNOWN_ELEMENT, f"{self.path}@{_shown(name)}")
        if self.children and self.text.strip():
            raise Refused(Reason.TEXT_NOT_COVERED, self.path)

    def value(self, *attributes: str) -> str:
        """The text of an element without children."""
        self.nothing_else(*attributes)
        return self.text.strip()

    def flag(self) -> bool:
        """An element that says something by standing there; "false" in it takes it back."""
        word = self.value()
        if word not in ("", "true", "1", "false", "0"):
            raise Refused(Reason.WRONG_SHAPE, self.path)
        return word not in ("false", "0")


def parse(raw: bytes) -> Node:
    """The root; Refused for what is no XML or more than anybody needs. The caller bounds the bytes."""
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=SEPARATOR)
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    for handler in (
        "StartDoctypeDeclHandler",
        "EntityDeclHandler",
        "ExternalEntityRefHandler",
        "SkippedEntityHandler",
        "ProcessingInstructionHandler",
    ):
        setattr(parser, handler, _declared)
    try:
        parser.Parse(raw, True)
    except (expat.ExpatError, ValueError, LookupError):
        raise Refused(Reason.XML_BROKEN, "") from None
    if builder.root is None:
        raise Refused(Reason.XML_BROKEN, "")
    return builder.root


def _declared(*_: object) -> None:
    raise Refused(Reason.XML_DECLARATIONS, "")


def _one_family(a: str, b: str) -> bool:
    """FMK's 1.4.6 has an address of its own for each extension of its messages: a root may stand in one, and
    its children in another."""
    return a == b or (a.startswith(FMK_SPACES) and b.startswith(FMK_SPACES))


def _shown(name: str) -> str:
    """What a path may show of a name that somebody else chose."""
    local = name.rpartition(SEPARATOR)[2]
    return local if ELEMENT_NAME.fullmatch(local) else "?"


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._count = 0

    def start(self, full_name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) >= DEPTH_MAX or self._count > ELEMENTS_MAX:
            raise Refused(Reason.TOO_DEEP, "")
        space, _, name = full_name.rpartition(SEPARATOR)
        path = _shown(name)
        if self._open:
            above = self._open[-1]
            path = f"{above.path}.{path}{self._ordinal(above, name)}"
        node = Node(name, space, path, attributes)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def end(self, _: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        node = self._open[-1]
        if len(node.text) + len(text) > TEXT_CHARS_MAX:
            raise Refused(Reason.TOO_LARGE, node.path)
        node.text += text

    def _ordinal(self, above: Node, name: str) -> str:
        if name not in REPEATED:
            return ""
        last = next((child for child in reversed(above.children) if child.name == name), None)
        return "[0]" if last is None else f"[{int(last.path.rpartition('[')[2][:-1]) + 1}]"


REPEATED = frozenset(
    {
        "Structure",
        "EmptyStructure",
        "Day",
        "Dose",
        "DosagePeriod",
        "Week",
        "Weekday",
        "TimeOfDayDosage",
        "Parameter",
    }
)
"""What FMK allows more than once."""
