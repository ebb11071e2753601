"""The judge of a move is believed because it tells each of these wrong runs, made of a right one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.stage.evidence import Evidence, Line
from simulator.stage.judge import judge_all
from simulator.stage.scenario import Scenario
from simulator.stage.scenario_file import read_scenario
from tests.scenarios.__main__ import FOLDER
from tests.scenarios.virtual_play import VirtualPlay

Seen = dict[str, Evidence]
HOUSE, HOME = "house", "home"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return read_scenario(FOLDER / "moving.toml")


@pytest.fixture(scope="module")
def right(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    play = VirtualPlay(scenario, tmp_path_factory.mktemp("moving"))
    assert play.run() == []
    return {box: home.evidence for box, home in play.homes.items()}


def body(evidence: Evidence, event: str) -> Line:
    return evidence.rows(event)[0]


def carried_otherwise(seen: Seen) -> None:
    body(seen[HOME], "ResidentMovedIn")["doses"][0]["outcome"]["outcome"] = "refused"


def taken_in_by_nobody(seen: Seen) -> None:
    seen[HOME].journal = [row for row in seen[HOME].journal if row["event"] != "ResidentMovedIn"]


def lifted_where_they_lived(seen: Seen) -> None:
    """The last sachet that was lifted there, an hour after they were let go."""
    moves = [line for line in seen[HOUSE].robot if line.get("to") in ("tray", "hands")]
    label = next(line["label"] for line in reversed(moves) if line["robot"] == "room")
    for line in moves:
        if line["label"] == label:
            line["at"] = "2026-11-03T11:00:00.000Z"


def lifted_too_early_where_they_will_live(seen: Seen) -> None:
    next(line for line in seen[HOME].robot if line.get("to") == "tray")["at"] = "2026-11-03T09:00:00.000Z"


def counted_all_but_one(seen: Seen) -> None:
    body(seen[HOME], "SachetsCounted")["labels"].pop()


def counted_twice(seen: Seen) -> None:
    labels = body(seen[HOME], "SachetsCounted")["labels"]
    labels.append(labels[0])


def still_shown(seen: Seen) -> None:
    karen = body(seen[HOUSE], "ResidentMovedOut")["resident"]
    dose = next(dose for dose in seen[HOME].doses if dose["dose"].startswith(karen))
    seen[HOUSE].doses.append(dose)


WRONG: tuple[tuple[Callable[[Seen], None], str], ...] = (
    (carried_otherwise, "Karen day1 morning: retrieved at the old home, carried to the new one as refused"),
    (taken_in_by_nobody, "moved out, and in nowhere"),
    (lifted_where_they_lived, "in reach at box-0001, whose it was not"),
    (lifted_too_early_where_they_will_live, "in reach at box-0002, whose it was not"),
    (counted_all_but_one, "of the old strip was counted 0 times"),
    (counted_twice, "of the old strip was counted 2 times"),
    (still_shown, "still shown at box-0001, which let go"),
)


@pytest.mark.parametrize(("wrong", "complaint"), WRONG, ids=lambda each: getattr(each, "__name__", ""))
def test_a_move_that_went_wrong_is_told(
    wrong: Callable[[Seen], None], complaint: str, scenario: Scenario, right: Seen, tmp_path: Path
) -> None:
    seen = copy.deepcopy(right)
    wrong(seen)
    told = judge_all(scenario, seen)
    assert any(complaint in each for each in told), told
