"""The file that lists the homes on-call is to hear from: one table a home, checked as strictly as the roster.

It names homes by their boxes' ids as they stand on the wire, and nothing about a person, so everybody may
read it. Without a file, and with one that names no home, there is no list; on-call says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from dispenserd.config import Section
from dispenserd.config_error import explain
from dispenserd.config_file import read_toml
from dispenserd.oncall.listing import BOX_PATTERN

HOMES_MAX = 5000
"""More than one broker carries; whatever is longer is the wrong file."""


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _a_box(value: str) -> str:
    if not re.fullmatch(BOX_PATTERN, value):
        raise ValueError("must be a box's id: 1-64 letters, digits, dots, - or _, as in its [home] box")
    return value


class ListedHome(Section):
    box: Annotated[str, AfterValidator(_a_box)]


class HomesFile(Section):
    home: Annotated[tuple[ListedHome, ...], BeforeValidator(_as_tuple), Field(max_length=HOMES_MAX)] = ()

    @model_validator(mode="after")
    def _each_home_once(self) -> HomesFile:
        names = [each.box.casefold() for each in self.home]
        if len(set(names)) != len(names):
            raise ValueError("names the same home twice; capital letters make no other home")
        return self


def load_homes(path: Path) -> frozenset[str]:
    """Their wire ids. ConfigError says what is wrong, what that means and what to do."""
    try:
        file = HomesFile.model_validate(read_toml(path))
    except ValidationError as fault:
        errors: Sequence[Any] = fault.errors(include_url=False, include_context=False, include_input=False)
        raise explain(path, errors, HomesFile) from None
    return frozenset(each.box for each in file.home)
