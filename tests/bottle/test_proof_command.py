"""`make proof`: what it counts, how it tells a violation, and the command that plays that history again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.bottle import proof
from tests.bottle.bottle import FIRST_DAYS, Bottle
from tests.bottle.proof import main, progress
from tests.bottle.recipe import Recipe
from tests.bottle.tally import Tally, calendar, play
from tests.support import results


def ending_in(end: Exception | None) -> Callable[[Bottle], None]:
    """A history that is over at once."""

    def run(bottle: Bottle) -> None:
        bottle.box.bury()
        if end is not None:
            raise end

    return run


def test_every_violation_has_the_command_that_plays_it_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Bottle, "run", ending_in(AssertionError("S1: twice")))
    kept = tmp_path / "new" / "proof.json"
    given = ["--days", "4", "--severity", "rough", "--slot-chance", "0.7"]
    assert main(["--seed", "8", "--seeds", "2", *given, "--result", str(kept)]) == 1
    again = "make proof SEED=9 DAYS=4 SEVERITY=rough SLOT_CHANCE=0.7 TRACE=1"
    told = json.loads(kept.read_text())
    assert told["violations"][1] == {"seed": 9, "said": "S1: twice", "again": again, "same_alone": True}
    assert told["again"] == "make proof SEEDS=2 SEED=8 DAYS=4 SEVERITY=rough SLOT_CHANCE=0.7"
    out = capsys.readouterr().out
    assert "violations: 2" in out and again in out and "NOT THE SAME" not in out


def test_a_history_that_falls_over_is_a_violation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Bottle, "run", ending_in(KeyError("x")))
    assert main(["--seeds", "1"]) == 1
    assert "KeyError in run" in capsys.readouterr().out


def test_without_a_violation_it_succeeds_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Bottle, "run", ending_in(None))
    assert main(["--seeds", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["violations"] == [] and told["seeds"] == {"first": 1, "asked": 3, "played": 3}


@pytest.mark.parametrize(("violations", "code"), [([], 130), ([(4, "S1: twice")], 1)])
def test_interrupted_it_tells_what_was_played_and_no_more(
    violations: list[tuple[int, str]],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*_: Any) -> Iterator[Tally]:
        yield Tally(histories=5, days=70, violations=violations)
        raise KeyboardInterrupt

    monkeypatch.setattr(proof, "run", run)
    assert main(["--seeds", "9"]) == code
    assert "5 of 9 played, interrupted" in capsys.readouterr().out


def killed_after(seeds: set[int], play_one: Callable[..., Tally]) -> Callable[..., Iterator[Tally]]:
    def each_done(_: Any, recipes: list[Recipe], __: int) -> Iterator[Tally]:
        for recipe in recipes:
            if recipe.seed not in seeds:
                raise KeyboardInterrupt
            yield play_one(recipe)

    return each_done


def test_a_run_that_was_interrupted_goes_on_and_comes_to_what_an_undisturbed_one_comes_to(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--seeds", "3", "--days", "1"]
    assert main([*command, "--result", str(tmp_path / "whole.json")]) == 0
    kept = tmp_path / "parts.json"
    with monkeypatch.context() as patch:
        patch.setattr(proof, "each_done", killed_after({1, 2}, play))
        assert main([*command, "--result", str(kept)]) == 130
    assert json.loads(kept.read_text())["seeds"]["played"] == 2
    assert main([*command, "--result", str(kept)]) == 0
    assert "going on after 2 histories" in capsys.readouterr().err
    whole, parts = (json.loads(path.read_text()) for path in (tmp_path / "whole.json", kept))
    told_by_a_clock = {"made", "seconds", "cpu_s", "crashes_per_cpu_s"}
    assert {k: v for k, v in parts.items() if k not in told_by_a_clock} == {
        k: v for k, v in whole.items() if k not in told_by_a_clock
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parts.json", "whole.json"]


@pytest.mark.parametrize("other", ["days", "commit", "broken"])
def test_what_was_interrupted_is_no_part_of_other_histories_or_another_version(
    other: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Bottle, "run", ending_in(None))
    kept = tmp_path / "proof.json"
    with monkeypatch.context() as patch:
        patch.setattr(proof, "each_done", killed_after({1}, play))
        assert main(["--seeds", "2", "--result", str(kept)]) == 130
    days = "9" if other == "days" else "14"
    if other == "commit":
        monkeypatch.setattr(results, "AT_START", "another")
    if other == "broken":
        (tmp_path / "proof.json.unfinished").write_text("{")
    assert main(["--seeds", "2", "--days", days, "--result", str(kept)]) == 0
    assert "put aside as proof.json.unfinished.aside" in capsys.readouterr().err
    assert json.loads(kept.read_text())["days"] == 2 * int(days)
    assert (tmp_path / "proof.json.unfinished.aside").exists()


def test_the_first_days_reach_every_kind_of_day() -> None:
    kinds = {kind for first in FIRST_DAYS for kind in calendar(first, proof.DAYS)}
    assert kinds == {"summer time begins", "summer time ends", "a year ends", "a leap day", "none of these"}


def test_a_history_that_ends_before_the_special_day_does_not_count() -> None:
    assert calendar(date(2026, 10, 20), 4) == {"none of these"}
    assert calendar(date(2026, 10, 20), 6) == {"summer time ends"}


def test_progress_says_how_far_how_fast_and_how_long_still() -> None:
    assert progress(50, 200, 25.0) == "50 of 200 histories, 2.0 a second, 1 min 15 s left"
