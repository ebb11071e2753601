"""The two languages, and how a code becomes words in one of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["da", "en"]


class Said(NamedTuple):
    """The same in both languages; a field each, named as the language."""

    da: str
    en: str

    def in_(self, language: Language) -> str:
        return self.da if language == "da" else self.en


def words(table: Mapping[str, Said], code: str, language: Language) -> str:
    """A code that nobody has put in words yet is shown as it is: `new_kind` -> `new kind`."""
    known = table.get(code)
    return code.replace("_", " ") if known is None else known.in_(language)
