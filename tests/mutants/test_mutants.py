"""What `make mutants` makes of a result: who fails it, and what an explanation is worth."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutants.__main__ import EXPLAINED, MOST_DANGEROUS, explained, judge, told
from tests.mutants.run import Looked, Survivor, modules, read, source_hash, write

LESS = Survivor("opens", "- if now < at: + if now <= at:")
WHY = {("gate", LESS.function, LESS.change): "no instant is between them"}


def looked(mutants: int, *survived: Survivor, module: str = "gate") -> dict[str, Looked]:
    return {module: Looked(module, "hash", mutants, survived)}


def test_an_unexplained_survivor_fails_it_however_many_are_killed() -> None:
    verdict = judge(looked(1000, LESS), {})
    assert not verdict.good
    assert "unexplained: gate opens: - if now < at: + if now <= at:" in told(verdict)
    assert judge(looked(1000, LESS), WHY).good


def test_too_few_killed_fails_it_however_well_each_is_explained() -> None:
    assert not judge(looked(6, LESS), WHY).good  # 83 %
    assert judge(looked(7, LESS), WHY).good  # 86 %
    assert not judge({}, {}).good, "nothing was tried"


def test_an_explanation_of_what_is_killed_by_now_fails_it_and_one_of_another_module_waits() -> None:
    verdict = judge(looked(10), WHY)
    assert not verdict.good and told(verdict)[1].startswith("explains nothing: gate opens")
    assert judge(looked(10, module="window"), WHY).good


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
