"""A hunt tells what was caught, by whom and how soon; what escaped, and what only fell over."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from unittest.mock import patch

import pytest

from tests.bottle import hunt
from tests.bottle.bottle import Bottle
from tests.bottle.bug import Bug
from tests.bottle.bugs import BUGS, planted
from tests.bottle.feeds_as_needed import BIAS as FEEDS_AS_NEEDED
from tests.bottle.hunt import CAUGHT, ESCAPED, OTHER, Found, document, hunted, table
from tests.bottle.sabotage import Plant
from tests.bottle.tally import play

OPTIONS = argparse.Namespace(seeds=3)
NO_BUG: Plant = lambda _: None  # noqa: E731


def ends_in(*ends: Exception | None) -> Plant:
    """One history after the other is over at once, and ends so."""
    coming: Iterator[Exception | None] = iter(ends)

    def run(bottle: Bottle) -> None:
        bottle.box.bury()
        end = next(coming)
        if end is not None:
            raise end

    def plant(stack: ExitStack) -> None:
        stack.enter_context(patch.object(Bottle, "run", run))

    return plant


def test_a_bug_is_caught_at_the_seed_at_which_its_witness_speaks() -> None:
    found = hunted(Bug("b", ("S1",), ends_in(None, AssertionError("S1: twice\nmore"))), 3)
    assert (found.verdict, found.seeds, found.said) == (CAUGHT, 2, "S1: twice")


def test_a_bug_that_nobody_speaks_of_has_escaped() -> None:
    found = hunted(Bug("b", ("S1",), ends_in(None, None, None)), 3)
    assert (found.verdict, found.seeds, found.said) == (ESCAPED, 3, "")


def test_another_witness_than_the_named_ones_does_not_count() -> None:
    assert hunted(Bug("b", ("S1", "P1"), ends_in(AssertionError("S4: x"))), 3).verdict == OTHER


def test_a_history_that_falls_over_is_told_by_the_name_of_its_error() -> None:
    found = hunted(Bug("b", ("KeyError",), ends_in(KeyError("x"))), 3)
    assert (found.verdict, found.said.split(":")[0]) == (CAUGHT, "KeyError in run")


def test_a_bug_is_gone_after_its_history() -> None:
    run = Bottle.run
    with planted(Bug("b", ("S1",), ends_in(None))):
        assert Bottle.run is not run
    assert Bottle.run is run


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_what_a_bug_takes_out_is_there(bug: Bug) -> None:
    with planted(bug):
        pass


def test_the_table_names_every_bug_in_the_order_of_the_list() -> None:
    bugs = [Bug(name, ("S1",), NO_BUG) for name in ("first", "second", "third")]
    found = [Found("third", 3, "", ESCAPED, 2.0), Found("first", 2, "S1: twice", CAUGHT, 1.0)]
    told = document(bugs, found, (3, [(2, "S4: dirty")]), OPTIONS, 9.0, interrupted=True)
    assert [row["verdict"] for row in told["bugs"]] == [CAUGHT, "not hunted", ESCAPED]
    lines = table(told)
    assert "1 caught, 1 escaped" in lines and "1 not hunted" in lines
    assert "1 to 3: 1 violations" in lines and "seed 2: S4: dirty" in lines


@pytest.mark.parametrize(
    ("ends", "bare", "code"),
    [
        ([AssertionError("S1: x")], [None], 0),
        ([AssertionError("S1: x")], [AssertionError("S1: x")], 1),
        ([None, None], [None, None], 1),
        ([AssertionError("S2: x")], [None], 1),
    ],
)
def test_only_a_catch_on_clean_seeds_is_a_success(
    ends: list[Exception | None],
    bare: list[Exception | None],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(hunt, "BUGS", [Bug("b", ("S1",), ends_in(*ends))])
    with ExitStack() as stack:
        ends_in(*bare)(stack)
        assert hunt.main(["--seeds", "2", "--jobs", "1"]) == code
    assert "b " in capsys.readouterr().out


def test_the_seeds_of_a_hunt_are_clean_without_a_bug() -> None:
    assert play(hunt.recipe(1)).violations == []


def test_two_sachets_as_needed_leave_the_strip_in_the_hunt_that_asks_for_it() -> None:
    tally = play(hunt.recipe(8, FEEDS_AS_NEEDED))
    assert tally.violations == []
    assert tally.troubles["two sachets as needed leave the strip at once"] > 0
