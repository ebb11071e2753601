"""One module of the core, mutated: which of its mutants do the core's tests not notice?

mutmut changes one expression at a time in a copy of the module and runs the tests that come through the
changed function. A tree of its own for each module: where everything is mutated at once, every call of the
core goes through mutmut's switch, and a test of a fortnight takes minutes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.support.sources import ROOT

TREES = ROOT / "build" / "mutants"

COPIED = ("scheduler", "tests/scheduler", "tests/support", "tests/conftest.py", "config", "docs")

TOO_SLOW = (
    "test_core_random_days.py",  # by chance: not every run would kill the same
    "test_record.py::test_a_year_of_one_home_is_read_in_well_under_a_second",  # measures
    "test_refused_prescription.py::test_an_old_plan_goes_on_with_no_newer_card",
    "test_controlled.py::test_a_card_that_is_too_old_locks_it_and_nothing_else",
    "test_as_needed.py::test_random_days_keep_every_limit",
    "test_core_attacks_told.py::test_the_world_of_a_fortnight_is_no_larger_than_that_of_a_week",
)
"""Tests of seconds: a mutant that survives is played through all that reach it."""

SURVIVED, NO_TESTS = 0, 33
"""mutmut's codes for mutants that nobody noticed; any other is a test that failed, or one that hung."""

PREAMBLE = """
[tool.mutmut]
source_paths = ["scheduler"]
only_mutate = ["scheduler/{module}.py"]
also_copy = ["config", "docs"]
pytest_add_cli_args_test_selection = {tests}
timeout_constant = 10.0
track_dependencies = false
use_git_change_detection = false
"""

CHANGES = """
import json, sys
from mutmut.mutation.diff_apply import get_diff_for_mutant
print(json.dumps({name: get_diff_for_mutant(name) for name in json.load(sys.stdin)}))
"""


@dataclass(frozen=True, slots=True)
class Survivor:
    function: str
    change: str  # "- old line + new line", as one line


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one module; `source` is what it was, as a hash."""

    module: str
    source: str
    mutants: int
    survived: tuple[Survivor, ...]

    @property
    def killed(self) -> int:
        return self.mutants - len(self.survived)


def modules() -> list[str]:
    """What is mutated: every module of the core that does anything."""
    return sorted(path.stem for path in (ROOT / "scheduler").glob("*.py") if path.stem != "__init__")


def source_hash(module: str) -> str:
    return hashlib.sha256((ROOT / "scheduler" / f"{module}.py").read_bytes()).hexdigest()[:16]


def mutate(module: str, *, only: bool) -> Looked:
    """Run every mutant of it; `only`: those that survived the last time or were not tried, against the tests
    of today. A module that has changed since begins anew."""
    tree = TREES / module
    again = only and _tried(tree, module)
    names = _survivors(tree, module) if again else []
    _lay_out(tree, module, keep=again)
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "1", *names]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    log = tree / "mutmut.log"
    with log.open("w") as out:
        done = subprocess.run(command, cwd=tree, env=environment, stdout=out, stderr=subprocess.STDOUT)
    if done.returncode or not (tree / "mutants" / "scheduler" / f"{module}.py.meta").is_file():
        raise SystemExit(f"mutmut could not try {module}: see {log.relative_to(ROOT)}")
    survived = _survivors(tree, module)
    return Looked(module, source_hash(module), len(_codes(tree, module)), tuple(_changes(tree, survived)))


def read(path: Path) -> dict[str, Looked]:
    if not path.is_file():
        return {}
    rows = json.loads(path.read_text())
    return {
        row["module"]: Looked(**{**row, "survived": tuple(Survivor(**each) for each in row["survived"])})
        for row in rows
    }


def write(path: Path, found: Mapping[str, Looked]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(found[module]) for module in sorted(found)], indent=1) + "\n")


def _tried(tree: Path, module: str) -> bool:
    """Whether a run has begun in this tree, of the module as it is now."""
    name = f"{module}.py"
    there = tree / "scheduler" / name
    begun = (tree / "mutants" / "scheduler" / f"{name}.meta").is_file()
    return begun and there.read_bytes() == (ROOT / "scheduler" / name).read_bytes()


def _lay_out(tree: Path, module: str, *, keep: bool) -> None:
    if not keep:
        shutil.rmtree(tree, ignore_errors=True)
    for name in COPIED:
        source, target = ROOT / name, tree / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    slow = [f"--deselect=tests/scheduler/{name}" for name in TOO_SLOW if "::" in name]
    slow += [f"--ignore=tests/scheduler/{name}" for name in TOO_SLOW if "::" not in name]
    settings = PREAMBLE.format(module=module, tests=json.dumps(["tests/scheduler", *slow]))
    (tree / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text() + settings)


def _codes(tree: Path, module: str) -> Mapping[str, int | None]:
    """Mutant -> the exit code of its tests. One without was not tried: the run was cut short."""
    meta = json.loads((tree / "mutants" / "scheduler" / f"{module}.py.meta").read_text())
    codes: Mapping[str, int | None] = meta["exit_code_by_key"]
    return codes


def _survivors(tree: Path, module: str) -> list[str]:
    codes = _codes(tree, module)
    return [name for name, code in codes.items() if code is None or code in (SURVIVED, NO_TESTS)]


def _changes(tree: Path, names: list[str]) -> Iterator[Survivor]:
    told = subprocess.run(
        [sys.executable, "-c", CHANGES],
        cwd=tree,
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=True,
    )
    for name, diff in json.loads(told.stdout).items():
        lines = [line for line in diff.splitlines()[2:] if line[:1] in "+-"]
        change = " ".join(f"{line[0]} {line[1:].strip()}" for line in lines)
        yield Survivor(name.rpartition(".")[2].rpartition("__mutmut_")[0].removeprefix("x_"), change)
