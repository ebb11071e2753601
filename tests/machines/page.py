"""docs/machines.md from the tables themselves: a diagram and every cell of each machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from scheduler.dose import DECISIONS, TABLE, Stage, Trigger
from scheduler.table import Table
from scheduler.transitions import MACHINES
from tests.support.sources import ROOT

PAGE = ROOT / "docs" / "machines.md"

HEAD = """\
# State machines

Drawn by `make machines` from the tables that the core runs on: `scheduler/dose.py`,
`scheduler/machines_of_dose.py`, `scheduler/machines_of_home.py`, `scheduler/machines_of_custody.py`.
`tests/scheduler/test_machines.py` asserts every cell against an expectation written by hand.

A cell is the state that follows, `=` the same one, empty a refusal. What the world tells us (a record, a
receipt) has a cell in every state. What the home or a person's accepted word does is our own mistake where it
has none: the dose's machine raises, the others are asked by `scheduler/invariants.py` before each commit, and
the process ends with nothing done.
"""

DOSE_ABOUT = (
    "Where one dose's sachet is (rules 6 and 16). *back* is where the order left from; a fact that can't be\n"
    "true where we thought the sachet was leads to doubt. The diagram leaves these doubts out."
)


def page() -> str:
    parts = [HEAD, _dose(), *(_machine(table) for table in MACHINES)]
    return "\n".join(parts)


def _machine(table: Table[Any, Any]) -> str:
    cells = {(state.value, given.value): after.value for (state, given), after in table.cells.items()}
    moves = [(state, given, after) for (state, given), after in cells.items() if state != after]
    return _section(
        table.name,
        table.about,
        [s.value for s in table.states],
        [i.value for i in table.inputs],
        cells,
        moves,
    )


def _dose() -> str:
    cells = {(stage.value, trigger.value): after.value for (stage, trigger), after in TABLE.items()}
    moves = [
        (stage, trigger, after) for (stage, trigger), after in cells.items() if after not in ("back", stage)
    ]
    doubts = {
        (stage.value, trigger.value): "doubt"
        for stage in Stage
        for trigger in Trigger
        if trigger not in DECISIONS and (stage.value, trigger.value) not in cells
    }
    states, inputs = [stage.value for stage in Stage], [trigger.value for trigger in Trigger]
    return _section("dose", DOSE_ABOUT, states, inputs, {**cells, **doubts}, moves)


def _section(
    name: str,
    about: str,
    states: Sequence[str],
    inputs: Sequence[str],
    cells: Mapping[tuple[str, str], str],
    moves: Iterable[tuple[str, str, str]],
) -> str:
    lines = [f"## {name[0].upper()}{name[1:]}", "", about, "", "```mermaid", "stateDiagram-v2"]
    lines += [f"    [*] --> {states[0]}"] + [
        f"    {state} --> {after}: {', '.join(given)}"
        for (state, after), given in _arrows(moves, states).items()
    ]
    lines += ["```", "", f"| | {' | '.join(states)} |", f"|---|{'---|' * len(states)}"]
    for given in inputs:
        row = [_cell(state, cells.get((state, given), "")) for state in states]
        lines.append(f"| {given} | {' | '.join(row)} |")
    return "\n".join([*lines, ""])


def _arrows(
    moves: Iterable[tuple[str, str, str]], states: Sequence[str]
) -> Mapping[tuple[str, str], Sequence[str]]:
    """(from, to) -> the inputs, one arrow each, in the order of the states."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, given, after in moves:
        arrows.setdefault((state, after), []).append(given)
    order = sorted(arrows, key=lambda arrow: (states.index(arrow[0]), states.index(arrow[1])))
    return {arrow: sorted(arrows[arrow]) for arrow in order}


def _cell(state: str, after: str) -> str:
    return "=" if after == state else after
