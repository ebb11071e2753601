"""What the bench expands is a resident's year, and both calendars have it; what it refuses is refused."""

from __future__ import annotations

import pytest

from dispenserd.fagsystem.read_dosage import read_dosage
from scheduler.expand import DayClock
from scheduler.occurrences import occurrences
from tests.bench.dosage import CLOCK_TIMES, FIRST, LAST, by_dateutil, hostile_papers, resident_year
from tests.support.dosage_papers import LOCAL


def test_the_year_has_the_same_instants_in_both_calendars() -> None:
    found = occurrences(resident_year(), FIRST, LAST, DayClock(1, CLOCK_TIMES), LOCAL)
    assert [one.at for one in found] == by_dateutil()
    assert len(found) == 4 * 365 + 53 + 13 * 21 + 1


@pytest.mark.parametrize("name", hostile_papers())
def test_a_hostile_paper_is_refused(name: str) -> None:
    read = read_dosage(hostile_papers()[name], LOCAL)
    assert read.every_refusal
    assert read.dosage.periods == ()
