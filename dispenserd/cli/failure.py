"""How a command ends: the exit codes, and the one error all commands raise.

Every error says what happened, what it means and what to do next. The codes are a contract with scripts,
the simulator's stage and CI.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple, Self

from dispenserd.explained import Explained, ExplainedWithCode
from scheduler.invariants import InvariantBroken


class Exit(IntEnum):
    DONE = 0
    CHECKED_AND_FALSE = 1
    USAGE = 2
    CONFIGURATION = 3
    NOT_REACHABLE = 4
    STORE = 5
    REFUSED = 6
    INTERRUPTED = 130


EPILOG = (
    "Exit codes: 0 done, 1 checked and false, 2 usage, 3 configuration, 4 daemon not reachable, "
    "5 store or key, 6 refused for safety, 130 interrupted."
)


class Sentences(NamedTuple):
    what: str
    meaning: str
    next_step: str


class Failure(ExplainedWithCode):
    """A command that ends without having done what was asked; `code` is a word for scripts.

    Scripts read the English sentences; people read `danish` where there are any.
    """

    def __init__(self, exit_code: Exit, code: str, what: str, meaning: str, next_step: str) -> None:
        super().__init__(code, what, meaning, next_step)
        self.exit_code = exit_code
        self.danish: Sentences | None = None

    def in_danish(self, what: str, meaning: str, next_step: str) -> Self:
        self.danish = Sentences(what, meaning, next_step)
        return self


def failed(exit_code: Exit, code: str, error: Explained | InvariantBroken) -> Failure:
    """A room's error as the end of a command."""
    return Failure(exit_code, code, error.what, error.meaning, error.next_step)


def usage(what: str, next_step: str) -> Failure:
    return Failure(
        Exit.USAGE, "usage", what, "Nothing was asked of the home, nothing was changed.", next_step
    )
