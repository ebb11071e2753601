"""The homes on-call is to hear from: who is missed, from when on, and what a list that is wrong says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dispenserd.oncall.limits import OncallLimits
from tests.support.paper_home import BOX, at
from tests.support.watched_office import A, B, Office

NEW = "box-0042"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "oncall.db")


def silent(office: Office) -> dict[str, str]:
    return {row["home"]: row["priority"] for row in office.own("home_silent", everything=False)}


def states(office: Office, minutes: float) -> dict[str, str]:
    return {home["home"]: home["state"] for home in office.desk.list_incidents(at(minutes))["homes"]}


# --- never heard ---


def test_a_home_that_was_never_heard_is_missed_from_the_moment_it_is_put_on_the_list(office: Office) -> None:
    office.list_homes(10, NEW)
    assert office.look(11) == 15
    assert (silent(office), states(office, 11)) == ({}, {NEW: "unknown"})
    office.look(15)
    assert silent(office) == {NEW: "low"}
    (row,) = office.own("home_silent")
    assert row["since"] == "2026-11-02T12:10:00.000Z"
    office.look(40)
    assert silent(office) == {NEW: "medium"}
    office.heartbeat(41, NEW)
    office.look(41)
    assert (silent(office), states(office, 41)) == ({}, {NEW: "alive"})


def test_a_new_database_misses_every_home_from_its_own_start(office: Office) -> None:
    """With the time of a beat first, and counted on over restarts."""
    office.ears = replace(office.ears, since=at(0))
    office.list_homes(0, BOX, NEW)
    office.look(4.9)
    office.ears = replace(office.ears, since=at(4.9))
    office.list_homes(4.9, BOX, NEW)
    assert office.look(5) == pytest.approx(6.4)
    office.heartbeat(5.5, BOX)
    office.look(6.4)
    assert silent(office) == {NEW: "low"}


def test_the_same_list_again_changes_nothing(office: Office) -> None:
    assert office.list_homes(0, BOX, NEW).added == (NEW, BOX)
    again = office.list_homes(4, NEW, BOX)
    assert (again.added, again.taken_off) == ((), ())
    office.look(5)
    assert silent(office) == {BOX: "low", NEW: "low"}


def test_being_put_on_the_list_gives_a_home_that_is_silent_already_no_time(office: Office) -> None:
    office.heartbeat(0, BOX, listed=False)
    office.look(6)
    office.list_homes(29, BOX)
    office.look(30)
    assert silent(office) == {BOX: "medium"}


# --- not on the list ---


def test_a_home_that_is_not_on_the_list_is_told_once_and_its_alarms_count_in_full(office: Office) -> None:
    office.heartbeat(0)
    office.heartbeat(0, NEW, listed=False)
    office.look(0)
    (row,) = office.own("home_unlisted")
    assert (row["home"], row["priority"], row["detail"]) == (NEW, "low", "heard_unlisted")
    office.heartbeat(1, NEW, listed=False)
    office.incident(1, home=NEW)
    office.look(1)
    assert len(office.own("home_unlisted")) == 1
    assert office.told()[0][0] == "raised"
    office.heartbeat(5, BOX)
    office.look(6)
    assert silent(office) == {NEW: "low"}  # heard once, so it is missed as ever
    assert len(office.own("home_unlisted", everything=False)) == 1  # it does not hide by dying


def test_it_ends_when_the_home_is_put_on_the_list(office: Office) -> None:
    office.heartbeat(0)
    office.heartbeat(0, NEW, listed=False)
    office.look(0)
    office.list_homes(1, BOX, NEW)
    office.look(1)
    assert office.own("home_unlisted", everything=False) == []


def test_closed_by_a_person_it_comes_back_only_when_the_home_does(office: Office) -> None:
    office.heartbeat(0)
    office.heartbeat(0, NEW, listed=False)
    office.look(0)
    (row,) = office.own("home_unlisted")
    office.desk.take(row["incident"], "Anna Prøve", at(1))
    office.desk.close(row["incident"], "Anna Prøve", "looked_into", at(1))
    office.heartbeat(2, NEW, listed=False)
    office.look(2)
    assert office.own("home_unlisted", everything=False) == []
    office.look(8)
    office.heartbeat(60, NEW, listed=False)
    office.look(60)
    assert len(office.own("home_unlisted", everything=False)) == 1


# --- no list ---


def test_homes_without_a_list_are_told_once_and_missed_as_ever(office: Office) -> None:
    office.look(0)
    assert office.rows(0) == []  # nobody is heard: nothing to say
    for home in (BOX, NEW):
        office.heartbeat(1, home, listed=False)
    office.look(1)
    office.look(2)
    (row,) = office.own("home_list_empty")
    assert (row["home"], row["priority"], row["detail"]) == ("", "low", "no_list")
    assert office.own("home_unlisted") == []
    office.look(6)
    assert silent(office) == {BOX: "low", NEW: "low"}
    office.list_homes(7, BOX)
    office.look(7)
    assert office.own("home_list_empty", everything=False) == []


def test_an_empty_list_takes_nobody_off(office: Office) -> None:
    office.heartbeat(0)
    office.list_homes(0, BOX, NEW)
    emptied = office.list_homes(1)
    assert emptied.taken_off == ()
    office.look(1)
    assert len(office.own("home_list_empty", everything=False)) == 1
    office.look(5)
    assert silent(office) == {BOX: "low", NEW: "low"}
    assert states(office, 5) == {BOX: "alive", NEW: "unknown"}


# --- taken off ---


def test_a_home_that_is_taken_off_is_missed_no_more(office: Office) -> None:
    office.heartbeat(0)
    office.list_homes(0, BOX, NEW)
    office.heartbeat(1, NEW)
    office.look(6)
    assert silent(office) == {BOX: "low", NEW: "low"}
    (left,) = office.list_homes(7, BOX).taken_off
    assert (left.home, left.incidents) == (NEW, 0)
    office.look(7)
    assert (silent(office), states(office, 7)) == ({BOX: "low"}, {BOX: "unknown"})
    assert office.own("home_unlisted") == []
    office.heartbeat(28)
    assert office.look(28) == 33  # and nobody wakes for it
    day = 24 * 60
    office.heartbeat(9 * day)
    office.look(9 * day)
    assert silent(office) == {}


def test_nor_is_its_test_alarm_or_its_count(office: Office) -> None:
    office.heartbeat(0)
    office.heartbeat(0, NEW)
    office.incident(
        1, home=NEW, kind="test_alarm", priority="info", state="closed", cleared=True, changed=at(1)
    )
    office.list_homes(2, BOX)
    late = 8 * 24 * 60 + 2
    office.heartbeat(late)
    office.look(late)
    assert office.own("test_alarm_missing") == []


def test_one_that_goes_on_speaking_is_told_and_stays_told_when_it_falls_silent(office: Office) -> None:
    office.heartbeat(0)
    office.list_homes(0, BOX, NEW)
    office.heartbeat(1, NEW)
    office.list_homes(2, BOX)
    office.look(2)
    assert office.own("home_unlisted") == []  # it was heard before, not since
    office.heartbeat(3, NEW, listed=False)
    office.look(3)
    assert [row["detail"] for row in office.own("home_unlisted")] == ["heard_unlisted"]
    assert NEW in states(office, 3)
    office.heartbeat(20)
    office.look(20)
    assert silent(office) == {}
    assert len(office.own("home_unlisted", everything=False)) == 1


def test_one_with_open_incidents_is_not_taken_off_without_a_word(office: Office) -> None:
    office.heartbeat(0)
    office.list_homes(0, BOX, NEW)
    office.incident(0, home=NEW)
    office.incident(0, incident=B, home=NEW, priority="info")
    office.look(0)
    (left,) = office.list_homes(1, BOX).taken_off
    assert left.incidents == 2
    office.look(1)
    (row,) = office.own("home_unlisted")
    assert (row["home"], row["priority"], row["detail"]) == (NEW, "low", "left_open")
    office.look(30)
    assert office.told(A)[-1][0] == "overdue"  # it is called for as before
    for incident, revision in ((A, 2), (B, 2)):
        office.incident(31, incident=incident, revision=revision, home=NEW, state="closed", cleared=True)
    office.look(31)
    assert office.own("home_unlisted", everything=False) == []


def test_one_that_is_put_back_is_missed_from_then_on_and_not_for_what_it_said_before(office: Office) -> None:
    office.heartbeat(0)
    office.heartbeat(0, NEW, window_open=True, next_window=at(-10))
    office.list_homes(1, BOX)
    hour = OncallLimits().home_lost.total_seconds() / 60 * 2
    office.heartbeat(hour)
    office.list_homes(hour, BOX, NEW)
    assert office.look(hour) == hour + 5
    office.look(hour + 5)
    assert silent(office) == {BOX: "low", NEW: "low"}
    office.heartbeat(hour + 6, NEW, window_open=True, next_window=at(hour))
    office.look(hour + 6)
    office.look(hour + 11)
    assert silent(office)[NEW] == "high"
