"""Which robot is whose in a configuration of several, and one for medicine as needed alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispenserd.app import setting_of
from dispenserd.config import ConfigError, load

ROOT = Path(__file__).resolve().parents[2]
DEFAULTS = (ROOT / "config" / "dispenserd.toml").read_text()
KEYS = ("0" * 32, "1" * 32)


def robot(serial: str) -> str:
    return f'[[robot]]\nport = "/dev/{serial}"\nserial = "{serial}"\n'


def person(number: int, *lines: str) -> str:
    named = f'key = "{KEYS[number]}"\nidentifier_system = "urn:x"\nidentifier_value = "v{number}"\n'
    return "[[resident]]\n" + named + "".join(f"{line}\n" for line in lines)


def home(folder: Path, *tables: str) -> Path:
    """The annotated defaults with these residents and robots in place of theirs."""
    before, _, rest = DEFAULTS.partition("[resident]")
    middle, _, rest = rest.partition("[robot]")
    times = middle[middle.index("[clock_times]") :]
    after = rest[rest.index("# Who of the staff") :]
    path = folder / "dispenserd.toml"
    path.write_text(before + "\n".join(tables) + "\n" + times + after)
    return path


def fault(path: Path) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        load(path)
    return raised.value


ONE, TWO, THREE = robot("SN-1"), robot("SN-2"), robot("SN-3")


def test_a_resident_may_have_a_robot_for_medicine_as_needed_beside_the_one_with_their_roll(
    tmp_path: Path,
) -> None:
    who = person(0, 'robot = "SN-1"', 'as_needed_robot = "SN-2"')
    setting = setting_of(load(home(tmp_path, who, ONE, TWO)), 1.0)
    assert setting.has_two(KEYS[0])
    assert setting.robot_for(KEYS[0], as_needed=False) == "SN-1"
    assert setting.robot_for(KEYS[0], as_needed=True) == "SN-2"
    assert setting.served == {"SN-1": (KEYS[0],), "SN-2": (KEYS[0],)}


def test_who_names_no_such_robot_has_everything_in_one(tmp_path: Path) -> None:
    setting = setting_of(load(home(tmp_path, person(0), ONE)), 1.0)
    assert not setting.has_two(KEYS[0])
    assert setting.robot_for(KEYS[0], as_needed=True) == "SN-1"


def test_two_people_may_share_one_for_medicine_as_needed_each_with_a_tag(tmp_path: Path) -> None:
    shared = 'as_needed_robot = "SN-3"'
    people = [person(n, f'robot = "SN-{n + 1}"', shared, f'tags = ["tag-{n}"]') for n in (0, 1)]
    setting = setting_of(load(home(tmp_path, *people, ONE, TWO, THREE)), 1.0)
    assert setting.served["SN-3"] == KEYS


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (
            [person(0, 'robot = "SN-1"', 'as_needed_robot = "SN-9"')],
            "resident.as_needed_robot must be the serial of a [[robot]] of this file",
        ),
        (
            [person(0, 'robot = "SN-1"', 'as_needed_robot = "SN-1"')],
            "resident.as_needed_robot must be another robot than resident.robot",
        ),
        (
            [
                person(0, 'robot = "SN-1"', 'as_needed_robot = "SN-2"', 'tags = ["tag-0"]'),
                person(1, 'robot = "SN-2"', 'tags = ["tag-1"]'),
            ],
            "resident.as_needed_robot must be nobody's resident.robot",
        ),
        (
            [person(0, 'robot = "SN-1"', 'as_needed_robot = "SN-2"', "reminder_only = true")],
            "resident.as_needed_robot must not be set beside reminder_only",
        ),
        (
            [
                person(0, 'robot = "SN-1"', 'as_needed_robot = "SN-3"'),
                person(1, 'robot = "SN-2"', 'as_needed_robot = "SN-3"'),
            ],
            "resident.tags is missing: on a robot that several share",
        ),
        (
            [person(0, 'as_needed_robot = "SN-2"')],
            "resident.robot is missing: with several robots each resident names theirs",
        ),
        (
            [person(0, 'robot = "SN-1"', 'as_needed_robot = "no such name"')],
            "resident.0.as_needed_robot must be 1-64 letters, digits, dots, - or _",
        ),
    ],
)
def test_what_can_not_be_is_told_so_that_somebody_can_act(
    tmp_path: Path, people: list[str], said: str
) -> None:
    told = fault(home(tmp_path, *people, ONE, TWO, THREE))
    assert said in told.what
    assert "Nothing was started" in told.meaning
    assert "SN-" not in told.what, "an error quotes no value"
    assert "start again" in told.next_step
