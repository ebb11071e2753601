"""Residents, robots, staff and helpers of a configuration: their tables, and what these must agree about.

It knows whose robot is which, and never quotes a value: one may identify somebody. `config` puts the tables
into the file, and refuses what is wrong between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from dispenserd.config_forms import (
    FilePath,
    PersonName,
    ResidentKey,
    ResidentKeys,
    Section,
    Serial,
    SomeTags,
    Tags,
    Word,
)


class ResidentSection(Section):
    key: ResidentKey
    identifier_system: Word
    identifier_value: Word
    robot: Serial | None = None  # whose strip holds their roll; needed where the home has several
    as_needed_robot: Serial | None = None  # another one, whose strip is their medicine as needed (rule 8)
    tags: Tags = ()  # what they show at a robot that they share (rule 2)
    reminder_only: bool = False  # no medicine of theirs lies in a roll
    moves_in: bool = False  # they come from another box: nothing is done for them before `resident move-in`


class RobotSection(Section):
    port: FilePath
    serial: Serial
    family: Literal["sachet_roll"] = "sachet_roll"
    baud: Literal[9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600] = 115200
    # The wire is not authenticated yet (S6); a home says so by name or its robot stays locked.
    accept_unauthenticated: bool = False


class StaffSection(Section):
    """Who may lock a robot where it stands, and give by hand there (rule 5)."""

    name: Word
    tags: Tags


class HelperSection(Section):
    """Who presses for residents at a robot, by a tag of their own (rule 2)."""

    name: PersonName
    residents: ResidentKeys
    tags: SomeTags


def robot_of(resident: ResidentSection, robots: Sequence[RobotSection]) -> str:
    """Serial of the robot that holds this resident's roll."""
    return resident.robot or robots[0].serial


def disagreements(
    residents: Sequence[ResidentSection],
    robots: Sequence[RobotSection],
    staff: Sequence[StaffSection],
    helpers: Sequence[HelperSection],
) -> Iterator[str]:
    """What is wrong between these tables, in words that follow "Configuration FILE has 1 fault:"."""
    yield from _not_told_apart(residents, robots, staff)
    yield from _helpers(residents, staff, helpers)
    yield from _without_a_robot(residents, robots)
    yield from _as_needed(residents, robots)


def _not_told_apart(
    residents: Sequence[ResidentSection], robots: Sequence[RobotSection], staff: Sequence[StaffSection]
) -> Iterator[str]:
    tags = [*(one.tags for one in residents), *(one.tags for one in staff)]
    told: dict[str, Sequence[object]] = {
        "resident.key": [one.key for one in residents],
        "resident.identifier_value": [(one.identifier_system, one.identifier_value) for one in residents],
        "resident.tags": [tag for each in tags for tag in each],
        "robot.serial": [one.serial for one in robots],
        "robot.port": [one.port for one in robots],
    }
    for key, values in told.items():
        if len(set(values)) != len(values):
            yield f"{key} is the same twice"


def _helpers(
    residents: Sequence[ResidentSection], staff: Sequence[StaffSection], helpers: Sequence[HelperSection]
) -> Iterator[str]:
    """Rule 2: a tag is one person's, or the record would say that another one pressed."""
    keys = {one.key for one in residents}
    tags = [tag for one in helpers for tag in one.tags]
    if any(tag in one.tags for one in residents for tag in tags):
        yield "helper.tags has a tag that is also a resident's: each tag is one person's"
    if any(tag in one.tags for one in staff for tag in tags):
        yield "helper.tags has a tag that is also a member of staff's: each tag is one person's"
    if len(set(tags)) != len(tags):
        yield "helper.tags has the same tag twice: each tag is one person's"
    names = [one.name.strip().casefold() for one in helpers]
    if len(set(names)) != len(names):
        yield "helper.name is the same twice: the record tells helpers apart by their names"
    for one in helpers:
        if not keys.issuperset(one.residents):
            yield "helper.residents must be keys of a [[resident]] of this file"
        elif len(set(one.residents)) != len(one.residents):
            yield "helper.residents has the same key twice"


def _without_a_robot(residents: Sequence[ResidentSection], robots: Sequence[RobotSection]) -> Iterator[str]:
    serials = {one.serial for one in robots}
    for one in residents:
        if one.robot is None and len(robots) > 1:
            yield "resident.robot is missing: with several robots each resident names theirs"
        if one.robot is not None and one.robot not in serials:
            yield "resident.robot must be the serial of a [[robot]] of this file"
    for serial in serials:
        sharing = [one for one in residents if serial in (robot_of(one, robots), one.as_needed_robot)]
        if len(sharing) > 1 and not all(one.tags for one in sharing):
            yield "resident.tags is missing: on a robot that several share, each shows a tag or a code"


def _as_needed(residents: Sequence[ResidentSection], robots: Sequence[RobotSection]) -> Iterator[str]:
    """A strip goes out in its order: a scheduled sachet at the mouth would keep back what is asked for."""
    rolls = {robot_of(one, robots) for one in residents}
    for one in residents:
        if one.as_needed_robot is None:
            continue
        if one.as_needed_robot not in {each.serial for each in robots}:
            yield "resident.as_needed_robot must be the serial of a [[robot]] of this file"
        elif one.as_needed_robot == robot_of(one, robots):
            yield "resident.as_needed_robot must be another robot than resident.robot; with one alone, none"
        elif one.reminder_only:
            yield "resident.as_needed_robot must not be set beside reminder_only: no robot has their medicine"
        elif one.as_needed_robot in rolls:
            yield "resident.as_needed_robot must be nobody's resident.robot: a strip as needed lies by itself"
