"""What `make mutants` tries, what it makes of a result, who fails it, and what an explanation is worth."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.__main__ import (
    EXPLAINED,
    MOST_DANGEROUS,
    choose,
    explained,
    judge,
    options,
    to_look_at,
    told,
)
from tests.mutants.changes import Mutant, mutants, source_of
from tests.mutants.run import Looked, Survivor, drawn, look, modules, read, share, source_hash, wanted, write
from tests.mutants.tries import LEFT_OUT, Tried
from tests.mutants.types import noticed_by_types
from tests.support.sources import ROOT

LESS = Survivor("opens", "- if now < at: + if now <= at:")
WHY = {("gate", LESS.function, LESS.change): "no instant is between them"}

CODE = """
def opens(now, at):
    assert now, "told to nobody"
    return (
        now < at
    )

class Window:
    @property
    def wide(self):
        return not self.narrow
"""


def looked(tried: int, *survived: Survivor, module: str = "gate", there: int = 0) -> dict[str, Looked]:
    noticed = tuple(str(number) for number in range(tried - len(survived)))
    return {module: Looked(module, "hash", there or tried, noticed, survived)}


def test_each_mutant_is_told_as_its_lines_and_is_the_whole_function() -> None:
    found = mutants("gate", CODE)
    assert [(one.function, one.change, one.lines) for one in found] == [
        ("opens", "- now < at + now <= at", frozenset({4, 5, 6})),
        ("Window.wide", "- return not self.narrow + return self.narrow", frozenset({11})),
    ]
    assert found[1].source.startswith("class Window:\n    def wide(self):")
    moved = mutants("gate", "\n\n" + CODE)
    assert [one.key for one in moved] == [one.key for one in found], "the same wherever it stands"


def test_a_draw_is_the_same_whenever_it_is_made_and_another_is_another() -> None:
    one = mutants("gate", CODE)[0]
    there = [replace(one, key=str(number)) for number in range(500)]
    assert drawn(there, 1) == drawn(list(reversed(there)), 1) != drawn(there, 2)
    assert len(drawn(there, 1)) == 60


def test_a_look_at_survivors_leaves_alone_what_nobody_has_looked_at(tmp_path: Path) -> None:
    known = {
        "gate": Looked("gate", source_hash("gate"), 1, (), (LESS,)),
        "dose": Looked("dose", "old", 1, (), ()),
    }
    result = tmp_path / "result.json"
    write(result, known)
    assert set(choose(options(["--survivors"]), result)) == {"gate"}
    every = to_look_at(options([]), read(result))
    assert every == {**dict.fromkeys(modules()), "gate": known["gate"]}
    assert to_look_at(options(["gate"]), read(result)) == {"gate": None}, "named, it is tried anew"


def test_what_is_known_is_not_tried_again_and_survivors_are_when_asked() -> None:
    tries: list[Mutant] = []

    def attempt(mutant: Mutant) -> Tried:
        tries.append(mutant)
        return Tried(mutant, noticed=len(tries) % 2 == 0)

    def again(known: Looked | None, survivors: bool, typed: int = 0) -> Looked:
        tries.clear()
        chosen = wanted("timing", known, survivors=survivors, everyone=False, draw=1)
        by_types = [one.key for one in chosen[:typed]]
        return look("timing", known, chosen, by_types, attempt, lambda number, of, tried: None)

    first = again(None, survivors=False, typed=5)
    assert len(first.typed) == 5 and first.tried == len(tries) + 5 <= 60
    assert first.mutants >= first.tried
    assert again(first, survivors=False) == first and not tries
    second = again(first, survivors=True, typed=1)
    assert {one.key for one in first.survived} > {one.key for one in tries}
    assert second.tried == first.tried and len(second.survived) < len(first.survived)
    assert len(second.typed) == 6


def test_of_a_sample_the_least_is_below_what_it_looks_like_and_of_all_the_same() -> None:
    assert share(looked(100, LESS)) == (0.99, 0.99)
    mean, least = share(looked(100, LESS, there=1000))
    assert mean == 0.99 and 0.95 < least < 0.98
    assert share({}) == (0, 0)
    both = {**looked(10, there=10), **looked(10, *[LESS] * 10, module="window", there=90)}
    assert share(both)[0] == pytest.approx(0.1), "each module counts by what there is of it"


def test_an_unexplained_survivor_fails_it_however_many_are_noticed() -> None:
    verdict = judge(looked(1000, LESS), {})
    assert not verdict.good
    assert "unexplained: gate opens: - if now < at: + if now <= at:" in told(verdict)
    assert judge(looked(1000, LESS), WHY).good


def test_too_few_noticed_fails_it_however_well_each_is_explained() -> None:
    assert not judge(looked(6, LESS), WHY).good  # 83 %
    assert judge(looked(7, LESS), WHY).good  # 86 %
    assert not judge(looked(7, LESS, there=700), WHY).good, "86 % of so few is not sure to be 85 % of all"
    assert not judge({}, {}).good, "nothing was tried"


def test_an_explanation_of_what_is_noticed_by_now_fails_it_and_one_of_what_was_not_tried_waits() -> None:
    verdict = judge(looked(10), WHY)
    assert not verdict.good and told(verdict)[1].startswith("explains nothing: gate opens")
    assert judge(looked(10, module="window"), WHY).good
    assert not judge(looked(60, there=61), WHY).idle, "it may be the one that was not drawn"


def test_a_result_is_read_as_it_was_kept(tmp_path: Path) -> None:
    assert read(tmp_path / "none.json") == {}
    write(tmp_path / "r.json", looked(10, LESS))
    assert read(tmp_path / "r.json") == looked(10, LESS)


def test_each_module_named_and_each_explained_is_one_of_the_core() -> None:
    assert set(MOST_DANGEROUS) <= set(modules()) and len(set(MOST_DANGEROUS)) == len(MOST_DANGEROUS)
    why = explained(EXPLAINED)
    assert {module for module, _, _ in why} <= set(modules())
    assert all(reason.strip() and "\n" not in reason for reason in why.values())
    assert len(source_hash("gate")) == 16


def test_an_explanation_needs_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "e.toml"
    path.write_text('[[survivor]]\nmodule = "gate"\nfunction = "f"\nchange = "- a + b"\n')
    with pytest.raises(KeyError):
        explained(path)


def test_what_is_left_out_is_there() -> None:
    for name in LEFT_OUT:
        path, _, function = name.partition("::")
        assert f"def {function}" in (ROOT / "tests" / "scheduler" / path).read_text(), name


def test_what_no_longer_fits_its_types_is_noticed_and_what_does_is_not() -> None:
    """As `make lint` would, in the copies that mypy reads."""
    there = [one for one in mutants("timing", source_of("timing")) if one.function == "dates"]
    less = next(one for one in there if one.change.endswith("day.number - 2"))
    nothing = next(one for one in there if one.change.endswith("first = None"))
    assert noticed_by_types({"timing": [less.key, nothing.key]}) == {"timing": {nothing.key}}


TRIED = """
import inspect
from dataclasses import replace
from scheduler import timing
from tests.mutants.changes import mutants, source_of
from tests.mutants.tries import with_tests

def judge(attempt):
    changed = [one for one in mutants("timing", source_of("timing")) if one.function == "dates"]
    right = replace(changed[0], source=inspect.getsource(timing.dates))
    for mutant in (right, *changed, right):
        print("mutant", attempt(mutant).noticed)

with_tests(judge, ["tests/scheduler/test_timing.py"])
"""


def test_a_mistake_is_noticed_by_the_test_that_comes_to_it_and_is_gone_with_the_next() -> None:
    done = subprocess.run([sys.executable, "-c", TRIED], cwd=ROOT, capture_output=True, text=True, check=True)
    right, *changed, right_again = [
        line.partition("mutant ")[2] for line in done.stdout.splitlines() if "mutant " in line
    ]
    assert right == right_again == "False", "nothing was wrong with it"
    assert len(changed) > 10 and changed.count("True") > 0.8 * len(changed)
