"""The roster's file: who is on call, read and checked as strictly as the configuration.

It holds staff's names and addresses with secrets in them: a fault names a place, never a value, and a file
that everybody on the machine may read is refused. Without a file there is a roster of nobody.
"""

from __future__ import annotations

import stat
from collections.abc import Sequence
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from dispenserd.config import Section
from dispenserd.config_error import explain
from dispenserd.config_file import read_toml, unusable
from dispenserd.oncall.notices import is_address
from dispenserd.oncall.roster import PRIORITIES, Deadlines, Person, Priority, Roster
from dispenserd.oncall.words.language import Language

OTHERS = stat.S_IRWXO
"""A group may read it: the service's own."""
PEOPLE_MAX = 200
ADDRESSES_MAX = 10
"""Of one person: each is tried in a thread of its own, and the service has a bounded number of those."""
NAME_CHARS_MAX = 80
"""As long as a person's name may be in a signed decision."""


def _as_hours(value: object) -> tuple[time, time] | None:
    begins, dash, ends = value.partition("-") if isinstance(value, str) else ("", "", "")
    try:
        hours = time.fromisoformat(begins), time.fromisoformat(ends)
    except ValueError:
        hours = None
    if not dash or hours is None or len(begins) != 5 or len(ends) != 5 or hours[0] == hours[1]:
        raise ValueError('must be two clock times in quotes, as in "07:00-15:00"')
    return hours


def _as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _as_set(value: object) -> object:
    return frozenset(value) if isinstance(value, list) and value else value


def _printable(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise ValueError("must be a name in one line")
    return value


def _an_address(value: str) -> str:
    if not is_address(value):
        raise ValueError('is no address that can be told, as in "mailto://..." or "json://..."')
    return value


Name = Annotated[str, Field(min_length=1, max_length=NAME_CHARS_MAX), AfterValidator(_printable)]
Address = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_an_address)]
Addresses = Annotated[
    tuple[Address, ...], BeforeValidator(_as_tuple), Field(min_length=1, max_length=ADDRESSES_MAX)
]


class ManagerSection(Section):
    name: Name
    language: Language = "da"
    notify: Addresses


class PersonSection(ManagerSection):
    priorities: Annotated[frozenset[Priority], BeforeValidator(_as_set)] = frozenset(PRIORITIES)
    hours: Annotated[tuple[time, time] | None, BeforeValidator(_as_hours)] = None


class DeadlinesSection(Section):
    """People's deadlines can be made shorter than what docs/safety.md asks, never longer."""

    high_min: Annotated[float, Field(ge=1.0, le=10.0)] = 10.0
    medium_min: Annotated[float, Field(ge=1.0, le=30.0)] = 30.0
    low_min: Annotated[float, Field(ge=1.0, le=240.0)] = 240.0


class RosterFile(Section):
    manager: ManagerSection | None = None
    deadlines: DeadlinesSection = Field(default_factory=DeadlinesSection)
    person: Annotated[
        tuple[PersonSection, ...], BeforeValidator(_as_tuple), Field(max_length=PEOPLE_MAX)
    ] = ()

    @model_validator(mode="after")
    def _each_name_once(self) -> RosterFile:
        names = [each.name for each in self.person] + ([self.manager.name] if self.manager else [])
        if len(set(names)) != len(names):
            raise ValueError("names the same person twice; manager included, each name stands once")
        return self


def load_roster(path: Path | None, zone: str) -> Roster:
    """ConfigError says what is wrong, what that means and what to do. `path` None: nobody is on call."""
    if path is None:
        return Roster(zone=ZoneInfo(zone))
    content = read_toml(path)
    if path.stat().st_mode & OTHERS:
        raise unusable(
            path, "may be read by everybody on this machine, and holds secrets", f"chmod 0640 {path}"
        )
    try:
        file = RosterFile.model_validate(content)
    except ValidationError as fault:
        errors: Sequence[Any] = fault.errors(include_url=False, include_context=False, include_input=False)
        raise explain(path, errors, RosterFile) from None
    deadlines = file.deadlines
    return Roster(
        people=tuple(
            Person(each.name, each.language, each.notify, each.priorities, each.hours) for each in file.person
        ),
        manager=None
        if file.manager is None
        else Person(file.manager.name, file.manager.language, file.manager.notify),
        deadlines=Deadlines(
            high=timedelta(minutes=deadlines.high_min),
            medium=timedelta(minutes=deadlines.medium_min),
            low=timedelta(minutes=deadlines.low_min),
        ),
        zone=ZoneInfo(zone),
    )
