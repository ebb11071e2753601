"""Taken, and what came of it? Asked after two hours, or in time before the window of the dose closes."""

from __future__ import annotations

import io
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from dispenserd.cli.incident_view import incident_table
from dispenserd.cli.watch.incident import read_incidents
from dispenserd.cli.watch.telling import Role
from tests.support.oncall_rows import voice
from tests.support.paper_home import at
from tests.support.watched_office import ANNA, BO, IDA, MERETE, Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path / "oncall.db")
    office.heartbeat(100_000)
    office.incident(priority="low", kind="about_to_miss", deadline=at(240))
    office.look(0)
    return office


def taken(
    office: Office, minutes: float, closes: float | None, dose: str = "medium", **changes: object
) -> None:
    """By Ida. `closes`: minutes after NOON; None = the home says nothing of a window."""
    said = {} if closes is None else {"window_ends": at(closes), "dose_priority": dose}
    fields = {"revision": 2, "priority": "low", "state": "acknowledged", "owner": IDA.name, **said, **changes}
    office.incident(minutes, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("took", "closes", "due"),
    [
        (5, None, 125),  # an earlier home: the two hours stand alone
        (5, 60, 30),
        (5, 120, 90),
        (5, 155, 125),  # whichever comes first
        (5, 600, 125),
        (20, 60, 30),
        (29.97, 60, 39.97),  # two seconds before: not rung at once
        (31, 60, 41),  # later than half an hour before: ten minutes, and never two hours
        (55, 60, 65),
        (60, 60, 180),  # closed: no dose to be in time for
        (90, 60, 210),
    ],
)
def test_it_is_asked_half_an_hour_before_a_window_closes_or_after_two_hours(
    office: Office, took: float, closes: float | None, due: float
) -> None:
    taken(office, took, closes)
    assert office.look(took) == pytest.approx(due)
    office.look(due - 0.01)
    assert len(office.told()) == 1
    office.look(due + 0.001)
    (step,) = office.told()[1:]
    assert step[:3] == ("no_outcome", IDA.name, "medium")
    assert step[3] == pytest.approx(due)


@pytest.mark.parametrize(
    ("priority", "dose", "asked"),
    [("low", "medium", "medium"), ("low", "high", "high"), ("high", "medium", "high"), ("low", "", "medium")],
)
def test_it_is_as_urgent_as_the_dose_and_at_least_medium(
    office: Office, priority: str, dose: str, asked: str
) -> None:
    taken(office, 5, 60, dose, priority=priority)
    office.look(30)
    assert office.told()[-1] == ("no_outcome", IDA.name, asked, 30)


def test_after_the_owner_the_others_are_asked_each_with_the_time_of_the_dose(office: Office) -> None:
    taken(office, 5, 60, "high")
    for minute in (30, 40, 50, 60):
        office.look(minute)
    assert [(step[1], step[3]) for step in office.told()[1:]] == [
        (IDA.name, 30),
        (MERETE.name, 40),
        (ANNA.name, 50),
        (BO.name, 60),
    ]


def test_what_comes_after_closing_takes_nothing_back_and_asks_nobody_twice(office: Office) -> None:
    taken(office, 55, 60)
    taken(office, 60.5, None, revision=3, kind="dose_blocked")
    assert office.look(61) == 65
    office.look(65)
    taken(office, 66, None, revision=4)
    assert office.look(66) == 95
    assert [(step[0], step[3]) for step in office.told()] == [("raised", 0), ("no_outcome", 65)]


def test_a_window_that_moved_counts_as_it_was_said_last(office: Office) -> None:
    taken(office, 5, 60)
    taken(office, 6, 100, revision=3)
    assert office.look(6) == 70


def test_an_end_in_time_asks_nobody(office: Office) -> None:
    taken(office, 5, 60)
    office.incident(29, revision=3, state="handled", owner=IDA.name, resolution="given_by_hand")
    office.look(300)
    assert len(office.told()) == 1


def test_a_restart_before_it_is_due_loses_nothing(tmp_path: Path, office: Office) -> None:
    taken(office, 5, 60)
    again = Office(tmp_path / "oncall.db")
    assert again.look(6) == 30
    again.look(30)
    again.look(30)
    assert [step[0] for step in again.told()] == ["raised", "no_outcome"]


def test_staff_see_until_when_it_must_have_an_end(office: Office) -> None:
    (row,) = office.rows(1)
    assert row["outcome_by"] is None
    taken(office, 5, 60)
    (row,) = office.rows(6)
    assert row["outcome_by"] == "2026-11-02T12:30:00.000Z"
    (read,) = read_incidents([row])
    say = voice("en")
    assert say.due(read, at(6)) == ("in 24 min", Role.LOW)
    assert say.due(read, at(33)) == ("LATE 3 min", Role.LATE)
    shown = io.StringIO()
    Console(file=shown, width=120).print(incident_table(office.rows(6), ZoneInfo("UTC"), at(6)))
    assert "12:30 (in 24 min)" in shown.getvalue()
    office.incident(40, revision=3, state="handled", owner=IDA.name)
    assert office.rows(41)[0]["outcome_by"] is None
