"""Every scenario is one, and what `make scenarios` says of them follows from the exit codes."""

from __future__ import annotations

import re

import pytest

from simulator.stage.scenario_file import read_scenario
from tests.scenarios.__main__ import BROKEN, FOLDER, HELD, NOTHING, Played, main, row, verdict
from tests.support.sources import ROOT

NAMES = sorted(file.stem for file in FOLDER.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_each_is_read_and_expects_an_outcome_of_each_dose(name: str) -> None:
    scenario = read_scenario(FOLDER / f"{name}.toml")
    assert scenario.doses, "nothing is expected of it"


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ([], HELD),
        ([HELD, HELD], HELD),
        ([HELD, NOTHING], NOTHING),
        ([NOTHING, BROKEN], BROKEN),
        ([HELD, -9], BROKEN),
        ([NOTHING, 130], BROKEN),
    ],
)
def test_one_that_is_broken_is_worse_than_one_that_proves_nothing(codes: list[int], said: int) -> None:
    assert verdict([Played("one", code, 1.0, ()) for code in codes]) == said


def test_the_table_names_what_came_of_it() -> None:
    assert row(Played("spine", NOTHING, 61.2, ())).split() == ["spine", "proves", "nothing", "61", "s"]
    assert "exit code -9" in row(Played("spine", -9, 1, ()))


def situations(page: str) -> dict[int, list[str]]:
    """The rows of the table of situations: number -> the scenarios named there."""
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \| [^|]+ \|$", page, re.MULTILINE)
    found = {int(number): re.findall(r"`(\w+)`", named) for number, named in rows}
    assert len(found) == len(rows), "a number stands there twice"
    return found


def test_each_of_the_twelve_situations_has_its_scenario_and_each_scenario_its_situation() -> None:
    found = situations((ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8"))
    assert sorted(found) == list(range(1, 13))
    assert all(found.values())
    assert sorted(name for named in found.values() for name in named) == NAMES


@pytest.mark.parametrize("line", ["| 8 | leave | | bags |", "| 8 | leave | `no_such` | bags |", ""])
def test_a_situation_without_a_scenario_is_caught(line: str) -> None:
    page = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    changed = re.sub(r"^\| 8 \|.*$", line, page, count=1, flags=re.MULTILINE)
    found = situations(changed)
    complete = sorted(found) == list(range(1, 13)) and all(found.values())
    assert not complete or sorted(name for named in found.values() for name in named) != NAMES


def test_a_name_that_is_no_scenario_plays_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spin"]) == 2
    assert "no such scenario: spin" in capsys.readouterr().err
