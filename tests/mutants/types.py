"""Mutants that `make lint` notices: what was changed no longer fits its types.

Each is written once more, under a name of its own, at the end of a copy of its module; one run of mypy reads
them all. Beside them stands each function as it is: where mypy finds fault with that, it says nothing of the
mutants.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutants.changes import mutants, source_of, unchanged
from tests.support.sources import ROOT

TREE = ROOT / "build" / "mutants" / "typed"

FAULT = re.compile(r"^scheduler/(\w+)\.py:(\d+): error:", re.MULTILINE)

OPTIONS = (
    "--strict",
    "--explicit-package-bases",
    "--enable-error-code=ignore-without-code",
    "--enable-error-code=truthy-bool",
    "--config-file=",
    "--no-pretty",
)
"""As pyproject.toml has them."""


@dataclass(slots=True)
class _Copy:
    """A module and what is written below it."""

    text: str
    owners: dict[int, str] = field(default_factory=dict)  # line -> key of the mutant, or name of the function

    def add(self, source: str, function: str, owner: str) -> None:
        number = len(self.owners)
        last = function.rpartition(".")[2]
        source = source.replace(f"def {last}(", f"def {last}__{number}(", 1)
        source = re.sub(r"^class (\w+):", rf"class \1__{number}(\1):", source)
        first = self.text.count("\n") + 1
        self.text += f"\n\n{source.rstrip()}\n"
        for line in range(first, self.text.count("\n") + 1):
            self.owners[line] = owner


def noticed_by_types(keys: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """Which of these mutants (module -> keys), of the modules as they are."""
    copies: dict[str, _Copy] = {}
    named: dict[str, str] = {}  # key -> function
    for module, wanted in keys.items():
        code, of_interest = source_of(module), set(wanted)
        chosen = [one for one in mutants(module, code) if one.key in of_interest]
        copies[module] = copy = _Copy(code)
        for function, source in unchanged(code).items():
            if any(one.function == function for one in chosen):
                copy.add(source, function, function)
        for one in chosen:
            copy.add(one.source, one.function, one.key)
            named[one.key] = one.function
    faults = _faults(copies)
    return {
        module: {
            key for key in faults.get(module, set()) if key in named and named[key] not in faults[module]
        }
        for module in keys
    }


def _faults(copies: Mapping[str, _Copy]) -> dict[str, set[str]]:
    """Module -> whose lines mypy finds fault with."""
    room = TREE / "scheduler"
    shutil.rmtree(room, ignore_errors=True)
    shutil.copytree(ROOT / "scheduler", room, ignore=shutil.ignore_patterns("__pycache__"))
    for module, copy in copies.items():
        (room / f"{module}.py").write_text(copy.text)
    found: dict[str, set[str]] = {}
    if not copies:
        return found
    for module, line in FAULT.findall(_mypy(TREE, [f"scheduler/{module}.py" for module in copies])):
        owner = copies[module].owners.get(int(line)) if module in copies else None
        if owner is None:
            raise SystemExit(f"mypy finds fault with scheduler/{module}.py as it is, line {line}")
        found.setdefault(module, set()).add(owner)
    return found


def _mypy(where: Path, what: Sequence[str]) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *OPTIONS, *what], cwd=where, capture_output=True, text=True
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"mypy could not read {where}: {done.stdout}{done.stderr}")
    return done.stdout
