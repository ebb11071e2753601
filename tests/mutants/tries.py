"""The core's tests, collected once, against one mutant after another.

Each mutant lives in a process of its own that is forked from the one that holds the collected tests: it puts
the changed function's code in the place of the right one and plays the tests that come to the changed
statement, those that noticed the most so far first, until one fails. Nothing is written or started anew.
"""

from __future__ import annotations

import gc
import mmap
import os
import resource
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from importlib import import_module
from itertools import accumulate
from math import inf
from pathlib import Path
from time import process_time
from types import FunctionType
from typing import Any

import coverage
import hypothesis
import pytest

from tests.mutants.changes import Mutant
from tests.support.sources import ROOT

LEFT_OUT = (
    "test_core_random_days.py",  # days of chance notice nearly everything and tell no rule from another
    "test_record.py::test_a_year_of_one_home_is_read_in_well_under_a_second",  # measures
    "test_refused_prescription.py::test_an_old_plan_goes_on_with_no_newer_card",
    "test_controlled.py::test_a_card_that_is_too_old_locks_it_and_nothing_else",
    "test_as_needed.py::test_random_days_keep_every_limit",
    "test_core_attacks_told.py::test_the_world_of_a_fortnight_is_no_larger_than_that_of_a_week",
    "test_leave.py::test_what_was_taken_along_stays_known_until_it_is_counted",
)
"""Tests of seconds: a mutant that survives is played through all that come to it."""

HANGS_SECONDS, HANGS_FACTOR = 2.0, 20
"""A test that takes so much more of the processor than it did goes round in circles: noticed."""

PATIENCE_SECONDS = 10.0
"""Of the tests that come to a mistake, the first look plays so many: what notices it does so early. Counted
in what each took while its lines were looked at, three times as long as without."""

MEMORY_BYTES = 2 * 1024**3
"""What grows without end is noticed too, before the machine notices it."""

SURVIVED, NOTICED, BROKEN = 0, 1, 3


@dataclass(frozen=True, slots=True)
class Tried:
    mutant: Mutant
    noticed: bool
    by: str = ""  # the test; of one that survived how many it was played through


Judge = Callable[[Callable[[Mutant], Tried]], None]
"""Is handed what tries one mutant, once the tests are collected, and does the rest."""


def with_tests(judge: Judge, selection: Sequence[str], *, patient: bool = False) -> None:
    """Collect them, play each once to see that it passes and what it comes to, and hand over to the judge.

    `patient`: play all that come to a mistake before it is said to survive. Hypothesis looks at few examples,
    always the same."""
    few = hypothesis.settings(derandomize=True, database=None, deadline=None, max_examples=20)
    hypothesis.settings.register_profile("mutants", few)
    hypothesis.settings.load_profile("mutants")
    trier = _Trier(judge, patient)
    left_out = [f"--deselect=tests/scheduler/{name}" for name in LEFT_OUT]
    options = ["--assert=plain", "-s", "-o", "timeout=0", "-qq", "--no-header", *left_out]
    code = pytest.main([*options, *selection], plugins=[trier])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"pytest ended with {code}")


