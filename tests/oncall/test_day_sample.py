"""A small day of homes in virtual time, and whether its judge notices the bugs that are sown.

`make oncall-day` plays a large one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.oncall.day import caught_on, small_day
from tests.oncall.day_bugs import BUGS


@pytest.mark.parametrize("seed", [3, 4])
def test_every_deadline_of_a_small_day_is_kept_to_the_second(seed: int) -> None:
    verdict = small_day(seed)
    assert verdict.faults == []
    assert verdict.counts["kills"] > 3
    assert verdict.counts["steps: overdue"] > 20


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_the_judge_notices_a_sown_bug(bug: Callable[[], AbstractContextManager[object]]) -> None:
    assert caught_on(bug) is not None
