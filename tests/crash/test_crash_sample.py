"""A small campaign on every run: a real home, killed at the points that its seed meets and at random."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispenserd.clock import RATE_MAX
from dispenserd.probe import Point
from tests.crash.campaign import Campaign

KILLS = 14
SEED = 4
NAMED_MIN = 5
"""Every second kill waits for a point; a loaded machine may find none of some in time."""


@pytest.mark.story
@pytest.mark.timeout(300)
async def test_a_home_killed_again_and_again_doubles_loses_and_misses_nothing(tmp_path: Path) -> None:
    campaign = Campaign(tmp_path, SEED, RATE_MAX, lambda text: None)
    tally = await campaign.run(KILLS)
    assert tally.violations == []
    assert sum(tally.kills.values()) == KILLS
    assert sum(tally.kills[point] for point in Point) >= NAMED_MIN, tally.kills
    assert tally.rests == 1
    assert campaign.evidence is not None and campaign.evidence.trace, "nothing was ever released"
