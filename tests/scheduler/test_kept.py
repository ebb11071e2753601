"""An answer is kept for the very same records, and never given for others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scheduler.at_robots import by_robot, in_doubt
from scheduler.dose import Stage
from scheduler.kept import kept
from tests.support.pure_home import ROBOT, PureHome, utc


def test_asked_once_of_the_same_records_and_again_of_equal_ones() -> None:
    asked: list[Mapping[str, int]] = []

    @kept(2)
    def total(amounts: Mapping[str, int], factor: int) -> int:
        asked.append(amounts)
        return sum(amounts.values()) * factor

    one, like_it = {"a": 1}, {"a": 1}
    assert [total(one, 3), total(one, 3)] == [3, 3]
    assert len(asked) == 1
    assert total(like_it, 3) == 3
    assert len(asked) == 2


def test_records_that_are_gone_lend_their_identity_to_nobody() -> None:
    """CPython gives the memory of a dead object to the next one: whoever is remembered must be alive."""

    @kept(3)
    def first(amounts: list[int]) -> int:
        return amounts[0]

    assert [first([number]) for number in range(200)] == list(range(200))


def test_what_a_robot_has_follows_the_world(home: PureHome) -> None:
    home.until_at(utc("08:01"))
    world, setting = home.world, home.setting
    assert list(by_robot(world.doses, setting)[ROBOT]) == list(world.doses.values())
    assert not in_doubt(world.doses, setting)
    key, dose = next(iter(world.doses.items()))
    doubted = {**world.doses, key: replace(dose, stage=Stage.DOUBT, robot=ROBOT)}
    assert in_doubt(doubted, setting) == {ROBOT}
    assert not in_doubt(world.doses, setting)
