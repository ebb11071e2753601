"""Every scenario in virtual time: each expectation of it holds, and each can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.stage.scenario_file import read_scenario
from tests.scenarios.__main__ import FOLDER
from tests.scenarios.virtual_play import VirtualPlay

NAMES = sorted(file.stem for file in FOLDER.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_scenario_expects_comes_true(name: str, tmp_path: Path) -> None:
    assert VirtualPlay(read_scenario(FOLDER / f"{name}.toml"), tmp_path).run() == []
