"""How a text in a published object is spelt: an instant, an id, a word of a closed or of an open list.

To the type checker they are all `str`; the schemas made from the shapes carry what is said here. A word of a
closed list is one of these for as long as the schema's version stands. To an open list words may be added, so
a reader must do something sensible with one it does not know. Knows no room and no library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

Schema = dict[str, Any]
SchemaOf = Callable[[Any], Schema]

KNOWN = "x-known"
"""Keyword of our schemas: the words of an open list that this version may write."""

CODE = r"^[a-z0-9][a-z0-9_.:-]{0,63}$"


@dataclass(frozen=True, slots=True)
class Form:
    """Text of this regular expression."""

    pattern: str

    def __get_pydantic_json_schema__(self, core: Any, schema_of: SchemaOf) -> Schema:
        return {**schema_of(core), "pattern": self.pattern}


class OneOf:
    """A closed list of words."""

    def __init__(self, *words: str) -> None:
        self.words = _texts(words)

    def __get_pydantic_json_schema__(self, core: Any, schema_of: SchemaOf) -> Schema:
        return {**schema_of(core), "enum": self.words}


class Open:
    """An open list of codes; `empty`: also the empty text, for none."""

    def __init__(self, *words: str, empty: bool = False) -> None:
        self.words = _texts(words)
        self.empty = empty

    def __get_pydantic_json_schema__(self, core: Any, schema_of: SchemaOf) -> Schema:
        pattern = f"^$|{CODE}" if self.empty else CODE
        known = [*self.words, ""] if self.empty else self.words
        return {**schema_of(core), "pattern": pattern, KNOWN: known}


def _texts(words: Iterable[str]) -> list[str]:
    """Members of a StrEnum, too, as the words they are."""
    return [str.__str__(word) for word in words]


_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
_DOSE = r"[0-9a-f]{32}/[0-9]{4}-[0-9]{2}-[0-9]{2}/[a-z0-9_-]{1,32}/[0-9]{1,3}"
_ID = r"[A-Za-z0-9][A-Za-z0-9/_.:-]{0,127}"

Instant = Annotated[str, Form(f"^{_INSTANT}$")]
Day = Annotated[str, Form(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
LocalTime = Annotated[str, Form(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$")]
Box = Annotated[str, Form(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ResidentKey = Annotated[str, Form(r"^[0-9a-f]{32}$")]
Id = Annotated[str, Form(f"^{_ID}$")]
DoseId = Annotated[str, Form(f"^{_DOSE}$")]
DoseIdOrNone = Annotated[str, Form(f"^$|^{_DOSE}$")]
Head = Annotated[str, Form(r"^[0-9a-f]{64}$")]
Code = Annotated[str, Form(CODE)]
CodeOrNone = Annotated[str, Form(f"^$|{CODE}")]
Verdict = Annotated[str, Open("given", "had_it", "witnessed", "not_given", "discard", "let_go")]
Priority = Annotated[str, OneOf("info", "low", "medium", "high")]