class _Trier:
    """A plugin: what pytest would play, it plays as often as there are mutants."""

    def __init__(self, judge: Judge, patient: bool) -> None:
        self._judge = judge
        self._patience_seconds = inf if patient else PATIENCE_SECONDS
        self._items: Sequence[pytest.Item] = ()
        self._seconds: list[float] = []
        self._come_to: dict[str, dict[int, list[int]]] = {}  # module -> line -> the tests that come there
        self._noticed_by: Counter[int] = Counter()
        self._now = mmap.mmap(-1, 4)  # shared with the child: which test it plays
        self._failed: Callable[[pytest.Item, pytest.CallInfo[None]], None] = _tell
        self._caches: Sequence[Any] = ()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if not session.testsfailed:
            self._items = session.items
            self._look()
            self._caches = [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)]
            gc.freeze()
            self._judge(self._try)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Before a report is written of it, which takes longer than most tests."""
        if call.excinfo is not None:
            self._failed(item, call)

    def _look(self) -> None:
        """Play every test as it is, and see which lines it comes to. One after the other in this process, so
        that what is only done once, like an import, is done."""
        lines = coverage.Coverage(data_file=None, include=[str(ROOT / "scheduler" / "*.py")])
        lines.start()
        for number, item in enumerate(self._items):
            lines.switch_context(str(number))
            began = process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=self._after(number))
            self._seconds.append(process_time() - began)
        lines.stop()
        data = lines.get_data()
        for path in data.measured_files():
            by_line = data.contexts_by_lineno(path)
            self._come_to[Path(path).stem] = {
                line: [int(number) for number in numbers if number] for line, numbers in by_line.items()
            }

    def _after(self, number: int) -> pytest.Item | None:
        return self._items[number + 1] if number + 1 < len(self._items) else None

    def _try(self, mutant: Mutant) -> Tried:
        chosen = self._chosen(mutant)
        if not chosen:
            return Tried(mutant, noticed=False, by="no test")
        child = os.fork()
        if not child:
            self._be(mutant, chosen)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == BROKEN:
            raise SystemExit(f"{mutant} could not be tried")
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == SURVIVED:
            return Tried(mutant, noticed=False, by=f"{len(chosen)} tests")
        number = int.from_bytes(self._now[:4], "big")
        self._noticed_by[number] += 1
        return Tried(mutant, noticed=True, by=self._items[number].nodeid)

    def _chosen(self, mutant: Mutant) -> list[int]:
        """Those that noticed the most first, then the quick ones."""
        here = self._come_to.get(mutant.module, {})
        come = {number for line in mutant.lines for number in here.get(line, ())}
        order = sorted(come, key=lambda number: (-self._noticed_by[number], self._seconds[number], number))
        spent = accumulate(self._seconds[number] for number in order)
        return [
            number for number, seconds in zip(order, spent, strict=True) if seconds <= self._patience_seconds
        ]

    def _be(self, mutant: Mutant, chosen: Sequence[int]) -> None:
        """The child: never returns."""
        code = BROKEN
        try:
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
            self._failed = _noticed
            _put_in_place(mutant)
            for cache in self._caches:
                cache.cache_clear()
            for number, after in zip(chosen, [*chosen[1:], None], strict=True):
                self._now[:4] = number.to_bytes(4, "big")
                signal.setitimer(signal.ITIMER_PROF, HANGS_SECONDS + HANGS_FACTOR * self._seconds[number])
                item = self._items[number]
                item._initrequest()  # type: ignore[attr-defined] # as what repeats failed tests does
                next_one = None if after is None else self._items[after]
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=next_one)
            code = SURVIVED
        finally:
            os._exit(code)


def _tell(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    assert call.excinfo is not None
    pytest.exit(f"{item.nodeid} fails without any mistake: {call.excinfo.exconly()}", returncode=1)


def _noticed(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    os._exit(NOTICED)


def _put_in_place(mutant: Mutant) -> None:
    """Into the function itself, so that whoever has got hold of it has the changed one."""
    module = import_module(f"scheduler.{mutant.module}")
    names = dict(vars(module))
    exec(compile(mutant.source, str(module.__file__), "exec", annotations.compiler_flag), names)  # noqa: S102
    changed, right = _function(names, mutant.function), _function(vars(module), mutant.function)
    right.__code__ = changed.__code__
    right.__defaults__ = changed.__defaults__
    right.__kwdefaults__ = changed.__kwdefaults__


def _function(names: Mapping[str, Any], name: str) -> FunctionType:
    owner, _, last = name.rpartition(".")
    found = vars(names[owner])[last] if owner else names[last]
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        found = found.fget if isinstance(found, property) else found.__wrapped__
    return found
