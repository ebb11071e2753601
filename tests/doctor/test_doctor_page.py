"""docs/doctor.md and the code have the same checks, in the same order."""

from __future__ import annotations

import re
from pathlib import Path

from dispenserd.doctor.checks import CHECKS, TEST_ALARM

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "doctor.md").read_text()
ROW = re.compile(r"^\| `([a-z_]+)` \|(.+)\|$", re.MULTILINE)
CELLS = 4
"""What it looks at, when it is a warning, when it is wrong, what to do; a dash says never."""


def rows(page: str) -> list[tuple[str, str]]:
    """Name and the rest, of the table of checks."""
    return ROW.findall(page.partition("## What is checked")[2])


def listed(page: str) -> list[str]:
    return [name for name, _ in rows(page)]


def test_the_page_lists_every_check_in_its_order() -> None:
    assert listed(PAGE) == [check.name for check in (*CHECKS, TEST_ALARM)]


def test_every_row_says_when_it_is_wrong_and_what_to_do() -> None:
    for name, cells in rows(PAGE):
        told = [cell.strip() for cell in cells.split("|")]
        assert len(told) == CELLS, name
        assert all(told), name


def test_it_notices_a_check_that_nobody_described() -> None:
    assert listed(PAGE.replace("| `roll` |", "| roll |")) != [check.name for check in (*CHECKS, TEST_ALARM)]
