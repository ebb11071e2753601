"""docs/safety.md and the code agree: what is cited exists, what exists has a state, alarms have a row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

import pytest

from dispenserd.oncall import own
from scheduler.events import Kind
from tests.support.sources import texts

PAGE = "docs/safety.md"
SEEDS = "tests/house/test_house_safety_page.py"
"""This file, which cites nothing on purpose."""

RULES = range(1, 32)
INVARIANTS = range(1, 10)
POINTS = range(1, 13)
STATES = {"in force", "in part", "not yet"}

CITED_RULES = re.compile(r"\b[Rr]ules?\s+(\d+(?:\s*(?:,|and|to|-)\s*\d+)*)")
CITED_LETTERS = re.compile(r"(?<![\w/])(?<![A-Za-z]-)([SP])(\d{1,2})\b(?![\w.]*[=(])")


def page() -> str:
    return texts()[PAGE]


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(table: str) -> list[list[str]]:
    lines = [line.strip() for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def defined(text: str) -> set[str]:
    """Everything the page defines, as it is cited: `S1`, `rule 11`, `P4`."""
    return {
        *re.findall(r"^- \*\*(S\d)\b", text, re.MULTILINE),
        *(f"rule {n}" for n in re.findall(r"^\*\*Rule (\d+)\.\*\*", text, re.MULTILINE)),
        *re.findall(r"\*\*(P\d+)\*\*", text),
    }


def citations(text: str) -> set[str]:
    """Everything a file cites; a range such as `S1-S9` by its ends."""
    rules = {f"rule {n}" for group in CITED_RULES.findall(text) for n in re.findall(r"\d+", group)}
    return rules | {f"{letter}{number}" for letter, number in CITED_LETTERS.findall(text)}


def dangling(contents: Mapping[str, str], known: set[str]) -> list[str]:
    return [
        f"{path} cites {name}"
        for path, text in contents.items()
        if path.endswith((".py", ".md", ".toml", ".json")) and path != SEEDS
        for name in sorted(citations(text) - known)
    ]


def state_faults(text: str) -> list[str]:
    """Each number once, with a state we know, and with what is missing exactly where something is."""
    table = rows(section(text, "What is in force today"))
    wanted = [*(f"S{n}" for n in INVARIANTS), *(f"rule {n}" for n in RULES)]
    faults = (
        [] if [row[0] for row in table] == wanted else ["the numbers are not S1-S9 and rule 1-31 in order"]
    )
    for number, state, missing in table:
        if state not in STATES:
            faults.append(f"{number}: {state!r} is no state")
        if (state == "in force") != (not missing):
            faults.append(f"{number}: {state}, and missing is {missing!r}")
    return faults


def catalogue_names(text: str) -> set[str]:
    return {
        name for row in rows(section(text, "Alarm catalogue")) for name in re.findall(r"`(\w+)`", row[-1])
    }


def test_every_number_is_defined() -> None:
    assert defined(page()) == {
        *(f"S{n}" for n in INVARIANTS),
        *(f"rule {n}" for n in RULES),
        *(f"P{n}" for n in POINTS),
    }


def test_every_citation_exists() -> None:
    assert dangling(texts(), defined(page())) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("# rule 32: nothing", "rule 32"),
        ("# rules 1, 10 and 33", "rule 33"),
        ("# fenced (P13)", "P13"),
        ("# keeps S0", "S0"),
        ("# S1-S10", "S10"),
    ],
)
def test_it_catches_a_citation_of_nothing(text: str, name: str) -> None:
    assert dangling({"scheduler/decide.py": text}, defined(page())) == [f"scheduler/decide.py cites {name}"]


def test_every_number_has_a_state() -> None:
    assert state_faults(page()) == []


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        ("| S2 | in force | |", "| S2 | works | |"),
        ("| S2 | in force | |", "| S2 | in part | |"),
        ("| S2 | in force | |", "| S2 | in force | nothing |"),
        ("| S2 | in force | |\n", ""),
    ],
)
def test_it_catches_a_state_that_says_nothing(row: str, changed: str) -> None:
    assert row in page()
    assert state_faults(page().replace(row, changed))


def test_every_kind_of_incident_stands_in_the_catalogue() -> None:
    assert catalogue_names(page()) == {kind.value for kind in Kind} | set(get_args(own.Kind))


def test_it_catches_a_kind_that_the_catalogue_lost() -> None:
    assert "roll_empty" not in catalogue_names(page().replace("`roll_empty`", "-"))
