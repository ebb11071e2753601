"""A state machine as data: which input leads from which state to which.

Knows no events and no worlds. `machines` has the tables, `evolve` and its parts read them, `transitions`
says which of their inputs an event is, and docs/machines.md is drawn from them.

Two rules. What the world tells us, a record, a receipt, a press, has a cell in every state: facts are never
refused. What we or a person's accepted word do has a cell only where that is allowed; anywhere else it is our
own mistake, and `invariants` lets nothing of it be committed. A journal that holds one all the same, from a
version before the tables, replays: there the state stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
I = TypeVar("I", bound=StrEnum)  # noqa: E741 - states and inputs


@dataclass(frozen=True, slots=True)
class Table(Generic[S, I]):
    """`name` is what the machine is of, in the words of docs/safety.md; a missing cell is a refusal."""

    name: str
    about: str
    states: type[S]
    inputs: type[I]
    cells: Mapping[tuple[S, I], S]

    def after(self, state: S, given: I) -> S:
        """The next state; where the table refuses, the same one."""
        return self.cells.get((state, given), state)

    def refuses(self, state: S, given: I) -> bool:
        return (state, given) not in self.cells


@dataclass(frozen=True, slots=True)
class Step:
    """One input to one machine, in the state that it finds there."""

    table: Table[Any, Any]
    state: StrEnum
    given: StrEnum
    about: str = ""  # which of several machines that one event steps

    @property
    def refused(self) -> bool:
        return self.table.refuses(self.state, self.given)
