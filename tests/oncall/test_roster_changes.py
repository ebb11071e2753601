"""What becomes of escalations under way when the roster is another one."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path

import pytest

from dispenserd.clock import RatedClock, SystemClock
from dispenserd.oncall.notifier import Notifier
from dispenserd.oncall.roster import Deadlines, Person, Roster
from tests.support.loops import beside
from tests.support.paper_home import NOON, at, eventually
from tests.support.watched_office import ANNA, BO, IDA, MERETE, ROSTER, A, Office

OLE = Person("Ole Prøve", "en", ("json://127.0.0.1:9/",))


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Anna was told, and then Bo; it is high and Ida's turn at 40."""
    office = Office(tmp_path / "o.db")
    office.heartbeat(100_000)
    office.incident()
    for minute in (0, 30):
        office.look(minute)
        office.result(minute, reached=True)
    return office


def names(office: Office) -> list[tuple[str, float]]:
    return [(person, due) for _, person, _, due in office.told()]


BEFORE = [(ANNA.name, 0), (BO.name, 30)]


def test_whoever_was_told_stays_told_and_the_deadline_stays(office: Office) -> None:
    office.watch.roster = replace(ROSTER, people=(BO, OLE, ANNA))
    assert office.look(31) == 40
    assert names(office) == BEFORE


def test_the_next_one_is_the_next_in_the_new_order(office: Office) -> None:
    office.watch.roster = replace(ROSTER, people=(BO, OLE, ANNA))
    office.look(40)
    assert names(office) == [*BEFORE, (OLE.name, 40)]


def test_who_comes_in_before_the_one_told_last_is_told_in_the_next_round(office: Office) -> None:
    office.watch.roster = replace(ROSTER, people=(OLE, ANNA, BO))
    for minute in (40, 50):
        office.look(minute)
    assert names(office) == [*BEFORE, (MERETE.name, 40), (OLE.name, 50)]


def test_when_the_one_told_last_has_left_the_first_of_the_new_list_is_told_at_once(office: Office) -> None:
    """Nobody who has the duty knows of it."""
    office.watch.roster = replace(ROSTER, people=(OLE, IDA))
    assert office.look(32) == 40
    assert office.told()[2:] == [("unreached", OLE.name, "high", 30)]
    assert office.look(33) == 40
    office.look(40)
    assert names(office)[3:] == [(IDA.name, 40)]


def test_whose_hours_are_over_has_not_left(office: Office) -> None:
    over = replace(BO, hours=(time(1), time(2)))
    office.watch.roster = replace(ROSTER, people=(ANNA, over, IDA))
    assert office.look(32) == 40
    assert names(office) == BEFORE


def test_new_times_count_from_the_next_step_on(office: Office) -> None:
    office.watch.roster = replace(ROSTER, deadlines=Deadlines(high=timedelta(minutes=3)))
    for minute in (33, 40, 43):
        office.look(minute)
    assert names(office) == [*BEFORE, (IDA.name, 40), (MERETE.name, 43)]


def test_an_emptied_roster_loses_nothing_and_the_first_to_come_is_told_what_waits(office: Office) -> None:
    office.watch.roster = Roster()
    office.look(32)
    assert names(office) == [*BEFORE, ("", 30)]
    assert len(office.own("nobody_on_call", everything=False)) == 1
    office.watch.roster = Roster((OLE,))
    office.look(33)
    assert names(office)[3:] == [(OLE.name, 33)]


def test_what_somebody_took_who_left_is_asked_of_the_others(office: Office) -> None:
    office.incident(33, revision=2, state="acknowledged", owner=BO.name)
    office.watch.roster = replace(ROSTER, people=(OLE, IDA))
    assert office.look(34) == 153
    office.look(153)
    assert office.told()[-1] == ("no_outcome", OLE.name, "medium", 153)


async def test_a_notice_that_waits_for_one_who_left_is_not_sent_and_nobody_is_out_of_reach(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path / "o.db")
    office.heartbeat(100_000)
    office.incident()
    office.look(0)
    clock = RatedClock(NOON, SystemClock().monotonic(), 1.0)
    notifier = Notifier(office.database, Roster((OLE,)), clock, 0.2, ())
    async with beside(notifier.run()):
        await eventually(lambda: office.rows()[0]["told"][0]["state"] == "failed", "given up")
    (row,) = [row for row in office.rows() if row["incident"] == A]
    assert [(step["person"], step["result"]) for step in row["told"]] == [(ANNA.name, "left_roster")]
    assert office.own("notice_failed") == []
    office.watch.roster = Roster((OLE,))
    office.watch.look(at(0.1))
    assert [step[1] for step in office.told()] == [ANNA.name, OLE.name]
