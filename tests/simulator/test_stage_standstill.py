"""A play on a machine that stood still says so, and only where something went wrong."""

from __future__ import annotations

import pytest

from simulator.stage.standstill import STOOD_STILL_S, TOO_SLOW, StandStill

WRONG = ["day1 noon: expected retrieved, found missed"]


@pytest.fixture
def stood() -> StandStill:
    """Three naps of 0.2 s; the second lasted 1.7 s."""
    watched = StandStill()
    for begin_s, end_s in ((0.0, 0.2), (0.2, 1.9), (1.9, 2.11)):
        watched.slept(0.2, begin_s, end_s)
    return watched


def test_the_longest_counts(stood: StandStill) -> None:
    assert stood.worst_s == pytest.approx(1.5)


def test_what_is_wrong_stays_wrong_behind_the_doubt(stood: StandStill) -> None:
    doubt, *rest = stood.explains(WRONG, 600)
    assert doubt.startswith(TOO_SLOW)
    assert "1.5 s, 15 min" in doubt
    assert rest == WRONG


def test_a_play_that_held_needs_no_excuse(stood: StandStill) -> None:
    assert stood.explains([], 600) == []


def test_a_machine_that_kept_up_is_no_excuse() -> None:
    kept_up = StandStill()
    kept_up.slept(0.0, 0.0, STOOD_STILL_S)
    assert kept_up.explains(WRONG, 600) == WRONG
