"""How values are spelt in a configuration file, and the model under all its tables.

Knows a path, a clock time, a zone, a serial number; no key by name. `config` builds its tables of these.
"""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import ValidationInfo as Info

from dispenserd.config_file import resolved

FOLDER = "folder"
"""Key of the validation context: where relative paths start."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


def as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _as_path(value: object, info: Info) -> Path:
    if isinstance(value, Path):  # built by code, not read from a file
        return value
    folder: Path = (info.context or {}).get(FOLDER, Path())
    return resolved(folder, value)


def _as_clock_time(value: object) -> time:
    if isinstance(value, time) and value.tzinfo is None and value.second == value.microsecond == 0:
        return value
    if isinstance(value, str) and re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        return time.fromisoformat(value)
    raise ValueError('must be a clock time in quotes, as in "08:00"')


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('must be a time zone of the IANA list, as in "Europe/Copenhagen"') from None
    return value


FilePath = Annotated[Path, BeforeValidator(_as_path)]
ClockTime = Annotated[time, BeforeValidator(_as_clock_time)]
Zone = Annotated[str, AfterValidator(_known_zone)]
AtcCode = Annotated[str, Field(pattern=r"^[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}$")]
AtcCodes = Annotated[tuple[AtcCode, ...], BeforeValidator(as_tuple), Field(max_length=2000)]
# A box is a level of an MQTT topic and a word on a screen: no wildcard, no slash, no space.
BoxName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]


def _visible(name: str) -> str:
    if not name.strip():
        raise ValueError("is empty")
    return name


ResidentKey = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Serial = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Tag = Annotated[str, Field(pattern=r"^[!-~]{4,64}$")]
Tags = Annotated[tuple[Tag, ...], BeforeValidator(as_tuple), Field(max_length=8)]
SomeTags = Annotated[Tags, Field(min_length=1)]
ResidentKeys = Annotated[
    tuple[ResidentKey, ...], BeforeValidator(as_tuple), Field(min_length=1, max_length=32)
]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
Word = Annotated[str, Field(min_length=1, max_length=128)]
PersonName = Annotated[Word, AfterValidator(_visible)]
